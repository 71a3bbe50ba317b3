/** Everything the wall shows, as signals; the only place that talks to the line. */
import { computed, signal } from "@preact/signals";
import { WallLine, type LineState } from "./line";
import { hear, inOrder, nobody, summary, type Order, type Roster } from "./roster";
import type { Card, WallBoot, WallClass, WallFrame } from "./types";

const tick = 5_000;
const saidFor = 6_000;

export class WallState {
  readonly roster = signal<Roster>(nobody);
  readonly connection = signal<LineState>("connecting");
  readonly order = signal<Order>("needs");
  readonly density = signal<30 | 60 | 100>(30);
  readonly selected = signal<string | null>(null);
  readonly now = signal(Date.now());
  /** One sentence about what happened to the last thing the instructor did. */
  readonly said = signal("");
  readonly theClass = signal<WallClass>({} as WallClass);
  readonly cards = computed(() => inOrder(this.roster.value, this.order.value));
  readonly steps = computed(() => this.theClass.value.lesson?.steps.length ?? Math.max(1, ...this.cards.value.map((card) => card.steps)));
  readonly summary = computed(() => summary(this.roster.value, this.steps.value));
  readonly selectedCard = computed<Card | null>(() => this.roster.value.cards.get(this.selected.value ?? "") ?? null);
  /** The steps that learners can be brought to; null before the server has found them out. */
  readonly points = signal<readonly string[] | null>(null);
  /** The instructor's own clusters; null before they have been fetched. */
  readonly own = signal<readonly { readonly id: string; readonly name: string }[] | null>(null);
  private readonly line: WallLine;

  constructor(readonly boot: WallBoot) {
    this.theClass.value = boot.class;
    const url = new URL(boot.ws, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    this.line = new WallLine(url.href, (frame) => this.hear(frame), (state) => void (this.connection.value = state));
  }

  start(): void {
    this.line.open();
    setInterval(() => void (this.now.value = Date.now()), tick);
  }

  watchUrl(card: Card): string | null {
    return card.lab === null ? null : this.boot.lab.replace("{lab}", card.lab);
  }

  inView(ids: readonly string[]): void {
    this.line.send({ t: "view", ids });
  }

  hint(card: Card, text: string): boolean {
    return this.tell(this.line.send({ t: "hint", id: card.id, text }), `The hint is on its way to ${card.name}.`);
  }

  answered(card: Card): boolean {
    return this.tell(this.line.send({ t: "answered", id: card.id }), `${card.name}’s question is marked as answered.`);
  }

  pauseAll(on: boolean): boolean {
    return this.tell(this.line.send({ t: "pause", on }), on ? "Every learner’s clock stands still." : "Every learner’s clock runs again.");
  }

  askForPoints(): void {
    if (this.points.peek() === null) this.line.send({ t: "points" });
  }

  /** Asked anew each time: a cluster may have been made meanwhile. */
  askForOwn(): void {
    this.own.value = null;
    this.line.send({ t: "own" });
  }

  bring(step: string, card: Card | null): boolean {
    return this.tell(this.line.send({ t: "bring", step, id: card?.id ?? null }), card ? `${card.name} is being brought there.` : "Everybody is being brought there.");
  }

  present(cluster: string | null): boolean {
    return this.tell(this.line.send({ t: "present", cluster }), cluster === null ? "The class is back at its own clusters." : "The class follows your cluster.");
  }

  /** Says one sentence for a few seconds, or until the next. */
  say(sentence: string): void {
    this.said.value = sentence;
    setTimeout(() => {
      if (this.said.peek() === sentence) this.said.value = "";
    }, saidFor);
  }

  private tell(sent: boolean, success: string): boolean {
    this.say(sent ? success : "Not connected: nothing was sent. Try again in a moment.");
    return sent;
  }

  private hear(frame: WallFrame): void {
    this.now.value = Date.now();
    if (frame.t === "problem") this.say(frame.message);
    else if (frame.t === "said") this.say(frame.text);
    else if (frame.t === "points") this.points.value = frame.steps;
    else if (frame.t === "own") this.own.value = frame.clusters;
    else if (frame.t === "class") this.theClass.value = { ...this.theClass.peek(), ...frame.class };
    else if (frame.t === "bye") this.say(frame.reason === "class-closed" ? "The class has been closed." : "The server has ended this connection. Reload the page.");
    else this.roster.value = hear(this.roster.peek(), frame);
    if (frame.t !== "wall") return;
    this.theClass.value = { ...this.theClass.peek(), ...frame.class };
    if (hasRoomBeside()) this.selected.value ??= this.cards.peek()[0]?.id ?? null;
  }
}

/** On a narrow screen the chosen learner covers the cards, so nobody is chosen unasked. */
const hasRoomBeside = (): boolean => matchMedia("(min-width: 861px)").matches;
