/**
 * What the stage shows, derived from the tables: nodes with their pods, namespaces with their cards, the queue, the storage.
 *
 * Promise: pure and deterministic; one state gives one model. Everything is in a total order (creation, then name), so nothing
 * changes place because a map was filled differently. Positions are the layout's business, colours the drawing's.
 */
import { rows, table, type ClusterState } from "../protocol/store";
import type { ComponentRow, IngressRow, NodeRow, NotedRow, Phase, PodRow, Row, ServiceRow, WorkloadRow } from "../protocol/shapes";

/** Objects every namespace gets from the system: true, and noise on a diagram. The outline lists them. */
const BACKGROUND = new Set(["ConfigMap/kube-root-ca.crt", "ConfigMap/cluster-info"]);
const API_SERVICE = "default/kubernetes";
const SYSTEM = /^kube-/;

export type CardGroup = "entry" | "service" | "workload" | "claim";

export interface Card {
  uid: string;
  kind: string;
  name: string;
  ns: string;
  created: number;
  group: CardGroup;
  /** Shown under the name when the card has no pods to count. */
  sub: string;
  /** One phase a pod, and how many are still missing; null for cards that own no pods. */
  pips: { phases: Phase[]; missing: number; count: string } | null;
}

export interface Zone {
  uid: string;
  name: string;
  tint: 1 | 2 | 3;
  cards: Card[];
}

export interface Lane {
  service: ServiceRow;
  zone: string;
  ready: PodRow[];
  /** Selected by the service, on a node, and not ready: the lane is cut. */
  cut: PodRow[];
}

export interface SceneModel {
  revision: number;
  components: ComponentRow[];
  nodes: NodeRow[];
  podsOf: ReadonlyMap<string, PodRow[]>;
  queued: PodRow[];
  zones: Zone[];
  tints: ReadonlyMap<string, 1 | 2 | 3>;
  lane: Lane | null;
  ingresses: IngressRow[];
  claims: NotedRow[];
  volumes: NotedRow[];
  classes: NotedRow[];
  pods: ReadonlyMap<string, PodRow>;
}

export function buildModel(state: ClusterState, focus: string | null): SceneModel {
  const pods = table(state, "Pod");
  const tints = tintsOf(rows(state, "Namespace"));
  return {
    revision: table(state, "Cluster").get("cluster")?.revision ?? 0,
    components: rows(state, "Component"),
    nodes: inOrder(rows(state, "Node")),
    podsOf: groupBy(inOrder([...pods.values()].filter((pod) => pod.node !== "")), (pod) => pod.node),
    queued: inOrder([...pods.values()].filter(isQueued)),
    zones: zonesOf(state, tints),
    tints,
    lane: laneOf(state, focus),
    ingresses: inOrder(rows(state, "Ingress")),
    claims: inOrder(rows(state, "PersistentVolumeClaim")),
    volumes: inOrder(rows(state, "PersistentVolume")),
    classes: rows(state, "PersistentVolume").length > 0 || rows(state, "PersistentVolumeClaim").length > 0 ? inOrder(rows(state, "StorageClass")) : [],
    pods,
  };
}

/** A static pod is named after its node, which says nothing on that node's own rack. */
export function tileWords({ name, app, tail, node }: PodRow): [string, string] {
  return node !== "" && name.endsWith(`-${node}`) ? [name.slice(0, -node.length - 1), "static"] : [app || name, tail];
}

export function isQueued(pod: PodRow): boolean {
  return pod.node === "" && pod.phase !== "Succeeded" && pod.phase !== "Failing";
}

const names = new Intl.Collator("en", { numeric: true });

/** By creation, then name, `worker2` before `worker10`: the order of everything on the stage. */
export function inOrder<T extends Row>(list: T[]): T[] {
  return list.sort((a, b) => a.created - b.created || names.compare(a.name, b.name) || compare(a.name, b.name) || compare(a.uid, b.uid));
}

