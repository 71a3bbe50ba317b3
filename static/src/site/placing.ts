/**
 * Things to be put into boxes (`data-placing`): dragged with mouse, pen or finger, or chosen in the list that each thing has.
 *
 * Promise: the lists are the truth and what the form sends; where a thing lies follows from its list. Without this script the lists alone do.
 */

interface Drag { thing: HTMLElement; pointer: number; fromX: number; fromY: number }

let drag: Drag | null = null;

export function startPlacing(document: Document): void {
  document.addEventListener("change", ({ target }) => {
    const thing = target instanceof HTMLSelectElement ? target.closest<HTMLElement>("[data-thing]") : null;
    if (thing) settle(thing);
  });
  document.addEventListener("pointerdown", lift);
  document.addEventListener("pointermove", carry);
  document.addEventListener("pointerup", (event) => { drop(event); });
  document.addEventListener("pointercancel", () => { putDown(); });
}

/** Moves a thing into the box that its list names. What was said about its former place is no longer true. */
function settle(thing: HTMLElement): void {
  const box = thing.closest("[data-placing]")?.querySelector(`[data-place="${listOf(thing)?.value ?? ""}"]`);
  thing.classList.remove("right", "wrong");
  thing.querySelector(".verdict")?.remove();
  const focused = thing.contains(document.activeElement) ? document.activeElement as HTMLElement : null;
  (box?.querySelector(":scope > ul") ?? box)?.append(thing);
  focused?.focus();
}

function lift(event: PointerEvent): void {
  const target = event.target instanceof Element ? event.target : null;
  const thing = target?.closest<HTMLElement>("[data-placing] [data-thing]");
  if (!thing || event.button !== 0 || target?.closest("select, .verdict")) return;
  event.preventDefault();
  drag = { thing, pointer: event.pointerId, fromX: event.clientX, fromY: event.clientY };
  thing.classList.add("lifted");
}

function carry(event: PointerEvent): void {
  if (!drag || event.pointerId !== drag.pointer) return;
  drag.thing.style.transform = `translate(${event.clientX - drag.fromX}px, ${event.clientY - drag.fromY}px)`;
  const over = placeUnder(event);
  for (const box of boxesOf(drag.thing)) box.classList.toggle("over", box === over);
}

function drop(event: PointerEvent): void {
  if (!drag || event.pointerId !== drag.pointer) return;
  const { thing } = drag;
  const over = placeUnder(event);
  putDown();
  const list = listOf(thing);
  if (!over || !list || over.closest("[data-placing]") !== thing.closest("[data-placing]")) return;
  list.value = over.dataset["place"] ?? "";
  settle(thing);
}

function putDown(): void {
  if (!drag) return;
  const { thing } = drag;
  drag = null;
  thing.classList.remove("lifted");
  thing.style.transform = "";
  for (const box of boxesOf(thing)) box.classList.remove("over");
}

/** The innermost place below the pointer; what is carried lets the pointer through. */
function placeUnder(event: PointerEvent): HTMLElement | null {
  return document.elementFromPoint(event.clientX, event.clientY)?.closest<HTMLElement>("[data-place]") ?? null;
}

function boxesOf(thing: HTMLElement): HTMLElement[] {
  return [...thing.closest("[data-placing]")?.querySelectorAll<HTMLElement>("[data-place]") ?? []];
}

function listOf(thing: HTMLElement): HTMLSelectElement | null {
  return thing.querySelector("select");
}
