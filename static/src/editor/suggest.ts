/** "Did you mean …": the nearest of the allowed words, when one is near enough to be meant. */

export function nearest(word: string, allowed: readonly string[]): string | null {
  const most = Math.max(1, Math.floor(word.length / 3));
  let best: string | null = null;
  let bestCost = most + 1;
  for (const candidate of allowed) {
    if (Math.abs(candidate.length - word.length) > most) continue;
    const cost = candidate.toLowerCase() === word.toLowerCase() ? 0 : distance(word, candidate);
    if (cost < bestCost) [best, bestCost] = [candidate, cost];
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours between two words. */
export function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const cost = (i: number, j: number): number => rows[i]?.[j] ?? Infinity;
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(Math.min(cost(i - 1, j) + 1, cost(i, j - 1) + 1, cost(i - 1, j - 1) + same, swapped ? cost(i - 2, j - 2) + 1 : Infinity));
    }
  }
  return cost(a.length, b.length);
}
