/**
 * The tokens as colours a canvas understands.
 *
 * Promise: resolved through a real property of a probe element, because the custom property itself still says `light-dark(…)`. Read
 * again after `drydock:theme`.
 */
const NAMES = [
  "sea", "sea-2", "surface", "sunken", "line", "line-2", "ink", "ink-2", "ink-3", "graticule",
  "running", "running-q", "running-e", "running-g", "running-s", "pending", "pending-e", "pending-g", "pending-s", "creating", "creating-e", "creating-g", "creating-s",
  "failed", "failed-e", "failed-g", "failed-s", "done", "done-e", "done-g", "done-s", "leaving", "leaving-e", "leaving-g", "leaving-s", "ns1-m", "ns2-m", "ns3-m",
] as const;

export type ColourName = (typeof NAMES)[number];
export type Colours = Readonly<Record<ColourName, string>>;

export function readColours(within: HTMLElement): Colours {
  const probe = document.createElement("i");
  within.append(probe);
  const style = getComputedStyle(probe);
  const colours = Object.fromEntries(NAMES.map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, style.color];
  })) as Record<ColourName, string>;
  probe.remove();
  return colours;
}
