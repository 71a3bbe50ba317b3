/**
 * Why a single field is as it is: the fields of the selected object, and the chain of causes of the one that is chosen.
 *
 * Promise: asks the cluster when it is opened and when a field is chosen, never by itself. A cause that is only a bound says so.
 */
import { useSignal } from "@preact/signals";
import type { FieldRow, Hop } from "../protocol/shapes";
import type { Session } from "../session";
import { Why } from "./why";

interface Answer { path: string; exact: boolean; hops: Hop[] }

export function FieldWhy({ uid, session }: { uid: string; session: Session }) {
  const fields = useSignal<FieldRow[] | null>(null);
  const sought = useSignal("");
  const answer = useSignal<Answer | null>(null);
  const open = async () => {
    const outcome = await session.api.command<{ fields: FieldRow[] }>({ kind: "fields", uid });
    fields.value = outcome.ok ? outcome.value.reply.fields : [];
  };
  const ask = async (path: string) => {
    const outcome = await session.api.command<Answer>({ kind: "because", uid, path });
    if (outcome.ok) answer.value = outcome.value.reply;
  };
  const shown = (fields.value ?? []).filter(({ path }) => path.toLowerCase().includes(sought.value.toLowerCase()));
  return (
    <details class="field-why" onToggle={(event) => { if (event.currentTarget.open && fields.value === null) void open(); }}>
      <summary>Why a single field is as it is</summary>
      <label>Field<input class="input" value={sought.value} placeholder="part of its name" onInput={(event) => { sought.value = event.currentTarget.value; }} /></label>
      {answer.value ? (
        <div class="field-answer" role="status">
          <b>{answer.value.path}</b>{answer.value.exact ? "" : " (this write, or one before it)"}
          <Why hops={answer.value.hops} session={session} />
        </div>
      ) : null}
      <ul>
        {shown.map((field) => (
          <li key={field.path}><button type="button" aria-pressed={answer.value?.path === field.path} onClick={() => void ask(field.path)}><code>{field.path}</code> <span>{field.by}</span></button></li>
        ))}
      </ul>
    </details>
  );
}
