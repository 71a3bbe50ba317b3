/** Rollouts in waves: what is replaced at a time, which wave a pod came with, and what the fleet's summary says of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { EMPTY, type ClusterState } from "../src/protocol/store";
import type { PodRow, Row } from "../src/protocol/shapes";
import { rolloutsOf, rolloutWords } from "../src/scene/rollouts";
import { summarise } from "../src/scene/summary";

const table = (rows: object[]): ReadonlyMap<string, Row> => new Map((rows as Row[]).map((row) => [row.uid, row]));
const pods = (owner: string, image: string, count: number, ready: number): Partial<PodRow>[] =>
  Array.from({ length: count }, (_, i) => ({ uid: `${owner}-${i}`, name: `${owner}-${i}`, ns: "shop", node: "a1", created: i, owner, app: "search", image, phase: i < ready ? "Running" : "Creating", ready: [i < ready ? 1 : 0, 1], why: "", status: "" }));

function rolling({ old, fresh, ready, image = "shop/search:2.8" }: { old: number; fresh: number; ready: number; image?: string }): ClusterState {
  return {
    ...EMPTY,
    tables: {
      Deployment: table([{ uid: "d", name: "search", ns: "shop", want: 12, have: old + fresh, updated: fresh, available: old + ready, batch: 2, owner: "", revision: "2" }]),
      ReplicaSet: table([{ uid: "rs-9", name: "search-9", ns: "shop", owner: "d", revision: "9" }, { uid: "rs-10", name: "search-10", ns: "shop", owner: "d", revision: "10" }]),
      Pod: table([...pods("rs-9", "shop/search:2.7", old, old), ...pods("rs-10", image, fresh, ready)]),
    },
  };
}

const cases: [words: string, old: number, fresh: number, ready: number, says: string][] = [
  ["the first wave is on its way", 12, 2, 0, "2.7 to 2.8, wave 1 of 6"],
  ["half a wave is ready", 10, 4, 3, "2.7 to 2.8, wave 2 of 6"],
  ["a wave is through and the next not begun", 8, 4, 4, "2.7 to 2.8, wave 3 of 6"],
  ["the last pods of the old kind", 1, 12, 12, "2.7 to 2.8, wave 6 of 6"],
];
for (const [words, old, fresh, ready, says] of cases) test(`rollout: ${words}`, () => {
  assert.deepEqual(rolloutsOf(rolling({ old, fresh, ready })).map(rolloutWords), [says]);
});
test("each pod belongs to the wave it was made in", () => {
  const [rollout] = rolloutsOf(rolling({ old: 8, fresh: 5, ready: 4 }));
  assert.deepEqual([...rollout!.waveOf.values()], [1, 1, 2, 2, 3]);
  assert.equal(rollout!.waveOf.get("rs-9-0"), undefined);
});
test("images that differ in more than the tag are told whole, equal ones not at all", () => {
  assert.match(rolloutWords(rolloutsOf(rolling({ old: 8, fresh: 2, ready: 0, image: "other:1" }))[0]!), /^shop\/search:2\.7 to other:1, wave 1/);
  assert.equal(rolloutWords(rolloutsOf(rolling({ old: 8, fresh: 2, ready: 0, image: "shop/search:2.7" }))[0]!), "wave 1 of 6");
});
test("a settled Deployment, and a new one, roll out nothing", () => {
  assert.deepEqual(rolloutsOf(rolling({ old: 0, fresh: 12, ready: 12 })), []);
  assert.deepEqual(rolloutsOf(rolling({ old: 0, fresh: 4, ready: 1 })), []);
});
test("the summary has one line for a rollout, ringed around its present wave", () => {
  const { troubles } = summarise(rolling({ old: 4, fresh: 10, ready: 3 }));
  assert.deepEqual(troubles.map(({ title, detail, uids }) => [title, detail, uids]), [["search is rolling out", "2.7 to 2.8, wave 2 of 6", ["rs-10-2", "rs-10-3"]]]);
});
