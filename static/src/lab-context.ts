/**
 * The contract between the lab page and the panels it loads lazily: terminal, editor and lesson.
 *
 * Each of those modules exports `mount(el, ctx)`; the page owns `el`, gives this context, and calls `dispose` when it removes
 * the panel. Signals are read-only for panels; whatever a panel wants changed it asks for through a function here, so that the
 * page stays the only one that knows the socket, the stage and the other panels.
 */
import type { ReadonlySignal, Signal } from "@preact/signals";
import type { Api } from "./protocol/api";
import type { ClusterState } from "./protocol/store";
import type { Boot, Brought, Clock, FollowFrame, HelpState, HintFrame, LessonFrame } from "./protocol/shapes";

export type Connection = "connecting" | "open" | "lost";

export interface LabContext {
  readonly boot: Boot;
  readonly api: Api;
  /** What the stage shows: the present, or a moment of the past while the learner looks back. */
  readonly state: ReadonlySignal<ClusterState>;
  /** False while the learner looks at the past. Commands act on the present, unless that moment is visited. */
  readonly live: ReadonlySignal<boolean>;
  /** True while a past moment is visited: commands are answered by it, and may only look. */
  readonly visiting: ReadonlySignal<boolean>;
  readonly clock: ReadonlySignal<Clock>;
  readonly connection: ReadonlySignal<Connection>;
  /** The newest checks of the lesson step being worked on. */
  readonly lesson: ReadonlySignal<LessonFrame | null>;
  /** Hints from the instructor, oldest first. */
  readonly hints: ReadonlySignal<readonly HintFrame[]>;
  /** The learner's open request for help, once the server has spoken of it in this session; undefined before. */
  readonly help: ReadonlySignal<HelpState | null | undefined>;
  /** The step the instructor has just brought the learner to. */
  readonly brought: ReadonlySignal<Brought | null>;
  readonly watchers: ReadonlySignal<readonly string[]>;
  readonly selected: ReadonlySignal<string | null>;
  /** The setting of the screen-reader mode of the terminal. */
  readonly screenReader: Signal<boolean>;
  /** Marks an object on the stage, in the outline and in the lesson's chips; null clears. */
  select(uid: string | null): void;
  /** Selects and opens the inspector. */
  inspect(uid: string): void;
  /** The uid of an object as people name it; kinds may be short ("deploy", "pods"). Null when there is none. */
  find(kind: string, name: string, namespace?: string): string | null;
  /** Says one sentence to screen readers; urgent ones may interrupt. */
  announce(text: string, options?: { urgent?: boolean }): void;
  /** Shows a file of the workstation in the editor, and brings the editor forward. */
  openFile(path: string): void;
  /** Brings the terminal forward, once the editor has done what a command waited for. */
  showTerminal(): void;
  /** The editor registers here; the newest unanswered path is delivered at once. Returns how to stop. */
  onOpenFile(listener: (path: string) => void): () => void;
  /** Streams a followed command over the socket until it is done or the returned function is called. */
  follow(token: unknown, listener: (frame: FollowFrame) => void): () => void;
  /** Tells the server which step of the lesson the learner looks at. */
  lessonStep(step: string): void;
}

/** What `mount` gives back. */
export interface MountedPanel {
  focus(): void;
  dispose(): void;
}

export type MountPanel = (el: HTMLElement, ctx: LabContext) => MountedPanel;
