/**
 * The line being typed, as a value: text (possibly several lines, for heredocs and `\` continuation) and a cursor.
 * Pure: every edit takes a line and returns the next one. Knows nothing of keys or of the screen.
 */
export interface Line {
  readonly text: string;
  /** Offset in `text`, in UTF-16 units, never inside a surrogate pair. */
  readonly cursor: number;
  /** What Ctrl-K, Ctrl-U and Ctrl-W cut last; Ctrl-Y puts it back. */
  readonly cut: string;
}

export const emptyLine: Line = { text: "", cursor: 0, cut: "" };

export const lineOf = (text: string, cut = ""): Line => ({ text, cursor: text.length, cut });

export function insert(line: Line, added: string): Line {
  const { text, cursor } = line;
  return { ...line, text: text.slice(0, cursor) + added + text.slice(cursor), cursor: cursor + added.length };
}

export function replace(line: Line, from: number, to: number, added: string): Line {
  return { ...line, text: line.text.slice(0, from) + added + line.text.slice(to), cursor: from + added.length };
}

export const moveTo = (line: Line, cursor: number): Line => ({ ...line, cursor: Math.max(0, Math.min(cursor, line.text.length)) });
export const left = (line: Line): Line => moveTo(line, before(line.text, line.cursor));
export const right = (line: Line): Line => moveTo(line, after(line.text, line.cursor));
export const home = (line: Line): Line => moveTo(line, rowStart(line));
export const end = (line: Line): Line => moveTo(line, rowEnd(line));
export const wordLeft = (line: Line): Line => moveTo(line, wordStart(line.text, line.cursor));
export const wordRight = (line: Line): Line => moveTo(line, wordEnd(line.text, line.cursor));

export const backspace = (line: Line): Line => drop(line, before(line.text, line.cursor), line.cursor);
export const del = (line: Line): Line => drop(line, line.cursor, after(line.text, line.cursor));

export const cutToEnd = (line: Line): Line => take(line, line.cursor, rowEnd(line));
export const cutToStart = (line: Line): Line => take(line, rowStart(line), line.cursor);
export const cutWordLeft = (line: Line): Line => take(line, spaceWordStart(line.text, line.cursor), line.cursor);
export const cutWordRight = (line: Line): Line => take(line, line.cursor, wordEnd(line.text, line.cursor));
export const paste = (line: Line): Line => insert(line, line.cut);

export const onFirstRow = (line: Line): boolean => rowStart(line) === 0;
export const onLastRow = (line: Line): boolean => rowEnd(line) === line.text.length;

/** One row up (-1) or down (1) within a text of several rows, keeping the column where the row is long enough. */
export function moveRow(line: Line, direction: -1 | 1): Line {
  const column = line.cursor - rowStart(line);
  const start = direction < 0 ? rowStart(moveTo(line, rowStart(line) - 1)) : rowEnd(line) + 1;
  const length = rowEnd(moveTo(line, start)) - start;
  return moveTo(line, start + Math.min(column, length));
}

function drop(line: Line, from: number, to: number): Line {
  return { ...line, text: line.text.slice(0, from) + line.text.slice(to), cursor: from };
}

function take(line: Line, from: number, to: number): Line {
  return from === to ? line : { ...drop(line, from, to), cut: line.text.slice(from, to) };
}

const rowStart = ({ text, cursor }: Line): number => (cursor === 0 ? 0 : text.lastIndexOf("\n", cursor - 1) + 1);

function rowEnd({ text, cursor }: Line): number {
  const found = text.indexOf("\n", cursor);
  return found < 0 ? text.length : found;
}

const before = (text: string, at: number): number => Math.max(0, at - (/[\uDC00-\uDFFF]/.test(text[at - 1] ?? "") ? 2 : 1));
const after = (text: string, at: number): number => at + (/[\uD800-\uDBFF]/.test(text[at] ?? "") ? 2 : 1);
const wordStart = (text: string, at: number): number => text.slice(0, at).search(/[\p{L}\p{N}]*[^\p{L}\p{N}]*$/u);
const wordEnd = (text: string, at: number): number => at + (/^[^\p{L}\p{N}]*[\p{L}\p{N}]*/u.exec(text.slice(at))?.[0].length ?? 0);
const spaceWordStart = (text: string, at: number): number => text.slice(0, at).search(/\S*\s*$/);
