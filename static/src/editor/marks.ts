/** What the editor draws over the text: rows that were changed, and a few words of a problem at the end of its row. */
import { RangeSet, StateEffect, StateField, type Extension, type Range, type Text } from "@codemirror/state";
import { Decoration, EditorView, GutterMarker, WidgetType, gutterLineClass, type DecorationSet } from "@codemirror/view";
import type { Problem } from "./problems";

export const setChangedRows = StateEffect.define<readonly number[]>();
export const setHints = StateEffect.define<readonly Problem[]>();

class Hint extends WidgetType {
  constructor(private readonly words: string, private readonly severity: string) {
    super();
  }
  override eq(other: Hint): boolean {
    return other.words === this.words && other.severity === this.severity;
  }
  toDOM(): HTMLElement {
    const hint = document.createElement("span");
    hint.className = `cm-hint ${this.severity}`;
    hint.textContent = this.words;
    hint.setAttribute("aria-hidden", "true"); // the list below the editor and the lint panel say it
    return hint;
  }
}

const changedRow = Decoration.line({ class: "cm-changed" });
const changedGutter = new (class extends GutterMarker {
  override elementClass = "cm-changed";
})();

interface Marks { readonly decorations: DecorationSet; readonly gutter: RangeSet<GutterMarker> }

const changed = StateField.define<Marks>({
  create: () => ({ decorations: Decoration.none, gutter: RangeSet.empty }),
  update(marks, transaction) {
    const effect = transaction.effects.find((e) => e.is(setChangedRows));
    if (effect) return marksFor(effect.value as readonly number[], transaction.state.doc);
    if (!transaction.docChanged) return marks;
    return { decorations: marks.decorations.map(transaction.changes), gutter: marks.gutter.map(transaction.changes) };
  },
  provide: (field) => [
    EditorView.decorations.from(field, ({ decorations }) => decorations),
    gutterLineClass.from(field, ({ gutter }) => gutter),
  ],
});

function marksFor(rows: readonly number[], doc: Text): Marks {
  const starts = rows.filter((row) => row <= doc.lines).map((row) => doc.line(row).from);
  return {
    decorations: Decoration.set(starts.map((from) => changedRow.range(from))),
    gutter: RangeSet.of(starts.map((from) => changedGutter.range(from))),
  };
}

const hints = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(decorations, transaction) {
    const effect = transaction.effects.find((e) => e.is(setHints));
    if (effect) return hintsFor(effect.value as readonly Problem[], transaction.state.doc);
    return transaction.docChanged ? decorations.map(transaction.changes) : decorations;
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** One hint a row: that of its first problem. */
function hintsFor(problems: readonly Problem[], doc: Text): DecorationSet {
  const byRow = new Map<number, Range<Decoration>>();
  for (const { from, brief, severity } of problems) {
    const row = doc.lineAt(Math.min(from, doc.length));
    if (!brief || byRow.has(row.number)) continue;
    byRow.set(row.number, Decoration.widget({ widget: new Hint(brief, severity), side: 1 }).range(row.to));
  }
  return Decoration.set([...byRow.values()], true);
}

export const marks: Extension = [changed, hints];
