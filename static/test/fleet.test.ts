/** The fleet: racks alike in every zone, what colours tell, and rings around what to look at first. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { EMPTY, applySnap, rows, table } from "../src/protocol/store";
import { Berths } from "../src/scene/berths";
import { placeCallouts } from "../src/scene/callouts";
import { layoutFleet, podRect } from "../src/scene/fleet";
import { bandCounts, bandOf, paintsOf, type Looked } from "../src/scene/fleet-colours";
import { summarise } from "../src/scene/summary";
import { tintsOf } from "../src/scene/model";
import type { NodeRow, PodRow } from "../src/protocol/shapes";
import { fleetSnap } from "./fixtures/fleet";

const view = { width: 1440, height: 548 };
const node = (name: string, zone: string): NodeRow => ({ uid: name, name, ns: "", created: 0, zone, ready: "True", mem: 100, memUsed: 60 }) as unknown as NodeRow;
const pod = (changes: Partial<PodRow>): PodRow => ({ uid: "p", name: "p", ns: "shop", node: "a1", created: 0, phase: "Running", ...changes }) as PodRow;
const nodes = [node("plane", ""), ..."abc".split("").flatMap((zone) => Array.from({ length: 13 }, (_, i) => node(`${zone}${i}`, zone)))];

test("racks are alike in every zone, and a zone is as wide as its nodes need", () => {
  const { zones } = layoutFleet(nodes, { view, aside: 262, mostBerths: 8, plinths: 1 });
  assert.equal(new Set(zones.map(({ cell }) => `${cell.width}x${cell.height}`)).size, 1);
  assert.ok(zones[0]!.rect.w < zones[1]!.rect.w / 2);
  const right = zones.at(-1)!.rect;
  assert.ok(Math.abs(right.x + right.w - (view.width - 20 - 262)) < 1);
});
for (const count of [1, 13, 40, 333, 1000]) test(`every one of ${count} nodes lies within its zone`, () => {
  const all = Array.from({ length: count }, (_, i) => node(`n${i}`, "abc"[i % 3]!));
  const { zones, placeOf } = layoutFleet(all, { view, aside: 262, mostBerths: 10, plinths: 1 });
  assert.equal(placeOf.size, count);
  for (const { rect, node: { zone } } of placeOf.values()) {
    const box = zones.find(({ name }) => name === zone)!.rect;
    assert.ok(rect.x >= box.x && rect.x + rect.w <= box.x + box.w + 0.5 && rect.y >= box.y && rect.y + rect.h <= box.y + box.h + 0.5);
  }
});
test("the name of a wide rack has room above its pods", () => {
  const rack = { x: 0, y: 0, w: 100, h: 190 };
  assert.ok(podRect(rack, { columns: 2, rows: 5, plinths: 1 }, { number: 0, plinth: true }).y >= 20);
  assert.ok(podRect({ ...rack, w: 30 }, { columns: 2, rows: 5, plinths: 1 }, { number: 0, plinth: true }).y < 5);
});

const looked: Looked = { paints: new Map([["shop", "creating"]]), now: 3_600_000_000 };
test("colour tells the namespace, the memory a pod asks for, or the age", () => {
  assert.deepEqual(bandOf("namespace", pod({}), looked), { token: "creating", words: "shop" });
  for (const [mem, words] of [[0, "asks for none"], [32, "under 64 MiB"], [64, "under 256 MiB"], [1023, "under 1 GiB"], [1024, "1 GiB and more"]] as const) {
    assert.equal(bandOf("memory", pod({ mem: mem * 1024 * 1024 }), looked).words, words);
  }
  assert.equal(bandOf("age", pod({ created: 3_595_000_000 }), looked).words, "under a minute");
  assert.equal(bandOf("age", pod({}), looked).words, "under a day");
});
test("bands are counted in their order, and pods without a node are not", () => {
  const pods = [pod({ created: 0 }), pod({ created: 3_595_000_000 }), pod({ node: "", created: 0 })];
  assert.deepEqual(bandCounts("age", pods, looked).map(({ band, count }) => [band.words, count]), [["under a minute", 1], ["under a day", 1]]);
});

test("namespaces are told apart by more colours than the quay has", () => {
  const namespaces = ["kube-system", "default", "a", "b", "c"].map((name, created) => ({ uid: name, name, ns: "", created }));
  const paints = paintsOf(namespaces);
  assert.equal(paints.get("kube-system"), "ns3-m");
  assert.equal(new Set(["default", "a", "b", "c"].map((name) => paints.get(name))).size, 4);
});

test("a thick trouble gets a ring that holds most of it, and a label on the chart beside it", () => {
  const state = applySnap(EMPTY, fleetSnap(90, 4));
  const berths = new Berths();
  berths.sync(table(state, "Pod"));
  const fleet = layoutFleet(rows(state, "Node"), { view, aside: 262, ...berths.most() });
  const near = [...table(state, "Pod").values()].filter(({ node: name }) => ["node-0", "node-3"].includes(name)).map(({ uid }) => uid);
  const trouble = { title: "payments", detail: `${near.length} pods: cannot pull its image`, phase: "Failing" as const, uid: near[0]!, count: near.length, uids: near };
  const [callout] = placeCallouts([trouble], fleet, berths, (uid) => table(state, "Pod").get(uid)?.node);
  assert.ok(callout);
  assert.equal(callout.title, "payments");
  assert.ok(callout.label.y + callout.label.h <= fleet.zones[0]!.rect.y + fleet.zones[0]!.rect.h);
  const everywhere = { ...trouble, uids: [...table(state, "Pod").keys()] };
  assert.deepEqual(placeCallouts([everywhere], fleet, berths, (uid) => table(state, "Pod").get(uid)?.node), []);
});
test("troubles say in plain words what is wrong, and where", () => {
  const state = applySnap(EMPTY, fleetSnap(1000, 10));
  const failing = summarise(state).troubles.find(({ phase, title }) => phase === "Failing" && !title.includes("not ready"))!;
  assert.equal(failing.uids.length, failing.count);
  assert.match(failing.detail, /^\d+ pods: /);
  assert.equal(tintsOf(rows(state, "Namespace")).get("kube-system"), 3);
});
