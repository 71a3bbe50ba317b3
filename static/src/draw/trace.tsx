/**
 * The numbered way of one cause over the quay: what happened before is faint, the present message bright, and pills travel.
 *
 * Promise: draws along the cables of scene/cables.ts and nowhere else. Several messages of the same way share one line, their numbers
 * stand beside each other. The number, the line and the caption strip say the same thing three ways.
 */
import { gateOf, labelOf, legsOf } from "../motion/grammar";
import type { Flight, Stop, Trace } from "../motion/director";
import type { Msg } from "../protocol/shapes";
import { along, lengthOf, roundedPath, route, stopPoint, type Point } from "../scene/cables";
import type { QuayLayout } from "../scene/layout";
import type { Rect } from "../scene/measures";
import { textWidth } from "../scene/text";

export interface TraceLinesProps {
  layout: QuayLayout;
  trace: Trace;
  travelling: boolean;
  /** What the controller compared before it sent the present message; null when there is nothing to say. */
  gap: string | null;
}

export function TraceLines({ layout, trace, travelling, gap }: TraceLinesProps) {
  const present = trace.present ? route(layout, trace.present.msg.from, trace.present.msg.to) : null;
  const now = trace.present ? wayOf(trace.present) : "";
  const past = trace.past.filter((stop) => wayOf(stop) !== now).flatMap((stop) => {
    const points = route(layout, stop.msg.from, stop.msg.to);
    return points ? [{ stop, points, way: wayOf(stop) }] : [];
  });
  const ways = [...new Map(past.map((one) => [one.way, one])).values()];
  const commits = [...trace.past, ...(trace.present && !travelling ? [trace.present] : [])].some(({ msg }) => legsOf(msg).length > 1);
  const etcd = commits ? route(layout, "apiserver", "etcd") : null;
  return (
    <g class="trace">
      {etcd ? <path class="msg past" marker-end="url(#arrow-control)" d={roundedPath(etcd)} /> : null}
      {ways.map(({ way, points }) => <path key={way} class="msg past" marker-end="url(#arrow-control)" d={roundedPath(points)} />)}
      {present ? <path class={`msg${trace.present!.msg.ok ? "" : " refused"}`} marker-end="url(#arrow-control)" d={roundedPath(present)} /> : null}
      {trace.present && !trace.present.msg.ok && !travelling ? <Refusal api={layout.control.api} gate={gateOf(trace.present.msg)} /> : null}
      {placeStops(past).map(({ stop, at }) => <StopMark key={stop.n} n={stop.n} x={at[0]} y={at[1]} />)}
      {present ? <Present stop={trace.present!} heard={trace.past.find(({ msg }) => msg.id === trace.present!.msg.because)?.msg ?? null} at={stopPoint(present, trace.present!.msg.from === "apiserver")} layout={layout} gap={gap} /> : null}
    </g>
  );
}

function wayOf({ msg }: Stop): string {
  return `${msg.from}>${msg.to}`;
}

/** Numbers of the same way stand side by side along it. */
function placeStops(past: { stop: Stop; points: Point[]; way: string }[]): { stop: Stop; at: Point }[] {
  const used = new Map<string, number>();
  return past.map(({ stop, points, way }) => {
    const count = used.get(way) ?? 0;
    used.set(way, count + 1);
    const [x, y] = stopPoint(points, stop.msg.from === "apiserver");
    const length = lengthOf(points);
    return { stop, at: count === 0 ? [x, y] as Point : length > 60 ? [x + count * 20, y] as Point : along(points, 0.5 + count * 0.2) };
  });
}

function StopMark({ n, x, y }: { n: number; x: number; y: number }) {
  return (
    <g transform={`translate(${x},${y})`}>
      <circle class="stop" r="8.6" />
      <text class="stop-n" y="3.9" text-anchor="middle">{n}</text>
    </g>
  );
}

