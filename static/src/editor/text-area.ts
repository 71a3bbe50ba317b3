/** The CodeMirror view: YAML, the site's look and keys. Its owner swaps documents, sets problems and hears of edits. */
import { closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldKeymap, indentUnit } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics, type Diagnostic } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { assist } from "./assist";
import { indentation } from "./indent";
import { look } from "./look";
import { marks, setChangedRows, setHints } from "./marks";
import type { Problem } from "./problems";
import type { Schemas } from "./schema";

export interface TextAreaOptions {
  readonly parent: HTMLElement;
  readonly describedBy: string;
  readonly readonly: boolean;
  readonly schemas: Schemas;
  onEdit(text: string): void;
  onApply(): void;
  onSave(): void;
}

export interface TextArea {
  /** Shows another text; each path keeps its own undo history and cursor. */
  open(path: string, text: string): void;
  forget(path: string): void;
  setText(text: string): void;
  text(): string;
  setProblems(problems: readonly Problem[]): void;
  setChanged(rows: readonly number[]): void;
  goTo(offset: number): void;
  focus(): void;
  destroy(): void;
}

export function createTextArea(options: TextAreaOptions): TextArea {
  const states = new Map<string, EditorState>();
  const extensions = extensionsFor(options);
  const fresh = (text: string): EditorState => EditorState.create({ doc: text, extensions });
  const view = new EditorView({ parent: options.parent, state: fresh("") });
  let shown: string | null = null;
  return {
    open(path, text) {
      if (shown !== null) states.set(shown, view.state);
      shown = path;
      const kept = states.get(path);
      view.setState(kept && kept.doc.toString() === text ? kept : fresh(text));
    },
    forget: (path) => {
      states.delete(path);
      if (shown === path) shown = null;
    },
    setText: (text) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text }, scrollIntoView: true }),
    text: () => view.state.doc.toString(),
    setProblems(problems) {
      const length = view.state.doc.length;
      const within = problems.filter(({ from }) => from <= length);
      view.dispatch(setDiagnostics(view.state, within.map((problem) => diagnostic(problem, length))));
      view.dispatch({ effects: setHints.of(within) });
    },
    setChanged: (rows) => view.dispatch({ effects: setChangedRows.of(rows) }),
    goTo(offset) {
      view.dispatch({ selection: { anchor: Math.min(offset, view.state.doc.length) }, scrollIntoView: true });
      view.focus();
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}

function diagnostic({ from, to, message, severity, fix }: Problem, length: number): Diagnostic {
  const actions = fix ? [{ name: `Change to ${fix}`, apply: (view: EditorView, start: number, end: number) => view.dispatch({ changes: { from: start, to: end, insert: fix } }) }] : [];
  return { from, to: Math.min(Math.max(to, from), length), message, severity, actions };
}

function extensionsFor({ describedBy, readonly, schemas, onEdit, onApply, onSave }: TextAreaOptions): Extension[] {
  return [
    keymap.of([
      { key: "Mod-Enter", run: () => (onApply(), true) },
      { key: "Mod-s", run: () => (onSave(), true) },
    ]),
    lineNumbers(),
    lintGutter(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    history(),
    drawSelection(),
    indentation,
    indentUnit.of("  "),
    bracketMatching(),
    closeBrackets(),
    highlightSelectionMatches(),
    yaml(),
    look,
    marks,
    assist(schemas),
    placeholder("Write a manifest, or insert one from the File menu."),
    EditorState.readOnly.of(readonly),
    EditorView.contentAttributes.of({ "aria-label": "Manifest", "aria-describedby": describedBy, tabindex: "0" }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) onEdit(update.state.doc.toString());
    }),
    keymap.of([...closeBracketsKeymap, ...completionKeymap, ...lintKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...defaultKeymap, indentWithTab]),
  ];
}
