/**
 * The quay: where everything of a small cluster stands, from the model to rectangles in chart units (one unit is a CSS pixel at fit).
 *
 * Promise: pure arithmetic. Top to bottom: control plane, zones of what is declared, waterline, racks of what runs. A pod's place
 * follows from its berth number, so it never moves while it lives; zones and racks grow in whole rows; the `ratchet` of the
 * picture before keeps them from shrinking at once when something goes. Up to `QUAY_NODES` nodes; larger clusters are drawn by fleet.ts.
 */
import type { Berths } from "./berths";
import type { Card, CardGroup, SceneModel, Zone } from "./model";
import type { ComponentRow, NodeRow, PodRow } from "../protocol/shapes";

export const QUAY_NODES = 12;
export const QUAY_PODS = 400;

export interface Rect { x: number; y: number; w: number; h: number }

/** Tiles with labels, small tiles with a glyph, and bare cells. */
export type Density = 0 | 1 | 2;

export interface Ratchet {
  zoneRows: number;
  slotRows: number;
  density: Density;
}

export const LOOSE: Ratchet = { zoneRows: 2, slotRows: 3, density: 0 };

export interface CardPlace { card: Card; rect: Rect }
export interface ZonePlace { zone: Zone; rect: Rect; cards: CardPlace[]; more: number }
/** `line` counts rows of racks from the shore; the cable of a later line comes down the gutter at `gutter`. */
export interface RackPlace { node: NodeRow; rect: Rect; slots: Rect[]; line: number; gutter: number }
export interface TilePlace { pod: PodRow; rect: Rect; plinth: boolean }
export interface ChipPlace { component: ComponentRow; label: string; rect: Rect }

export interface ControlPlace {
  panel: Rect;
  you: Rect;
  api: Rect;
  etcd: Rect;
  scheduler: Rect;
  queue: Rect;
  controllers: Rect;
  chips: ChipPlace[];
  moreChips: number;
  /** The rows behind the boxes; null until the table has come. */
  parts: Record<"apiserver" | "etcd" | "scheduler" | "manager", ComponentRow | null>;
}

export interface LanePlace {
  trunk: string;
  pill: Rect;
  /** One line per pod that gets traffic; the ends are where its arrow points. */
  ready: { uid: string; path: string }[];
  cut: { uid: string; path: string; mark: [number, number] }[];
}

export interface StoragePlace {
  label: [number, number];
  cards: { uid: string; kind: string; name: string; sub: string; rect: Rect }[];
  disks: { uid: string | null; name: string; sub: string; rect: Rect }[];
  rack: Rect;
  links: string[];
}

export interface QuayLayout {
  width: number;
  height: number;
  waterline: number;
  /** The watch bus: along the bottom of the control plane, down at `x`, back above the racks at `y`. */
  bus: { top: number; x: number; y: number };
  control: ControlPlace;
  zones: ZonePlace[];
  racks: RackPlace[];
  tiles: Map<string, TilePlace>;
  queued: TilePlace[];
  queuedMore: number;
  lane: LanePlace | null;
  storage: StoragePlace | null;
  density: Density;
  ratchet: Ratchet;
}

export interface LayoutOptions {
  /** Width of the stage in CSS pixels; the quay uses it between its own limits. */
  width: number;
  ratchet: Ratchet;
}

const LEAST_WIDTH = 1088;
const MOST_WIDTH = 1600;
const MARGIN = 16;
const ZONE_TOP = 154;
const ZONE_HEAD = 28;
const CARD = { h: 50, pitch: 58, pad: 12, gap: 10, laneGap: 26, least: 92, narrowest: 72, most: 196 };
const MOST_CARD_ROWS = 6;
const RACK = { gap: 13, head: 47, foot: 7, plinth: 41.5, inset: 11.5 };
/** Pitch and height of a labelled tile; where there is room it is up to `stretch` times as wide. */
const TILE = { w: 68.5, h: 32, dx: 73.5, dy: 36.5, stretch: 1.4 };
const SHORE = 13;
const BERTH_ABOVE_RACKS = 29;
const STORAGE_WIDTH = 146;
const STORAGE_GAP = 29;

/** Slots of one density: how many share a labelled tile's width, and their height and pitch. */
const DENSITIES: Record<Density, { across: number; h: number; dy: number; mostRows: number }> = {
  0: { across: 1, h: TILE.h, dy: TILE.dy, mostRows: 5 },
  1: { across: 2, h: 19, dy: 22.5, mostRows: 8 },
  2: { across: 4, h: 11, dy: 13.5, mostRows: 15 },
};

