/** Rows of a terminal's buffer, and the lines of text they make: what is too long for a row goes on in the next one. */
export interface Row { readonly text: string; readonly isWrapped: boolean }

/** The text as it was printed: a line that is broken over rows is one line again. */
export function linesOf(rows: readonly Row[]): string {
  const lines: string[] = [];
  for (const { text, isWrapped } of rows) {
    if (isWrapped && lines.length > 0) lines.push(lines.pop() + text);
    else lines.push(text);
  }
  return lines.map((line) => line.trimEnd()).join("\n").trimEnd();
}

export interface Spread { readonly first: number; readonly text: string }

/** The whole line that row `y` belongs to, and the row it begins in. */
export function lineAround(rowAt: (y: number) => Row | undefined, y: number): Spread {
  let first = y;
  while (rowAt(first)?.isWrapped) first -= 1;
  let text = rowAt(first)?.text ?? "";
  for (let next = first + 1; rowAt(next)?.isWrapped; next += 1) text += rowAt(next)?.text ?? "";
  return { first, text };
}
