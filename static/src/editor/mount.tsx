/**
 * The YAML editor panel: files of the workstation in tabs, help and checks from the cluster's schemas, Diff and Apply.
 * Loaded lazily by the lab page; its style sheet is `styles/editor.css`.
 */
import { computed, effect, signal, type ReadonlySignal } from "@preact/signals";
import { render, type JSX } from "preact";
import type { LabContext, MountedPanel } from "../lab-context";
import { changedRows } from "./changes";
import { draftsOf, keepDrafts, readDrafts, withDrafts } from "./drafts";
import { close, create, edited, nameFor, noFiles, renamed, saved, show, shownFile, type Files } from "./files";
import { isKnown } from "./kinds";
import { Bar, DiffSide, Foot, type AppliedRow, type PanelActions, type PanelState } from "./panel";
import { fromReport, type Problem, type ReportedProblem } from "./problems";
import { remembering, type Schema, type Schemas } from "./schema";
import { createTextArea, type TextArea } from "./text-area";
import type { TemplateName } from "./template-names";

const lintAfter = 250;
const openAtFirst = 4;
const helpId = "editor-help";

export function mount(el: HTMLElement, ctx: LabContext): MountedPanel {
  const editor = new Editor(el, ctx);
  return { focus: () => editor.area.focus(), dispose: () => editor.dispose() };
}

class Editor {
  readonly area: TextArea;
  private readonly files = signal<Files>(noFiles);
  private readonly linted = signal<readonly Problem[]>([]);
  private readonly reported = signal<readonly Problem[]>([]);
  private readonly applied = signal<readonly AppliedRow[] | null>(null);
  private readonly diffText = signal<string | null>(null);
  private readonly stored = signal<readonly string[]>([]);
  private readonly busy = signal(false);
  private readonly problems = computed(() => [...this.reported.value, ...this.linted.value]);
  private readonly schemas: Schemas;
  private readonly stops: (() => void)[];
  /** Files that `kubectl edit` waits for, as of the last look. */
  private edited: readonly string[] = [];
  private lintTimer = 0;

  constructor(private readonly el: HTMLElement, private readonly ctx: LabContext) {
    el.classList.add("yaml-pane");
    this.schemas = remembering((kind) => (isKnown(kind) ? askSchema(ctx, kind.apiVersion, kind.kind) : Promise.resolve(null)));
    const host = document.createElement("div");
    host.className = "text-host";
    render(<Frame state={this.state} actions={this.actions} host={host} />, el);
    this.area = createTextArea({
      parent: host, describedBy: helpId, readonly: ctx.boot.readonly, schemas: this.schemas,
      onEdit: (text) => this.onEdit(text), onApply: () => void (shownFile(this.files.value)?.edit ? this.finish(true) : this.apply()), onSave: () => void this.save(),
    });
    this.stops = [
      effect(() => this.area.setProblems(this.problems.value)),
      effect(() => {
        const file = shownFile(this.files.value);
        this.area.setChanged(file ? changedRows(file.saved, file.text) : []);
      }),
      ctx.onOpenFile((path) => void this.open(path)),
    ];
    void this.openFirst();
  }

  dispose(): void {
    clearTimeout(this.lintTimer);
    this.stops.forEach((stop) => stop());
    this.area.destroy();
    render(null, this.el);
  }

  private readonly state: ReadonlySignal<PanelState> = computed<PanelState>(() => ({
    files: this.files.value,
    problems: this.problems.value,
    applied: this.applied.value,
    diff: this.diffText.value,
    stored: this.stored.value,
    busy: this.busy.value,
    readonly: this.ctx.boot.readonly,
  }));

  private readonly actions: PanelActions = {
    show: (at) => this.shown({ ...this.files.value, shown: at }),
    close: (at) => this.closeOrCancel(at),
    finish: (keep) => void this.finish(keep),
    create: () => this.shown(create(this.files.value, "")),
    open: (path) => void this.open(path),
    insert: (template) => void this.insert(template),
    save: () => void this.save(),
    diff: () => void this.diff(),
    closeDiff: () => void (this.diffText.value = null),
    apply: () => void this.apply(),
    goTo: (offset) => this.area.goTo(offset),
    dismiss: () => void (this.applied.value = null),
  };

