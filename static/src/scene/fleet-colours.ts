/**
 * What the colour of a pod in the fleet may tell besides its phase: its namespace, the memory it asks for, how old it is.
 *
 * Promise: pure. A band is a colour's token with its words; every pod is in exactly one band of a mode.
 */
import { rows, type ClusterState } from "../protocol/store";
import type { PodRow, Row } from "../protocol/shapes";

export type FleetColour = "phase" | "namespace" | "memory" | "age";
export interface Band { token: string; words: string }
export interface Looked { paints: ReadonlyMap<string, string>; now: number }

const MINUTE = 60_000_000;
const MIB = 1024 * 1024;
const MEMORY: readonly (readonly [below: number, band: Band])[] = [
  [1, { token: "line-2", words: "asks for none" }], [64 * MIB, { token: "running-q", words: "under 64 MiB" }], [256 * MIB, { token: "running", words: "under 256 MiB" }],
  [1024 * MIB, { token: "pending", words: "under 1 GiB" }], [Infinity, { token: "failed", words: "1 GiB and more" }],
];
const AGES: readonly (readonly [below: number, band: Band])[] = [
  [MINUTE, { token: "creating", words: "under a minute" }], [10 * MINUTE, { token: "running", words: "under 10 minutes" }], [60 * MINUTE, { token: "running-q", words: "under an hour" }],
  [24 * 60 * MINUTE, { token: "ink-3", words: "under a day" }], [Infinity, { token: "line-2", words: "older" }],
];

/** A colour for each namespace: more than the three tints of the quay, because here nothing else tells them apart. */
const PAINTS = ["ns1-m", "creating", "ns2-m", "running-q", "pending", "done", "leaving", "running"];
const SYSTEM = /^kube-/;

export function paintsOf(namespaces: readonly Row[]): Map<string, string> {
  const own = namespaces.filter(({ name }) => !SYSTEM.test(name)).sort((a, b) => a.created - b.created || (a.name < b.name ? -1 : 1));
  return new Map([...namespaces.filter(({ name }) => SYSTEM.test(name)).map(({ name }) => [name, "ns3-m"] as const), ...own.map(({ name }, i) => [name, PAINTS[i % PAINTS.length]!] as const)]);
}

/** What bands are made from; made again only when namespaces changed. */
export function lookedOf(state: ClusterState, now: number): Looked {
  const namespaces = state.tables["Namespace"];
  if (kept === null || kept.namespaces !== namespaces) kept = { namespaces, paints: paintsOf(rows(state, "Namespace")) };
  return { paints: kept.paints, now };
}

let kept: { namespaces: unknown; paints: Looked["paints"] } | null = null;

export function bandOf(mode: Exclude<FleetColour, "phase">, pod: PodRow, { paints, now }: Looked): Band {
  if (mode === "namespace") return { token: paints.get(pod.ns) ?? "ink-3", words: pod.ns };
  const [bands, value] = mode === "memory" ? [MEMORY, pod.mem] : [AGES, now - pod.created];
  return bands.find(([below]) => value < below)![1];
}

/** The bands in their order with how many pods are in each; those of nobody are left out, namespaces come largest first. */
export function bandCounts(mode: Exclude<FleetColour, "phase">, pods: Iterable<PodRow>, looked: Looked): { band: Band; count: number }[] {
  const counts = new Map<string, { band: Band; count: number }>();
  for (const pod of pods) {
    if (pod.node === "") continue;
    const band = bandOf(mode, pod, looked);
    const known = counts.get(band.words);
    if (known) known.count += 1;
    else counts.set(band.words, { band, count: 1 });
  }
  const order = (mode === "memory" ? MEMORY : AGES).map(([, { words }]) => words);
  const all = [...counts.values()];
  return mode === "namespace" ? all.sort((a, b) => b.count - a.count || (a.band.words < b.band.words ? -1 : 1)) : all.sort((a, b) => order.indexOf(a.band.words) - order.indexOf(b.band.words));
}
