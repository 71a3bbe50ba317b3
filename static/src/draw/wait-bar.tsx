/**
 * The bar of a container that waits: filling while its image is pulled, emptying while its grace period runs.
 *
 * Promise: the share is that of the time shown, also when the learner looks back or the clock stands still. Only bars listen to the
 * time, so nothing else is drawn again while it passes.
 */
import { signal, type ReadonlySignal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { PodRow, Stretch } from "../protocol/shapes";

/** The time shown, a few times a second. */
export const ShownTime = createContext<ReadonlySignal<number>>(signal(0));

export interface Wait { stretch: Stretch; empties: boolean }

/** What a pod waits for; null when there is nothing to show. */
export function waitOf({ bar, grace, phase }: PodRow): Wait | null {
  if (phase === "Terminating") return grace !== null && grace[1] > grace[0] ? { stretch: grace, empties: true } : null;
  return bar === null ? null : { stretch: bar, empties: false };
}

/** How full the bar is at a time. */
export function shareOf({ stretch: [from, to], empties }: Wait, at: number): number {
  const passed = Math.min(1, Math.max(0, (at - from) / Math.max(1, to - from)));
  return empties ? 1 - passed : passed;
}

export interface WaitBarProps { wait: Wait; x: number; y: number; w: number; h: number; token: string }

export function WaitBar({ wait, x, y, w, h, token }: WaitBarProps) {
  const share = shareOf(wait, useContext(ShownTime).value);
  return (
    <>
      <rect x={x} y={y} width={w} height={h} rx={h / 2} style="fill:var(--line)" />
      <rect class="fill" x={x} y={y} width={w * share} height={h} rx={h / 2} style={`fill:var(--${token}-e)`} />
    </>
  );
}
