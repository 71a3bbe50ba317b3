/**
 * Where namespaces stand, side by side above the waterline, and the cards in their columns.
 *
 * Promise: pure. Columns become narrower before rows are added, and rows are added before anything is left out; what is left out is
 * counted. Beside services a column has room for the traffic that goes down.
 */
import { CARD, ZONE_HEAD, type Rect } from "./measures";
import type { Card, CardGroup, Zone } from "./model";

const MOST_CARD_ROWS = 6;
export const ZONE_GAP = 12;

export interface CardPlace { card: Card; rect: Rect }

export interface ZonePlace { zone: Zone; rect: Rect; cards: CardPlace[]; more: number }

const GROUPS: CardGroup[] = ["entry", "service", "workload", "claim"];

interface Column { cards: Card[]; hasServices: boolean }

function columnsOf(zone: Zone, perColumn: number): Column[] {
  const full = GROUPS.flatMap((group) => chunks(zone.cards.filter((card) => card.group === group), perColumn)
    .map((cards) => ({ cards, hasServices: group === "service" })));
  return full.length > 0 ? full : [{ cards: [], hasServices: false }];
}

function chunks<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size));
}

/** A lone column must carry its zone's name, two may share it, more are read as a table: relative widths. */
function columnWeight(columns: number): number {
  return columns === 1 ? 1.3 : columns === 2 ? 0.8 : 1.04;
}

export interface ZoneRoom { left: number; right: number; least: number; top: number }

export function placeZones(zones: Zone[], room: ZoneRoom): { zones: ZonePlace[]; bottom: number; zoneRows: number } {
  let zoneRows = Math.max(2, Math.min(room.least, MOST_CARD_ROWS));
  while (zoneRows < MOST_CARD_ROWS && columnUnit(zones, zoneRows, room) < CARD.least) zoneRows += 1;
  const unit = Math.max(CARD.least, columnUnit(zones, zoneRows, room));
  const height = ZONE_HEAD + zoneRows * CARD.pitch + 2;
  const placed: ZonePlace[] = [];
  let x = room.left;
  for (const zone of zones) {
    const place = placeZone(zone, { x, zoneRows, unit, height, right: room.right, top: room.top });
    if (x + place.rect.w > room.right + 1 && placed.length > 0) break;
    placed.push(place);
    x += place.rect.w + ZONE_GAP;
  }
  return { zones: placed, bottom: room.top + height, zoneRows };
}

/** Width of a column of weight 1 when all zones share the room. */
export function columnUnit(zones: Zone[], perColumn: number, { left, right }: ZoneRoom): number {
  let fixed = ZONE_GAP * Math.max(0, zones.length - 1);
  let weight = 0;
  for (const zone of zones) {
    const columns = columnsOf(zone, perColumn);
    fixed += 2 * CARD.pad + gapsOf(columns).reduce((sum, gap) => sum + gap, 0);
    weight += columns.length * columnWeight(columns.length);
  }
  return Math.min(CARD.most, (right - left - fixed) / Math.max(weight, 1));
}

/** Space after each column but the last: wide beside services, where the traffic trunk goes down. */
function gapsOf(columns: Column[]): number[] {
  return columns.slice(0, -1).map((column, i) => (column.hasServices || columns[i + 1]!.hasServices ? CARD.laneGap : CARD.gap));
}

function placeZone(zone: Zone, at: { x: number; zoneRows: number; unit: number; height: number; right: number; top: number }): ZonePlace {
  const columns = columnsOf(zone, at.zoneRows);
  const gaps = gapsOf(columns);
  const w = Math.max(CARD.narrowest, at.unit * columnWeight(columns.length));
  const cards: CardPlace[] = [];
  let x = at.x + CARD.pad;
  let more = 0;
  columns.forEach((column, i) => {
    if (x + w + CARD.pad > at.right + 1 && i > 0) more += column.cards.length;
    else {
      column.cards.forEach((card, k) => cards.push({ card, rect: { x, y: at.top + ZONE_HEAD + k * CARD.pitch, w, h: CARD.h } }));
      x += w + (gaps[i] ?? 0);
    }
  });
  return { zone, rect: { x: at.x, y: at.top, w: Math.min(x + CARD.pad, at.right) - at.x, h: at.height }, cards, more };
}
