/** The chosen learner: what is asked, the cluster, the time each step took, what was done last, and what to do about it. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { MiniCanvas } from "./grid";
import type { Painter } from "./painter";
import { duration, footWords, isCommand, meanSeconds, pictureWords, standing, stepSeconds } from "./roster";
import type { Card, Deed } from "./types";
import type { WallState } from "./wall-state";

export interface SideProps {
  readonly wall: WallState;
  readonly painter: Painter;
  readonly card: Card;
  onHint(): void;
  onClose(): void;
}

export function Side({ wall, painter, card, onHint, onClose }: SideProps): JSX.Element {
  const url = wall.watchUrl(card);
  return (
    <aside class="wall-side" aria-label="Chosen learner">
      <div class="side-head">
        <div><span class="cap">{headline(card, wall.now.value)}</span><h2>{card.name}</h2><p>{stepWords(wall, card)}</p></div>
        <button type="button" class="btn ic ghost side-close" aria-label="Close" onClick={onClose}>×</button>
      </div>
      {card.help && <blockquote class="ask">“{card.help.text}”</blockquote>}
      <div role="img" aria-label={card.picture ? `${card.name}’s cluster: ${pictureWords(card.picture)}` : "No cluster yet"} class="big"><MiniCanvas card={card} painter={painter} large /></div>
      <StepTimes seconds={stepSeconds(card, wall.now.value)} steps={card.steps} current={card.finished === null ? card.step : 0} />
      <Seen deeds={card.recent ?? []} />
      <div class="side-acts">
        {url ? <a class="btn pri" href={url}>Watch live</a> : <span class="btn" aria-disabled="true">No cluster yet</span>}
        <button type="button" class="btn" onClick={onHint}>Send a hint</button>
        <button type="button" class="btn" disabled={card.help === null} onClick={() => wall.answered(card)}>Mark answered</button>
      </div>
    </aside>
  );
}

function headline(card: Card, now: number): string {
  if (card.help) return `Asking for help · ${duration(now - card.help.at)}`;
  return standing(card) === "working" ? "Working" : footWords(card, now);
}

function stepWords(wall: WallState, card: Card): string {
  const place = `Step ${card.step} of ${card.steps}`;
  const mean = meanSeconds(wall.roster.value, card.step);
  const sofar = card.finished === null && card.stepSince !== null ? `now ${duration(wall.now.value - card.stepSince)}` : "";
  return [place, [mean === null ? "" : `average for this step ${duration(mean * 1000)}`, sofar].filter(Boolean).join(", ")].filter(Boolean).join(" · ");
}

const scale = { width: 300, least: 14 } as const;

/** A stretch of a scale bar for each step, as long as it took. */
function StepTimes({ seconds, steps, current }: { seconds: readonly number[]; steps: number; current: number }): JSX.Element | null {
  const total = seconds.reduce((sum, time) => sum + time, 0);
  if (seconds.length === 0 || total === 0) return null;
  const room = scale.width - (steps - seconds.length) * 16;
  const widths = seconds.map((time) => Math.max(scale.least, (time / total) * (room - seconds.length * scale.least) + scale.least));
  let x = 0;
  const words = seconds.map((time, i) => `step ${i + 1}: ${duration(time * 1000)}`).join(", ");
  return (
    <svg class="step-times" viewBox={`0 0 ${scale.width} 46`} role="img" aria-label={`Time spent: ${words}`}>
      {widths.map((width, i) => {
        const left = x;
        x += width;
        const look = i + 1 === current ? "now" : i % 2 ? "odd" : "even";
        return (
          <g key={i} class={look}>
            <rect x={left + 0.5} y="18" width={width - 1} height="8" />
            <text x={left + width / 2} y="12" text-anchor="middle" class="n">{i + 1}</text>
            {width > 30 && <text x={left + width / 2} y="40" text-anchor="middle">{duration(seconds[i]! * 1000)}</text>}
          </g>
        );
      })}
      <path d={`M${x} 22H${scale.width}`} class="rest" />
    </svg>
  );
}

function Seen({ deeds }: { deeds: readonly Deed[] }): JSX.Element {
  const end = useRef<HTMLPreElement>(null);
  useEffect(() => end.current?.scrollTo(0, end.current.scrollHeight), [deeds]);
  return (
    <pre class="seen" ref={end} tabIndex={0} role="log" aria-label="What was done last">
      {deeds.length === 0 && <span class="dim">Nothing yet.</span>}
      {deeds.map(({ text, ok, said }, i) => (
        <span key={i}>
          {isCommand(text) ? <><b>$</b> {text}</> : <span class="deed">{text}</span>}{"\n"}
          {said && <span class={ok ? "dim" : "bad"}>{said}{"\n"}</span>}
        </span>
      ))}
    </pre>
  );
}
