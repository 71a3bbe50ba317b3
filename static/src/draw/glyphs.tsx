/**
 * The signs of the chart: one shape per pod phase, one line drawing per kind.
 *
 * Promise: colour is never the only cue. Phase signs are drawn in a 14 x 14 box, kinds in 16 x 16; both take their colour from the
 * caller. `PHASES` names the token family, the edge and the words of each phase, for every drawing and legend.
 */
import type { ComponentChild } from "preact";
import type { Phase } from "../protocol/shapes";
import { still } from "./still";

export interface PhaseLook {
  token: string;
  dashed: boolean;
  words: string;
}

export const PHASES: Record<Phase, PhaseLook> = {
  Running: { token: "running", dashed: false, words: "Running" },
  Pending: { token: "pending", dashed: true, words: "Pending" },
  Creating: { token: "creating", dashed: false, words: "Creating" },
  Failing: { token: "failed", dashed: false, words: "Failing" },
  Succeeded: { token: "done", dashed: false, words: "Succeeded" },
  Terminating: { token: "leaving", dashed: true, words: "Terminating" },
  Unknown: { token: "unknown", dashed: true, words: "Unknown" },
};

export const LEGEND: Phase[] = ["Running", "Pending", "Creating", "Failing", "Succeeded", "Terminating"];

const SIGNS: Record<Phase, (ink: string) => ComponentChild> = {
  Running: (ink) => <circle cx="7" cy="7" r="4.1" fill={ink} />,
  Pending: (ink) => <>{[2.6, 7, 11.4].map((x) => <circle key={x} cx={x} cy="7" r="1.55" fill={ink} />)}</>,
  Creating: (ink) => (
    <g fill="none" stroke={ink} stroke-linecap="round">
      <circle cx="7" cy="7" r="4.6" stroke-width="1.5" opacity=".45" />
      <path d="M7 2.4a4.6 4.6 0 1 1-4.6 4.6" stroke-width="2.1" />
    </g>
  ),
  Failing: (ink) => <path d="M3.4 3.4l7.2 7.2M10.6 3.4l-7.2 7.2" stroke={ink} stroke-width="2.3" stroke-linecap="round" />,
  Succeeded: (ink) => <path d="M2.8 7.4l3 3 5.4-6.6" fill="none" stroke={ink} stroke-width="2.1" stroke-linecap="round" stroke-linejoin="round" />,
  Terminating: (ink) => <path d="M7 2.6v7.2M3.6 6.9 7 10.4l3.4-3.5" fill="none" stroke={ink} stroke-width="1.9" stroke-linecap="round" stroke-linejoin="round" />,
  Unknown: (ink) => (
    <g>
      <path d="M4.6 5.1a2.5 2.5 0 1 1 3.4 2.3c-.7.3-1 .7-1 1.5" fill="none" stroke={ink} stroke-width="1.8" stroke-linecap="round" />
      <circle cx="7" cy="11.3" r="1.1" fill={ink} />
    </g>
  ),
};

export const Sign = still(({ phase, ink }: { phase: Phase; ink: string }) => <>{SIGNS[phase](ink)}</>);

/** The square of the legend and of lists: fill, edge and sign of a phase. */
export const Swatch = still(({ phase, size = 14 }: { phase: Phase; size?: number }) => {
  const { token, dashed } = PHASES[phase];
  const unknown = phase === "Unknown";
  return (
    <svg class="swatch" viewBox="0 0 14 14" width={size} height={size} aria-hidden="true">
      <rect x=".5" y=".5" width="13" height="13" rx="3" stroke-dasharray={dashed ? "2.5 1.5" : undefined}
        style={unknown ? "fill:none;stroke:var(--ink-2)" : `fill:var(--${token});stroke:var(--${token}-e)`} />
      <g transform="translate(1.4 1.4) scale(.8)"><Sign phase={phase} ink={unknown ? "var(--ink-2)" : `var(--${token}-g)`} /></g>
    </svg>
  );
});

const KINDS: Record<string, string> = {
  Ingress: "M2 14V8a6 6 0 0 1 12 0v6M6 14V9a2 2 0 0 1 4 0v5",
  Service: "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6ZM8 5.2V1.8M10.5 9.4l2.9 1.8M5.5 9.4l-2.9 1.8",
  Deployment: "M2 5.5h8.5V14H2ZM5.5 5.5V2H14v8.5h-3.5",
  ReplicaSet: "M2 6h8v8H2ZM5 6V2.5h9V11h-4",
  ConfigMap: "M2 4.5h12M2 8h12M2 11.5h12M5 3v3M10.5 6.5v3M6.5 10v3",
  Secret: "M5.5 7V5a2.5 2.5 0 0 1 5 0v2M3.5 7h9v7h-9ZM8 9.5v2",
  StatefulSet: "M2 2.5h5v5H2ZM9 2.5h5v5H9ZM2 9.5h5v4H2ZM9 9.5h5v4H9Z",
  PersistentVolumeClaim: "M8 1.8 14 5v6l-6 3.2L2 11V5ZM2 5l6 3.2L14 5M8 8.2v6",
  Job: "M3.5 14V2.5h9l-2 3 2 3h-9",
  DaemonSet: "M2 3h3v3H2ZM6.5 3h3v3h-3ZM11 3h3v3h-3ZM2 10.5h12M3.5 6v4.5M8 6v4.5M12.5 6v4.5",
  PersistentVolume: "M2.5 4c0-2.6 11-2.6 11 0v8c0 2.6-11 2.6-11 0ZM2.5 4c0 2.6 11 2.6 11 0M2.5 8c0 2.6 11 2.6 11 0",
  StorageClass: "M8 2 14.5 5.2 8 8.4 1.5 5.2ZM1.5 8.2 8 11.4l6.5-3.2M1.5 11.2 8 14.4l6.5-3.2",
  Node: "M2.5 2.5h11v11h-11ZM2.5 6h11M5 9h2.5M8.5 9H11",
  Pod: "M2 4.5h12v7H2ZM5 4.5v7",
  Namespace: "M2.5 2.5h11v11h-11ZM5 5h2v2H5Z",
  Component: "M3 5h10v6H3ZM6 2.5V5M10 2.5V5M6 11v2.5M10 11v2.5",
  Cluster: "M2 9.5 8 13l6-3.5M2 6.5 8 10l6-3.5L8 3Z",
};

const SHORT: Record<string, string> = { PersistentVolumeClaim: "PVC", PersistentVolume: "PV" };

export function kindLabel(kind: string): string {
  return SHORT[kind] ?? kind;
}

export const KindSign = still(({ kind }: { kind: string }) => (
  <path class="kind-sign" d={KINDS[kind] ?? KINDS["Namespace"]!} />
));
