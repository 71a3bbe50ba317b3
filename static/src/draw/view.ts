/**
 * What the learner chose to see: the arrangement and the detail of the stage, and what is under the pointer's menu.
 *
 * Promise: only the choices and the rules between them, as signals the stage, its tools and the shortcuts share.
 */
import { signal, type Signal } from "@preact/signals";
import type { FleetColour } from "../scene/fleet-colours";

export type Arrangement = "racks" | "namespaces" | "list";
export type Detail = "fleet" | "rack" | "pod";

export interface View {
  arrangement: Signal<Arrangement>;
  detail: Signal<Detail>;
  /** Set by the stage: fits, zooms, and brings an object into view. */
  camera: Signal<CameraControls | null>;
  /** What the colour of a pod tells in the fleet. */
  colour: Signal<FleetColour>;
  menu: Signal<{ uid: string; x: number; y: number } | null>;
  inspector: Signal<boolean>;
  /** The panel of the control loops. */
  loops: Signal<boolean>;
}

export interface CameraControls {
  fit(): void;
  zoomBy(factor: number): void;
  reveal(uid: string): void;
}

export function createView(): View {
  return { arrangement: signal("racks"), detail: signal("rack"), colour: signal("phase"), camera: signal(null), menu: signal(null), inspector: signal(false), loops: signal(false) };
}
