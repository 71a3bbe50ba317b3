import assert from "node:assert/strict";
import { test } from "node:test";
import { SessionLog } from "../src/protocol/log";
import { table, type ClusterState } from "../src/protocol/store";
import type { NodeRow, PodRow } from "../src/protocol/shapes";
import { Berths } from "../src/scene/berths";
import { cellRect, hitFleet, layoutFleet, podRect } from "../src/scene/fleet";
import { along, roundedPath, route } from "../src/scene/cables";
import { fitAcross, fitBelow, reveal } from "../src/scene/camera";
import { LOOSE, layoutQuay, type QuayLayout } from "../src/scene/layout";
import type { Rect } from "../src/scene/measures";
import { buildModel } from "../src/scene/model";
import { spent } from "./spent";
import { firstSnap, podUid, recordedFrames } from "./fixtures/recording";

function play(until = Infinity): { state: ClusterState; berths: Berths } {
  const log = new SessionLog();
  const berths = new Berths();
  log.snap(firstSnap());
  for (const frame of recordedFrames) {
    if (frame.at > until) break;
    log.delta(frame);
    berths.sync(table(log.live, "Pod"));
  }
  return { state: log.live, berths };
}

function quay(until?: number, width = 1088): QuayLayout {
  const { state, berths } = play(until);
  return layoutQuay(buildModel(state, null), berths, { width, ratchet: LOOSE });
}

const overlap = (a: Rect, b: Rect) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

test("nothing stands on anything else", () => {
  const { racks, zones, tiles, storage } = quay();
  const apart = (rects: Rect[]) => rects.forEach((a, i) => rects.slice(i + 1).forEach((b) => assert.ok(!overlap(a, b), JSON.stringify([a, b]))));
  apart([...racks.map(({ rect }) => rect), storage!.rack]);
  apart(zones.map(({ rect }) => rect));
  apart(zones.flatMap(({ cards }) => cards.map(({ rect }) => rect)));
  apart([...tiles.values()].map(({ rect }) => rect));
});

test("every pod stands within the rack of its node, and only pods without a node wait", () => {
  const { racks, tiles, queued } = quay();
  for (const { pod, rect } of tiles.values()) {
    const rack = racks.find(({ node }) => node.name === pod.node)!.rect;
    assert.ok(rect.x >= rack.x && rect.y >= rack.y && rect.x + rect.w <= rack.x + rack.w && rect.y + rect.h <= rack.y + rack.h, pod.name);
  }
  assert.deepEqual(queued.map(({ pod }) => pod.tail), ["h3n7v"]);
});

test("a pod keeps its place while others come and go", () => {
  const before = quay(100e6).tiles;
  const after = quay().tiles;
  for (const [uid, { rect }] of after) if (before.has(uid)) assert.deepEqual(rect, before.get(uid)!.rect);
});

test("a freed berth goes to the next pod of that node, and the past still knows who had it", () => {
  const { berths } = play();
  assert.deepEqual(berths.berth(podUid("web", "k8x2m")), { number: 0, plinth: false });
  assert.deepEqual(berths.berth(podUid("gone", "qqqqq")), { number: 0, plinth: false });
  assert.deepEqual(berths.berth(podUid("kube-proxy", "9qz6b")), { number: 0, plinth: true });
});

test("zones are in order of creation, the system's last", () => {
  assert.deepEqual(quay().zones.map(({ zone }) => zone.name), ["shop", "data", "kube-system"]);
});

test("the chart is as wide as the mock's on a small stage and wider on a wide one", () => {
  assert.deepEqual([quay(undefined, 600).width, quay().width, quay(undefined, 1440).width, quay(undefined, 9000).width], [1088, 1088, 1440, 1600]);
});

