/**
 * Decides what moves: which messages are in flight, which is the present one, and which are its past.
 *
 * Promise: no DOM and no clock of its own; milliseconds are passed in. What led to a message is numbered from 1 at its root cause; the hops
 * before stay faint, the present one is bright. Live messages that come together start one after the other; over
 * `MOST_IN_FLIGHT` they merge into a pulse with a count for each way; over `MOST_PER_SECOND` only the state is drawn. `show` plays
 * exactly one message. With reduced motion nothing travels: stops appear where they belong.
 */
import type { Msg } from "../protocol/shapes";
import { legsOf, paced, STAGGER_MS } from "./grammar";

export const MOST_IN_FLIGHT = 12;
export const MOST_PER_SECOND = 200;
export const MOST_PAST = 7;
const REST_MS = 9_000;

export interface Stop {
  n: number;
  msg: Msg;
}

export interface Trace {
  past: readonly Stop[];
  present: Stop | null;
}

export interface Flight {
  stop: Stop;
  from: string;
  to: string;
  /** 0..1 along the leg. */
  progress: number;
  count: number;
}

interface Scheduled {
  stop: Stop;
  count: number;
  startMs: number;
  legs: { from: string; to: string; ms: number }[];
}

export interface DirectorOptions {
  speed(): number;
  stillness(): boolean;
  /** What led to a message, from its root cause on, and the message itself. */
  chain(msg: Msg): readonly Msg[];
  /** While the cluster stands still its last message stays in view. */
  paused(): boolean;
  /** Called whenever the trace changes, with what the caption strip should say. */
  onTrace(trace: Trace): void;
}

export const NO_TRACE: Trace = { past: [], present: null };

export class Director {
  private flying: Scheduled[] = [];
  private trace: Trace = NO_TRACE;
  private restSinceMs = 0;
  private held = false;
  private second = { startMs: 0, count: 0 };

  constructor(private readonly options: DirectorOptions) {}

  /** Messages of the live stream. */
  arrive(msgs: readonly Msg[], nowMs: number): void {
    if (msgs.length === 0) return;
    this.held = false;
    if (this.tooMany(msgs.length, nowMs)) {
      this.flying = [];
      this.become(this.stop(msgs.at(-1)!), nowMs);
      return;
    }
    let startMs = Math.max(nowMs, ...this.flying.map((flight) => flight.startMs + this.stagger()));
    for (const msg of msgs) {
      this.flying.push(this.schedule(this.stop(msg), startMs));
      startMs += this.stagger();
    }
    this.merge(nowMs);
  }

  /** One message of the past or the next one, on its own, with the stops that led to it. */
  show(msg: Msg, nowMs: number, play = true): void {
    this.held = true;
    this.flying = [];
    const stop = this.stop(msg);
    this.become(stop, nowMs);
    if (play) this.flying.push(this.schedule(stop, nowMs));
  }

  clear(): void {
    this.flying = [];
    this.held = false;
    this.set(NO_TRACE);
  }

  /** What moves at this moment. Moves the trace on as messages start. */
  frame(nowMs: number): Flight[] {
    const started = this.flying.filter((flight) => flight.startMs <= nowMs);
    const newest = started.at(-1);
    if (newest && !this.held && newest.stop !== this.trace.present) this.become(newest.stop, nowMs);
    this.flying = this.flying.filter((flight) => endOf(flight) > nowMs);
    if (this.resting && this.flying.length === 0 && nowMs - this.restSinceMs > REST_MS) this.clear();
    return started.filter((flight) => endOf(flight) > nowMs).map((flight) => position(flight, nowMs));
  }

  /** True while another frame would differ from the last. */
  get busy(): boolean {
    return this.flying.length > 0;
  }

  /** True while the trace still has to be cleared later. */
  get resting(): boolean {
    return !this.held && !this.options.paused() && this.trace.present !== null;
  }

  private stop(msg: Msg): Stop {
    return { n: this.options.chain(msg).length, msg };
  }

  private schedule(stop: Stop, startMs: number): Scheduled {
    const speed = this.options.speed();
    const stillness = this.options.stillness();
    const legs = legsOf(stop.msg).map((leg) => ({ ...leg, ms: stillness ? 0 : paced(leg.ms, speed) }));
    return { stop, count: 1, startMs, legs };
  }

  private stagger(): number {
    return paced(STAGGER_MS, this.options.speed());
  }

  /** Waiting flights of the same way become one with a count. */
  private merge(nowMs: number): void {
    if (this.flying.length <= MOST_IN_FLIGHT) return;
    const kept = this.flying.filter((flight) => flight.startMs <= nowMs);
    const ways = new Map<string, Scheduled>();
    for (const flight of this.flying.filter((one) => one.startMs > nowMs)) {
      const way = `${flight.legs[0]!.from}>${flight.legs[0]!.to}`;
      const first = ways.get(way);
      if (first) ways.set(way, { ...first, stop: flight.stop, count: first.count + flight.count });
      else ways.set(way, flight);
    }
    const merged = [...ways.values()].map((flight, i) => ({ ...flight, startMs: nowMs + i * this.stagger() }));
    this.flying = [...kept, ...merged].slice(-2 * MOST_IN_FLIGHT);
  }

  private tooMany(count: number, nowMs: number): boolean {
    if (nowMs - this.second.startMs >= 1_000) this.second = { startMs: nowMs, count: 0 };
    this.second.count += count;
    return this.second.count > MOST_PER_SECOND;
  }

  private become(stop: Stop, nowMs: number): void {
    this.restSinceMs = nowMs;
    const past = this.options.chain(stop.msg).slice(0, -1).map((msg, i) => ({ n: i + 1, msg })).slice(-MOST_PAST);
    this.set({ past, present: stop });
  }

  private set(trace: Trace): void {
    if (trace === this.trace) return;
    this.trace = trace;
    this.options.onTrace(trace);
  }
}

function endOf(flight: Scheduled): number {
  return flight.startMs + flight.legs.reduce((sum, leg) => sum + leg.ms, 0);
}

function position({ stop, count, startMs, legs }: Scheduled, nowMs: number): Flight {
  let passed = nowMs - startMs;
  for (const leg of legs) {
    if (passed < leg.ms) return { stop, count, from: leg.from, to: leg.to, progress: ease(passed / leg.ms) };
    passed -= leg.ms;
  }
  const last = legs.at(-1)!;
  return { stop, count, from: last.from, to: last.to, progress: 1 };
}

/** Close to cubic-bezier(.3, .7, .2, 1): quick away, gently in. */
function ease(t: number): number {
  return 1 - (1 - t) ** 2.4;
}
