/** The order of everything on the stage. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Row } from "../src/protocol/shapes";
import { inOrder } from "../src/scene/model";

const row = (name: string, created: number): Row => ({ uid: `uid-${name}`, name, ns: "", created });

test("older things come first, and of one age the numbers in names count", () => {
  const rows = [row("worker10", 5), row("worker2", 5), row("worker", 5), row("plane", 9), row("worker02", 5), row("zebra", 1)];
  assert.deepEqual(inOrder(rows).map(({ name }) => name), ["zebra", "worker", "worker02", "worker2", "worker10", "plane"]);
});
