import assert from "node:assert/strict";
import { test } from "node:test";
import { changedRows } from "../src/editor/changes";
import { choicesAt } from "../src/editor/completion";
import { diffRows, diffSummary } from "../src/editor/diff";
import * as files from "../src/editor/files";
import { indentAfter } from "../src/editor/indent";
import { lint } from "../src/editor/lint";
import { placeAt } from "../src/editor/place";
import { fromReport, rowOf } from "../src/editor/problems";
import { remembering, schemaAt, typeWords, type Schema } from "../src/editor/schema";
import { distance, nearest } from "../src/editor/suggest";
import { templateNames } from "../src/editor/template-names";
import { templates, withTemplate } from "../src/editor/templates";
import { deploymentSchema } from "./fixtures/schemas";
import { spent } from "./spent";

const head = "apiVersion: apps/v1\nkind: Deployment\n";
const place = (text: string) => placeAt(text.replace("|", ""), text.indexOf("|"));

const places: [string, string, string, string, string[]][] = [
  ["an empty document", "|", "key", "", []],
  ["a key at the top", `${head}sp|`, "key", "", ["apiVersion", "kind"]],
  ["a key in an object", `${head}spec:\n  rep|`, "key", "spec", []],
  ["an empty row below an object", `${head}spec:\n  |`, "key", "spec", []],
  ["a list at the column of its key", `${head}spec:\n  template:\n    spec:\n      containers:\n      - na|`, "key", "spec.template.spec.containers.[]", []],
  ["a list indented below its key", `spec:\n  containers:\n    - name: a\n      im|`, "key", "spec.containers.[]", ["name"]],
  ["after an earlier item", `spec:\n  containers:\n  - name: a\n    image: b\n  - |`, "key", "spec.containers.[]", []],
  ["a list in a list item", `spec:\n  containers:\n  - name: a\n    ports:\n    - |`, "key", "spec.containers.[].ports.[]", []],
  ["keys after the cursor count too", `spec:\n  |\n  replicas: 3\nkind: x`, "key", "spec", ["replicas"]],
  ["back out of a deep object", `spec:\n  template:\n    spec:\n      containers:\n      - name: a\n  |`, "key", "spec", ["template"]],
  ["a value", `spec:\n  containers:\n  - imagePullPolicy: Al|`, "value", "spec.containers.[].imagePullPolicy", []],
  ["the second document", `kind: Pod\nspec:\n  a: b\n---\nmeta|`, "key", "", []],
  ["a commented row between", `spec:\n# note\n  rep|`, "key", "spec", []],
];
for (const [name, text, role, path, siblings] of places) {
  test(`the place of ${name}`, () => {
    const found = place(text) ?? assert.fail("no place");
    assert.deepEqual([found.role, found.path.join("."), found.siblings], [role, path, siblings]);
  });
}
test("there is no place inside a block text", () => assert.equal(place("data:\n  a: |\n    so|".replace("a: |", "a: >")), null));
test("the place knows the kind of its own document", () => assert.deepEqual(place(`kind: Pod\n---\n${head}spec:\n  |`)?.kind, { apiVersion: "apps/v1", kind: "Deployment" }));

const labels = (text: string, schema: Schema | null = deploymentSchema): string[] => choicesAt(place(text) ?? assert.fail(), schema).map(({ label }) => label);

test("required fields come first, present ones are left out, status is never offered", () => {
  assert.deepEqual(labels(`${head}spec:\n  replicas: 1\n  |`), ["selector", "template", "paused", "strategy"]);
  assert.ok(!labels(`${head}|`).includes("status"));
});
test("an object opens a new row, a list its first dash", () => {
  const choice = (name: string, text: string) => choicesAt(place(text) ?? assert.fail(), deploymentSchema).find(({ label }) => label === name)?.edit;
  assert.equal(choice("selector", `${head}spec:\n  |`), "selector:\n    ");
  assert.equal(choice("containers", `${head}spec:\n  template:\n    spec:\n      |`), "containers:\n      - ");
  assert.equal(choice("replicas", `${head}spec:\n  |`), "replicas: ");
});
test("allowed values and booleans are offered", () => {
  assert.deepEqual(labels(`${head}spec:\n  template:\n    spec:\n      containers:\n      - imagePullPolicy: |`), ["Always", "IfNotPresent", "Never"]);
  assert.deepEqual(labels(`${head}spec:\n  paused: |`), ["true", "false"]);
});
test("a kind is offered by its version, a version by its kind", () => {
  assert.deepEqual(labels("apiVersion: apps/v1\nkind: |", null), ["ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"]);
  assert.deepEqual(labels("apiVersion: |\nkind: Job", null), ["batch/v1"]);
});

const problems = async (text: string) => (await lint(text, () => Promise.resolve(deploymentSchema))).map(({ from, message, fix }) => [rowOf(text, from), message, fix ?? ""]);
const sound = `${head}metadata:\n  name: web\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    spec:\n      containers:\n      - name: a\n`;