  // ── files ──

  private async openFirst(): Promise<void> {
    await this.refreshStored();
    const edits = this.edited;
    const first = this.stored.value.filter((path) => /\.ya?ml$/.test(path) && !edits.includes(path)).slice(0, openAtFirst);
    for (const path of [...edits, ...first]) await this.open(path);
    const restored = withDrafts(this.files.value, readDrafts(this.ctx.boot.cluster.id));
    if (restored.open.length === 0) this.shown(create(restored, ""));
    else this.shown({ ...restored, shown: 0 });
    this.stops.push(effect(() => keepDrafts(this.ctx.boot.cluster.id, draftsOf(this.files.value))));
  }

  private async open(path: string): Promise<void> {
    const file = await this.ask<{ text?: string; edit?: boolean }>({ kind: "read-file", path });
    if (file) this.shown(show(this.files.value, path, file.text ?? "", file.edit));
  }

  private close(at: number): void {
    const path = this.files.value.open[at]?.path;
    const left = close(this.files.value, at);
    if (path) this.area.forget(path);
    this.shown(left);
  }

  private closeOrCancel(at: number): void {
    if (!this.files.value.open[at]?.edit) return this.close(at);
    this.actions.show(at);
    void this.finish(false);
  }

  /** `kubectl edit` goes on with the text, and either has done with it or wants it mended. */
  private async finish(keep: boolean): Promise<void> {
    const file = shownFile(this.files.value);
    if (!file || this.busy.value || this.ctx.boot.readonly) return;
    this.busy.value = true;
    const reply = await this.ask<{ ok: boolean; open?: string }>({ kind: "finish-edit", path: file.path, text: keep ? this.area.text() : file.saved });
    this.busy.value = false;
    if (!reply) return;
    this.close(this.files.value.open.findIndex(({ path }) => path === file.path));
    if (reply.open) {
      await this.open(reply.open);
      this.ctx.announce("Not accepted. The reasons are at the top of the file.", { urgent: true });
      return;
    }
    if (this.files.value.open.length === 0) this.shown(create(this.files.value, ""));
    if (reply.ok) return this.ctx.showTerminal();
    this.applied.value = [{ text: "The edit was given up in the terminal; nothing was changed.", ok: false }];
  }

  private async insert(template: TemplateName): Promise<void> {
    const { withTemplate } = await import("./templates");
    const text = withTemplate(this.area.text(), template);
    const file = shownFile(this.files.value);
    if (!file) return this.shown(create(this.files.value, text));
    this.area.setText(text);
    this.area.focus();
  }

  private async save(): Promise<boolean> {
    const file = shownFile(this.files.value);
    if (!file || this.ctx.boot.readonly) return false;
    const path = file.path.startsWith("untitled") ? this.settleName(file.text) ?? file.path : file.path;
    const written = await this.ask({ kind: "write-file", path, text: file.text });
    if (!written) return false;
    this.files.value = saved(this.files.value, path, file.text);
    this.ctx.announce(`${path} saved`);
    void this.refreshStored();
    return true;
  }

  /** A file without a name of its own is called after the object in it. */
  private settleName(text: string): string | null {
    const name = nameFor(text);
    if (!name || this.files.value.open.some(({ path }) => path === name) || this.stored.value.includes(name)) return null;
    this.files.value = renamed(this.files.value, name);
    return name;
  }

  private async refreshStored(): Promise<void> {
    const reply = await this.ask<{ files?: { path: string; edit?: boolean }[] }>({ kind: "list-files" }, { quiet: true });
    const files = (reply?.files ?? []).filter(({ path }) => !path.startsWith("."));
    this.edited = files.filter(({ edit }) => edit).map(({ path }) => path);
    this.stored.value = files.map(({ path }) => path);
  }

