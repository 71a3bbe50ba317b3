/**
 * The simulated time between two frames of the server.
 *
 * Promise: pure arithmetic on the last `Clock` the server sent and the browser's own monotonic milliseconds; never runs backwards
 * past what the server said, never more than `LEAP_US` ahead of it (a server that fell silent must not make time run on).
 */
import type { Clock } from "./shapes";

/** The server says the time every two seconds while anybody looks. */
const LEAP_US = 5_000_000;

export interface ClockReading {
  clock: Clock;
  /** `performance.now()` when the clock arrived. */
  receivedMs: number;
}

export const STOPPED: Clock = { at: 0, speed: 1, paused: true, lagging: false };

export function timeAt({ clock, receivedMs }: ClockReading, nowMs: number): number {
  if (clock.paused) return clock.at;
  const passed = Math.max(0, nowMs - receivedMs) * 1_000 * clock.speed;
  return Math.round(clock.at + Math.min(passed, LEAP_US * Math.max(1, clock.speed)));
}

/** "6:44.6"; with hours when there are any: "1:06:44.6". Tenths are left out on request. */
export function clockText(us: number, tenths = true): string {
  const total = Math.max(0, Math.floor(us / 100_000));
  const seconds = Math.floor(total / 10);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const pad = (n: number) => String(n).padStart(2, "0");
  const whole = h > 0 ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`;
  return tenths ? `${whole}.${total % 10}` : whole;
}

/** "6 minutes 44 seconds", for those who listen. */
export function clockWords(us: number): string {
  const seconds = Math.max(0, Math.floor(us / 1_000_000));
  const parts: [number, string][] = [[Math.floor(seconds / 3600), "hour"], [Math.floor(seconds / 60) % 60, "minute"], [seconds % 60, "second"]];
  const said = parts.filter(([n]) => n > 0).map(([n, unit]) => `${n} ${unit}${n === 1 ? "" : "s"}`);
  return said.join(" ") || "0 seconds";
}

/** "5:52 ago" below an hour, "3h" beyond; for things that happened before now. */
export function agoText(us: number): string {
  const seconds = Math.max(0, Math.floor(us / 1_000_000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${clockText(us, false)} ago`;
  return `${Math.floor(seconds / 3600)} h ago`;
}
