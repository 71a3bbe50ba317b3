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

/** What is asked, with its question mark, and what would follow from it. The name of the thing is quoted, so that the question's end is found. */
export function splitQuestion(question: string): [asked: string, follows: string] {
  const end = question.indexOf("”? ");
  return end < 0 ? [question, ""] : [question.slice(0, end + 2), question.slice(end + 3)];
}

function ask(question: string, yes: string, then: () => void): void {
  const dialog = document.createElement("dialog");
  const [asked, follows] = splitQuestion(question);
  const foot = document.createElement("div");
  foot.className = "foot";
  foot.append(button("Cancel", "btn", () => dialog.close()), button(yes, "btn pri", () => (dialog.close(), then())));
  dialog.append(words("h2", asked), words("p", follows), foot);
  dialog.setAttribute("aria-labelledby", "confirm-h2");
  dialog.setAttribute("aria-describedby", "confirm-p");
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function words(tag: "h2" | "p", text: string): HTMLElement {
  const made = document.createElement(tag);
  made.id = `confirm-${tag}`;
  made.textContent = text;
  return made;
}

function button(text: string, look: string, onClick: () => void): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.className = look;
  made.textContent = text;
  made.addEventListener("click", onClick);
  return made;
}
