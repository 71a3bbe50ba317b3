// Written by `manage.py protocol_types` from platform/live/frames.py. Change that file, not this one.

export type Item = unknown[];

/** Simulated time: `at` microseconds when this was said, running at `speed` unless paused. */
export interface Clock {
  at: number;
  speed: number;
  paused: boolean;
  lagging: boolean;
}

/** Who looks. */
export interface Me {
  id: string;
  name: string;
  role: "owner" | "watcher";
}

/** All rows of a kind; a row has a value for each column. */
export interface Table {
  cols: string[];
  rows: Item[];
}

/** What the simulator says about one check of a lesson. */
export interface CheckResult {
  id: string;
  passed: boolean;
  say: string;
}

/** First answer on a connection; a snapshot or a delta follows. */
export interface Hello {
  t: "hello";
  gen: number;
  ev: number;
  clock: Clock;
  me: Me;
  watchers: string[];
}

/** A part of the whole picture at event `ev`; the last part has `end`. */
export interface Snap {
  t: "snap";
  gen: number;
  ev: number;
  clock: Clock;
  tables: Record<string, Table>;
  part: number;
  end: boolean;
}

/** Everything of the events `from < ev <= to`. A gap means: send `resync`. */
export interface Delta {
  t: "delta";
  gen: number;
  from: number;
  to: number;
  at: number;
  items: Item[];
}

/** The clock was turned, or the cluster began or ceased to lag. */
export interface ClockFrame {
  t: "clock";
  clock: Clock;
}

/** Another branch of history: drop everything, a snapshot follows. */
export interface Reset {
  t: "reset";
  gen: number;
}

/** Who watches this cluster now. */
export interface Watchers {
  t: "watchers";
  names: string[];
}

/** A hint from the instructor; `at` is milliseconds since 1970. */
export interface HintFrame {
  t: "hint";
  id: number;
  from: string;
  text: string;
  at: number;
}

/** The learner's open request. */
export interface HelpState {
  id: number;
  text: string;
  at: number;
}

/** The learner's request for help, as it stands now. */
export interface HelpFrame {
  t: "help";
  help: HelpState | null;
}

/** The instructor has brought the learner to the start of a step; `kept` names the cluster with what they did before. */
export interface Brought {
  t: "brought";
  step: string;
  title: string;
  from: string;
  kept: string | null;
}

/** Somebody holds the clocks of the whole class, or nobody does any more. */
export interface Held {
  t: "held";
  by: string | null;
}

/** A cluster that the class follows: whose, and where. */
export interface Presented {
  id: string;
  name: string;
  by: string;
  url: string;
}

/** The class is to follow a cluster, or no longer. */
export interface PresentFrame {
  t: "present";
  presented: Presented | null;
}

/** How far the learner is in the step they look at; `question` is the shape of the boot data. */
export interface LessonFrame {
  t: "lesson";
  step: string;
  checks: CheckResult[];
  done: boolean;
  question: Record<string, unknown> | null;
  finished: boolean;
}

/** More output of a followed command. `clear`: it replaces the screen; `then`: the rest of the line, to be run next. */
export interface FollowFrame {
  t: "follow";
  id: string;
  stdout: string;
  done: boolean;
  exit: number | null;
  then: string | null;
  clear: boolean;
}

/** The server ends the connection. `reason`: `class-closed`, `deleted`, `too-many-sockets`, `bad-message`. */
export interface Bye {
  t: "bye";
  reason: string;
}

/** First message of a page; `gen` and `ev` say where a reconnecting page stands. */
export interface ClientHello {
  t: "hello";
  gen: number | null;
  ev: number | null;
}

/** The page saw a gap, or another branch. */
export interface Resync {
  t: "resync";
  gen: number | null;
  ev: number | null;
}

/** The page has applied everything up to `ev`; sent each 64 frames or once a second. */
export interface Ack {
  t: "ack";
  ev: number;
}

/** At most so many deltas a second, please. */
export interface Rate {
  t: "rate";
  hz: number;
}

/** Stream a followed command, whose first reply gave `token`. */
export interface Follow {
  t: "follow";
  id: string;
  token: Record<string, unknown>;
}

/** Ctrl-C. */
export interface Unfollow {
  t: "unfollow";
  id: string;
}

/** The step of the lesson the learner looks at. */
export interface StepShown {
  t: "lesson";
  step: string;
}

/** First answer on a wall's connection; class and cards have the shapes of section 2.4. */
export interface Wall {
  t: "wall";
  class: Record<string, unknown>;
  cards: Record<string, unknown>[];
}

/** Cards that changed: only the fields that did, and `id`. */
export interface Cards {
  t: "cards";
  cards: Record<string, unknown>[];
}

/** The cards in view; only these are kept live. */
export interface View {
  t: "view";
  ids: string[];
}

/** The instructor writes to a learner (membership `id`). */
export interface SendHint {
  t: "hint";
  id: string;
  text: string;
}

/** The instructor has dealt with a request (membership `id`). */
export interface Answered {
  t: "answered";
  id: string;
}

/** What the instructor does with the whole class at the moment. */
export interface ClassFrame {
  t: "class";
  class: Record<string, unknown>;
}

/** The steps that learners can be brought to. */
export interface Points {
  t: "points";
  steps: string[];
}

/** Which clusters of my own could I present? */
export interface AskOwn {
  t: "own";
}

/** The instructor's clusters: `id` and `name` of each. */
export interface Own {
  t: "own";
  clusters: Record<string, string>[];
}

/** Which steps are there a way to? */
export interface AskPoints {
  t: "points";
}

/** What came of something the instructor asked for, in one sentence. */
export interface Said {
  t: "said";
  text: string;
}

/** Hold every learner's clock, or let it go. */
export interface PauseAll {
  t: "pause";
  on: boolean;
}

/** Bring a learner (membership `id`), or everybody (null), to the start of a step. */
export interface BringTo {
  t: "bring";
  step: string;
  id: string | null;
}

/** Show a cluster of one's own to the class; null ends that. */
export interface PresentCluster {
  t: "present";
  cluster: string | null;
}

/** Something the page asked over the socket was refused; on a lab page: the cluster cannot be shown as it is. */
export interface Problem {
  t: "problem";
  code: string;
  message: string;
}

export type ServerMessage = Hello | Snap | Delta | ClockFrame | Reset | Watchers | HintFrame | HelpFrame | Brought | Held | PresentFrame | LessonFrame | FollowFrame | Problem | Bye;

export type ClientMessage = ClientHello | Resync | Ack | Rate | Follow | Unfollow | StepShown;

export type WallServerMessage = Wall | Cards | ClassFrame | Points | Own | Said | Problem | Bye;

export type WallClientMessage = View | SendHint | Answered | AskPoints | AskOwn | PauseAll | BringTo | PresentCluster;
