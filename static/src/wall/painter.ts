/**
 * Keeps the cards' canvases painted: only those in view, only those that changed, oldest first, and at most a few milliseconds a
 * frame. Nothing is painted while nothing changes.
 */
import { layout, type Mini, type Phase, type Pip, type Rack } from "./mini";
import { readPalette, type Palette } from "./palette";
import type { Picture } from "./types";

const budgetMs = 6;
const sharpest = 2;

interface Canvas { readonly element: HTMLCanvasElement; picture: Picture | null; inView: boolean; readonly large: boolean }

export class Painter {
  private readonly canvases = new Map<HTMLCanvasElement, Canvas>();
  private readonly dirty = new Set<Canvas>();
  private palette: Palette = readPalette();
  private frame = 0;
  private readonly inView = new IntersectionObserver((entries) => this.seen(entries), { rootMargin: "80px" });
  private readonly sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => this.soil(target as HTMLCanvasElement)));

  /** `onView` hears which canvases are in view, whenever that changes. */
  constructor(private readonly onView: (elements: readonly HTMLCanvasElement[]) => void) {
    document.addEventListener("drydock:theme", this.onTheme);
  }

  show(element: HTMLCanvasElement, picture: Picture | null, large = false): void {
    const canvas = this.canvases.get(element) ?? this.add(element, large);
    if (canvas.picture === picture) return;
    canvas.picture = picture;
    this.soil(element);
  }

  forget(element: HTMLCanvasElement): void {
    const canvas = this.canvases.get(element);
    if (!canvas) return;
    this.canvases.delete(element);
    this.dirty.delete(canvas);
    this.inView.unobserve(element);
    this.sizes.unobserve(element);
  }

  dispose(): void {
    cancelAnimationFrame(this.frame);
    this.inView.disconnect();
    this.sizes.disconnect();
    document.removeEventListener("drydock:theme", this.onTheme);
  }

  private add(element: HTMLCanvasElement, large: boolean): Canvas {
    const canvas: Canvas = { element, picture: null, inView: false, large };
    this.canvases.set(element, canvas);
    this.inView.observe(element);
    this.sizes.observe(element);
    return canvas;
  }

  private seen(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      const canvas = this.canvases.get(target as HTMLCanvasElement);
      if (canvas) canvas.inView = isIntersecting;
    }
    this.onView([...this.canvases.values()].filter(({ inView }) => inView).map(({ element }) => element));
    this.schedule();
  }

  private readonly onTheme = (): void => {
    this.palette = readPalette();
    for (const element of this.canvases.keys()) this.soil(element);
  };

  private soil(element: HTMLCanvasElement): void {
    const canvas = this.canvases.get(element);
    if (!canvas) return;
    this.dirty.add(canvas); // a Set keeps the order of arrival, so the oldest is painted first
    this.schedule();
  }

  private schedule(): void {
    if (this.frame === 0) this.frame = requestAnimationFrame(() => this.paint());
  }

  private paint(): void {
    this.frame = 0;
    const end = performance.now() + budgetMs;
    for (const canvas of this.dirty) {
      if (!canvas.inView) continue;
      this.dirty.delete(canvas);
      paintCanvas(canvas.element, canvas.picture, this.palette, canvas.large);
      if (performance.now() > end) return this.schedule();
    }
  }
}

function paintCanvas(element: HTMLCanvasElement, picture: Picture | null, palette: Palette, large: boolean): void {
  const [width, height] = [element.clientWidth, element.clientHeight];
  if (width === 0 || height === 0) return;
  const ratio = Math.min(devicePixelRatio || 1, sharpest);
  element.width = Math.round(width * ratio);
  element.height = Math.round(height * ratio);
  const pen = element.getContext("2d");
  if (!pen) return;
  pen.scale(ratio, ratio);
  const mini = layout(picture ?? { nodes: [], declared: [] }, width, height);
  ground(pen, mini, width, height, palette);
  for (const pip of mini.pips) tile(pen, pip, palette, large);
  for (const rack of mini.racks) paintRack(pen, rack, palette, large);
}

function ground(pen: CanvasRenderingContext2D, { waterline }: Mini, width: number, height: number, palette: Palette): void {
  pen.fillStyle = palette["sky"] ?? "";
  pen.fillRect(0, 0, width, height);
  const wave = width / 14;
  pen.beginPath();
  pen.moveTo(0, waterline);
  for (let x = 0; x < width; x += wave) {
    pen.quadraticCurveTo(x + wave / 4, waterline - height * 0.02, x + wave / 2, waterline);
    pen.quadraticCurveTo(x + (wave * 3) / 4, waterline + height * 0.02, x + wave, waterline);
  }
  pen.strokeStyle = palette["lane"] ?? "";
  pen.lineWidth = 0.8;
  pen.globalAlpha = 0.5;
  pen.stroke();
  pen.globalAlpha = 1;
  pen.lineTo(width, height);
  pen.lineTo(0, height);
  pen.fillStyle = palette["sea"] ?? "";
  pen.fill();
}

