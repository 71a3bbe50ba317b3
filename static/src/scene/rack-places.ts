/**
 * Where nodes stand as racks, and each pod in its berth.
 *
 * Promise: pure. All racks are alike; a pod's place follows from its berth number, so it never moves while it lives. Tiles become small
 * when there are many, and only large again when there is plenty of room (the ratchet).
 */
import type { NodeRow, PodRow } from "../protocol/shapes";
import type { Berths } from "./berths";
import { MARGIN, RACK, TILE, type Rect } from "./measures";
import type { SceneModel } from "./model";

/** Tiles with labels, small tiles with a glyph, and bare cells. */
export type Density = 0 | 1 | 2;

/** `line` counts rows of racks from the shore; the cable of a later line comes down the gutter at `gutter`. */
export interface RackPlace { node: NodeRow; rect: Rect; slots: Rect[]; line: number; gutter: number }

export interface TilePlace { pod: PodRow; rect: Rect; plinth: boolean }

/** What keeps a picture from shrinking at once when something goes. */
export interface Ratchet {
  zoneRows: number;
  slotRows: number;
  density: Density;
  /** The width that was found best for a stage and a cluster like `key`. */
  stretch: { key: string; width: number } | null;
}

/** Slots of one density: how many share a labelled tile's width, and their height and pitch. */
const DENSITIES: Record<Density, { across: number; h: number; dy: number; mostRows: number }> = {
  0: { across: 1, h: TILE.h, dy: TILE.dy, mostRows: 5 },
  1: { across: 2, h: 19, dy: 22.5, mostRows: 8 },
  2: { across: 4, h: 11, dy: 13.5, mostRows: 15 },
};

interface QuayRoom { top: number; right: number; ratchet: Ratchet }
interface PlacedRacks { racks: RackPlace[]; tiles: Map<string, TilePlace>; bottom: number; slotRows: number; density: Density }

export function placeRacks(model: SceneModel, berths: Berths, { top, right, ratchet }: QuayRoom): PlacedRacks {
  const room = right - MARGIN;
  const perLine = Math.min(model.nodes.length, Math.max(1, Math.floor((room + RACK.gap) / (RACK.inset * 2 + 2 * TILE.dx - 5 + RACK.gap))));
  const slotColumns = slotColumnsFor(room, perLine);
  const dx = Math.min(TILE.dx * TILE.stretch, Math.max(TILE.dx, ((room - RACK.gap * (perLine - 1)) / Math.max(1, perLine) - RACK.inset * 2 + 5.5) / slotColumns));
  const w = RACK.inset * 2 + slotColumns * dx - 5 - 0.5;
  const most = Math.max(0, ...model.nodes.map((node) => highestBerth(model, berths, node.name, false)));
  const plinths = Math.max(0, ...model.nodes.map((node) => highestBerth(model, berths, node.name, true)));
  const { density, slotRows } = chooseDensity(most, slotColumns, ratchet);
  const shape = DENSITIES[density];
  const h = RACK.head + slotRows * shape.dy + (plinths > 0 ? RACK.plinth : RACK.foot);
  const tiles = new Map<string, TilePlace>();
  const racks = model.nodes.map((node, i) => {
    const rect = { x: MARGIN + (i % perLine) * (w + RACK.gap), y: top + Math.floor(i / perLine) * (h + 44), w, h };
    const grid = { rect, columns: slotColumns * shape.across, rows: slotRows, density, dx: dx / shape.across };
    for (const pod of model.podsOf.get(node.name) ?? []) placePod(pod, berths, { grid, plinths, tiles });
    return {
      node, rect, line: Math.floor(i / perLine), gutter: MARGIN + (perLine - 1) * (w + RACK.gap) - RACK.gap / 2,
      slots: Array.from({ length: grid.columns * grid.rows }, (_, slot) => slotRect(grid, slot)),
    };
  });
  const lines = Math.ceil(model.nodes.length / Math.max(1, perLine));
  return { racks, tiles, bottom: top + lines * (h + 44) - 44, slotRows, density };
}

function highestBerth(model: SceneModel, berths: Berths, node: string, plinth: boolean): number {
  let most = berths.used(node, plinth);
  for (const { uid } of model.podsOf.get(node) ?? []) {
    const berth = berths.berth(uid);
    if (berth && berth.plinth === plinth) most = Math.max(most, berth.number + 1);
  }
  return most;
}

function slotColumnsFor(room: number, perLine: number): number {
  const w = (room - RACK.gap * (perLine - 1)) / Math.max(1, perLine);
  const fits = Math.floor((w - RACK.inset * 2 + 5.5) / TILE.dx);
  return Math.min(Math.max(2, fits), perLine <= 2 ? 6 : 4);
}

/** The largest tiles that fit; once small, they grow back only when less than half of the room is needed. */
function chooseDensity(most: number, columns: number, ratchet: Ratchet): { density: Density; slotRows: number } {
  const capacity = (density: Density) => columns * DENSITIES[density].across * DENSITIES[density].mostRows;
  let density: Density = most <= capacity(0) ? 0 : most <= capacity(1) ? 1 : 2;
  if (density < ratchet.density && most > capacity((ratchet.density - 1) as Density) / 2) density = ratchet.density;
  const { across, mostRows } = DENSITIES[density];
  const needed = Math.ceil(most / (columns * across));
  const least = density === 0 ? 3 : density === 1 ? 5 : 8;
  const kept = ratchet.density === density && needed * 2 > ratchet.slotRows ? ratchet.slotRows : 0;
  return { density, slotRows: Math.max(least, Math.min(mostRows, Math.max(needed, kept)), density === 2 ? needed : 0) };
}

interface Grid { rect: Rect; columns: number; rows: number; density: Density; dx: number }

function slotRect({ rect, columns, density, dx }: Grid, slot: number): Rect {
  const { across, h, dy } = DENSITIES[density];
  return { x: rect.x + RACK.inset + (slot % columns) * dx, y: rect.y + RACK.head + Math.floor(slot / columns) * dy, w: dx - 5 + (across - 1) * 0.9, h };
}

function placePod(pod: PodRow, berths: Berths, { grid, plinths, tiles }: { grid: Grid; plinths: number; tiles: Map<string, TilePlace> }): void {
  const berth = berths.berth(pod.uid) ?? { number: 0, plinth: false };
  if (!berth.plinth) {
    tiles.set(pod.uid, { pod, plinth: false, rect: slotRect(grid, berth.number) });
    return;
  }
  const { rect, rows, density } = grid;
  const full = rect.w - RACK.inset * 2;
  const w = plinths === 1 ? full : (full - 5) / 2;
  const y = rect.y + RACK.head + rows * DENSITIES[density].dy + 4;
  tiles.set(pod.uid, { pod, plinth: true, rect: { x: rect.x + RACK.inset + berth.number * (w + 5), y, w, h: 26 } });
}
