/**
 * The size of the terminal in its pane. It has the rows and columns that the pane shows, and more columns while a table needs them: those
 * are reached by scrolling the pane sideways. Whoever types sees the place where they type.
 */
import type { Terminal } from "@xterm/xterm";
import { columnsFor } from "./columns";
import { fontFamily } from "./look";

export interface Breadth {
  /** Columns the pane shows at once. */
  room(): number;
  /** Before `text` is printed: as many columns as it needs. */
  makeRoom(text: string): void;
  /** Nothing is shown any more that needs more columns than the pane has. */
  forget(): void;
  /** Somebody types in this column: it is in sight, and so is the prompt when there is room for both. */
  follow(column: number): void;
  /** Keeps the terminal as large as its pane; `onResize` hears of another width. */
  attach(onResize: () => void): () => void;
}

/** In a narrow pane the type gets smaller for this many columns, within limits. */
const wantedColumns = 84;
const fontSizes = { largest: 12.6, smallest: 11 } as const;
const cellPerSize = 0.612;
/** What xterm's element keeps free around its cells (its padding is in terminal.css), and at the right for its scroll bar. */
const edges = { across: 16 + 14, down: 7 + 4 } as const;
const leastColumns = 20;
/** Columns kept between the cursor and the pane's right edge while somebody types. */
const ahead = 6;

export const fontSizeFor = (width: number): number => Math.min(fontSizes.largest, Math.max(fontSizes.smallest, width / (wantedColumns * cellPerSize)));

export function breadthOf(host: HTMLElement, terminal: Terminal): Breadth {
  let [room, wanted] = [terminal.cols, 0];

  const cell = (): { width: number; height: number } => {
    const { width = 0, height = 0 } = host.querySelector(".xterm-screen")?.getBoundingClientRect() ?? {};
    return { width: width / terminal.cols, height: height / terminal.rows };
  };
  const set = (property: string, pixels: number): void => terminal.element?.style.setProperty(property, `${pixels}px`);
  /** The bar for scrolling up and down stays at the edge of the pane, not at that of the terminal. */
  const keepScrollBar = (): void => set("--beyond", host.scrollWidth - host.clientWidth - host.scrollLeft);

  const refit = (): void => {
    const { clientWidth, clientHeight } = host;
    if (!clientWidth || !clientHeight) return;
    terminal.options.fontSize = fontSizeFor(clientWidth);
    const { width, height } = cell();
    room = Math.max(leastColumns, Math.floor((clientWidth - edges.across) / width));
    const beyond = Math.max(0, wanted - room);
    terminal.resize(room + beyond, Math.max(1, Math.floor((clientHeight - edges.down) / height)));
    set("width", clientWidth + beyond * width);
    keepScrollBar();
  };
  const want = (columns: number): void => {
    wanted = columns > room ? columns : 0;
    if (columns !== terminal.cols) refit();
  };

  return {
    room: () => room,
    makeRoom: (text) => want(columnsFor(text, { room, now: terminal.cols })),
    forget: () => want(room),
    follow: (column) => void (host.scrollLeft = Math.max(0, column + ahead - room) * cell().width),
    attach(onResize) {
      const size = terminal.onResize(onResize);
      const observer = new ResizeObserver(refit);
      observer.observe(host);
      host.onscroll = keepScrollBar;
      void useSiteFont(host, terminal).then(refit);
      if (matchMedia("(any-pointer: coarse)").matches) void import("./touch").then(({ scrollByTouch }) => scrollByTouch(host, terminal));
      return () => {
        size.dispose();
        observer.disconnect();
      };
    },
  };
}

/** xterm measures a cell once for a family, so the site's own face is named only when it is there to be measured. */
async function useSiteFont(host: HTMLElement, terminal: Terminal): Promise<void> {
  const family = fontFamily(host);
  await document.fonts.load(`${terminal.options.fontSize}px ${family}`).catch(() => []);
  terminal.options.fontFamily = family;
}
