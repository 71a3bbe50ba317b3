/** The figure of a step: what a controller wants beside what there is, drawn from the live state. */
import type { JSX } from "preact";
import type { ClusterState } from "../protocol/store";
import type { Phase } from "../protocol/shapes";
import { countsOf, difference, type Counts } from "./counts";
import type { Figure } from "./types";

const tokens: Record<Phase, string> = { Running: "running", Pending: "pending", Creating: "creating", Failing: "failed", Succeeded: "done", Terminating: "leaving", Unknown: "unknown" };
const most = 12;
const tile = { width: 32, height: 21, step: 38, left: 62 } as const;

export function WantedReady({ figure, state }: { figure: Figure; state: ClusterState }): JSX.Element | null {
  const counts = countsOf(figure, state);
  if (!counts) return null;
  const columns = Math.max(5, Math.min(most, Math.max(counts.wanted, counts.phases.length)));
  return (
    <figure>
      <svg viewBox={`0 0 ${tile.left + columns * tile.step + 24} 78`} role="img" aria-label={spoken(counts)}>
        <Row y={2} label="Wanted">{tiles(counts.wanted, (x) => <rect x={x} y={2} width={tile.width} height={tile.height} rx="3.5" class="wanted" />)}</Row>
        <Row y={36} label="Ready">{counts.phases.slice(0, most).map((phase, i) => <Pod key={i} x={tile.left + i * tile.step} y={36} phase={phase} />)}</Row>
        <More count={Math.max(counts.wanted, counts.phases.length)} />
        <Gap counts={counts} />
      </svg>
      <figcaption dangerouslySetInnerHTML={{ __html: figure.caption }} />
    </figure>
  );
}

function Row({ y, label, children }: { y: number; label: string; children: JSX.Element | JSX.Element[] }): JSX.Element {
  return <g><text x="0" y={y + 15} class="row-label">{label}</text>{children}</g>;
}

const tiles = (count: number, draw: (x: number) => JSX.Element): JSX.Element[] =>
  Array.from({ length: Math.min(count, most) }, (_, i) => <g key={i}>{draw(tile.left + i * tile.step)}</g>);

function Pod({ x, y, phase }: { x: number; y: number; phase: Phase }): JSX.Element {
  return (
    <g transform={`translate(${x},${y})`} class={`pod ${tokens[phase]}`}>
      <rect width={tile.width} height={tile.height} rx="3.5" />
      <g transform="translate(9,3.5)">{glyphs[phase]}</g>
    </g>
  );
}

/** One shape a phase, in a box of 14: colour is never the only cue. */
const glyphs: Record<Phase, JSX.Element> = {
  Running: <circle cx="7" cy="7" r="4.1" class="solid" />,
  Pending: <g class="solid"><circle cx="2.6" cy="7" r="1.6" /><circle cx="7" cy="7" r="1.6" /><circle cx="11.4" cy="7" r="1.6" /></g>,
  Creating: <path d="M7 2.4a4.6 4.6 0 1 1-4.6 4.6" />,
  Failing: <path d="m3.4 3.4 7.2 7.2m0-7.2-7.2 7.2" />,
  Succeeded: <path d="m2.8 7.4 3 3 5.4-6.6" />,
  Terminating: <path d="M7 2.6v7.2M3.6 6.9 7 10.4l3.4-3.5" />,
  Unknown: <path d="M4.6 5.1a2.5 2.5 0 1 1 3.4 2.3c-.7.3-1 .7-1 1.5m0 2.3v.2" />,
};

function Gap({ counts }: { counts: Counts }): JSX.Element {
  const missing = counts.phases.findIndex((phase) => phase !== "Running" && phase !== "Succeeded");
  const at = missing >= 0 ? missing : counts.phases.length < counts.wanted ? counts.phases.length : -1;
  const x = tile.left + at * tile.step + tile.width / 2;
  return (
    <g>
      {at >= 0 && at < most && <path d={`M${x} 25v6m-3-3 3 4 3-4`} class="arrow" />}
      <text x={tile.left} y="75" class={at >= 0 ? "gap" : "no-gap"}>{difference(counts)}</text>
    </g>
  );
}

const More = ({ count }: { count: number }): JSX.Element | null =>
  count > most ? <text x={tile.left + most * tile.step} y="17" class="row-label">+{count - most}</text> : null;

function spoken({ wanted, phases, ready }: Counts): string {
  const coming = phases.filter((phase) => phase === "Creating" || phase === "Pending").length;
  return `Wanted: ${wanted} pods. Ready: ${ready}.${coming > 0 ? ` ${coming} on the way.` : ""}`;
}
