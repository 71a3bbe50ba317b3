/**
 * Where the chart is looked at from: scale and offset, and the arithmetic of fitting, focusing and keeping things in reach.
 *
 * Promise: pure. A camera maps chart units to CSS pixels as `pixel = chart * k + offset`.
 */
import type { Rect } from "./measures";

export interface Camera { k: number; x: number; y: number }
export interface Size { width: number; height: number }

export const MOST_ZOOM = 6;

/** The whole of `world`, centred sideways, below a strip of `top` pixels that the chart itself leaves free at scale 1. */
export function fitBelow(world: Size, view: Size, top: number, most = 1.5): Camera {
  const k = Math.max(0.05, Math.min(most, view.width / world.width, (view.height - top) / (world.height - top)));
  const spare = Math.max(0, view.height - top - (world.height - top) * k);
  return { k, x: (view.width - world.width * k) / 2, y: top - top * k + spare / 3 };
}

/** A part of the chart as wide as the view, below a strip of `top` pixels; what is higher than the view begins with its top. */
export function fitAcross({ x, y, w }: Rect, view: Size, top: number): Camera {
  const k = view.width / w;
  return { k, x: -x * k, y: top - y * k };
}

export function leastZoom(world: Size, view: Size): number {
  return Math.min(1, fitBelow(world, view, 0).k) * 0.8;
}

/** Brings a rectangle into view at scale `k`, in the middle. */
export function centreOn(rect: Rect, view: Size, k: number): Camera {
  return { k, x: view.width / 2 - (rect.x + rect.w / 2) * k, y: view.height / 2 - (rect.y + rect.h / 2) * k };
}

/** The least move that shows a rectangle with some room around it; the same camera when it is in view already. */
export function reveal(camera: Camera, rect: Rect, view: Size, room = 24): Camera {
  const move = (start: number, length: number, offset: number, extent: number): number => {
    const [from, to] = [start * camera.k + offset, (start + length) * camera.k + offset];
    if (from >= room && to <= extent - room) return offset;
    if (to - from > extent - 2 * room || from < room) return offset + room - from;
    return offset - (to - (extent - room));
  };
  const [x, y] = [move(rect.x, rect.w, camera.x, view.width), move(rect.y, rect.h, camera.y, view.height)];
  return x === camera.x && y === camera.y ? camera : { k: camera.k, x, y };
}

export function toChart(camera: Camera, px: number, py: number): [number, number] {
  return [(px - camera.x) / camera.k, (py - camera.y) / camera.k];
}

/** What part of the chart a view shows. */
export function visible(camera: Camera, view: Size): Rect {
  const [x, y] = toChart(camera, 0, 0);
  return { x, y, w: view.width / camera.k, h: view.height / camera.k };
}
