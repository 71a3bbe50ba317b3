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
  readonly lesson: { readonly title: string; readonly steps: readonly string[] } | null;
  readonly openedAt: number;
  readonly open: boolean;
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
  readonly picture: Picture | null;
}

/** A cluster in short: one character a pod (`R P C F S T U`, `.` empty) for each node, and for each thing declared. */
export interface Picture {
  readonly nodes: readonly (readonly [name: string, ok: boolean, slots: string])[];
  readonly declared: readonly string[];
}

export type WallFrame =
  | { readonly t: "wall"; readonly class: Partial<WallClass>; readonly cards: readonly Card[] }
  | { readonly t: "cards"; readonly cards: readonly (Partial<Card> & { readonly id: string })[] }
  | { readonly t: "problem"; readonly code: string; readonly message: string }
  | { readonly t: "bye"; readonly reason: string };

export type WallMessage =
  | { readonly t: "view"; readonly ids: readonly string[] }
  | { readonly t: "hint"; readonly id: string; readonly text: string }
  | { readonly t: "answered"; readonly id: string };
