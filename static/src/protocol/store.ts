/**
 * The state of one cluster as the browser knows it, and how a frame changes it.
 *
 * Promise: `applySnap` and `applyDelta` are pure. They return a new state that shares every table and row that did not change, so
 * an old state stays valid (the log keeps some as keyframes) and "did this change?" is one comparison of references. What does
 * not fit (a gap in the events, an unknown object) is an outcome, not a guess: the caller asks the server for a snapshot.
 */
import type { Fields, Item, Kind, Row, SnapFrame, Table, Tables } from "./shapes";

export interface ClusterState {
  readonly gen: number;
  /** Everything up to and including this event is in the tables. */
  readonly ev: number;
  readonly at: number;
  /** False until the last part of a snapshot has arrived. */
  readonly complete: boolean;
  /** The last part of the snapshot seen, while it is incomplete. */
  readonly part: number;
  readonly tables: Readonly<Record<string, ReadonlyMap<string, Row>>>;
}

export type Applied = { ok: true; state: ClusterState } | { ok: false; why: string };

export const EMPTY: ClusterState = { gen: 0, ev: 0, at: 0, complete: false, part: -1, tables: {} };

const NO_ROWS: ReadonlyMap<string, never> = new Map<string, never>();

export function table<K extends Kind>(state: ClusterState, kind: K): ReadonlyMap<string, Tables[K]> {
  return (state.tables[kind] ?? NO_ROWS) as ReadonlyMap<string, Tables[K]>;
}

export function rows<K extends Kind>(state: ClusterState, kind: K): Tables[K][] {
  return [...table(state, kind).values()];
}

/** The kind and row of an object, whatever table it is in. */
export function lookUp(state: ClusterState, uid: string): { kind: string; row: Row } | null {
  const kind = kindOf(state.tables, uid);
  return kind === null ? null : { kind, row: state.tables[kind]!.get(uid)! };
}

/** Parts of one snapshot arrive in order; a part that does not continue the last one begins anew. */
export function applySnap(state: ClusterState, frame: SnapFrame): ClusterState {
  const continues = !state.complete && state.gen === frame.gen && frame.part > state.part && state.part >= 0;
  const tables: Record<string, ReadonlyMap<string, Row>> = continues ? { ...state.tables } : {};
  for (const [kind, columns] of Object.entries(frame.tables)) {
    const known = new Map(tables[kind] ?? NO_ROWS);
    for (const row of rowsOf(columns)) known.set(row.uid, row);
    tables[kind] = known;
  }
  return { gen: frame.gen, ev: frame.ev, at: frame.clock.at, complete: frame.end, part: frame.part, tables };
}

export function applyDelta(state: ClusterState, delta: { gen: number; from: number; to: number; at: number; items: readonly Item[] }): Applied {
  if (!state.complete) return { ok: false, why: "the snapshot is not complete" };
  if (delta.gen !== state.gen) return { ok: false, why: `history ${state.gen} is shown, a change of history ${delta.gen} came` };
  if (delta.from > state.ev) return { ok: false, why: `events after ${state.ev} are missing up to ${delta.from}` };
  if (delta.to <= state.ev) return { ok: true, state };
  return applyItems(state, delta.items, { ev: delta.to, at: delta.at });
}

/** Applies items of any number of frames, copying each touched table once. */
export function applyItems(state: ClusterState, items: Iterable<Item>, to: { ev: number; at: number }): Applied {
  const tables: Record<string, ReadonlyMap<string, Row>> = { ...state.tables };
  const copies: Record<string, Map<string, Row>> = {};
  const writable = (kind: string): Map<string, Row> => {
    const copy = copies[kind] ?? new Map(tables[kind] ?? NO_ROWS);
    copies[kind] = copy;
    tables[kind] = copy;
    return copy;
  };
  for (const item of items) {
    const trouble = applyItem(item, tables, writable);
    if (trouble) return { ok: false, why: trouble };
  }
  return { ok: true, state: { ...state, ev: to.ev, at: to.at, tables } };
}

function applyItem(item: Item, tables: ClusterState["tables"], writable: (kind: string) => Map<string, Row>): string | null {
  switch (item[0]) {
    case "add":
      writable(item[1]).set(String(item[2]["uid"]), item[2] as unknown as Row);
      return null;
    case "set": {
      const kind = kindOf(tables, item[1]);
      if (kind === null) return `the object ${item[1]} is unknown`;
      const changed = writable(kind);
      changed.set(item[1], { ...changed.get(item[1])!, ...(item[2] as Fields) });
      return null;
    }
    case "del": {
      const kind = kindOf(tables, item[1]);
      if (kind !== null) writable(kind).delete(item[1]);
      return null;
    }
    default:
      return null; // messages and marks change no table
  }
}

function kindOf(tables: ClusterState["tables"], uid: string): string | null {
  for (const kind in tables) if (tables[kind]!.has(uid)) return kind;
  return null;
}

function rowsOf({ cols, rows: values }: Table): Row[] {
  return values.map((cells) => {
    const row: Fields = {};
    cols.forEach((col, i) => { row[col] = cells[i]; });
    return row as unknown as Row;
  });
}
