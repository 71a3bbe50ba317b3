/** What a waiting container shows: how full its bar is, and its place in the queue. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { shareOf, waitOf } from "../src/draw/wait-bar";
import type { PodRow } from "../src/protocol/shapes";
import { placeQueue } from "../src/scene/control-places";

const pod = (fields: Partial<PodRow>): PodRow => ({ phase: "Creating", bar: null, grace: null, ...fields }) as PodRow;
const moments: [words: string, fields: Partial<PodRow>, at: number, share: number | null][] = [
  ["a pull that has not begun", { bar: [2, 6] }, 1, 0],
  ["a pull half way", { bar: [2, 6] }, 4, 0.5],
  ["a pull that takes longer than expected", { bar: [2, 6] }, 9, 1],
  ["no pull", {}, 4, null],
  ["a grace period at its beginning", { phase: "Terminating", grace: [0, 30] }, 0, 1],
  ["a grace period nearly over", { phase: "Terminating", grace: [0, 30] }, 27, 0.1],
  ["no grace at all", { phase: "Terminating", grace: [5, 5] }, 5, null],
  ["a pull of a pod that is being deleted", { phase: "Terminating", bar: [2, 6] }, 4, null],
];
for (const [words, fields, at, share] of moments) {
  test(`the bar of ${words}`, () => {
    const wait = waitOf(pod(fields));
    assert.equal(wait && Math.round(shareOf(wait, at) * 1e6) / 1e6, share);
  });
}

for (const [count, drawn, density] of [[0, 0, 0], [1, 1, 0], [2, 12, 2], [40, 12, 2]] as const) {
  test(`a queue of ${count} pods`, () => {
    const queued = Array.from({ length: count }, (_, i) => pod({ uid: `p${i}` }));
    const place = placeQueue(queued, { x: 0, y: 0, w: 113, h: 48 });
    assert.equal(place.queued.length, Math.min(count, drawn));
    assert.equal(place.queuedMore, count - place.queued.length);
    assert.equal(place.queueDensity, density);
    for (const { rect } of place.queued) assert.ok(rect.x + rect.w <= 113 && rect.y + rect.h <= 48, JSON.stringify(rect));
  });
}
