/**
 * The timeline, drawn as a chart's scale bar: ticks are messages, flags are commands and faults, triangles are warnings.
 *
 * Promise: a slider for keyboard and pointer alike (arrows move a second, Page keys ten, Home and End to the ends), in words for
 * those who listen. Looking back never disturbs the cluster; "Go live" returns. Speed and pause act on the cluster itself.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { clockText, clockWords } from "../protocol/clock";
import { joined, patienceOf } from "../protocol/patience";
import type { Mark, Stretch } from "../protocol/shapes";
import { table } from "../protocol/store";
import { fitText } from "../scene/text";
import type { Session } from "../session";

const SECOND = 1_000_000;
const SPEEDS: [value: number, label: string, words: string][] = [[0.5, "½×", "Half speed"], [1, "1×", "Normal speed"], [8, "8×", "Eight times as fast"]];
const TICKS = 400;
const MOST_MARKS = 60;
/** Pixels a flag's words need at least, and get at most. */
const LEAST_WORDS = 44;
const MOST_WORDS = 150;

export function Timeline({ session }: { session: Session }) {
  useTick(session);
  const head = session.playhead.value;
  const running = session.visited.value ? false : head ? head.playing : !session.clock.value.paused;
  const live = session.live.value;
  const isOpen = session.connection.value === "open";
  const [now, end] = [session.now(), Math.max(session.liveNow(), 1)];
  return (
    <div class="tl" role="group" aria-label="Timeline">
      <div class="tr">
        <button class="btn ghost ic" type="button" aria-label="Previous message" onClick={() => session.previous()}><BackSign /></button>
        <button class="play" type="button" aria-label={running ? "Pause" : "Play"} onClick={() => (running ? session.pause() : session.play())}>{running ? <PauseSign /> : <PlaySign />}</button>
        <button class="btn ghost ic" type="button" aria-label="Next message, one step" onClick={() => void session.next()}><ForwardSign /></button>
      </div>
      <ScaleBar session={session} now={now} end={end} />
      <div class="rt">
        <span><b>{clockText(now)}</b><span class="rt-end"> / {clockText(end, false)}</span></span>
        <div class="seg" role="group" aria-label="Speed">
          {SPEEDS.map(([value, label, words]) => (
            <button key={value} type="button" aria-label={words} aria-pressed={session.clock.value.speed === value} disabled={session.boot.readonly} onClick={() => void session.setClock("speed", value)}>{label}</button>
          ))}
        </div>
        <button class={`live${live && isOpen ? " on" : ""}`} type="button" aria-pressed={live} onClick={() => session.goLive()}>{!live ? "Go live" : isOpen ? "Live" : "No line"}</button>
      </div>
    </div>
  );
}

/** Draws again five times a second while time passes. */
function useTick(session: Session): void {
  const [, redraw] = useState(0);
  const running = session.playhead.value ? session.playhead.value.playing : !session.clock.value.paused;
  useEffect(() => {
    if (!running) return undefined;
    const timer = setInterval(() => redraw((n) => n + 1), 200);
    return () => clearInterval(timer);
  }, [running]);
}

interface BarProps { session: Session; now: number; end: number }

function ScaleBar({ session, now, end }: BarProps) {
  const bar = useRef<SVGSVGElement>(null);
  const width = useWidth(bar);
  const span = wholeSpan(end);
  const x = (at: number) => (at / span.end) * width;
  const seekTo = (event: PointerEvent) => {
    const box = bar.current!.getBoundingClientRect();
    session.seek(Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * span.end);
  };
  return (
    <svg ref={bar} class="bar" viewBox={`0 0 ${width} 48`} role="slider" tabindex={0} aria-label="Time" aria-valuemin={0} aria-valuemax={Math.round(end / SECOND)}
      aria-valuenow={Math.round(now / SECOND)} aria-valuetext={inWords(session, now)} onKeyDown={(event) => onKey(event, session, now)}
      onPointerDown={(event) => { bar.current!.setPointerCapture(event.pointerId); seekTo(event); }}
      onPointerMove={(event) => { if (bar.current!.hasPointerCapture(event.pointerId)) seekTo(event); }}>
      <Fields span={span} x={x} now={now} width={width} />
      <Patience stretches={patienceOf({ readiness: session.log.readiness, marks: session.log.marks, nodes: table(session.present.value, "Node").values() })} x={x} end={span.end} />
      {session.log.msgs.length + session.log.marks.length === 0 ? <text class="tl-word" x={width * (x(now) < width * 0.3 || x(now) > width * 0.7 ? 0.5 : x(now) < width / 2 ? 0.75 : 0.25)} y="16" text-anchor="middle">{session.log.start.at < SECOND ? "Nothing has happened yet." : "Nothing has happened since you came."}</text> : null}
      <Ticks session={session} x={x} />
      <Marks marks={session.log.marks} x={x} />
      <path class="tl-hand" d={`M${x(now)} 2v33`} />
      <path class="tl-knob" d={`M${x(now) - 6} 0h12v7l-6 6-6-6z`} />
    </svg>
  );
}

function useWidth(ref: { current: SVGSVGElement | null }): number {
  const [width, setWidth] = useState(640);
  useEffect(() => {
    const element = ref.current!;
    const observer = new ResizeObserver(() => setWidth(Math.max(80, element.clientWidth)));
    observer.observe(element);
    return () => observer.disconnect();
  }, [ref]);
  return width;
}

