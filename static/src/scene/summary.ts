/**
 * A large cluster in a few lines: how many pods in which phase, and which troubles to look at first.
 *
 * Promise: pure, one pass over pods and nodes. Troubles are grouped by app and reason, the largest first, at most `MOST_TROUBLES`.
 */
import { rows, table, type ClusterState } from "../protocol/store";
import type { Phase } from "../protocol/shapes";

export interface Trouble { title: string; detail: string; phase: Phase; uid: string; count: number }
export interface FleetSummary { nodes: number; readyNodes: number; pods: number; counts: ReadonlyMap<Phase, number>; troubles: Trouble[] }

const MOST_TROUBLES = 8;
/** A rollout is worth a line when so many pods of one app are being created. */
const ROLLOUT = 5;

export function summarise(state: ClusterState): FleetSummary {
  const counts = new Map<Phase, number>();
  const troubles = new Map<string, Trouble>();
  for (const pod of table(state, "Pod").values()) {
    counts.set(pod.phase, (counts.get(pod.phase) ?? 0) + 1);
    if (pod.phase !== "Failing" && pod.phase !== "Creating" && pod.phase !== "Pending") continue;
    const key = `${pod.phase}/${pod.phase === "Pending" ? pod.why : pod.app}`;
    const known = troubles.get(key);
    if (known) known.count += 1;
    else troubles.set(key, { title: pod.phase === "Pending" ? "waiting" : pod.app, detail: pod.why || pod.status, phase: pod.phase, uid: pod.uid, count: 1 });
  }
  const nodes = rows(state, "Node");
  const lost = nodes.filter(({ ready }) => ready !== "True");
  const found = [...troubles.values()].filter(({ phase, count }) => phase !== "Creating" || count >= ROLLOUT).map(worded);
  if (lost.length > 0) found.push({ title: `${lost.length} ${lost.length === 1 ? "node" : "nodes"} not ready`, detail: lost.slice(0, 3).map(({ name }) => name).join(", "), phase: "Failing", uid: lost[0]!.uid, count: lost.length * 10 });
  found.sort((a, b) => rank(a) - rank(b) || b.count - a.count || (a.title < b.title ? -1 : 1));
  return { nodes: nodes.length, readyNodes: nodes.length - lost.length, pods: table(state, "Pod").size, counts, troubles: found.slice(0, MOST_TROUBLES) };
}

function worded(trouble: Trouble): Trouble {
  const pods = `${trouble.count} ${trouble.count === 1 ? "pod" : "pods"}`;
  if (trouble.phase === "Pending") return { ...trouble, title: `${pods} waiting` };
  if (trouble.phase === "Creating") return { ...trouble, detail: `${pods} being created` };
  return { ...trouble, detail: `${pods}: ${trouble.detail}` };
}

function rank({ phase }: Trouble): number {
  return phase === "Failing" ? 0 : phase === "Pending" ? 1 : 2;
}
