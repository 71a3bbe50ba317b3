/** Asking the instructor: a button in the page's header with its dialog, and the instructor's hints as cards in the lesson. */
import { useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import type { Answer } from "./server";
import type { ClassPart, Help, InstructorHint } from "./types";

export interface AskForHelpProps {
  readonly part: ClassPart;
  readonly help: Help | null;
  ask(text: string): Promise<Answer<unknown>>;
}

export function AskForHelp({ part, help, ask }: AskForHelpProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const [refusal, setRefusal] = useState("");
  const send = async (text: string): Promise<void> => {
    const answer = await ask(text);
    setRefusal(answer.ok ? "" : answer.message);
    if (answer.ok) dialog.current?.close();
  };
  const submitted = (event: JSX.TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget).get("text") ?? "").trim();
    if (text) void send(text);
  };
  return (
    <>
      <button type="button" class={help ? "btn asked" : "btn"} onClick={() => dialog.current?.showModal()}><Hand />{help ? "Help is on its way" : "Ask for help"}</button>
      <dialog ref={dialog} aria-labelledby="ask-title">
        <h2 id="ask-title">Ask {part.instructor} for help</h2>
        <p class="muted">{part.instructor} sees your cluster and your question.</p>
        <form onSubmit={submitted}>
          <div class="field"><label for="ask-text">What are you stuck on?</label><textarea id="ask-text" name="text" maxLength={500} required>{help?.text}</textarea></div>
          {refusal && <p class="field-error" role="alert">{refusal}</p>}
          <div class="foot">
            {help && <button type="button" class="btn ghost" onClick={() => void send("")}>Never mind</button>}
            <button type="button" class="btn" onClick={() => dialog.current?.close()}>Cancel</button>
            <button type="submit" class="btn pri">{help ? "Ask again" : "Ask"}</button>
          </div>
        </form>
      </dialog>
    </>
  );
}

export function InstructorHints({ hints, onSeen }: { hints: readonly InstructorHint[]; onSeen: (id: InstructorHint["id"]) => void }): JSX.Element {
  return (
    <div>
      {hints.map(({ id, from, text }) => (
        <aside class="card from-instructor" key={id} aria-label={`Hint from ${from}`}>
          <h2><span>{from} <span class="cap">sends a hint</span></span></h2>
          <p>{text}</p>
          <button type="button" class="btn small" onClick={() => onSeen(id)}>Got it</button>
        </aside>
      ))}
    </div>
  );
}

const Hand = (): JSX.Element => (
  <svg viewBox="0 0 16 16" aria-hidden="true">
    <path d="M4.3 8.6V4.2a1 1 0 0 1 2 0V7m0 0V2.9a1 1 0 0 1 2 0V7m0 0V3.6a1 1 0 0 1 2 0V7.6m0 0V5.4a1 1 0 0 1 2 0v4.1c0 2.7-1.7 4.6-4.3 4.6-2 0-3-.9-3.9-2.4L2.4 9.2c-.5-1 .8-1.8 1.5-1Z" fill="none" stroke="currentColor" stroke-width="1.3" stroke-linejoin="round" />
  </svg>
);
