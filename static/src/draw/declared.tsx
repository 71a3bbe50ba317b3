/**
 * What people declared, above the waterline: zones for namespaces, and a card for each object in them.
 *
 * Promise: no text leaves its card. A workload's card counts its pods, one mark a pod while they fit, otherwise one bar by phase.
 */
import type { Card } from "../scene/model";
import type { Rect } from "../scene/measures";
import { fitText, textWidth } from "../scene/text";
import { kindLabel, KindSign, PHASES } from "./glyphs";
import { still } from "./still";

interface ZoneProps extends Rect { uid: string; name: string; tint: number; more: number; empty: boolean; selected: boolean }

export const ZoneFrame = still(({ uid, name, tint, more, empty, x, y, w, h, selected }: ZoneProps) => {
  const label = fitText(name, w - (more > 0 ? 96 : 46), 12.5);
  const room = w - 40 - textWidth(label, 12.5) - 12;
  return (
    <g class="thing" data-uid={uid}>
      <rect x={x} y={y} width={w} height={h} rx="10" stroke-width="1.2" stroke-opacity=".55" style={`fill:var(--ns${tint});stroke:var(--ns${tint}-m)`} />
      <rect x={x + 12} y={y + 8} width="9" height="9" rx="2" style={`fill:var(--ns${tint}-m)`} />
      <text class="t-b" x={x + 27} y={y + 16.5} style={`fill:var(--ns${tint}-m)`}>{label}</text>
      {room > 62 && more === 0 ? <text class="t-k" x={x + 27 + textWidth(label, 12.5) + 12} y={y + 16.5}>namespace</text> : null}
      {more > 0 ? <text class="t-k" x={x + w - 12} y={y + 16.5} text-anchor="end">+{more} more</text> : null}
      {empty ? <text class="t-k" x={x + 14} y={y + 50}>Nothing declared here yet.</text> : null}
      {selected ? <rect class="ring" x={x - 4} y={y - 4} width={w + 8} height={h + 8} rx="13" /> : null}
    </g>
  );
});

interface CardProps extends Rect { card: Card; hot: boolean; selected: boolean }

export const CardBox = still(({ card, x, y, w, h, hot, selected }: CardProps) => (
  <g class="thing" data-uid={card.uid}>
    <title>{`${card.kind} ${card.name}`}</title>
    <rect class={`card-box${hot ? " hot" : ""}`} x={x} y={y} width={w} height={h} rx="6" />
    <g transform={`translate(${x + 9},${y + 8})`}><KindSign kind={card.kind} /></g>
    <text class="t-k" x={x + 31} y={y + 16}>{fitText(kindLabel(card.kind), w - 34, 11)}</text>
    <text class="t-n" x={x + 31} y={y + 30}>{fitText(card.name, w - 36, 12)}</text>
    {card.pips ? <Pips pips={card.pips} x={x + 31} y={y + 36} room={w - 38} /> : <text class="t-m small" x={x + 31} y={y + 43.5}>{fitText(card.sub, w - 34, 10.2, "mono")}</text>}
    {selected ? <rect class="ring" x={x - 3.5} y={y - 3.5} width={w + 7} height={h + 7} rx="9" /> : null}
  </g>
));

type PipList = NonNullable<Card["pips"]>;

/** One mark a pod while they fit; otherwise one bar, divided by phase. */
function Pips({ pips, x, y, room }: { pips: PipList; x: number; y: number; room: number }) {
  const count = textWidth(pips.count, 10.5, "mono") + 6;
  const total = pips.phases.length + pips.missing;
  const fits = total * 11 + count <= room;
  const end = fits ? total * 11 : Math.max(12, room - count);
  return (
    <g>
      {fits ? <PipRow pips={pips} x={x} y={y} /> : <PipBar pips={pips} x={x} y={y} w={end - 3} />}
      <text class="t-m count" x={x + end + 3} y={y + 7.8}>{pips.count}</text>
    </g>
  );
}

function PipRow({ pips, x, y }: { pips: PipList; x: number; y: number }) {
  return (
    <>
      {pips.phases.map((phase, i) => {
        const { token, dashed } = PHASES[phase];
        const style = phase === "Unknown" ? "fill:none;stroke:var(--ink-2)" : dashed ? `fill:none;stroke:var(--${token}-e)` : `fill:var(--${token});stroke:var(--${token}-e)`;
        return (
          <g key={i} transform={`translate(${x + i * 11},${y})`}>
            <rect width="8.4" height="8.4" rx="2" style={style} stroke-width={dashed ? 1.4 : 1} stroke-dasharray={dashed ? "2 1.6" : undefined} />
            {phase === "Failing" ? <path d="M2.2 2.2l4 4M6.2 2.2l-4 4" style="stroke:var(--failed-g)" stroke-width="1.3" /> : null}
            {phase === "Succeeded" ? <path d="M1.9 4.4l1.7 1.7 3-3.6" fill="none" style="stroke:var(--done-g)" stroke-width="1.2" /> : null}
          </g>
        );
      })}
      {Array.from({ length: pips.missing }, (_, i) => (
        <rect key={`missing-${i}`} class="pip-missing" x={x + (pips.phases.length + i) * 11} y={y} width="8.4" height="8.4" rx="2" />
      ))}
    </>
  );
}

const BAR_ORDER = ["Running", "Succeeded", "Creating", "Pending", "Failing", "Terminating", "Unknown"] as const;

function PipBar({ pips, x, y, w }: { pips: PipList; x: number; y: number; w: number }) {
  const total = Math.max(1, pips.phases.length + pips.missing);
  let from = x;
  return (
    <>
      <rect class="pip-missing" x={x} y={y} width={w} height="8.4" rx="2" />
      {BAR_ORDER.map((phase) => {
        const width = (pips.phases.filter((one) => one === phase).length / total) * w;
        if (width === 0) return null;
        const left = from;
        from += width;
        return <rect key={phase} x={left} y={y} width={width} height="8.4" rx="1.5" style={phase === "Unknown" ? "fill:var(--ink-3)" : `fill:var(--${PHASES[phase].token})`} />;
      })}
    </>
  );
}
