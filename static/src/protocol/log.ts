/**
 * Everything that arrived since the page was opened, so that the learner can look back without asking the server.
 *
 * Promise: `stateAt(ev)` is the state after exactly that event, for any event the log reaches; the same answer whether it is
 * reached by rewinding or was seen live. Frames are kept as they came, with a keyframe every `KEYFRAME_ITEMS` items (a keyframe is
 * only a reference: states share what did not change). The oldest stretch is dropped beyond `MOST_ITEMS`. The log does not know
 * which moment is shown; that is the playhead's business.
 */
import { applyDelta, applyItems, applySnap, EMPTY, table, type ClusterState } from "./store";
import type { DeltaFrame, Item, Mark, Msg, SnapFrame } from "./shapes";

const KEYFRAME_ITEMS = 2_000;
const MOST_ITEMS = 400_000;
const LONGEST_CHAIN = 40;

interface Keyframe {
  /** The state before frame number `frame` of the log. */
  frame: number;
  state: ClusterState;
}

/**
 * When a message belongs, in events: a delivery (its id is the negative of the write it led to) comes just before that write, so that
 * it can be looked at with the state from before.
 */
export function momentOf(msg: Msg): number {
  return msg.id < 0 ? -msg.id - 0.5 : msg.id;
}

/** A node's pods have to leave it (or be patient with it), or no longer: it carries a NoExecute taint for not answering. */
export interface Readiness {
  uid: string;
  at: number;
  ready: boolean;
}

const isPatience = (taint: unknown): boolean => /^node\.kubernetes\.io\/(unreachable|not-ready)(=[^:]*)?:NoExecute/.test(String(taint));

export interface Moment {
  ev: number;
  at: number;
}

export class SessionLog {
  private frames: DeltaFrame[] = [];
  private keyframes: Keyframe[] = [];
  private itemsSinceKeyframe = 0;
  private items = 0;
  private present: ClusterState = EMPTY;
  private readonly byId = new Map<number, Msg>();
  /** Deliveries by what was heard and who heard it: told once, however many writes follow. */
  private readonly deliveries = new Map<string, Msg>();
  readonly msgs: Msg[] = [];
  readonly marks: Mark[] = [];
  /** When nodes were given up or taken back, oldest first. */
  readonly readiness: Readiness[] = [];

  get live(): ClusterState {
    return this.present;
  }

  /** The first moment the log reaches. */
  get start(): Moment {
    const first = this.keyframes[0]?.state ?? this.present;
    return { ev: first.ev, at: first.at };
  }

  /** Forgets everything: another branch of history begins. */
  clear(gen: number): void {
    this.frames = [];
    this.keyframes = [];
    this.items = this.itemsSinceKeyframe = 0;
    this.msgs.length = this.marks.length = this.readiness.length = 0;
    this.byId.clear();
    this.deliveries.clear();
    this.present = { ...EMPTY, gen };
  }

  /** A snapshot of the same history leaves what was logged before it in place. */
  snap(frame: SnapFrame): void {
    if (frame.gen !== this.present.gen) this.clear(frame.gen);
    this.present = applySnap(this.present, frame);
    if (!this.present.complete) return;
    this.addKeyframe();
    this.recallMarks();
  }

  /** Returns the messages that came with the frame, or why it does not fit. */
  delta(frame: DeltaFrame): { ok: true; msgs: Msg[] } | { ok: false; why: string } {
    const before = this.present.ev;
    const applied = applyDelta(this.present, frame);
    if (!applied.ok) return applied;
    if (applied.state === this.present) return { ok: true, msgs: [] };
    this.frames.push(frame);
    this.present = applied.state;
    const msgs = this.index(frame.items, before);
    this.noteReadiness(frame);
    this.count(frame.items.length);
    return { ok: true, msgs };
  }

  /** The state after event `ev` (which may be the moment of a delivery, between two events); clamped to what the log reaches. */
  stateAt(ev: number): ClusterState {
    if (ev >= this.present.ev) return this.present;
    const found = lastIndex(this.keyframes, (key) => key.state.ev <= ev);
    const key = this.keyframes[Math.max(0, found)];
    if (!key) return this.present;
    const end = this.keyframes[found + 1]?.frame ?? this.frames.length;
    return this.replay(key, { ev, end });
  }

  /** The event that was the newest at time `at`. */
  evAt(at: number): number {
    if (at >= this.present.at) return this.present.ev;
    const i = lastIndex(this.frames, (frame) => frame.at <= at);
    const next = this.frames[i + 1];
    const settled = i >= 0 ? this.frames[i]!.to : this.start.ev;
    const inside = next ? momentsIn(next.items).filter((moment) => moment.at <= at).at(-1) : undefined;
    return Math.max(settled, inside?.ev ?? 0);
  }

  /** The message before or after an event, for stepping. */
  neighbour(ev: number, direction: 1 | -1): Msg | null {
    if (direction === 1) return this.msgs[lastIndex(this.msgs, (msg) => momentOf(msg) <= ev) + 1] ?? null;
    return this.msgs[lastIndex(this.msgs, (msg) => momentOf(msg) < ev)] ?? null;
  }

  /** The newest message at or before `ev`. */
  msgAt(ev: number): Msg | null {
    return this.msgs[lastIndex(this.msgs, (msg) => momentOf(msg) <= ev)] ?? null;
  }

