/**
 * Where a command ends, as a shell sees it: quotes, `\` at the end of a row, heredocs, and a trailing `|`, `&&` or `||` ask for more.
 * Only finds the ends; what a command means is the workstation's business.
 */
export interface Split {
  /** Whole commands, in order, without blank ones. */
  readonly commands: readonly string[];
  /** The part at the end which still asks for more rows; empty when there is none. */
  readonly open: string;
}

export function splitCommands(text: string): Split {
  const rows = text.split("\n");
  const commands: string[] = [];
  let current: string[] = [];
  for (const row of rows) {
    if (current.length === 0 && row.trim() === "") continue;
    current.push(row);
    if (asksForMore(current.join("\n"))) continue;
    commands.push(current.join("\n"));
    current = [];
  }
  return { commands, open: current.join("\n") };
}

export function asksForMore(text: string): boolean {
  const scan = { quote: "", heredocs: [] as Heredoc[], last: "" };
  const rows = text.split("\n");
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at] ?? "";
    scanRow(row, scan);
    if (scan.quote || scan.last === "\\") continue;
    for (const heredoc of scan.heredocs.splice(0)) {
      const end = rows.findIndex((body, i) => i > at && closes(body, heredoc));
      if (end < 0) return true;
      at = end;
    }
  }
  return scan.quote !== "" || scan.last === "\\" || scan.last === "|" || scan.last === "&&";
}

interface Heredoc { readonly word: string; readonly indented: boolean }
interface Scan { quote: string; heredocs: Heredoc[]; last: string }

const closes = (row: string, { word, indented }: Heredoc): boolean => (indented ? row.replace(/^\t+/, "") : row) === word;
const heredocStart = /^<<(-?)\s*(?:'([^'\n]+)'|"([^"\n]+)"|\\?([^\s'"|&;<>()]+))/;

function scanRow(row: string, scan: Scan): void {
  scan.last = "";
  for (let at = 0; at < row.length; ) at += scanAt(row, at, scan);
}

/** Looks at what starts at `at`, and says how many characters it is. */
function scanAt(row: string, at: number, scan: Scan): number {
  const char = row[at] ?? "";
  if (scan.quote) return scanQuoted(row, at, scan);
  if (char === "\\") {
    scan.last = at + 1 === row.length ? "\\" : "word";
    return 2;
  }
  if (char === "'" || char === '"') {
    scan.quote = char;
    return 1;
  }
  if (char === "#" && (at === 0 || /[\s;|&]/.test(row[at - 1] ?? ""))) return row.length - at;
  if (row.startsWith("<<<", at)) return 3;
  const heredoc = heredocStart.exec(row.slice(at));
  if (heredoc) {
    scan.heredocs.push({ word: heredoc[2] ?? heredoc[3] ?? heredoc[4] ?? "", indented: heredoc[1] === "-" });
    scan.last = "word";
    return heredoc[0].length;
  }
  if (row.startsWith("&&", at)) {
    scan.last = "&&";
    return 2;
  }
  if (char.trim()) scan.last = char === "|" ? "|" : "word";
  return 1;
}

function scanQuoted(row: string, at: number, scan: Scan): number {
  const char = row[at];
  if (scan.quote === '"' && char === "\\") return 2;
  if (char === scan.quote) {
    scan.quote = "";
    scan.last = "word";
  }
  return 1;
}
