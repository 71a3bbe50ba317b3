/**
 * The measures that several parts of the quay share, in chart units, and the rectangle everything is given as.
 */
export interface Rect { x: number; y: number; w: number; h: number }

/** The narrowest chart; narrower stages show it smaller. */
export const LEAST_WIDTH = 1088;
/** Stages narrower than this many CSS pixels have an upright quay (upright.ts), and show a chart in pieces. */
export const UPRIGHT_BELOW = 560;
export const MARGIN = 16;
export const ZONE_TOP = 154;
export const ZONE_HEAD = 28;
export const CARD = { h: 50, pitch: 58, pad: 12, gap: 10, laneGap: 26, least: 92, narrowest: 72, most: 196 };
export const RACK = { gap: 13, head: 47, foot: 7, plinth: 41.5, inset: 11.5 };
/** Pitch and height of a labelled tile; where there is room it is up to `stretch` times as wide. */
export const TILE = { w: 68.5, h: 32, dx: 73.5, dy: 36.5, stretch: 1.4 };
/** Between the zones and the waterline, and between that and the racks. */
export const SHORE = 16;
export const BERTH_ABOVE_RACKS = 29;
export const STORAGE_WIDTH = 146;
