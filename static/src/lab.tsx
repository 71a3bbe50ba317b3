/**
 * The lab page: puts the session, the stage and the panels together, and is the only module that knows them all.
 *
 * Promise: the first picture needs only this entry; terminal, editor and lesson come lazily, each behind `mount(el, ctx)`. The layout is
 * a grid of panes; where there is no room for that (`NARROW`), one pane is shown at a time. Without the boot JSON nothing happens.
 */
import "./styles/lab.css";
import { computed, effect, signal, type Signal } from "@preact/signals";
import { render } from "preact";
import { useRef } from "preact/hooks";
import { Announcer, podSummary } from "./a11y/announcer";
import { installKeys, type Pane } from "./a11y/keys";
import { labContext } from "./context";
import { StageScene } from "./draw/scene";
import { createView, type View } from "./draw/view";
import { exposeForTests } from "./hooks";
import type { LabContext, MountedPanel, MountPanel } from "./lab-context";
import { CaptionStrip } from "./panels/caption";
import { Led } from "./panels/led";
import { KeySetting, ResetLab, SavePicture, singleKeys } from "./panels/head";
import { LazyPanel } from "./panels/lazy";
import { Splitter } from "./panels/splitter";
import { StagePane } from "./panels/stage-pane";
import { Timeline } from "./panels/timeline";
import type { Action } from "./panels/actions";
import { socketUrl } from "./protocol/socket";
import type { Boot } from "./protocol/shapes";
import { Session } from "./session";

const NARROW = "(max-width: 900px), (max-height: 480px)";
const DOCK_LEAST = 90;
const DOCK_START = 206;

export type PaneName = "lesson" | "stage" | "terminal" | "editor";

const PANE_WORDS: Record<PaneName, string> = { lesson: "Lesson", stage: "Cluster", terminal: "Terminal", editor: "Editor" };

export interface Lab {
  session: Session;
  scene: StageScene;
  view: View;
  ctx: LabContext;
  panels: Partial<Record<"lesson" | "terminal" | "editor", MountedPanel>>;
  pane: Signal<PaneName>;
  narrow: Signal<boolean>;
  run(action: Action): void;
  /** Whether as little as possible should move. */
  stillness(): boolean;
}

/** Reads the boot JSON and starts; called at the end of this module. */
export function startLab(root: Document): Lab | null {
  const mountPoint = root.getElementById("lab");
  const bootElement = root.getElementById(mountPoint?.dataset["boot"] ?? "boot");
  if (!mountPoint || !bootElement) return null;
  const boot = JSON.parse(bootElement.textContent ?? "") as Boot;
  const [polite, urgent] = liveRegions(root, mountPoint);
  const announcer = new Announcer(polite, urgent);
  const lab = createLab(boot, announcer);
  const page = root.createElement("div");
  page.className = lab.stillness() ? "lab-page still" : "lab-page";
  mountPoint.prepend(page);
  mountPoint.querySelector("[data-not-started]")?.remove();
  render(<LabPage lab={lab} />, page);
  wireHeader(root, lab);
  wireKeys(root, lab, announcer);
  effect(() => {
    const present = lab.session.trace.value.present;
    if (present) announcer.say(present.msg.say);
  });
  exposeForTests(lab);
  if (lab.stillness()) beginInSteps(lab);
  lab.session.open();
  return lab;
}

/** With less motion wanted, the cluster first stands still and goes on message by message; once a tab, so that "Play" is kept. */
function beginInSteps({ session, ctx }: Lab): void {
  if (session.boot.readonly || !isFirstTime(`drydock:steps:${session.boot.cluster.id}`)) return;
  const stop = effect(() => {
    if (!session.present.value.complete) return;
    void session.setClock("pause").then((done) => { if (done) ctx.announce("The cluster stands still. Next message lets one thing happen; Play lets it run."); });
    queueMicrotask(() => stop());
  });
}

/** In this tab; a browser without storage begins anew each time. */
function isFirstTime(key: string): boolean {
  try {
    const before = sessionStorage.getItem(key);
    sessionStorage.setItem(key, "begun");
    return before === null;
  } catch {
    return true;
  }
}

function createLab(boot: Boot, announcer: Announcer): Lab {
  const motion = matchMedia("(prefers-reduced-motion: reduce)");
  const stillness = () => motion.matches || boot.reducedMotion === true;
  const narrow = signal(matchMedia(NARROW).matches);
  matchMedia(NARROW).addEventListener("change", (event) => { narrow.value = event.matches; });
  const session = new Session(boot, {
    url: socketUrl(boot.ws, location),
    stillness,
    onTrouble: (sentence) => announcer.say(sentence, { urgent: true }),
    onGo: (url) => location.assign(url),
    onArrival: (msgs) => { if (msgs.some((msg) => !msg.ok)) announcer.say(podSummary(session.present.peek())); },
  });
  const view = createView();
  const pane = signal<PaneName>(narrow.peek() && boot.lesson ? "lesson" : "stage");
  const panels: Lab["panels"] = {};
  const ctx = labContext({ session, view, announcer, showPane: (name) => { pane.value = name; if (name !== "stage") panels[name]?.focus(); } });
  const run = (action: Action) => {
    void session.api.command<{ said?: string }>(action.command).then((outcome) =>
      announcer.say(outcome.ok ? outcome.value.reply.said ?? `${action.name}: done.` : outcome.error.message, { urgent: !outcome.ok }));
  };
  return { session, view, ctx, panels, pane, narrow, run, stillness, scene: new StageScene(session, view) };
}

