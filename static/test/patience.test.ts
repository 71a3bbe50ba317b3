/** When a lost node's pods are still waited for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { joined, PATIENCE_US, patienceOf } from "../src/protocol/patience";
import type { Mark, NodeRow } from "../src/protocol/shapes";

const node = (uid: string, ready: NodeRow["ready"]): NodeRow => ({ uid, name: `node-${uid}`, ready }) as NodeRow;
const lost = (at: number, name: string): Mark => ({ at, type: "warning", text: `NodeNotReady: Node ${name}`, ev: at });

test("five minutes from when the node was found not ready", () => {
  assert.deepEqual(patienceOf({ readiness: [{ uid: "1", at: 40, ready: false }], marks: [], nodes: [node("1", "Unknown")] }), [[40, 40 + PATIENCE_US]]);
});
test("less when it is ready again before", () => {
  const readiness = [{ uid: "1", at: 40, ready: false }, { uid: "2", at: 50, ready: true }, { uid: "1", at: 90, ready: true }];
  assert.deepEqual(patienceOf({ readiness, marks: [lost(40, "node-1")], nodes: [node("1", "True")] }), [[40, 90]]);
});
test("after a reload the mark tells when it began", () => {
  assert.deepEqual(patienceOf({ readiness: [], marks: [lost(7, "node-2"), lost(30, "node-1")], nodes: [node("1", "Unknown"), node("2", "True")] }), [[30, 30 + PATIENCE_US]]);
});
test("nothing while everybody answers", () => {
  assert.deepEqual(patienceOf({ readiness: [], marks: [], nodes: [node("1", "True")] }), []);
});
test("what overlaps is written over once", () => assert.deepEqual(joined([[1, 5], [2, 6], [9, 10]]), [[1, 6], [9, 10]]));
