/** Objects named in the text: a click selects one on the stage, and the selected one is marked in the text. */
import type { LabContext } from "../lab-context";

export function chipClicked(target: EventTarget | null, ctx: LabContext): void {
  const chip = target instanceof Element ? target.closest<HTMLElement>("button.chip[data-name]") : null;
  if (!chip) return;
  const uid = uidOf(chip, ctx);
  if (uid) ctx.select(uid);
  else ctx.announce(`${chip.dataset["name"]} is not there now`);
}

export function markChips(root: ParentNode, ctx: LabContext, selected: string | null): void {
  for (const chip of root.querySelectorAll<HTMLElement>("button.chip[data-name]")) {
    const on = selected !== null && uidOf(chip, ctx) === selected;
    chip.classList.toggle("on", on);
    chip.setAttribute("aria-pressed", String(on));
  }
}

function uidOf({ dataset }: HTMLElement, ctx: LabContext): string | null {
  return ctx.find(dataset["kind"] ?? "", dataset["name"] ?? "", dataset["ns"] || undefined);
}
