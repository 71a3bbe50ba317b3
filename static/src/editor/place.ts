/**
 * Where in a YAML document a position is, told from indentation alone, so that it works in text that does not parse yet.
 * Block style only, as manifests are written; inside `{…}` or a block text it finds no place.
 */
import { ITEM, type ObjectKind, type Path } from "./schema";

export interface Place {
  /** The keys above the position, `ITEM` for list elements; for a value, the value's own key is the last one. */
  readonly path: Path;
  readonly role: "key" | "value";
  /** Where the word under the position starts. */
  readonly from: number;
  readonly word: string;
  /** Columns before the key, for lines that are added below it. */
  readonly indent: number;
  /** Keys that the same object already has. */
  readonly siblings: readonly string[];
  readonly kind: Partial<ObjectKind>;
}

interface Row { readonly dashes: readonly number[]; readonly column: number; readonly key: string | null; readonly value: string; readonly blank: boolean }

const separator = /^---(\s|$)/;

export function placeAt(text: string, offset: number): Place | null {
  const start = text.lastIndexOf("\n", offset - 1) + 1;
  const end = text.indexOf("\n", offset) < 0 ? text.length : text.indexOf("\n", offset);
  const { rows, at } = documentAround(text, offset);
  const typed = text.slice(start, offset);
  const here = /^(\s*(?:- +)*)(?:(["']?)([\w.\/$-]*)|([\w.\/-]+|"[^"]*"|'[^']*'):\s+(["']?)([^"'#{}[\]|>]*))$/.exec(typed);
  if (!here || separator.test(typed)) return null;
  const row = readRow(text.slice(start, end));
  const lead = here[1] ?? "";
  const dashes = dashesIn(lead);
  const isValue = here[4] !== undefined;
  const word = (isValue ? here[6] : here[3]) ?? "";
  const above = pathAbove(rows.slice(0, at), lead.length, dashes);
  if (!above) return null;
  return {
    path: isValue ? [...above.path, unquote(here[4] ?? "")] : above.path,
    role: isValue ? "value" : "key",
    from: offset - word.length,
    word,
    indent: lead.length,
    siblings: [...above.siblings, ...keysBelow(rows.slice(at + 1), lead.length)].filter((key) => key !== row.key || isValue),
    kind: kindOf(rows),
  };
}

/** The rows of the document around the position, and which of them it is on. */
function documentAround(text: string, offset: number): { rows: Row[]; at: number } {
  const lines = text.split("\n");
  const current = text.slice(0, offset).split("\n").length - 1;
  let first = current;
  while (first > 0 && !separator.test(lines[first - 1] ?? "")) first -= 1;
  let last = current + 1;
  while (last < lines.length && !separator.test(lines[last] ?? "")) last += 1;
  return { rows: lines.slice(first, last).map(readRow), at: current - first };
}

function readRow(line: string): Row {
  const match = /^(\s*(?:- +)*)(?:([\w.\/$-]+|"[^"]*"|'[^']*'):(?:\s+(.*))?$|(.*)$)/.exec(line);
  const lead = match?.[1] ?? "";
  const rest = match?.[4] ?? "";
  const loneDash = /^-\s*$/.test(rest);
  return {
    dashes: loneDash ? [...dashesIn(lead), lead.length] : dashesIn(lead),
    column: lead.length,
    key: match?.[2] === undefined ? null : unquote(match[2]),
    value: (match?.[3] ?? "").replace(/(^|\s)#.*$/, "").trim(),
    blank: /^\s*(#.*)?$/.test(line),
  };
}

function pathAbove(rows: readonly Row[], column: number, dashes: readonly number[]): { path: string[]; siblings: string[] } | null {
  const path: string[] = [];
  const siblings: string[] = [];
  let limit = column;
  let inList = false;
  const enterItems = (columns: readonly number[]): void => {
    for (const dash of [...columns].reverse()) {
      if (dash >= limit) continue;
      path.unshift(ITEM);
      limit = dash;
      inList = true;
    }
  };
  enterItems(dashes);
  for (const row of [...rows].reverse()) {
    if (row.blank) continue;
    if (row.key === null) {
      enterItems(row.dashes);
      continue;
    }
    const isParent = row.column < limit || (inList && row.column === limit);
    if (isParent && row.value !== "") return /^[|>]/.test(row.value) ? null : { path, siblings };
    if (!isParent && row.column > limit) continue;
    if (isParent) {
      path.unshift(row.key);
      limit = row.column;
      inList = false;
    } else if (row.column === column && path.length === 0) siblings.unshift(row.key);
    enterItems(row.dashes);
  }
  return { path, siblings };
}

function keysBelow(rows: readonly Row[], column: number): string[] {
  const keys: string[] = [];
  for (const row of rows) {
    if (row.blank) continue;
    if (row.column < column || row.dashes.some((dash) => dash < column)) break;
    if (row.column === column && row.key !== null) keys.push(row.key);
  }
  return keys;
}

function kindOf(rows: readonly Row[]): Partial<ObjectKind> {
  const top = (key: string): string | undefined => {
    const value = rows.find((row) => row.column === 0 && row.key === key)?.value;
    return value ? unquote(value) : undefined;
  };
  const apiVersion = top("apiVersion");
  const kind = top("kind");
  return { ...(apiVersion && { apiVersion }), ...(kind && { kind }) };
}

const dashesIn = (lead: string): number[] => [...lead.matchAll(/-/g)].map(({ index }) => index);
const unquote = (text: string): string => text.replace(/^(["'])(.*)\1$/, "$2");
