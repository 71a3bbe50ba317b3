/**
 * The ways of traffic: from a Service through its knot on the shore to its pods, and from an Ingress to the Services it sends to.
 *
 * Promise: pure. Lanes run in the gutters between racks and never over a tile.
 */
import type { PodRow } from "../protocol/shapes";
import { RACK, type Rect } from "./measures";
import type { SceneModel } from "./model";
import type { Density, RackPlace, TilePlace } from "./rack-places";
import type { ZonePlace } from "./zone-places";

export interface LanePlace {
  trunk: string;
  pill: Rect;
  /** One line per pod that gets traffic; the ends are where its arrow points. */
  ready: { uid: string; path: string }[];
  cut: { uid: string; path: string; mark: [number, number] }[];
}

export interface EntryPlace { ingress: string; service: string; path: string }

/** From each Ingress to its Services, under the cards between them. */
export function placeEntries(model: SceneModel, zones: ZonePlace[]): EntryPlace[] {
  const rects = new Map(zones.flatMap(({ cards }) => cards.map(({ card, rect }) => [card.uid, rect] as const)));
  return model.ingresses.flatMap((ingress) => (ingress.services ?? []).flatMap((service) => {
    const [from, to] = [rects.get(ingress.uid), rects.get(service)];
    return from && to ? [{ ingress: ingress.uid, service, path: entryPath(from, to) }] : [];
  }));
}

function entryPath(from: Rect, to: Rect): string {
  const [y, target] = [from.y + 25, to.y + 25];
  const turn = to.x - 14;
  const bend = Math.min(6, Math.abs(target - y) / 2) * Math.sign(target - y);
  const sideways = bend === 0 ? "" : `H${turn - 6}q6 0 6 ${bend}V${target - bend}q0 ${bend} 6 ${bend}`;
  return `M${from.x + from.w} ${y}${sideways}H${to.x - 3}`;
}

interface LaneRoom { zones: ZonePlace[]; racks: RackPlace[]; tiles: Map<string, TilePlace>; waterline: number; density: Density }

export function placeLane(model: SceneModel, room: LaneRoom): LanePlace | null {
  const lane = model.lane;
  if (!lane) return null;
  const card = room.zones.flatMap(({ cards }) => cards).find((place) => place.card.uid === lane.service.uid)?.rect;
  if (!card) return null;
  const knot = room.waterline - 7;
  const { x, trunk } = trunkFrom(card, room, knot);
  const pill = { x: x - 61, y: room.waterline - 16, w: 122, h: 19 };
  const line = (pod: PodRow) => lanePath(room, pod, x, knot);
  return {
    trunk,
    pill,
    ready: lane.ready.flatMap((pod) => { const path = line(pod); return path ? [{ uid: pod.uid, path: path.d }] : []; }),
    cut: lane.cut.flatMap((pod) => { const path = line(pod); return path ? [{ uid: pod.uid, path: path.stub, mark: path.mark }] : []; }),
  };
}

/** The way of the edge around what is below, where the words of the shore end. */
const EDGE = { x: 8, knot: 150 };

/** Straight down to the shore, or around the zones that stand below in an upright chart. */
function trunkFrom(card: Rect, { zones }: LaneRoom, knot: number): { x: number; trunk: string } {
  const zone = zones.find(({ cards }) => cards.some(({ rect }) => rect === card))!.rect;
  const x = card.x + card.w + 13;
  const start = `M${card.x + card.w} ${card.y + 25}h5q8 0 8 8`;
  if (!zones.some(({ rect }) => rect.y > zone.y)) return { x, trunk: `${start}V${knot}` };
  const below = zone.y + zone.h + 6;
  return { x: EDGE.knot, trunk: `${start}V${below - 6}q0 6 -6 6H${EDGE.x + 6}q-6 0 -6 6V${knot - 6}q0 6 6 6H${EDGE.knot - 61}` };
}

interface PodLine { d: string; stub: string; mark: [number, number] }

/** From the knot along the shore, down the gutter beside the rack, and into the side of the tile. */
function lanePath({ racks, tiles, waterline }: LaneRoom, pod: PodRow, x: number, knot: number): PodLine | null {
  const rack = racks.find(({ node }) => node.name === pod.node);
  const tile = tiles.get(pod.uid);
  if (!rack || !tile) return null;
  const shore = waterline + 19;
  const lineTop = rack.rect.y - 10;
  const fromLeft = tile.rect.x - rack.rect.x <= rack.rect.w / 2 - 4;
  const gutter = fromLeft ? rack.rect.x - 7 : rack.rect.x + rack.rect.w + 7;
  const inner = fromLeft ? tile.rect.x - rack.rect.x > RACK.inset + 1 : rack.rect.x + rack.rect.w - (tile.rect.x + tile.rect.w) > RACK.inset + 1;
  const side = fromLeft ? 1 : -1;
  const y = inner ? tile.rect.y - 2.5 : tile.rect.y + Math.min(16, tile.rect.h / 2);
  const end = inner ? tile.rect.x + (fromLeft ? 10 : tile.rect.w - 10) : fromLeft ? tile.rect.x - 2 : tile.rect.x + tile.rect.w + 2;
  const toward = gutter < x ? -1 : 1;
  const turn = Math.min(8, Math.abs(gutter - x) / 2);
  const sideways = Math.abs(gutter - x) < 2 ? `V${y - 8}` : `V${shore - turn}q0 ${turn} ${toward * turn} ${turn}H${gutter - toward * turn}q${toward * turn} 0 ${toward * turn} ${turn}V${y - 8}`;
  return {
    d: `M${x} ${knot}${sideways}q0 8 ${side * 8} 8H${end}`,
    stub: `M${gutter} ${Math.min(lineTop, shore)}V${y - 8}q0 8 ${side * 8} 8H${end}`,
    mark: [gutter, rack.rect.y + 10],
  };
}
