/**
 * What Tab does with the options the workstation offers: fill in what is certain, and list what is left to choose.
 */
import { replace, type Line } from "./line";

export interface Option { readonly text: string; readonly note?: string }
export interface Offer { readonly from: number; readonly options: readonly Option[] }
export interface Completed { readonly line: Line; readonly list: readonly Option[] }

export function complete(line: Line, offer: Offer): Completed {
  const { options, from } = offer;
  const only = options.length === 1 ? options[0] : undefined;
  if (only) return { line: replace(line, from, line.cursor, withoutDouble(line, only.text)), list: [] };
  const typed = line.text.slice(from, line.cursor);
  const shared = sharedStart(options.map(({ text }) => text));
  const longer = shared.length > typed.length && shared.startsWith(typed);
  return { line: longer ? replace(line, from, line.cursor, shared) : line, list: options };
}

/** An option that ends its word brings the space behind it; where one stands already it is not doubled. */
const withoutDouble = (line: Line, text: string): string => (line.text[line.cursor] === " " ? text.trimEnd() : text);

export function sharedStart(texts: readonly string[]): string {
  const [first = "", ...others] = texts;
  let length = first.length;
  for (const text of others) while (!text.startsWith(first.slice(0, length))) length -= 1;
  return first.slice(0, length);
}

/** Options below each other in as many columns as fit; one a row with its note when they have notes. */
export function listing(options: readonly Option[], width: number, most = 120): string {
  const shown = options.slice(0, most).map(({ text, note }) => ({ text: text.trimEnd(), note }));
  const more = options.length > shown.length ? [`… and ${options.length - shown.length} more`] : [];
  const widest = Math.max(...shown.map(({ text }) => text.length));
  if (shown.length <= 16 && shown.some(({ note }) => note)) {
    return [...shown.map(({ text, note }) => `${text.padEnd(widest + 2)}${note ?? ""}`.slice(0, width).trimEnd()), ...more].join("\r\n");
  }
  const columns = Math.max(1, Math.floor(width / (widest + 2)));
  const rows = Math.ceil(shown.length / columns);
  const text = Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column) => shown[column * rows + row]?.text ?? "").map((word) => word.padEnd(widest + 2)).join("").trimEnd(),
  );
  return [...text, ...more].join("\r\n");
}
