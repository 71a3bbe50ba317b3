/**
 * Which place on its rack a pod has: a berth number that it keeps for life.
 *
 * Promise: a new pod takes the lowest free berth of its node, a pod that goes frees its own, nobody is ever moved. Numbers are
 * handed out by the present only; while the learner looks at the past, pods that are gone are still found at the berth they had, so
 * the same event always gives the same picture. Pods of a DaemonSet have a row of their own (the plinth).
 */
import type { PodRow } from "../protocol/shapes";

interface Rack {
  /** The uid at each berth; undefined is free. */
  taken: (string | undefined)[];
}

export class Berths {
  private readonly numbers = new Map<string, number>();
  private readonly racks = new Map<string, Rack>();
  private seen: ReadonlyMap<string, PodRow> = new Map();

  /** Brings the berths up to the present. Costs a comparison a pod, and work only for those that came or went. */
  sync(pods: ReadonlyMap<string, PodRow>): void {
    if (pods === this.seen) return;
    const before = this.seen;
    for (const [uid, pod] of before) if (!pods.has(uid)) this.free(uid, pod);
    for (const [uid, pod] of pods) {
      const old = before.get(uid);
      if (old === pod || pod.node === "" || this.isMoored(uid, pod)) continue;
      this.moor(uid, pod);
    }
    this.seen = pods;
  }

  clear(): void {
    this.numbers.clear();
    this.racks.clear();
    this.seen = new Map();
  }

  berth(uid: string): number | undefined {
    return this.numbers.get(uid);
  }

  /** One more than the highest berth in use on a node. */
  used(node: string, plinth = false): number {
    return this.racks.get(rackKey(node, plinth))?.taken.length ?? 0;
  }

  private isMoored(uid: string, pod: PodRow): boolean {
    const number = this.numbers.get(uid);
    return number !== undefined && this.racks.get(rackKey(pod.node, pod.daemon))?.taken[number] === uid;
  }

  private moor(uid: string, pod: PodRow): void {
    const key = rackKey(pod.node, pod.daemon);
    const rack = this.racks.get(key) ?? { taken: [] };
    this.racks.set(key, rack);
    const remembered = this.numbers.get(uid);
    const number = remembered !== undefined && rack.taken[remembered] === undefined ? remembered : lowestFree(rack.taken);
    while (rack.taken.length < number) rack.taken.push(undefined);
    rack.taken[number] = uid;
    this.numbers.set(uid, number);
  }

  private free(uid: string, pod: PodRow): void {
    const rack = this.racks.get(rackKey(pod.node, pod.daemon));
    const number = this.numbers.get(uid);
    if (!rack || number === undefined || rack.taken[number] !== uid) return;
    rack.taken[number] = undefined;
    while (rack.taken.length > 0 && rack.taken.at(-1) === undefined) rack.taken.pop();
  }
}

function rackKey(node: string, plinth: boolean): string {
  return plinth ? `${node}\u0000plinth` : node;
}

function lowestFree(taken: readonly (string | undefined)[]): number {
  const free = taken.indexOf(undefined);
  return free < 0 ? taken.length : free;
}
