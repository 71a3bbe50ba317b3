/**
 * Paints the fleet on two canvases: below what stands, above what is marked.
 *
 * Promise: the lower canvas is painted again only when data, camera, size or theme changed; cells are batched by colour, and only what
 * the camera sees is painted. Far away a cell is a rectangle in its phase's colour and failing pods get a mark larger than their cell;
 * from `TILE_PX` on a tile with its sign, from an atlas; from `LABEL_PX` on its name. Pixel ratio is at most 2, and 1 after a run of
 * slow frames.
 */
import type { NodeRow, Phase, PodRow } from "../protocol/shapes";
import type { ClusterState } from "../protocol/store";
import type { Berths } from "../scene/berths";
import type { Callout } from "../scene/callouts";
import { visible, type Camera, type Size } from "../scene/camera";
import { bandOf, lookedOf, type FleetColour } from "../scene/fleet-colours";
import { headOf, podRect, type FleetLayout } from "../scene/fleet";
import type { Rect } from "../scene/measures";
import { tileWords } from "../scene/model";
import { fitText, textWidth } from "../scene/text";
import { PHASES } from "./glyphs";
import type { ColourName, Colours } from "./theme";

const TILE_PX = 9;
/** Of a tile's width, between its sign and the namespace's edge. */
const LABEL_SHARE = 0.57;
/** Nearer than this one sees for oneself. */
const CALLOUT_MOST_ZOOM = 1.6;
const LABEL_PX = 46;
const ATLAS_WIDTHS = [10, 14, 20, 28, 40, 64, 96];
const SLOW_MS = 20;
const SLOW_FRAMES = 30;
const FONT = '"Atkinson Hyperlegible Next Variable", system-ui, sans-serif';

export interface FleetPicture {
  layout: FleetLayout;
  pods: ReadonlyMap<string, PodRow>;
  queued: readonly PodRow[];
  berths: Berths;
  camera: Camera;
  selected: string | null;
  tints: ReadonlyMap<string, 1 | 2 | 3>;
  colour: FleetColour;
  callouts: readonly Callout[];
  state: ClusterState;
  now: number;
}

interface Placed { pod: PodRow; rect: Rect }

export class FleetPainter {
  private colours: Colours;
  private ratio = 1;
  private slow = 0;
  private painted: FleetPicture | null = null;
  private atlas: { key: string; tiles: Map<Phase, HTMLCanvasElement> } = { key: "", tiles: new Map() };

  constructor(private readonly base: HTMLCanvasElement, private readonly top: HTMLCanvasElement, colours: Colours, private size: Size) {
    this.colours = colours;
    this.resize(size);
  }

  resize(size: Size): void {
    this.size = size;
    this.ratio = this.slow >= SLOW_FRAMES ? 1 : Math.min(2, devicePixelRatio || 1);
    for (const canvas of [this.base, this.top]) {
      canvas.width = Math.round(size.width * this.ratio);
      canvas.height = Math.round(size.height * this.ratio);
    }
    this.painted = null;
  }

  recolour(colours: Colours): void {
    this.colours = colours;
    this.atlas = { key: "", tiles: new Map() };
    this.painted = null;
  }

  paint(picture: FleetPicture): void {
    const before = this.painted;
    const same = before !== null && before.layout === picture.layout && before.pods === picture.pods && before.camera === picture.camera && before.colour === picture.colour;
    if (same && before.selected === picture.selected && before.callouts === picture.callouts) return;
    const startedMs = performance.now();
    if (!same) this.paintBase(picture);
    this.paintTop(picture);
    this.painted = picture;
    this.watchPace(performance.now() - startedMs);
  }

  private watchPace(ms: number): void {
    if (this.slow >= SLOW_FRAMES) return;
    this.slow = ms > SLOW_MS ? this.slow + 1 : 0;
    if (this.slow >= SLOW_FRAMES) this.resize(this.size);
  }

