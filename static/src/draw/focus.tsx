/**
 * Draws one pod large: its owners above the waterline, itself on its node below, the services that reach it at the side.
 *
 * Promise: every fact is in words as well; only traffic is blue.
 */
import type { FocusCard, FocusLayout } from "../scene/focus";
import { fitText } from "../scene/text";
import { kindLabel, KindSign, PHASES, Sign } from "./glyphs";
import { Ground } from "./ground";
import type { QuayLooks } from "./quay";
import { waitOf, WaitBar } from "./wait-bar";

export function PodFocus({ layout, looks }: { layout: FocusLayout; looks: QuayLooks }) {
  const { pod, box, owners, services } = layout;
  return (
    <g>
      <Ground waterline={layout.waterline} />
      {pod === null ? <text class="t-b" x={layout.width / 2} y="260" text-anchor="middle">No pod to look at yet.</text> : null}
      {owners.map((card, i) => <Owner key={card.uid} card={card} next={owners[i + 1]?.rect.x ?? null} selected={looks.selected === card.uid} />)}
      {pod && owners.length > 0 ? <path class="mooring solid" d={`M${owners.at(-1)!.rect.x + 80} 160V${box.y}`} /> : null}
      {pod ? <Berth layout={layout} /> : null}
      {services.map((card) => (
        <g key={card.uid}>
          <path class={card.sub.startsWith("sends") ? "lane" : "lane cut"} marker-end={card.sub.startsWith("sends") ? "url(#arrow-traffic)" : undefined} d={`M${card.rect.x + card.rect.w} ${card.rect.y + 25}H${box.x - 3}`} />
          <FocusBox card={card} selected={looks.selected === card.uid} />
        </g>
      ))}
      {pod ? <PodBox layout={layout} selected={looks.selected === pod.uid} /> : null}
    </g>
  );
}

function Owner({ card, next, selected }: { card: FocusCard; next: number | null; selected: boolean }) {
  return (
    <g>
      {next === null ? null : <path class="mooring solid" d={`M${card.rect.x + card.rect.w} ${card.rect.y + 25}H${next}`} />}
      <FocusBox card={card} selected={selected} />
    </g>
  );
}

function FocusBox({ card: { uid, kind, name, sub, rect }, selected }: { card: FocusCard; selected: boolean }) {
  return (
    <g class="thing" data-uid={uid}>
      <rect class="card-box" x={rect.x} y={rect.y} width={rect.w} height={rect.h} rx="6" />
      <g transform={`translate(${rect.x + 9},${rect.y + 8})`}><KindSign kind={kind} /></g>
      <text class="t-k" x={rect.x + 31} y={rect.y + 16}>{kindLabel(kind)}</text>
      <text class="t-n" x={rect.x + 31} y={rect.y + 30}>{fitText(name, rect.w - 36, 12)}</text>
      <text class="t-k" x={rect.x + 31} y={rect.y + 43.5}>{sub}</text>
      {selected ? <rect class="ring" x={rect.x - 3.5} y={rect.y - 3.5} width={rect.w + 7} height={rect.h + 7} rx="9" /> : null}
    </g>
  );
}

function Berth({ layout: { node, pod } }: { layout: FocusLayout }) {
  const { row, rect } = node;
  const lost = row !== null && row.ready !== "True";
  return (
    <g class="thing" data-uid={row?.uid}>
      <rect class="rack-shadow" x={rect.x + 2} y={rect.y + 3} width={rect.w} height={rect.h} rx="9" />
      <rect class={`rack-box${lost ? " lost" : ""}`} x={rect.x} y={rect.y} width={rect.w} height={rect.h} rx="9" stroke-dasharray={row ? undefined : "5 4"} />
      {lost ? <rect x={rect.x} y={rect.y + 28} width={rect.w} height={rect.h - 28} rx="8" fill="url(#hatch)" /> : null}
      <text class="t-b" x={rect.x + 16} y={rect.y + 22}>{row?.name ?? (pod!.node || "in the scheduler's queue")}</text>
      {lost ? <text class="t-s bad" x={rect.x + rect.w - 14} y={rect.y + 22} text-anchor="end">NotReady</text> : null}
    </g>
  );
}

function PodBox({ layout: { box, pod: shown }, selected }: { layout: FocusLayout; selected: boolean }) {
  const pod = shown!;
  const { token, dashed, words } = PHASES[pod.phase];
  const unknown = token === "unknown";
  const wait = waitOf(pod);
  const facts: [string, string][] = [
    ["status", pod.status || words], ["image", pod.image || "unknown"], ["address", pod.ip || "none yet"],
    ["ready", `${pod.ready[0]} of ${pod.ready[1]}`], ["restarts", String(pod.restarts)], ...(pod.why ? [["why", pod.why] as [string, string]] : []),
  ];
  return (
    <g class="thing" data-uid={pod.uid}>
      <rect x={box.x} y={box.y} width={box.w} height={box.h} rx="8" stroke-width="2" stroke-dasharray={dashed ? "6 4" : undefined}
        style={unknown ? "fill:var(--done-s);stroke:var(--ink-2)" : `fill:var(--${token}-s);stroke:var(--${token}-e)`} />
      <path d={`M${box.x + 8} ${box.y}h56v${box.h}h-56a8 8 0 0 1 -8 -8v${-(box.h - 16)}a8 8 0 0 1 8 -8z`} style={unknown ? "fill:var(--sunken)" : `fill:var(--${token})`} />
      <g transform={`translate(${box.x + 11},${box.y + box.h / 2 - 21}) scale(3)`}><Sign phase={pod.phase} ink={unknown ? "var(--ink-2)" : `var(--${token}-g)`} /></g>
      <text class="t-focus" x={box.x + 82} y={box.y + 32}>{fitText(pod.name, box.w - 96, 16)}</text>
      {facts.map(([label, value], i) => (
        <g key={label}>
          <text class="t-k" x={box.x + 82} y={box.y + 58 + i * 21}>{label}</text>
          <text class="t-m" x={box.x + 150} y={box.y + 58 + i * 21}>{fitText(value, box.w - 164, 11, "mono")}</text>
        </g>
      ))}
      {wait === null ? null : <WaitBar wait={wait} x={box.x + 82} y={box.y + box.h - 12} w={box.w - 100} h={5} token={token} />}
      {selected ? <rect class="ring" x={box.x - 5} y={box.y - 5} width={box.w + 10} height={box.h + 10} rx="12" /> : null}
    </g>
  );
}
