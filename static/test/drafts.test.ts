/** Unsaved text in the editor survives a reload. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { draftsOf, keepDrafts, readDrafts, withDrafts } from "../src/editor/drafts";
import { create, edited, noFiles, show } from "../src/editor/files";

function fakeStorage(): Storage {
  const kept = new Map<string, string>();
  return { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value), removeItem: (key: string) => void kept.delete(key) } as unknown as Storage;
}
const forbidden = (): Storage => { throw new Error("SecurityError"); };
const changed = edited(create(show(noFiles, "web.yaml", "kind: Service"), ""), "kind: Pod");

test("only what was changed is kept", () => assert.deepEqual(draftsOf(changed), [{ path: "untitled.yaml", text: "kind: Pod" }]));
test("a draft replaces the saved text, and opens its file when it is not open", () => {
  const files = withDrafts(show(noFiles, "web.yaml", "a"), [{ path: "web.yaml", text: "b" }, { path: "untitled.yaml", text: "c" }]);
  assert.deepEqual(files, { open: [{ path: "web.yaml", saved: "a", text: "b" }, { path: "untitled.yaml", saved: "", text: "c" }], shown: 0 });
});
test("each cluster has its own, and saved files leave nothing behind", () => {
  const storage = fakeStorage();
  keepDrafts("one", draftsOf(changed), () => storage);
  assert.deepEqual([readDrafts("one", () => storage).length, readDrafts("two", () => storage).length], [1, 0]);
  keepDrafts("one", [], () => storage);
  assert.equal(storage.getItem("drydock:drafts:one"), null);
});
test("without storage there are none, and nothing fails", () => {
  keepDrafts("one", draftsOf(changed), forbidden);
  assert.deepEqual(readDrafts("one", forbidden), []);
});
