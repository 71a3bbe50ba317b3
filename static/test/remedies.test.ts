/** The words about what would let a pending pod run. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sentence, waitsForNode } from "../src/panels/remedies";

const change = { say: "uncordon node-1", node: "node-1", runs: true, status: "Running" };
for (const [fields, words] of [
  [{}, "Uncordon node-1: it runs on node-1."],
  [{ runs: false, status: "ErrImagePull" }, "Uncordon node-1: it is placed on node-1, where it is ErrImagePull."],
] as const) {
  test(`a change that was tried: ${words}`, () => assert.equal(sentence({ ...change, ...fields }), words));
}

for (const [row, waits] of [
  [{ phase: "Pending", node: "" }, true],
  [{ phase: "Pending", node: "node-1" }, false],
  [{ phase: "Terminating", node: "" }, false],
] as const) {
  test(`a pod that is ${row.phase} on ${row.node || "no node"} ${waits ? "waits" : "does not wait"}`, () => assert.equal(waitsForNode(row), waits));
}
