/** Moving over the cards with the keyboard: which card an arrow leads to, in rows of `columns`. */
export function step(key: string, at: number, count: number, columns: number): number | null {
  const row = Math.max(1, columns);
  const moves: Record<string, number> = { ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - row, ArrowDown: at + row, Home: 0, End: count - 1, PageUp: Math.max(at % row, at - 3 * row), PageDown: Math.min(count - 1, at + 3 * row) };
  const to = moves[key];
  return to === undefined || to < 0 || to >= count ? null : to;
}