  /** What led to a message, from its root cause on, and the message itself: a write was led to by its delivery, that by a write. */
  chain(msg: Msg): Msg[] {
    const chain = [msg];
    for (let link = this.ledTo(msg); link && chain.length < LONGEST_CHAIN; link = this.ledTo(link)) chain.push(link);
    return chain.reverse();
  }

  /** The uids that the same sender wrote in the same way for the same reason, up to this message: one reconcile, several writes. */
  siblings(msg: Msg): ReadonlySet<string> {
    const uids = new Set<string>([msg.uid]);
    for (let i = lastIndex(this.msgs, (one) => momentOf(one) <= momentOf(msg)); i >= 0; i -= 1) {
      const one = this.msgs[i]!;
      if (momentOf(one) <= msg.because) break;
      if (one.because === msg.because && one.from === msg.from && one.verb === msg.verb) uids.add(one.uid);
    }
    return uids;
  }

  private ledTo(msg: Msg): Msg | undefined {
    const heard = msg.id > 0 ? this.deliveries.get(deliveryKey(msg.because, msg.from)) : undefined;
    const found = heard ?? this.byId.get(msg.because);
    return found && momentOf(found) < momentOf(msg) ? found : undefined;
  }

  private replay(key: Keyframe, { ev, end }: { ev: number; end: number }): ClusterState {
    const items: Item[] = [];
    let to: Moment = key.state;
    for (let i = key.frame; i < end; i += 1) {
      const frame = this.frames[i]!;
      if (frame.from >= ev) break;
      const whole = frame.to <= ev;
      const taken = whole ? frame.items : untilEvent(frame.items, ev);
      for (const item of taken) items.push(item);
      to = whole ? { ev: frame.to, at: frame.at } : (momentsIn(taken).at(-1) ?? to);
      if (!whole) break;
    }
    const applied = applyItems(key.state, items, { ev: Math.max(to.ev, Math.min(ev, this.present.ev)), at: to.at });
    return applied.ok ? applied.state : key.state;
  }

  private index(items: readonly Item[], after: number): Msg[] {
    const fresh: Msg[] = [];
    for (const item of items) {
      if (item[0] === "msg" && momentOf(item[1]) > after) fresh.push(item[1]);
      if (item[0] === "mark" && item[1].ev > after) this.marks.push(item[1]);
    }
    for (const msg of fresh) {
      this.msgs.push(msg);
      this.byId.set(msg.id, msg);
      if (msg.id < 0) this.deliveries.set(deliveryKey(msg.because, msg.to), msg);
    }
    return fresh;
  }

  /** Marks from before this page came. */
  private recallMarks(): void {
    const first = this.marks[0]?.ev ?? Infinity;
    const earlier = (table(this.present, "Cluster").get("cluster")?.marks ?? []).filter(({ ev }) => ev < first);
    this.marks.unshift(...earlier);
  }

  private noteReadiness({ items, at }: DeltaFrame): void {
    for (const item of items) {
      const taints = item[0] === "set" ? item[2]["taints"] : undefined;
      if (item[0] === "set" && Array.isArray(taints)) this.noteTaints(String(item[1]), at, !taints.some(isPatience));
    }
  }

  /** Only what is new: other taints come and go without touching anybody's patience. */
  private noteTaints(uid: string, at: number, ready: boolean): void {
    const before = this.readiness.findLast((one) => one.uid === uid)?.ready ?? true;
    if (before !== ready) this.readiness.push({ uid, at, ready });
  }

  private count(items: number): void {
    this.items += items;
    this.itemsSinceKeyframe += items;
    if (this.itemsSinceKeyframe >= KEYFRAME_ITEMS) this.addKeyframe();
    if (this.items > MOST_ITEMS) this.dropOldest();
  }

  private addKeyframe(): void {
    this.keyframes.push({ frame: this.frames.length, state: this.present });
    this.itemsSinceKeyframe = 0;
  }

  private dropOldest(): void {
    const keep = this.keyframes[Math.floor(this.keyframes.length / 2)];
    if (!keep || keep.frame === 0) return;
    for (const frame of this.frames.splice(0, keep.frame)) this.items -= frame.items.length;
    const gone = keep.frame;
    this.keyframes = this.keyframes.filter((key) => key.frame >= gone).map((key) => ({ ...key, frame: key.frame - gone }));
    for (const msg of this.msgs.splice(0, lastIndex(this.msgs, (one) => momentOf(one) <= keep.state.ev) + 1)) {
      this.byId.delete(msg.id);
      if (msg.id < 0) this.deliveries.delete(deliveryKey(msg.because, msg.to));
    }
  }
}

function deliveryKey(heard: number, listener: string): string {
  return `${heard}>${listener}`;
}

/** The items that belong to events up to `ev`: those before the first message or mark of a later event. */
function untilEvent(items: readonly Item[], ev: number): readonly Item[] {
  const cut = items.findIndex((item) => (eventOf(item) ?? 0) > ev);
  if (cut < 0) return momentsIn(items).length > 0 ? items : [];
  return items.slice(0, cut);
}

function eventOf(item: Item): number | null {
  if (item[0] === "msg") return momentOf(item[1]);
  return item[0] === "mark" ? item[1].ev : null;
}

function momentsIn(items: readonly Item[]): Moment[] {
  const moments: Moment[] = [];
  for (const item of items) if (item[0] === "msg") moments.push({ ev: momentOf(item[1]), at: item[1].at });
  return moments;
}

/** The last index whose element satisfies a condition that holds for a prefix of the list; -1 when none does. */
function lastIndex<T>(sorted: readonly T[], holds: (element: T) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(sorted[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
