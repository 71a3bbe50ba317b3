/**
 * Draws the view by namespace: panels in the namespace's tint, a card for each workload, its containers beside it.
 *
 * Promise: the same cards and containers as on the quay, so nothing has to be learnt twice.
 */
import type { NamespacesLayout } from "../scene/namespaces";
import { CardBox } from "./declared";
import type { QuayLooks } from "./quay";
import { Tile } from "./tile";

export function NamespaceChart({ layout, looks }: { layout: NamespacesLayout; looks: QuayLooks }) {
  return (
    <g>
      {layout.places.map(({ zone, rect, rows, loose }) => (
        <g key={zone.uid}>
          <g class="thing" data-uid={zone.uid}>
            <rect {...box(rect)} rx="10" stroke-width="1.2" stroke-opacity=".55" style={`fill:var(--ns${zone.tint});stroke:var(--ns${zone.tint}-m)`} />
            <rect x={rect.x + 12} y={rect.y + 8} width="9" height="9" rx="2" style={`fill:var(--ns${zone.tint}-m)`} />
            <text class="t-b" x={rect.x + 27} y={rect.y + 16.5} style={`fill:var(--ns${zone.tint}-m)`}>{zone.name}</text>
            {zone.cards.length === 0 && rows.length === 0 ? <text class="t-k" x={rect.x + 14} y={rect.y + 44}>Nothing declared here yet.</text> : null}
            {looks.selected === zone.uid ? <rect class="ring" x={rect.x - 4} y={rect.y - 4} width={rect.w + 8} height={rect.h + 8} rx="13" /> : null}
          </g>
          {loose.map(({ card, rect: at }) => <CardBox key={card.uid} card={card} {...at} hot={looks.hot.has(card.uid)} selected={looks.selected === card.uid} />)}
          {rows.map(({ card, rect: at, pods, more }) => (
            <g key={card?.uid ?? "loose"}>
              {card ? <CardBox card={card} {...at} h={50} hot={looks.hot.has(card.uid)} selected={looks.selected === card.uid} /> : <text class="t-k" x={at.x + 4} y={at.y + 30}>Pods without an owner</text>}
              {more > 0 ? <text class="t-k" x={at.x + at.w + 14} y={at.y + at.h - 4}>and {more} more</text> : null}
              {pods.map(({ pod, rect: tile }) => (
                <Tile key={pod.uid} pod={pod} {...tile} plinth={false} density={0} tint={zone.tint} hot={looks.hot.has(pod.uid)} selected={looks.selected === pod.uid} />
              ))}
            </g>
          ))}
        </g>
      ))}
    </g>
  );
}

function box({ x, y, w, h }: { x: number; y: number; w: number; h: number }) {
  return { x, y, width: w, height: h };
}
