/**
 * The view of one pod: who declared it, where it runs, and what reaches it.
 *
 * Promise: pure. The selected pod, else the first pod of the selected object, else the newest pod; with the chain of owners above the
 * waterline and services and node below. Empty when the cluster has no pod.
 */
import { lookUp, table, type ClusterState } from "../protocol/store";
import type { NodeRow, PodRow, Row, ServiceRow } from "../protocol/shapes";
import type { Rect } from "./measures";
import { inOrder, isQueued, topOwner } from "./model";

export interface FocusCard { uid: string; kind: string; name: string; sub: string; rect: Rect }
export interface FocusLayout {
  width: number;
  height: number;
  waterline: number;
  pod: PodRow | null;
  box: Rect;
  owners: FocusCard[];
  services: FocusCard[];
  node: { row: NodeRow | null; rect: Rect };
}

const BOX: Rect = { x: 344, y: 290, w: 400, h: 190 };

export function layoutFocus(state: ClusterState, selected: string | null): FocusLayout {
  const pod = focusedPod(state, selected);
  const owners = pod ? ownerChain(state, pod) : [];
  const services = pod ? inOrder([...table(state, "Service").values()]).filter(({ endpoints, notReady }) => endpoints.includes(pod.uid) || notReady.includes(pod.uid)) : [];
  const left = 544 - (owners.length * 200 - 40) / 2;
  return {
    width: 1088, height: 548, waterline: 220, pod, box: BOX,
    owners: owners.map(({ kind, row }, i) => ({ uid: row.uid, kind, name: row.name, sub: countOf(row), rect: { x: left + i * 200, y: 110, w: 160, h: 50 } })),
    services: services.slice(0, 3).map((row, i) => ({ uid: row.uid, kind: "Service", name: row.name, sub: serviceState(row, pod!), rect: { x: 60, y: 300 + i * 66, w: 170, h: 50 } })),
    node: { row: pod ? [...table(state, "Node").values()].find(({ name }) => name === pod.node) ?? null : null, rect: { x: 300, y: 252, w: 488, h: 262 } },
  };
}

/** The part of the chart where something stands. */
export function focusContent({ owners, services, node }: FocusLayout): Rect {
  const rects = [...owners, ...services, node].map(({ rect }) => rect);
  const [left, right] = [Math.min(...rects.map(({ x }) => x)) - 12, Math.max(...rects.map(({ x, w }) => x + w)) + 12];
  return { x: left, y: 96, w: right - left, h: node.rect.y + node.rect.h - 96 };
}

function focusedPod(state: ClusterState, selected: string | null): PodRow | null {
  const pods = table(state, "Pod");
  const own = selected === null ? undefined : pods.get(selected);
  if (own) return own;
  const list = inOrder([...pods.values()]);
  const related = selected === null ? undefined : list.find((pod) => pod.owner === selected || topOwner(state, pod) === selected || isOn(state, pod, selected));
  return related ?? list.filter((pod) => !isQueued(pod)).at(-1) ?? list.at(-1) ?? null;
}

function isOn(state: ClusterState, pod: PodRow, uid: string): boolean {
  return table(state, "Node").get(uid)?.name === pod.node || table(state, "Service").get(uid)?.endpoints.includes(pod.uid) === true;
}

/** From the one a person declared down to the pod's own owner. */
function ownerChain(state: ClusterState, pod: PodRow): { kind: string; row: Row }[] {
  const chain: { kind: string; row: Row }[] = [];
  let uid = pod.owner;
  while (uid !== "" && chain.length < 4) {
    const found = lookUp(state, uid);
    if (!found) break;
    chain.unshift(found);
    uid = (found.row as { owner?: string }).owner ?? "";
  }
  return chain;
}

function countOf(row: Row): string {
  const { want, ready } = row as { want?: number; ready?: number };
  return want === undefined ? "" : `${ready ?? 0} of ${want} ready`;
}

function serviceState(service: ServiceRow, pod: PodRow): string {
  return service.endpoints.includes(pod.uid) ? "sends traffic here" : "waits until it is ready";
}