test("on a stage as narrow as a phone the chart stands upright, in lines that keep their size", () => {
  const { width, height, upright, racks, zones, control, storage, waterline } = quay(undefined, 390);
  assert.deepEqual([width, upright, [...new Set(racks.map(({ line }) => line))]], [430, true, [0, 1, 2]]);
  assert.ok(height > 2 * width, `${height}`);
  const all = [control.panel, ...zones.map(({ rect }) => rect), ...storage!.cards.map(({ rect }) => rect), ...racks.map(({ rect }) => rect), storage!.rack];
  all.forEach((a, i) => all.slice(i + 1).forEach((b) => assert.ok(!overlap(a, b), JSON.stringify([a, b]))));
  for (const rect of [...all, control.you]) assert.ok(rect.x >= 0 && rect.x + rect.w <= width && rect.y + rect.h <= height, JSON.stringify(rect));
  for (const { cards } of zones) for (const { rect } of cards) assert.ok(rect.w >= 80, JSON.stringify(rect));
  assert.deepEqual([zones.every(({ rect }) => rect.y + rect.h < waterline), racks.every(({ rect }) => rect.y > waterline)], [true, true]);
});

test("an upright chart's trunk of traffic goes around the zones below its service, and its lanes begin at the knot", () => {
  const { lane, zones, waterline, width } = quay(110e6, 390);
  const shop = zones.find(({ zone }) => zone.name === "shop")!.rect;
  assert.match(lane!.trunk, new RegExp(`V${shop.y + shop.h}q0 6 -6 6H14q-6 0 -6 6V${waterline - 13}q0 6 6 6H89$`));
  assert.ok(lane!.pill.x > 0 && lane!.pill.x + lane!.pill.w < width);
  assert.equal(lane!.ready.length, 4);
  for (const { path } of lane!.ready) assert.match(path, /^M150 /);
});

test("the lane leads to ready pods, and is cut to the one that is not", () => {
  const { lane } = quay(110e6);
  assert.equal(lane!.ready.length, 4);
  assert.deepEqual(lane!.cut.map(({ uid }) => uid), [podUid("web", "w6p9d")]);
});

for (const count of [1, 2, 3, 5, 8, 12]) {
  test(`racks of ${count} nodes stay on the quay`, () => {
    const { state, berths } = play();
    const some = [...table(state, "Node").values()][0]!;
    const nodes = Array.from({ length: count }, (_, i): NodeRow => ({ ...some, uid: `n${i}`, name: `n${i}` }));
    const layout = layoutQuay({ ...buildModel(state, null), nodes }, berths, { width: 1088, ratchet: LOOSE });
    for (const { rect } of layout.racks) assert.ok(rect.x >= 16 && rect.x + rect.w <= layout.storage!.rack.x, JSON.stringify(rect));
  });
}

const places = ["you", "scheduler", "controller:replicaset", "controller:node-lifecycle", "kubelet:node-1", "kubelet:node-5", "kube-proxy", "cloud"];
for (const width of [390, 1088]) for (const place of places) {
  test(`${place} has a cable to the API server and back on a stage of ${width} pixels`, () => {
    const layout = quay(undefined, width);
    const there = route(layout, place, "apiserver");
    const back = route(layout, "apiserver", place);
    assert.ok(there && there.length >= 2 && back && back.length >= 2);
    assert.match(roundedPath(there), /^M[-\d.]+ [-\d.]+L/);
    assert.deepEqual(along(there, 0).map(Math.round), there[0]!.map(Math.round));
    assert.deepEqual(along(there, 1).map(Math.round), there.at(-1)!.map(Math.round));
  });
}

test("a place nobody knows has no cable", () => {
  assert.equal(route(quay(), "kubelet:nowhere", "apiserver"), null);
  assert.equal(route(quay(), "scheduler", "etcd"), null);
});

test("the camera shows the whole chart below the tools, and moves no more than it must", () => {
  assert.deepEqual(fitBelow({ width: 1088, height: 548 }, { width: 1088, height: 548 }, 44), { k: 1, x: 0, y: 0 });
  assert.deepEqual(fitAcross({ x: 20, y: 40, w: 430, h: 1500 }, { width: 215, height: 400 }, 92), { k: 0.5, x: -10, y: 72 });
  const camera = { k: 2, x: 0, y: 0 };
  assert.equal(reveal(camera, { x: 50, y: 50, w: 10, h: 10 }, { width: 400, height: 300 }), camera);
  assert.deepEqual(reveal(camera, { x: 300, y: 50, w: 10, h: 10 }, { width: 400, height: 300 }), { k: 2, x: -244, y: 0 });
});