  private paintBase(picture: FleetPicture): void {
    const { layout, camera } = picture;
    const context = this.base.getContext("2d", { alpha: false })!;
    this.ground(context);
    context.setTransform(this.ratio * camera.k, 0, 0, this.ratio * camera.k, this.ratio * camera.x, this.ratio * camera.y);
    const seen = visible(camera, this.size);
    for (const zone of layout.zones) {
      box(context, zone.rect, 10, { fill: this.colours["sea-2"], stroke: this.colours["line-2"], width: 0.5 / camera.k });
      const [name, count] = [zone.name ? (/^zone/.test(zone.name) ? zone.name : `zone ${zone.name}`) : "no zone", `${zone.nodes.length.toLocaleString("en")} ${zone.nodes.length === 1 ? "node" : "nodes"}`];
      const room = textWidth(name, 13) + 14;
      this.text(context, name, { x: zone.rect.x + 2, y: zone.rect.y - 12, size: 13, weight: 650, colour: "ink" });
      if (room + textWidth(count, 12.5) < zone.rect.w + 12) this.text(context, count, { x: zone.rect.x + 2 + room, y: zone.rect.y - 12, size: 12.5, weight: 450, colour: "ink-2" });
    }
    this.nodes(context, picture, seen);
    this.pods(context, picture, seen);
    this.queue(context, picture);
  }

  private ground(context: CanvasRenderingContext2D): void {
    const { width, height } = this.size;
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.fillStyle = this.colours.sea;
    context.fillRect(0, 0, width, height);
    context.strokeStyle = this.colours.graticule;
    context.lineWidth = 1;
    context.beginPath();
    for (let x = 0.5; x < width; x += 40) { context.moveTo(x, 0); context.lineTo(x, height); }
    for (let y = 0.5; y < height; y += 40) { context.moveTo(0, y); context.lineTo(width, y); }
    context.stroke();
  }

  private nodes(context: CanvasRenderingContext2D, { layout, camera }: FleetPicture, seen: Rect): void {
    const lost: { node: NodeRow; rect: Rect }[] = [];
    const named: { node: NodeRow; rect: Rect }[] = [];
    context.fillStyle = this.colours.surface;
    for (const place of layout.placeOf.values()) {
      if (!overlaps(place.rect, seen)) continue;
      if (place.node.ready === "True") context.fillRect(place.rect.x, place.rect.y, place.rect.w, place.rect.h);
      else lost.push(place);
      if (headOf(place.rect) > 0) named.push(place);
    }
    for (const { rect } of lost) box(context, rect, 2, { fill: this.colours.sunken, stroke: this.colours["failed-e"], width: 1.2 / Math.sqrt(camera.k) });
    for (const { node, rect } of named) {
      const size = (rect.w < 70 ? 10 : 11) / Math.max(1, Math.sqrt(camera.k));
      const name = textWidth(node.name, size) <= rect.w - 8 ? node.name : node.name.split("-").at(-1)!;
      this.text(context, fitText(name, rect.w - 8, size), { x: rect.x + 5, y: rect.y + 13, size, weight: 600, colour: "ink-2" });
    }
  }

  private pods(context: CanvasRenderingContext2D, picture: FleetPicture, seen: Rect): void {
    const { camera } = picture;
    const byPhase = this.place(picture, seen);
    const first = byPhase.values().next().value?.[0];
    const px = first ? first.rect.w * camera.k : 0;
    if (picture.colour !== "phase") this.bands(context, byPhase, picture, picture.colour);
    else if (px >= TILE_PX && first) this.tiles(context, byPhase, { px, camera, sample: first.rect, tints: picture.tints });
    else this.cells(context, byPhase, camera);
  }

