/** The cards: one for each learner, their cluster drawn small, moved over with arrows. */
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { Clock, Hand, Tick } from "./bar";
import { step } from "./keys";
import type { Painter } from "./painter";
import { footWords, isCommand, spoken, standing, type Order, type Standing } from "./roster";
import type { Card } from "./types";
import type { WallState } from "./wall-state";

export interface GridProps {
  readonly wall: WallState;
  readonly painter: Painter;
  onWatch(card: Card): void;
  onHint(card: Card): void;
}

const orders: readonly (readonly [Order, string])[] = [["needs", "Needs you first"], ["step", "By step"], ["name", "By name"]];
const densities = [30, 60, 100] as const;
/** So small a class gets larger cards, whatever the density. */
const few = 9;

export function Tools({ wall }: { wall: WallState }): JSX.Element {
  return (
    <div class="wall-tools">
      <div class="seg" role="group" aria-label="Order">
        {orders.map(([order, label]) => <button type="button" key={order} aria-pressed={wall.order.value === order} onClick={() => void (wall.order.value = order)}>{label}</button>)}
      </div>
      <div class="seg" role="group" aria-label="Cards in view">
        {densities.map((density) => <button type="button" key={density} aria-pressed={wall.density.value === density} onClick={() => void (wall.density.value = density)}>{density}</button>)}
      </div>
      <span class="sp" />
      <span id="wall-keys">Arrow keys move, Enter watches, H sends a hint</span>
    </div>
  );
}

export function Grid(props: GridProps): JSX.Element {
  const { wall } = props;
  const list = useRef<HTMLUListElement>(null);
  const cards = wall.cards.value;
  useKeptFocus(list, cards);
  return (
    <ul class={`wall-grid of-${cards.length <= few ? "few" : wall.density.value}`} ref={list} aria-describedby="wall-keys" onKeyDown={(event) => onKey(event, props)}>
      {cards.map((card, i) => <CardItem key={card.id} card={card} tabbable={wall.selected.value === null ? i === 0 : wall.selected.value === card.id} {...props} />)}
    </ul>
  );
}

/** A card that moves in the order loses the focus with its element; it gets it back. */
function useKeptFocus(list: { readonly current: HTMLUListElement | null }, cards: readonly Card[]): void {
  const focused = useRef<string | null>(null);
  const active = list.current?.contains(document.activeElement) ? (document.activeElement as HTMLElement).dataset["card"] : undefined;
  focused.current = active ?? null;
  useLayoutEffect(() => {
    if (focused.current !== null && document.activeElement === document.body) cardElement(list.current, focused.current)?.focus();
  }, [cards]);
}

function onKey(event: JSX.TargetedKeyboardEvent<HTMLUListElement>, { wall, onHint, onWatch }: GridProps): void {
  const card = wall.selectedCard.value;
  if (!card || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key.toLowerCase() === "h") {
    event.preventDefault();
    return onHint(card);
  }
  if (event.key === "Enter") {
    event.preventDefault();
    return onWatch(card);
  }
  const cards = wall.cards.value;
  const to = step(event.key, cards.findIndex(({ id }) => id === card.id), cards.length, columnsOf(event.currentTarget));
  const next = to === null ? undefined : cards[to];
  if (!next) return;
  event.preventDefault();
  cardElement(event.currentTarget, next.id)?.focus();
}

const columnsOf = (list: HTMLElement): number => getComputedStyle(list).gridTemplateColumns.split(" ").length;
const cardElement = (list: ParentNode | null, id: string): HTMLElement | null => list?.querySelector(`[data-card="${CSS.escape(id)}"]`) ?? null;

const icons: Partial<Record<Standing, () => JSX.Element>> = { help: Hand, stuck: Clock, finished: Tick };

function CardItem({ card, tabbable, wall, painter }: GridProps & { card: Card; tabbable: boolean }): JSX.Element {
  const state = standing(card);
  const selected = wall.selected.value === card.id;
  const words = footWords(card, wall.now.value);
  const Icon = icons[state];
  return (
    <li class={`learner ${state}${selected ? " selected" : ""}`}>
      <button
        type="button" data-card={card.id} tabIndex={tabbable ? 0 : -1} aria-pressed={selected} aria-label={spoken(card, wall.now.value)}
        onFocus={() => void (wall.selected.value = card.id)} onClick={() => void (wall.selected.value = card.id)}
      >
        <span class="who"><span>{card.name}</span><span class="at">{card.step}/{card.steps}</span></span>
        <MiniCanvas card={card} painter={painter} />
        <span class="foot" title={words}>{Icon && <Icon />}<span class={state === "working" && isCommand(words) ? "mono" : ""}>{words}</span></span>
      </button>
    </li>
  );
}

export function MiniCanvas({ card, painter, large = false }: { card: Card; painter: Painter; large?: boolean }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current;
    return () => void (element && painter.forget(element));
  }, [painter]);
  useEffect(() => void (canvas.current && painter.show(canvas.current, card.picture, large)), [card.picture, large, painter]);
  return <canvas ref={canvas} class="mini" data-of={card.id} aria-hidden="true" />;
}
