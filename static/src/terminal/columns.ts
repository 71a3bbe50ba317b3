/**
 * How many columns a terminal should have for what is printed on it: a table keeps its rows whole, prose is broken at the pane's edge.
 * Pure. Of two tables the wider one counts, until prose needs the pane's own width again.
 */
import { width } from "./screen";

/** Nobody reads a row that is longer; what is beyond goes on in the next one. */
const mostColumns = 240;

export interface Columns { readonly room: number; readonly now: number }

/** Columns for a terminal of `now` columns in a pane that shows `room` of them, when `text` is printed. */
export function columnsFor(text: string, { room, now }: Columns): number {
  const wide = text.split(/\r?\n/).filter((line) => width(line) > room);
  if (wide.length === 0) return Math.max(room, now);
  const rows = wide.filter(isTableRow);
  return rows.length === 0 ? room : Math.min(mostColumns, Math.max(now, ...rows.map(width)));
}

/** kubectl puts three spaces or more between the columns of its tables. */
const isTableRow = (line: string): boolean => (line.match(/\S {3,}(?=\S)/g)?.length ?? 0) >= 2;
