/**
 * Which place on its rack a pod has: a berth number that it keeps for life.
 *
 * Promise: a new pod takes the lowest free berth of its node, a pod that goes frees its own, nobody is ever moved. Numbers are
 * handed out by the present only; while the learner looks at the past, pods that are gone are still found at the berth they had, so
 * the same event always gives the same picture. The first `PLINTH` pods of DaemonSets
 * have a row of their own, the plinth.
 */
import type { PodRow } from "../protocol/shapes";

/** How many pods of DaemonSets stand in the plinth of a rack; further ones take a berth like everybody. */
export const PLINTH = 2;

export interface Berth {
  number: number;
  plinth: boolean;
}

const PLINTH_MARK = "\u0000plinth";

/** The uid at each berth; undefined is free. */
type Taken = (string | undefined)[];

export class Berths {
  private readonly berths = new Map<string, Berth>();
  private readonly racks = new Map<string, Taken>();
  private seen: ReadonlyMap<string, PodRow> = new Map();

  /** Brings the berths up to the present. Costs a comparison a pod, and work only for those that came or went. */
  sync(pods: ReadonlyMap<string, PodRow>): void {
    if (pods === this.seen) return;
    const before = this.seen;
    for (const [uid, pod] of before) if (!pods.has(uid)) this.free(uid, pod);
    for (const [uid, pod] of pods) {
      if (before.get(uid) === pod || pod.node === "" || this.isMoored(uid, pod)) continue;
      this.moor(uid, pod);
    }
    this.seen = pods;
  }

  clear(): void {
    this.berths.clear();
    this.racks.clear();
    this.seen = new Map();
  }

  berth(uid: string): Berth | undefined {
    return this.berths.get(uid);
  }

  /** Who is at a berth; undefined when it is free. */
  at(node: string, { number, plinth }: Berth): string | undefined {
    return this.racks.get(rackKey(node, plinth))?.[number];
  }

  /** One more than the highest berth in use on a node. */
  used(node: string, plinth = false): number {
    return this.racks.get(rackKey(node, plinth))?.length ?? 0;
  }

  /** The fullest rack and the fullest plinth, for a picture in which all racks are alike. */
  most(): { mostBerths: number; plinths: number } {
    let [mostBerths, plinths] = [0, 0];
    for (const [key, taken] of this.racks) {
      if (key.endsWith(PLINTH_MARK)) plinths = Math.max(plinths, taken.length);
      else mostBerths = Math.max(mostBerths, taken.length);
    }
    return { mostBerths, plinths };
  }

  private isMoored(uid: string, pod: PodRow): boolean {
    const berth = this.berths.get(uid);
    return berth !== undefined && this.racks.get(rackKey(pod.node, berth.plinth))?.[berth.number] === uid;
  }

  private moor(uid: string, pod: PodRow): void {
    const remembered = this.berths.get(uid);
    const berth = remembered && this.rack(pod.node, remembered.plinth)[remembered.number] === undefined ? remembered : this.choose(pod);
    const rack = this.rack(pod.node, berth.plinth);
    while (rack.length < berth.number) rack.push(undefined);
    rack[berth.number] = uid;
    this.berths.set(uid, berth);
  }

  private choose(pod: PodRow): Berth {
    const onPlinth = pod.ownerKind === "DaemonSet" ? lowestFree(this.rack(pod.node, true)) : PLINTH;
    if (onPlinth < PLINTH) return { number: onPlinth, plinth: true };
    return { number: lowestFree(this.rack(pod.node, false)), plinth: false };
  }

  private rack(node: string, plinth: boolean): Taken {
    const key = rackKey(node, plinth);
    const known = this.racks.get(key);
    if (known) return known;
    const fresh: Taken = [];
    this.racks.set(key, fresh);
    return fresh;
  }

  private free(uid: string, pod: PodRow): void {
    const berth = this.berths.get(uid);
    if (!berth) return;
    const rack = this.rack(pod.node, berth.plinth);
    if (rack[berth.number] !== uid) return;
    rack[berth.number] = undefined;
    while (rack.length > 0 && rack.at(-1) === undefined) rack.pop();
  }
}

function rackKey(node: string, plinth: boolean): string {
  return plinth ? node + PLINTH_MARK : node;
}

function lowestFree(taken: Taken): number {
  const free = taken.indexOf(undefined);
  return free < 0 ? taken.length : free;
}
