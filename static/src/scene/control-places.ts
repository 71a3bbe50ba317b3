/**
 * Where the parts of the control plane stand: you, API server, etcd, scheduler with its queue, and a chip for each controller.
 *
 * Promise: pure. What a learner meets first has a chip first; what finds no room is counted, not drawn.
 */
import type { ComponentRow, PodRow } from "../protocol/shapes";
import { LEAST_WIDTH, MARGIN, TILE, type Rect } from "./measures";
import type { SceneModel } from "./model";
import type { Density, TilePlace } from "./rack-places";

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

export function placeControl(model: SceneModel, chart: number): ControlPlace {
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
    ...placeChips(model, controllers),
    parts: placeParts(model),
  };
}

export function placeParts({ components }: SceneModel): ControlPlace["parts"] {
  const find = (part: string) => components.find((row) => row.part === part) ?? null;
  return { apiserver: find("apiserver"), etcd: find("etcd"), scheduler: find("scheduler"), manager: components.find(({ name }) => name === "kube-controller-manager") ?? null };
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

/** Chips in rows, as many as the box is high; in a low box that has room for all in one row they are larger. */
export function placeChips(model: SceneModel, box: Rect): { chips: ChipPlace[]; moreChips: number } {
  const components = inChipOrder(model.components.filter(isController));
  const width = (label: string) => label.length * 5.6 + 11;
  const total = components.reduce((sum, component) => sum + width(chipLabel(component.name)) + 5, 0);
  const inRows = total > box.w - 22;
  const lines = inRows ? Array.from({ length: Math.floor((box.h - 22) / 19) }, (_, i) => box.y + 20 + i * 19) : [box.y + 28];
  const chips: ChipPlace[] = [];
  let [line, x] = [0, box.x + 10];
  for (const component of components) {
    const label = chipLabel(component.name);
    if (x + width(label) > box.x + box.w - 10) [line, x] = [line + 1, box.x + 10];
    const y = lines[line];
    if (y === undefined) break;
    chips.push({ component, label, rect: { x, y, w: width(label), h: inRows ? 16 : 20 } });
    x += width(label) + 5;
  }
  return { chips, moreChips: components.length - chips.length };
}

/** Cells of a queue that is too long for labels. */
const CELL = { w: 16, h: 13, dx: 18.5, dy: 15.5, rows: 3 };
const MORE_ROOM = 34;

/** The first of the queue with their names; a long queue as cells with their sign, and the number of the rest. */
export function placeQueue(queued: PodRow[], { x, y, w }: Rect): { queued: TilePlace[]; queuedMore: number; queueDensity: Density } {
  const labelled = Math.max(1, Math.floor((w - 12) / (TILE.w + 5)));
  if (queued.length <= labelled) {
    const tiles = queued.map((pod, i) => ({ pod, plinth: false, rect: { x: x + 6 + i * (TILE.w + 5), y: y + 8, w: TILE.w, h: TILE.h } }));
    return { queued: tiles, queuedMore: 0, queueDensity: 0 };
  }
  const columns = Math.max(1, Math.floor((w - MORE_ROOM) / CELL.dx));
  const cells = queued.slice(0, columns * CELL.rows).map((pod, i) => ({
    pod, plinth: false, rect: { x: x + 5 + Math.floor(i / CELL.rows) * CELL.dx, y: y + 2 + (i % CELL.rows) * CELL.dy, w: CELL.w, h: CELL.h },
  }));
  return { queued: cells, queuedMore: queued.length - cells.length, queueDensity: 2 };
}
