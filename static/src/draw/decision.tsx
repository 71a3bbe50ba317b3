/**
 * The scheduler's decision, laid over the racks while its message is looked at: who was filtered out and why, who scored what, who won.
 *
 * Promise: says only what the scheduler recorded for this pod. The winner is framed, the others dimmed or numbered, each in words.
 */
import type { Scheduling } from "../protocol/shapes";
import type { QuayLayout } from "../scene/layout";
import type { Rect } from "../scene/measures";
import { fitText, textWidth } from "../scene/text";

export function DecisionLayer({ layout, decision }: { layout: QuayLayout; decision: Scheduling }) {
  const refusals = new Map(decision.rejected.flatMap(({ nodes, reasons }) => nodes.map((node): [string, string] => [node, reasons.join("; ")])));
  const points = new Map(decision.fits.flatMap(({ nodes, total }) => nodes.map((node): [string, string] => [node, total === null ? "fits" : `${total} points`])));
  return (
    <g class="decision-layer">
      {layout.racks.map(({ node, rect }) => (
        <g key={node.uid}>
          {refusals.has(node.name) ? <Refused rect={rect} reason={refusals.get(node.name)!} /> : null}
          {points.has(node.name) ? <Badge rect={rect} words={points.get(node.name)!} won={node.name === decision.node} /> : null}
        </g>
      ))}
    </g>
  );
}

function Refused({ rect, reason }: { rect: Rect; reason: string }) {
  return (
    <>
      <rect class="veil" x={rect.x} y={rect.y} width={rect.w} height={rect.h} rx="9" />
      <Plate rect={rect} words={reason} y={rect.y + rect.h / 2 - 10} />
    </>
  );
}

function Badge({ rect, words, won }: { rect: Rect; words: string; won: boolean }) {
  return (
    <>
      {won ? <rect class="ring" x={rect.x - 4.5} y={rect.y - 4.5} width={rect.w + 9} height={rect.h + 9} rx="13" /> : null}
      <Plate rect={rect} words={won ? `chosen: ${words}` : words} y={rect.y + rect.h - 26} />
    </>
  );
}

function Plate({ rect, words, y }: { rect: Rect; words: string; y: number }) {
  const shown = fitText(words, rect.w - 24, 11);
  const w = Math.min(rect.w - 8, textWidth(shown, 11) + 16);
  return (
    <>
      <title>{words}</title>
      <rect class="plate" x={rect.x + (rect.w - w) / 2} y={y} width={w} height="20" rx="5" />
      <text class="t-s" x={rect.x + rect.w / 2} y={y + 14} text-anchor="middle">{shown}</text>
    </>
  );
}
