/** How far a new row is indented: below a key without a value one step in, below a list's dash to what the dash holds. */
import { indentService } from "@codemirror/language";
import type { Extension } from "@codemirror/state";

const step = 2;

/** Columns for the row after `before`, the text of a row up to where it is broken. */
export function indentAfter(before: string): number {
  const lead = /^\s*(?:- +)*/.exec(before)?.[0].length ?? 0;
  const said = before.replace(/(^|\s)#.*$/, "").trimEnd();
  const opens = /(?::|[|>][+-]?)$/.test(said);
  if (/^\s*(?:- +)*-$/.test(said)) return said.length + 1;
  return opens ? lead + step : lead;
}

export const indentation: Extension = indentService.of((context, position) => {
  const row = context.state.doc.lineAt(position);
  const broken = context.simulatedBreak;
  if (broken !== null && broken >= row.from && broken <= row.to) return indentAfter(row.text.slice(0, broken - row.from));
  return row.number === 1 ? 0 : indentAfter(context.state.doc.line(row.number - 1).text);
});
