/**
 * The old picture while the new one comes: a dead copy of it that fades away over the stage.
 *
 * Promise: the copy can be neither clicked, found, focused nor read; it is gone after `FADE_MS`. Where little should move there is none.
 */

/** As long as the new picture takes to appear (`.scene` in lab.css). */
const FADE_MS = 150;

export function fadeOut(picture: Element | null): void {
  const stage = picture?.parentElement;
  if (!picture || !stage || picture.closest(".still") || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const copy = picture.cloneNode(true) as Element;
  copy.classList.add("leaving");
  copy.setAttribute("aria-hidden", "true");
  for (const name of ["role", "aria-label"]) copy.removeAttribute(name);
  for (const thing of copy.querySelectorAll("[data-uid]")) thing.removeAttribute("data-uid");
  copyPixels(picture, copy);
  stage.append(copy);
  setTimeout(() => copy.remove(), FADE_MS);
}

/** A copied canvas is empty. */
function copyPixels(from: Element, to: Element): void {
  const copies = to.querySelectorAll("canvas");
  from.querySelectorAll("canvas").forEach((canvas, i) => {
    if (canvas.width > 0 && canvas.height > 0) copies[i]?.getContext("2d")?.drawImage(canvas, 0, 0);
  });
}
