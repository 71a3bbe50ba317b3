/**
 * The quay of a stage that is narrower than high, as on a phone: the same parts in the same order from top to bottom, but in lines below
 * each other, so that everything keeps the size at which it can be read. It is as high as it must be, and looked at in pieces.
 *
 * Promise: pure, and the same shape as the wide quay of layout.ts, so that all that draws and all cables serve both. What is bound to
 * which disk is not drawn as a line here; the outline and the inspector say it.
 */
import type { Berths } from "./berths";
import { placeChips, placeParts, placeQueue, type ControlPlace } from "./control-places";
import type { QuayLayout } from "./layout";
import { BERTH_ABOVE_RACKS, CARD, MARGIN, SHORE, type Rect } from "./measures";
import type { SceneModel, Zone } from "./model";
import { placeRacks, type Ratchet } from "./rack-places";
import type { StoragePlace } from "./storage-places";
import { placeEntries, placeLane } from "./traffic-lanes";
import { columnUnit, placeZones, ZONE_GAP, type ZonePlace, type ZoneRoom } from "./zone-places";

export const UPRIGHT_WIDTH = 430;
const RIGHT = UPRIGHT_WIDTH - MARGIN;
/** The bus goes down inside of the panel, left of the boxes. */
const GUTTER = 129;
const LINE_GAP = 14;
/** Zones share a line while a column of theirs is as wide as this. */
const READABLE = 130;
const STORAGE = { head: 26, pitch: CARD.pitch, gap: 10, across: 2, most: 6, disk: 53, label: 36 };

export function layoutUpright(model: SceneModel, berths: Berths, ratchet: Ratchet): QuayLayout {
  const control = placeControl(model);
  const bus = { top: control.panel.y + control.panel.h - 8, x: RIGHT - 6, gutter: GUTTER };
  const { zones, bottom } = placeZoneLines(model.zones, { left: MARGIN, right: RIGHT - 16, least: 2, top: control.panel.y + control.panel.h + LINE_GAP });
  const storageTop = bottom + LINE_GAP;
  const kept = [...model.classes.map((row) => ({ row, kind: "StorageClass" })), ...model.volumes.map((row) => ({ row, kind: "PersistentVolume" }))].slice(0, STORAGE.most);
  const waterline = (kept.length > 0 ? storageTop + STORAGE.head + linesOf(kept.length) * STORAGE.pitch : bottom) + SHORE;
  const quay = placeRacks(model, berths, { top: waterline + BERTH_ABOVE_RACKS, right: RIGHT, ratchet });
  const storage = kept.length > 0 ? placeStorage(model, kept, { top: storageTop, racks: quay.bottom + LINE_GAP * 2 }) : null;
  return {
    width: UPRIGHT_WIDTH, height: (storage ? storage.rack.y + storage.rack.h : quay.bottom) + LINE_GAP, waterline, upright: true,
    bus: { ...bus, y: waterline + 9 }, control, zones, zonesEnd: RIGHT, zonesMore: 0, ...placeQueue(model.queued, control.queue),
    racks: quay.racks, tiles: quay.tiles, density: quay.density,
    lane: placeLane(model, { zones, racks: quay.racks, tiles: quay.tiles, waterline, density: quay.density }),
    entries: placeEntries(model, zones), storage,
    ratchet: { ...ratchet, slotRows: quay.slotRows, density: quay.density, stretch: null },
  };
}

function placeControl(model: SceneModel): ControlPlace {
  const left = GUTTER + 9;
  const [scheduler, controllers] = [{ x: left, y: 146, w: RIGHT - 12 - left, h: 60 }, { x: left, y: 222, w: RIGHT - 12 - left, h: 98 }];
  return {
    panel: { x: 120, y: 46, w: RIGHT - 120, h: 298 },
    you: { x: MARGIN, y: 70, w: 96, h: 60 },
    api: { x: left, y: 70, w: 132, h: 60 },
    etcd: { x: left + 132 + 26, y: 70, w: RIGHT - 12 - (left + 132 + 26), h: 60 },
    scheduler, controllers,
    queue: { x: scheduler.x + 84, y: scheduler.y + 6, w: scheduler.w - 91, h: 48 },
    ...placeChips(model, controllers),
    parts: placeParts(model),
  };
}

/** Below each other, as many side by side as keep their cards readable. */
function placeZoneLines(zones: Zone[], room: ZoneRoom): { zones: ZonePlace[]; bottom: number } {
  const lines: Zone[][] = [];
  for (const zone of zones) {
    const last = lines.at(-1);
    if (last && columnUnit([...last, zone], room.least, room) >= READABLE) last.push(zone);
    else lines.push([zone]);
  }
  const placed: ZonePlace[] = [];
  let top = room.top;
  for (const line of lines) {
    const { zones: inLine, bottom } = placeZones(line, { ...room, top });
    placed.push(...inLine);
    top = bottom + ZONE_GAP;
  }
  return { zones: placed, bottom: top - ZONE_GAP };
}

const linesOf = (count: number): number => Math.ceil(count / STORAGE.across);

function placeStorage(model: SceneModel, kept: { row: SceneModel["volumes"][number] | SceneModel["classes"][number]; kind: string }[], at: { top: number; racks: number }): StoragePlace {
  const w = (RIGHT - MARGIN - STORAGE.gap) / STORAGE.across;
  const inGrid = (i: number, top: number, pitch: number, h: number, inset = 0): Rect => ({
    x: MARGIN + inset + (i % STORAGE.across) * (w + STORAGE.gap - inset), y: top + Math.floor(i / STORAGE.across) * pitch, w: w - inset, h,
  });
  const volumes = model.volumes.slice(0, STORAGE.most);
  const rack = { x: MARGIN, y: at.racks, w: RIGHT - MARGIN, h: STORAGE.label + Math.max(1, linesOf(volumes.length)) * STORAGE.disk + 4 };
  const disks = volumes.map(({ uid, name, size }, i) => ({ uid, name, sub: size, rect: inGrid(i, rack.y + STORAGE.label, STORAGE.disk, 46, 12) }));
  return {
    label: [MARGIN, at.top + 12], rack, links: [],
    cards: kept.map(({ row, kind }, i) => ({
      uid: row.uid, kind, name: row.name, sub: [row.size, row.note].filter(Boolean).join(" · "), rect: inGrid(i, at.top + STORAGE.head, STORAGE.pitch, CARD.h),
    })),
    disks: disks.length > 0 ? disks : [{ uid: null, name: "free", sub: "", rect: inGrid(0, rack.y + STORAGE.label, STORAGE.disk, 46, 12) }],
  };
}
