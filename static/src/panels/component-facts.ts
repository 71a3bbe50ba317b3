/**
 * What the inspector tells of a part of the control plane: whether it is up, who leads, what it does and what stops with it.
 *
 * Promise: pure, from the stage's own row. Members of a part that runs on several nodes are told one by one.
 */
import type { ComponentRow } from "../protocol/shapes";

/** What it does, and what stops when it stops. */
const WORDS: Record<string, [does: string, stops: string]> = {
  "kube-apiserver": ["answers every request, and is the only one that reads and writes etcd", "nothing can be asked or changed; what runs on the nodes runs on"],
  etcd: ["keeps every object and counts every change", "the API server cannot store anything; what runs on the nodes runs on"],
  "kube-scheduler": ["chooses a node for each pod that has none", "new pods stay Pending; pods that have a node are not touched"],
  "kube-controller-manager": ["runs all controllers in one process", "nothing is corrected any more: no new pods, no evictions, no endpoints"],
  deployment: ["turns a Deployment into ReplicaSets, one for each version", "a changed Deployment rolls nothing out"],
  replicaset: ["keeps as many pods as a ReplicaSet wants", "pods that go are not replaced"],
  "node-lifecycle": ["notices nodes that no longer report, and taints them", "a lost node stays Ready on paper"],
  "taint-eviction": ["deletes pods that do not tolerate a NoExecute taint any longer", "pods of a lost node are not moved"],
  endpointslice: ["writes down which pods a Service sends to", "Services keep the endpoints they had"],
  endpoints: ["writes the older Endpoints objects", "Endpoints keep what they had"],
  statefulset: ["keeps pods with names and claims of their own, in order", "pods of a StatefulSet that go are not replaced"],
  daemonset: ["keeps one pod on each node", "new nodes get no pods of a DaemonSet"],
  job: ["runs pods until enough of them have succeeded", "Jobs make no progress"],
  cronjob: ["makes a Job whenever its time has come", "no Job is started on time"],
  namespace: ["empties a namespace that is being deleted", "deleted namespaces stay Terminating"],
  "garbage-collector": ["deletes what has lost its owner", "objects without an owner stay"],
  serviceaccount: ["gives each namespace its default account", "new namespaces have no default account"],
};

export function componentFacts({ name, part, up, members }: ComponentRow): [label: string, value: string][] {
  const words = WORDS[name] ?? WORDS[name.replace(/-controller$/, "")];
  const facts: [string, string][] = [["State", up ? "up" : "stopped"]];
  if (part === "controller" && !WORDS[name]) facts.push(["Runs in", "kube-controller-manager"]);
  if (words) facts.push(["Does", words[0]], [up ? "When it stops" : "Stopped with it", words[1]]);
  return [...facts, ...members.map(([node, on, leader]): [string, string] => [node, `${on ? "up" : "down"}${leader ? ", leader" : ""}`])];
}
