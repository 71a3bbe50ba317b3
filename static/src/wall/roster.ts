/**
 * The class as the wall knows it: everybody's card. Pure: frames in, roster out; who comes first,
 * how far the class is, and every time in words are computed from it.
 */
import type { Card, WallFrame } from "./types";

export interface Roster {
  readonly loaded: boolean;
  readonly cards: ReadonlyMap<string, Card>;
}

export type Order = "needs" | "step" | "name";
export type Standing = "help" | "stuck" | "finished" | "away" | "working";

export const nobody: Roster = { loaded: false, cards: new Map() };

export function hear(roster: Roster, frame: WallFrame): Roster {
  if (frame.t === "wall") {
    const cards = new Map(frame.cards.map((card) => [card.id, card]));
    return { loaded: true, cards };
  }
  if (frame.t !== "cards") return roster;
  const cards = new Map(roster.cards);
  for (const change of frame.cards) {
    const card = cards.get(change.id);
    if (card) cards.set(change.id, { ...card, ...change });
    else if (isWhole(change)) cards.set(change.id, change); // somebody joined
  }
  return { ...roster, cards };
}

/** A change says only what is new; the card of somebody who has just joined says everything. */
const isWhole = (change: Partial<Card> & { id: string }): change is Card => change.name !== undefined && change.steps !== undefined;

export function standing(card: Card): Standing {
  if (card.help) return "help";
  if (card.finished !== null) return "finished";
  if (!card.connected) return "away";
  return card.stuck ? "stuck" : "working";
}

const urgency: readonly Standing[] = ["help", "stuck", "working", "finished", "away"];

export function inOrder(roster: Roster, order: Order): Card[] {
  const byName = (a: Card, b: Card): number => a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1);
  const byNeed = (a: Card, b: Card): number => urgency.indexOf(standing(a)) - urgency.indexOf(standing(b)) || waitingSince(a) - waitingSince(b);
  const byStep = (a: Card, b: Card): number => a.step - b.step;
  const compare = { needs: byNeed, step: byStep, name: () => 0 }[order];
  return [...roster.cards.values()].sort((a, b) => compare(a, b) || byName(a, b));
}

/** Whoever has waited longest comes first; for the others the name decides. */
function waitingSince(card: Card): number {
  if (card.help) return card.help.at;
  return standing(card) === "stuck" ? (card.stepSince ?? 0) : 0;
}

export interface Summary { readonly asking: number; readonly stuck: number; readonly connected: number; readonly all: number; readonly perStep: readonly number[] }

export function summary(roster: Roster, steps: number): Summary {
  const cards = [...roster.cards.values()];
  const count = (test: (card: Card) => boolean): number => cards.filter(test).length;
  return {
    asking: count(({ help }) => help !== null),
    stuck: count((card) => standing(card) === "stuck"),
    connected: count(({ connected }) => connected),
    all: cards.length,
    perStep: Array.from({ length: steps }, (_, i) => count(({ step, started }) => step === i + 1 && started !== null)),
  };
}

/** What the foot of a card says. */
export function footWords(card: Card, now: number): string {
  if (card.help) return `Asked ${duration(now - card.help.at)} ago`;
  if (card.finished !== null) return card.started === null ? "Finished" : `Finished in ${duration(card.finished - card.started)}`;
  if (card.started === null) return "Not joined yet";
  if (!card.connected) return "Not connected";
  if (card.stuck) return card.stepSince === null ? "No progress" : `No progress for ${duration(now - card.stepSince)}`;
  return card.last || "Reading";
}

/** "20 s", "4 min", "2 h 5 min". */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export const isCommand = (text: string): boolean => /^(kubectl|k|cat|ls|watch|helm|grep|echo|cd|rm|cp|mv|mkdir|alias|export|\$)\b/.test(text);

/** Seconds spent in each step so far, the present one included. */
export function stepSeconds(card: Card, now: number): number[] {
  const past = card.stepTimes.slice(0, card.step - 1);
  if (card.finished !== null) return [...card.stepTimes];
  return card.stepSince === null ? past : [...past, Math.max(0, (now - card.stepSince) / 1000)];
}

/** The mean of those who are through with a step; null when nobody is. */
export function meanSeconds(roster: Roster, step: number): number | null {
  const times = [...roster.cards.values()].filter((card) => card.step > step || card.finished !== null).flatMap((card) => card.stepTimes[step - 1] ?? []);
  return times.length === 0 ? null : times.reduce((sum, time) => sum + time, 0) / times.length;
}

/** A card for a screen reader: its drawing in one sentence. */
export function spoken(card: Card, now: number): string {
  return `${card.name}, step ${card.step} of ${card.steps}, ${footWords(card, now)}${card.picture ? `, ${pictureWords(card.picture)}` : ""}`;
}

const phaseWords: readonly (readonly [string, string])[] = [["R", "running"], ["P", "pending"], ["C", "starting"], ["F", "failing"], ["T", "terminating"], ["U", "unknown"]];

export function pictureWords({ nodes, declared }: NonNullable<Card["picture"]>): string {
  const slots = nodes.map(([, , text]) => text).join("");
  const pending = declared.join("").split("P").length - 1;
  const counts = phaseWords.map(([letter, word]) => [letter === "P" ? pending : slots.split(letter).length - 1, word] as const);
  const down = nodes.filter(([, ok]) => !ok).map(([name]) => `${name} not ready`);
  return [...down, ...counts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`)].join(", ") || "no pods";
}
