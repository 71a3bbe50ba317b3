/**
 * The near view of a small cluster, as SVG in the page: quay, zones, racks and containers of the harbour chart.
 *
 * Promise: draws exactly the layout it is given, and what did not change is not drawn again. Every object carries `data-uid`, which is
 * all that pointing and clicking need. Blue lines are traffic, orange ones control messages; no other line has those colours. The
 * control plane is in control.tsx; what moves belongs to the layers above.
 */
import { agoText } from "../protocol/clock";
import type { NodeRow, PodRow } from "../protocol/shapes";
import type { Card } from "../scene/model";
import type { Density, LanePlace, QuayLayout, RackPlace, Rect, StoragePlace, TilePlace } from "../scene/layout";
import { fitText, textWidth } from "../scene/text";
import { ControlPlane, type ControlLooks } from "./control";
import { kindLabel, KindSign, PHASES, Sign } from "./glyphs";
import { still } from "./still";

export interface QuayLooks extends ControlLooks {
  tints: ReadonlyMap<string, 1 | 2 | 3>;
  /** The moment shown, for "last heard". */
  at: number;
  endpoints: number | null;
}

export function Quay({ layout, looks }: { layout: QuayLayout; looks: QuayLooks }) {
  const ring = (uid: string) => uid === looks.selected;
  const tiles = [...layout.tiles.values(), ...layout.queued];
  return (
    <g>
      <Ground waterline={layout.waterline} />
      <ControlPlane layout={layout} looks={looks} />
      {layout.zones.map((place) => <ZoneFrame key={place.zone.uid} uid={place.zone.uid} name={place.zone.name} tint={place.zone.tint} more={place.more} empty={place.cards.length === 0} {...place.rect} selected={ring(place.zone.uid)} />)}
      {layout.racks.map((place) => <Rack key={place.node.uid} place={place} selected={ring(place.node.uid)} at={looks.at} />)}
      {layout.storage ? <Storage storage={layout.storage} selected={looks.selected} /> : null}
      {layout.lane ? <Lanes lane={layout.lane} /> : null}
      {layout.zones.flatMap((place) => place.cards.map(({ card, rect }) => (
        <CardBox key={card.uid} card={card} {...rect} hot={looks.hot.has(card.uid)} selected={ring(card.uid)} />
      )))}
      {tiles.map((tile) => <TileOf key={tile.pod.uid} tile={tile} density={tile.plinth || tile.pod.node === "" ? 0 : layout.density} looks={looks} />)}
      {layout.lane ? <Knot {...layout.lane.pill} count={looks.endpoints ?? 0} /> : null}
      <text class="shore-word above" x={layout.width - 16} y={layout.waterline - 8} text-anchor="end">declared</text>
      <text class="shore-word" x={layout.width - 16} y={layout.waterline + 20} text-anchor="end">running</text>
    </g>
  );
}

/* ── ground ── */

export function Definitions() {
  const arrow = (id: string, colour: string, size: number) => (
    <marker id={id} viewBox="0 0 8 8" refX="6.5" refY="4" markerWidth={size} markerHeight={size} orient="auto"><path d="M1 1l6 3-6 3z" style={`fill:var(--${colour})`} /></marker>
  );
  return (
    <defs>
      <pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="2" height="7" style="fill:var(--ink-3)" opacity=".22" /></pattern>
      <pattern id="graticule" width="40" height="40" patternUnits="userSpaceOnUse"><path d="M40 0H0V40" fill="none" style="stroke:var(--graticule)" /></pattern>
      {arrow("arrow-control", "brand", 6)}
      {arrow("arrow-traffic", "lane", 5.5)}
    </defs>
  );
}

/** How far ground and water reach beyond the chart, so that panning never shows an edge. */
const FAR = 3000;

function waves(y: number, height: number): string {
  return `M${-FAR} ${y}${`q8.5 ${-height} 17 0t17 0`.repeat(Math.ceil((2 * FAR) / 34))}`;
}

export const Ground = still(({ waterline }: { waterline: number }) => (
  <g>
    <rect x={-FAR} y={-FAR} width={2 * FAR} height={2 * FAR} style="fill:var(--sky)" />
    <path d={`${waves(waterline, 4.5)}V${FAR}H${-FAR}Z`} style="fill:var(--sea)" />
    <path d={`${waves(waterline + 7, -4)}V${FAR}H${-FAR}Z`} style="fill:var(--sea-2)" opacity=".55" />
    <rect x={-FAR} y={-FAR} width={2 * FAR} height={2 * FAR} fill="url(#graticule)" />
    <path class="shoreline" d={waves(waterline, 4.5)} />
  </g>
));