function paintRack(pen: CanvasRenderingContext2D, rack: Rack, palette: Palette, large: boolean): void {
  const edge = (rack.ok ? palette["line-2"] : palette["failed-e"]) ?? "";
  box(pen, rack, rack.radius);
  pen.fillStyle = palette["surface"] ?? "";
  pen.fill();
  if (!rack.ok) hatch(pen, rack, palette["ink-3"] ?? "");
  box(pen, rack, rack.radius);
  pen.strokeStyle = edge;
  pen.lineWidth = rack.ok ? 0.8 : 1.4;
  pen.stroke();
  lamp(pen, rack, palette);
  for (const pip of rack.tiles) tile(pen, pip, palette, large);
}

function lamp(pen: CanvasRenderingContext2D, { ok, lamp: { x, y, r }, w, h }: Rack, palette: Palette): void {
  pen.beginPath();
  pen.arc(x, y, r, 0, Math.PI * 2);
  pen.lineWidth = 0.9;
  pen.strokeStyle = (ok ? palette["running-e"] : palette["failed-e"]) ?? "";
  pen.fillStyle = palette["running"] ?? "";
  if (ok) pen.fill();
  pen.stroke();
  pen.globalAlpha = 0.55;
  pen.strokeStyle = palette["ink-3"] ?? "";
  pen.lineWidth = Math.max(1.2, h * 0.025);
  pen.beginPath();
  pen.moveTo(x + w * 0.14, y);
  pen.lineTo(x + w * 0.58, y);
  pen.stroke();
  pen.globalAlpha = 1;
}

/** Diagonal lines over a node that has gone dark, below its header. */
function hatch(pen: CanvasRenderingContext2D, { x, y, w, h }: Rack, colour: string): void {
  pen.save();
  pen.beginPath();
  pen.rect(x + 1, y + h * 0.17, w - 2, h * 0.82);
  pen.clip();
  pen.strokeStyle = colour;
  pen.globalAlpha = 0.35;
  pen.lineWidth = 1.6;
  pen.beginPath();
  for (let at = x - h; at < x + w; at += 6) {
    pen.moveTo(at, y + h);
    pen.lineTo(at + h, y);
  }
  pen.stroke();
  pen.restore();
}

const dashed: ReadonlySet<Phase> = new Set(["pending", "leaving", "unknown"]);

/** A pod. Seen from afar, what runs is quiet; every other phase has a shape besides its colour. */
function tile(pen: CanvasRenderingContext2D, pip: Pip, palette: Palette, large: boolean): void {
  const { phase } = pip;
  const quiet = phase === "running" && !large;
  box(pen, pip, pip.radius);
  pen.fillStyle = (quiet ? palette["running-q"] : phase === "leaving" ? palette["leaving-s"] : phase === "pending" || phase === "unknown" ? "transparent" : palette[phase]) ?? "";
  pen.fill();
  pen.setLineDash(dashed.has(phase) ? [2, 1.4] : []);
  pen.strokeStyle = (phase === "unknown" ? palette["ink-2"] : palette[`${phase}-e`]) ?? "";
  pen.lineWidth = dashed.has(phase) ? 1.2 : 0.6;
  pen.stroke();
  pen.setLineDash([]);
  glyph(pen, pip, palette);
}

function glyph(pen: CanvasRenderingContext2D, { x, y, w, h, phase }: Pip, palette: Palette): void {
  const arm = Math.min(w, h) * 0.27;
  const [cx, cy] = [x + w / 2, y + h / 2];
  if (arm < 1.2) return;
  pen.strokeStyle = palette[`${phase}-g`] ?? "";
  pen.lineWidth = 1.3;
  pen.beginPath();
  if (phase === "failed") {
    pen.moveTo(cx - arm, cy - arm);
    pen.lineTo(cx + arm, cy + arm);
    pen.moveTo(cx + arm, cy - arm);
    pen.lineTo(cx - arm, cy + arm);
  } else if (phase === "creating") pen.arc(cx, cy, arm, -Math.PI / 2, Math.PI);
  else if (phase === "done") {
    pen.moveTo(cx - arm, cy);
    pen.lineTo(cx - arm / 4, cy + arm * 0.8);
    pen.lineTo(cx + arm, cy - arm);
  } else return;
  pen.stroke();
}

function box(pen: CanvasRenderingContext2D, { x, y, w, h }: { x: number; y: number; w: number; h: number }, radius: number): void {
  pen.beginPath();
  pen.roundRect(x, y, w, h, radius);
}
