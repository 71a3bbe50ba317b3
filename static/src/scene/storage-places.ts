/**
 * The storage column at the right edge: classes and volumes above the waterline, a rack of disks below, and what is bound to what.
 *
 * Promise: pure. Lines follow real bindings only: claim to its volume, volume to its disk.
 */
import { BERTH_ABOVE_RACKS, CARD, SHORE, STORAGE_WIDTH, ZONE_HEAD, ZONE_TOP, type Rect } from "./measures";
import type { SceneModel } from "./model";
import type { ZonePlace } from "./zone-places";

/** Dashed from claim to volume, solid from volume to disk. */
export interface StorageLink { path: string; solid: boolean }

export interface StoragePlace {
  label: [number, number];
  cards: { uid: string; kind: string; name: string; sub: string; rect: Rect }[];
  disks: { uid: string | null; name: string; sub: string; rect: Rect }[];
  rack: Rect;
  links: StorageLink[];
}

export function placeStorage(model: SceneModel, zones: ZonePlace[], { x, waterline, bus, rackHeight }: { x: number; waterline: number; bus: number; rackHeight: number }): StoragePlace {
  const room = Math.max(1, Math.floor((waterline - SHORE - ZONE_TOP - ZONE_HEAD) / CARD.pitch));
  const all = [...model.classes.map((row) => ({ row, kind: "StorageClass" })), ...model.volumes.map((row) => ({ row, kind: "PersistentVolume" }))];
  const cards = all.slice(0, room).map(({ row, kind }, i) => ({
    uid: row.uid, kind, name: row.name, sub: [row.size, row.note].filter(Boolean).join(" · "),
    rect: { x, y: ZONE_TOP + ZONE_HEAD + i * CARD.pitch, w: STORAGE_WIDTH, h: CARD.h },
  }));
  const rack = { x, y: waterline + BERTH_ABOVE_RACKS, w: STORAGE_WIDTH, h: rackHeight };
  const berthsForDisks = Math.max(1, Math.floor((rackHeight - 36) / 53));
  const disks = Array.from({ length: berthsForDisks }, (_, i) => {
    const volume = model.volumes[i];
    const rect = { x: x + 12, y: rack.y + 36 + i * 53, w: STORAGE_WIDTH - 24, h: 46 };
    return volume ? { uid: volume.uid, name: volume.name, sub: volume.size, rect } : { uid: null, name: "free", sub: "", rect };
  });
  return { label: [x, ZONE_TOP + 14], cards, disks, rack, links: storageLinks(model, zones, cards, { bus, waterline, disks }) };
}

const MOST_LINKS = 3;

interface LinkRoom { bus: number; waterline: number; disks: StoragePlace["disks"] }

/** Claim to volume: down the gap beside the zones, along the shore over the cable, up to the volume; volume to disk: down the edge. */
function storageLinks(model: SceneModel, zones: ZonePlace[], cards: StoragePlace["cards"], { bus, waterline, disks }: LinkRoom): StorageLink[] {
  const placed = new Map(zones.flatMap(({ cards: inZone, rect: zone }) => inZone.map(({ card, rect }) => [card.uid, { claim: rect, zone }] as const)));
  const volumes = cards.filter(({ kind }) => kind === "PersistentVolume");
  const bound = volumes.flatMap((volume) => {
    const claim = model.claims.find(({ note }) => note === volume.name);
    const place = claim && placed.get(claim.uid);
    return place ? [{ volume: volume.rect, ...place }] : [];
  });
  const mooring = bound.slice(0, MOST_LINKS).map(({ claim, zone, volume }, i) => {
    const gap = zone.x + zone.w + 6;
    const [shore, over] = [waterline - 7 - 3 * i, (volume.x + bus) / 2 + 4 - 3 * i];
    return { solid: false, path: `M${claim.x + claim.w} ${claim.y + 25}H${gap - 6}q6 0 6 6V${shore - 6}q0 6 6 6H${bus - 6}q6 -8 12 0H${over - 4}q4 0 4 -6V${volume.y + 31}q0 -6 ${volume.x - over} -6` };
  });
  const held = volumes.slice(0, MOST_LINKS).flatMap(({ uid, rect }, i) => {
    const disk = disks.find((one) => one.uid === uid)?.rect;
    const edge = rect.x + rect.w + 4 + 3 * i;
    return disk ? [{ solid: true, path: `M${rect.x + rect.w} ${rect.y + 25}H${edge}V${disk.y + 23}H${disk.x + disk.w}` }] : [];
  });
  return [...mooring, ...held];
}
