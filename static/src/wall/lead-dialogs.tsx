/** Leading the whole class: bringing learners to a step, and presenting a cluster of one's own. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Card } from "./types";
import type { WallState } from "./wall-state";

interface FrameProps {
  readonly title: string;
  readonly act: string;
  readonly ready: boolean;
  onAct(): boolean;
  onClose(): void;
  readonly children: ComponentChildren;
}

function LeadDialog({ title, act, ready, onAct, onClose, children }: FrameProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const submitted = (event: JSX.TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (ready && onAct()) dialog.current?.close();
  };
  return (
    <dialog ref={dialog} class="lead-dialog" aria-labelledby="lead-title" onClose={onClose}>
      <h2 id="lead-title">{title}</h2>
      <form onSubmit={submitted}>
        {children}
        <div class="foot"><button type="button" class="btn" onClick={() => dialog.current?.close()}>Cancel</button><button type="submit" class="btn pri" disabled={!ready}>{act}</button></div>
      </form>
    </dialog>
  );
}

export function BringDialog({ wall, card, onClose }: { wall: WallState; card: Card | null; onClose: () => void }): JSX.Element {
  const [step, choose] = useState("");
  const [whom, setWhom] = useState<"all" | "one">("all");
  useEffect(() => wall.askForPoints(), [wall]);
  const { lesson } = wall.theClass.value;
  const points = wall.points.value;
  return (
    <LeadDialog title="Bring to a step" act={whom === "one" && card ? `Bring ${card.name}` : "Bring everybody"} ready={step !== ""} onClose={onClose} onAct={() => wall.bring(step, whom === "one" ? card : null)}>
      <p class="muted">The cluster becomes what it is at the start of that step. What a learner has done so far is kept aside, as a cluster of their own.</p>
      <fieldset class="lead-choices">
        <legend>Step</legend>
        {points === null && <p role="status" class="muted">Playing the lesson through…</p>}
        {(lesson?.ids ?? []).map((id, i) => (
          <label key={id}><input type="radio" name="step" value={id} checked={step === id} disabled={!(points?.includes(id) ?? false)} onChange={() => choose(id)} /><span class="at">{i + 1}</span> {lesson?.steps[i]}</label>
        ))}
      </fieldset>
      {card && (
        <fieldset class="lead-choices row-choices">
          <legend>Who</legend>
          <label><input type="radio" name="whom" checked={whom === "all"} onChange={() => setWhom("all")} /> Everybody</label>
          <label><input type="radio" name="whom" checked={whom === "one"} onChange={() => setWhom("one")} /> Only {card.name}</label>
        </fieldset>
      )}
    </LeadDialog>
  );
}

export function PresentDialog({ wall, onClose }: { wall: WallState; onClose: () => void }): JSX.Element {
  const [picked, choose] = useState("");
  useEffect(() => wall.askForOwn(), [wall]);
  const clusters = wall.own.value;
  const chosen = picked || (clusters?.[0]?.id ?? "");
  return (
    <LeadDialog title="Present a cluster" act="Present" ready={chosen !== ""} onClose={onClose} onAct={() => wall.present(chosen)}>
      <p class="muted">Everybody’s page goes to your cluster and follows it, read-only. Their own clusters wait for them.</p>
      {clusters === null ? <p role="status" class="muted">Fetching your clusters…</p> : clusters.length === 0 ? <p>You have no cluster yet. <a href="/clusters/new/">Make one</a> first.</p> : (
        <fieldset class="lead-choices">
          <legend>Your clusters</legend>
          {clusters.map(({ id, name }) => <label key={id}><input type="radio" name="cluster" checked={chosen === id} onChange={() => choose(id)} /> {name}</label>)}
        </fieldset>
      )}
    </LeadDialog>
  );
}