export function layoutQuay(model: SceneModel, berths: Berths, { width, ratchet }: LayoutOptions): QuayLayout {
  const chart = Math.min(MOST_WIDTH, Math.max(LEAST_WIDTH, Math.round(width)));
  const hasStorage = model.volumes.length > 0 || model.classes.length > 0;
  const right = hasStorage ? chart - MARGIN - STORAGE_WIDTH - STORAGE_GAP + 3 : chart - 32;
  const control = placeControl(model, chart);
  const { zones, bottom, zoneRows } = placeZones(model.zones, { left: MARGIN, right, least: ratchet.zoneRows });
  const waterline = bottom + SHORE;
  const quay = placeRacks(model, berths, { top: waterline + BERTH_ABOVE_RACKS, right: hasStorage ? right : chart - MARGIN, ratchet });
  const bus = { top: 134, x: right + 12, y: waterline + 9 };
  const queue = placeQueue(model.queued, control.queue);
  const height = Math.max(quay.bottom, waterline + 227) + 8;
  return {
    width: chart, height, waterline, bus, control, zones, ...queue,
    racks: quay.racks, tiles: quay.tiles, density: quay.density,
    lane: placeLane(model, { zones, racks: quay.racks, tiles: quay.tiles, waterline, density: quay.density }),
    storage: hasStorage ? placeStorage(model, zones, { x: chart - MARGIN - STORAGE_WIDTH, waterline, bus: bus.x, rackHeight: quay.racks[0]?.rect.h ?? 198 }) : null,
    ratchet: { zoneRows, slotRows: quay.slotRows, density: quay.density },
  };
}

/* ── control plane ── */

function placeControl(model: SceneModel, chart: number): ControlPlace {
  const extra = chart - LEAST_WIDTH;
  const shift = Math.round(extra * 0.35);
  const scheduler = { x: 538 + shift, y: 70, w: 204 + Math.round(extra * 0.15), h: 60 };
  const controllers = { x: scheduler.x + scheduler.w + 34, y: 70, w: chart - 28 - (scheduler.x + scheduler.w + 34), h: 60 };
  return {
    panel: { x: 140, y: 46, w: chart - MARGIN - 140, h: 94 },
    you: { x: 16, y: 70, w: 96, h: 60 },
    api: { x: 160, y: 70, w: 148, h: 60 },
    etcd: { x: 376 + Math.round(shift / 2), y: 70, w: 116, h: 60 },
    scheduler,
    queue: { x: scheduler.x + 84, y: 76, w: scheduler.w - 91, h: 48 },
    controllers,
    ...placeChips(inChipOrder(model.components.filter(isController)), controllers),
    parts: {
      apiserver: model.components.find(({ part }) => part === "apiserver") ?? null,
      etcd: model.components.find(({ part }) => part === "etcd") ?? null,
      scheduler: model.components.find(({ part }) => part === "scheduler") ?? null,
      manager: model.components.find(({ name }) => name === "kube-controller-manager") ?? null,
    },
  };
}

function isController({ part, name }: ComponentRow): boolean {
  return part === "controller" && name !== "kube-controller-manager";
}

/** Controllers a learner meets first come first; the words are what fits on a chip. */
const CHIP_WORDS: Record<string, string> = {
  deployment: "Deployment", replicaset: "ReplicaSet", "node-lifecycle": "Node", endpointslice: "EndpointSlice", "taint-eviction": "Eviction",
  statefulset: "StatefulSet", daemonset: "DaemonSet", job: "Job", cronjob: "CronJob", namespace: "Namespace", "garbage-collector": "Garbage",
  serviceaccount: "Account", endpoints: "Endpoints", "pod-garbage-collector": "Pod garbage", replication: "Replication", "root-ca-certificate-publisher": "Root CA",
};
const CHIP_ORDER = Object.keys(CHIP_WORDS);

function stemOf(name: string): string {
  return name.replace(/-controller$/, "");
}

export function chipLabel(name: string): string {
  const stem = stemOf(name);
  return CHIP_WORDS[stem] ?? stem.charAt(0).toUpperCase() + stem.slice(1);
}

function inChipOrder(components: ComponentRow[]): ComponentRow[] {
  const rank = ({ name }: ComponentRow) => (CHIP_ORDER.indexOf(stemOf(name)) + CHIP_ORDER.length + 1) % (CHIP_ORDER.length + 1);
  return [...components].sort((a, b) => rank(a) - rank(b));
}

