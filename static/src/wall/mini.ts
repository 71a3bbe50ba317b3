/**
 * A cluster drawn small: pips above the waterline for what was declared, racks below for what runs.
 * Pure: a picture and a size in, shapes out, in drawing order. Colours are names of tokens; painting is in painter.ts.
 */
import type { Picture } from "./types";

export interface Box { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
export interface Pip extends Box { readonly phase: Phase; readonly radius: number }
export interface Rack extends Box { readonly ok: boolean; readonly radius: number; readonly tiles: readonly Pip[]; readonly lamp: { readonly x: number; readonly y: number; readonly r: number } }
export interface Mini { readonly waterline: number; readonly pips: readonly Pip[]; readonly racks: readonly Rack[] }
export type Phase = "running" | "pending" | "creating" | "failed" | "done" | "leaving" | "unknown";

const phases: Readonly<Record<string, Phase>> = { R: "running", P: "pending", C: "creating", F: "failed", S: "done", T: "leaving", U: "unknown" };
const racksAcross = 10;

export function layout({ nodes, declared }: Picture, width: number, height: number): Mini {
  const waterline = height * 0.235;
  const rows = Math.max(1, Math.ceil(nodes.length / racksAcross));
  const across = Math.ceil(nodes.length / rows) || 1;
  const pad = width * 0.045;
  const gap = width * 0.022;
  const top = waterline + height * 0.075;
  const w = (width - 2 * pad - (across - 1) * gap) / across;
  const h = (height - top - height * 0.06 - (rows - 1) * gap) / rows;
  const place = (i: number): Box => ({ x: pad + (i % across) * (w + gap), y: top + Math.floor(i / across) * (h + gap), w, h });
  return {
    waterline,
    pips: pipsOf(declared, { x: pad, y: waterline * 0.26, w: width - 2 * pad, h: waterline * 0.4 }),
    racks: nodes.map(([, ok, slots], i) => rackOf(ok, slots, place(i), width * 0.012)),
  };
}

/** One pip a pod wanted, a gap between workloads; narrower when they would not fit. */
function pipsOf(declared: readonly string[], room: Box): Pip[] {
  const units = declared.reduce((sum, pods) => sum + pods.length * 1.32 + 0.9, 0);
  const size = Math.min(room.h, room.w / Math.max(units, 1));
  const pips: Pip[] = [];
  let x = room.x;
  for (const pods of declared) {
    for (const letter of pods) {
      pips.push({ x, y: room.y + (room.h - size) / 2, w: size, h: size, radius: size * 0.22, phase: phases[letter] ?? "unknown" });
      x += size * 1.32;
    }
    x += size * 0.9;
  }
  return pips;
}

function rackOf(ok: boolean, slots: string, at: Box, radius: number): Rack {
  const { columns, rows } = gridFor(slots.length);
  const [cellW, cellH] = [(at.w * 0.88) / columns, (at.h * 0.78) / rows];
  const tiles: Pip[] = [];
  for (const [i, letter] of [...slots].entries()) {
    const phase = phases[letter];
    if (!phase) continue;
    const x = at.x + at.w * 0.085 + (i % columns) * cellW;
    const y = at.y + at.h * 0.2 + Math.floor(i / columns) * cellH;
    tiles.push({ x, y, w: cellW * 0.89, h: cellH * 0.8, radius: Math.min(1.6, cellH * 0.2), phase });
  }
  return { ...at, ok, radius, tiles, lamp: { x: at.x + at.w * 0.14, y: at.y + at.h * 0.085, r: Math.min(at.w * 0.06, at.h * 0.045) } };
}

function gridFor(slots: number): { columns: number; rows: number } {
  const columns = slots <= 8 ? 2 : slots <= 18 ? 3 : Math.ceil(Math.sqrt(slots / 1.4));
  return { columns, rows: Math.max(4, Math.ceil(slots / columns)) };
}
