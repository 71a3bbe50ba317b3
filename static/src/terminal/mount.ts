/**
 * The terminal panel: an xterm with our own shell session in it, and a bar with the place kubectl works in and a few buttons.
 * Loaded lazily by the lab page; its style sheet is `styles/terminal.css`.
 */
import { Terminal } from "@xterm/xterm";
import { effect } from "@preact/signals";
import type { LabContext, MountedPanel } from "../lab-context";
import { breadthOf, fontSizeFor, type Breadth } from "./breadth";
import type { Offer } from "./complete";
import { historyOf } from "./history";
import { linkProvider, rowOf } from "./links";
import { resolveTheme } from "./look";
import { linesOf } from "./rows";
import { Session, type Answer, type RemoteAnswer, type Screen, type Workstation } from "./session";
import { kubeconfigPath, mayMove, readWhere } from "./where";

export function mount(el: HTMLElement, ctx: LabContext): MountedPanel {
  const parts = build(el);
  const terminal = createTerminal(parts.screen, ctx);
  const breadth = breadthOf(parts.screen, terminal);
  terminal.open(parts.screen);
  labelInput(terminal, parts.help.id);
  const session = new Session(screenOf(terminal, breadth), workstation(ctx, parts.place), historyOf(storedHistory(ctx)));
  const stops = [
    listen(terminal, session, ctx),
    breadth.attach(() => session.resized()),
    followTheme(terminal, el),
    effect(() => void (terminal.options.screenReaderMode = ctx.screenReader.value)),
    effect(() => void (parts.state.textContent = stateWords(ctx))),
    wireButtons(parts, terminal, session),
  ];
  session.start(ctx.boot.readonly ? "You are watching this cluster. Only its owner can type here." : "Tab completes, Ctrl+R searches, help lists what there is.");
  void showPlace(ctx, parts.place);
  return {
    focus: () => terminal.focus(),
    dispose: () => {
      stops.forEach((stop) => stop());
      session.dispose();
      terminal.dispose();
      el.replaceChildren();
    },
  };
}

// ── the panel's own elements ──

const touchKeys = [
  { name: "tab", label: "Tab", sends: "\t" },
  { name: "up", label: "↑ Last", sends: "\x1b[A" },
  { name: "down", label: "↓", sends: "\x1b[B" },
  { name: "interrupt", label: "Ctrl C", sends: "\x03" },
  { name: "search", label: "Ctrl R", sends: "\x12" },
] as const;

interface Parts {
  readonly keys: readonly HTMLButtonElement[];
  readonly screen: HTMLElement;
  readonly place: HTMLElement;
  readonly state: HTMLElement;
  readonly help: HTMLElement;
  readonly copy: HTMLButtonElement;
  readonly paste: HTMLButtonElement;
  readonly clear: HTMLButtonElement;
}

function build(el: HTMLElement): Parts {
  el.classList.add("term-pane");
  el.innerHTML = `
    <div class="pane-bar">
      <span class="pane-title">Terminal</span><span class="place">kubectl</span><span class="state" role="status"></span><span class="sp"></span>
      <button type="button" class="bar-btn" data-do="copy">Copy</button><button type="button" class="bar-btn" data-do="paste">Paste</button><button type="button" class="bar-btn" data-do="clear">Clear</button>
    </div>
    <div class="screen"></div>
    <div class="touch-keys" role="group" aria-label="Keys a touch screen lacks">
      ${touchKeys.map(({ name, label }) => `<button type="button" class="bar-btn" data-key="${name}">${label}</button>`).join("")}
    </div>
    <p class="vh" id="terminal-help">Shell with kubectl. Tab completes. F6 moves to the next pane, Shift F6 to the one before.</p>`;
  const get = <E extends HTMLElement>(selector: string): E => el.querySelector(selector) as E;
  return {
    screen: get(".screen"), place: get(".place"), state: get(".state"), help: get("#terminal-help"),
    keys: [...el.querySelectorAll<HTMLButtonElement>("[data-key]")],
    copy: get('[data-do="copy"]'), paste: get('[data-do="paste"]'), clear: get('[data-do="clear"]'),
  };
}

function createTerminal(host: HTMLElement, ctx: LabContext): Terminal {
  return new Terminal({
    cursorBlink: !ctx.boot.reducedMotion && !matchMedia("(prefers-reduced-motion: reduce)").matches,
    cursorInactiveStyle: "outline",
    fontFamily: "ui-monospace, monospace",
    fontSize: fontSizeFor(Infinity),
    lineHeight: 1.1,
    scrollback: 5000,
    screenReaderMode: ctx.screenReader.value,
    disableStdin: ctx.boot.readonly,
    theme: resolveTheme(host),
  });
}

function labelInput(terminal: Terminal, helpId: string): void {
  terminal.textarea?.setAttribute("aria-label", "Terminal input");
  terminal.textarea?.setAttribute("aria-describedby", helpId);
}

function screenOf(terminal: Terminal, breadth: Breadth): Screen {
  return {
    get cols() { return terminal.cols; },
    get room() { return breadth.room(); },
    write: (data) => terminal.write(data),
    makeRoom: (text) => breadth.makeRoom(text),
    forgetRoom: () => breadth.forget(),
    follow: (column) => breadth.follow(column),
    wipe: () => terminal.write("\x1b[H\x1b[2J\x1b[3J"),
  };
}

