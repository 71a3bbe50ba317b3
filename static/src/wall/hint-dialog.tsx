/** Writing a hint to one learner. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Card } from "./types";

export function HintDialog({ card, onSend, onClose }: { card: Card; onSend: (text: string) => boolean; onClose: () => void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const submitted = (event: JSX.TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget).get("text") ?? "").trim();
    if (text && onSend(text)) dialog.current?.close();
  };
  return (
    <dialog ref={dialog} aria-labelledby="hint-title" onClose={onClose}>
      <h2 id="hint-title">A hint for {card.name}</h2>
      {card.help && <p class="muted">“{card.help.text}”</p>}
      <form onSubmit={submitted}>
        <div class="field"><label for="hint-text">It appears beside the lesson at once</label><textarea id="hint-text" name="text" maxLength={500} required /></div>
        <div class="foot"><button type="button" class="btn" onClick={() => dialog.current?.close()}>Cancel</button><button type="submit" class="btn pri">Send</button></div>
      </form>
    </dialog>
  );
}