  /** Where each pod in view is, by phase; quiet phases first, so that trouble is painted over them. */
  private place({ layout, pods, berths }: FleetPicture, seen: Rect): Map<Phase, Placed[]> {
    const byPhase = new Map<Phase, Placed[]>((["Running", "Succeeded", "Unknown", "Terminating", "Creating", "Failing"] as Phase[]).map((phase) => [phase, []]));
    for (const pod of pods.values()) {
      const place = pod.node === "" ? undefined : layout.placeOf.get(pod.node);
      const berth = place && overlaps(place.rect, seen) ? berths.berth(pod.uid) : undefined;
      if (place && berth) byPhase.get(pod.phase)?.push({ pod, rect: podRect(place.rect, layout.shape, berth) });
    }
    return byPhase;
  }

  /** What is asked for in colour, and what fails on top of it. */
  private bands(context: CanvasRenderingContext2D, byPhase: Map<Phase, Placed[]>, { camera, state, now }: FleetPicture, colour: Exclude<FleetColour, "phase">): void {
    const looked = lookedOf(state, now);
    for (const list of byPhase.values()) for (const { pod, rect } of list) {
      context.fillStyle = this.colours[bandOf(colour, pod, looked).token as ColourName];
      context.fillRect(rect.x, rect.y, rect.w, rect.h);
    }
    this.marks(context, byPhase.get("Failing") ?? [], camera);
  }

  private cells(context: CanvasRenderingContext2D, byPhase: Map<Phase, Placed[]>, camera: Camera): void {
    for (const [phase, list] of byPhase) {
      const { token, dashed } = PHASES[phase];
      if (dashed) {
        context.strokeStyle = this.colours[token === "unknown" ? "ink-2" : (`${token}-e` as ColourName)];
        context.lineWidth = 1 / camera.k;
        for (const { rect } of list) context.strokeRect(rect.x, rect.y, rect.w, rect.h);
      } else {
        context.fillStyle = this.colours[phase === "Running" ? "running-q" : (token as ColourName)];
        for (const { rect } of list) context.fillRect(rect.x, rect.y, rect.w, rect.h);
      }
    }
    this.marks(context, byPhase.get("Failing") ?? [], camera);
  }

  /** Nothing that hurts may hide at this distance. */
  private marks(context: CanvasRenderingContext2D, failing: readonly Placed[], { k }: Camera): void {
    const [radius, arm] = [4.6 / Math.sqrt(k), 1.7 / Math.sqrt(k)];
    context.fillStyle = this.colours.failed;
    context.beginPath();
    for (const { rect } of failing) {
      const [x, y] = [rect.x + rect.w / 2, rect.y + rect.h / 2];
      context.moveTo(x + radius, y);
      context.arc(x, y, radius, 0, 7);
    }
    context.fill();
    context.strokeStyle = this.colours["failed-g"];
    context.lineWidth = 1.5 / Math.sqrt(k);
    context.beginPath();
    for (const { rect } of failing) {
      const [x, y] = [rect.x + rect.w / 2, rect.y + rect.h / 2];
      context.moveTo(x - arm, y - arm); context.lineTo(x + arm, y + arm);
      context.moveTo(x + arm, y - arm); context.lineTo(x - arm, y + arm);
    }
    context.stroke();
  }

  private tiles(context: CanvasRenderingContext2D, byPhase: Map<Phase, Placed[]>, { px, camera, sample, tints }: { px: number; camera: Camera; sample: Rect; tints: FleetPicture["tints"] }): void {
    const width = ATLAS_WIDTHS.find((size) => size >= px) ?? ATLAS_WIDTHS.at(-1)!;
    const tiles = this.tilesFor(width, Math.max(4, Math.round((width * sample.h) / sample.w)));
    for (const [phase, list] of byPhase) for (const { rect } of list) context.drawImage(tiles.get(phase)!, rect.x, rect.y, rect.w, rect.h);
    for (const list of byPhase.values()) for (const { pod, rect } of list) {
      context.fillStyle = this.colours[`ns${tints.get(pod.ns) ?? 1}-m`];
      context.fillRect(rect.x + rect.w * 0.93, rect.y, rect.w * 0.07, rect.h);
      if (px >= LABEL_PX) this.text(context, fitText(tileWords(pod)[0], px * LABEL_SHARE, 11), { x: rect.x + rect.w * 0.34, y: rect.y + rect.h * 0.62, size: 11 / camera.k, weight: 600, colour: "ink" });
    }
  }

