/**
 * `window.__drydock`: what browser tests wait on and act through, instead of sleeping and guessing pixels.
 *
 * Promise: read-only views and the same functions the buttons call; nothing here exists for the product itself. The first picture leaves
 * the performance mark `first-diagram`, whose time counts from the click that led to the page.
 */
import { effect } from "@preact/signals";
import { frameTimes } from "./draw/loop";
import type { Lab } from "./lab";

export interface TestHooks {
  readonly ready: boolean;
  readonly gen: number;
  /** The newest event applied. */
  readonly ev: number;
  /** The event shown. */
  readonly shownEv: number;
  frames(): { count: number; scriptMs: number[] };
  /** Looks at a moment, in milliseconds since the cluster started. */
  seek(ms: number): void;
  goLive(): void;
  step(): Promise<void>;
  /** What is drawn, in words: the same at the same event, live or replayed. */
  scene(): Record<string, unknown>;
}

declare global {
  interface Window { __drydock?: TestHooks }
}

export function exposeForTests({ session, scene }: Lab): void {
  window.__drydock = {
    get ready() { return session.present.peek().complete; },
    get gen() { return session.present.peek().gen; },
    get ev() { return session.present.peek().ev; },
    get shownEv() { return session.state.peek().ev; },
    frames: () => ({ count: frameTimes.count, scriptMs: [...frameTimes.scriptMs] }),
    seek: (ms) => session.seek(ms * 1_000),
    goLive: () => session.goLive(),
    step: () => session.next(),
    scene: () => scene.describe(),
  };
  const stop = effect(() => {
    if (!session.present.value.complete) return;
    requestAnimationFrame(() => performance.mark("first-diagram"));
    queueMicrotask(() => stop()); // the effect has no name yet while it runs for the first time
  });
}
