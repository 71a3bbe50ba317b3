/**
 * Loaded by every page: the site's look, htmx with the site's rules, the theme switch, dialogs and small conveniences.
 *
 * Everything here works on attributes in the page, so templates need no script of their own:
 * `data-theme-switch`, `data-opens="<dialog id>"`, `data-closes`, `data-copy="<text>"`, `data-pick` (select the text on focus),
 * `data-confirm="<question>"` on a form, `data-unfolds="<details id>"` on a choice that needs what is folded away, `data-placing` (things to put into boxes).
 * Without this script every page still works by plain links and forms.
 */
import "./site.css";
import htmx from "htmx.org";
import { copyText } from "./site/clipboard";
import { askBefore, askBeforeSending, closeOnOutsideClick, openOnRequest } from "./site/dialogs";
import { configureHtmx } from "./site/requests";
import { startThemeSwitch } from "./site/theme";

configureHtmx(htmx);
askBefore(htmx);
startThemeSwitch(document);
if (document.querySelector("[data-placing]")) void import("./site/placing").then(({ startPlacing }) => startPlacing(document));

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  if (!target) return;
  openOnRequest(target);
  closeOnOutsideClick(target);
  void copyText(target);
});

document.addEventListener("submit", askBeforeSending);

document.addEventListener("change", ({ target }) => {
  const chosen = target instanceof HTMLInputElement && target.checked ? target.dataset["unfolds"] : undefined;
  const folded = chosen === undefined ? null : document.getElementById(chosen);
  if (folded instanceof HTMLDetailsElement) folded.open = true;
});

document.addEventListener("focusin", ({ target }) => {
  if (target instanceof HTMLInputElement && target.dataset["pick"] !== undefined) target.select();
});
