/** Asks before the lab begins again, and lets it begin again. */
import { useEffect, useRef } from "preact/hooks";
import type { Lab } from "../lab";
import type { Lesson } from "../lesson/types";

export function ResetQuestion({ lab, onClose }: { lab: Lab; onClose(): void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const reset = () => {
    dialog.current?.close();
    const firstStep = (lab.session.boot.lesson as Pick<Lesson, "steps"> | null)?.steps[0]?.id;
    if (firstStep !== undefined) lab.session.lessonStep(firstStep); // or the step that is shown would be noted as the place again
    void lab.session.setClock("reset").then((done) => {
      if (done && firstStep !== undefined) location.reload(); // the lesson begins again too; only the server knows how
      else if (done) lab.ctx.announce("The lab starts again from the beginning.");
    });
  };
  return (
    <dialog ref={dialog} aria-labelledby="reset-title" onClose={onClose}>
      <h2 id="reset-title">Start again from the beginning?</h2>
      <p>The cluster goes back to how it was when you first opened it{lab.session.boot.lesson ? ", and the lesson begins again" : ""}. Files in the editor are kept.</p>
      <div class="foot">
        <button type="button" class="btn" onClick={() => dialog.current?.close()}>Cancel</button>
        <button type="button" class="btn pri" onClick={reset}>Reset lab</button>
      </div>
    </dialog>
  );
}
