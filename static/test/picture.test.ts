/** Names and notes of saved pictures. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileName, noteOf } from "../src/panels/picture";

for (const [name, file] of [["My first cluster", "my-first-cluster"], ["  Größe / 7 ", "gr-e-7"], ["❤", "cluster"]] as const) test(`a picture of ${name} is called ${file}`, () => assert.equal(fileName(name), file));
test("the note leads back, or says why it does not", () => {
  assert.equal(noteOf({ svg: "", name: "a.svg", link: "http://x/y", why: "" }), "![a.svg](a.svg)\n[Open this moment](http://x/y)\n");
  assert.equal(noteOf({ svg: "", name: "a.svg", link: null, why: "It lies on a branch." }), "![a.svg](a.svg)\nIt lies on a branch.\n");
});
