/**
 * The quay: where everything of a small cluster stands, from the model to rectangles in chart units (one unit is a CSS pixel at fit).
 *
 * Promise: pure arithmetic. Top to bottom: control plane, zones of what is declared, waterline, racks of what runs. A pod's place
 * follows from its berth number, so it never moves while it lives; zones and racks grow in whole rows; the `ratchet` of the
 * picture before keeps them from shrinking at once when something goes. Up to `QUAY_NODES` nodes; larger clusters are drawn by fleet.ts.
 */
import type { Berths } from "./berths";
import { placeControl, placeQueue, type ControlPlace } from "./control-places";
import { BERTH_ABOVE_RACKS, LEAST_WIDTH, MARGIN, SHORE, STORAGE_WIDTH, UPRIGHT_BELOW, ZONE_TOP } from "./measures";
import type { SceneModel } from "./model";
import { placeRacks, type Density, type RackPlace, type Ratchet, type TilePlace } from "./rack-places";
import { placeStorage, type StoragePlace } from "./storage-places";
import { placeEntries, placeLane, type EntryPlace, type LanePlace } from "./traffic-lanes";
import { layoutUpright } from "./upright";
import { placeZones, type ZonePlace } from "./zone-places";

export const QUAY_NODES = 12;
export const QUAY_PODS = 400;

export const LOOSE: Ratchet = { zoneRows: 2, slotRows: 3, density: 0, stretch: null };

export interface QuayLayout {
  width: number;
  height: number;
  waterline: number;
  /** Higher than wide, for a narrow stage (upright.ts). */
  upright: boolean;
  /** The watch bus: along the bottom of the control plane, down at `x`, back above the racks at `y`; upright it goes down at `gutter` first. */
  bus: { top: number; x: number; y: number; gutter: number | null };
  control: ControlPlace;
  zones: ZonePlace[];
  /** Where the last zone ends at most, and how many found no room. */
  zonesEnd: number;
  zonesMore: number;
  racks: RackPlace[];
  tiles: Map<string, TilePlace>;
  queued: TilePlace[];
  queuedMore: number;
  queueDensity: Density;
  lane: LanePlace | null;
  entries: EntryPlace[];
  storage: StoragePlace | null;
  density: Density;
  ratchet: Ratchet;
}

export interface LayoutOptions {
  /** Width of the stage in CSS pixels; the quay uses it between its own limits. */
  width: number;
  /** Height of the stage that is free for the chart; a chart that is higher is shown smaller, and wider so that it still fills it. */
  height?: number;
  ratchet: Ratchet;
}

const MOST_WIDTH = 1600;
/** As much wider may a chart be that is shown smaller. */
const STRETCHES = [1.12, 1.24, 1.36, 1.5, 1.65, 1.8];
/** A chart that covers less of the stage's width is worth trying wider. */
const FILLED = 0.94;
const STORAGE_GAP = 29;

export function layoutQuay(model: SceneModel, berths: Berths, { width, height = Infinity, ratchet }: LayoutOptions): QuayLayout {
  if (width < UPRIGHT_BELOW) return layoutUpright(model, berths, ratchet);
  const chart = Math.min(MOST_WIDTH, Math.max(LEAST_WIDTH, Math.round(width)));
  const plain = layoutAt(model, berths, chart, ratchet);
  const scale = (layout: QuayLayout): number => Math.min(1, width / layout.width, height / layout.height);
  if (plain.width * scale(plain) >= Math.min(width, MOST_WIDTH) * FILLED) return { ...plain, ratchet: { ...plain.ratchet, stretch: null } };
  const key = [width, height, plain.height, model.nodes.length, plain.zones.length].join();
  if (ratchet.stretch?.key === key) return withStretch(layoutAt(model, berths, ratchet.stretch.width, ratchet), key);
  const others = STRETCHES.map((stretch) => layoutAt(model, berths, Math.round(chart * stretch), ratchet));
  return withStretch([plain, ...others].reduce((best, other) => (scale(other) * (1 + cover(other)) > scale(best) * (1 + cover(best)) ? other : best)), key);

  /** How much of the stage's width the chart covers, at the size at which it is shown. */
  function cover(layout: QuayLayout): number {
    return Math.min(1, (layout.width * scale(layout)) / width);
  }
}

const withStretch = (layout: QuayLayout, key: string): QuayLayout => ({ ...layout, ratchet: { ...layout.ratchet, stretch: { key, width: layout.width } } });

function layoutAt(model: SceneModel, berths: Berths, chart: number, ratchet: Ratchet): QuayLayout {
  const hasStorage = model.volumes.length > 0 || model.classes.length > 0;
  const right = hasStorage ? chart - MARGIN - STORAGE_WIDTH - STORAGE_GAP + 3 : chart - 32;
  const control = placeControl(model, chart);
  const { zones, bottom, zoneRows } = placeZones(model.zones, { left: MARGIN, right, least: ratchet.zoneRows, top: ZONE_TOP });
  const waterline = bottom + SHORE;
  const quay = placeRacks(model, berths, { top: waterline + BERTH_ABOVE_RACKS, right: hasStorage ? right : chart - MARGIN, ratchet });
  const bus = { top: 134, x: right + 12, y: waterline + 9, gutter: null };
  const queue = placeQueue(model.queued, control.queue);
  const height = Math.max(quay.bottom, waterline + 227) + 8;
  return {
    width: chart, height, waterline, upright: false, bus, control, zones, zonesEnd: right, zonesMore: model.zones.length - zones.length, ...queue,
    racks: quay.racks, tiles: quay.tiles, density: quay.density,
    lane: placeLane(model, { zones, racks: quay.racks, tiles: quay.tiles, waterline, density: quay.density }),
    entries: placeEntries(model, zones),
    storage: hasStorage ? placeStorage(model, zones, { x: chart - MARGIN - STORAGE_WIDTH, waterline, bus: bus.x, rackHeight: quay.racks[0]?.rect.h ?? 198 }) : null,
    ratchet: { zoneRows, slotRows: quay.slotRows, density: quay.density, stretch: ratchet.stretch },
  };
}
