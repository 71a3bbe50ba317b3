/**
 * The caption strip: one sentence for the message that is shown, and the way to the one before and after.
 *
 * Promise: the sentence here is the one the screen reader hears. Names in it are set as code; nothing in it is ever read as HTML.
 */
import type { ComponentChild } from "preact";
import type { Msg } from "../protocol/shapes";
import type { Session } from "../session";

export function CaptionStrip({ session }: { session: Session }) {
  const { present } = session.trace.value;
  return (
    <div class="caption">
      {present ? <span class="num" aria-hidden="true">{present.n}</span> : null}
      <p>{present ? captionParts(present.msg.say, [present.msg.name, ...nodesIn(present.msg)]) : quietSentence(session)}</p>
      <Watching session={session} />
      <button class="btn ghost" type="button" onClick={() => session.previous()}>Previous</button>
      <button class="btn" type="button" onClick={() => void session.next()} aria-keyshortcuts=".">Next message <kbd aria-hidden="true">.</kbd></button>
    </div>
  );
}

/** Nobody is watched without knowing it. */
function Watching({ session }: { session: Session }) {
  const names = session.watchers.value;
  if (session.boot.readonly) return <span class="watching" title="Nothing you do here changes the cluster">You are watching</span>;
  if (names.length === 0) return null;
  const all = names.length === 1 ? names[0] : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
  return <span class="watching" role="status">{all} {names.length === 1 ? "is" : "are"} watching</span>;
}

function quietSentence(session: Session): string {
  if (!session.state.value.complete) return "Waiting for the cluster.";
  if (session.visited.value) return "You look around in the past. Nothing you do here changes it.";
  if (!session.live.value) return "Nothing had happened yet.";
  return session.clock.value.paused ? "The cluster stands still. “Next message” lets one thing happen." : "All quiet: nobody has anything to correct.";
}

function nodesIn({ from, to }: Msg): string[] {
  return [from, to].filter((place) => place.startsWith("kubelet:")).map((place) => place.slice("kubelet:".length));
}

/** Sets names and `quoted` words of a sentence in code type. */
export function captionParts(say: string, names: readonly string[]): ComponentChild[] {
  const known = [...new Set(names)].filter((name) => name.length > 2).sort((a, b) => b.length - a.length).map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const pattern = new RegExp(`(\`[^\`]+\`${known.map((name) => `|(?<![\\w-])${name}(?![\\w-])`).join("")})`, "g");
  return say.split(pattern).map((part, i) => (i % 2 === 1 ? <code key={i}>{part.replace(/`/g, "")}</code> : part));
}
