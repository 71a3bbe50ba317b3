import type { StageScene } from "./scene";
export function FleetCanvas(_: { scene: StageScene }) { return null; }
