/**
 * What would let a pending pod run: the smallest change, as the cluster has tried it on copies of itself.
 *
 * Asked for by a button, since it takes the cluster a moment. Nothing is changed by asking; a change is made by typing its command.
 */
import { useSignal } from "@preact/signals";
import type { PodRow, RemediesReply, Remedy } from "../protocol/shapes";
import type { Session } from "../session";

/** Whether a pod waits for a node, so that there is something to ask. */
export function waitsForNode(row: Pick<PodRow, "node" | "phase">): boolean {
  return row.phase === "Pending" && row.node === "";
}

export function Remedies({ row, session }: { row: PodRow; session: Session }) {
  const asked = useSignal<"no" | "yes" | RemediesReply | string>("no");
  const ask = async () => {
    asked.value = "yes";
    const outcome = await session.api.command<RemediesReply>({ kind: "remedies", namespace: row.ns, name: row.name });
    asked.value = outcome.ok ? outcome.value.reply : outcome.error.message;
  };
  const now = asked.value;
  return (
    <section class="remedies" aria-label="What would let it run">
      <h3>What would let it run</h3>
      {now === "no" ? <button type="button" class="btn small" onClick={() => void ask()}>Try it on copies of the cluster</button> : null}
      <div role="status">
        {now === "yes" ? <p class="muted">Trying changes on copies of the cluster…</p> : null}
        {typeof now === "string" && now !== "no" && now !== "yes" ? <p class="muted">{now}</p> : null}
        {typeof now === "object" ? <p><b>{now.say}</b></p> : null}
      </div>
      {typeof now === "object" && now.remedies.length > 0 ? <ol class="remedy-list">{now.remedies.map((one) => <Item key={one.say} one={one} />)}</ol> : null}
      {typeof now === "object" ? <button type="button" class="btn small ghost" onClick={() => void ask()}>Try again</button> : null}
    </section>
  );
}

function Item({ one }: { one: Remedy }) {
  const fields = one.fields.filter(([, field]) => field !== "");
  return (
    <li>
      <p>{sentence(one)}</p>
      {fields.map(([about, field]) => <p key={`${about} ${field}`} class="muted">{about}: <code>{field}</code></p>)}
      {one.commands.map((command, i) => <Command key={i} command={command} />)}
    </li>
  );
}

function Command({ command }: { command: Remedy["commands"][number] }) {
  if (command.kind !== "shell") return null;
  return (
    <>
      <pre class="remedy-line" tabIndex={0}>{command.line}</pre>
      {command.stdin ? <details><summary>The manifest that it reads</summary><pre class="remedy-line" tabIndex={0}>{command.stdin}</pre></details> : null}
    </>
  );
}

/** "Uncordon node-1: it runs on node-1." */
export function sentence(one: Pick<Remedy, "say" | "runs" | "node" | "status">): string {
  const then = one.runs ? `it runs on ${one.node}` : `it is placed on ${one.node}, where it is ${one.status}`;
  return `${one.say.charAt(0).toUpperCase()}${one.say.slice(1)}: ${then}.`;
}