function inWords(session: Session, now: number): string {
  return `${clockWords(now)}, event ${Math.floor(session.playhead.value?.ev ?? session.present.value.ev)} of ${session.present.value.ev}`;
}

function onKey(event: KeyboardEvent, session: Session, now: number): void {
  const jumps: Record<string, number> = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
  const jump = jumps[event.key];
  if (jump !== undefined) session.seek(now + jump * SECOND);
  else if (event.key === "Home") session.seek(session.log.start.at);
  else if (event.key === "End") session.goLive();
  else return;
  event.preventDefault();
}

export interface Span { end: number; field: number; label: number }

const FIELD_SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];

/** A round end for the scale, with 8 to 20 fields and a label for every second or so of them. */
export function wholeSpan(endUs: number): Span {
  const seconds = Math.max(10, endUs / SECOND);
  const field = FIELD_SECONDS.find((size) => seconds / size <= 18) ?? Math.ceil(seconds / 18 / 3600) * 3600;
  return { end: Math.ceil(seconds / field) * field * SECOND, field: field * SECOND, label: field * 2 * SECOND };
}

function Fields({ span, x, now, width }: { span: Span; x: (at: number) => number; now: number; width: number }) {
  const count = Math.round(span.end / span.field);
  const labels = Array.from({ length: Math.floor(span.end / span.label) + 1 }, (_, i) => i * span.label);
  return (
    <>
      {Array.from({ length: count }, (_, i) => (
        <rect key={i} class={i % 2 ? "tl-light" : "tl-dark"} x={x(i * span.field)} y="26" width={x(span.field)} height="7" opacity={i * span.field >= now ? 0.35 : 1} />
      ))}
      <rect class="tl-frame" x=".5" y="26" width={Math.max(1, width - 1)} height="7" />
      {labels.map((at, i) => (
        <text key={at} class="tl-time" x={x(at)} y="45" text-anchor={i === 0 ? "start" : x(at) > width - 12 ? "end" : "middle"}>{clockText(at, false)}</text>
      ))}
    </>
  );
}

/** Where pods of a lost node are still waited for. */
function Patience({ stretches, x, end }: { stretches: readonly Stretch[]; x: (at: number) => number; end: number }) {
  return (
    <>
      <pattern id="tl-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="tl-hatch-line" width="1.8" height="6" /></pattern>
      {joined(stretches).filter(([from]) => from < end).map(([from, to]) => {
        const [left, right] = [x(from), x(Math.min(to, end))];
        const words = fitText("5 minutes of patience", right - left - 8, 10.5);
        return (
          <g key={from}>
            <title>{`From ${clockText(from, false)} the node does not answer; until ${clockText(to, false)} its pods are waited for.`}</title>
            <rect class="tl-patience" x={left} y="14" width={Math.max(2, right - left)} height="12" fill="url(#tl-hatch)" />
            {words.length > 6 ? <text class="tl-word" x={(left + right) / 2} y="23.5" text-anchor="middle">{words}</text> : null}
          </g>
        );
      })}
    </>
  );
}

/** At most `TICKS` of the newest messages, one line a pixel. */
function Ticks({ session, x }: { session: Session; x: (at: number) => number }) {
  const seen = new Set<number>();
  const path: string[] = [];
  for (let i = session.log.msgs.length - 1; i >= 0 && path.length < TICKS; i -= 1) {
    const at = Math.round(x(session.log.msgs[i]!.at));
    if (seen.has(at)) continue;
    seen.add(at);
    path.push(`M${at} 25v-6`);
  }
  return <path class="tl-tick" d={path.join("")} />;
}

/** A flag's words stand to its left, as far as the mark before leaves room. */
function Marks({ marks, x }: { marks: readonly Mark[]; x: (at: number) => number }) {
  const shown = marks.slice(-MOST_MARKS);
  return (
    <>
      {shown.map((mark, i) => {
        const at = x(mark.at);
        const room = at - (i === 0 ? 0 : x(shown[i - 1]!.at) + 12) - 6;
        const label = mark.type === "warning" || room < LEAST_WORDS ? "" : fitText(mark.text, Math.min(room, MOST_WORDS), 11);
        return (
          <g key={`${mark.ev}-${mark.type}`}>
            <title>{`${clockText(mark.at, false)} ${mark.text}`}</title>
            <path class={mark.type === "warning" ? "tl-warn-pole" : "tl-pole"} d={`M${at} 25V${mark.type === "warning" ? 15 : 6}`} />
            {mark.type === "warning" ? <path class="tl-warn" d={`M${at} 5.5l4.5 8h-9z`} /> : <path class="tl-flag" d={`M${at} 5.5h9l-2.6 3.5 2.6 3.5h-9z`} />}
            {label ? <text class="tl-word" x={at - 5} y="13" text-anchor="end">{label}</text> : null}
          </g>
        );
      })}
    </>
  );
}

const BackSign = () => <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M12.5 3v10L5.5 8ZM3.5 3v10" fill="currentColor" stroke="currentColor" stroke-width="1.6" stroke-linejoin="round" /></svg>;
const ForwardSign = () => <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M3.5 3v10l7-5ZM12.5 3v10" fill="currentColor" stroke="currentColor" stroke-width="1.6" stroke-linejoin="round" /></svg>;
const PlaySign = () => <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M4 2.2v11.6L13.6 8Z" fill="currentColor" /></svg>;
const PauseSign = () => <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M4.6 2.5v11M11.4 2.5v11" stroke="currentColor" stroke-width="3" /></svg>;
