/**
 * A visit to a past moment: what the cluster looked like then, and its answers from then.
 *
 * Promise: while somebody visits, every question of the page (terminal, inspector, editor) is answered by that moment and nothing is changed;
 * what would change something is refused here already when it can be told from its kind. Loaded with the first visit.
 */
import type { Api, Command, CommandAnswer, Outcome } from "./api";
import type { SnapFrame } from "./shapes";
import { applySnap, EMPTY, type ClusterState } from "./store";

export interface Visit {
  gen: number;
  at: number;
  /** As the server wants it said: with the event after which commands of that very instant do not count yet. */
  moment: { gen: number; at: number; ev?: number };
  state: ClusterState;
}

/** Kinds of commands that only look, and the terminal, whose lines the past itself judges. */
const ASKED = new Set(["shell", "follow", "complete", "diff-yaml", "read-file", "list-files", "inspect", "because", "fields", "check", "schema", "loops", "look", "remedies"]);
const READ_ONLY = "This is the past: it can be looked at, not changed. Continue from here to change it.";

/** `ev`: the newest event that counts, for a cluster that stood still at that time; null = everything of that instant. */
export async function look(api: Api, at: number, ev: number | null): Promise<Outcome<Visit>> {
  const outcome = await api.past<{ gen: number; at: number; ev: number; tables: SnapFrame["tables"] }>({ op: "look", at: Math.round(at), ...(ev === null ? {} : { ev }) });
  if (!outcome.ok) return outcome;
  const { gen, at: found, ev: newest, tables } = outcome.value;
  const clock = { at: found, speed: 1, paused: true, lagging: false };
  const state = applySnap(EMPTY, { t: "snap", gen, ev: newest, clock, tables, part: 0, end: true });
  return { ok: true, value: { gen, at: found, moment: ev === null ? { gen, at: found } : { gen, at: found, ev }, state } };
}

export async function ask<Reply>(api: Api, visit: Visit, command: Command): Promise<Outcome<CommandAnswer<Reply>>> {
  if (!ASKED.has(command.kind)) return { ok: false, error: { code: "ReadOnly", message: READ_ONLY } };
  return api.past<CommandAnswer<Reply>>({ op: "ask", ...visit.moment, command });
}
