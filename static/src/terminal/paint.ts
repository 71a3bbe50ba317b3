/**
 * Colours for what commands print: a table's header is dim, the words of its status columns have the colour of their phase.
 * Everything else stays as printed. Control characters of a program's output never reach the terminal.
 */
const sgr = { dim: "\x1b[90m", good: "\x1b[32m", starting: "\x1b[34m", waiting: "\x1b[33m", leaving: "\x1b[35m", bad: "\x1b[31m" } as const;
const plainAgain = "\x1b[39m";
type Tone = keyof typeof sgr;

const statusColumns = new Set(["STATUS", "TYPE", "PHASE", "REASON"]);
const tones: readonly (readonly [RegExp, Tone])[] = [
  [/^(Running|Ready|Active|Bound|Available|Completed|Succeeded|Complete)(,|$)/, "good"],
  [/^(ContainerCreating|PodInitializing|Init:\d+\/\d+|Creating)$/, "starting"],
  [/^(Pending|Warning|Released|SchedulingDisabled)$/, "waiting"],
  [/^Terminating$/, "leaving"],
  [/(^|:)(Error|Failed|CrashLoopBackOff|ImagePullBackOff|ErrImagePull|InvalidImageName|OOMKilled|Evicted|NotReady|Unknown|RunContainerError|CreateContainer(Config)?Error|NodeLost|BackOff|FailedScheduling|Unhealthy)/, "bad"],
];

export function paintOutput(text: string): string {
  let columns: readonly Column[] = [];
  return clean(text).split("\n").map((row) => {
    if (row === "") columns = [];
    const header = readHeader(row);
    if (header) {
      columns = header;
      return `${sgr.dim}${row}${plainAgain}`;
    }
    return paintRow(row, columns);
  }).join("\r\n");
}

export const paintError = (text: string): string => clean(text).split("\n").map((row) => (row ? `${sgr.bad}${row}${plainAgain}` : row)).join("\r\n");
export const paintNote = (text: string): string => `${sgr.dim}${clean(text).replaceAll("\n", "\r\n")}${plainAgain}`;

interface Column { readonly name: string; readonly from: number; readonly to: number }

/** kubectl's header: words in capitals, two or more columns, three spaces between them. */
function readHeader(row: string): readonly Column[] | null {
  if (!/^[A-Z][A-Z0-9-]*(\s[A-Z(][A-Z0-9()%-]*)*(\s{2,}[A-Z(][A-Z0-9()% -]*)+\s*$/.test(row)) return null;
  const starts = [...row.matchAll(/\S+(?: \S+)*/g)];
  return starts.map((word, i) => ({ name: word[0], from: word.index, to: starts[i + 1]?.index ?? Infinity }));
}

function paintRow(row: string, columns: readonly Column[]): string {
  let painted = row;
  for (const { name, from, to } of [...columns].reverse()) {
    if (!statusColumns.has(name)) continue;
    const cell = row.slice(from, to).trimEnd();
    const tone = tones.find(([words]) => words.test(cell))?.[1];
    if (tone) painted = `${painted.slice(0, from)}${sgr[tone]}${cell}${plainAgain}${painted.slice(from + cell.length)}`;
  }
  return painted;
}

/** Only line breaks and tabs survive of the control characters: a log line cannot move the cursor or ring the bell. */
function clean(text: string): string {
  return text.replace(/\r\n/g, "\n").replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "");
}
