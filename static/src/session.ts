/**
 * One open lab: the line to the server, the log of what came, the moment that is shown, and what is selected.
 *
 * Promise: the only place that decides between present and past. While `playhead` is null the page shows the present; otherwise it
 * shows the state after exactly `playhead.ev`, and what arrives is kept but not shown. Everything the panels and the stage draw comes
 * from the signals here; they change it only through its functions.
 */
import { batch, computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { Connection } from "./lab-context";
import { Director, NO_TRACE, type Trace } from "./motion/director";
import { createApi, type Api } from "./protocol/api";
import { STOPPED, timeAt, type ClockReading } from "./protocol/clock";
import { momentOf, SessionLog } from "./protocol/log";
import { Line } from "./protocol/socket";
import type { Visit } from "./protocol/visit";
import { EMPTY, type ClusterState } from "./protocol/store";
import type { Boot, Brought, Clock, FollowFrame, HelpState, HintFrame, LessonFrame, Msg, Person, Presented, ServerFrame } from "./protocol/shapes";
import { Berths } from "./scene/berths";

export interface Playhead {
  ev: number;
  at: number;
  playing: boolean;
}

/** A step of the server may be a silent one; this many are tried before giving up on finding a message. */
const SILENT_STEPS = 40;
const STEP_PATIENCE_MS = 250;
const VISIT_MS = 250;
const FAREWELLS: Record<string, string> = {
  "presentation-over": "The presentation is over.",
  "class-closed": "The class has been closed. Your work is kept.",
  deleted: "This cluster has been deleted.",
  "not-yours": "This cluster is not yours to see, or you have signed out. Load this page again.",
  "too-many-sockets": "This cluster is open in too many pages. Close one and load this page again.",
  "bad-message": "This page and the server do not understand each other. Load the page again.",
};

export interface SessionOptions {
  url: string;
  stillness(): boolean;
  onTrouble(sentence: string): void;
  /** The page is to be left for another one. */
  onGo(url: string): void;
  onArrival(msgs: readonly Msg[]): void;
}

export class Session {
  readonly api: Api;
  /** The past moment that is visited: looked around in, whether the page has seen it or not. */
  readonly visited: Signal<Visit | null> = signal(null);
  /** True while such a moment is on its way. */
  readonly goingBack: Signal<boolean> = signal(false);
  readonly log = new SessionLog();
  readonly berths = new Berths();
  readonly director: Director;
  readonly present: Signal<ClusterState> = signal(EMPTY);
  readonly playhead: Signal<Playhead | null> = signal(null);
  readonly state: ReadonlySignal<ClusterState>;
  readonly live: ReadonlySignal<boolean>;
  readonly clock: Signal<Clock> = signal(STOPPED);
  readonly connection: Signal<Connection> = signal("connecting");
  readonly watchers: Signal<readonly string[]> = signal([]);
  readonly me: Signal<Person | null> = signal(null);
  readonly lesson: Signal<LessonFrame | null> = signal(null);
  readonly hints: Signal<readonly HintFrame[]> = signal([]);
  readonly help: Signal<HelpState | null | undefined> = signal(undefined);
  /** Who holds the clocks of the whole class; null when nobody does. */
  readonly held: Signal<string | null>;
  /** The cluster that the class follows at the moment. */
  readonly presented: Signal<Presented | null>;
  /** The step the instructor has brought the learner to in this visit. */
  readonly brought: Signal<Brought | null> = signal(null);
  readonly selected: Signal<string | null> = signal(null);
  /** Why the server ended the connection for good; null while it lasts. */
  readonly farewell: Signal<string | null> = signal(null);
  /** Why the cluster cannot be shown as it is, and what helps; null when it can. */
  readonly trouble: Signal<string | null> = signal(null);
  readonly trace: Signal<Trace> = signal(NO_TRACE);
  private reading: ClockReading = { clock: STOPPED, receivedMs: 0 };
  private readonly line: Line;
  private readonly followers = new Map<string, (frame: FollowFrame) => void>();
  private followCount = 0;
  private awaiting: (() => void)[] = [];
  private stepping = false;
  private resumeAtEnd = false;
  private visits = 0;
  private visiting: ReturnType<typeof setTimeout> | null = null;

  constructor(readonly boot: Boot, private readonly options: SessionOptions) {
    const api = createApi(boot);
    this.api = { ...api, command: async (command) => (this.visited.value ? (await import("./protocol/visit")).ask(api, this.visited.value, command) : api.command(command)) };
    const led = boot.class as { held?: string | null; presented?: Presented | null } | null;
    this.held = signal(led?.held ?? null);
    this.presented = signal(led?.presented ?? null);
    this.state = computed(() => {
      const visit = this.visited.value;
      if (visit !== null) return visit.state;
      const present = this.present.value;
      const head = this.playhead.value;
      return head === null ? present : this.log.stateAt(head.ev);
    });
    this.live = computed(() => this.playhead.value === null && this.visited.value === null);
    this.director = new Director({ speed: () => this.clock.value.speed, stillness: options.stillness, chain: (msg) => this.log.chain(msg), paused: () => this.clock.value.paused, onTrace: (trace) => { this.trace.value = trace; } });
    this.line = new Line({
      url: options.url,
      position: () => ({ gen: this.present.value.complete ? this.present.value.gen : null, ev: this.present.value.complete ? this.present.value.ev : null }),
      onFrame: (frame) => batch(() => this.receive(frame)),
      onState: (state) => { this.connection.value = state; },
    });
  }

  open(): void {
    this.line.open();
  }

  close(): void {
    this.line.close();
  }

  /** The simulated time shown, at this instant. */
  now(nowMs = performance.now()): number {
    return this.visited.value?.at ?? this.playhead.value?.at ?? Math.max(this.present.value.at, timeAt(this.reading, nowMs));
  }

  /** The newest simulated time, shown or not. */
  liveNow(nowMs = performance.now()): number {
    return Math.max(this.present.value.at, timeAt(this.reading, nowMs));
  }

  /* ── looking back ── */

  seek(at: number): void {
    if (at >= this.liveNow() - 1) return this.goLive();
    if (at < this.log.start.at) return this.visitSoon(at);
    this.leavePast();
    const ev = this.log.evAt(Math.max(at, this.log.start.at));
    this.lookAt(ev, Math.max(at, this.log.start.at));
  }

  /** The moment shown becomes one that can be looked around in. */
  async visit(at = this.now()): Promise<boolean> {
    const head = this.playhead.value;
    const mine = (this.visits += 1);
    this.goingBack.value = true;
    const { look } = await import("./protocol/visit");
    const outcome = await look(this.api, Math.max(0, at), head?.at === at ? Math.floor(head.ev) : null);
    if (mine !== this.visits) return false; // another moment was asked for meanwhile, or none
    this.goingBack.value = false;
    if (outcome.ok) batch(() => { this.visited.value = outcome.value; this.playhead.value = null; this.director.clear(); });
    else this.options.onTrouble(outcome.error.message);
    return outcome.ok;
  }

  private leavePast(): void {
    this.visits += 1;
    this.goingBack.value = false;
    this.visited.value = null;
  }

  /** While the hand is dragged only its last place is asked for. */
  private visitSoon(at: number): void {
    if (this.visiting !== null) clearTimeout(this.visiting);
    this.visiting = setTimeout(() => { this.visiting = null; void this.visit(at); }, VISIT_MS);
  }

  /** Back to the present; the cluster runs on if it was stopped only to be looked at. */
  goLive(): void {
    this.leavePast();
    this.playhead.value = null;
    this.director.clear();
    if (this.resumeAtEnd) void this.setClock("resume");
    this.resumeAtEnd = false;
  }

  previous(): void {
    const from = this.playhead.value?.ev ?? this.present.value.ev + 1;
    const shown = this.playhead.value ? this.trace.value.present?.msg : undefined;
    const msg = this.log.neighbour(shown ? momentOf(shown) : from, -1);
    if (msg) this.showMessage(msg);
    else this.seek(this.log.start.at);
  }

  /** Exactly one more message: from the log while it has one, else from the cluster. */
  async next(): Promise<void> {
    if (this.stepping) return;
    const head = this.playhead.value;
    const known = head ? this.log.neighbour(head.ev, 1) : null;
    if (known) return this.showMessage(known);
    this.stepping = true;
    try {
      await this.nextFromCluster();
    } finally {
      this.stepping = false;
    }
  }

  play(): void {
    if (this.visited.value) return this.goLive();
    const head = this.playhead.value;
    this.resumeAtEnd ||= head !== null && !this.boot.readonly && this.clock.value.paused;
    if (head && this.log.neighbour(head.ev, 1)) this.playhead.value = { ...head, playing: true };
    else if (head) this.goLive();
    else void this.setClock("resume");
  }

  pause(): void {
    if (this.visited.value) return;
    const head = this.playhead.value;
    if (head) this.playhead.value = { ...head, playing: false };
    else if (this.boot.readonly) this.holdNewest();
    else void this.setClock("pause");
  }

  /** Moves a replay on; called once a frame with the milliseconds since the last. */
  advance(elapsedMs: number): void {
    const head = this.playhead.value;
    if (!head?.playing) return;
    const at = head.at + elapsedMs * 1_000 * Math.max(this.clock.value.speed, 0.1);
    if (at >= this.present.value.at) return this.goLive();
    const ev = this.log.evAt(at);
    const passed = ev > head.ev ? this.log.msgAt(ev) : null;
    if (passed && momentOf(passed) > head.ev) this.director.show(passed, performance.now());
    this.playhead.value = { ev: Math.max(ev, head.ev), at, playing: true };
  }

  async setClock(op: "pause" | "resume" | "speed" | "step" | "reset", value?: number): Promise<boolean> {
    const outcome = await this.api.clock(op, value);
    if (outcome.ok) this.readClock(outcome.value);
    else this.options.onTrouble(outcome.error.message);
    return outcome.ok;
  }

  showMessage(msg: Msg): void {
    batch(() => {
      this.leavePast();
      this.playhead.value = { ev: momentOf(msg), at: msg.at, playing: false };
      this.director.show(msg, performance.now());
    });
  }

  /* ── what panels ask for ── */

  follow(token: unknown, listener: (frame: FollowFrame) => void): () => void {
    const id = `f${(this.followCount += 1)}`;
    this.followers.set(id, listener);
    this.line.send({ t: "follow", id, token: token as Record<string, unknown> });
    return () => {
      if (this.followers.delete(id)) this.line.send({ t: "unfollow", id });
    };
  }

  lessonStep(step: string): void {
    this.line.send({ t: "lesson", step });
  }

  /* ── what arrives ── */

  private receive(frame: ServerFrame): void {
    switch (frame.t) {
      case "hello":
        this.me.value = frame.me;
        this.watchers.value = frame.watchers;
        this.readClock(frame.clock);
        break;
      case "snap":
        if (frame.gen !== this.present.value.gen) this.forget(frame.gen);
        this.log.snap(frame);
        this.trouble.value = null;
        this.readClock(frame.clock);
        if (this.log.live.complete) this.publish([]);
        break;
      case "delta":
        this.receiveDelta(frame);
        break;
      case "reset":
        this.forget(frame.gen);
        break;
      case "clock":
        this.readClock(frame.clock);
        break;
      case "watchers":
        this.watchers.value = frame.names;
        break;
      case "hint":
        this.hints.value = [...this.hints.value.filter(({ id }) => id !== frame.id), frame];
        break;
      case "help":
        this.help.value = frame.help;
        break;
      case "held":
        this.held.value = frame.by;
        break;
      case "present":
        this.presented.value = frame.presented;
        if (frame.presented && !this.boot.readonly) this.options.onGo(frame.presented.url);
        break;
      case "brought":
        this.brought.value = frame;
        this.lesson.value = null;
        break;
      case "lesson":
        this.lesson.value = frame;
        break;
      case "follow":
        this.followers.get(frame.id)?.(frame);
        if (frame.done) this.followers.delete(frame.id);
        break;
      case "problem":
        this.trouble.value = frame.message;
        this.options.onTrouble(frame.message);
        break;
      case "bye":
        this.leave(frame.reason);
        break;
    }
  }

  /** The server ended the connection and will not have this page back. */
  private leave(reason: string): void {
    this.line.close();
    if (reason === "presentation-over" && this.boot.follow) return this.options.onGo(this.boot.follow.back);
    this.connection.value = "lost";
    this.farewell.value = FAREWELLS[reason] ?? "The server ended the connection. Load the page again to go on.";
    this.options.onTrouble(this.farewell.value);
  }

  private receiveDelta(frame: Extract<ServerFrame, { t: "delta" }>): void {
    if (!this.log.live.complete) return; // a snapshot is on its way
    const outcome = this.log.delta(frame);
    if (outcome.ok) this.publish(outcome.msgs);
    else this.line.resync();
  }

  private publish(msgs: readonly Msg[]): void {
    this.present.value = this.log.live;
    this.berths.sync(this.log.live.tables["Pod"] as Parameters<Berths["sync"]>[0] ?? new Map());
    if (this.playhead.value === null) {
      this.director.arrive(msgs, performance.now());
      this.options.onArrival(msgs);
    }
    for (const wake of this.awaiting.splice(0)) wake();
  }

  private forget(gen: number): void {
    this.leavePast();
    this.log.clear(gen);
    this.berths.clear();
    this.director.clear();
    this.playhead.value = null;
    this.present.value = this.log.live;
  }

  private readClock(clock: Clock): void {
    this.reading = { clock, receivedMs: performance.now() };
    this.clock.value = clock;
  }

  private lookAt(ev: number, at: number): void {
    batch(() => {
      this.playhead.value = { ev, at, playing: false };
      const msg = this.log.msgAt(ev);
      if (msg) this.director.show(msg, performance.now(), false);
      else this.director.clear();
    });
  }

  private async nextFromCluster(): Promise<void> {
    const from = this.playhead.value?.ev ?? this.present.value.ev;
    if (this.boot.readonly) return this.holdNewest();
    const wasRunning = !this.clock.value.paused;
    if (wasRunning && !(await this.setClock("pause"))) return this.holdNewest();
    this.resumeAtEnd ||= wasRunning;
    for (let tries = 0; tries < SILENT_STEPS; tries += 1) {
      const msg = this.log.neighbour(from, 1);
      if (msg) return this.showMessage(msg);
      const arrival = this.nextArrival();
      if (!(await this.setClock("step"))) return;
      await arrival;
    }
    this.options.onTrouble("Nothing more is about to happen in this cluster.");
  }

  /** For those who may not stop the cluster: the newest message stands still for them. */
  private holdNewest(): void {
    const msg = this.log.msgAt(this.present.value.ev);
    if (msg) this.showMessage(msg);
  }

  private nextArrival(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, STEP_PATIENCE_MS);
      this.awaiting.push(() => { clearTimeout(timer); resolve(); });
    });
  }
}
