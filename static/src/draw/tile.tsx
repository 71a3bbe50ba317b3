/**
 * A pod as a shipping container: the block on the left is phase and sign, the edge on the right the namespace.
 *
 * Promise: the same tile in every chart. What a container waits for is a bar that moves with the time shown.
 */
import type { PodRow } from "../protocol/shapes";
import type { Rect } from "../scene/measures";
import type { Density, TilePlace } from "../scene/rack-places";
import { tileWords } from "../scene/model";
import { fitText, textWidth } from "../scene/text";
import { PHASES, Sign } from "./glyphs";
import type { QuayLooks } from "./quay";
import { still } from "./still";
import { waitOf, WaitBar } from "./wait-bar";

export function TileOf({ tile: { pod, rect, plinth }, density, looks }: { tile: TilePlace; density: Density; looks: QuayLooks }) {
  return <Tile pod={pod} {...rect} plinth={plinth} density={density} tint={looks.tints.get(pod.ns) ?? 1} hot={looks.hot.has(pod.uid)} selected={looks.selected === pod.uid} />;
}

interface TileProps extends Rect { pod: PodRow; plinth: boolean; density: Density; tint: number; hot: boolean; selected: boolean }

export const Tile = still((props: TileProps) => {
  const { pod, x, y, w, h, tint, hot, selected, density } = props;
  const { token, dashed } = PHASES[pod.phase];
  const soft = token === "unknown" ? "fill:var(--done-s);stroke:var(--ink-2)" : `fill:var(--${token}-s);stroke:var(--${token}-e)`;
  return (
    <g class={`thing tile ${token}`} data-uid={pod.uid} transform={`translate(${x},${y})`}>
      <title>{`Pod ${pod.name}, ${pod.status || pod.phase}`}</title>
      <g class="body">
        <rect class="shell" width={w} height={h} rx={density === 0 ? 4 : 2} stroke-width={hot ? 2 : 1.1} stroke-dasharray={dashed ? "3.5 2.5" : undefined} style={soft} />
        {density === 0 ? <Labelled {...props} token={token} /> : <Small {...props} token={token} />}
        <path d={`M${w - 4} .6h.4a3.6 3.6 0 0 1 3 3.6v${h - 8.4}a3.6 3.6 0 0 1 -3 3.6h-.4z`} style={`fill:var(--ns${tint}-m)`} />
        {hot ? <rect class="hot-ring" x="-3.5" y="-3.5" width={w + 7} height={h + 7} rx="7" /> : null}
        {selected ? <rect class="ring" x="-3.5" y="-3.5" width={w + 7} height={h + 7} rx="7" /> : null}
      </g>
    </g>
  );
});

function Labelled({ pod, w, h, plinth, token }: TileProps & { token: string }) {
  const ribs = Array.from({ length: Math.max(0, Math.floor((w - 28) / 6)) }, (_, k) => `M${25 + k * 6} 4v${h - 8}`).join("");
  const unknown = token === "unknown";
  const [app, tail] = tileWords(pod);
  const tailWidth = textWidth(tail, 9.8, "mono");
  const wait = waitOf(pod);
  return (
    <>
      <path d={ribs} opacity=".1" style={`stroke:var(--${unknown ? "done" : token}-e)`} />
      {unknown ? <rect x=".6" y=".6" width="18" height={h - 1.2} rx="3.4" style="fill:var(--sunken)" /> : <path d={`M4 0h15v${h}h-15a4 4 0 0 1 -4 -4v${-(h - 8)}a4 4 0 0 1 4 -4z`} style={`fill:var(--${token})`} />}
      <g transform={`translate(2.6,${h / 2 - 7})`}><Sign phase={pod.phase} ink={unknown ? "var(--ink-2)" : `var(--${token}-g)`} /></g>
      {plinth ? (
        <>
          <text class="t-p1" x="24" y={h / 2 + 4}>{fitText(app, w - 42 - (w > 100 ? tailWidth : 0), 10.8)}</text>
          {w > 100 ? <text class="t-p2" x={w - 9} y={h / 2 + 3.6} text-anchor="end">{tail}</text> : null}
        </>
      ) : (
        <>
          <text class="t-p1" x="22.5" y="14">{fitText(app, w - 27, 10.8)}</text>
          <text class="t-p2" x="22.5" y={wait === null ? 26 : 24.6}>{fitText(tail, w - 27, 9.8, "mono")}</text>
          {wait === null ? null : <WaitBar wait={wait} x={23} y={27.8} w={w - 31} h={2.2} token={token} />}
        </>
      )}
    </>
  );
}

function Small({ pod, w, h, token }: TileProps & { token: string }) {
  const unknown = token === "unknown";
  const size = Math.min(14, h - 1);
  return (
    <>
      <rect width={Math.min(w - 4, size + 4)} height={h} rx="2" style={unknown ? "fill:var(--sunken)" : `fill:var(--${token})`} />
      <g transform={`translate(${2},${h / 2 - size / 2}) scale(${size / 14})`}><Sign phase={pod.phase} ink={unknown ? "var(--ink-2)" : `var(--${token}-g)`} /></g>
    </>
  );
}
