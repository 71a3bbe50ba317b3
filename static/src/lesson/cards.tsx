/** The cards of a step: the prediction, what to do, and the hints shown so far. */
import type { JSX } from "preact";
import { plainText } from "./progress";
import type { Check, Hints, Question } from "./types";

export function Prediction({ question, onChoose, off }: { question: Question; onChoose: (option: string) => void; off: boolean }): JSX.Element {
  const revealed = question.right !== null;
  return (
    <section class="card" aria-label="Prediction">
      <h2><span>Predict: <span dangerouslySetInnerHTML={{ __html: question.ask }} /></span></h2>
      {question.options.length === 0 && <p class="why">The choices come as soon as the cluster is ready.</p>}
      <div class="opts" role="group" aria-label="Your prediction">
        {question.options.map(({ id, html }) => {
          const chosen = id === question.chosen;
          const look = ["opt", !/\s/.test(plainText(html)) && "mono", chosen && "chosen", revealed && id === question.answer && "right", revealed && chosen && !question.right && "wrong"].filter(Boolean).join(" ");
          return (
            <button type="button" key={id} class={look} aria-pressed={chosen} disabled={off || question.chosen !== null} onClick={() => onChoose(id)}>
              {revealed && id === question.answer && <Tick label="Right" />}
              {revealed && chosen && !question.right && <Cross label="Not this one" />}
              <span dangerouslySetInnerHTML={{ __html: html }} />
            </button>
          );
        })}
      </div>
      <p class="why" aria-live="polite">
        {question.chosen !== null && !revealed && "Noted. Go on and see."}
        {revealed && question.why !== null && <span dangerouslySetInnerHTML={{ __html: `${question.chosen === null ? "" : question.right ? "<b>Right.</b> " : "<b>Not quite.</b> "}${question.why}` }} />}
      </p>
    </section>
  );
}

export function YourTurn({ checks, says }: { checks: readonly Check[]; says: Readonly<Record<string, string>> }): JSX.Element {
  const passed = checks.filter((check) => check.passed).length;
  return (
    <section class="card" aria-label="Your turn">
      <h2>Your turn <span class="cap">{passed} of {checks.length}</span></h2>
      <ul class="checks">
        {checks.map((check) => (
          <li key={check.id} class={check.passed ? "ok" : ""}>
            {check.passed ? <Done /> : <Todo />}
            <span>
              <span dangerouslySetInnerHTML={{ __html: check.html }} />
              {!check.passed && says[check.id] && <span class="found">{says[check.id]}</span>}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function HintList({ hints }: { hints: Hints }): JSX.Element {
  return (
    <div class="hints" aria-live="polite">
      {hints.shown.map((html, i) => (
        <aside class="card hint-card" key={i}>
          <h2>Hint <span class="cap">{i + 1} of {hints.total}</span></h2>
          <p dangerouslySetInnerHTML={{ __html: html }} />
        </aside>
      ))}
    </div>
  );
}

const Tick = ({ label }: { label: string }): JSX.Element => (
  <svg width="13" height="13" viewBox="0 0 14 14" role="img" aria-label={label}><path d="m2.5 7.5 3 3 6-7" class="tick" /></svg>
);
const Cross = ({ label }: { label: string }): JSX.Element => (
  <svg width="13" height="13" viewBox="0 0 14 14" role="img" aria-label={label}><path d="m3 3 8 8m0-8-8 8" class="cross" /></svg>
);
const Done = (): JSX.Element => (
  <svg viewBox="0 0 18 18" role="img" aria-label="Done"><circle cx="9" cy="9" r="8" class="done-disc" /><path d="m5.4 9.3 2.5 2.5 4.8-5.4" class="done-tick" /></svg>
);
const Todo = (): JSX.Element => (
  <svg viewBox="0 0 18 18" role="img" aria-label="To do"><circle cx="9" cy="9" r="7.2" class="todo-ring" /></svg>
);
