/**
 * The lesson panel: one step at a time, its text, its figure, the prediction, what to do, hints, and the way on.
 * Loaded lazily by the lab page; its style sheet is `styles/lesson.css`. In a class it also puts "Ask for help" into the page's header.
 */
import { computed, effect, signal } from "@preact/signals";
import { render, type JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { LabContext, MountedPanel } from "../lab-context";
import { HintList, Prediction, YourTurn } from "./cards";
import { chipClicked, markChips } from "./chips";
import { WantedReady } from "./figure";
import { AskForHelp, InstructorHints } from "./help";
import { begin, goTo, hear, isLast, mayGoOn, newlyPassed, shownStep, withHints, withQuestion, type Progress } from "./progress";
import { get, post } from "./server";
import type { ClassPart, Help, Hints, InstructorHint, Lesson, Question, Step, StepNews } from "./types";

/** More than this many unread hints would push the lesson away. */
const hintsShown = 2;

export function mount(el: HTMLElement, ctx: LabContext): MountedPanel {
  const lesson = ctx.boot.lesson as Lesson | null;
  if (!lesson) return { focus: () => undefined, dispose: () => undefined };
  const panel = new LessonPanel(el, ctx, lesson);
  return { focus: () => panel.focus(), dispose: () => panel.dispose() };
}

class LessonPanel {
  private readonly progress;
  private readonly help = signal<Help | null>(null);
  private readonly seen = signal<readonly string[]>([]);
  private readonly refusal = signal("");
  private readonly head: HTMLElement | null;
  private readonly part: ClassPart | null;
  private readonly stops: (() => void)[];

  constructor(private readonly el: HTMLElement, private readonly ctx: LabContext, private readonly lesson: Lesson) {
    this.part = ctx.boot.class as ClassPart | null;
    this.progress = signal(begin(lesson, ctx.boot.step));
    this.help.value = this.part?.help ?? null;
    this.seen.value = this.storedSeen();
    this.head = this.mountHead();
    el.classList.add("lesson");
    render(<Panel panel={this} />, el);
    el.addEventListener("click", this.onClick);
    this.stops = [effect(() => this.onNews()), effect(() => this.onHint()), effect(() => this.onHelp()), effect(() => this.onBrought()), effect(() => this.onConnection())];
  }

  focus(): void {
    this.el.querySelector<HTMLElement>(".prose")?.focus();
  }

  dispose(): void {
    this.stops.forEach((stop) => stop());
    this.el.removeEventListener("click", this.onClick);
    if (this.head) render(null, this.head);
    this.head?.remove();
    render(null, this.el);
  }

  readonly view = computed<View>(() => ({
    lesson: this.lesson,
    progress: this.progress.value,
    ctx: this.ctx,
    refusal: this.refusal.value,
    hints: this.unseenHints(),
  }));

  // ── what the learner does ──

  move(to: number): void {
    this.refusal.value = "";
    this.progress.value = goTo(this.progress.peek(), to);
    this.tellStep();
    this.el.querySelector(".prose")?.scrollTo(0, 0);
    this.focus();
  }

  async predict(option: string): Promise<void> {
    const step = shownStep(this.progress.peek());
    if (!step?.question) return;
    const answer = await this.post<{ question: Question }>(this.lesson.api.prediction, { question: step.question.id, option });
    if (answer) this.progress.value = withQuestion(this.progress.peek(), step.id, answer.question);
  }

  async showHint(): Promise<void> {
    const step = shownStep(this.progress.peek());
    if (!step) return;
    const answer = await this.post<{ hints: Hints }>(this.lesson.api.hint, { step: step.id });
    if (answer) this.progress.value = withHints(this.progress.peek(), step.id, answer.hints);
  }

  dismiss(id: InstructorHint["id"]): void {
    this.seen.value = [...this.seen.peek(), String(id)];
    this.storeSeen();
    this.focus();
  }

  // ── what comes from the server ──

  private onNews(): void {
    const news = this.ctx.lesson.value as unknown as StepNews | null;
    if (!news) return;
    const before = this.progress.peek();
    this.progress.value = hear(before, news);
    const passed = newlyPassed(before, this.progress.peek());
    if (passed.length > 0) this.ctx.announce(`Done: ${passed.join(", ")}`);
  }

  private onHint(): void {
    const newest = this.ctx.hints.value.at(-1);
    if (newest) this.ctx.announce(`${newest.from} sends a hint: ${newest.text}`);
  }

  private onHelp(): void {
    const help = this.ctx.help.value;
    if (help === undefined) return;
    if (help === null && this.help.peek()) this.ctx.announce("Your question has been answered");
    this.help.value = help;
  }

  /** The instructor has chosen the place: what the server knows of the lesson now takes the place of what is shown. */
  private onBrought(): void {
    const brought = this.ctx.brought.value;
    if (!brought || this.readonly) return;
    this.ctx.announce(`${brought.from} has brought you to ${brought.title}`);
    void get<{ lesson: Lesson; step: string }>(this.lesson.api.place).then((answer) => {
      if (!answer.ok) return void (this.refusal.value = answer.message);
      this.refusal.value = "";
      this.progress.value = begin(answer.value.lesson, answer.value.step);
      this.ctx.lessonStep(answer.value.step);
      this.el.querySelector(".prose")?.scrollTo(0, 0);
    });
  }

  private unseenHints(): readonly InstructorHint[] {
    const all = [...(this.part?.hints ?? []), ...(this.ctx.hints.value as readonly InstructorHint[])];
    const first = new Map(all.map((hint) => [String(hint.id), hint]));
    return [...first.values()].filter(({ id }) => !this.seen.value.includes(String(id))).slice(-hintsShown);
  }

  private get seenKey(): string {
    return `drydock:hints-seen:${this.part?.id ?? ""}`;
  }

  private storedSeen(): readonly string[] {
    try {
      return (JSON.parse(localStorage.getItem(this.seenKey) ?? "[]") as unknown[]).map(String);
    } catch {
      return []; // storage is switched off, or holds what is not ours
    }
  }

  private storeSeen(): void {
    try {
      localStorage.setItem(this.seenKey, JSON.stringify(this.seen.peek()));
    } catch {
      // storage is full or switched off: the hints come back with the next visit
    }
  }

  // ── the seams ──

  /** A new connection knows nothing of the step that is shown. */
  private onConnection(): void {
    const step = shownStep(this.progress.peek());
    if (this.ctx.connection.value === "open" && step && !this.ctx.boot.readonly) this.ctx.lessonStep(step.id);
  }

  private tellStep(): void {
    const step = shownStep(this.progress.peek());
    if (!step || this.ctx.boot.readonly) return;
    this.ctx.lessonStep(step.id);
    void post(this.lesson.api.step, { step: step.id }, this.ctx.boot.csrf); // only remembered for the next visit
  }

  private async post<T>(url: string, body: unknown): Promise<T | null> {
    const answer = await post<T>(url, body, this.ctx.boot.csrf);
    this.refusal.value = answer.ok ? "" : answer.message;
    return answer.ok ? answer.value : null;
  }

  private mountHead(): HTMLElement | null {
    const slot = document.getElementById("head-slot");
    if (!slot) return null;
    const head = document.createElement("div");
    head.className = "lesson-head";
    slot.append(head);
    render(<Head panel={this} />, head);
    return head;
  }

  readonly headView = computed(() => ({ help: this.help.value, part: this.part, minutes: this.lesson.minutesLeft, finished: this.progress.value.finished }));

  async askForHelp(text: string): Promise<{ ok: true; value: unknown } | { ok: false; message: string }> {
    if (!this.part) return { ok: false, message: "You are not in a class." };
    const answer = await post<{ help: Help | null }>(this.part.helpApi, { text }, this.ctx.boot.csrf);
    if (answer.ok) {
      this.help.value = answer.value.help;
      this.ctx.announce(text ? `${this.part.instructor} has been asked` : "The question was taken back");
    }
    return answer;
  }

  get readonly(): boolean {
    return this.ctx.boot.readonly;
  }

  private readonly onClick = (event: MouseEvent): void => chipClicked(event.target, this.ctx);
}

interface View {
  readonly lesson: Lesson;
  readonly progress: Progress;
  readonly ctx: LabContext;
  readonly refusal: string;
  readonly hints: readonly InstructorHint[];
}

function Head({ panel }: { panel: LessonPanel }): JSX.Element {
  const { help, part, minutes, finished } = panel.headView.value;
  return (
    <>
      {!finished && minutes > 0 && <span class="clock"><Clock />about {minutes} min left</span>}
      {part && !panel.readonly && <AskForHelp part={part} help={help} ask={(text) => panel.askForHelp(text)} />}
    </>
  );
}

function Panel({ panel }: { panel: LessonPanel }): JSX.Element {
  const { lesson, progress, refusal, hints } = panel.view.value;
  const step = shownStep(progress);
  return (
    <>
      <StepBar progress={progress} />
      <div class="prose" tabIndex={-1}>
        <InstructorHints hints={hints} onSeen={(id) => panel.dismiss(id)} />
        {step && <StepText panel={panel} lesson={lesson} step={step} progress={progress} />}
        {refusal && <p class="field-error" role="alert">{refusal}</p>}
        {progress.finished && isLast(progress) && <Finished lesson={lesson} />}
      </div>
      {step && <Way panel={panel} step={step} progress={progress} />}
    </>
  );
}

function StepBar({ progress: { steps, at } }: { progress: Progress }): JSX.Element {
  return (
    <div class="steps" role="img" aria-label={`Step ${at + 1} of ${steps.length}`}>
      {steps.map((step, i) => <i key={step.id} class={i === at ? "now" : step.done || i < at ? "done" : ""} />)}
    </div>
  );
}

function StepText({ panel, lesson, step, progress }: { panel: LessonPanel; lesson: Lesson; step: Step; progress: Progress }): JSX.Element {
  const { ctx } = panel.view.value;
  const text = useRef<HTMLDivElement>(null);
  const selected = ctx.selected.value;
  const namespaces = ctx.state.value.tables["Namespace"];
  useEffect(() => {
    if (text.current) markChips(text.current, ctx, selected);
  }, [selected, step.id, ctx, namespaces]);
  return (
    <div ref={text}>
      <span class="cap">Step {progress.at + 1} of {progress.steps.length}</span>
      <h1>{progress.at === 0 || !step.title ? lesson.title : step.title}</h1>
      <div dangerouslySetInnerHTML={{ __html: step.html }} />
      {step.figure && <WantedReady figure={step.figure} state={ctx.state.value} />}
      {step.question && <Prediction question={step.question} off={panel.readonly} onChoose={(option) => void panel.predict(option)} />}
      {step.checks.length > 0 && <YourTurn checks={step.checks} says={progress.says} />}
      <HintList hints={step.hints} />
    </div>
  );
}

function Way({ panel, step, progress }: { panel: LessonPanel; step: Step; progress: Progress }): JSX.Element {
  const open = mayGoOn(progress);
  const last = isLast(progress);
  const left = step.hints.total - step.hints.shown.length;
  return (
    <div class="lesson-nav">
      <button type="button" class="btn ghost" disabled={progress.at === 0} onClick={() => panel.move(progress.at - 1)}>Back</button>
      {step.hints.total > 0 && <button type="button" class="btn" disabled={left === 0 || panel.readonly} onClick={() => void panel.showHint()}>{left === 0 ? "No more hints" : step.hints.shown.length > 0 ? "Another hint" : "Show a hint"}</button>}
      {!last && <button type="button" class={open ? "btn pri" : "btn"} aria-disabled={!open} title={open ? "" : "First do what is listed under Your turn"} onClick={() => (open ? panel.move(progress.at + 1) : undefined)}>Next step</button>}
      {last && <span class="cap">{progress.finished ? "Finished" : "Last step"}</span>}
    </div>
  );
}

function Finished({ lesson }: { lesson: Lesson }): JSX.Element {
  return (
    <section class="card finished" aria-label="Finished">
      <h2>Finished</h2>
      <p>You have done all of “{lesson.title}”. The cluster stays yours: go on trying things.</p>
      <a class="btn pri" href={lesson.track.url}>Next in {lesson.track.title}</a>
    </section>
  );
}

const Clock = (): JSX.Element => (
  <svg width="15" height="15" viewBox="0 0 16 16" aria-hidden="true"><circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" stroke-width="1.5" /><path d="M8 4.6V8l2.4 1.6" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" /></svg>
);