// ── keys, size, theme ──

function listen(terminal: Terminal, session: Session, ctx: LabContext): () => void {
  terminal.write("\x1b[?2004h"); // pasted text arrives in brackets, so that its line breaks run nothing
  terminal.attachCustomKeyEventHandler((event) => leaveToPage(event, terminal));
  const data = terminal.onData((sent) => session.receive(sent));
  const links = terminal.registerLinkProvider(linkProvider(terminal, ctx.find, ctx.select));
  return () => {
    data.dispose();
    links.dispose();
  };
}

/** False for keys the page or the browser takes: F6, paste, and Ctrl-C while text is selected (which copies). */
function leaveToPage(event: KeyboardEvent, terminal: Terminal): boolean {
  if (event.type !== "keydown") return true;
  if (event.key === "F6" || event.key === "F11" || event.key === "F12") return false;
  const key = event.key.toLowerCase();
  const command = event.ctrlKey || event.metaKey;
  if (command && key === "v") return false;
  if (command && key === "c" && terminal.hasSelection()) {
    void copy(terminal.getSelection());
    terminal.clearSelection();
    event.preventDefault();
    return false;
  }
  return !(event.metaKey && key === "c");
}

function followTheme(terminal: Terminal, el: HTMLElement): () => void {
  const apply = (): void => void (terminal.options.theme = resolveTheme(el));
  document.addEventListener("drydock:theme", apply);
  return () => document.removeEventListener("drydock:theme", apply);
}

function stateWords(ctx: LabContext): string {
  if (ctx.connection.value === "lost") return "not connected, trying again";
  if (ctx.visiting.value) return "answers from then, read only";
  return ctx.live.value ? "" : "commands act on the present";
}

// ── buttons ──

function wireButtons(parts: Parts, terminal: Terminal, session: Session): () => void {
  const abort = new AbortController();
  const on = (button: HTMLButtonElement, act: () => void): void => button.addEventListener("click", act, { signal: abort.signal });
  on(parts.copy, () => void copy(terminal.getSelection() || wholeText(terminal)));
  on(parts.paste, () => void pasteInto(terminal));
  on(parts.clear, () => {
    session.clear();
    terminal.focus();
  });
  for (const button of parts.keys) {
    const sends = touchKeys.find(({ name }) => name === button.dataset["key"])?.sends ?? "";
    on(button, () => {
      session.receive(sends);
      terminal.focus();
    });
  }
  return () => abort.abort();
}

async function copy(text: string): Promise<void> {
  await navigator.clipboard?.writeText(text).catch(() => undefined); // the browser may refuse; selecting still works
}

async function pasteInto(terminal: Terminal): Promise<void> {
  const text = await navigator.clipboard?.readText().catch(() => "");
  if (text) terminal.paste(text);
  terminal.focus();
}

function wholeText(terminal: Terminal): string {
  const rows = Array.from({ length: terminal.buffer.active.length }, (_, y) => rowOf(terminal, y));
  return linesOf(rows.filter((row) => row !== undefined));
}

// ── the workstation behind the session ──

function workstation(ctx: LabContext, place: HTMLElement): Workstation {
  return {
    refusal: () => (ctx.boot.readonly ? "You are watching: commands are off." : null),
    async run(line) {
      const outcome = await ctx.api.command<Answer>({ kind: "shell", line, terminal: true });
      return outcome.ok ? { ok: true, answer: outcome.value.reply } : { ok: false, message: outcome.error.message };
    },
    async type(id, line) {
      const outcome = await ctx.api.command<RemoteAnswer>({ kind: "session", id, line });
      return outcome.ok ? { ok: true, answer: outcome.value.reply } : { ok: false, message: outcome.error.message };
    },
    async offers(line, at) {
      const outcome = await ctx.api.command<Offer>({ kind: "complete", line, at });
      return outcome.ok ? outcome.value.reply : null;
    },
    follow: (token, listener) => ctx.follow(token, listener),
    async signal(name, token) {
      const outcome = await ctx.api.command<Answer>({ kind: "signal", signal: name, token });
      return outcome.ok ? outcome.value.reply : { stderr: outcome.error.message };
    },
    open: (path) => ctx.openFile(path),
    ran: (command) => {
      if (mayMove(command)) void showPlace(ctx, place);
    },
    remembered: (entries) => storeHistory(ctx, entries),
  };
}

async function showPlace(ctx: LabContext, place: HTMLElement): Promise<void> {
  const outcome = await ctx.api.command<{ text?: string }>({ kind: "read-file", path: kubeconfigPath });
  const where = outcome.ok ? readWhere(outcome.value.reply.text ?? "") : null;
  place.textContent = where ? `kubectl · namespace ${where.namespace}` : "kubectl";
  if (where) place.title = `context ${where.context}`;
}

const historyKey = (ctx: LabContext): string => `drydock:history:${ctx.boot.cluster.id}`;

function storedHistory(ctx: LabContext): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(historyKey(ctx)) ?? "[]");
    return Array.isArray(stored) ? stored.filter((entry) => typeof entry === "string") : [];
  } catch {
    return []; // storage is switched off, or holds what is not ours
  }
}

function storeHistory(ctx: LabContext, entries: readonly string[]): void {
  try {
    localStorage.setItem(historyKey(ctx), JSON.stringify(entries));
  } catch {
    // storage is full or switched off: the history lasts as long as the page
  }
}
