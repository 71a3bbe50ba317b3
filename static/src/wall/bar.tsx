/** The wall's top: the class, how far it is, and who needs somebody. */
import type { JSX } from "preact";
import { duration } from "./roster";
import type { WallState } from "./wall-state";

export interface BarProps {
  readonly wall: WallState;
  onBring(): void;
  onPresent(): void;
}

export function Bar({ wall, onBring, onPresent }: BarProps): JSX.Element {
  const theClass = wall.theClass.value;
  const { asking, stuck, connected, all } = wall.summary.value;
  return (
    <section class="wall-bar" aria-label="Class">
      <div class="wall-title">
        <h1>{theClass.lesson?.title ?? theClass.name}</h1>
        <p>Join with <code>{theClass.code}</code> <button type="button" class="copy-link" data-copy={theClass.joinUrl} aria-label="Copy the link to join" title="Copy the link to join"><Link /></button> · {theClass.open ? `running for ${duration(wall.now.value - theClass.openedAt)}` : "closed"}</p>
      </div>
      <Histogram perStep={wall.summary.value.perStep} titles={theClass.lesson?.steps ?? []} />
      <div class="stats">
        <Stat value={asking} label="asking for help" icon={<Hand />} />
        <Stat value={stuck} label="stuck over 5 min" icon={<Clock />} />
        <Stat value={connected} label="connected" of={all} />
      </div>
      <div class="lead-acts" role="group" aria-label="The whole class">
        <button type="button" class="btn" aria-pressed={theClass.paused} disabled={!theClass.open} onClick={() => wall.pauseAll(!theClass.paused)}>{theClass.paused ? "Resume all" : "Pause all"}</button>
        <button type="button" class="btn" disabled={!theClass.open || all === 0} onClick={onBring}>Bring to a step</button>
        {theClass.presented
          ? <button type="button" class="btn pri" onClick={() => wall.present(null)}>Stop presenting</button>
          : <button type="button" class="btn pri" disabled={!theClass.open} onClick={onPresent}>Present a cluster</button>}
      </div>
    </section>
  );
}

function Stat({ value, label, icon, of }: { value: number; label: string; icon?: JSX.Element; of?: number }): JSX.Element {
  return (
    <div class="stat">
      <b>{icon}{value}{of !== undefined && <small>of {of}</small>}</b>
      <span>{label}</span>
    </div>
  );
}

const berth = { width: 47.5, row: 9.2, perRow: 2, most: 6 } as const;

/** One berth for each step, a container for each learner; above twelve the number says it. */
function Histogram({ perStep, titles }: { perStep: readonly number[]; titles: readonly string[] }): JSX.Element {
  const width = Math.max(1, perStep.length) * berth.width;
  const words = perStep.map((count, i) => `step ${i + 1}${titles[i] ? ` (${titles[i]})` : ""}: ${count}`).join("; ");
  return (
    <svg class="hist" viewBox={`0 0 ${width} 72`} style={{ maxWidth: `${width}px` }} role="img" aria-label={`Learners by step: ${words}`}>
      <path d={`M0 55.5H${width}`} class="quay" />
      {perStep.map((count, i) => <Berth key={i} at={i} count={count} last={i === perStep.length - 1} />)}
    </svg>
  );
}

function Berth({ at, count, last }: { at: number; count: number; last: boolean }): JSX.Element {
  const x = at * berth.width + 2;
  const shown = Math.min(count, berth.perRow * berth.most);
  return (
    <g>
      {Array.from({ length: shown }, (_, k) => (
        <rect key={k} x={x + (k % berth.perRow) * 21} y={49 - Math.floor(k / berth.perRow) * (count > 10 ? 8 : berth.row)} width="19" height="6.6" rx="1.6" class={last ? "through" : "learner"} />
      ))}
      {count > shown && <text x={x + 20} y="6" text-anchor="middle">{count}</text>}
      <text x={x + 20} y="69" text-anchor="middle">{at + 1}</text>
    </g>
  );
}

export const Hand = (): JSX.Element => (
  <svg viewBox="0 0 16 16" aria-hidden="true" class="hand-icon"><path d="M4.3 8.6V4.2a1 1 0 0 1 2 0V7m0 0V2.9a1 1 0 0 1 2 0V7m0 0V3.6a1 1 0 0 1 2 0V7.6m0 0V5.4a1 1 0 0 1 2 0v4.1c0 2.7-1.7 4.6-4.3 4.6-2 0-3-.9-3.9-2.4L2.4 9.2c-.5-1 .8-1.8 1.5-1Z" /></svg>
);
const Link = (): JSX.Element => (
  <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M6.6 9.4 9.4 6.6M7 4.6l1.6-1.6a2.8 2.8 0 0 1 4 4L11 8.6M9 11.4 7.4 13a2.8 2.8 0 0 1-4-4L5 7.4" /></svg>
);
export const Clock = (): JSX.Element => (
  <svg viewBox="0 0 16 16" aria-hidden="true" class="clock-icon"><circle cx="8" cy="8" r="6.2" /><path d="M8 4.6V8l2.4 1.6" /></svg>
);
export const Tick = (): JSX.Element => <svg viewBox="0 0 16 16" aria-hidden="true" class="tick-icon"><path d="m3 8.5 3.3 3.3L13 4.5" /></svg>;
