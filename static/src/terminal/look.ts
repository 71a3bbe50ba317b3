/** The terminal's colours and type, resolved from the site's tokens, so that both follow the theme. */
import type { ITheme } from "@xterm/xterm";

const palette = {
  background: "--term", foreground: "--term-ink", cursor: "--term-prompt", cursorAccent: "--term",
  brightBlack: "--term-dim", red: "--term-failed", green: "--term-running", yellow: "--term-pending",
  blue: "--term-creating", magenta: "--term-leaving", brightYellow: "--term-prompt", white: "--term-ink", brightWhite: "--term-ink",
} as const;

/** A custom property with `light-dark()` only resolves through a real property, hence the probe. */
export function resolveTheme(host: HTMLElement): ITheme {
  const probe = document.createElement("span");
  host.append(probe);
  const theme: Record<string, string> = {};
  for (const [name, token] of Object.entries(palette)) {
    probe.style.color = `var(${token})`;
    theme[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return { ...theme, selectionBackground: "rgba(98, 185, 243, 0.35)" };
}

export const fontFamily = (host: HTMLElement): string => getComputedStyle(host).getPropertyValue("--mono");
