/** A unified diff, row by row, for showing: what is added, taken away, kept, and which headings to leave out. */
export interface DiffRow { readonly sign: "+" | "-" | " " | "@"; readonly text: string }

export function diffRows(diff: string): DiffRow[] {
  return diff.split("\n").flatMap<DiffRow>((row) => {
    if (/^(diff |index |--- |\+\+\+ )/.test(row)) return row.startsWith("+++ ") ? [{ sign: "@", text: fileName(row.slice(4)) }] : [];
    if (row.startsWith("@@")) return [{ sign: "@", text: row }];
    const sign = row[0];
    return sign === "+" || sign === "-" || sign === " " ? [{ sign, text: row.slice(1) }] : [];
  });
}

/** The last part of a path, without the time a diff prints behind it. */
const fileName = (heading: string): string => (heading.split("\t")[0] ?? "").split("/").at(-1) ?? "";

export function diffSummary(rows: readonly DiffRow[]): string {
  const count = (sign: string): number => rows.filter((row) => row.sign === sign).length;
  const [added, removed] = [count("+"), count("-")];
  return added + removed === 0 ? "No difference: the cluster already has this." : `${added} ${added === 1 ? "row" : "rows"} added, ${removed} taken away`;
}
