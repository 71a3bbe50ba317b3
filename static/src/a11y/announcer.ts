/**
 * Says what happens to those who listen: one polite live region, one sentence at a time.
 *
 * Promise: at most one sentence every `PAUSE_MS`; of those that came meanwhile only the newest is said. An urgent sentence (a failure
 * the learner caused) may interrupt and is never dropped. Counts of pods are summed up, not told one by one.
 */
import type { ClusterState } from "../protocol/store";
import { table } from "../protocol/store";
import type { Phase } from "../protocol/shapes";

const PAUSE_MS = 2_000;

export class Announcer {
  private waiting: string | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly polite: HTMLElement, private readonly urgent: HTMLElement) {}

  say(text: string, { urgent = false }: { urgent?: boolean } = {}): void {
    if (urgent) {
      this.urgent.textContent = "";
      void this.urgent.offsetWidth; // an emptied line is not shown: its fading starts anew with the next sentence
      this.urgent.textContent = text;
      return;
    }
    this.waiting = text;
    if (this.timer === null) this.speak();
  }

  private readonly speak = (): void => {
    this.timer = null;
    if (this.waiting === null) return;
    this.polite.textContent = this.waiting;
    this.waiting = null;
    this.timer = setTimeout(this.speak, PAUSE_MS);
  };
}

/** "3 pods running, 1 pending" for an app, or for everything when none is given. */
export function podSummary(state: ClusterState, app?: string): string {
  const counts = new Map<Phase, number>();
  for (const pod of table(state, "Pod").values()) if (app === undefined || pod.app === app) counts.set(pod.phase, (counts.get(pod.phase) ?? 0) + 1);
  const parts = [...counts].map(([phase, n], i) => `${n} ${i === 0 ? `${app ?? ""} pod${n === 1 ? "" : "s"} `.trimStart() : ""}${phase.toLowerCase()}`);
  return parts.length > 0 ? parts.join(", ") : "no pods";
}
