/**
 * The one animation loop of the page.
 *
 * Promise: asks the director for what moves, moves a replay on, repaints the fleet's canvas; sleeps when nothing would change, and is
 * woken by whatever could change that. Remembers how long its own script took in each of the last frames.
 */
import { effect } from "@preact/signals";
import type { StageScene } from "./scene";

const REMEMBERED = 240;
const NAP_MS = 500;

export interface FrameTimes { count: number; scriptMs: number[] }

export const frameTimes: FrameTimes = { count: 0, scriptMs: [] };

export function runLoop(scene: StageScene): () => void {
  let request = 0;
  let lastMs = performance.now();
  let nap: ReturnType<typeof setTimeout> | null = null;

  const frame = (nowMs: number): void => {
    request = 0;
    const started = performance.now();
    scene.session.advance(Math.min(250, nowMs - lastMs));
    lastMs = nowMs;
    const flights = scene.session.director.frame(started);
    if (flights.length > 0 || scene.flights.peek().length > 0) scene.flights.value = flights;
    scene.paintFleet?.();
    remember(performance.now() - started);
    if (wantsMore(scene)) wake();
    else if (scene.session.director.resting) nap ??= setTimeout(() => { nap = null; wake(); }, NAP_MS);
  };
  const wake = (): void => {
    if (request !== 0) return;
    request = requestAnimationFrame(frame);
  };
  const stop = effect(() => {
    subscribe(scene);
    lastMs = performance.now();
    wake();
  });
  scene.wake = wake;
  return () => {
    stop();
    cancelAnimationFrame(request);
    if (nap !== null) clearTimeout(nap);
  };
}

/** Reads everything that may start motion, so that the effect runs again when it changes. */
function subscribe({ session, camera, size, chartKind, view }: StageScene): void {
  void [session.present.value, session.trace.value, session.playhead.value?.playing, session.selected.value, camera.value, size.value, chartKind.value, view.detail.value];
}

function wantsMore(scene: StageScene): boolean {
  return scene.session.director.busy || scene.session.playhead.peek()?.playing === true;
}

function remember(ms: number): void {
  frameTimes.count += 1;
  frameTimes.scriptMs.push(ms);
  if (frameTimes.scriptMs.length > REMEMBERED) frameTimes.scriptMs.shift();
}
