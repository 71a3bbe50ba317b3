/**
 * The far stage: two canvases under one camera, and beside them what a person should look at first.
 *
 * Promise: the loop paints; this component only owns the elements, points and clicks, and hands the painter its colours again when the
 * theme changes. The canvas is one picture for a screen reader; the outline holds its content.
 */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { toChart } from "../scene/camera";
import { table } from "../protocol/store";
import { placeCallouts } from "../scene/callouts";
import { hitFleet } from "../scene/fleet";
import { bandCounts, lookedOf } from "../scene/fleet-colours";
import { summarise, type FleetSummary } from "../scene/summary";
import { FleetPainter } from "./fleet";
import { fadeOut } from "./leaving";
import { LEGEND, PHASES, Swatch } from "./glyphs";
import type { StageScene } from "./scene";
import { readColours } from "./theme";

const SUMMARY_MS = 500;

export function FleetCanvas({ scene }: { scene: StageScene }) {
  const box = useRef<HTMLDivElement>(null);
  const base = useRef<HTMLCanvasElement>(null);
  const top = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => () => fadeOut(box.current), []);
  useEffect(() => animate(scene, { box: box.current!, base: base.current!, top: top.current! }), [scene]);
  const click = (event: MouseEvent) => { scene.session.selected.value = uidAt(scene, event, box.current!); };
  const menu = (event: MouseEvent) => {
    const uid = uidAt(scene, event, box.current!);
    if (uid === null) return;
    event.preventDefault();
    scene.session.selected.value = uid;
    scene.view.menu.value = { uid, x: event.clientX, y: event.clientY };
  };
  return (
    <>
      <div ref={box} class="fleet" role="img" aria-label="All nodes with their pods. The problems are listed beside the picture, everything in the outline." onClick={click} onContextMenu={menu}
        onDblClick={(event) => { click(event); scene.view.inspector.value = scene.session.selected.peek() !== null; }}>
        <canvas ref={base} />
        <canvas ref={top} />
      </div>
      <FleetSide scene={scene} />
    </>
  );
}

function animate(scene: StageScene, { box, base, top }: { box: HTMLDivElement; base: HTMLCanvasElement; top: HTMLCanvasElement }): () => void {
  const painter = new FleetPainter(base, top, readColours(box), scene.size.peek());
  let size = scene.size.peek();
  const detach = scene.attachFleet(box);
  const onTheme = () => { painter.recolour(readColours(box)); scene.wake?.(); };
  document.addEventListener("drydock:theme", onTheme);
  scene.paintFleet = () => {
    if (scene.size.peek() !== size) painter.resize((size = scene.size.peek()));
    painter.paint(scene.fleetPicture());
  };
  scene.wake?.();
  return () => {
    document.removeEventListener("drydock:theme", onTheme);
    scene.paintFleet = null;
    detach();
  };
}

function uidAt(scene: StageScene, event: MouseEvent, box: HTMLElement): string | null {
  const { left, top } = box.getBoundingClientRect();
  const [x, y] = toChart(scene.camera.peek(), event.clientX - left, event.clientY - top);
  const hit = hitFleet(scene.fleet.peek(), x, y);
  if (!hit) return null;
  const uid = hit.berth ? scene.session.berths.at(hit.node.name, hit.berth) : undefined;
  return uid !== undefined && scene.fleetPicture().pods.has(uid) ? uid : hit.node.uid;
}

/** Counts by phase, and the largest troubles first; twice a second at most. */
function FleetSide({ scene }: { scene: StageScene }) {
  const summary = useCalmSummary(scene);
  const { session, view } = scene;
  const colour = view.colour.value;
  const fleet = scene.fleet.value;
  useEffect(() => callOut(scene, summary), [summary, fleet]);
  useEffect(() => scene.wake?.(), [colour]);
  return (
    <aside class="fleet-side" aria-label="Summary" tabIndex={0}>
      <span class="cap">Right now</span>
      <h2>{summary.nodes.toLocaleString("en")} nodes</h2>
      <p>{summary.pods.toLocaleString("en")} pods on {summary.readyNodes.toLocaleString("en")} ready nodes</p>
      <dl>
        {colour === "phase"
          ? LEGEND.map((phase) => <div key={phase}><dt><Swatch phase={phase} size={15} />{PHASES[phase].words}</dt><dd>{(summary.counts.get(phase) ?? 0).toLocaleString("en")}</dd></div>)
          : bandCounts(colour, table(session.state.peek(), "Pod").values(), lookedOf(session.state.peek(), session.now())).map(({ band, count }) => (
            <div key={band.words}><dt><i class="band" style={`background:var(--${band.token})`} />{band.words}</dt><dd>{count.toLocaleString("en")}</dd></div>
          ))}
      </dl>
      {summary.troubles.length > 0 ? <span class="cap">Look here first</span> : null}
      <ol>
        {summary.troubles.map((trouble) => (
          <li key={trouble.title}>
            <button type="button" class="look-first" style={`border-left-color:var(--${PHASES[trouble.phase].token})`} onClick={() => { scene.session.selected.value = trouble.uid; scene.view.inspector.value = true; }}>
              <b>{trouble.title}</b><span>{trouble.detail}</span>
            </button>
          </li>
        ))}
      </ol>
    </aside>
  );
}

function callOut(scene: StageScene, { troubles }: FleetSummary): void {
  const state = scene.session.state.peek();
  scene.callouts.value = placeCallouts(troubles, scene.fleet.peek(), scene.session.berths, (uid) => table(state, "Pod").get(uid)?.node ?? table(state, "Node").get(uid)?.name);
  scene.wake?.();
}

function useCalmSummary(scene: StageScene): FleetSummary {
  const [summary, set] = useState(() => summarise(scene.session.state.peek()));
  useEffect(() => {
    let shown = scene.session.state.peek();
    const timer = setInterval(() => {
      const state = scene.session.state.peek();
      if (state !== shown) set(summarise((shown = state)));
    }, SUMMARY_MS);
    return () => clearInterval(timer);
  }, [scene]);
  return summary;
}