  /** One pre-rendered tile a phase at this size. */
  private tilesFor(width: number, height: number): Map<Phase, HTMLCanvasElement> {
    const key = `${width}x${height}x${this.ratio}`;
    if (this.atlas.key !== key) {
      const phases = Object.keys(PHASES) as Phase[];
      this.atlas = { key, tiles: new Map(phases.map((phase) => [phase, this.tile(phase, width * this.ratio, height * this.ratio)])) };
    }
    return this.atlas.tiles;
  }

  private tile(phase: Phase, width: number, height: number): HTMLCanvasElement {
    const canvas = document.createElement("canvas");
    canvas.width = Math.ceil(width);
    canvas.height = Math.ceil(height);
    const context = canvas.getContext("2d")!;
    const { token, dashed } = PHASES[phase];
    const unknown = token === "unknown";
    const edge = this.colours[unknown ? "ink-2" : (`${token}-e` as ColourName)];
    const block = Math.min(width * 0.3, height);
    box(context, { x: 0.5, y: 0.5, w: width - 1, h: height - 1 }, Math.min(4, height / 5), { fill: this.colours[unknown ? "done-s" : (`${token}-s` as ColourName)], stroke: edge, width: 1, dash: dashed ? [3, 2] : [] });
    context.fillStyle = this.colours[unknown ? "sunken" : (token as ColourName)];
    context.fillRect(1, 1, block, height - 2);
    sign(context, phase, { x: 1 + block / 2, y: height / 2, r: Math.min(block, height) * 0.32, ink: this.colours[unknown ? "ink-2" : (`${token}-g` as ColourName)] });
    return canvas;
  }

  private queue(context: CanvasRenderingContext2D, { layout, queued }: FleetPicture): void {
    const last = layout.zones.at(-1);
    if (!last || queued.length === 0) return;
    const shown = Math.min(queued.length, 45);
    const perLine = Math.min(15, Math.max(1, shown));
    const x = last.rect.x + last.rect.w - perLine * 8;
    this.text(context, `${queued.length.toLocaleString("en")} waiting`, { x: x - 8, y: last.rect.y - 12, size: 12.5, weight: 450, colour: "ink-2", align: "right" });
    context.fillStyle = this.colours.pending;
    context.strokeStyle = this.colours["pending-e"];
    context.lineWidth = 1;
    for (let i = 0; i < shown; i += 1) {
      const [left, top] = [x + (i % perLine) * 8, last.rect.y - 30 + Math.floor(i / perLine) * 9.5];
      context.fillRect(left, top, 6.5, 7.5);
      context.strokeRect(left + 0.5, top + 0.5, 5.5, 6.5);
    }
  }

  private callout(context: CanvasRenderingContext2D, { trouble, x, y, r, label, title, detail, line: [fromX, fromY, toX, toY] }: Callout): void {
    const edge = this.colours[`${PHASES[trouble.phase].token}-e` as ColourName];
    context.strokeStyle = edge;
    context.lineWidth = 2;
    context.beginPath();
    context.arc(x, y, r, 0, 7);
    context.moveTo(fromX, fromY);
    context.lineTo(toX, toY);
    context.stroke();
    box(context, label, 6, { fill: this.colours.surface, stroke: edge, width: 1.6 });
    this.text(context, title, { x: label.x + 11, y: label.y + 17, size: 12.5, weight: 650, colour: "ink" });
    this.text(context, detail, { x: label.x + 11, y: label.y + 32, size: 11.5, weight: 450, colour: "ink-2" });
  }

