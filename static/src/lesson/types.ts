/** A lesson as the lab page's boot data carries it (docs/architecture.md, section 3). All `html` is made safe by the server. */
export interface Lesson {
  readonly ref: string;
  readonly title: string;
  readonly track: { readonly title: string; readonly url: string };
  readonly minutesLeft: number;
  readonly finished: boolean;
  readonly steps: readonly Step[];
  readonly api: { readonly place: string; readonly step: string; readonly prediction: string; readonly hint: string };
}

export interface Step {
  readonly id: string;
  readonly title: string;
  readonly html: string;
  readonly figure: Figure | null;
  readonly question: Question | null;
  readonly checks: readonly Check[];
  readonly hints: Hints;
  readonly done: boolean;
}

export interface Question {
  readonly id: string;
  readonly ask: string;
  readonly options: readonly { readonly id: string; readonly html: string }[];
  readonly chosen: string | null;
  readonly right: boolean | null;
  readonly answer: string | null;
  readonly why: string | null;
}

export interface Check { readonly id: string; readonly html: string; readonly passed: boolean }
export interface Hints { readonly shown: readonly string[]; readonly total: number }
export interface Figure { readonly kind: string; readonly resource: string; readonly namespace: string; readonly name: string; readonly caption: string }

/** What the server says about the step being worked on. */
export interface StepNews {
  readonly step: string | number;
  readonly checks: readonly { readonly id: string; readonly passed: boolean; readonly say: string }[];
  readonly done: boolean;
  readonly question?: Question | null;
  readonly finished?: boolean;
}

export interface ClassPart {
  readonly id: string;
  readonly name: string;
  readonly instructor: string;
  readonly help: Help | null;
  readonly helpApi: string;
  readonly hints: readonly InstructorHint[];
}

export interface Help { readonly id: string | number; readonly text: string; readonly at: number }
export interface InstructorHint { readonly id: string | number; readonly from: string; readonly text: string; readonly at: number | string }