/* ── zones and cards ── */

interface ZoneProps extends Rect { uid: string; name: string; tint: number; more: number; empty: boolean; selected: boolean }

const ZoneFrame = still(({ uid, name, tint, more, empty, x, y, w, h, selected }: ZoneProps) => {
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
    <text class="t-k" x={x + 31} y={y + 16}>{kindLabel(card.kind)}</text>
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

/* ── racks ── */

function Rack({ place: { node, rect, slots }, selected, at }: { place: RackPlace; selected: boolean; at: number }) {
  const heard = node.ready === "True" || node.heard === null ? "" : agoText(at - node.heard);
  return <RackFrame node={node} {...rect} {...slotGrid(slots)} heard={heard} selected={selected} />;
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

interface RackProps extends Rect, SlotGrid { node: NodeRow; selected: boolean; heard: string }

const RackFrame = still((props: RackProps) => {
  const { node, x, y, w, h, selected, heard, slots, columns, firstX, firstY, slotW, slotH, stepX, stepY } = props;
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
      {lost ? <text class="t-s bad" x={x + 11.5} y={y + 39}>{heard === "" ? "never heard" : `last heard ${heard}`}</text> : <Gauges node={node} x={x + 11.5} y={y} w={(w - 23) / 2} />}
      {Array.from({ length: slots }, (_, i) => (
        <rect key={i} class="slot" x={firstX + (i % columns) * stepX} y={firstY + Math.floor(i / columns) * stepY} width={slotW} height={slotH} rx="4" opacity={lost ? 0.45 : 0.75} />
      ))}
      {selected ? <rect class="ring" x={x - 4.5} y={y - 4.5} width={w + 9} height={h + 9} rx="13" /> : null}
    </g>
  );
});

function nodeWord(node: NodeRow): string {
  if (node.ready !== "True") return "NotReady";
  if (node.cordoned) return "cordoned";
  if (node.roles.includes("control-plane")) return "control plane";
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

/* ── containers ── */

function TileOf({ tile: { pod, rect, plinth }, density, looks }: { tile: TilePlace; density: Density; looks: QuayLooks }) {
  return <Tile pod={pod} {...rect} plinth={plinth} density={density} tint={looks.tints.get(pod.ns) ?? 1} hot={looks.hot.has(pod.uid)} selected={looks.selected === pod.uid} />;
}

interface TileProps extends Rect { pod: PodRow; plinth: boolean; density: Density; tint: number; hot: boolean; selected: boolean }

/** A shipping container: the block on the left is phase and sign, the edge on the right the namespace. */
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
  const bar = pod.bar ?? graceBar(pod);
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
          <text class="t-p2" x="22.5" y={bar === null ? 26 : 24.6}>{fitText(tail, w - 27, 9.8, "mono")}</text>
          {bar === null ? null : <Progress share={bar} w={w} token={token} />}
        </>
      )}
    </>
  );
}

/** A static pod is named after its node, which says nothing on that node's own rack. */
function tileWords({ name, app, tail, node }: PodRow): [string, string] {
  return node !== "" && name.endsWith(`-${node}`) ? [name.slice(0, -node.length - 1), "static"] : [app || name, tail];
}

function graceBar(pod: PodRow): number | null {
  return pod.phase === "Terminating" && pod.grace !== null && pod.grace > 0 ? 1 : null;
}

