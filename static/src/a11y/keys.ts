/**
 * The keyboard between panes: F6 and Shift+F6 go round, single keys work while the stage or the timeline has focus.
 *
 * Promise: F6 works from everywhere, also from inside the terminal and the editor (it listens before them). Single keys can be turned
 * off, and never act while something that takes text has focus.
 */
export interface Pane {
  name: string;
  element: HTMLElement;
  focus(): void;
}

export interface KeyOptions {
  panes(): Pane[];
  say(sentence: string): void;
  /** Where single keys act. */
  singleKeysIn(target: Element): boolean;
  singleKeys(): boolean;
  onKey(key: string): boolean;
}

export function installKeys(root: Document, options: KeyOptions): () => void {
  const cycle = (event: KeyboardEvent) => {
    if (event.key !== "F6" || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const panes = options.panes();
    const next = nextPane(panes, root.activeElement, event.shiftKey ? -1 : 1);
    if (!next) return;
    next.focus();
    options.say(next.name);
  };
  const single = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || !options.singleKeys()) return;
    const target = event.target as Element | null;
    if (!target || takesText(target) || !options.singleKeysIn(target)) return;
    if (options.onKey(event.key)) event.preventDefault();
  };
  root.addEventListener("keydown", cycle, true);
  root.addEventListener("keydown", single);
  return () => {
    root.removeEventListener("keydown", cycle, true);
    root.removeEventListener("keydown", single);
  };
}

export function nextPane(panes: readonly Pane[], active: Element | null, step: 1 | -1): Pane | null {
  const at = panes.findIndex(({ element }) => active !== null && element.contains(active));
  if (panes.length === 0) return null;
  const from = at < 0 ? (step === 1 ? -1 : 0) : at;
  return panes[(from + step + panes.length) % panes.length] ?? null;
}

function takesText(element: Element): boolean {
  return element.matches("input, textarea, select, [contenteditable=''], [contenteditable='true']");
}
