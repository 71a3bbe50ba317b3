/**
 * htmx by the site's rules: nothing evaluated, no inline styles, the CSRF token on each request, form errors (422) swapped in,
 * and a failed request said in words in a corner of the page.
 */
import type htmx from "htmx.org";

export type Htmx = typeof htmx;
type Failure = CustomEvent<{ xhr?: XMLHttpRequest }>;

const shownFor = 8000;
const sentences: Record<number, string> = {
  0: "The server cannot be reached. Nothing was changed.",
  403: "You may not do that here. Sign in again and retry.",
  404: "That no longer exists. Reload the page.",
  429: "Too many requests. Wait a moment and try again.",
};

export function configureHtmx(library: Htmx): void {
  library.config.allowEval = false;
  library.config.includeIndicatorStyles = false;
  library.config.responseHandling = [
    { code: "204", swap: false },
    { code: "[23]..", swap: true },
    { code: "422", swap: true, error: false },
    { code: "[45]..", swap: false, error: true },
  ];
  library.on("htmx:configRequest", (event) => {
    const { headers } = (event as CustomEvent<{ headers: Record<string, string> }>).detail;
    const token = csrfToken(document);
    if (token) headers["X-CSRFToken"] = token;
  });
  library.on("htmx:responseError", (event) => say((event as Failure).detail.xhr?.status ?? 0));
  library.on("htmx:sendError", () => say(0));
}

/** The token Django put into the page: a meta tag, or the hidden field of any form. */
export function csrfToken(page: ParentNode): string | null {
  const meta = page.querySelector<HTMLMetaElement>('meta[name="csrf-token"]');
  return meta?.content ?? page.querySelector<HTMLInputElement>('input[name="csrfmiddlewaretoken"]')?.value ?? null;
}

export function sentenceFor(status: number): string {
  return sentences[status] ?? `The server answered ${status}. Nothing was changed; try again.`;
}

function say(status: number): void {
  const notice = document.createElement("p");
  notice.className = "notice bad";
  notice.setAttribute("role", "alert");
  notice.textContent = sentenceFor(status);
  corner().append(notice);
  setTimeout(() => notice.remove(), shownFor);
}

function corner(): HTMLElement {
  const present = document.querySelector<HTMLElement>(".toasts");
  if (present) return present;
  const made = document.createElement("div");
  made.className = "toasts";
  document.body.append(made);
  return made;
}
