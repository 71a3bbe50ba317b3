/**
 * The inspector: everything about the selected object, beside the stage.
 *
 * Promise: asks the cluster (`inspect`) when it opens, when the selection changes and when the object itself changed; shows the newest
 * answer and says so while it waits. Tabs: facts with what can be done, YAML, events, why (the chain of causes back to its root), and
 * for pods how the scheduler decided and which views of the machine its containers share (the kernel's namespaces, not the API's). Components, which are no API objects, are told from the stage's own tables.
 */
import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { KindSign } from "../draw/glyphs";
import { agoText } from "../protocol/clock";
import { lookUp, type ClusterState } from "../protocol/store";
import type { ComponentRow, InspectReply, PodRow, Row } from "../protocol/shapes";
import type { Session } from "../session";
import { rolloutsOf, rolloutWords } from "../scene/rollouts";
import { actionsFor, type Action } from "./actions";
import { captionParts } from "./caption";
import { componentFacts } from "./component-facts";
import { FieldWhy } from "./field-why";
import { Decision, Sandbox } from "./pod-tabs";
import { Remedies, waitsForNode } from "./remedies";
import { Why } from "./why";

type Tab = "facts" | "yaml" | "events" | "why" | "scheduling" | "sandbox";
type Answer = { reply: InspectReply } | { trouble: string } | null;

const TABS: [Tab, string][] = [["facts", "Facts"], ["yaml", "YAML"], ["events", "Events"], ["why", "Why"], ["scheduling", "Scheduling"], ["sandbox", "Sandbox"]];
/** An object that changes all the time is asked for at most this often. */
const ASK_MS = 700;

export interface InspectorProps {
  session: Session;
  onClose(): void;
  onRun(action: Action): void;
}

export function Inspector({ session, onClose, onRun }: InspectorProps) {
  const tab = useSignal<Tab>("facts");
  const answer = useAnswer(session);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => takeFocus(heading.current), []);
  const uid = session.selected.value;
  const found = uid === null ? null : lookUp(session.state.value, uid);
  const reply = answer !== null && "reply" in answer ? answer.reply : null;
  const tabs = TABS.filter(([name]) => (name === "facts" || reply !== null) && (name !== "scheduling" || reply?.scheduling) && (name !== "sandbox" || reply?.sandbox));
  const shown = tabs.some(([name]) => name === tab.value) ? tab.value : "facts";
  return (
    <aside class="inspector" aria-label="Inspector" onKeyDown={(event) => { if (event.key === "Escape") onClose(); }}>
      <header class="inspector-head">
        {found ? <svg viewBox="0 0 16 16" width="18" height="18" aria-hidden="true"><KindSign kind={found.kind} /></svg> : null}
        <h2 ref={heading} tabIndex={-1}>{found ? <><span class="muted">{found.kind}</span> {found.row.name}</> : "Nothing selected"}</h2>
        <button class="btn ghost ic small" type="button" aria-label="Close the inspector" onClick={onClose}>×</button>
      </header>
      {found ? (
        <>
          <div class="tabs" role="tablist" aria-label="About this object" onKeyDown={(event) => moveTab(event, tabs.map(([name]) => name), tab)}>
            {tabs.map(([name, words]) => (
              <button key={name} type="button" role="tab" id={`tab-${name}`} aria-selected={shown === name} aria-controls="inspector-body" tabIndex={shown === name ? 0 : -1} onClick={() => { tab.value = name; }}>{words}</button>
            ))}
          </div>
          <div class="inspector-body" id="inspector-body" role="tabpanel" aria-labelledby={`tab-${shown}`} tabIndex={0}>
            {answer !== null && "trouble" in answer ? <p class="notice bad">{answer.trouble}</p> : null}
            {answer === null && found.kind !== "Component" ? <p class="muted">Asking the cluster…</p> : null}
            <Body tab={shown} reply={reply} found={found} session={session} onRun={onRun} />
          </div>
        </>
      ) : <p class="inspector-body muted">Click something on the stage, or choose it in the list.</p>}
    </aside>
  );
}

/** Takes the focus while the inspector is open, and gives it back to where it was. */
function takeFocus(heading: HTMLElement | null): () => void {
  const before = document.activeElement as HTMLElement | null;
  heading?.focus();
  return () => { if (before?.isConnected) before.focus(); };
}

function moveTab(event: KeyboardEvent, names: Tab[], tab: { value: Tab }): void {
  const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  if (step === 0) return;
  event.preventDefault();
  tab.value = names[(names.indexOf(tab.value) + step + names.length) % names.length] ?? "facts";
  requestAnimationFrame(() => document.getElementById(`tab-${tab.value}`)?.focus());
}

