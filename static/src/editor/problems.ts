/** What is wrong with a text, wherever it was noticed: the parser, the schema, or the cluster. */
export interface Problem {
  readonly from: number;
  readonly to: number;
  readonly message: string;
  /** A few words for the end of the row. */
  readonly brief: string;
  readonly severity: "error" | "warning";
  /** What would be right instead of the marked text, when that is known. */
  readonly fix?: string;
}

/** As the cluster reports them (`Problem` of the commands): line and column count from 1. */
export interface ReportedProblem {
  readonly line: number | null;
  readonly column?: number | null;
  readonly path?: string;
  readonly message: string;
  readonly severity?: string;
}

export function fromReport(text: string, { line, column, path, message, severity }: ReportedProblem): Problem {
  const rows = text.split("\n");
  const row = Math.max(0, Math.min((line ?? 1) - 1, rows.length - 1));
  const start = rows.slice(0, row).reduce((sum, passed) => sum + passed.length + 1, 0);
  const content = rows[row] ?? "";
  const indent = /^[\s-]*/.exec(content)?.[0].length ?? 0;
  const from = start + Math.min(column ? column - 1 : indent, content.length);
  const words = path && !message.includes(path) ? `${path}: ${message}` : message;
  return { from, to: start + content.length, message: words, brief: "", severity: severity === "warning" ? "warning" : "error" };
}

export function rowOf(text: string, offset: number): number {
  let row = 1;
  for (let i = text.indexOf("\n"); i >= 0 && i < offset; i = text.indexOf("\n", i + 1)) row += 1;
  return row;
}