interface PresentProps { stop: Stop; heard: Msg | null; at: Point; layout: QuayLayout; gap: string | null }

function Present({ stop, heard, at: [x, y], layout, gap }: PresentProps) {
  const label = labelOf(stop.msg, heard);
  const w = textWidth(label, 11) + 20;
  const isYours = stop.msg.from === "you" || stop.msg.to === "you";
  const left = isYours ? layout.control.you.x - x : x + 12 + w > layout.width - 8 ? Math.max(8 - x, -12 - w) : 12;
  const middle = isYours ? layout.control.you.y + layout.control.you.h + 12 - y : 0;
  return (
    <g transform={`translate(${x},${y})`}>
      <circle class="pulse" r="10" />
      <circle class="stop now" r="8.6" />
      <text class="stop-n now" y="3.9" text-anchor="middle">{stop.n}</text>
      <rect class="msg-label" x={left} y={middle - 9.5} width={w} height="19" rx="4" />
      <text class="msg-word" x={left + w / 2} y={middle + 3.9} text-anchor="middle">{label}</text>
      {gap === null ? null : <Gap words={gap} right={left > 0 ? -12 : 12 + textWidth(gap, 11) + 16} />}
    </g>
  );
}

/** On the other side of the number than the label. */
function Gap({ words, right }: { words: string; right: number }) {
  const w = textWidth(words, 11) + 16;
  return (
    <>
      <rect class="gap-box" x={right - w} y="-9" width={w} height="18" rx="4" />
      <text class="gap-word" x={right - w / 2} y="3.9" text-anchor="middle">{words}</text>
    </>
  );
}

/** The gate that did not let a request pass. */
function Refusal({ api, gate }: { api: Rect; gate: 0 | 1 | 2 }) {
  const x = api.x + 8.7 + gate * 7;
  const y = api.y + 30;
  return (
    <g>
      <rect class="gate lit" x={x - 2.7} y={api.y + 7} width="5.4" height="46" rx="2.7" />
      <circle class="cut-mark" cx={x} cy={y} r="8" />
      <path class="gate-cross" d={`M${x - 3.4} ${y - 3.4}l6.8 6.8m0-6.8l-6.8 6.8`} />
    </g>
  );
}

const GATES = 3;

/** The gates of the API server light one after the other as a request passes; a refused one stays at its gate, crossed. */
function Gates({ layout, flight }: { layout: QuayLayout; flight: Flight }) {
  const { api } = layout.control;
  const refused = !flight.stop.msg.ok;
  const gate = gateOf(flight.stop.msg);
  const passed = Math.min(refused ? gate + 1 : GATES, Math.floor((flight.progress - 0.7) * 10) + 1);
  return (
    <g>
      {Array.from({ length: Math.max(0, passed) }, (_, i) => <rect key={i} class="gate lit" x={api.x + 6 + i * 7} y={api.y + 7} width="5.4" height="46" rx="2.7" />)}
      {refused && passed > gate ? <Refusal api={api} gate={gate} /> : null}
    </g>
  );
}

export function Pills({ layout, flights }: { layout: QuayLayout; flights: readonly Flight[] }) {
  return (
    <g class="pills">
      {flights.filter(({ to, progress }) => to === "apiserver" && progress > 0.7).slice(0, 1).map((flight) => <Gates key={flight.stop.msg.id} layout={layout} flight={flight} />)}
      {flights.map((flight, i) => {
        const points = route(layout, flight.from, flight.to);
        if (!points) return null;
        const [x, y] = along(points, flight.progress);
        return (
          <g key={i} transform={`translate(${x},${y})`}>
            <rect class="pill" x={flight.count > 1 ? -14 : -8} y="-5.5" width={flight.count > 1 ? 28 : 16} height="11" rx="5.5" />
            {flight.count > 1 ? <text class="pill-n" y="3.6" text-anchor="middle">{flight.count}</text> : null}
          </g>
        );
      })}
    </g>
  );
}