/** The workload a person would name as a pod's owner: the Deployment rather than its ReplicaSet. */
export function topOwner(state: ClusterState, pod: PodRow): string {
  return table(state, "ReplicaSet").get(pod.owner)?.owner || pod.owner;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function groupBy<T>(list: readonly T[], key: (element: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const element of list) {
    const group = groups.get(key(element));
    if (group) group.push(element);
    else groups.set(key(element), [element]);
  }
  return groups;
}

/** System namespaces share one tint, the others alternate: the name is always beside it. */
export function tintsOf(namespaces: Row[]): Map<string, 1 | 2 | 3> {
  const tints = new Map<string, 1 | 2 | 3>();
  let own = 0;
  for (const { name } of inOrder(namespaces)) {
    if (SYSTEM.test(name)) tints.set(name, 3);
    else if (name === "default") tints.set(name, 1);
    else tints.set(name, own++ % 2 === 0 ? 1 : 2);
  }
  return tints;
}

function zonesOf(state: ClusterState, tints: ReadonlyMap<string, 1 | 2 | 3>): Zone[] {
  const cards = groupBy(cardsOf(state), (card) => card.ns);
  const namespaces = inOrder(rows(state, "Namespace"));
  const zones = namespaces.filter(({ name }) => cards.has(name)).map((row) => zone(row, cards.get(row.name) ?? [], tints));
  const own = zones.filter(({ name }) => !SYSTEM.test(name));
  const fallback = namespaces.find(({ name }) => name === "default");
  if (own.length === 0 && fallback) own.push(zone(fallback, [], tints));
  return [...own, ...zones.filter(({ name }) => SYSTEM.test(name))];
}

function zone(row: Row, cards: Card[], tints: ReadonlyMap<string, 1 | 2 | 3>): Zone {
  return { uid: row.uid, name: row.name, tint: tints.get(row.name) ?? 1, cards };
}

function cardsOf(state: ClusterState): Card[] {
  const owned = groupBy([...table(state, "Pod").values()], (pod) => topOwner(state, pod));
  const card = (kind: string, group: CardGroup, row: Row, shown: Partial<Card>): Card =>
    ({ uid: row.uid, kind, name: row.name, group, sub: "", pips: null, ns: row.ns, created: row.created, ...shown });
  const workload = (kind: string, group: CardGroup, row: WorkloadRow) => card(kind, group, row, { pips: pipsOf(row, owned.get(row.uid) ?? [], kind) });
  const keyed = (kind: "ConfigMap" | "Secret") => rows(state, kind)
    .filter((row) => !BACKGROUND.has(`${kind}/${row.name}`) && !SYSTEM.test(row.ns))
    .map((row) => card(kind, "entry", row, { sub: `${row.keys} ${row.keys === 1 ? "key" : "keys"}` }));
  const kinds: Card[][] = [
    rows(state, "Ingress").map((row) => card("Ingress", "entry", row, { sub: row.note })),
    [...keyed("ConfigMap"), ...keyed("Secret")],
    rows(state, "Service").filter(({ ns, name }) => `${ns}/${name}` !== API_SERVICE).map((row) => card("Service", "service", row, { sub: serviceText(row) })),
    rows(state, "StatefulSet").map((row) => workload("StatefulSet", "workload", row)),
    rows(state, "Deployment").map((row) => workload("Deployment", "workload", row)),
    rows(state, "DaemonSet").map((row) => workload("DaemonSet", "workload", row)),
    rows(state, "ReplicaSet").filter((row) => row.owner === "").map((row) => workload("ReplicaSet", "workload", row)),
    rows(state, "PersistentVolumeClaim").map((row) => card("PersistentVolumeClaim", "claim", row, { sub: row.size })),
    rows(state, "Job").map((row) => workload("Job", "claim", row)),
  ];
  return kinds.flatMap((list) => inOrder(list));
}

function serviceText({ ip, ports }: ServiceRow): string {
  const port = ports.split(",")[0] ?? "";
  return ip === "" || ip === "None" ? "headless" : port === "" ? ip : `${ip}:${port.split(/[:/]/)[0]}`;
}

function pipsOf(row: WorkloadRow, pods: PodRow[], kind: string): Card["pips"] {
  const phases = inOrder([...pods]).filter((pod) => pod.phase !== "Terminating" || kind === "DaemonSet").map((pod) => pod.phase);
  const counted = kind === "Job" ? phases.filter((phase) => phase === "Succeeded").length : row.ready;
  return { phases, missing: Math.max(0, row.want - phases.length), count: `${counted}/${row.want}` };
}

/** The service whose traffic is drawn: of the selected object, else one open to the outside, else the largest. */
function laneOf(state: ClusterState, focus: string | null): Lane | null {
  const services = inOrder(rows(state, "Service"));
  const service = focusedService(state, services, focus) ?? leadService(services);
  if (!service) return null;
  const pods = table(state, "Pod");
  const find = (uids: readonly string[]) => uids.map((uid) => pods.get(uid)).filter((pod) => pod !== undefined && pod.node !== "") as PodRow[];
  return { service, zone: service.ns, ready: find(service.endpoints), cut: find(service.notReady) };
}

function focusedService(state: ClusterState, services: ServiceRow[], focus: string | null): ServiceRow | undefined {
  if (focus === null) return undefined;
  const pods = table(state, "Pod");
  return services.find((service) => service.uid === focus) ?? services.find((service) =>
    [...service.endpoints, ...service.notReady].some((uid) => uid === focus || ownerIs(state, pods.get(uid), focus)));
}

function ownerIs(state: ClusterState, pod: PodRow | undefined, uid: string): boolean {
  return pod !== undefined && (pod.owner === uid || topOwner(state, pod) === uid);
}

function leadService(services: ServiceRow[]): ServiceRow | undefined {
  const candidates = services.filter(({ ns, endpoints, notReady }) => !SYSTEM.test(ns) && endpoints.length + notReady.length > 0);
  const size = ({ endpoints, notReady }: ServiceRow) => endpoints.length + notReady.length;
  return candidates.find(({ type }) => type !== "ClusterIP") ?? [...candidates].sort((a, b) => size(b) - size(a))[0];
}
