/**
 * A visit to a past moment: what the cluster looked like then, and its answers from then.
 *
 * Promise: while somebody visits, every question of the page (terminal, inspector, editor) is answered by that moment and nothing is changed;
 * what would change something is refused here already when it can be told from its kind. The living cluster goes on meanwhile.
 */
import { signal, type ReadonlySignal, type Signal } from "@preact/signals";
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

interface Looked {
  gen: number;
  at: number;
  ev: number;
  tables: SnapFrame["tables"];
}

/** Kinds of commands that only look, and the terminal, whose lines the past itself judges. */
const ASKED = new Set(["shell", "follow", "complete", "diff-yaml", "read-file", "list-files", "inspect", "because", "fields", "check", "schema", "loops", "look"]);
const READ_ONLY = "This is the past: it can be looked at, not changed. Continue from here to change it.";

export class Visits {
  readonly present: ReadonlySignal<Visit | null>;
  /** True while a moment is on its way. */
  readonly busy: Signal<boolean> = signal(false);
  private readonly shown: Signal<Visit | null> = signal(null);
  private asked = 0;

  constructor(private readonly api: Api, private readonly onTrouble: (sentence: string) => void) {
    this.present = this.shown;
  }

  /** `ev`: the newest event that counts, for a cluster that stood still at that time; null = everything of that instant. */
  async to(at: number, ev: number | null): Promise<boolean> {
    const mine = (this.asked += 1);
    this.busy.value = true;
    const outcome = await this.api.past<Looked>({ op: "look", at: Math.round(at), ...(ev === null ? {} : { ev }) });
    if (mine !== this.asked) return false; // somebody has asked for another moment meanwhile, or left
    this.busy.value = false;
    if (outcome.ok) {
      const { gen, at } = outcome.value;
      this.shown.value = { gen, at, moment: ev === null ? { gen, at } : { gen, at, ev }, state: stateOf(outcome.value) };
    }
    else this.onTrouble(outcome.error.message);
    return outcome.ok;
  }

  end(): void {
    this.asked += 1;
    this.busy.value = false;
    this.shown.value = null;
  }

  /** The page's API while visits are possible: asks the past when one is on, the living cluster otherwise. */
  asking(): Api {
    return { ...this.api, command: <Reply>(command: Command) => this.command<Reply>(command) };
  }

  private async command<Reply>(command: Command): Promise<Outcome<CommandAnswer<Reply>>> {
    const visit = this.shown.value;
    if (visit === null) return this.api.command<Reply>(command);
    if (!ASKED.has(command.kind)) return { ok: false, error: { code: "ReadOnly", message: READ_ONLY } };
    return this.api.past<CommandAnswer<Reply>>({ op: "ask", ...visit.moment, command });
  }
}

function stateOf({ gen, at, ev, tables }: Looked): ClusterState {
  const clock = { at, speed: 1, paused: true, lagging: false };
  return applySnap(EMPTY, { t: "snap", gen, ev, clock, tables, part: 0, end: true });
}
