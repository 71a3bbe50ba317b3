/**
 * The control plane of the near view: who may speak to whom, drawn as boxes on one panel with the watch bus below.
 *
 * Promise: draws the places it is given. A part that is down is hatched and says so; members of a part that runs on several nodes are
 * shown as a row of marks, the leader's filled. The three bars in the API server are its gates.
 */
import type { ComponentRow } from "../protocol/shapes";
import { busPoints, dropPoints, riserPoints, roundedPath } from "../scene/cables";
import type { ControlPlace } from "../scene/control-places";
import type { QuayLayout } from "../scene/layout";
import type { Rect } from "../scene/measures";
import { still } from "./still";

export interface ControlLooks {
  hot: ReadonlySet<string>;
  selected: string | null;
  revision: number;
  waiting: number;
}

export function ControlPlane({ layout, looks }: { layout: QuayLayout; looks: ControlLooks }) {
  const { control } = layout;
  const { apiserver, etcd, scheduler, manager } = control.parts;
  const look = (row: ComponentRow | null) => ({ row, selected: row !== null && row.uid === looks.selected, hot: row !== null && looks.hot.has(row.uid) });
  return (
    <g>
      <rect class="panel" x={control.panel.x} y={control.panel.y} width={control.panel.w} height={control.panel.h} rx="10" />
      <text class="t-cap" x={control.panel.x + 14} y={control.panel.y + 16}>CONTROL PLANE</text>
      <WatchBus layout={layout} />
      <You {...control.you} />
      <ApiServer {...control.api} {...look(apiserver)} />
      <Etcd {...control.etcd} {...look(etcd)} revision={looks.revision} />
      <Scheduler {...control.scheduler} {...look(scheduler)} queue={control.queue} waiting={looks.waiting} more={layout.queuedMore} />
      <Controllers control={control} looks={looks} {...look(manager)} />
    </g>
  );
}

interface PartProps extends Rect { row: ComponentRow | null; hot: boolean; selected: boolean }

function PartBox({ x, y, w, h, row, hot, selected }: PartProps) {
  const down = row !== null && !row.up;
  return (
    <>
      <rect class={`box${hot ? " hot" : ""}${down ? " down" : ""}`} x={x} y={y} width={w} height={h} rx="7" />
      {down ? <rect x={x + 1} y={y + 1} width={w - 2} height={h - 2} rx="6" fill="url(#hatch)" /> : null}
      {selected ? <rect class="ring" x={x - 4} y={y - 4} width={w + 8} height={h + 8} rx="10" /> : null}
    </>
  );
}

function partProps({ row }: { row: ComponentRow | null }) {
  return { "data-uid": row?.uid, class: "thing" };
}

/** One mark a member when there are several; down ones hollow, the leader with a dot above. */
function Members({ row, right, y }: { row: ComponentRow | null; right: number; y: number }) {
  if (!row || row.members.length < 2) return null;
  const x = right - row.members.length * 11 + 3;
  return (
    <g>
      {row.members.map(([node, up, leader], i) => (
        <g key={node}>
          <title>{`${node}: ${up ? "up" : "down"}${leader ? ", leader" : ""}`}</title>
          <rect class={`member${up ? "" : " down"}${leader ? " leader" : ""}`} x={x + i * 11} y={y} width="8" height="8" rx="2" />
        </g>
      ))}
    </g>
  );
}

function WatchBus({ layout }: { layout: QuayLayout }) {
  const { control, bus, racks } = layout;
  const way = busPoints(layout).slice(0, -1);
  const first = racks[0];
  const shore = first ? `M${bus.x} ${bus.y - 8}q0 8 -8 8H${first.rect.x + first.rect.w / 2}` : "";
  return (
    <g>
      <path class="cable" d={`M${control.you.x + control.you.w + 2} ${control.you.y + 30}H${control.api.x - 2}`} />
      <path class="cable" d={roundedPath([...way, [bus.x, bus.y - 8]])} />
      <path class="cable" d={shore} />
      <path class="cable" d={riserPoints(layout).map((points) => roundedPath(points)).join("")} />
      {racks.map((rack) => <Cable key={rack.node.uid} layout={layout} rack={rack} />)}
      <text class="t-k" x={bus.gutter === null ? control.api.x + control.api.w + 22 : bus.gutter + 9} y={bus.top - 3}>watch</text>
    </g>
  );
}

/** The last stretch to a kubelet; its ends hang loose as soon as the power is gone. */
function Cable({ layout, rack }: { layout: QuayLayout; rack: QuayLayout["racks"][number] }) {
  const points = dropPoints(layout, rack);
  const x = rack.rect.x + rack.rect.w / 2;
  const top = rack.rect.y;
  if (rack.node.power && rack.node.ready === "True") return <path class="cable" d={roundedPath([...points.slice(0, -1), [x, top - 5]], 6)} />;
  return (
    <>
      <path class="cable" d={roundedPath(points.slice(0, -1), 6)} />
      <path class="cable torn" d={`M${x} ${top - 20}v3m-5 0h10M${x} ${top - 5}v-3m-5 0h10`} />
    </>
  );
}

