/** What is around the text: tabs, buttons, the list of problems, what Apply said, and the difference to the cluster. */
import type { ComponentChildren, JSX } from "preact";
import { diffRows, diffSummary } from "./diff";
import { isChanged, labelOf, shownFile, type Files } from "./files";
import { rowOf, type Problem } from "./problems";
import { templateNames, type TemplateName } from "./template-names";

export interface AppliedRow { readonly text: string; readonly ok: boolean }

export interface PanelState {
  readonly files: Files;
  readonly problems: readonly Problem[];
  readonly applied: readonly AppliedRow[] | null;
  readonly diff: string | null;
  /** What the workstation has, for the "Open" menu. */
  readonly stored: readonly string[];
  readonly busy: boolean;
  readonly readonly: boolean;
}

export interface PanelActions {
  show(at: number): void;
  close(at: number): void;
  create(): void;
  open(path: string): void;
  insert(template: TemplateName): void;
  save(): void;
  diff(): void;
  closeDiff(): void;
  apply(): void;
  /** Closes a file that `kubectl edit` waits for: with what was typed, or without. */
  finish(keep: boolean): void;
  goTo(offset: number): void;
  dismiss(): void;
}

export function Bar({ state, actions }: { state: PanelState; actions: PanelActions }): JSX.Element {
  const { files, busy } = state;
  const shown = shownFile(files);
  const off = busy || state.readonly || !shown;
  return (
    <div class="pane-bar">
      <div class="tabs" role="group" aria-label="Open files">
        {files.open.map((file, at) => (
          <span class={at === files.shown ? "tab on" : "tab"} key={file.path} ref={(tab) => { if (at === files.shown) tab?.scrollIntoView({ block: "nearest", inline: "nearest" }); }}>
            <button type="button" aria-pressed={at === files.shown} title={file.path} onClick={() => actions.show(at)}>{labelOf(file)}</button>
            {isChanged(file) && <span class="unsaved" role="img" aria-label="Unsaved changes" />}
            {files.open.length > 1 && <button type="button" class="close" aria-label={`Close ${labelOf(file)}`} onClick={() => actions.close(at)}>×</button>}
          </span>
        ))}
      </div>
      <Menu label="File" items={fileItems(state, actions)} />
      <span class="sp" />
      {!shown?.edit && <button type="button" class="bar-btn" aria-pressed={state.diff !== null} disabled={off} onClick={() => (state.diff === null ? actions.diff() : actions.closeDiff())}>Diff</button>}
      {shown?.edit && <button type="button" class="bar-btn" disabled={off} onClick={() => actions.finish(false)}>Cancel edit</button>}
      {shown?.edit
        ? <button type="button" class="btn pri small" disabled={off} onClick={() => actions.finish(true)}>Save and close <kbd>Ctrl ↵</kbd></button>
        : <button type="button" class="btn pri small" disabled={off} onClick={actions.apply}>Apply <kbd>Ctrl ↵</kbd></button>}
    </div>
  );
}

interface Item { readonly name: string; readonly act: () => void; readonly off?: boolean }

function fileItems({ stored, files, readonly }: PanelState, actions: PanelActions): Item[] {
  const open = new Set(files.open.map(({ path }) => path));
  return [
    { name: "New file", act: actions.create, off: readonly },
    { name: "Save  Ctrl S", act: actions.save, off: readonly || !shownFile(files) },
    ...stored.filter((path) => !open.has(path)).map((path) => ({ name: `Open ${path}`, act: () => actions.open(path) })),
    ...templateNames.map((name) => ({ name: `Insert a ${name}`, act: () => actions.insert(name), off: readonly })),
  ];
}

function Menu({ label, items }: { label: string; items: readonly Item[] }): JSX.Element {
  const choose = (event: JSX.TargetedMouseEvent<HTMLButtonElement>, act: () => void): void => {
    event.currentTarget.closest("details")?.removeAttribute("open");
    act();
  };
  return (
    <details class="menu" onKeyDown={closeOnEscape}>
      <summary class="bar-btn">{label}</summary>
      <div>
        {items.map(({ name, act, off }) => (
          <button type="button" class="menu-item" key={name} disabled={off ?? false} onClick={(event) => choose(event, act)}>{name}</button>
        ))}
      </div>
    </details>
  );
}

function closeOnEscape(event: JSX.TargetedKeyboardEvent<HTMLDetailsElement>): void {
  if (event.key !== "Escape") return;
  event.currentTarget.open = false;
  event.currentTarget.querySelector("summary")?.focus();
}

/** Problems and answers, below the text. */
export function Foot({ state, actions }: { state: PanelState; actions: PanelActions }): JSX.Element {
  const text = shownFile(state.files)?.text ?? "";
  return (
    <div class="foot">
      {state.applied && (state.applied.length > 0 || state.problems.length === 0) && (
        <Section title={state.applied.every(({ ok }) => ok) ? "Applied" : "Not all was applied"} onClose={actions.dismiss}>
          <div role="status">
            <ul class="applied">
              {state.applied.length === 0 && <li>Nothing to apply: the file holds no object.</li>}
              {state.applied.map(({ text: words, ok }) => <li key={words} class={ok ? "ok" : "bad"}><span aria-hidden="true">{ok ? "✓" : "✕"}</span> {words}</li>)}
            </ul>
          </div>
        </Section>
      )}
      {state.problems.length > 0 && (
        <details class="problems" open={state.problems.some(({ brief }) => brief === "")}>
          <summary>{state.problems.length === 1 ? "1 problem" : `${state.problems.length} problems`}</summary>
          <ul>
            {state.problems.map((problem) => (
              <li key={`${problem.from} ${problem.message}`}>
                <button type="button" onClick={() => actions.goTo(problem.from)}><span class="mono">line {rowOf(text, problem.from)}</span> {problem.message}</button>
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

function Section({ title, onClose, children }: { title: string; onClose: () => void; children: ComponentChildren }): JSX.Element {
  return (
    <section class="answer" aria-label={title}>
      <div class="answer-bar"><b>{title}</b><span class="sp" /><button type="button" class="bar-btn" aria-label="Close this answer" onClick={onClose}>×</button></div>
      {children}
    </section>
  );
}

export function DiffSide({ diff, onClose }: { diff: string; onClose: () => void }): JSX.Element {
  const rows = diffRows(diff);
  return (
    <section class="diff" aria-label="Difference to the cluster">
      <div class="answer-bar"><b>{diffSummary(rows)}</b><span class="sp" /><button type="button" class="bar-btn" aria-label="Close the difference" onClick={onClose}>×</button></div>
      <pre tabIndex={0}>
        {rows.map(({ sign, text }, i) => <span key={i} class={sign === "+" ? "added" : sign === "-" ? "removed" : sign === "@" ? "heading" : ""}>{sign === "@" ? "" : sign}{text}{"\n"}</span>)}
      </pre>
    </section>
  );
}
