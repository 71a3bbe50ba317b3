/**
 * A finger on the terminal scrolls through what was printed. xterm takes only wheels and mice; sideways the browser scrolls by itself.
 * Loaded where there is a touch screen.
 */
import type { Terminal } from "@xterm/xterm";

/** Follows a finger on `host` as long as that is in the page. */
export function scrollByTouch(host: HTMLElement, terminal: Terminal): void {
  let from = 0;
  host.addEventListener("touchstart", ({ touches }) => void (from = touches[0]!.clientY), { passive: true });
  host.addEventListener("touchmove", ({ touches }) => {
    if (touches.length !== 1) return;
    const height = host.clientHeight / terminal.rows;
    const rows = Math.trunc((from - touches[0]!.clientY) / height);
    terminal.scrollLines(rows);
    from -= rows * height;
  }, { passive: true });
}
