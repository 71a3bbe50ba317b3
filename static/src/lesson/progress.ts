/**
 * How far the learner is, as a value: what the server said last about each step, and which step is shown.
 * Pure. The server decides what is passed; here it is only put together.
 */
import type { Hints, Lesson, Question, Step, StepNews } from "./types";

export interface Progress {
  readonly steps: readonly Step[];
  readonly at: number;
  readonly finished: boolean;
  /** What each check found last, by its id: shown under the ones not passed. */
  readonly says: Readonly<Record<string, string>>;
}

export function begin(lesson: Lesson, step: string | number | null): Progress {
  const at = lesson.steps.findIndex(({ id }) => id === step);
  return { steps: lesson.steps, at: Math.max(0, at), finished: lesson.finished, says: {} };
}

export const shownStep = (progress: Progress): Step | null => progress.steps[progress.at] ?? null;

/** A step may be left when all its checks have passed; one without checks may be left at once. */
export const mayGoOn = (progress: Progress): boolean => {
  const step = shownStep(progress);
  return step !== null && (step.done || step.checks.every(({ passed }) => passed));
};

export const isLast = (progress: Progress): boolean => progress.at === progress.steps.length - 1;

export function goTo(progress: Progress, at: number): Progress {
  return at < 0 || at >= progress.steps.length ? progress : { ...progress, at };
}

export function hear(progress: Progress, news: StepNews): Progress {
  const passed = new Map(news.checks.map((check) => [check.id, check.passed]));
  const says = { ...progress.says, ...Object.fromEntries(news.checks.map(({ id, say }) => [id, say])) };
  const changed = changeStep(progress, String(news.step), (step) => ({
    ...step,
    done: step.done || news.done,
    checks: step.checks.map((check) => ({ ...check, passed: passed.get(check.id) ?? check.passed })),
    question: news.question ?? step.question,
  }));
  return { ...changed, says, finished: progress.finished || (news.finished ?? false) };
}

export const withQuestion = (progress: Progress, id: string, question: Question): Progress => changeStep(progress, id, (step) => ({ ...step, question }));
export const withHints = (progress: Progress, id: string, hints: Hints): Progress => changeStep(progress, id, (step) => ({ ...step, hints }));

/** What is new enough to be said aloud: checks that have just passed, and the step's end. */
export function newlyPassed(before: Progress, after: Progress): string[] {
  const was = shownStep(before);
  const is = shownStep(after);
  if (!was || !is || was.id !== is.id) return [];
  const open = new Set(was.checks.filter(({ passed }) => !passed).map(({ id }) => id));
  return is.checks.filter(({ id, passed }) => passed && open.has(id)).map(({ html }) => plainText(html));
}

export const plainText = (html: string): string =>
  html.replace(/<[^>]*>/g, "").replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&quot;/g, '"').replace(/&#(?:39|x27);/g, "'").replace(/&amp;/g, "&").trim();

function changeStep(progress: Progress, id: string, change: (step: Step) => Step): Progress {
  return { ...progress, steps: progress.steps.map((step, at) => (step.id === id || String(at + 1) === id ? change(step) : step)) };
}
