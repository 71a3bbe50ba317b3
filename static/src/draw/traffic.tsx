/**
 * Traffic: from a Service down through its endpoints to the pods that are ready, and from an Ingress to its Services.
 *
 * Promise: only these lines are blue. A pod that is selected but not ready has its lane cut, with a cross.
 */
import type { Rect } from "../scene/measures";
import type { EntryPlace, LanePlace } from "../scene/traffic-lanes";
import { still } from "./still";

export function Lanes({ lane }: { lane: LanePlace }) {
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

/** From an Ingress to its Services. */
export function Entries({ entries }: { entries: EntryPlace[] }) {
  return <>{entries.map(({ ingress, service, path }) => <path key={`${ingress}-${service}`} class="lane" marker-end="url(#arrow-traffic)" d={path} />)}</>;
}

export const Knot = still(({ x, y, w, h, count }: Rect & { count: number }) => (
  <g>
    <rect class="knot" x={x} y={y} width={w} height={h} rx={h / 2} />
    <text class="knot-word" x={x + w / 2} y={y + 13.4} text-anchor="middle">{`EndpointSlice: ${count}`}</text>
  </g>
));