test("a sound manifest has no problems", async () => assert.deepEqual(await problems(sound), []));
test("an unknown field names what was meant", async () => {
  assert.deepEqual(await problems(`${sound}        imagePulPolicy: Always\n`), [
    [11, 'Unknown field "imagePulPolicy" in spec.template.spec.containers[0]. Did you mean imagePullPolicy?', "imagePullPolicy"],
  ]);
});
test("a wrong type says what was wanted and found", async () => {
  assert.deepEqual(await problems(`${sound}  replicas: three\n`), [[11, 'spec.replicas wants a whole number, found the text "three".', ""]]);
});
test("a value that is not allowed", async () => {
  assert.deepEqual(await problems(`${sound}        imagePullPolicy: always\n`), [
    [11, 'spec.template.spec.containers[0].imagePullPolicy may be Always, IfNotPresent, Never; found the text "always". Did you mean Always?', "Always"],
  ]);
});
test("a missing field is said where the object starts", async () => {
  assert.deepEqual(await problems(`${head}metadata: {}\nspec:\n  selector: {}\n`), [[5, "spec.template is required and missing.", ""]]);
});
test("a null is not set, an int-or-string takes both", async () => {
  assert.deepEqual(await problems(`${sound}  replicas:\n  strategy:\n    rollingUpdate:\n      maxSurge: 25%\n      maxUnavailable: 1\n`), []);
});
test("a bare yes is what the cluster reads: true", async () => {
  assert.deepEqual(await problems(`${sound.replace("name: web", "labels: {a: yes}")}`), [[4, "metadata.labels.a wants text, found yes, which YAML reads as true.", ""]]);
});
test("times and dates stay text", async () => {
  assert.deepEqual(await problems(`${sound.replace("name: web", "labels: {a: 10:30, b: 2026-01-01}")}`), []);
});
test("broken YAML is one problem with its row", async () => {
  const found = await problems("a: [1, 2\nb: 3\n");
  assert.equal(found[0]?.[0], 2);
});
test("a document without a kind asks for it", async () => {
  assert.deepEqual(await problems("apiVersion: v1\nmetadata: {}\n"), [[1, "kind is missing: it says what this object is.", ""]]);
});
test("text that is no object is refused in words", async () => {
  assert.deepEqual(await problems("- a\n"), [[1, "A manifest is an object with apiVersion, kind and metadata, found a list.", ""]]);
});
test("an unknown kind is a warning that names what was meant", async () => {
  assert.deepEqual(await problems("apiVersion: apps/v1\nkind: Deploymnt\n"), [[2, 'Kubernetes 1.33 has no kind "Deploymnt" in "apps/v1". Did you mean Deployment?', "Deployment"]]);
  assert.deepEqual(await problems("apiVersion: v1\nkind: Deployment\n"), [[1, 'Kubernetes 1.33 has no kind "Deployment" in "v1". Did you mean apps/v1?', "apps/v1"]]);
  assert.deepEqual((await lint("apiVersion: x/v1\nkind: Foo\n", () => Promise.resolve(null))).map(({ severity }) => severity), ["warning"]);
});

const indents: [string, number][] = [["spec:", 2], ["  replicas: 3", 2], ["      containers:", 8], ["      - name: api", 8], ["      -", 8], ["    command: |", 6], ["  a: b # x:", 2], ["", 0], ["- a:", 4]];
for (const [row, columns] of indents) test(`a row after ${JSON.stringify(row)} is indented by ${columns}`, () => assert.equal(indentAfter(row), columns));
test("what the cluster itself gave is no mistake", async () => {
  assert.deepEqual(await lint(`${sound}status:\n  replicas: 1\n`, () => Promise.resolve(deploymentSchema)), []);
  assert.deepEqual(await lint("apiVersion: v1\nitems: []\nkind: List\nmetadata: {}\n", () => Promise.resolve(null)), []);
});
test("a thousand rows are checked in well under a second", async () => {
  const big = Array.from({ length: 90 }, () => sound).join("---\n");
  const start = spent();
  assert.deepEqual(await lint(big, () => Promise.resolve(deploymentSchema)), []);
  assert.ok(spent() - start < 1000);
});
for (const template of templates) {
  test(`the template ${template.name} parses and says what it is`, async () => {
    assert.deepEqual(await lint(template.text, () => Promise.resolve(null)), []);
    assert.ok(files.nameFor(template.text));
  });
}
test("a template is added as one more document, and each that the menu names is there", () => {
  assert.equal(withTemplate("a: 1\n", "Pod"), `a: 1\n---\n${templates[0]?.text}`);
  assert.deepEqual(templates.map(({ name }) => name), [...templateNames]);
});

