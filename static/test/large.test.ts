import assert from "node:assert/strict";
import { test } from "node:test";
import { captionParts } from "../src/panels/caption";
import { applySnap, EMPTY } from "../src/protocol/store";
import { Berths } from "../src/scene/berths";
import { LOOSE, layoutQuay } from "../src/scene/layout";
import { buildModel } from "../src/scene/model";
import { layoutNamespaces } from "../src/scene/namespaces";
import { summarise } from "../src/scene/summary";
import { fitText, textWidth } from "../src/scene/text";
import { table } from "../src/protocol/store";
import type { Row } from "../src/protocol/shapes";
import { fleetSnap } from "./fixtures/fleet";

const fleet = applySnap(EMPTY, fleetSnap(1000, 10));

test("a fleet is summed up: counts by phase, and the worst first", () => {
  const { nodes, pods, readyNodes, counts, troubles } = summarise(fleet);
  assert.deepEqual([nodes, pods, readyNodes, counts.get("Pending")], [1000, 10_030, 994, 30]);
  assert.equal(troubles[0]!.title, "6 nodes not ready");
  assert.ok(troubles.some(({ title, detail }) => title === "30 pods waiting" && detail === "Insufficient memory"));
  assert.ok(troubles.length <= 8);
});

test("by namespace, a workload of hundreds shows some and counts the rest", () => {
  const state = { ...fleet, tables: { ...fleet.tables, ReplicaSet: new Map([["rs-web", { uid: "rs-web", name: "web", ns: "shop", created: 1, want: 2000, ready: 2000, owner: "" } as unknown as Row]]) } };
  const { places } = layoutNamespaces(buildModel(state, null), state, 1100);
  const row = places.find(({ zone }) => zone.name === "shop")!.rows[0]!;
  assert.equal(row.pods.length, 40);
  assert.equal(row.pods.length + row.more, [...table(fleet, "Pod").values()].filter(({ owner }) => owner === "rs-web").length);
});

for (const [each, density] of [[4, 0], [20, 1], [60, 2], [110, 2]] as const) {
  test(`racks of ${each} pods are drawn in density ${density}, every tile within its rack`, () => {
    const state = applySnap(EMPTY, fleetSnap(5, each));
    const berths = new Berths();
    berths.sync(table(state, "Pod"));
    const layout = layoutQuay(buildModel(state, null), berths, { width: 1088, ratchet: LOOSE });
    assert.equal(layout.density, density);
    for (const { pod, rect } of layout.tiles.values()) {
      const rack = layout.racks.find(({ node }) => node.name === pod.node)!.rect;
      assert.ok(rect.y + rect.h <= rack.y + rack.h && rect.x + rect.w <= rack.x + rack.w, `${pod.name} ${JSON.stringify([rect, rack])}`);
    }
  });
}

test("small tiles stay small until less than half of the room is needed", () => {
  const layout = (each: number, ratchet = LOOSE) => {
    const state = applySnap(EMPTY, fleetSnap(5, each));
    const berths = new Berths();
    berths.sync(table(state, "Pod"));
    return layoutQuay(buildModel(state, null), berths, { width: 1088, ratchet });
  };
  const full = layout(20);
  assert.deepEqual([layout(8, full.ratchet).density, layout(4, full.ratchet).density], [1, 0]);
});

test("labels are cut with an ellipsis and never wider than their room", () => {
  assert.equal(fitText("web", 100, 12), "web");
  const cut = fitText("a-rather-long-name-of-a-thing", 60, 12);
  assert.match(cut, /…$/);
  assert.ok(textWidth(cut, 12) <= 60);
});

test("names in a caption are set as code, parts of other names are not", () => {
  const texts = captionParts("The ReplicaSet web-55d hears of web and `nginx:1`.", ["web"]).map((part) => (typeof part === "string" ? part : `<${String((part as { props: { children: unknown } }).props.children)}>`));
  assert.deepEqual(texts, ["The ReplicaSet web-55d hears of ", "<web>", " and ", "<nginx:1>", "."]);
});