function placeChips(components: ComponentRow[], box: Rect): { chips: ChipPlace[]; moreChips: number } {
  const width = (label: string) => label.length * 5.6 + 11;
  const total = components.reduce((sum, component) => sum + width(chipLabel(component.name)) + 5, 0);
  const twoRows = total > box.w - 22;
  const lines = twoRows ? [box.y + 20, box.y + 39] : [box.y + 28];
  const chips: ChipPlace[] = [];
  let [line, x] = [0, box.x + 10];
  for (const component of components) {
    const label = chipLabel(component.name);
    if (x + width(label) > box.x + box.w - 10) [line, x] = [line + 1, box.x + 10];
    const y = lines[line];
    if (y === undefined) break;
    chips.push({ component, label, rect: { x, y, w: width(label), h: twoRows ? 16 : 20 } });
    x += width(label) + 5;
  }
  return { chips, moreChips: components.length - chips.length };
}

function placeQueue(queued: PodRow[], { x, y, w }: Rect): { queued: TilePlace[]; queuedMore: number } {
  const room = Math.max(1, Math.floor((w - 30) / (TILE.w + 5)));
  const shown = queued.slice(0, room);
  return {
    queued: shown.map((pod, i) => ({ pod, plinth: false, rect: { x: x + 6 + i * (TILE.w + 5), y: y + 8, w: TILE.w, h: TILE.h } })),
    queuedMore: queued.length - shown.length,
  };
}

/* ── zones ── */

const GROUPS: CardGroup[] = ["entry", "service", "workload", "claim"];

interface Column { cards: Card[]; hasServices: boolean }

function columnsOf(zone: Zone, perColumn: number): Column[] {
  const full = GROUPS.flatMap((group) => chunks(zone.cards.filter((card) => card.group === group), perColumn)
    .map((cards) => ({ cards, hasServices: group === "service" })));
  return full.length > 0 ? full : [{ cards: [], hasServices: false }];
}

function chunks<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size));
}

/** A lone column must carry its zone's name, two may share it, more are read as a table: relative widths. */
function columnWeight(columns: number): number {
  return columns === 1 ? 1.3 : columns === 2 ? 0.8 : 1.04;
}

interface ZoneRoom { left: number; right: number; least: number }

function placeZones(zones: Zone[], room: ZoneRoom): { zones: ZonePlace[]; bottom: number; zoneRows: number } {
  let zoneRows = Math.max(2, Math.min(room.least, MOST_CARD_ROWS));
  while (zoneRows < MOST_CARD_ROWS && columnUnit(zones, zoneRows, room) < CARD.least) zoneRows += 1;
  const unit = Math.max(CARD.least, columnUnit(zones, zoneRows, room));
  const height = ZONE_HEAD + zoneRows * CARD.pitch + 2;
  const placed: ZonePlace[] = [];
  let x = room.left;
  for (const zone of zones) {
    const place = placeZone(zone, { x, zoneRows, unit, height, right: room.right });
    if (x + place.rect.w > room.right + 1 && placed.length > 0) break;
    placed.push(place);
    x += place.rect.w + 12;
  }
  return { zones: placed, bottom: ZONE_TOP + height, zoneRows };
}

/** Width of a column of weight 1 when all zones share the room. */
function columnUnit(zones: Zone[], perColumn: number, { left, right }: ZoneRoom): number {
  let fixed = 12 * Math.max(0, zones.length - 1);
  let weight = 0;
  for (const zone of zones) {
    const columns = columnsOf(zone, perColumn);
    fixed += 2 * CARD.pad + gapsOf(columns).reduce((sum, gap) => sum + gap, 0);
    weight += columns.length * columnWeight(columns.length);
  }
  return Math.min(CARD.most, (right - left - fixed) / Math.max(weight, 1));
}

/** Space after each column but the last: wide beside services, where the traffic trunk goes down. */
function gapsOf(columns: Column[]): number[] {
  return columns.slice(0, -1).map((column, i) => (column.hasServices || columns[i + 1]!.hasServices ? CARD.laneGap : CARD.gap));
}

function placeZone(zone: Zone, at: { x: number; zoneRows: number; unit: number; height: number; right: number }): ZonePlace {
  const columns = columnsOf(zone, at.zoneRows);
  const gaps = gapsOf(columns);
  const w = Math.max(CARD.narrowest, at.unit * columnWeight(columns.length));
  const cards: CardPlace[] = [];
  let x = at.x + CARD.pad;
  let more = 0;
  columns.forEach((column, i) => {
    if (x + w + CARD.pad > at.right + 1 && i > 0) more += column.cards.length;
    else {
      column.cards.forEach((card, k) => cards.push({ card, rect: { x, y: ZONE_TOP + ZONE_HEAD + k * CARD.pitch, w, h: CARD.h } }));
      x += w + (gaps[i] ?? 0);
    }
  });
  return { zone, rect: { x: at.x, y: ZONE_TOP, w: Math.min(x + CARD.pad, at.right) - at.x, h: at.height }, cards, more };
}

