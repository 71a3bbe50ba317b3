import assert from "node:assert/strict";
import { test } from "node:test";
import { nextPane, type Pane } from "../src/a11y/keys";
import { podSummary } from "../src/a11y/announcer";
import { visibleRows } from "../src/a11y/outline";
import { outline, type Branch } from "../src/a11y/tree";
import { findUid, kindNamed } from "../src/context";
import { actionsFor } from "../src/panels/actions";
import { wholeSpan } from "../src/panels/timeline";
import { agoText, clockText, clockWords, timeAt } from "../src/protocol/clock";
import { SessionLog } from "../src/protocol/log";
import { firstSnap, podUid, recordedFrames, US } from "./fixtures/recording";

const log = new SessionLog();
log.snap(firstSnap());
for (const frame of recordedFrames) log.delta(frame);
const state = log.stateAt(log.evAt(404.4 * US));

test("the outline lists what the stage shows, in words", () => {
  assert.deepEqual(outline(state).map(({ label }) => label), ["Control plane", "Nodes, 5 nodes", "Waiting for a node, 1 pod", "Namespaces", "Storage"]);
  const nodes = outline(state)[1]!.children!.make();
  assert.equal(nodes[3]!.label, "node-4, not ready, no power, 3 pods");
  assert.deepEqual(nodes[2]!.children!.make().map(({ label }) => label).at(-1), "Pod web-7d9f-k8x2m, creating (ContainerCreating), 0 of 1 ready");
});

test("children are made only when their branch is open", () => {
  let made = 0;
  const branch = (id: string, children: Branch[]): Branch => ({ id, uid: null, label: id, phase: null, children: { count: children.length, make: () => { made += 1; return children; } } });
  const tree = [branch("a", [branch("b", [])]), branch("c", [])];
  assert.deepEqual(visibleRows(tree, new Set()).map((row) => row.branch.id), ["a", "c"]);
  assert.equal(made, 0);
  const rows = visibleRows(tree, new Set(["a"]));
  assert.deepEqual(rows.map((row) => [row.branch.id, row.level, row.position, row.size]), [["a", 1, 1, 2], ["b", 2, 1, 1], ["c", 1, 2, 2]]);
  assert.equal(made, 1);
});

test("F6 goes round the panes, Shift the other way", () => {
  const inside = {} as Element;
  const pane = (name: string, has = false): Pane => ({ name, element: { contains: () => has } as unknown as HTMLElement, focus: () => undefined });
  const panes = [pane("lesson"), pane("stage", true), pane("terminal")];
  assert.equal(nextPane(panes, inside, 1)?.name, "terminal");
  assert.equal(nextPane(panes, inside, -1)?.name, "lesson");
  assert.equal(nextPane(panes, null, 1)?.name, "lesson");
});

test("pods are summed up in one sentence", () => {
  assert.equal(podSummary(state, "api"), "2 api pods running, 1 terminating, 1 pending");
});

for (const [said, kind] of [["deploy", "Deployment"], ["deployments.apps", "Deployment"], ["po", "Pod"], ["ingresses", "Ingress"], ["endpoints", null]] as const) {
  test(`${said} means ${kind}`, () => assert.equal(kindNamed(said), kind));
}

test("objects are found as people name them", () => {
  assert.equal(findUid(state, "deployment", "web", "shop"), "d-web");
  assert.equal(findUid(state, "deployment", "web", "data"), null);
  assert.equal(findUid(state, "no", "node-3"), "node-3");
});

const menus: [string, string, string[]][] = [
  ["a node with power", "node-1", ["Cut the power of node-1", "Shut node-1 down"]],
  ["a node without power", "node-4", ["Bring node-4 back"]],
  ["a running pod", podUid("web", "5mqx7"), ["Kill the process of web-7d9f-5mqx7"]],
  ["a pod that is not running", podUid("api", "h3n7v"), []],
  ["a controller", "component/replicaset-controller", ["Stop kube-controller-manager"]],
  ["a deployment", "d-web", []],
];
for (const [name, uid, actions] of menus) {
  test(`${name} offers what makes sense for it`, () => assert.deepEqual(actionsFor(state, uid).map((action) => action.name), actions));
}

test("times are told for eyes and for ears", () => {
  assert.deepEqual([clockText(404.6 * US), clockText(3_661 * US, false), clockWords(404 * US), clockWords(0), agoText(352 * US)], ["6:44.6", "1:01:01", "6 minutes 44 seconds", "0 seconds", "5:52 ago"]);
});

test("the local clock follows the server's and does not run away", () => {
  const clock = { at: 1_000, speed: 2, paused: false, lagging: false };
  assert.equal(timeAt({ clock, receivedMs: 100 }, 150), 101_000);
  assert.equal(timeAt({ clock: { ...clock, paused: true }, receivedMs: 100 }, 150), 1_000);
  assert.equal(timeAt({ clock, receivedMs: 0 }, 1e9), 10_001_000);
});

for (const [end, fields] of [[3, 10], [480, 16], [4_000, 14]] as const) {
  test(`a scale of ${end} seconds has whole fields`, () => {
    const span = wholeSpan(end * US);
    assert.equal(span.end / span.field, fields);
  });
}
