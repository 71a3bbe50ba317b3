/**
 * The view by namespace: one panel for each, every workload with its pods beside it, whatever node they run on.
 *
 * Promise: pure. A row per workload in the order of the model; pods in order of creation, wrapped; loose pods last. The width is
 * given, the height follows.
 */
import type { ClusterState } from "../protocol/store";
import { table } from "../protocol/store";
import type { PodRow } from "../protocol/shapes";
import type { Rect } from "./measures";
import { inOrder, topOwner, type Card, type SceneModel, type Zone } from "./model";

/** `more` pods found no room; the outline has them all. */
export interface NamespaceRowPlace { card: Card | null; rect: Rect; pods: { pod: PodRow; rect: Rect }[]; more: number }
export interface NamespacePlace { zone: Zone; rect: Rect; rows: NamespaceRowPlace[]; loose: { card: Card; rect: Rect }[] }
export interface NamespacesLayout { width: number; height: number; places: NamespacePlace[] }

const LEAST_WIDTH = 420;
const MARGIN = 16;
const CARD = { w: 150, h: 50, gap: 10 };
const TILE = { w: 92, h: 32, dx: 98, dy: 38 };
/** Tiles drawn for one workload at most: a picture of hundreds is the fleet's task. */
const MOST_TILES = 40;

export function layoutNamespaces(model: SceneModel, state: ClusterState, width: number): NamespacesLayout {
  const w = Math.max(LEAST_WIDTH, Math.round(width)) - 2 * MARGIN;
  const owned = podsByOwner(state);
  const places: NamespacePlace[] = [];
  let y = 54;
  for (const zone of model.zones) {
    const place = placeNamespace(zone, owned, { x: MARGIN, y, w });
    places.push(place);
    y += place.rect.h + 14;
  }
  return { width: w + 2 * MARGIN, height: Math.max(y, 300), places };
}

function podsByOwner(state: ClusterState): Map<string, PodRow[]> {
  const owned = new Map<string, PodRow[]>();
  for (const pod of inOrder([...table(state, "Pod").values()])) {
    const key = topOwner(state, pod) || `loose/${pod.ns}`;
    const list = owned.get(key);
    if (list) list.push(pod);
    else owned.set(key, [pod]);
  }
  return owned;
}

function placeNamespace(zone: Zone, owned: Map<string, PodRow[]>, { x, y, w }: { x: number; y: number; w: number }): NamespacePlace {
  const workloads = zone.cards.filter(({ pips }) => pips !== null);
  const others = zone.cards.filter(({ pips }) => pips === null);
  const perLine = Math.max(1, Math.floor((w - 24 + CARD.gap) / (CARD.w + CARD.gap)));
  const loose = others.map((card, i) => ({ card, rect: { x: x + 12 + (i % perLine) * (CARD.w + CARD.gap), y: y + 28 + Math.floor(i / perLine) * (CARD.h + 8), w: CARD.w, h: CARD.h } }));
  let top = y + 28 + Math.ceil(others.length / perLine) * (CARD.h + 8);
  const rows: NamespaceRowPlace[] = [];
  const add = (card: Card | null, pods: PodRow[]) => {
    const row = placeRow(card, pods, { x: x + 12, y: top, w: w - 24 });
    rows.push(row);
    top += row.rect.h + 8;
  };
  for (const card of workloads) add(card, owned.get(card.uid) ?? []);
  const strays = owned.get(`loose/${zone.name}`) ?? [];
  if (strays.length > 0) add(null, strays);
  return { zone, rect: { x, y, w, h: Math.max(60, top - y + 4) }, rows, loose };
}

function placeRow(card: Card | null, pods: PodRow[], { x, y, w }: { x: number; y: number; w: number }): NamespaceRowPlace {
  const left = x + CARD.w + 14;
  const perLine = Math.max(1, Math.floor((x + w - left) / TILE.dx));
  const shown = pods.slice(0, MOST_TILES);
  const placed = shown.map((pod, i) => ({ pod, rect: { x: left + (i % perLine) * TILE.dx, y: y + 9 + Math.floor(i / perLine) * TILE.dy, w: TILE.w, h: TILE.h } }));
  const h = Math.max(CARD.h, Math.ceil(shown.length / perLine) * TILE.dy + (pods.length > shown.length ? 26 : 12));
  return { card, rect: { x, y, w: CARD.w, h }, pods: placed, more: pods.length - shown.length };
}