function liveRegions(root: Document, after: HTMLElement): [HTMLElement, HTMLElement] {
  const region = (politeness: "polite" | "assertive") => {
    const element = root.createElement("div");
    element.className = politeness === "polite" ? "vh" : "urgent-line";
    element.setAttribute("aria-live", politeness);
    element.setAttribute("role", politeness === "polite" ? "status" : "alert");
    after.append(element);
    return element;
  };
  return [region("polite"), region("assertive")];
}

/* ── the page ── */

function LabPage({ lab }: { lab: Lab }) {
  const hasLesson = lab.session.boot.lesson !== null;
  const narrow = lab.narrow.value;
  const tabs = (hasLesson ? ["lesson", "stage", "terminal", "editor"] : ["stage", "terminal", "editor"]) as PaneName[];
  return (
    <div class={`lab-grid${hasLesson ? "" : " no-lesson"}${narrow ? ` narrow shows-${lab.pane.value}` : ""}`}>
      {hasLesson && narrow && lab.pane.value !== "lesson" ? <h1 class="vh">{lab.session.boot.cluster.name}</h1> : null}
      {hasLesson ? <LazyPanel name="lesson" label="Lesson" lab={lab} load={loadLesson} /> : null}
      <LabColumn lab={lab} />
      {narrow ? <PaneTabs tabs={tabs} lab={lab} /> : null}
    </div>
  );
}

function LabColumn({ lab }: { lab: Lab }) {
  const dock = useSignalOnce(DOCK_START);
  const editor = useSignalOnce(0);
  const column = useRef<HTMLElement>(null);
  const style = `--dock:${dock.value}px;${editor.value ? `--editor:${editor.value}px` : ""}`;
  const height = column.current?.clientHeight ?? 800;
  const width = column.current?.clientWidth ?? 1000;
  return (
    <section ref={column} class="lab-column" aria-label="Lab" style={style}>
      <Led session={lab.session} />
      <StagePane lab={lab} />
      <CaptionStrip session={lab.session} />
      <Timeline session={lab.session} />
      <div class="dock">
        <Splitter label="Height of terminal and editor" direction="row" size={dock.value} least={DOCK_LEAST} most={Math.max(DOCK_LEAST, height - 240)} onSize={(size) => { dock.value = size; }} />
        <LazyPanel name="terminal" label="Terminal" lab={lab} load={loadTerminal} />
        <Splitter label="Width of the editor" direction="column" size={editor.value || Math.round(width * 0.45)} least={180} most={Math.max(200, width - 240)} onSize={(size) => { editor.value = size; }} />
        <LazyPanel name="editor" label="YAML editor" lab={lab} load={loadEditor} />
      </div>
    </section>
  );
}

function useSignalOnce<T>(initial: T): Signal<T> {
  const kept = useRef<Signal<T> | null>(null);
  kept.current ??= signal(initial);
  return kept.current;
}

const loadLesson = async (): Promise<MountPanel> => (await import("./lesson/mount")).mount;
const loadTerminal = async (): Promise<MountPanel> => (await import("./terminal/mount")).mount;
const loadEditor = async (): Promise<MountPanel> => (await import("./editor/mount")).mount;

function PaneTabs({ tabs, lab }: { tabs: PaneName[]; lab: Lab }) {
  return (
    <nav class="pane-tabs" aria-label="Panes">
      {tabs.map((name) => (
        <button key={name} type="button" aria-pressed={lab.pane.value === name} onClick={() => { lab.pane.value = name; }}>{PANE_WORDS[name]}</button>
      ))}
    </nav>
  );
}

/* ── header and keys ── */

/** "Reset lab" stands in the header that Django renders; the lesson adds its own things there. */
function wireHeader(root: Document, lab: Lab): void {
  const slot = root.getElementById("head-slot");
  if (!slot || lab.session.boot.readonly) return;
  const place = root.createElement("div");
  place.className = "lab-head";
  slot.append(place);
  render(<><KeySetting /><SavePicture lab={lab} /><ResetLab lab={lab} /></>, place);
}

function wireKeys(root: Document, lab: Lab, announcer: Announcer): void {
  const stage = computed(() => lab.view.arrangement.value);
  installKeys(root, {
    panes: () => panesOf(root, lab),
    say: (sentence) => announcer.say(sentence),
    singleKeys: () => singleKeys.peek(),
    singleKeysIn: (target) => target === root.body || target.closest(".stage, .caption, .tl") !== null,
    onKey: (key) => {
      if (key === ".") void lab.session.next();
      else if (key === ",") lab.session.previous();
      else if (key === "+" || key === "=") lab.view.camera.value?.zoomBy(1.25);
      else if (key === "-") lab.view.camera.value?.zoomBy(0.8);
      else if (key === "0") lab.view.camera.value?.fit();
      else if (key === "i" && stage.value) lab.view.inspector.value = !lab.view.inspector.value;
      else if (key === "l" && stage.value) lab.view.loops.value = !lab.view.loops.value;
      else return false;
      return true;
    },
  });
}

function panesOf(root: Document, lab: Lab): Pane[] {
  const pane = (name: string, selector: string, focus: (element: HTMLElement) => void): Pane[] => {
    const element = root.querySelector<HTMLElement>(selector);
    return element && element.offsetParent !== null ? [{ name, element, focus: () => focus(element) }] : [];
  };
  return [
    ...pane("Lesson", "[data-pane=lesson]", () => lab.panels.lesson?.focus()),
    ...pane("Cluster", ".stage", (element) => element.querySelector<HTMLElement>("[role=treeitem][tabindex='0']")?.focus()),
    ...pane("Timeline", ".tl", (element) => element.querySelector<HTMLElement>("[role=slider]")?.focus()),
    ...pane("Terminal", "[data-pane=terminal]", () => lab.panels.terminal?.focus()),
    ...pane("Editor", "[data-pane=editor]", () => lab.panels.editor?.focus()),
  ];
}

startLab(document);
