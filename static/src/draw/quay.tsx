/**
 * The near view of a small cluster, as SVG in the page: quay, zones, racks and containers of the harbour chart.
 *
 * Promise: draws exactly the layout it is given, and what did not change is not drawn again. Every object carries `data-uid`, which is
 * all that pointing and clicking need. Blue lines are traffic, orange ones control messages; no other line has those colours.
 * What moves belongs to the layers above.
 */
import type { QuayLayout } from "../scene/layout";
import { ControlPlane, type ControlLooks } from "./control";
import { CardBox, ZoneFrame } from "./declared";
import { Ground } from "./ground";
import { Rack } from "./rack";
import { Storage } from "./storage";
import { TileOf } from "./tile";
import { Entries, Knot, Lanes } from "./traffic";

export interface QuayLooks extends ControlLooks {
  tints: ReadonlyMap<string, 1 | 2 | 3>;
  endpoints: number | null;
}

export function Quay({ layout, looks }: { layout: QuayLayout; looks: QuayLooks }) {
  const ring = (uid: string) => uid === looks.selected;
  const tiles = [...layout.tiles.values(), ...layout.queued];
  const knot = layout.lane?.pill;
  const besideKnot = knot && knot.x < 100 ? knot.x + knot.w + 10 : 16;
  return (
    <g>
      <Ground waterline={layout.waterline} />
      <ControlPlane layout={layout} looks={looks} />
      {layout.zones.map((place) => <ZoneFrame key={place.zone.uid} uid={place.zone.uid} name={place.zone.name} tint={place.zone.tint} more={place.more} empty={place.cards.length === 0} {...place.rect} selected={ring(place.zone.uid)} />)}
      {layout.racks.map((place) => <Rack key={place.node.uid} place={place} selected={ring(place.node.uid)} />)}
      {layout.storage ? <Storage storage={layout.storage} selected={looks.selected} /> : null}
      <Entries entries={layout.entries} />
      {layout.zonesMore > 0 ? <text class="t-k" x={layout.zonesEnd} y="150" text-anchor="end">{`+${layout.zonesMore} more namespaces in the list`}</text> : null}
      {layout.lane ? <Lanes lane={layout.lane} /> : null}
      {layout.zones.flatMap((place) => place.cards.map(({ card, rect }) => (
        <CardBox key={card.uid} card={card} {...rect} hot={looks.hot.has(card.uid)} selected={ring(card.uid)} />
      )))}
      {tiles.map((tile) => <TileOf key={tile.pod.uid} tile={tile} density={tile.plinth ? 0 : tile.pod.node === "" ? layout.queueDensity : layout.density} looks={looks} />)}
      {layout.lane ? <Knot {...layout.lane.pill} count={looks.endpoints ?? 0} /> : null}
      <text class="shore-word above" x={besideKnot} y={layout.waterline - 4.5}>declared</text>
      <text class="shore-word" x="16" y={layout.waterline + 15.5}>running</text>
    </g>
  );
}
