import assert from "node:assert/strict";
import { test } from "node:test";
import { step } from "../src/wall/keys";
import { layout } from "../src/wall/mini";
import * as wall from "../src/wall/roster";
import type { Card } from "../src/wall/types";
import { cardsOf } from "./fixtures/fake-class";

const now = 10_000_000;
const cards = cardsOf(now);
const roster = wall.hear(wall.nobody, { t: "wall", class: {}, cards });
const named = (name: string): Card => cards.find((card) => card.name === name) ?? assert.fail(name);

test("whoever has asked longest comes first, then who is stuck; the finished and the absent come last", () => {
  const names = wall.inOrder(roster, "needs").map(({ name }) => name);
  assert.deepEqual(names.slice(0, 3), ["Mei Tanaka", "Idris Okoye", "Lucía Romero"]);
  assert.deepEqual(names.slice(3, 7).sort(), ["Aya Haddad", "Noor Ansari", "Pavel Novák", "Tom Becker"]);
  assert.deepEqual(names.slice(-6), ["Carlos Vega", "Eva Lindqvist", "Jonas Weber", "Linh Tran", "Dana Levi", "Milo Janssen"]);
});
test("other orders", () => {
  assert.equal(wall.inOrder(roster, "name")[0]?.name, "Ama Boateng");
  assert.equal(wall.inOrder(roster, "step")[0]?.name, "Milo Janssen");
});
test("the summary counts who needs help and how far the class is", () => {
  assert.deepEqual(wall.summary(roster, 7), { asking: 3, stuck: 4, connected: 28, all: 30, perStep: [0, 1, 3, 9, 8, 4, 4] });
});
test("a change touches only its fields, and a stranger's change is dropped", () => {
  const next = wall.hear(roster, { t: "cards", cards: [{ id: "m0", step: 6 }, { id: "nobody", step: 1 }] });
  assert.deepEqual(next.cards.get("m0"), { ...named("Mei Tanaka"), step: 6 });
  assert.equal(next.cards.size, 30);
  assert.equal(next.cards.get("m1"), roster.cards.get("m1"));
});
test("the whole card of somebody who has just joined is added", () => {
  const noor: Card = { ...named("Mei Tanaka"), id: "m99", name: "Noor" };
  const next = wall.hear(roster, { t: "cards", cards: [noor] });
  assert.equal(next.cards.size, 31);
  assert.deepEqual(next.cards.get("m99"), noor);
});
const feet: [string, string][] = [
  ["Mei Tanaka", "Asked 1 min ago"], ["Lucía Romero", "Asked 40 s ago"], ["Tom Becker", "No progress for 5 min"], ["Grace Mwangi", "kubectl get nodes"],
  ["Leo Martin", "Reading"], ["Jonas Weber", "Finished in 23 min"], ["Dana Levi", "Not connected"], ["Milo Janssen", "Not joined yet"],
];
for (const [name, words] of feet) test(`the card of ${name} says “${words}”`, () => assert.equal(wall.footWords(named(name), now), words));

test("durations in words", () => {
  assert.deepEqual([400, 59_000, 60_000, 3_599_000, 7_500_000].map(wall.duration), ["0 s", "59 s", "1 min", "59 min", "2 h 5 min"]);
});
test("the time of the present step is still running", () => assert.deepEqual(wall.stepSeconds(named("Idris Okoye"), now), [120, 180, 180]));
test("the mean of a step counts only who is through", () => {
  assert.equal(wall.meanSeconds(roster, 5), 200);
  assert.equal(wall.meanSeconds(wall.nobody, 5), null);
});
test("a picture in words names the trouble first", () => {
  assert.equal(wall.pictureWords({ nodes: [["node-1", false, "TT."], ["node-2", true, "RRF"]], declared: ["RRP"] }), "node-1 not ready, 2 running, 1 pending, 1 failing, 2 terminating");
  assert.equal(wall.pictureWords({ nodes: [], declared: [] }), "no pods");
});

const moves: [string, number, number | null][] = [["ArrowRight", 0, 1], ["ArrowLeft", 0, null], ["ArrowDown", 1, 7], ["ArrowUp", 7, 1], ["ArrowDown", 28, null], ["End", 3, 29], ["Home", 3, 0], ["x", 3, null]];
for (const [key, from, to] of moves) test(`${key} from card ${from} leads to ${to}`, () => assert.equal(step(key, from, 30, 6), to));

test("everything of a small cluster lies within its card", () => {
  const mini = layout(cards[0]?.picture ?? assert.fail(), 170, 84);
  const boxes = [...mini.pips, ...mini.racks, ...mini.racks.flatMap(({ tiles }) => tiles)];
  assert.equal(mini.racks.length, 5);
  assert.ok(boxes.every(({ x, y, w, h }) => x >= 0 && y >= 0 && x + w <= 170 && y + h <= 84 && w > 0 && h > 0));
  assert.ok(mini.racks.every((rack) => rack.tiles.every(({ y, h }) => y + h <= rack.y + rack.h)));
});
test("a hundred workloads and forty nodes still fit", () => {
  const mini = layout({ nodes: Array.from({ length: 40 }, (_, i) => [`n${i}`, true, "R".repeat(30)] as const), declared: Array.from({ length: 100 }, () => "RRR") }, 170, 84);
  const boxes = [...mini.pips, ...mini.racks.flatMap(({ tiles }) => tiles)];
  assert.ok(boxes.every(({ x, y, w, h }) => x + w <= 170.01 && y + h <= 84.01));
});
