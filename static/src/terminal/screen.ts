/**
 * Drawing the line being typed on a terminal: which characters to send so that the picture changes from one line to the next.
 * Pure: text in, control sequences out. A row of the text that is longer than the terminal wraps.
 */
import type { Line } from "./line";

export interface Prompts { readonly first: string; readonly next: string }
/** Where the cursor stands after drawing, in rows below the first prompt. */
export interface Drawn { readonly row: number }
/** `column` is where the cursor stands in its row. */
export interface Draw { readonly output: string; readonly drawn: Drawn; readonly column: number }

export const nothingDrawn: Drawn = { row: 0 };
const escapes = /\x1b\[[0-9;]*m/g;

export function draw(line: Line, prompts: Prompts, columns: number, before: Drawn): Draw {
  const up = before.row > 0 ? `\x1b[${before.row}A` : "";
  const rows = line.text.split("\n");
  const body = rows.map((row, i) => `${promptOf(prompts, i)}${row}${fillsRow(prompts, row, i, columns) ? " \b" : ""}`).join("\r\n");
  const end = place(rows, rows.length - 1, rows.at(-1)?.length ?? 0, prompts, columns);
  const cursor = cursorPlace(line, prompts, columns);
  const back = end.row > cursor.row ? `\x1b[${end.row - cursor.row}A` : "";
  const across = cursor.column > 0 ? `\x1b[${cursor.column}C` : "";
  return { output: `\r${up}\x1b[J${body}${back}\r${across}`, drawn: { row: cursor.row }, column: cursor.column };
}

/** Takes away what was drawn, so that output may go in its place. */
export function erase(drawn: Drawn): string {
  return `\r${drawn.row > 0 ? `\x1b[${drawn.row}A` : ""}\x1b[J`;
}

/** Moves from the cursor to below the last row, where output may go. */
export function leave(line: Line, prompts: Prompts, columns: number, drawn: Drawn): string {
  const rows = line.text.split("\n");
  const end = place(rows, rows.length - 1, rows.at(-1)?.length ?? 0, prompts, columns);
  const down = end.row - drawn.row;
  return `${down > 0 ? `\x1b[${down}B` : ""}\r\n`;
}

function cursorPlace(line: Line, prompts: Prompts, columns: number): { row: number; column: number } {
  const above = line.text.slice(0, line.cursor).split("\n");
  const rows = line.text.split("\n");
  return place(rows, above.length - 1, above.at(-1)?.length ?? 0, prompts, columns);
}

/** The terminal row and column of an offset in one of the rows. */
function place(rows: readonly string[], index: number, offset: number, prompts: Prompts, columns: number): { row: number; column: number } {
  let row = 0;
  for (let i = 0; i < index; i += 1) row += Math.floor(Math.max(0, width(promptOf(prompts, i) + rows[i])) / columns) + 1;
  const across = width(promptOf(prompts, index) + (rows[index] ?? "").slice(0, offset));
  return { row: row + Math.floor(across / columns), column: across % columns };
}

/** A row that ends exactly at the edge leaves the cursor waiting there; a space moves it on. */
const fillsRow = (prompts: Prompts, row: string, i: number, columns: number): boolean => {
  const across = width(promptOf(prompts, i) + row);
  return across > 0 && across % columns === 0;
};

const promptOf = (prompts: Prompts, row: number): string => (row === 0 ? prompts.first : prompts.next);

/** Columns a text takes: East Asian wide characters and emoji take two, combining marks none. */
export function width(text: string): number {
  let columns = 0;
  for (const char of text.replace(escapes, "")) columns += /\p{Mn}/u.test(char) ? 0 : isWide(char) ? 2 : 1;
  return columns;
}

const isWide = (char: string): boolean => /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}]/u.test(char);
