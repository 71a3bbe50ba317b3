/**
 * A large cluster in a few lines: how many pods in which phase, and which troubles to look at first.
 *
 * Promise: pure, one pass over pods and nodes. Troubles are grouped by app and reason, the largest first, at most `MOST_TROUBLES`; a
 * rollout is one line, with the wave it has come to.
 */
import { rows, table, type ClusterState } from "../protocol/store";
import type { Phase } from "../protocol/shapes";
import { rolloutsOf, rolloutWords, type Rollout } from "./rollouts";

export interface Trouble { title: string; detail: string; phase: Phase; uid: string; count: number; uids: string[] }
export interface FleetSummary { nodes: number; readyNodes: number; pods: number; counts: ReadonlyMap<Phase, number>; troubles: Trouble[] }

const MOST_TROUBLES = 8;
/** New pods without a rollout are worth a line when so many of one app are being created. */
const CREATED = 5;

export function summarise(state: ClusterState): FleetSummary {
  const counts = new Map<Phase, number>();
  const troubles = new Map<string, Trouble>();
  const rollouts = rolloutsOf(state);
  const rolling = new Set(rollouts.flatMap(({ waveOf }) => [...waveOf.keys()]));
  for (const pod of table(state, "Pod").values()) {
    counts.set(pod.phase, (counts.get(pod.phase) ?? 0) + 1);
    if (pod.phase !== "Failing" && pod.phase !== "Creating" && pod.phase !== "Pending") continue;
    if (pod.phase === "Creating" && rolling.has(pod.uid)) continue;
    const key = `${pod.phase}/${pod.phase === "Pending" ? pod.why : pod.app}`;
    const known = troubles.get(key);
    if (known) {
      known.count += 1;
      known.uids.push(pod.uid);
    } else troubles.set(key, { title: pod.phase === "Pending" ? "waiting" : pod.app, detail: pod.phase === "Failing" ? plainly(pod.status || pod.why) : firstSentence(pod.why || pod.status), phase: pod.phase, uid: pod.uid, count: 1, uids: [pod.uid] });
  }
  const nodes = rows(state, "Node");
  const lost = nodes.filter(({ ready }) => ready !== "True");
  const zoneOf = new Map(nodes.map(({ name, zone }) => [name, zone]));
  const where = ({ uids }: Trouble): string => zoneWords(new Set(uids.map((uid) => zoneOf.get(table(state, "Pod").get(uid)?.node ?? "") ?? "")));
  const found = [...troubles.values()].filter(({ phase, count }) => phase !== "Creating" || count >= CREATED).map((trouble) => worded(trouble, where(trouble)));
  if (lost.length > 0) found.push({ title: `${lost.length} ${lost.length === 1 ? "node" : "nodes"} not ready`, detail: lost.slice(0, 3).map(({ name }) => name).join(", "), phase: "Failing", uid: lost[0]!.uid, count: lost.length * 10, uids: lost.map(({ uid }) => uid) });
  found.push(...rollouts.map(rolledOut));
  found.sort((a, b) => rank(a) - rank(b) || b.count - a.count || (a.title < b.title ? -1 : 1));
  return { nodes: nodes.length, readyNodes: nodes.length - lost.length, pods: table(state, "Pod").size, counts, troubles: found.slice(0, MOST_TROUBLES) };
}

/** A rollout's ring is around the wave that is under way. */
function rolledOut(rollout: Rollout): Trouble {
  const uids = [...rollout.waveOf].filter(([, wave]) => wave === rollout.wave).map(([uid]) => uid);
  return { title: `${rollout.deployment.name} is rolling out`, detail: rolloutWords(rollout), phase: "Creating", uid: rollout.deployment.uid, count: Math.max(1, uids.length), uids };
}

function worded(trouble: Trouble, where: string): Trouble {
  const pods = `${trouble.count} ${trouble.count === 1 ? "pod" : "pods"}`;
  if (trouble.phase === "Pending") return { ...trouble, title: `${pods} waiting` };
  if (trouble.phase === "Creating") return { ...trouble, detail: `${pods} being created${where}` };
  return { ...trouble, detail: `${pods}: ${trouble.detail}${where}` };
}

const PLAIN: Readonly<Record<string, string>> = {
  ErrImagePull: "cannot pull its image", ImagePullBackOff: "cannot pull its image", InvalidImageName: "has no valid image name", CrashLoopBackOff: "keeps crashing", OOMKilled: "ran out of memory",
  CreateContainerConfigError: "misses its configuration", CreateContainerError: "cannot be created", RunContainerError: "cannot be started", Error: "ended with an error", Evicted: "was evicted",
};

/** kubectl's word for it in plain ones; other words stay as they are. */
const plainly = (status: string): string => PLAIN[status.replace(/^Init:/, "")] ?? firstSentence(status);
const firstSentence = (text: string): string => text.split(/[.:] /)[0] ?? text;
const zoneWords = (zones: ReadonlySet<string>): string => {
  const [only, ...more] = [...zones].filter((zone) => zone !== "");
  return only === undefined || more.length > 0 ? "" : `, zone ${only.replace(/^zone-?/, "")}`;
};

function rank({ phase }: Trouble): number {
  return phase === "Failing" ? 0 : phase === "Pending" ? 1 : 2;
}
