/**
 * The theme: what the system says, or light, or dark. A cookie carries the choice, so the server renders the right one at once.
 * Canvases listen to `drydock:theme` on the document to draw again.
 */
export type Theme = "system" | "light" | "dark";

const order: readonly Theme[] = ["system", "light", "dark"];
const spoken: Record<Theme, string> = { system: "Theme: follow system", light: "Theme: light", dark: "Theme: dark" };
const oneYear = 31_536_000;

export function currentTheme(root: HTMLElement): Theme {
  const set = root.dataset["theme"];
  return set === "light" || set === "dark" ? set : "system";
}

export function nextTheme(theme: Theme): Theme {
  return order[(order.indexOf(theme) + 1) % order.length] ?? "system";
}

export function applyTheme(document: Document, theme: Theme): void {
  const root = document.documentElement;
  if (theme === "system") delete root.dataset["theme"];
  else root.dataset["theme"] = theme;
  document.cookie = `theme=${theme};path=/;max-age=${oneYear};samesite=lax`;
  for (const button of document.querySelectorAll("[data-theme-switch]")) label(button, theme);
  document.dispatchEvent(new CustomEvent<Theme>("drydock:theme", { detail: theme }));
}

/** Every `[data-theme-switch]` steps through the three; a change of the system's theme is announced too. */
export function startThemeSwitch(document: Document): void {
  for (const button of document.querySelectorAll("[data-theme-switch]")) label(button, currentTheme(document.documentElement));
  document.addEventListener("click", ({ target }) => {
    if (!(target instanceof Element) || !target.closest("[data-theme-switch]")) return;
    applyTheme(document, nextTheme(currentTheme(document.documentElement)));
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    document.dispatchEvent(new CustomEvent<Theme>("drydock:theme", { detail: currentTheme(document.documentElement) }));
  });
}

function label(button: Element, theme: Theme): void {
  button.setAttribute("aria-label", spoken[theme]);
  button.setAttribute("title", spoken[theme]);
}
