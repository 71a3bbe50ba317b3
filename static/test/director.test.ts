import assert from "node:assert/strict";
import { test } from "node:test";
import { Director, MOST_IN_FLIGHT, NO_TRACE, type Trace } from "../src/motion/director";
import { COMMIT_MS, gateOf, labelOf, legsOf, paced, REQUEST_MS, STAGGER_MS } from "../src/motion/grammar";
import type { Msg } from "../src/protocol/shapes";

const message = (id: number, over: Partial<Msg> = {}): Msg => ({ id, from: "controller:replicaset", to: "apiserver", verb: "create", kind: "Pod", uid: `p${id}`, name: `p${id}`, ns: "shop", root: 1, hop: 1, because: 1, at: id, say: `message ${id}`, ok: true, ...over });

function directed({ speed = 1, still = false } = {}) {
  let trace: Trace = NO_TRACE;
  const director = new Director({ speed: () => speed, stillness: () => still, chain: (msg) => Array.from({ length: msg.id }, (_, i) => (i + 1 === msg.id ? msg : message(i + 1))), paused: () => false, onTrace: (next) => { trace = next; } });
  return { director, trace: () => ({ past: trace.past.map(({ n }) => n), present: trace.present?.n ?? null }) };
}

test("a write travels to the API server and on to etcd", () => {
  const { director } = directed();
  director.arrive([message(1)], 0);
  assert.deepEqual(director.frame(0).map(({ to, progress }) => [to, progress]), [["apiserver", 0]]);
  assert.deepEqual(director.frame(REQUEST_MS + 1).map(({ to }) => to), ["etcd"]);
  assert.deepEqual(director.frame(REQUEST_MS + COMMIT_MS), []);
});

test("a refused request ends at the gates, a delivery is one leg", () => {
  assert.deepEqual(legsOf(message(1, { ok: false })).map(({ to }) => to), ["apiserver"]);
  assert.deepEqual(legsOf(message(1, { verb: "watch", from: "apiserver", to: "scheduler" })).map(({ to }) => to), ["scheduler"]);
});

test("what led to a message is numbered and faint, the message itself present", () => {
  const { director, trace } = directed();
  director.arrive([message(1), message(2), message(3)], 0);
  director.frame(0);
  assert.deepEqual(trace(), { past: [], present: 1 });
  director.frame(2 * STAGGER_MS);
  assert.deepEqual(trace(), { past: [1, 2], present: 3 });
});

test("over twelve in flight they merge into a pulse with a count", () => {
  const { director } = directed();
  director.arrive(Array.from({ length: 40 }, (_, i) => message(i + 1)), 0);
  const flights = director.frame(1);
  assert.ok(flights.length <= MOST_IN_FLIGHT);
  assert.equal(flights.reduce((sum, { count }) => sum + count, 0), 40);
});

test("over two hundred a second nothing flies, and the newest is told", () => {
  const { director, trace } = directed();
  director.arrive(Array.from({ length: 201 }, (_, i) => message(i + 1)), 0);
  assert.equal(director.busy, false);
  assert.equal(trace().present, 201);
});

test("with reduced motion nothing travels, and the stops are there at once", () => {
  const { director, trace } = directed({ still: true });
  director.arrive([message(1)], 0);
  assert.deepEqual(director.frame(0), []);
  assert.equal(trace().present, 1);
});

test("stepping shows exactly one message, and it stays", () => {
  const { director, trace } = directed();
  director.show(message(3), 0);
  assert.equal(director.frame(1).length, 1);
  director.frame(60_000);
  assert.deepEqual(trace(), { past: [1, 2], present: 3 });
});

test("a live trace fades when nothing more happens", () => {
  const { director, trace } = directed();
  director.arrive([message(1)], 0);
  director.frame(1);
  director.frame(2_000);
  assert.equal(trace().present, 1);
  director.frame(12_000);
  assert.equal(trace().present, null);
});

for (const [speed, ms] of [[1, 450], [2, 225], [0.5, 900], [9, 0]] as const) {
  test(`at speed ${speed} a request takes ${ms} ms`, () => assert.equal(paced(REQUEST_MS, speed), ms));
}

const refusals: [say: string, gate: number, label: string][] = [
  ['The API server refuses: deployments.apps "web" already exists.', 2, "refused: Deployment web already exists"],
  ['The API server refuses: Unauthorized.', 0, "refused: Deployment web"],
  ['The API server refuses: deployments.apps is forbidden: User "eva" cannot create resource "deployments" in API group "apps" in the namespace "shop".', 1, "refused: Deployment web is forbidden"],
  ['The API server refuses: pods "web" is forbidden: exceeded quota: small.', 2, "refused: Deployment web is forbidden"],
];
for (const [say, gate, label] of refusals) {
  test(`it stops at gate ${gate + 1}: ${say}`, () => {
    const msg = message(1, { say, ok: false, kind: "Deployment", name: "web" });
    assert.deepEqual([gateOf(msg), labelOf(msg, null)], [gate, label]);
  });
}