test("in the fleet, a click on a pod's cell finds that pod", () => {
  const nodes = Array.from({ length: 1000 }, (_, i) => ({ uid: `n${i}`, name: `n${i}`, ns: "", created: i, zone: "abc"[i % 3]! }) as NodeRow);
  const layout = layoutFleet(nodes, { view: { width: 1400, height: 800 }, aside: 260, mostBerths: 10, plinths: 1 });
  for (const zone of layout.zones) for (const index of [0, 17, zone.nodes.length - 1]) for (const berth of [{ number: 0, plinth: true }, { number: 6, plinth: false }]) {
    const { x, y, w, h } = podRect(cellRect(zone, index), layout.shape, berth);
    const hit = hitFleet(layout, x + w / 2, y + h / 2);
    assert.deepEqual([hit?.node.name, hit?.berth], [zone.nodes[index]!.name, berth]);
  }
});

test("on a narrow stage the fleet leaves room for its summary below instead of beside", () => {
  const nodes = Array.from({ length: 60 }, (_, i) => ({ uid: `n${i}`, name: `n${i}`, ns: "", created: i, zone: "abc"[i % 3]! }) as NodeRow);
  const { zones } = layoutFleet(nodes, { view: { width: 390, height: 570 }, aside: 0, above: 40, below: 200, mostBerths: 10, plinths: 1 });
  for (const { rect } of zones) assert.ok(rect.y >= 128 && rect.y + rect.h <= 370 && rect.x + rect.w <= 390, JSON.stringify(rect));
});

test("ten thousand pods find their berths in a blink", () => {
  const pods = new Map(Array.from({ length: 10_000 }, (_, i): [string, PodRow] => [`p${i}`, { uid: `p${i}`, node: `n${i % 1000}`, ownerKind: "ReplicaSet" } as PodRow]));
  const berths = new Berths();
  const started = spent();
  berths.sync(pods);
  assert.ok(spent() - started < 500);
  assert.deepEqual(berths.most(), { mostBerths: 10, plinths: 0 });
});

test("a control plane and five workers stand in one line on the narrowest chart", () => {
  const { state, berths } = play();
  const some = [...table(state, "Node").values()][0]!;
  const nodes = Array.from({ length: 6 }, (_, i): NodeRow => ({ ...some, uid: `n${i}`, name: `n${i}` }));
  const layout = layoutQuay({ ...buildModel(state, null), nodes, volumes: [], classes: [] }, berths, { width: 1088, ratchet: LOOSE });
  assert.deepEqual([...new Set(layout.racks.map(({ line }) => line))], [0]);
});

for (const count of [2, 6, 9, 12]) test(`a quay of ${count} nodes fills a wide stage as far as its height allows`, () => {
  const { state, berths } = play();
  const some = [...table(state, "Node").values()][0]!;
  const nodes = Array.from({ length: count }, (_, i): NodeRow => ({ ...some, uid: `n${i}`, name: `n${i}` }));
  const [width, height] = [1440, 548];
  const shown = (layout: QuayLayout): number => Math.min(1, width / layout.width, height / layout.height);
  const model = { ...buildModel(state, null), nodes, volumes: [], classes: [] };
  const plain = layoutQuay(model, berths, { width, ratchet: LOOSE });
  const layout = layoutQuay(model, berths, { width, height, ratchet: LOOSE });
  assert.ok(layout.width * shown(layout) >= plain.width * shown(plain) - 1);
  assert.ok(layout.width * shown(layout) > width * 0.8, `${layout.width} at ${shown(layout)}`);
  assert.equal(layoutQuay(model, berths, { width, height, ratchet: layout.ratchet }).width, layout.width);
});
