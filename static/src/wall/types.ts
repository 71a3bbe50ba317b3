/** What the wall's page and its socket carry (docs/architecture.md, sections 2.4 and 3). Times are epoch milliseconds. */
export interface WallBoot {
  readonly class: WallClass;
  readonly ws: string;
  readonly csrf: string;
  /** The address of a learner's lab, with `{lab}` in place of its id. */
  readonly lab: string;
}

export interface WallClass {
  readonly id: string;
  readonly name: string;
  readonly code: string;
  readonly joinUrl: string;
  readonly lesson: { readonly title: string; readonly steps: readonly string[]; readonly ids: readonly string[] } | null;
  readonly openedAt: number;
  readonly open: boolean;
  /** Every learner's clock is held. */
  readonly paused: boolean;
  /** The cluster the class follows. */
  readonly presented: { readonly id: string; readonly name: string; readonly url: string } | null;
}

export interface Card {
  readonly id: string;
  readonly lab: string | null;
  readonly name: string;
  readonly connected: boolean;
  /** Counts from 1. */
  readonly step: number;
  readonly steps: number;
  readonly stepSince: number | null;
  readonly started: number | null;
  readonly finished: number | null;
  readonly stepTimes: readonly number[];
  readonly help: { readonly text: string; readonly at: number } | null;
  readonly stuck: boolean;
  readonly last: string;
  /** The newest commands with what came of them, oldest first. */
  readonly recent?: readonly Deed[];
  readonly picture: Picture | null;
}

export interface Deed { readonly text: string; readonly ok: boolean; readonly said: string }

/** A cluster in short: one character a pod (`R P C F S T U`, `.` empty) for each node, and for each thing declared. */
export interface Picture {
  readonly nodes: readonly (readonly [name: string, ok: boolean, slots: string])[];
  readonly declared: readonly string[];
}

export type WallFrame =
  | { readonly t: "wall"; readonly class: Partial<WallClass>; readonly cards: readonly Card[] }
  | { readonly t: "cards"; readonly cards: readonly (Partial<Card> & { readonly id: string })[] }
  | { readonly t: "class"; readonly class: Partial<WallClass> }
  | { readonly t: "points"; readonly steps: readonly string[] }
  | { readonly t: "own"; readonly clusters: readonly { readonly id: string; readonly name: string }[] }
  | { readonly t: "said"; readonly text: string }
  | { readonly t: "problem"; readonly code: string; readonly message: string }
  | { readonly t: "bye"; readonly reason: string };

export type WallMessage =
  | { readonly t: "view"; readonly ids: readonly string[] }
  | { readonly t: "hint"; readonly id: string; readonly text: string }
  | { readonly t: "answered"; readonly id: string }
  | { readonly t: "points" }
  | { readonly t: "own" }
  | { readonly t: "pause"; readonly on: boolean }
  | { readonly t: "bring"; readonly step: string; readonly id: string | null }
  | { readonly t: "present"; readonly cluster: string | null };
