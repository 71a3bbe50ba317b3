/** Objects named in the text: a click selects one on the stage, the selected one is marked in the text, and each has its namespace's tint. */
import type { LabContext } from "../lab-context";
import { lookUp, rows } from "../protocol/store";
import { tintsOf } from "../scene/model";

export function chipClicked(target: EventTarget | null, ctx: LabContext): void {
  const chip = target instanceof Element ? target.closest<HTMLElement>("button.chip[data-name]") : null;
  if (!chip) return;
  const uid = uidOf(chip, ctx);
  if (uid) ctx.select(uid);
  else ctx.announce(`${chip.dataset["name"]} is not there now`);
}

export function markChips(root: ParentNode, ctx: LabContext, selected: string | null): void {
  const tints = tintsOf(rows(ctx.state.peek(), "Namespace"));
  for (const chip of root.querySelectorAll<HTMLElement>("button.chip[data-name]")) {
    const uid = uidOf(chip, ctx);
    const on = selected !== null && uid === selected;
    const tint = tints.get(chip.dataset["ns"] || (uid === null ? "" : lookUp(ctx.state.peek(), uid)?.row.ns ?? ""));
    if (tint) chip.dataset["tint"] = String(tint);
    else delete chip.dataset["tint"];
    chip.classList.toggle("on", on);
    chip.setAttribute("aria-pressed", String(on));
  }
}

function uidOf({ dataset }: HTMLElement, ctx: LabContext): string | null {
  return ctx.find(dataset["kind"] ?? "", dataset["name"] ?? "", dataset["ns"] || undefined);
}