  private shown(files: Files): void {
    this.files.value = files;
    const file = shownFile(files);
    this.area.open(file?.path ?? "", file?.text ?? "");
    this.reported.value = [];
    this.linted.value = [];
    this.diffText.value = null;
    this.area.setProblems([]);
    this.area.setChanged(file ? changedRows(file.saved, file.text) : []);
    this.lintSoon(0);
  }

  // ── problems ──

  private onEdit(text: string): void {
    this.files.value = edited(this.files.value, text);
    this.reported.value = [];
    this.applied.value = null;
    this.lintSoon(lintAfter);
  }

  private lintSoon(after: number): void {
    clearTimeout(this.lintTimer);
    this.lintTimer = window.setTimeout(() => void this.lintNow(), after);
  }

  private async lintNow(): Promise<void> {
    const { lint } = await import("./lint");
    const text = this.area.text();
    const problems = await lint(text, this.schemas);
    if (text === this.area.text()) this.linted.value = problems;
  }

  // ── the cluster ──

  private async apply(): Promise<void> {
    const text = this.area.text();
    if (this.busy.value || this.ctx.boot.readonly || text.trim() === "") return;
    this.busy.value = true;
    this.applied.value = null;
    await this.save();
    const reply = await this.ask<{ results?: AppliedRow[]; problems?: ReportedProblem[] }>({ kind: "apply-yaml", text });
    this.busy.value = false;
    if (!reply) return;
    const reported = reply.problems ?? [];
    this.applied.value = (reply.results ?? []).filter((row) => row.ok || !reported.some(({ message }) => row.text.includes(message)));
    this.reported.value = reported.map((problem) => fromReport(text, problem));
    const failed = this.reported.value.length > 0;
    const words = [...this.applied.value.map((row) => row.text), ...this.reported.value.map(({ message }) => message)];
    this.ctx.announce(words.slice(0, 3).join(". ") || "Nothing to apply", { urgent: failed });
  }

  private async diff(): Promise<void> {
    const text = this.area.text();
    const reply = await this.ask<{ diff?: string; problems?: ReportedProblem[] }>({ kind: "diff-yaml", text });
    if (!reply) return;
    this.reported.value = (reply.problems ?? []).map((problem) => fromReport(text, problem));
    this.diffText.value = this.reported.value.length > 0 && !reply.diff ? null : (reply.diff ?? "");
  }

  /** The reply, or null after the refusal has been shown. */
  private async ask<Reply>(command: { kind: string; [argument: string]: unknown }, { quiet = false } = {}): Promise<Reply | null> {
    const outcome = await this.ctx.api.command<Reply & Record<string, unknown>>(command);
    if (outcome.ok) return outcome.value.reply;
    if (!quiet) this.applied.value = [{ text: outcome.error.message, ok: false }];
    return null;
  }
}

/** Null for a kind the cluster does not know; undefined when it could not be asked. */
async function askSchema(ctx: LabContext, apiVersion: string, kind: string): Promise<Schema | null | undefined> {
  const outcome = await ctx.api.command<{ schema: Schema }>({ kind: "schema", apiVersion, kind_name: kind });
  if (outcome.ok) return outcome.value.reply.schema;
  return outcome.error.code === "BadCommand" ? null : undefined;
}

function Frame({ state, actions, host }: { state: ReadonlySignal<PanelState>; actions: PanelActions; host: HTMLElement }): JSX.Element {
  const now = state.value;
  return (
    <>
      <Bar state={now} actions={actions} />
      <div class={now.diff === null ? "text-and-diff" : "text-and-diff with-diff"}>
        <div class="text-slot" ref={(slot) => void (slot && host.parentElement !== slot && slot.append(host))} />
        {now.diff !== null && <DiffSide diff={now.diff} onClose={actions.closeDiff} />}
      </div>
      <Foot state={now} actions={actions} />
      <p class="vh" id={helpId}>YAML editor. Control Enter applies. Tab indents; Escape, then Tab, leaves the editor. F6 moves to the next pane.</p>
    </>
  );
}
