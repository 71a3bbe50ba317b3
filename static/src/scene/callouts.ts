/**
 * Where to look first, drawn into the fleet: a ring around the thickest of a trouble, and a label beside it.
 *
 * Promise: pure. At most `MOST` rings; a ring holds most of the trouble's places in its zone, and labels lie on the chart and not on each
 * other. What is spread over the whole fleet gets no ring: a circle around everything says nothing.
 */
import type { Berths } from "./berths";
import { podRect, type FleetLayout } from "./fleet";
import type { Rect } from "./measures";
import type { Trouble } from "./summary";
import { fitText, textWidth } from "./text";

export interface Callout { trouble: Trouble; x: number; y: number; r: number; label: Rect; title: string; detail: string; line: [fromX: number, fromY: number, toX: number, toY: number] }

const MOST = 3;
const LEAST_R = 22;
/** Of the chart's smaller side: larger rings are no help. */
const MOST_SHARE = 0.24;
/** Of a zone's places a ring holds so many, and of the whole trouble at least `OF_ALL`. */
const INSIDE = 0.66;
const OF_ALL = 0.4;
const LABEL = { h: 40, pad: 11, gap: 18, most: 230 };

export function placeCallouts(troubles: readonly Trouble[], layout: FleetLayout, berths: Berths, nodeOf: (uid: string) => string | undefined): Callout[] {
  const most = Math.min(layout.size.width, layout.size.height) * MOST_SHARE;
  const placed: Callout[] = [];
  for (const trouble of troubles) {
    if (placed.length === MOST) break;
    const points = middles(trouble, layout, berths, nodeOf);
    const ring = points.length * INSIDE >= trouble.uids.length * OF_ALL ? ringAround(points, most) : null;
    if (!ring || placed.some((other) => Math.hypot(other.x - ring.x, other.y - ring.y) < (other.r + ring.r) * 0.7)) continue;
    const callout = labelled(trouble, ring, layout, placed);
    if (callout) placed.push(callout);
  }
  return placed;
}

type Point = readonly [x: number, y: number];
interface Ring { x: number; y: number; r: number }

/** The middles of a trouble's pods or nodes, in the zone that has most of them. */
function middles({ uids }: Trouble, layout: FleetLayout, berths: Berths, nodeOf: (uid: string) => string | undefined): Point[] {
  const byZone = new Map<string, Point[]>();
  for (const uid of uids) {
    const place = layout.placeOf.get(nodeOf(uid) ?? "");
    if (!place) continue;
    const berth = berths.berth(uid);
    const { x, y, w, h } = berth ? podRect(place.rect, layout.shape, berth) : place.rect;
    const points = byZone.get(place.node.zone) ?? [];
    points.push([x + w / 2, y + h / 2]);
    byZone.set(place.node.zone, points);
  }
  return [...byZone.values()].sort((a, b) => b.length - a.length)[0] ?? [];
}

/** Around the point with the nearest neighbours: as far as it takes to hold most of them. */
function ringAround(points: readonly Point[], most: number): Ring | null {
  if (points.length === 0) return null;
  const wanted = Math.ceil(points.length * INSIDE) - 1;
  let best: Ring | null = null;
  for (const [x, y] of points.slice(0, 60)) {
    const far = points.map(([px, py]) => Math.hypot(px - x, py - y)).sort((a, b) => a - b)[wanted]!;
    if (!best || far < best.r) best = { x, y, r: far };
  }
  const held = points.filter(([x, y]) => Math.hypot(x - best!.x, y - best!.y) <= best!.r);
  const [x, y] = [0, 1].map((axis) => held.reduce((sum, point) => sum + point[axis as 0 | 1], 0) / held.length) as [number, number];
  const r = Math.max(LEAST_R, 18 + Math.max(...held.map(([px, py]) => Math.hypot(px - x, py - y))));
  return r <= most ? { x, y, r } : null;
}

function labelled(trouble: Trouble, ring: Ring, layout: FleetLayout, placed: readonly Callout[]): Callout | null {
  const title = fitText(trouble.title, LABEL.most, 12.5);
  const detail = fitText(trouble.detail, LABEL.most, 11.5);
  const w = Math.ceil(Math.max(textWidth(title, 12.5) * 1.06, textWidth(detail, 11.5)) + 2 * LABEL.pad);
  const { x, y, r } = ring;
  const spots: Rect[] = [
    { x: x - w / 2, y: y + r + LABEL.gap, w, h: LABEL.h }, { x: x - w / 2, y: y - r - LABEL.gap - LABEL.h, w, h: LABEL.h },
    { x: x + r + LABEL.gap, y: y - LABEL.h / 2, w, h: LABEL.h }, { x: x - r - LABEL.gap - w, y: y - LABEL.h / 2, w, h: LABEL.h },
  ].map((spot) => kept(spot, layout));
  const taken = [...placed.map(({ label }) => label), ...[...placed, { ...ring }].map((one) => ({ x: one.x - one.r, y: one.y - one.r, w: 2 * one.r, h: 2 * one.r }))];
  const label = spots.find((spot) => !taken.some((other) => overlap(spot, other)));
  if (!label) return null;
  const [toX, toY] = [Math.min(label.x + label.w, Math.max(label.x, x)), Math.min(label.y + label.h, Math.max(label.y, y))];
  const far = Math.max(1, Math.hypot(toX - x, toY - y));
  return { trouble, ...ring, label, title, detail, line: [x + ((toX - x) / far) * r, y + ((toY - y) / far) * r, toX, toY] };
}

/** On the chart, left of what stands at its side. */
function kept(spot: Rect, { zones }: FleetLayout): Rect {
  const [first, last] = [zones[0]!.rect, zones.at(-1)!.rect];
  return { ...spot, x: Math.max(first.x + 4, Math.min(last.x + last.w - spot.w - 4, spot.x)), y: Math.max(first.y + 4, Math.min(first.y + first.h - spot.h - 4, spot.y)) };
}

const overlap = (a: Rect, b: Rect): boolean => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