test("nearest words", () => {
  assert.equal(distance("imagePulPolicy", "imagePullPolicy"), 1);
  assert.equal(distance("ab", "ba"), 1);
  assert.equal(nearest("replcias", ["replicas", "revisionHistoryLimit"]), "replicas");
  assert.equal(nearest("Selector", ["selector"]), "selector");
  assert.equal(nearest("zzz", ["selector"]), null);
});
test("types in words", () => {
  assert.equal(typeWords({ type: "array", items: { type: "string" } }), "list of texts");
  assert.equal(typeWords({ format: "int-or-string", type: "string" }), "text or whole number");
  assert.equal(typeWords({}), "any value");
});
test("a schema is walked through lists and maps", () => {
  assert.equal(schemaAt(deploymentSchema, ["spec", "template", "spec", "containers", "[]", "name"])?.type, "string");
  assert.equal(schemaAt(deploymentSchema, ["metadata", "labels", "anything"])?.type, "string");
  assert.equal(schemaAt(deploymentSchema, ["spec", "nothing"]), null);
});
test("a schema is asked for once, an unanswered question again", async () => {
  let asked = 0;
  const schemas = remembering(() => Promise.resolve((asked += 1) > 1 ? deploymentSchema : undefined));
  assert.equal(await schemas({ apiVersion: "v1", kind: "Pod" }), null);
  assert.equal(await schemas({ apiVersion: "v1", kind: "Pod" }), deploymentSchema);
  await schemas({ apiVersion: "v1", kind: "Pod" });
  assert.equal(asked, 2);
});

test("changed rows are those which differ", () => {
  assert.deepEqual(changedRows("a\nb\nc", "a\nB\nc\nd"), [2, 4]);
  assert.deepEqual(changedRows("", "x"), [1]);
  assert.deepEqual(changedRows("a\nb", "a\nb"), []);
  assert.deepEqual(changedRows("a\nb\nc\nd", "b\na\nc\nx"), [2, 4]);
});
test("a diff shows its rows without the headings of its tool", () => {
  const rows = diffRows("diff -u -N /tmp/LIVE/apps.v1.Deployment.shop.api /tmp/MERGED/x\n--- /tmp/LIVE/x\t2026\n+++ /tmp/MERGED/apps.v1.Deployment.shop.api\t2026\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
  assert.deepEqual(rows.map(({ sign, text }) => sign + text), ["@apps.v1.Deployment.shop.api", "@@@ -1,2 +1,2 @@", " a", "-b", "+c"]);
  assert.equal(diffSummary(rows), "1 row added, 1 taken away");
  assert.equal(diffSummary([]), "No difference: the cluster already has this.");
});

test("files: one that kubectl edit waits for is named for what is in it", () => {
  const text = "# a head\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  labels: {a: b}\n  name: web\n";
  const open = files.show(files.noFiles, "/tmp/kubectl-edit-12.yaml", text, true);
  assert.equal(files.labelOf(files.shownFile(open)!), "editing deployment-web");
  assert.equal(files.labelOf(files.shownFile(files.show(files.noFiles, "/tmp/kubectl-edit-12.yaml", "{}", true))!), "editing kubectl-edit-12");
  assert.equal(files.labelOf(files.shownFile(files.show(files.noFiles, "web.yaml", text))!), "web.yaml");
});

test("files: an opened file is shown, its changes survive being opened again", () => {
  const one = files.edited(files.show(files.noFiles, "a.yaml", "1"), "2");
  const again = files.show(files.show(one, "b.yaml", "x"), "a.yaml", "1");
  assert.deepEqual(files.shownFile(again), { path: "a.yaml", saved: "1", text: "2" });
  assert.equal(files.shownFile(files.close(again, 0))?.path, "b.yaml");
  assert.equal(files.shownFile(files.close(files.close(again, 0), 0)), null);
});
test("files: what was saved is no change, what was typed since is", () => {
  const typed = files.edited(files.show(files.noFiles, "a.yaml", "1"), "2");
  assert.equal(files.isChanged(files.shownFile(files.saved(typed, "a.yaml", "2")) ?? assert.fail()), false);
  assert.equal(files.isChanged(files.shownFile(files.saved(files.edited(typed, "3"), "a.yaml", "2")) ?? assert.fail()), true);
});
test("files: a new file is named after its object", () => {
  assert.equal(files.nameFor(`${head}metadata:\n  labels:\n    a: b\n  name: web\n`), "deployment-web.yaml");
  assert.equal(files.nameFor("kind: Pod\n"), null);
});
test("a reported problem is placed on its row, within the text", () => {
  const text = "a: 1\n  - b: 2\n";
  assert.deepEqual(fromReport(text, { line: 2, message: "no" }), { from: 9, to: 13, message: "no", brief: "", severity: "error" });
  assert.equal(fromReport(text, { line: 99, message: "no" }).from, text.length);
  assert.equal(fromReport(text, { line: 1, column: 4, path: "spec.a", message: "no", severity: "warning" }).message, "spec.a: no");
});
