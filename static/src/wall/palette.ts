/** The tokens a canvas needs, resolved to colours; read anew when the theme changes. */
const tokens = [
  "sky", "sea", "lane", "surface", "line-2", "ink-2", "ink-3", "running-q",
  ...["running", "pending", "creating", "failed", "done", "leaving"].flatMap((phase) => [phase, `${phase}-e`, `${phase}-g`, `${phase}-s`]),
] as const;

export type Palette = Readonly<Record<string, string>>;

/** A custom property with `light-dark()` only resolves through a real property, hence the probe. */
export function readPalette(): Palette {
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const palette: Record<string, string> = {};
  for (const token of tokens) {
    probe.style.color = `var(--${token})`;
    palette[token] = getComputedStyle(probe).color;
  }
  probe.remove();
  return palette;
}
