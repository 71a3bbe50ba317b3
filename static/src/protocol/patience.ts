/**
 * How long the cluster waits for a node that does not answer before its pods are evicted: the default toleration of 300 seconds.
 *
 * Promise: pure. A stretch begins when the node gets the taint that its pods tolerate for a while, and ends after five minutes, or when it is ready again. What happened
 * before this page came is known from the marks of the timeline alone.
 */
import type { Mark, NodeRow, Stretch } from "./shapes";
import type { Readiness } from "./log";

/** DefaultTolerationSeconds puts this on every pod that says nothing else. */
export const PATIENCE_US = 300_000_000;

export interface Known {
  readiness: readonly Readiness[];
  marks: readonly Mark[];
  nodes: Iterable<NodeRow>;
}

/** Stretches that touch as one, for what is written over them. */
export function joined(stretches: readonly Stretch[]): Stretch[] {
  return stretches.reduce<Stretch[]>((all, [from, to]) => {
    const last = all.at(-1);
    return last && from <= last[1] ? [...all.slice(0, -1), [last[0], Math.max(last[1], to)]] : [...all, [from, to]];
  }, []);
}

/** In order of their beginning. */
export function patienceOf({ readiness, marks, nodes }: Known): Stretch[] {
  const stretches: Stretch[] = [];
  readiness.forEach(({ uid, at, ready }, i) => {
    if (ready) return;
    const back = readiness.slice(i + 1).find((later) => later.uid === uid && later.ready);
    stretches.push([at, Math.min(at + PATIENCE_US, back?.at ?? Infinity)]);
  });
  for (const { uid, name, ready } of nodes) {
    if (ready === "True" || readiness.some((one) => one.uid === uid)) continue;
    const mark = marks.filter(({ text }) => text === `NodeNotReady: Node ${name}`).at(-1);
    if (mark) stretches.push([mark.at, mark.at + PATIENCE_US]);
  }
  return stretches.sort((a, b) => a[0] - b[0]);
}
