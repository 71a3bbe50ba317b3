/**
 * Nodes as racks on the quay: name and state on the head, requested CPU and memory below it, an empty slot for each pod that fits.
 *
 * Promise: a rack is hatched when the API says that its node is lost, not before; the power only shows at its plug. An unchanged rack
 * is not drawn again.
 */
import { useContext } from "preact/hooks";
import { agoText } from "../protocol/clock";
import type { NodeRow } from "../protocol/shapes";
import type { Rect } from "../scene/measures";
import type { RackPlace } from "../scene/rack-places";
import { fitText, textWidth } from "../scene/text";
import { still } from "./still";
import { ShownTime } from "./wait-bar";

export function Rack({ place: { node, rect, slots }, selected }: { place: RackPlace; selected: boolean }) {
  return <RackFrame node={node} {...rect} {...slotGrid(slots)} selected={selected} />;
}

interface SlotGrid { slots: number; columns: number; firstX: number; firstY: number; slotW: number; slotH: number; stepX: number; stepY: number }

/** The grid behind a list of slots, as plain numbers, so that an unchanged rack is seen to be unchanged. */
function slotGrid(slots: Rect[]): SlotGrid {
  const [first, second] = [slots[0], slots[1]];
  if (!first || !second) return { slots: 0, columns: 1, firstX: 0, firstY: 0, slotW: 0, slotH: 0, stepX: 0, stepY: 0 };
  const below = slots.findIndex((slot) => slot.y !== first.y);
  return {
    slots: slots.length, columns: below < 0 ? slots.length : below, firstX: first.x, firstY: first.y, slotW: first.w, slotH: first.h,
    stepX: second.x - first.x, stepY: below < 0 ? 0 : slots[below]!.y - first.y,
  };
}

interface RackProps extends Rect, SlotGrid { node: NodeRow; selected: boolean }

const RackFrame = still((props: RackProps) => {
  const { node, x, y, w, h, selected, slots, columns, firstX, firstY, slotW, slotH, stepX, stepY } = props;
  const lost = node.ready !== "True";
  const holes = Math.floor((h - 46) / 19);
  return (
    <g class="thing" data-uid={node.uid}>
      <title>{nodeTitle(node)}</title>
      <rect class="rack-shadow" x={x + 2} y={y + 3} width={w} height={h} rx="9" />
      <rect class={`rack-box${lost ? " lost" : ""}`} x={x} y={y} width={w} height={h} rx="9" />
      {[x + 1.6, x + w - 7.6].map((rail) => (
        <g key={rail}>
          <rect class="rail" x={rail} y={y + 44} width="6" height={h - 48} rx="2" />
          {Array.from({ length: holes }, (_, i) => <circle key={i} class="hole" cx={rail + 3} cy={y + 52 + i * 19} r="1.1" />)}
        </g>
      ))}
      {lost ? <rect x={x + 1} y={y + 46} width={w - 2} height={h - 47} rx="8" fill="url(#hatch)" /> : null}
      <rect class={`plug${lost ? " lost" : node.power ? "" : " off"}`} x={x + w / 2 - 9} y={y - 5} width="18" height="8" rx="2.5" />
      <NodeLamp x={x + 16} y={y + 17} lost={lost} />
      <text class="t-b" x={x + 27} y={y + 21.5}>{fitText(node.name, w - 40 - textWidth(nodeWord(node), 11), 12.5)}</text>
      <text class={lost ? "t-s bad" : "t-s"} x={x + w - 11} y={y + 21.5} text-anchor="end">{nodeWord(node)}</text>
      {lost ? <LastHeard at={node.heard} x={x + 11.5} y={y + 39} /> : <Gauges node={node} x={x + 11.5} y={y} w={(w - 23) / 2} />}
      {Array.from({ length: slots }, (_, i) => (
        <rect key={i} class="slot" x={firstX + (i % columns) * stepX} y={firstY + Math.floor(i / columns) * stepY} width={slotW} height={slotH} rx="4" opacity={lost ? 0.45 : 0.75} />
      ))}
      {selected ? <rect class="ring" x={x - 4.5} y={y - 4.5} width={w + 9} height={h + 9} rx="13" /> : null}
    </g>
  );
});

/** Counts on while the time shown passes. */
function LastHeard({ at, x, y }: { at: number | null; x: number; y: number }) {
  const now = useContext(ShownTime).value;
  return <text class="t-s bad" x={x} y={y}>{at === null ? "never heard" : `last heard ${agoText(now - at)}`}</text>;
}

function nodeWord(node: NodeRow): string {
  if (node.ready !== "True") return "NotReady";
  if (node.cordoned) return "cordoned";
  if (node.roles.includes("control-plane") && !node.name.includes("control-plane")) return "control plane";
  return node.zone === "" ? "" : /^zone/.test(node.zone) ? node.zone : `zone ${node.zone}`;
}

function nodeTitle(node: NodeRow): string {
  const state = node.ready === "True" ? "ready" : "not ready";
  return `Node ${node.name}, ${state}${node.cordoned ? ", cordoned" : ""}${node.power ? "" : ", no power"}`;
}

function NodeLamp({ x, y, lost }: { x: number; y: number; lost: boolean }) {
  return (
    <>
      <circle cx={x} cy={y} r="4.6" stroke-width="1.6" style={lost ? "fill:none;stroke:var(--failed-e)" : "fill:var(--running);stroke:var(--running-e)"} />
      {lost ? <path d={`M${x - 2} ${y - 2}l4 4m0-4l-4 4`} stroke-width="1.6" style="stroke:var(--failed-e)" /> : null}
    </>
  );
}

function Gauges({ node, x, y, w }: { node: NodeRow; x: number; y: number; w: number }) {
  const gauges: [string, number][] = [["cpu", node.cpu > 0 ? node.cpuUsed / node.cpu : 0], ["mem", node.mem > 0 ? node.memUsed / node.mem : 0]];
  return (
    <>
      {gauges.map(([name, share], i) => {
        const left = x + i * (w + 1.5);
        const room = Math.min(w - 30, 90);
        return (
          <g key={name}>
            <title>{`${name} requested: ${Math.round(share * 100)} %`}</title>
            <text class="t-gauge" x={left} y={y + 38.5}>{name}</text>
            <rect class="gauge" x={left + 26} y={y + 32.5} width={room} height="5.5" rx="2.75" />
            <rect x={left + 26} y={y + 32.5} width={room * Math.min(1, share)} height="5.5" rx="2.75" style={`fill:var(--${share > 0.85 ? "pending" : "ink-3"})`} />
          </g>
        );
      })}
    </>
  );
}
