/**
 * The commands typed before: walking with up and down, and searching backwards (Ctrl-R).
 * Pure values; where they are kept between visits is the caller's business.
 */
export interface History {
  readonly entries: readonly string[];
  /** Which entry is shown; `entries.length` is the line being typed. */
  readonly at: number;
  /** The line being typed, kept while older ones are shown. */
  readonly draft: string;
}

const most = 500;

export const historyOf = (entries: readonly string[]): History => ({ entries, at: entries.length, draft: "" });

/** Adds a command at the end; blank ones, and a repeat of the last, are not kept. */
export function remember(history: History, command: string): History {
  const { entries } = history;
  const keep = command.trim() !== "" && entries.at(-1) !== command;
  return historyOf(keep ? [...entries, command].slice(-most) : entries);
}

/** The entry `step` away, and the history that remembers where we are; null at either end. */
export function walk(history: History, step: -1 | 1, typed: string): [History, string] | null {
  const at = history.at + step;
  if (at < 0 || at > history.entries.length) return null;
  const draft = history.at === history.entries.length ? typed : history.draft;
  return [{ ...history, at, draft }, history.entries[at] ?? draft];
}

/** The newest entry before `below` which contains the words; null when there is none. */
export function search(history: History, words: string, below = history.entries.length): { at: number; text: string } | null {
  for (let at = Math.min(below, history.entries.length) - 1; at >= 0; at -= 1) {
    const text = history.entries[at] ?? "";
    if (text.includes(words)) return { at, text };
  }
  return null;
}
