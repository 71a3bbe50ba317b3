/**
 * What the stage draws and from where, as signals derived from the session and the view; and the hands that move them.
 *
 * Promise: positions come from scene/ alone. The ratchet that keeps racks from shrinking lives here, one per cluster. Above
 * `QUAY_NODES` nodes the quay gives way to the fleet's canvas, whatever detail is chosen.
 */
import { computed, effect, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { select as d3select } from "d3-selection";
import { zoom as d3zoom, zoomIdentity, type D3ZoomEvent, type ZoomBehavior } from "d3-zoom";
import type { Flight, Trace } from "../motion/director";
import type { SessionLog } from "../protocol/log";
import { lookUp, rows, table, type ClusterState } from "../protocol/store";
import type { Callout } from "../scene/callouts";
import { route, stopPoint } from "../scene/cables";
import { centreOn, fitAcross, fitBelow, leastZoom, MOST_ZOOM, reveal, type Camera, type Size } from "../scene/camera";
import { layoutFleet, type FleetLayout } from "../scene/fleet";
import { focusContent, layoutFocus, type FocusLayout } from "../scene/focus";
import { LOOSE, layoutQuay, QUAY_NODES, QUAY_PODS, type QuayLayout } from "../scene/layout";
import { UPRIGHT_BELOW, type Rect } from "../scene/measures";
import type { Ratchet, TilePlace } from "../scene/rack-places";
import { buildModel, isQueued, tintsOf, topOwner, type SceneModel } from "../scene/model";
import { layoutNamespaces, type NamespacesLayout } from "../scene/namespaces";
import type { InspectReply, NodeRow, PodRow, Scheduling, WorkloadRow } from "../protocol/shapes";
import type { Session } from "../session";
import type { FleetPicture } from "./fleet";
import type { QuayLooks } from "./quay";
import type { Detail, View } from "./view";

/** Room for the tools along the top edge, in CSS pixels. */
export const TOOLS_ROOM = 44;
/** The same where the tools take two lines. */
const NARROW_TOOLS_ROOM = 92;
/** Where a chart begins that is shown in pieces. */
const CHART_TOP = 40;
/** What is kept in view around a message while the learner steps. */
const AROUND_A_STOP = { left: 70, top: 100, w: 140, h: 150 };
/** Room for the summary beside the fleet; on a narrow stage it is below, and the tools take two lines more. */
const ASIDE = { aside: 262 };
const BELOW = { aside: 0, above: 56, below: 200 };
const FLEET_MOST_ZOOM = 24;
/** Width of a node's rack when the fleet is looked at rack by rack. */
const FLEET_RACK_PX = 96;
const DEPART_MS = 420;
const SHOWN_TIME_MS = 200;
const MOST_DEPARTING = 60;

export type ChartKind = "fleet" | "quay" | "namespaces" | "pod" | "list";

export class StageScene {
  readonly size: Signal<Size> = signal({ width: 1088, height: 548 });
  readonly model: ReadonlySignal<SceneModel>;
  readonly quay: ReadonlySignal<QuayLayout>;
  readonly namespaces: ReadonlySignal<NamespacesLayout>;
  readonly focus: ReadonlySignal<FocusLayout>;
  readonly fleet: ReadonlySignal<FleetLayout>;
  readonly looks: ReadonlySignal<QuayLooks>;
  readonly chartKind: ReadonlySignal<ChartKind>;
  readonly tints: ReadonlySignal<ReadonlyMap<string, 1 | 2 | 3>>;
  readonly isLarge: ReadonlySignal<boolean>;
  readonly flights: Signal<readonly Flight[]> = signal([]);
  /** How the scheduler came to the binding that is looked at; only while the learner steps. */
  readonly decision: Signal<Scheduling | null> = signal(null);
  /** "wants 5, counts 4": what a controller compared before the message that is looked at. */
  readonly gap: ReadonlySignal<string | null>;
  /** The time shown, while it passes a few times a second: for what moves with it. */
  readonly shownAt: Signal<number> = signal(0);
  /** Rings around what to look at first; set by the fleet's summary, which is made twice a second. */
  readonly callouts: Signal<readonly Callout[]> = signal([]);
  readonly departing: Signal<readonly TilePlace[]> = signal([]);
  readonly camera: Signal<Camera> = signal({ k: 1, x: 0, y: 0 });
  /** Set by the loop and by the fleet's canvas while they live. */
  wake: (() => void) | null = null;
  paintFleet: (() => void) | null = null;
  private ratchet: Ratchet = LOOSE;
  private surface: Element | null = null;
  private chart: SVGGElement | null = null;
  private zoom: ZoomBehavior<Element, unknown> | null = null;
  private fitted = true;

  constructor(readonly session: Session, readonly view: View) {
    this.model = computed(() => buildModel(session.state.value, session.selected.value));
    this.tints = computed(() => tintsOf(rows(session.state.value, "Namespace")));
    this.isLarge = computed(() => table(session.state.value, "Node").size > QUAY_NODES || table(session.state.value, "Pod").size > QUAY_PODS);
    this.quay = computed(() => this.layOut());
    this.namespaces = computed(() => layoutNamespaces(this.model.value, session.state.value, this.size.value.width));
    this.focus = computed(() => layoutFocus(session.state.value, session.selected.value));
    this.fleet = computed(() => this.layOutFleet());
    this.chartKind = computed(() => this.chooseChart());
    effect(() => { if (this.isLarge.value) view.detail.value = "fleet"; });
    this.gap = computed(() => gapOf(session.state.value, session.trace.value, session.log));
    this.looks = computed(() => looksOf(session.state.value, this.model.value, { trace: session.trace.value, selected: session.selected.value }));
  }

  /** Follows changes of data and size until the returned function is called. */
  attach(): () => void {
    const stops = [effect(() => this.keepTime()), effect(() => this.keepFitted()), effect(() => this.watchDepartures()), effect(() => this.askForDecision()), effect(() => this.followSteps())];
    this.view.camera.value = { fit: () => this.fit(), zoomBy: (factor) => this.zoomBy(factor), reveal: (uid) => this.reveal(uid) };
    return () => stops.forEach((stop) => stop());
  }

  /** Follows the clock while it runs, and every jump of it. */
  private keepTime(): () => void {
    const { session, shownAt } = this;
    const running = session.playhead.value?.playing ?? !session.clock.value.paused;
    void session.state.value;
    shownAt.value = session.now();
    const timer = running ? setInterval(() => { shownAt.value = session.now(); }, SHOWN_TIME_MS) : undefined;
    return () => clearInterval(timer);
  }

  readonly setSurface = (element: Element | null): void => {
    this.surface = element;
    if (!element) return;
    this.zoom = d3zoom<Element, unknown>()
      .filter((event: MouseEvent) => event.button === 0 && event.type !== "dblclick")
      .scaleExtent([0.2, MOST_ZOOM])
      .on("zoom", (event: D3ZoomEvent<Element, unknown>) => this.moved(event));
    d3select(element).call(this.zoom).on("dblclick.zoom", null);
  };

  readonly setChart = (element: SVGGElement | null): void => {
    this.chart = element;
    this.paintCamera();
  };

  readonly click = (event: MouseEvent): void => {
    this.view.menu.value = null;
    this.session.selected.value = uidAt(event);
  };

  readonly open = (event: MouseEvent): void => {
    const uid = uidAt(event);
    if (uid === null) return;
    this.session.selected.value = uid;
    this.view.inspector.value = true;
  };

  readonly contextMenu = (event: MouseEvent): void => {
    const uid = uidAt(event);
    if (uid === null) return;
    event.preventDefault();
    this.session.selected.value = uid;
    this.view.menu.value = { uid, x: event.clientX, y: event.clientY };
  };

  /** The fleet's canvas has no chart element: it reads the camera when it is painted. */
  attachFleet(box: HTMLElement): () => void {
    this.setSurface(box);
    this.zoom?.scaleExtent([1, FLEET_MOST_ZOOM]);
    this.view.camera.value = { fit: () => this.fit(), zoomBy: (factor) => this.zoomBy(factor), reveal: (uid) => this.reveal(uid) };
    const stop = effect(() => this.frameFleet(this.view.detail.value));
    return () => { stop(); this.surface = null; this.fitted = true; };
  }

  /** "Rack" in a cluster too large for the quay: so near that tiles carry their signs. */
  private frameFleet(detail: Detail): void {
    this.fitted = detail === "fleet";
    const first = this.fleet.peek().placeOf.values().next().value;
    if (this.fitted || !first) return this.fit();
    const middle = { x: this.size.peek().width / 2 - 1, y: this.size.peek().height / 2 - 1, w: 2, h: 2 };
    const selected = this.session.selected.peek();
    const rect = (selected !== null && this.fleetRectOf(selected)) || middle;
    this.place(centreOn(rect, this.size.peek(), Math.min(FLEET_MOST_ZOOM, Math.max(1, FLEET_RACK_PX / first.rect.w))));
  }

  fleetPicture(): FleetPicture {
    const pods = table(this.session.state.peek(), "Pod");
    if (pods !== this.queuedOf.pods) this.queuedOf = { pods, queued: [...pods.values()].filter(isQueued) };
    return {
      layout: this.fleet.peek(), pods, queued: this.queuedOf.queued, berths: this.session.berths, camera: this.camera.peek(),
      selected: this.session.selected.peek(), tints: this.tints.peek(), colour: this.view.colour.peek(), callouts: this.callouts.peek(), state: this.session.state.peek(), now: this.session.now(),
    };
  }

  /** What colours besides the phase are made from. */
  fit(): void {
    this.fitted = true;
    this.place(this.chartKind.value === "fleet" ? { k: 1, x: 0, y: 0 } : this.fitting());
  }

  zoomBy(factor: number): void {
    if (this.surface && this.zoom) d3select(this.surface).call(this.zoom.scaleBy, factor);
    this.fitted = false;
  }

  reveal(uid: string): void {
    const rect = this.rectOf(uid);
    if (rect && (!this.fitted || this.showsPieces())) this.bringIntoView(rect);
  }

  private bringIntoView(rect: Rect): void {
    const next = reveal(this.camera.value, rect, this.size.value);
    if (next === this.camera.value) return;
    this.fitted = false;
    this.place(next);
  }

  /** On a narrow stage a chart is as wide as the stage, and only a piece of it is seen. */
  private showsPieces(): boolean {
    return this.size.value.width < UPRIGHT_BELOW;
  }

  private fitting(): Camera {
    if (!this.showsPieces()) return fitBelow(this.world(), this.size.value, TOOLS_ROOM);
    const { width, height } = this.world();
    const piece = this.chartKind.value === "pod" ? focusContent(this.focus.value) : { x: 0, y: CHART_TOP, w: width, h: height };
    return fitAcross(piece, this.size.value, NARROW_TOOLS_ROOM);
  }

  /** Whoever steps from message to message on a narrow stage sees each where it is. */
  private followSteps(): void {
    const msg = this.session.trace.value.present?.msg;
    if (!msg || !this.isStepping() || !this.showsPieces() || this.chartKind.value !== "quay") return;
    const points = route(this.quay.peek(), msg.from, msg.to);
    if (!points) return;
    const [x, y] = stopPoint(points, msg.from === "apiserver");
    const { left, top, w, h } = AROUND_A_STOP;
    const isWhole = this.camera.peek().k <= this.fitting().k;
    this.bringIntoView(isWhole ? { x: this.quay.peek().width / 2, y: y - top, w: 0, h } : { x: x - left, y: y - top, w, h });
  }

  private isStepping(): boolean {
    const playhead = this.session.playhead.value;
    return playhead !== null && !playhead.playing;
  }

  /** Where an object stands on the chart shown; null when it is not drawn there. */
  rectOf(uid: string): Rect | null {
    if (this.chartKind.peek() === "fleet") return this.fleetRectOf(uid);
    if (this.chartKind.peek() !== "quay") return null;
    const { tiles, queued, racks, zones, control, storage } = this.quay.value;
    return tiles.get(uid)?.rect
      ?? queued.find((tile) => tile.pod.uid === uid)?.rect
      ?? racks.find(({ node }) => node.uid === uid)?.rect
      ?? zones.find(({ zone }) => zone.uid === uid)?.rect
      ?? zones.flatMap(({ cards }) => cards).find(({ card }) => card.uid === uid)?.rect
      ?? control.chips.find(({ component }) => component.uid === uid)?.rect
      ?? storage?.cards.find((card) => card.uid === uid)?.rect
      ?? null;
  }

  private fleetRectOf(uid: string): Rect | null {
    const { placeOf } = this.fleet.peek();
    const state = this.session.state.peek();
    const name = table(state, "Pod").get(uid)?.node ?? table(state, "Node").get(uid)?.name;
    return name === undefined ? null : placeOf.get(name)?.rect ?? null;
  }

  /** What is drawn, in words, for tests: the same at the same event, seen live or replayed. */
  describe(): Record<string, unknown> {
    if (this.chartKind.peek() === "fleet") return { chart: "fleet", nodes: this.fleet.peek().placeOf.size, pods: table(this.session.state.peek(), "Pod").size };
    const { zones, racks, tiles, queued, queuedMore } = this.quay.peek();
    return {
      chart: this.chartKind.peek(),
      zones: zones.map(({ zone, cards }) => [zone.name, cards.map(({ card }) => `${card.kind} ${card.name} ${card.pips?.count ?? card.sub}`)]),
      racks: racks.map(({ node }) => [node.name, node.ready]),
      tiles: [...tiles.values()].map(({ pod }) => [pod.name, pod.phase, pod.node, this.session.berths.berth(pod.uid)?.number ?? 0]),
      queued: queued.map(({ pod }) => pod.name),
      queuedMore,
      lane: this.model.peek().lane ? { service: this.model.peek().lane!.service.name, pods: this.model.peek().lane!.ready.map(({ name }) => name) } : null,
      trace: this.session.trace.peek().present?.msg.say ?? null,
      selected: this.session.selected.peek(),
    };
  }

  private chooseChart(): ChartKind {
    const arrangement = this.view.arrangement.value;
    if (arrangement === "list") return "list";
    if (arrangement === "namespaces") return "namespaces";
    if (this.view.detail.value === "pod") return "pod";
    return this.view.detail.value === "fleet" || this.isLarge.value ? "fleet" : "quay";
  }

  private layOut(): QuayLayout {
    const layout = layoutQuay(this.model.value, this.session.berths, { width: this.size.value.width, height: this.size.value.height, ratchet: this.ratchet });
    this.ratchet = layout.ratchet;
    return layout;
  }

  private world(): Size {
    const kind = this.chartKind.value;
    return kind === "namespaces" ? this.namespaces.value : kind === "pod" ? this.focus.value : this.quay.value;
  }

  private keepFitted(): void {
    const kind = this.chartKind.value;
    if (kind === "fleet" || kind === "list") return;
    const camera = this.fitting();
    this.zoom?.scaleExtent([leastZoom(this.world(), this.size.value), MOST_ZOOM]);
    if (this.fitted) this.place(camera);
  }

  private moved(event: D3ZoomEvent<Element, unknown>): void {
    if (event.sourceEvent) this.fitted = false;
    const { k, x, y } = event.transform;
    this.camera.value = { k, x, y };
    this.paintCamera();
  }

  private place({ k, x, y }: Camera): void {
    if (!this.surface || !this.zoom) return;
    d3select(this.surface).call(this.zoom.transform, zoomIdentity.translate(x, y).scale(k));
  }

  private paintCamera(): void {
    const { k, x, y } = this.camera.peek();
    this.chart?.setAttribute("transform", `translate(${x},${y}) scale(${k})`);
  }

  private askForDecision(): void {
    const msg = this.session.trace.value.present?.msg;
    const stepping = this.isStepping();
    this.decision.value = null;
    if (!stepping || !msg || msg.verb !== "bind") return;
    void this.session.api.command<InspectReply>({ kind: "inspect", uid: msg.uid }).then((outcome) => {
      if (outcome.ok && this.session.trace.peek().present?.msg === msg) this.decision.value = outcome.value.reply.scheduling ?? null;
    });
  }

  private queuedOf: { pods: ReadonlyMap<string, PodRow>; queued: PodRow[] } = { pods: new Map(), queued: [] };

  private layOutFleet(): FleetLayout {
    const nodes = table(this.session.state.value, "Node");
    const { mostBerths, plinths } = this.session.berths.most();
    const key = [nodes, this.size.value.width, this.size.value.height, mostBerths, plinths].map(String).join();
    if (this.keptFleet && this.keptFleet.nodes === nodes && this.keptFleet.key === key) return this.keptFleet.layout;
    const layout = layoutFleet([...nodes.values()], { view: this.size.value, ...(this.size.value.width < UPRIGHT_BELOW ? BELOW : ASIDE), mostBerths, plinths });
    this.keptFleet = { nodes, key, layout };
    return layout;
  }

  private keptFleet: { nodes: ReadonlyMap<string, NodeRow>; key: string; layout: FleetLayout } | null = null;

  private shown: ReadonlyMap<string, TilePlace> = new Map();

  /** Tiles whose pod is gone stay for the moment it takes to sink. */
  private watchDepartures(): void {
    if (this.chartKind.value !== "quay") { this.shown = new Map(); return; }
    const tiles = this.quay.value.tiles;
    const gone = [...this.shown.values()].filter(({ pod }) => !tiles.has(pod.uid));
    this.shown = tiles;
    if (gone.length === 0 || gone.length > MOST_DEPARTING || !this.session.live.peek()) return;
    this.departing.value = [...this.departing.peek(), ...gone];
    setTimeout(() => { this.departing.value = this.departing.peek().filter((place) => !gone.includes(place)); }, DEPART_MS);
  }
}

function uidAt(event: MouseEvent): string | null {
  return (event.target as Element | null)?.closest?.("[data-uid]")?.getAttribute("data-uid") ?? null;
}

function looksOf(state: ClusterState, model: SceneModel, { trace, selected }: { trace: Trace; selected: string | null }): QuayLooks {
  return {
    tints: model.tints, hot: hotObjects(state, trace), selected, revision: model.revision, waiting: model.queued.length,
    endpoints: model.lane ? model.lane.service.endpoints.length : null,
  };
}

/** A controller that makes pods has counted before: what its workload wants, and how many there were without those of this turn. */
function gapOf(state: ClusterState, { present }: Trace, log: SessionLog): string | null {
  const msg = present?.msg;
  if (!msg || msg.kind !== "Pod" || !msg.from.startsWith("controller:") || msg.verb !== "create") return null;
  const pod = table(state, "Pod").get(msg.uid);
  const owner = pod ? lookUp(state, pod.owner)?.row as Partial<WorkloadRow> | undefined : undefined;
  if (!pod || owner?.want === undefined) return null;
  const fresh = log.siblings(msg);
  const counted = [...table(state, "Pod").values()].filter((one) => one.owner === pod.owner && !fresh.has(one.uid) && one.phase !== "Terminating").length;
  return `wants ${owner.want}, counts ${counted}`;
}

/** What the present message is about and whom it passed: outlined in the colour of control messages. */
function hotObjects(state: ClusterState, trace: Trace): ReadonlySet<string> {
  const hot = new Set<string>();
  if (!trace.present) return hot;
  const { uid } = trace.present.msg;
  hot.add(uid);
  const found = lookUp(state, uid);
  if (found?.kind === "Pod") hot.add(topOwner(state, table(state, "Pod").get(uid)!));
  if (found?.kind === "ReplicaSet") hot.add(table(state, "ReplicaSet").get(uid)!.owner);
  hot.add("component/kube-apiserver");
  for (const { msg } of [...trace.past, trace.present]) for (const place of [msg.from, msg.to]) {
    if (!place.startsWith("controller:")) continue;
    const name = place.slice("controller:".length);
    hot.add(`component/${name}`).add(`component/${name}-controller`);
  }
  return hot;
}
