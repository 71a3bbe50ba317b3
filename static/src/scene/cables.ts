/**
 * The cables of the quay: the polyline between any two places that exchange messages.
 *
 * Promise: pure. The same points draw the dotted cable at rest, the orange line of a message and the way of its pill, so nothing ever
 * travels where no cable is. A place the layout does not know has no route (null); the caption still tells the message.
 */
import type { QuayLayout } from "./layout";
import type { RackPlace } from "./rack-places";

export type Point = readonly [x: number, y: number];

/** From the API server's foot along the watch bus to where it reaches the shore. */
export function busPoints({ control, bus }: QuayLayout): Point[] {
  if (bus.gutter !== null) {
    const y = control.api.y + 46;
    return [[control.api.x - 1, y], [bus.gutter, y], [bus.gutter, bus.top], [bus.x, bus.top], [bus.x, bus.y]];
  }
  const x = control.api.x + 72;
  return [[x, control.api.y + control.api.h], [x, bus.top], [bus.x, bus.top], [bus.x, bus.y]];
}

/** From the bus to those of the control plane who listen to it. */
export function riserPoints({ control: { scheduler, controllers }, bus }: QuayLayout): Point[][] {
  const middle = controllers.x + controllers.w / 2;
  const ofControllers: Point[] = [[middle, bus.top], [middle, controllers.y + controllers.h]];
  if (bus.gutter === null) return [[[scheduler.x + 102, bus.top], [scheduler.x + 102, scheduler.y + scheduler.h]], ofControllers];
  return [[[bus.gutter, scheduler.y + 30], [scheduler.x, scheduler.y + 30]], ofControllers];
}

/** From the shore end of the bus to a kubelet's plug. */
export function dropPoints(layout: QuayLayout, rack: RackPlace): Point[] {
  const x = rack.rect.x + rack.rect.w / 2;
  const y = rack.rect.y - 20;
  const down: Point[] = rack.line === 0 ? [[x, layout.bus.y]] : [[rack.gutter, layout.bus.y], [rack.gutter, y], [x, y]];
  return [...down, [x, rack.rect.y - 7]];
}

/** The way of a message; `from` and `to` as the wire names places. */
export function route(layout: QuayLayout, from: string, to: string): Point[] | null {
  if (to === "apiserver") return toApiServer(layout, from);
  if (from === "apiserver") return fromApiServer(layout, to);
  return null;
}

function toApiServer(layout: QuayLayout, from: string): Point[] | null {
  const { control } = layout;
  const { api, you, scheduler } = control;
  if (from === "you") return [[you.x + you.w, you.y + 30], [api.x - 2, you.y + 30]];
  if (layout.upright && from === "scheduler") return [[api.x + 30, scheduler.y], [api.x + 30, api.y + api.h + 3]];
  if (layout.upright && from.startsWith("controller:")) return aroundTheScheduler(layout, from.slice("controller:".length));
  if (from === "scheduler") return [[scheduler.x + 52, scheduler.y], [scheduler.x + 52, 60], [api.x + 130, 60], [api.x + 130, api.y - 3]];
  if (from.startsWith("controller:")) {
    const [x, y] = chipTop(layout, from.slice("controller:".length));
    return [[x, y], [x, 52], [api.x + 110, 52], [api.x + 110, api.y - 3]];
  }
  return fromApiServer(layout, from)?.reverse() ?? null;
}

/** From a controller's chip up the right side of the panel to the top of the API server. */
function aroundTheScheduler(layout: QuayLayout, name: string): Point[] {
  const { api, controllers, panel } = layout.control;
  const [x, y] = chipTop(layout, name);
  const [side, gap] = [panel.x + panel.w - 6, controllers.y - 8];
  return [[x, y], [x, gap], [side, gap], [side, 60], [api.x + 110, 60], [api.x + 110, api.y - 3]];
}

