/**
 * The outline's content: everything on the stage, as a tree of words.
 *
 * Promise: pure; children are made only when asked for, so a cluster of a thousand nodes costs a thousand rows only when somebody opens
 * "Nodes", and its pods only node by node. Ids are stable: an object's uid, prefixed by where it is listed.
 */
import { lookUp, rows, table, type ClusterState } from "../protocol/store";
import { PHASES } from "../draw/glyphs";
import { inOrder, isQueued } from "../scene/model";
import type { NodeRow, Phase, PodRow, Row, ServiceRow, Tables, WorkloadRow } from "../protocol/shapes";

export interface Branch {
  id: string;
  uid: string | null;
  label: string;
  phase: Phase | null;
  /** Null for a leaf; the count is known before the children are made. */
  children: { count: number; make(): Branch[] } | null;
}

const LISTED = ["Deployment", "StatefulSet", "DaemonSet", "Job", "ReplicaSet", "Service", "Ingress", "ConfigMap", "Secret", "PersistentVolumeClaim"] as const;

export function outline(state: ClusterState): Branch[] {
  const pods = [...table(state, "Pod").values()];
  const queued = inOrder(pods.filter(isQueued));
  const groups: Branch[] = [
    group("control", "Control plane", rows(state, "Component").length, () => rows(state, "Component").map((row) => leaf("control", row, `${row.name}, ${row.up ? "up" : "stopped"}`))),
    group("nodes", `Nodes, ${plural(table(state, "Node").size, "node")}`, table(state, "Node").size, () => nodeBranches(state, pods)),
  ];
  if (queued.length > 0) groups.push(group("queue", `Waiting for a node, ${plural(queued.length, "pod")}`, queued.length, () => queued.map((pod) => podBranch("queue", pod))));
  groups.push(group("namespaces", "Namespaces", table(state, "Namespace").size, () => inOrder(rows(state, "Namespace")).map((row) => namespaceBranch(state, row))));
  const storage = [...inOrder(rows(state, "StorageClass")).map((row) => named("storage", "StorageClass", row)), ...inOrder(rows(state, "PersistentVolume")).map((row) => named("storage", "PersistentVolume", row))];
  if (storage.length > 0) groups.push(group("storage", "Storage", storage.length, () => storage));
  return groups;
}

function group(id: string, label: string, count: number, make: () => Branch[]): Branch {
  return { id, uid: null, label, phase: null, children: count > 0 ? { count, make } : null };
}

function leaf(where: string, row: Row, label: string): Branch {
  return { id: `${where}/${row.uid}`, uid: row.uid, label, phase: null, children: null };
}

function nodeBranches(state: ClusterState, pods: PodRow[]): Branch[] {
  const byNode = new Map<string, PodRow[]>();
  for (const pod of pods) {
    const list = byNode.get(pod.node);
    if (list) list.push(pod);
    else byNode.set(pod.node, [pod]);
  }
  return inOrder(rows(state, "Node")).map((node) => {
    const own = byNode.get(node.name) ?? [];
    return { ...group(`nodes/${node.uid}`, nodeWords(node, own.length), own.length, () => inOrder([...own]).map((pod) => podBranch(`nodes/${node.uid}`, pod))), uid: node.uid };
  });
}

export function nodeWords(node: NodeRow, pods: number): string {
  const state = node.ready === "True" ? "ready" : "not ready";
  return `${node.name}, ${state}${node.cordoned ? ", cordoned" : ""}${node.power ? "" : ", no power"}, ${plural(pods, "pod")}`;
}

export function podWords(pod: PodRow): string {
  const status = pod.status && pod.status !== PHASES[pod.phase].words ? ` (${pod.status})` : "";
  return `${pod.name}, ${PHASES[pod.phase].words.toLowerCase()}${status}, ${pod.ready[0]} of ${pod.ready[1]} ready${pod.why ? `: ${pod.why}` : ""}`;
}

function podBranch(where: string, pod: PodRow): Branch {
  return { id: `${where}/${pod.uid}`, uid: pod.uid, label: `Pod ${podWords(pod)}`, phase: pod.phase, children: null };
}

function namespaceBranch(state: ClusterState, namespace: Row): Branch {
  const listed = LISTED.map((kind) => ({ kind, found: inOrder(([...table(state, kind).values()] as Tables[typeof kind][]).filter(({ ns }) => ns === namespace.name)) })).filter(({ found }) => found.length > 0);
  const pods = [...table(state, "Pod").values()].filter(({ ns }) => ns === namespace.name);
  const id = `namespaces/${namespace.uid}`;
  const make = () => [
    ...listed.map(({ kind, found }) => group(`${id}/${kind}`, `${kind}, ${found.length}`, found.length, () => found.map((row) => objectBranch(state, `${id}/${kind}`, { kind, row })))),
    ...(pods.length > 0 ? [group(`${id}/Pod`, `Pod, ${pods.length}`, pods.length, () => inOrder(pods).map((pod) => podBranch(`${id}/Pod`, pod)))] : []),
  ];
  return { ...group(id, `${namespace.name}, ${plural(pods.length, "pod")}`, listed.length + (pods.length > 0 ? 1 : 0), make), uid: namespace.uid };
}

function objectBranch(state: ClusterState, where: string, { kind, row }: { kind: string; row: Row }): Branch {
  const own = ownPods(state, kind, row);
  const base = named(where, kind, row);
  if (own.length === 0) return base;
  return { ...group(base.id, base.label, own.length, () => own.map((pod) => podBranch(base.id, pod))), uid: row.uid };
}

function ownPods(state: ClusterState, kind: string, row: Row): PodRow[] {
  const pods = table(state, "Pod");
  if (kind === "Service") return (row as ServiceRow).endpoints.map((uid) => pods.get(uid)).filter((pod) => pod !== undefined) as PodRow[];
  return inOrder([...pods.values()].filter((pod) => pod.owner === row.uid));
}

function named(where: string, kind: string, row: Row): Branch {
  const { want, ready, endpoints, keys, phase } = row as Partial<WorkloadRow & ServiceRow & { keys: number; phase: string }>;
  const detail = want !== undefined ? `, ${ready ?? 0} of ${want} ready`
    : endpoints !== undefined ? `, traffic to ${plural(endpoints.length, "pod")}`
    : keys !== undefined ? `, ${plural(keys, "key")}`
    : phase ? `, ${phase}` : "";
  return leaf(where, row, `${kind} ${row.name}${detail}`);
}

function plural(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? "" : "s"}`;
}

/** The kind of an object for menus; null when it is gone. */
export function kindOfObject(state: ClusterState, uid: string): string | null {
  return lookUp(state, uid)?.kind ?? null;
}
