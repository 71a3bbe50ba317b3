/**
 * Native dialogs: `data-opens="<id>"` opens one, `data-closes` inside closes it, a click on the backdrop too.
 * Where a template says `hx-confirm`, the question is asked in a dialog of the site instead of the browser's; a form that the browser
 * sends itself asks with `data-confirm`.
 */
import type { Htmx } from "./requests";

export function openOnRequest(target: Element): void {
  const opener = target.closest<HTMLElement>("[data-opens]");
  const dialog = opener && document.getElementById(opener.dataset["opens"] ?? "");
  if (dialog instanceof HTMLDialogElement) dialog.showModal();
  if (target.closest("[data-closes]")) target.closest("dialog")?.close();
}

export function closeOnOutsideClick(target: Element): void {
  if (target instanceof HTMLDialogElement) target.close(); // only the backdrop belongs to the dialog element itself
  for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.menu[open]")) {
    if (!menu.contains(target)) menu.open = false;
  }
}

type ConfirmEvent = CustomEvent<{ question?: string; elt: HTMLElement; issueRequest(skip: boolean): void }>;

export function askBefore(htmx: Htmx): void {
  htmx.on("htmx:confirm", (event) => {
    const { question, elt, issueRequest } = (event as ConfirmEvent).detail;
    if (!question) return;
    event.preventDefault();
    ask(question, elt.dataset["confirmLabel"] ?? "Yes, go on", () => issueRequest(true));
  });
}

export function askBeforeSending(event: SubmitEvent): void {
  const form = event.target instanceof HTMLFormElement ? event.target : null;
  const question = form?.dataset["confirm"];
  if (!form || !question) return;
  event.preventDefault();
  ask(question, form.dataset["confirmLabel"] ?? "Yes, go on", () => form.submit());
}

function ask(question: string, yes: string, then: () => void): void {
  const dialog = document.createElement("dialog");
  const text = document.createElement("p");
  text.id = "confirm-question";
  text.textContent = question;
  dialog.setAttribute("aria-labelledby", text.id);
  const foot = document.createElement("div");
  foot.className = "foot";
  foot.append(button("Cancel", "btn", () => dialog.close()), button(yes, "btn pri", () => (dialog.close(), then())));
  dialog.append(text, foot);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function button(text: string, look: string, onClick: () => void): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.className = look;
  made.textContent = text;
  made.addEventListener("click", onClick);
  return made;
}