/** The newest answer about the selected object. */
function useAnswer(session: Session): Answer {
  const answer = useSignal<Answer>(null);
  const asked = useRef<{ uid: string | null; row: Row | null; atMs: number; timer: ReturnType<typeof setTimeout> | null }>({ uid: null, row: null, atMs: 0, timer: null });
  useSignalEffect(() => {
    const uid = session.selected.value;
    const found = uid === null ? null : lookUp(session.present.value, uid);
    const last = asked.current;
    if (uid !== last.uid) answer.value = null;
    if (uid === null || !found || found.kind === "Component" || (uid === last.uid && found.row === last.row)) { last.uid = uid; return; }
    const wait = uid === last.uid ? Math.max(0, ASK_MS - (performance.now() - last.atMs)) : 0;
    Object.assign(last, { uid, row: found.row });
    if (last.timer !== null) clearTimeout(last.timer);
    last.timer = setTimeout(() => void ask(uid), wait);
  });
  const ask = async (uid: string) => {
    asked.current.atMs = performance.now();
    const outcome = await session.api.command<InspectReply>({ kind: "inspect", uid });
    if (asked.current.uid === uid) answer.value = outcome.ok ? { reply: outcome.value.reply } : { trouble: outcome.error.message };
  };
  useEffect(() => () => { if (asked.current.timer !== null) clearTimeout(asked.current.timer); }, []);
  return answer.value;
}

interface BodyProps { tab: Tab; reply: InspectReply | null; found: { kind: string; row: Row }; session: Session; onRun(action: Action): void }

function Body({ tab, reply, found, session, onRun }: BodyProps) {
  if (tab === "yaml" && reply) return <pre class="yaml" tabIndex={0}>{reply.yaml}</pre>;
  if (tab === "events" && reply) return <Events reply={reply} />;
  if (tab === "why" && reply) return <><Why hops={reply.because} session={session} /><FieldWhy key={found.row.uid} uid={found.row.uid} session={session} /></>;
  const pod = found.kind === "Pod" ? found.row as PodRow : null;
  const help = pod !== null && waitsForNode(pod) ? <Remedies key={pod.uid} row={pod} session={session} /> : null;
  if (tab === "scheduling" && reply?.scheduling) return <><Decision decision={reply.scheduling} />{help}</>;
  if (tab === "sandbox" && reply?.sandbox) return <Sandbox rows={reply.sandbox} />;
  return (
    <>
      <Actions uid={found.row.uid} session={session} onRun={onRun} />
      {reply && reply.because[0] ? <p class="written">Written by <b>{reply.because[0].actor}</b>{reply.because[1] ? <> because: {captionParts(reply.because[1].say, [reply.because[1].name])}</> : "."}</p> : null}
      <dl class="facts">
        {[...(reply?.facts ?? []), ...tableFacts(found.kind, found.row, session.state.value)].map(([label, value]) => (
          <div key={label}><dt>{label}</dt><dd class={found.kind === "Component" ? "words" : undefined}>{value}</dd></div>
        ))}
      </dl>
      {help}
      {reply?.not_simulated?.length ? <p class="notice warn">Kept, but without effect in this simulator: {reply.not_simulated.join(", ")}.</p> : null}
    </>
  );
}

function Actions({ uid, session, onRun }: { uid: string; session: Session; onRun(action: Action): void }) {
  const actions = session.boot.readonly ? [] : actionsFor(session.state.value, uid);
  if (actions.length === 0) return null;
  return <div class="row">{actions.map((action) => <button key={action.name} type="button" class={`btn small${action.breaks ? " bad" : ""}`} onClick={() => onRun(action)}>{action.name}</button>)}</div>;
}

/** What the stage knows and the answer does not repeat. */
function tableFacts(kind: string, row: Row, state: ClusterState): [string, string][] {
  const has = row as unknown as Record<string, unknown>;
  if (kind === "Component") return componentFacts(row as ComponentRow);
  const facts: [string, string][] = [];
  if (kind === "Pod") facts.push(["Status", String(has["status"] ?? "")], ["Node", String(has["node"] || "none yet")], ["Image", String(has["image"] ?? "")], ["Address", String(has["ip"] || "none yet")], ["Restarts", String(has["restarts"] ?? 0)]);
  if (kind === "Pod" && has["why"]) facts.push(["Reason", String(has["why"])]);
  if (kind === "Pod" || kind === "Deployment") facts.push(...rolloutFacts(row, state));
  if (kind === "Node") facts.push(["Ready", String(has["ready"])], ["Last heard", typeof has["heard"] === "number" ? agoText(state.at - has["heard"]) : ""], ["Power", has["power"] ? "on" : "off"]);
  if (typeof has["want"] === "number") facts.push(["Wanted", String(has["want"])], ["Ready", String(has["ready"] ?? 0)]);
  return facts.filter(([, value]) => value !== "");
}

/** Which wave of a rollout a pod came with, and how far a Deployment is. */
function rolloutFacts(row: Row, state: ClusterState): [string, string][] {
  for (const rollout of rolloutsOf(state)) {
    const wave = rollout.waveOf.get(row.uid);
    if (wave !== undefined) return [["Rollout", `came with wave ${wave} of ${rollout.waves}`]];
    if (rollout.deployment.uid === row.uid) return [["Rollout", rolloutWords(rollout)]];
  }
  return [];
}

function Events({ reply }: { reply: InspectReply }) {
  if (reply.events.length === 0) return <p class="muted">No events about this object.</p>;
  return (
    <ol class="event-list">
      {reply.events.map((event, i) => (
        <li key={i} class={event.type === "Warning" ? "warning" : ""}>
          <b>{event.type === "Warning" ? "⚠ " : ""}{event.reason}</b> <span class="muted">{agoText(event.age * 1_000_000)}{event.count > 1 ? `, ${event.count} times` : ""}</span>
          <p>{event.message}</p>
        </li>
      ))}
    </ol>
  );
}
