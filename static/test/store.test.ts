import assert from "node:assert/strict";
import { test } from "node:test";
import { applyDelta, applySnap, EMPTY, lookUp, table } from "../src/protocol/store";
import type { Item } from "../src/protocol/shapes";
import { firstSnap, podUid, recordedFrames } from "./fixtures/recording";

const settled = applySnap(EMPTY, firstSnap());
const delta = (items: Item[], over: Partial<{ gen: number; from: number; to: number }> = {}) => ({ gen: 1, from: 10, to: 11, at: 5, items, ...over });

test("a snapshot in one part is complete", () => {
  assert.equal(settled.complete, true);
  assert.equal(settled.ev, 10);
  assert.equal(table(settled, "Node").size, 5);
  assert.equal(table(settled, "Node").get("node-3")?.zone, "b");
});

test("parts of a snapshot add up, and nothing is shown as complete before the last", () => {
  const whole = firstSnap();
  const first = applySnap(EMPTY, { ...whole, tables: { Node: whole.tables["Node"]! }, part: 0, end: false });
  assert.equal(first.complete, false);
  const second = applySnap(first, { ...whole, tables: { Namespace: whole.tables["Namespace"]! }, part: 1, end: true });
  assert.deepEqual([second.complete, table(second, "Node").size, table(second, "Namespace").size], [true, 5, 3]);
});

test("a part that does not continue the last one begins anew", () => {
  const whole = firstSnap();
  const broken = applySnap(EMPTY, { ...whole, tables: { Node: whole.tables["Node"]! }, part: 1, end: false });
  const again = applySnap(broken, { ...whole, tables: { Namespace: whole.tables["Namespace"]! }, part: 0, end: true });
  assert.equal(table(again, "Node").size, 0);
});

test("a change shares what it does not touch with the state before", () => {
  const after = applyDelta(settled, delta([["set", "node-1", { ready: "False" }]]));
  assert.ok(after.ok);
  assert.equal(table(settled, "Node").get("node-1")?.ready, "True");
  assert.equal(table(after.state, "Node").get("node-1")?.ready, "False");
  assert.equal(table(after.state, "Node").get("node-2"), table(settled, "Node").get("node-2"));
  assert.equal(after.state.tables["Namespace"], settled.tables["Namespace"]);
});

const refused: [string, ReturnType<typeof delta>, string][] = [
  ["a gap", delta([], { from: 12, to: 13 }), "events after 10 are missing up to 12"],
  ["another branch of history", delta([], { gen: 2 }), "history 1 is shown, a change of history 2 came"],
  ["an unknown object", delta([["set", "nobody", { ready: true }]]), "the object nobody is unknown"],
];
for (const [name, frame, why] of refused) {
  test(`${name} is an outcome, not a guess`, () => assert.deepEqual(applyDelta(settled, frame), { ok: false, why }));
}

test("what was seen already changes nothing", () => {
  assert.deepEqual(applyDelta(settled, delta([["del", "node-1"]], { from: 8, to: 10 })), { ok: true, state: settled });
});

test("deleting what is gone already is no trouble", () => {
  assert.equal(applyDelta(settled, delta([["del", "nobody"]])).ok, true);
});

test("the recorded session ends with five web pods ready", () => {
  let state = settled;
  for (const frame of recordedFrames) {
    const applied = applyDelta(state, frame);
    assert.ok(applied.ok);
    state = applied.state;
  }
  assert.equal(table(state, "Deployment").get("d-web")?.ready, 5);
  assert.deepEqual(lookUp(state, podUid("web", "k8x2m"))?.kind, "Pod");
});