  private paintTop({ layout, pods, berths, camera, selected, callouts }: FleetPicture): void {
    const context = this.top.getContext("2d")!;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.top.width, this.top.height);
    if (camera.k < CALLOUT_MOST_ZOOM) {
      context.setTransform(this.ratio * camera.k, 0, 0, this.ratio * camera.k, this.ratio * camera.x, this.ratio * camera.y);
      for (const callout of callouts) this.callout(context, callout);
      context.setTransform(1, 0, 0, 1, 0, 0);
    }
    if (selected === null) return;
    const pod = pods.get(selected);
    const node = pod ? layout.placeOf.get(pod.node) : [...layout.placeOf.values()].find((place) => place.node.uid === selected);
    const berth = pod ? berths.berth(pod.uid) : undefined;
    if (!node) return;
    const rect = pod && berth ? podRect(node.rect, layout.shape, berth) : node.rect;
    context.setTransform(this.ratio * camera.k, 0, 0, this.ratio * camera.k, this.ratio * camera.x, this.ratio * camera.y);
    const room = 3 / camera.k;
    box(context, { x: rect.x - room, y: rect.y - room, w: rect.w + 2 * room, h: rect.h + 2 * room }, room, { stroke: this.colours.ink, width: 2 / camera.k });
  }

  private text(context: CanvasRenderingContext2D, words: string, { x, y, size, weight, colour, align = "left" }: { x: number; y: number; size: number; weight: number; colour: ColourName; align?: CanvasTextAlign }): void {
    context.font = `${weight} ${size}px ${FONT}`;
    context.fillStyle = this.colours[colour];
    context.textAlign = align;
    context.fillText(words, x, y);
  }
}

interface BoxStyle { fill?: string; stroke?: string; width?: number; dash?: number[] }

function box(context: CanvasRenderingContext2D, { x, y, w, h }: Rect, radius: number, { fill, stroke, width = 1, dash = [] }: BoxStyle): void {
  context.beginPath();
  context.roundRect(x, y, w, h, radius);
  if (fill) { context.fillStyle = fill; context.fill(); }
  if (!stroke) return;
  context.setLineDash(dash);
  context.strokeStyle = stroke;
  context.lineWidth = width;
  context.stroke();
  context.setLineDash([]);
}

/** The signs of glyphs.tsx in a circle of radius `r`. */
function sign(context: CanvasRenderingContext2D, phase: Phase, { x, y, r, ink }: { x: number; y: number; r: number; ink: string }): void {
  context.fillStyle = context.strokeStyle = ink;
  context.lineWidth = Math.max(1, r * 0.5);
  context.lineCap = context.lineJoin = "round";
  context.beginPath();
  const line = (...points: [number, number][]) => points.forEach(([dx, dy], i) => (i === 0 ? context.moveTo(x + dx * r, y + dy * r) : context.lineTo(x + dx * r, y + dy * r)));
  switch (phase) {
    case "Running": context.arc(x, y, r * 0.8, 0, 7); context.fill(); return;
    case "Pending": for (const dx of [-1, 0, 1]) { context.moveTo(x + dx * r, y); context.arc(x + dx * r * 0.9, y, r * 0.3, 0, 7); } context.fill(); return;
    case "Creating": context.arc(x, y, r * 0.85, -Math.PI / 2, Math.PI); break;
    case "Failing": line([-0.8, -0.8], [0.8, 0.8]); line([0.8, -0.8], [-0.8, 0.8]); break;
    case "Succeeded": line([-0.9, 0.1], [-0.2, 0.8], [0.9, -0.7]); break;
    case "Terminating": line([0, -0.9], [0, 0.8]); line([-0.7, 0.1], [0, 0.8], [0.7, 0.1]); break;
    case "Unknown": line([-0.5, -0.5], [0, -0.9], [0.5, -0.5], [0, 0.1], [0, 0.3]); break;
  }
  context.stroke();
}

function overlaps(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.w && a.x + a.w > b.x && a.y < b.y + b.h && a.y + a.h > b.y;
}
