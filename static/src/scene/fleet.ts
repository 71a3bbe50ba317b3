/**
 * The fleet: every node of a large cluster as a small rack in a grid, a zone a column as wide as its nodes need.
 *
 * Promise: pure arithmetic on counts; a node's place follows from its order in its zone, a pod's cell from its berth, so both stay where
 * they are while others change. The chart is as large as the view it is made for. Finding what is at a point is the same arithmetic
 * backwards.
 */
import type { NodeRow } from "../protocol/shapes";
import type { Berth } from "./berths";
import type { Size } from "./camera";
import type { Rect } from "./measures";
import { inOrder } from "./model";

export interface FleetZone { name: string; rect: Rect; nodes: NodeRow[]; columns: number; cell: Size }
export interface FleetShape { columns: number; rows: number; plinths: number }
export interface FleetLayout { size: Size; zones: FleetZone[]; placeOf: ReadonlyMap<string, FleetPlace>; shape: FleetShape }
export interface FleetPlace { node: NodeRow; rect: Rect }

const MARGIN = 20;
const GAP = 18;
const TOP = 88;
const BOTTOM = 22;
const PAD = 10;
/** A zone of one node is still as wide as its name. */
const LEAST_COLUMNS = 1;
/** From this width on a rack has a head with its node's name. */
const NAMED = 44;
const HEAD = 17;
/** A small rack is about twice as high as wide. */
const RACK_SHAPE = 0.53;
const MOST_CELL: Size = { width: 170, height: 320 };

/** `aside` and `below` are kept free for the summary, `above` for tools that take more than one line. */
export interface FleetOptions { view: Size; aside: number; above?: number; below?: number; mostBerths: number; plinths: number }

export function layoutFleet(nodes: readonly NodeRow[], { view, aside, above = 0, below = 0, mostBerths, plinths }: FleetOptions): FleetLayout {
  const names = [...new Set(inOrder([...nodes]).map(({ zone }) => zone))].sort();
  const groups = names.map((name) => inOrder(nodes.filter(({ zone }) => zone === name)));
  const room = { width: Math.max(200, view.width - 2 * MARGIN - aside - GAP * (names.length - 1)), height: Math.max(120, view.height - TOP - BOTTOM - above - below) };
  const { cell, columns, spare } = commonCell(groups.map(({ length }) => length), room);
  let x = MARGIN;
  const zones = names.map((name, i) => {
    const w = columns[i]! * cell.width + 2 * PAD + spare;
    const zone: FleetZone = { name, rect: { x, y: TOP + above, w, h: room.height }, nodes: groups[i]!, columns: columns[i]!, cell };
    x += w + GAP;
    return zone;
  });
  const placeOf = new Map<string, FleetPlace>();
  for (const zone of zones) zone.nodes.forEach((node, i) => placeOf.set(node.name, { node, rect: cellRect(zone, i) }));
  return { size: view, zones, placeOf, shape: shapeFor(mostBerths + plinths, plinths) };
}

/** Two pods across, more when they are many; at least five rows, so that a rack of few pods is no different from its neighbour. */
function shapeFor(most: number, plinths: number): FleetShape {
  const columns = most <= 16 ? 2 : most <= 48 ? 4 : 6;
  return { columns, rows: Math.max(5, Math.ceil(most / columns)), plinths };
}

/** The largest racks, alike in every zone, that all fit; what is left of the width is shared out. */
function commonCell(counts: readonly number[], { width, height }: Size): { cell: Size; columns: number[]; spare: number } {
  const free = { width: width - 2 * PAD * counts.length, height: height - 2 * PAD };
  const most = Math.max(1, ...counts);
  let best = { size: 0, rows: 1 };
  for (let rows = 1; rows <= most; rows += 1) {
    const across = counts.reduce((sum, count) => sum + columnsFor(count, rows), 0);
    const size = Math.min(free.width / Math.max(1, across), (free.height / rows) * RACK_SHAPE);
    if (size > best.size) best = { size, rows };
  }
  const columns = counts.map((count) => columnsFor(count, best.rows));
  const across = Math.max(1, columns.reduce((sum, count) => sum + count, 0));
  const cell = { width: Math.min(MOST_CELL.width, free.width / across), height: Math.min(MOST_CELL.height, free.height / best.rows) };
  return { cell, columns, spare: Math.max(0, free.width - across * cell.width) / Math.max(1, counts.length) };
}

const columnsFor = (count: number, rows: number): number => Math.max(LEAST_COLUMNS, Math.ceil(count / rows));

export function cellRect({ rect, columns, cell }: FleetZone, index: number): Rect {
  const gap = Math.min(6, cell.width * 0.16);
  return { x: rect.x + PAD + (index % columns) * cell.width, y: rect.y + PAD + Math.floor(index / columns) * cell.height, w: cell.width - gap, h: cell.height - gap };
}

/** The margin around the pods of a rack. */
export function insetOf(rack: Rect): number {
  return rack.w * 0.1;
}

/** What the name of a rack takes from its height. */
export function headOf(rack: Rect): number {
  return rack.w >= NAMED ? HEAD - insetOf(rack) * 0.5 : 0;
}

/** The cell of a berth within its rack. */
export function podRect(rack: Rect, shape: FleetShape, berth: Berth): Rect {
  const index = berth.plinth ? berth.number : shape.plinths + berth.number;
  const inset = insetOf(rack);
  const top = inset + headOf(rack);
  const [w, h] = [(rack.w - 2 * inset) / shape.columns, (rack.h - inset - top) / shape.rows];
  return { x: rack.x + inset + (index % shape.columns) * w, y: rack.y + top + Math.floor(index / shape.columns) * h, w: w * 0.9, h: h * 0.88 };
}

export interface FleetHit { node: NodeRow; berth: Berth | null }

/** The node, and the berth within it, at a point of the chart. */
export function hitFleet({ zones, shape }: FleetLayout, x: number, y: number): FleetHit | null {
  const zone = zones.find(({ rect }) => x >= rect.x && x < rect.x + rect.w && y >= rect.y && y < rect.y + rect.h);
  if (!zone) return null;
  const column = Math.floor((x - zone.rect.x - PAD) / zone.cell.width);
  const index = Math.floor((y - zone.rect.y - PAD) / zone.cell.height) * zone.columns + column;
  const node = column >= 0 && column < zone.columns ? zone.nodes[index] : undefined;
  if (!node) return null;
  return { node, berth: berthAt(cellRect(zone, index), shape, x, y) };
}

function berthAt(rack: Rect, shape: FleetShape, x: number, y: number): Berth | null {
  const inset = insetOf(rack);
  const top = inset + headOf(rack);
  const [w, h] = [(rack.w - 2 * inset) / shape.columns, (rack.h - inset - top) / shape.rows];
  const [column, row] = [Math.floor((x - rack.x - inset) / w), Math.floor((y - rack.y - top) / h)];
  if (column < 0 || column >= shape.columns || row < 0 || row >= shape.rows) return null;
  const index = row * shape.columns + column;
  return index < shape.plinths ? { number: index, plinth: true } : { number: index - shape.plinths, plinth: false };
}
