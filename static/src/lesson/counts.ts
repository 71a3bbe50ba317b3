/** "Wanted" and "ready" of a workload, read from the stage's state: what the lesson's figure draws. */
import { rows, type ClusterState } from "../protocol/store";
import type { Kind, Phase, PodRow, WorkloadRow } from "../protocol/shapes";
import type { Figure } from "./types";

const kinds: Readonly<Record<string, Kind>> = {
  "deployments.apps": "Deployment", "replicasets.apps": "ReplicaSet", "statefulsets.apps": "StatefulSet", "daemonsets.apps": "DaemonSet", "jobs.batch": "Job",
};

export interface Counts {
  readonly wanted: number;
  /** The pods that count towards what is wanted, ready ones first. */
  readonly phases: readonly Phase[];
  readonly ready: number;
}

export function countsOf(figure: Figure, state: ClusterState): Counts | null {
  const kind = kinds[figure.resource];
  const workload = kind && (rows(state, kind) as WorkloadRow[]).find(({ ns, name }) => ns === figure.namespace && name === figure.name);
  if (!workload) return null;
  const pods = rows(state, "Pod").filter((pod) => pod.ns === figure.namespace && belongs(pod, workload, figure) && pod.phase !== "Terminating");
  return { wanted: workload.want, phases: pods.sort(byReadiness).map(({ phase }) => phase), ready: workload.ready };
}

const belongs = (pod: PodRow, { uid }: WorkloadRow, { name }: Figure): boolean => pod.owner === uid || pod.app === name;

const order: readonly Phase[] = ["Running", "Succeeded", "Creating", "Pending", "Failing", "Unknown", "Terminating"];
const byReadiness = (a: PodRow, b: PodRow): number => order.indexOf(a.phase) - order.indexOf(b.phase) || a.created - b.created;

/** The controller's plan in words. */
export function difference({ wanted, phases }: Counts): string {
  const gap = wanted - phases.length;
  if (gap > 0) return `difference: ${gap}, so create ${gap}`;
  if (gap < 0) return `difference: ${-gap}, so delete ${-gap}`;
  const working = phases.filter((phase) => phase === "Running" || phase === "Succeeded").length;
  return working === wanted ? "no difference: nothing to do" : `difference: ${wanted - working}, on its way`;
}
