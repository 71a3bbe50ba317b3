/**
 * A Deployment's rollout in waves: how many pods are replaced at a time, and which wave is under way.
 *
 * Promise: pure. A wave is what may be replaced at once (surge and unavailable together, the row's `batch`); the pods of the newest
 * ReplicaSet belong to waves in the order in which they were made. A Deployment whose pods all are of one ReplicaSet rolls out nothing.
 */
import { rows, table, type ClusterState } from "../protocol/store";
import type { PodRow, WorkloadRow } from "../protocol/shapes";

export interface Rollout {
  deployment: WorkloadRow;
  /** Images, or only their tags where the rest is the same. */
  from: string;
  to: string;
  wave: number;
  waves: number;
  /** Pods of the newest ReplicaSet, by uid: the wave each belongs to. */
  waveOf: ReadonlyMap<string, number>;
}

/** Every rollout that is under way; looks at pods only of Deployments that have not settled. */
export function rolloutsOf(state: ClusterState): Rollout[] {
  const moving = rows(state, "Deployment").filter(isMoving);
  if (moving.length === 0) return [];
  const setsOf = new Map<string, WorkloadRow[]>(moving.map(({ uid }) => [uid, []]));
  for (const set of table(state, "ReplicaSet").values()) setsOf.get(set.owner)?.push(set);
  const podsOf = new Map<string, PodRow[]>([...setsOf.values()].flat().map(({ uid }) => [uid, []]));
  for (const pod of table(state, "Pod").values()) podsOf.get(pod.owner)?.push(pod);
  return moving.flatMap((deployment) => rolloutOf(deployment, setsOf.get(deployment.uid)!, podsOf) ?? []);
}

const isMoving = (row: WorkloadRow): boolean => row.updated < row.want || row.have > row.updated || row.available < row.want;

function rolloutOf(deployment: WorkloadRow, sets: readonly WorkloadRow[], podsOf: ReadonlyMap<string, readonly PodRow[]>): Rollout | null {
  const [newest, ...older] = [...sets].sort((a, b) => Number(b.revision) - Number(a.revision));
  const old = older.map(({ uid }) => podsOf.get(uid)![0]).find((pod) => pod !== undefined);
  const fresh = newest ? [...podsOf.get(newest.uid)!].filter(({ phase }) => phase !== "Terminating").sort((a, b) => a.created - b.created || (a.name < b.name ? -1 : 1)) : [];
  if (!old || fresh.length === 0) return null;
  const batch = Math.max(1, deployment.batch ?? 1);
  const waves = Math.max(1, Math.ceil(deployment.want / batch));
  const numbered = fresh.map((pod, i): [PodRow, number] => [pod, Math.min(waves, Math.floor(i / batch) + 1)]);
  const [from, to] = shortened(old.image, fresh[0]!.image);
  const late = numbered.find(([pod]) => !isReady(pod));
  return { deployment, from, to, waves, wave: late ? late[1] : Math.min(waves, Math.floor(fresh.length / batch) + 1), waveOf: new Map(numbered.map(([{ uid }, wave]) => [uid, wave])) };
}

const isReady = ({ phase, ready: [ready, of] }: PodRow): boolean => phase === "Running" && ready === of;

/** `shop/web:2.7` and `shop/web:2.8` differ in their tags; others are told whole. */
function shortened(from: string, to: string): [string, string] {
  const [before, after] = [split(from), split(to)];
  return before[0] === after[0] && before[1] !== after[1] ? [before[1], after[1]] : [from, to];
}

function split(image: string): [repository: string, tag: string] {
  const at = image.lastIndexOf(":");
  return at > image.lastIndexOf("/") ? [image.slice(0, at), image.slice(at + 1)] : [image, "latest"];
}

/** "2.7 to 2.8, wave 3 of 6"; a change of something else than the image is told by its wave alone. */
export function rolloutWords({ from, to, wave, waves }: Rollout): string {
  return `${from === to ? "" : `${from} to ${to}, `}wave ${wave} of ${waves}`;
}
