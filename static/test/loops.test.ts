/** The words of the loops panel. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inWords, queueWords, splitName } from "../src/panels/loops";

const quiet = { running: true, on: true, waiting: 0, delayed: 0, failing: 0 };
for (const [fields, words] of [
  [{}, "Running, nothing waiting"],
  [{ waiting: 2, delayed: 1 }, "Running, 2 waiting, 1 planned"],
  [{ on: false, waiting: 4 }, "Switched off, 4 waiting"],
  [{ running: false, failing: 1 }, "Its process is stopped, 1 failing"],
] as const) {
  test(`a loop's queue: ${words}`, () => assert.equal(queueWords({ ...quiet, ...fields }), words));
}

for (const [point, words] of [
  [{ loop: "job-controller" }, "job-controller"],
  [{ resource: "deployments.apps", namespace: "shop", name: "web" }, "any loop at deployment shop/web"],
  [{ loop: "kubelet", name: "web" }, "kubelet at web"],
] as const) {
  test(`a breakpoint: ${words}`, () => assert.equal(inWords({ loop: "", resource: "", namespace: "", name: "", ...point }), words));
}

test("an object's name may stand without its namespace", () => {
  assert.deepEqual(splitName("web"), ["", "web"]);
  assert.deepEqual(splitName("shop/web"), ["shop", "web"]);
});