function Progress({ share, w, token }: { share: number; w: number; token: string }) {
  return (
    <>
      <rect x="23" y="27.8" width={w - 31} height="2.2" rx="1" style="fill:var(--line)" />
      <rect class="fill" x="23" y="27.8" width={(w - 31) * Math.min(1, Math.max(0, share))} height="2.2" rx="1" style={`fill:var(--${token}-e)`} />
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

/* ── traffic ── */

function Lanes({ lane }: { lane: LanePlace }) {
  return (
    <g class="lanes">
      {lane.ready.map(({ uid, path }) => <path key={`bed-${uid}`} class="lane bed" d={path} />)}
      {lane.ready.length > 0 ? <path class="lane bed trunk" d={lane.trunk} /> : null}
      {lane.ready.map(({ uid, path }) => <path key={uid} class="lane" marker-end="url(#arrow-traffic)" d={path} />)}
      <path class={lane.ready.length > 0 ? "lane trunk" : "lane cut"} d={lane.trunk} />
      {lane.cut.map(({ uid, path, mark: [x, y] }) => (
        <g key={uid}>
          <path class="lane cut" d={path} />
          <circle class="cut-mark" cx={x} cy={y} r="7" />
          <path class="cut-cross" d={`M${x - 2.6} ${y - 2.6}l5.2 5.2m0-5.2l-5.2 5.2`} />
        </g>
      ))}
      {lane.ready.flatMap(({ uid, path }, i) => [0, 1].map((k) => (
        <circle key={`${uid}-${k}`} class="drop" r="3.1" style={`offset-path:path('${path}');--lap:${2.2 + (i % 5) * 0.35}s;--lag:${-k * 1.2 - (i % 7) * 0.5}s;--rest:${35 + k * 35}%`} />
      )))}
    </g>
  );
}

const Knot = still(({ x, y, w, h, count }: Rect & { count: number }) => (
  <g>
    <rect class="knot" x={x} y={y} width={w} height={h} rx={h / 2} />
    <text class="knot-word" x={x + w / 2} y={y + 13.4} text-anchor="middle">{`EndpointSlice: ${count}`}</text>
  </g>
));

/* ── storage ── */

function Storage({ storage, selected }: { storage: StoragePlace; selected: string | null }) {
  const { rack } = storage;
  return (
    <g>
      <text class="t-cap" x={storage.label[0]} y={storage.label[1]}>STORAGE</text>
      {storage.links.map((d, i) => <path key={i} class={i === storage.links.length - 1 ? "mooring solid" : "mooring"} d={d} />)}
      {storage.cards.map(({ uid, kind, name, sub, rect }) => (
        <g key={uid} class="thing" data-uid={uid}>
          <rect class="card-box" x={rect.x} y={rect.y} width={rect.w} height={rect.h} rx="6" />
          <g transform={`translate(${rect.x + 9},${rect.y + 8})`}><KindSign kind={kind} /></g>
          <text class="t-k" x={rect.x + 31} y={rect.y + 16}>{kindLabel(kind)}</text>
          <text class="t-n" x={rect.x + 31} y={rect.y + 30}>{fitText(name, rect.w - 36, 12)}</text>
          <text class="t-m small" x={rect.x + 31} y={rect.y + 43.5}>{fitText(sub, rect.w - 34, 10.2, "mono")}</text>
          {uid === selected ? <rect class="ring" x={rect.x - 3.5} y={rect.y - 3.5} width={rect.w + 7} height={rect.h + 7} rx="9" /> : null}
        </g>
      ))}
      <rect class="rack-shadow" x={rack.x + 2} y={rack.y + 3} width={rack.w} height={rack.h} rx="9" />
      <rect class="rack-box" x={rack.x} y={rack.y} width={rack.w} height={rack.h} rx="9" />
      <text class="t-b" x={rack.x + 12} y={rack.y + 21.5}>Disks</text>
      {storage.disks.map(({ uid, name, sub, rect }, i) => <Disk key={uid ?? i} taken={uid !== null} uid={uid ?? ""} name={name} sub={sub} {...rect} />)}
    </g>
  );
}

const Disk = still(({ uid, taken, name, sub, x, y, w, h }: Rect & { uid: string; taken: boolean; name: string; sub: string }) => {
  const [cx, cy] = [x + 24, y + 23];
  const line = taken ? "ns2-m" : "line-2";
  return (
    <g class={taken ? "thing" : undefined} data-uid={taken ? uid : undefined}>
      <rect x={x} y={y} width={w} height={h} rx="5" style={`fill:var(--${taken ? "ns2" : "sunken"});stroke:var(--${taken ? "ns2-m" : "line"})`} />
      <circle cx={cx} cy={cy} r="15.5" fill="none" stroke-width="1.2" opacity={taken ? 1 : 0.6} style={`stroke:var(--${line})`} />
      <circle cx={cx} cy={cy} r="3" style={`fill:var(--${line})`} />
      {taken ? <circle cx={cx} cy={cy} r="10" fill="none" stroke-width="7" opacity=".32" style="stroke:var(--ns2-m)" /> : null}
      <text class={taken ? "t-n" : "t-s"} x={x + 48} y={y + (sub ? 21 : 27)}>{fitText(name, w - 54, 12)}</text>
      {sub ? <text class="t-m small" x={x + 48} y={y + 35}>{sub}</text> : null}
    </g>
  );
});
