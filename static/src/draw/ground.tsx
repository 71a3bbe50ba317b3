/**
 * What everything stands on: sky, water, the line between them, and the marks that other drawings refer to by name.
 *
 * Promise: reaches far beyond the chart, so that panning never shows an edge.
 */
import { still } from "./still";

export function Definitions() {
  const arrow = (id: string, colour: string, size: number) => (
    <marker id={id} viewBox="0 0 8 8" refX="6.5" refY="4" markerWidth={size} markerHeight={size} orient="auto"><path d="M1 1l6 3-6 3z" style={`fill:var(--${colour})`} /></marker>
  );
  return (
    <defs>
      <pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="2" height="7" style="fill:var(--ink-3)" opacity=".22" /></pattern>
      <pattern id="graticule" width="40" height="40" patternUnits="userSpaceOnUse"><path d="M40 0H0V40" fill="none" style="stroke:var(--graticule)" /></pattern>
      {arrow("arrow-control", "brand", 6)}
      {arrow("arrow-traffic", "lane", 5.5)}
    </defs>
  );
}

/** How far ground and water reach beyond the chart, so that panning never shows an edge. */
const FAR = 3000;

function waves(y: number, height: number): string {
  return `M${-FAR} ${y}${`q8.5 ${-height} 17 0t17 0`.repeat(Math.ceil((2 * FAR) / 34))}`;
}

export const Ground = still(({ waterline }: { waterline: number }) => (
  <g>
    <rect x={-FAR} y={-FAR} width={2 * FAR} height={2 * FAR} style="fill:var(--sky)" />
    <path d={`${waves(waterline, 4.5)}V${FAR}H${-FAR}Z`} style="fill:var(--sea)" />
    <path d={`${waves(waterline + 7, -4)}V${FAR}H${-FAR}Z`} style="fill:var(--sea-2)" opacity=".55" />
    <rect x={-FAR} y={-FAR} width={2 * FAR} height={2 * FAR} fill="url(#graticule)" />
    <path class="shoreline" d={waves(waterline, 4.5)} />
  </g>
));
