import assert from "node:assert/strict";
import { test } from "node:test";
import { countsOf, difference } from "../src/lesson/counts";
import * as progress from "../src/lesson/progress";
import type { StepNews } from "../src/lesson/types";
import type { ClusterState } from "../src/protocol/store";
import type { Phase, Row } from "../src/protocol/shapes";
import { nextTheme } from "../src/site/theme";
import { sentenceFor } from "../src/site/requests";
import { lesson } from "./fixtures/fake-lab";

const begun = progress.begin(lesson, "dark");
const news = (changes: Partial<StepNews> = {}): StepNews => ({ step: "dark", checks: [{ id: "free", passed: true, say: "" }], done: true, ...changes });

test("a lesson begins at the step the learner was at, else at the first", () => {
  assert.equal(progress.shownStep(begun)?.id, "dark");
  assert.equal(progress.begin(lesson, null).at, 0);
  assert.equal(progress.begin(lesson, "gone").at, 0);
});
test("a step with open checks may not be left", () => assert.equal(progress.mayGoOn(begun), false));
test("news of passed checks open the way on", () => {
  const after = progress.hear(begun, news());
  assert.equal(progress.mayGoOn(after), true);
  assert.deepEqual(progress.newlyPassed(begun, after), ["Free some memory so api-h3n7v can be scheduled"]);
  assert.deepEqual(progress.newlyPassed(after, progress.hear(after, news())), []);
});
test("news of another step change only that step", () => {
  const after = progress.hear(begun, news({ step: "e", checks: [] }));
  assert.deepEqual(after.steps[3], begun.steps[3]);
  assert.equal(after.steps[4]?.done, true);
});
test("a check that does not pass any more is open again, a step that was done stays done", () => {
  const after = progress.hear(progress.hear(begun, news()), news({ checks: [{ id: "free", passed: false, say: "api-h3n7v is Pending" }], done: false }));
  assert.equal(after.steps[3]?.checks[2]?.passed, false);
  assert.equal(after.steps[3]?.done, true);
  assert.equal(after.says["free"], "api-h3n7v is Pending");
});
test("a revealed prediction replaces the question; no word about it leaves it", () => {
  const question = { ...(lesson.steps[3]?.question ?? assert.fail()), right: false };
  assert.equal(progress.hear(begun, news({ question })).steps[3]?.question?.right, false);
  assert.equal(progress.hear(begun, news({ question: null })).steps[3]?.question?.right, true);
});
test("going on and back stays within the lesson", () => {
  assert.equal(progress.goTo(begun, 7), begun);
  assert.equal(progress.goTo(begun, -1), begun);
  assert.equal(progress.isLast(progress.goTo(begun, 6)), true);
});
test("finished stays finished", () => assert.equal(progress.hear(progress.hear(begun, news({ finished: true })), news({ finished: false })).finished, true));
test("html is said as plain text", () => assert.equal(progress.plainText("a <code>b</code> &lt;c&gt; &amp;amp;"), "a b <c> &amp;"));

const pod = (uid: string, phase: Phase): [string, Row] => [uid, { uid, name: uid, ns: "shop", created: 0, phase, owner: "rs", app: "web" } as unknown as Row];
const cluster = (want: number, ...phases: Phase[]): ClusterState => ({
  gen: 1, ev: 1, at: 0, complete: true, part: 0,
  tables: {
    Deployment: new Map([["d", { uid: "d", name: "web", ns: "shop", created: 0, want, ready: phases.filter((phase) => phase === "Running").length } as unknown as Row]]),
    Pod: new Map([...phases.map((phase, i) => pod(`p${i}`, phase)), ["other", { uid: "other", name: "other", ns: "data", created: 0, phase: "Running", owner: "x", app: "web" } as unknown as Row]]),
  },
});
const figure = { kind: "wanted-ready", resource: "deployments.apps", namespace: "shop", name: "web", caption: "" };

const figures: [string, ClusterState, string[], string][] = [
  ["all is well", cluster(2, "Running", "Running"), ["Running", "Running"], "no difference: nothing to do"],
  ["pods that leave do not count", cluster(2, "Terminating", "Running"), ["Running"], "difference: 1, so create 1"],
  ["one is on its way, ready ones first", cluster(2, "Creating", "Running"), ["Running", "Creating"], "difference: 1, on its way"],
  ["too many", cluster(1, "Running", "Running"), ["Running", "Running"], "difference: 1, so delete 1"],
];
for (const [name, state, phases, words] of figures) {
  test(`the figure: ${name}`, () => {
    const counts = countsOf(figure, state) ?? assert.fail();
    assert.deepEqual(counts.phases, phases);
    assert.equal(difference(counts), words);
  });
}
test("the figure of what is not there is not drawn", () => assert.equal(countsOf({ ...figure, name: "gone" }, cluster(1)), null));

test("the theme switch goes round", () => assert.deepEqual((["system", "light", "dark"] as const).map(nextTheme), ["light", "dark", "system"]));
test("a refused request is said in words", () => {
  assert.equal(sentenceFor(0), "The server cannot be reached. Nothing was changed.");
  assert.equal(sentenceFor(500), "The server answered 500. Nothing was changed; try again.");
});
