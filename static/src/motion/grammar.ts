/**
 * How long each kind of event is seen, and which legs a message travels.
 *
 * Promise: pure. Durations are for speed 1; faster simulated time plays them shorter, beyond `FASTEST` they are not played. A write
 * that was accepted goes on from the API server to etcd; one that was refused ends at the gates; a delivery is one leg.
 */
import type { Msg } from "../protocol/shapes";

export const REQUEST_MS = 450;
export const COMMIT_MS = 250;
export const FASTEST = 8;
/** Between the starts of two messages that came together. */
export const STAGGER_MS = 180;

export interface Leg {
  from: string;
  to: string;
  ms: number;
}

const READS = new Set(["get", "list", "watch"]);

export function isDelivery(msg: Msg): boolean {
  return msg.verb === "watch";
}

export function legsOf(msg: Msg): Leg[] {
  const first = { from: msg.from, to: msg.to, ms: REQUEST_MS };
  if (!msg.ok || READS.has(msg.verb) || msg.to !== "apiserver") return [first];
  return [first, { from: "apiserver", to: "etcd", ms: COMMIT_MS }];
}

/** 0 means: do not play, show the end. */
export function paced(ms: number, speed: number): number {
  return speed > FASTEST ? 0 : ms / Math.max(speed, 0.25);
}

const REASONS: [pattern: RegExp, words: string][] = [
  [/already exists/, "already exists"], [/not found/, "is not there"], [/forbidden/i, "is forbidden"], [/is invalid/, "is invalid"], [/object has been modified/, "was changed meanwhile"],
];

/** In two or three words; the caption has the whole sentence. */
function reasonOf({ say }: Msg): string {
  return REASONS.find(([pattern]) => pattern.test(say))?.[1] ?? "";
}

/** Authentication, authorisation, admission: the gate of the API server at which a request was refused. */
export function gateOf({ say }: Msg): 0 | 1 | 2 {
  if (/unauthorized/i.test(say)) return 0;
  return /\bcannot \w+ (resource|path)\b/.test(say) ? 1 : 2;
}

/** What the present message says on the stage, beside its number; `heard` is the write that a delivery tells of. */
export function labelOf(msg: Msg, heard: Msg | null): string {
  const about = isDelivery(msg) ? heard ?? msg : msg;
  const thing = `${about.kind} ${about.name}`;
  if (isDelivery(msg) && msg.to.startsWith("kubelet:")) return `${thing} → ${msg.to.slice("kubelet:".length)}`;
  return msg.ok ? thing : `refused: ${thing} ${reasonOf(msg)}`.trimEnd();
}
