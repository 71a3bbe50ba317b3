/**
 * What a terminal sends for a key, as names. Pasted text (bracketed, or a chunk of plain characters) arrives as one `text`.
 */
export type Key =
  | { readonly name: "text"; readonly text: string }
  | { readonly name: KeyName };

export type KeyName =
  | "enter" | "tab" | "backspace" | "delete" | "escape"
  | "left" | "right" | "up" | "down" | "home" | "end" | "word-left" | "word-right"
  | "interrupt" | "suspend" | "end-of-input" | "clear" | "search" | "cut-to-end" | "cut-to-start" | "cut-word-left" | "cut-word-right" | "yank";

const sequences: readonly (readonly [string, KeyName])[] = [
  ["\x1b[1;5D", "word-left"], ["\x1b[1;5C", "word-right"], ["\x1b[1;3D", "word-left"], ["\x1b[1;3C", "word-right"],
  ["\x1b[3~", "delete"], ["\x1b[1~", "home"], ["\x1b[4~", "end"], ["\x1b[H", "home"], ["\x1b[F", "end"], ["\x1bOH", "home"], ["\x1bOF", "end"],
  ["\x1b[A", "up"], ["\x1b[B", "down"], ["\x1b[C", "right"], ["\x1b[D", "left"],
  ["\x1bOA", "up"], ["\x1bOB", "down"], ["\x1bOC", "right"], ["\x1bOD", "left"],
  ["\x1bb", "word-left"], ["\x1bf", "word-right"], ["\x1bd", "cut-word-right"], ["\x1b\x7f", "cut-word-left"],
  ["\r", "enter"], ["\n", "enter"], ["\t", "tab"], ["\x7f", "backspace"], ["\b", "backspace"],
  ["\x01", "home"], ["\x02", "left"], ["\x03", "interrupt"], ["\x04", "end-of-input"], ["\x05", "end"], ["\x06", "right"], ["\x07", "escape"],
  ["\x0b", "cut-to-end"], ["\x0c", "clear"], ["\x0e", "down"], ["\x10", "up"], ["\x12", "search"], ["\x15", "cut-to-start"],
  ["\x17", "cut-word-left"], ["\x19", "yank"], ["\x1a", "suspend"],
];

const pasteStart = "\x1b[200~";
const pasteEnd = "\x1b[201~";

export function readKeys(data: string): Key[] {
  const keys: Key[] = [];
  let rest = data;
  while (rest) {
    const [key, used] = nextKey(rest);
    if (key) keys.push(key);
    rest = rest.slice(used);
  }
  return keys;
}

function nextKey(data: string): [Key | null, number] {
  if (data.startsWith(pasteStart)) return pasted(data);
  const known = sequences.find(([sequence]) => data.startsWith(sequence));
  if (known) return [{ name: known[1] }, known[0].length];
  if (data === "\x1b") return [{ name: "escape" }, 1];
  const unknown = /^\x1b(?:[[O][0-9;?]*[ -/]*[@-~])?|^[\x00-\x1f]/.exec(data);
  if (unknown) return [null, unknown[0].length];
  const text = /^[^\x00-\x1f\x7f]+/.exec(data)?.[0] ?? "";
  return [{ name: "text", text }, text.length];
}

function pasted(data: string): [Key, number] {
  const end = data.indexOf(pasteEnd);
  const body = data.slice(pasteStart.length, end < 0 ? undefined : end);
  return [{ name: "text", text: plain(body) }, end < 0 ? data.length : end + pasteEnd.length];
}

/** Pasted text keeps its line breaks and tabs (as spaces); other control characters are dropped. */
function plain(text: string): string {
  return text.replace(/\r\n?/g, "\n").replace(/\t/g, "  ").replace(/[\x00-\x09\x0b-\x1f\x7f]/g, "");
}
