import assert from "node:assert/strict";
import { test } from "node:test";
import { momentOf, SessionLog } from "../src/protocol/log";
import { table } from "../src/protocol/store";
import type { DeltaFrame, Item, Msg } from "../src/protocol/shapes";
import { firstSnap, recordedFrames, US } from "./fixtures/recording";

function recorded(): SessionLog {
  const log = new SessionLog();
  log.snap(firstSnap());
  for (const frame of recordedFrames) assert.equal(log.delta(frame).ok, true);
  return log;
}

test("the state after any event is the one that was seen live", () => {
  const log = new SessionLog();
  log.snap(firstSnap());
  const seen = recordedFrames.map((frame) => {
    log.delta(frame);
    return log.live;
  });
  for (const state of seen) assert.deepEqual(log.stateAt(state.ev), state);
});

test("long sessions are rewound from a keyframe", () => {
  const log = new SessionLog();
  log.snap(firstSnap());
  for (let ev = 10; ev < 6_010; ev += 1) log.delta({ t: "delta", gen: 1, from: ev, to: ev + 1, at: ev * US, items: [["set", "node-1", { heard: ev }]] });
  assert.equal(table(log.stateAt(11), "Node").get("node-1")?.heard, 10);
  assert.equal(table(log.stateAt(4_321), "Node").get("node-1")?.heard, 4_320);
  assert.equal(table(log.stateAt(6_010), "Node").get("node-1")?.heard, 6_009);
});

test("a moment of time finds the newest event before it", () => {
  const log = recorded();
  const cut = recordedFrames.find((frame) => frame.at === 52 * US)!;
  assert.equal(log.evAt(57 * US), cut.to);
  assert.equal(log.evAt(500 * US), log.live.ev);
});

test("stepping goes from message to message, both ways", () => {
  const log = recorded();
  const last = log.msgs.at(-1)!;
  assert.equal(log.neighbour(last.id, 1), null);
  const before = log.neighbour(last.id, -1)!;
  assert.equal(log.neighbour(before.id, 1), last);
});

test("the chain of a message goes back to its root, deliveries included", () => {
  const log = new SessionLog();
  log.snap(firstSnap());
  const told = (id: number, because: number): Item => ["msg", { ...msg(id, "x"), because, ...(id < 0 ? { from: "apiserver", to: "a" } : {}) }];
  log.delta({ t: "delta", gen: 1, from: 10, to: 15, at: 12, items: [told(11, 0), told(-12, 11), told(12, 11), told(13, 11), told(-15, 12), told(15, 12)] });
  assert.deepEqual(log.chain(log.msgs.at(-1)!).map(({ id }) => id), [11, -12, 12, -15, 15]);
  assert.deepEqual(log.chain(log.msgs[3]!).map(({ id }) => id), [11, -12, 13], "a delivery is told once, and leads to every write of who heard it");
});

const msg = (id: number, verb: string): Msg => ({ id, from: "a", to: "apiserver", verb, kind: "Pod", uid: "node-1", name: "x", ns: "", root: 11, hop: 1, because: 11, at: Math.abs(id), say: "", ok: true });

test("a delivery is a moment of its own, before the write it led to", () => {
  const log = new SessionLog();
  log.snap(firstSnap());
  const items: Item[] = [["msg", msg(11, "create")], ["set", "node-1", { heard: 1 }], ["msg", msg(-12, "watch")], ["msg", msg(12, "update")], ["set", "node-1", { heard: 2 }]];
  log.delta({ t: "delta", gen: 1, from: 10, to: 12, at: 12, items });
  assert.deepEqual(log.msgs.map(momentOf), [11, 11.5, 12]);
  assert.deepEqual([11, 11.5, 12].map((ev) => table(log.stateAt(ev), "Node").get("node-1")?.heard), [1, 1, 2]);
  assert.equal(log.neighbour(11, 1)?.verb, "watch");
  assert.equal(log.neighbour(11.5, 1)?.verb, "update");
});

test("writes of one turn of a controller are siblings", () => {
  const log = new SessionLog();
  log.snap(firstSnap());
  const told = (id: number, because: number, uid: string): Item => ["msg", { ...msg(id, "create"), because, uid }];
  log.delta({ t: "delta", gen: 1, from: 10, to: 16, at: 12, items: [told(11, 0, "a"), told(12, 11, "b"), told(14, 11, "c"), told(15, 12, "d"), told(16, 11, "e")] });
  assert.deepEqual([...log.siblings(log.msgs[2]!)].sort(), ["b", "c"]);
});

test("another branch of history forgets the old one", () => {
  const log = recorded();
  log.snap({ ...firstSnap(), gen: 2 });
  assert.deepEqual([log.msgs.length, log.marks.length, log.live.gen], [0, 0, 2]);
});

test("a frame that does not fit is refused and changes nothing", () => {
  const log = recorded();
  const before = log.live;
  const gap: DeltaFrame = { t: "delta", gen: 1, from: before.ev + 5, to: before.ev + 6, at: 0, items: [] };
  assert.equal(log.delta(gap).ok, false);
  assert.equal(log.live, before);
});

test("patience begins with the taint that drives pods away, not with the node's silence", () => {
  const log = new SessionLog();
  log.snap(firstSnap());
  const taint = (...taints: string[]): Item => ["set", "node-1", { taints }];
  const said: [Item, number][] = [
    [["set", "node-1", { ready: "Unknown" }], 50], [taint("node.kubernetes.io/unreachable:NoSchedule"), 51],
    [taint("node.kubernetes.io/unreachable:NoSchedule", "node.kubernetes.io/unreachable:NoExecute"), 55], [taint(), 90],
  ];
  said.forEach(([item, s]) => log.delta({ t: "delta", gen: 1, from: log.live.ev, to: log.live.ev + 1, at: s * US, items: [item] }));
  assert.deepEqual(log.readiness, [{ uid: "node-1", at: 55 * US, ready: false }, { uid: "node-1", at: 90 * US, ready: true }]);
});