function fromApiServer(layout: QuayLayout, to: string): Point[] | null {
  const { control, bus, racks } = layout;
  const { api, etcd, scheduler, controllers } = control;
  const toBus = busPoints(layout).slice(0, -2);
  const riser = (x: number, y: number): Point[] => [...toBus, [x, bus.top], [x, y]];
  if (to === "etcd") return [[api.x + api.w + 2, api.y + 22], [etcd.x - 4, api.y + 22]];
  if (to === "you") return toApiServer(layout, "you")?.reverse() ?? null;
  if (to === "scheduler" && bus.gutter !== null) return [...toBus.slice(0, 2), [bus.gutter, scheduler.y + 30], [scheduler.x - 1, scheduler.y + 30]];
  if (to === "scheduler") return riser(scheduler.x + 102, scheduler.y + scheduler.h + 1);
  if (to.startsWith("controller:")) return riser(chipTop(layout, to.slice("controller:".length))[0], controllers.y + controllers.h + 1);
  if (to === "kube-proxy") return racks[0] ? [...busPoints(layout), [racks[0].rect.x + racks[0].rect.w / 2, bus.y]] : null;
  if (to === "cloud") return riser(control.panel.x + control.panel.w - 6, bus.top - 20);
  const rack = racks.find(({ node }) => to === `kubelet:${node.name}`);
  return rack ? [...busPoints(layout), ...dropPoints(layout, rack)] : null;
}

/** Where a controller's messages leave: its chip, or the box when the chip found no room. */
function chipTop({ control }: QuayLayout, name: string): Point {
  const chip = control.chips.find(({ component }) => component.name === name || component.name === `${name}-controller`);
  if (!chip) return [control.controllers.x + control.controllers.w - 20, control.controllers.y];
  return [chip.rect.x + chip.rect.w / 2, chip.rect.y];
}

/** A path along the points with rounded corners. */
export function roundedPath(points: readonly Point[], radius = 8): string {
  const [first, ...rest] = points;
  if (!first) return "";
  let d = `M${first[0]} ${first[1]}`;
  rest.forEach((point, i) => {
    const next = rest[i + 1];
    if (!next) { d += `L${point[0]} ${point[1]}`; return; }
    const before = points[i]!;
    const r = Math.min(radius, distance(before, point) / 2, distance(point, next) / 2);
    const [a, b] = [toward(point, before, r), toward(point, next, r)];
    d += `L${a[0]} ${a[1]}Q${point[0]} ${point[1]} ${b[0]} ${b[1]}`;
  });
  return d;
}

export function lengthOf(points: readonly Point[]): number {
  return points.slice(1).reduce((sum, point, i) => sum + distance(points[i]!, point), 0);
}

/** The point at a fraction of the way. */
export function along(points: readonly Point[], fraction: number): Point {
  if (fraction >= 1) return points.at(-1) ?? [0, 0];
  let left = lengthOf(points) * Math.max(0, fraction);
  for (let i = 1; i < points.length; i += 1) {
    const [a, b] = [points[i - 1]!, points[i]!];
    const d = distance(a, b);
    if (left <= d && d > 0) return toward(a, b, left);
    left -= d;
  }
  return points.at(-1) ?? [0, 0];
}

/** Enough room for a number and the words beside it. */
const ROOMY = 90;

/**
 * Where the number of a message stands: on the roomy stretch nearest to whoever is not the API server, closer to their end, so that
 * messages of neighbours do not cover each other.
 */
export function stopPoint(points: readonly Point[], towardEnd: boolean): Point {
  const stretches = points.slice(1).map((b, i): [Point, Point] => (towardEnd ? [b, points[i]!] : [points[i]!, b]));
  const ordered = towardEnd ? stretches.reverse() : stretches;
  const chosen = ordered.find(([a, b]) => distance(a, b) >= ROOMY) ?? [...ordered].sort((one, two) => distance(...two) - distance(...one))[0];
  if (!chosen) return points[0] ?? [0, 0];
  return toward(chosen[0], chosen[1], distance(...chosen) * (distance(...chosen) >= ROOMY ? 0.35 : 0.5));
}

function distance(a: Point, b: Point): number {
  return Math.hypot(b[0] - a[0], b[1] - a[1]);
}

function toward(from: Point, to: Point, by: number): Point {
  const d = distance(from, to) || 1;
  return [round(from[0] + ((to[0] - from[0]) * by) / d), round(from[1] + ((to[1] - from[1]) * by) / d)];
}

function round(n: number): number {
  return Math.round(n * 100) / 100;
}