/* ── racks ── */

interface QuayRoom { top: number; right: number; ratchet: Ratchet }
interface PlacedRacks { racks: RackPlace[]; tiles: Map<string, TilePlace>; bottom: number; slotRows: number; density: Density }

function placeRacks(model: SceneModel, berths: Berths, { top, right, ratchet }: QuayRoom): PlacedRacks {
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

/* ── traffic ── */

interface LaneRoom { zones: ZonePlace[]; racks: RackPlace[]; tiles: Map<string, TilePlace>; waterline: number; density: Density }

function placeLane(model: SceneModel, room: LaneRoom): LanePlace | null {
  const lane = model.lane;
  if (!lane) return null;
  const card = room.zones.flatMap(({ cards }) => cards).find((place) => place.card.uid === lane.service.uid)?.rect;
  if (!card) return null;
  const x = card.x + card.w + 13;
  const knot = room.waterline - 7;
  const pill = { x: x - 61, y: room.waterline - 16, w: 122, h: 19 };
  const trunk = `M${card.x + card.w} ${card.y + 25}h5q8 0 8 8V${knot}`;
  const line = (pod: PodRow) => lanePath(room, pod, x, knot);
  return {
    trunk,
    pill,
    ready: lane.ready.flatMap((pod) => { const path = line(pod); return path ? [{ uid: pod.uid, path: path.d }] : []; }),
    cut: lane.cut.flatMap((pod) => { const path = line(pod); return path ? [{ uid: pod.uid, path: path.stub, mark: path.mark }] : []; }),
  };
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

/* ── storage ── */

function placeStorage(model: SceneModel, zones: ZonePlace[], { x, waterline, bus, rackHeight }: { x: number; waterline: number; bus: number; rackHeight: number }): StoragePlace {
  const room = Math.max(1, Math.floor((waterline - SHORE - ZONE_TOP - ZONE_HEAD) / CARD.pitch));
  const all = [...model.classes.map((row) => ({ row, kind: "StorageClass" })), ...model.volumes.map((row) => ({ row, kind: "PersistentVolume" }))];
  const cards = all.slice(0, room).map(({ row, kind }, i) => ({
    uid: row.uid, kind, name: row.name, sub: [row.size, row.note].filter(Boolean).join(" · "),
    rect: { x, y: ZONE_TOP + ZONE_HEAD + i * CARD.pitch, w: STORAGE_WIDTH, h: CARD.h },
  }));
  const rack = { x, y: waterline + BERTH_ABOVE_RACKS, w: STORAGE_WIDTH, h: rackHeight };
  const berthsForDisks = Math.max(1, Math.floor((rackHeight - 36) / 53));
  const disks = Array.from({ length: berthsForDisks }, (_, i) => {
    const volume = model.volumes[i];
    const rect = { x: x + 12, y: rack.y + 36 + i * 53, w: STORAGE_WIDTH - 24, h: 46 };
    return volume ? { uid: volume.uid, name: volume.name, sub: volume.size, rect } : { uid: null, name: "free", sub: "", rect };
  });
  return { label: [x, ZONE_TOP + 14], cards, disks, rack, links: storageLinks(zones, cards, { bus, waterline, rack }) };
}

/** Claim to volume: down the gap beside the zones, along the shore over the cable, up to the volume; volume to disk: straight down. */
function storageLinks(zones: ZonePlace[], cards: StoragePlace["cards"], { bus, waterline, rack }: { bus: number; waterline: number; rack: Rect }): string[] {
  const volume = cards.find(({ kind }) => kind === "PersistentVolume");
  if (!volume) return [];
  const claims = zones.flatMap(({ cards: placed, rect }) => placed.filter(({ card }) => card.kind === "PersistentVolumeClaim").map(({ rect: claim }) => ({ claim, zone: rect })));
  const shore = waterline - 7;
  const over = (volume.rect.x + bus) / 2 + 4;
  const links = claims.slice(0, 1).map(({ claim, zone }) => {
    const gap = zone.x + zone.w + 6;
    return `M${claim.x + claim.w} ${claim.y + 25}H${gap - 6}q6 0 6 6V${shore - 6}q0 6 6 6H${bus - 6}q6 -8 12 0H${over - 4}q4 0 4 -6V${volume.rect.y + 31}q0 -6 ${volume.rect.x - over} -6`;
  });
  return [...links, `M${volume.rect.x + STORAGE_WIDTH / 2} ${volume.rect.y + CARD.h}V${rack.y + 36}`];
}