const You = still(({ x, y, w, h }: Rect) => (
  <g>
    <rect class="you" x={x} y={y} width={w} height={h} rx="7" />
    <text class="you-prompt" x={x + 12} y={y + 24}>$</text>
    <text class="you-word" x={x + 26} y={y + 24}>kubectl</text>
    <text class="you-dim" x={x + 12} y={y + 45}>you</text>
  </g>
));

const ApiServer = still((props: PartProps) => {
  const { x, y, row } = props;
  const down = row !== null && !row.up;
  return (
    <g {...partProps(props)}>
      <PartBox {...props} />
      {[0, 1, 2].map((i) => (
        <rect key={i} class="gate" data-gate={i} x={x + 7 + i * 7} y={y + 9} width="3.4" height="42" rx="1.7" opacity={[0.95, 0.7, 0.45][i]}>
          <title>{["authentication", "authorisation", "admission"][i]}</title>
        </rect>
      ))}
      <text class="t-b" x={x + 34} y={y + 27}>API server</text>
      <text class={down ? "t-s bad" : "t-s"} x={x + 34} y={y + 44}>{down ? "stopped" : "the only way in"}</text>
      <Members row={row} right={x + props.w - 9} y={y + 7} />
    </g>
  );
});

const Etcd = still((props: PartProps & { revision: number }) => {
  const { x, y, row, revision } = props;
  const down = row !== null && !row.up;
  return (
    <g {...partProps(props)}>
      <PartBox {...props} />
      {[2, 1, 0].map((i) => (
        <g key={i} class="drum">
          <path d={`M${x + 12} ${y + 14 + i * 11}v8c0 4.5 22 4.5 22 0v-8`} />
          <ellipse cx={x + 23} cy={y + 14 + i * 11} rx="11" ry="3.6" />
        </g>
      ))}
      <text class="t-b" x={x + 45} y={y + 27}>etcd</text>
      <text class={down ? "t-s bad" : "t-m"} x={x + 45} y={y + 44}>{down ? "stopped" : `rev ${revision}`}</text>
      <Members row={row} right={x + props.w - 9} y={y + 7} />
    </g>
  );
});

const Scheduler = still((props: PartProps & { queue: Rect; waiting: number; more: number }) => {
  const { x, y, row, queue, waiting, more } = props;
  const down = row !== null && !row.up;
  const ruled = [18, 27, 36].map((left) => `M${queue.x + queue.w - 4 - left} ${queue.y + 10}v28`).join("");
  return (
    <g {...partProps(props)}>
      <PartBox {...props} />
      <text class="t-b" x={x + 12} y={y + 27}>Scheduler</text>
      <text class={down ? "t-s bad" : "t-s"} x={x + 12} y={y + 44}>{down ? "stopped" : `${waiting} waiting`}</text>
      <Members row={row} right={x + 70} y={y + 6} />
      <rect class="well" x={queue.x} y={queue.y} width={queue.w} height={queue.h} rx="5" />
      {more > 0 ? <text class="t-m" x={queue.x + queue.w - 6} y={queue.y + 28} text-anchor="end">+{more}</text> : waiting === 0 ? <path class="ruled" d={ruled} /> : null}
    </g>
  );
});

function Controllers({ control, looks, ...part }: { control: ControlPlace; looks: ControlLooks; row: ComponentRow | null; hot: boolean; selected: boolean }) {
  const box = control.controllers;
  const down = part.row !== null && !part.row.up;
  return (
    <g>
      <g {...partProps(part)}>
        <PartBox {...box} {...part} />
        <text class="t-b" x={box.x + 12} y={box.y + 15}>Controllers</text>
        {down ? <text class="t-s bad" x={box.x + 88} y={box.y + 15}>stopped</text> : null}
        <Members row={part.row} right={box.x + 205} y={box.y + 6} />
      </g>
      {control.moreChips > 0 ? <text class="t-m" x={box.x + box.w - 10} y={box.y + 15} text-anchor="end">+{control.moreChips} more</text> : null}
      {control.chips.map(({ component, label, rect }) => (
        <Chip key={component.uid} uid={component.uid} label={label} {...rect} hot={looks.hot.has(component.uid)} selected={component.uid === looks.selected} />
      ))}
    </g>
  );
}

const Chip = still(({ uid, label, x, y, w, h, hot, selected }: Rect & { uid: string; label: string; hot: boolean; selected: boolean }) => (
  <g class="thing" data-uid={uid}>
    <title>{`${label} controller`}</title>
    <rect class={`chip-box${hot ? " hot" : ""}`} x={x} y={y} width={w} height={h} rx="4" />
    <text class="t-chip" x={x + w / 2} y={y + h / 2 + 3.8} text-anchor="middle">{label}</text>
    {selected ? <rect class="ring" x={x - 3} y={y - 3} width={w + 6} height={h + 6} rx="6" /> : null}
  </g>
));
