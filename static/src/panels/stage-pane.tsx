/**
 * The stage with everything around it: the tools along its top, the outline, the inspector, the menu and what must be said on it.
 *
 * Promise: measures the room and hands it to the scene; runs the animation loop while something moves. Which chart is drawn is the
 * scene's decision.
 */
import { effect, useSignalEffect } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { Outline } from "../a11y/outline";
import { runLoop } from "../draw/loop";
import { Stage } from "../draw/stage";
import type { ChartKind } from "../draw/scene";
import { UPRIGHT_BELOW } from "../scene/measures";
import type { FleetColour } from "../scene/fleet-colours";
import type { Arrangement, Detail, View } from "../draw/view";
import type { Lab } from "../lab";
import type { ClusterState } from "../protocol/store";
import type { Session } from "../session";
import { lazily } from "./lazily";
import { Legend } from "./legend";

const FleetCanvas = lazily(async () => (await import("../draw/fleet-canvas")).FleetCanvas);
const Inspector = lazily(async () => (await import("./inspector")).Inspector);
const ActionMenu = lazily(async () => (await import("./actions")).ActionMenu);
const Loops = lazily(async () => (await import("./loops")).Loops);
const PastBar = lazily(async () => (await import("./past")).PastBar);
const OUTLINE_MS = 400;
const ARRANGEMENTS: [Arrangement, string][] = [["racks", "Racks"], ["namespaces", "Namespaces"], ["list", "List"]];
const FLEET_COLOURS: [FleetColour, string][] = [["phase", "Phase"], ["namespace", "Namespace"], ["memory", "Memory"], ["age", "Age"]];
const DETAILS: [Detail, string][] = [["fleet", "Fleet"], ["rack", "Rack"], ["pod", "Pod"]];

export function StagePane({ lab }: { lab: Lab }) {
  const { session, scene, view } = lab;
  const room = useRef<HTMLDivElement>(null);
  useEffect(() => measure(room.current!, lab), []);
  useEffect(() => runLoop(scene), []);
  useSignalEffect(() => { const uid = session.selected.value; if (uid) view.camera.value?.reveal(uid); });
  const kind = scene.chartKind.value;
  return (
    <div class={`stage shows-${kind}${scene.size.value.width < UPRIGHT_BELOW ? " small" : ""}`} ref={room} role="group" aria-label="Cluster">
      {kind === "fleet" ? <FleetCanvas scene={scene} /> : kind === "list" ? null : <Stage key={kind} scene={scene} />}
      <OutlineOf lab={lab} />
      <Tools view={view} kind={kind} />
      <Notices lab={lab} />
      {view.inspector.value ? <Inspector session={session} onClose={() => { view.inspector.value = false; }} onRun={lab.run} /> : null}
      {view.loops.value ? <Loops session={session} onClose={() => { view.loops.value = false; }} onSay={lab.ctx.announce} /> : null}
      {usesPast(session) ? <PastBar session={session} onSay={lab.ctx.announce} /> : null}
      {view.menu.value ? <ActionMenu session={session} menu={view.menu.value} onClose={() => { view.menu.value = null; }} onInspect={lab.ctx.inspect} onRun={lab.run} /> : null}
    </div>
  );
}

/** Whether the page looks back, or is on a branch that left another one. */
function usesPast(session: Session): boolean {
  return !session.live.value || session.goingBack.value || session.present.value.gen > 1;
}

function measure(element: HTMLElement, { scene }: Lab): () => void {
  const read = () => { scene.size.value = { width: Math.max(120, element.clientWidth), height: Math.max(120, element.clientHeight) }; };
  const observer = new ResizeObserver(read);
  observer.observe(element);
  read();
  return () => observer.disconnect();
}

function OutlineOf({ lab }: { lab: Lab }) {
  const { session, view, ctx } = lab;
  return (
    <>
      <Outline state={useCalmState(session)} startsOpen={!lab.scene.isLarge.value} selected={session.selected.value} shown={view.arrangement.value === "list"} onSelect={ctx.select} onInspect={ctx.inspect}
        onMenu={(uid, at) => { view.menu.value = { uid, ...at }; }} onNext={() => void session.next()} />
      <p id="outline-help" class="vh">Arrow keys move, Enter inspects, m opens actions, full stop shows the next message. F6 goes to the next pane.</p>
    </>
  );
}

/** The outline follows at most twice a second: nobody listens or reads faster. */
function useCalmState(session: Session): ClusterState {
  const [state, show] = useState(session.state.peek());
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | null = null;
    const stop = effect(() => {
      void session.state.value;
      timer ??= setTimeout(() => { timer = null; show(session.state.peek()); }, OUTLINE_MS);
    });
    return () => { stop(); if (timer !== null) clearTimeout(timer); };
  }, [session]);
  return state;
}

function Tools({ view, kind }: { view: View; kind: ChartKind }) {
  const list = view.arrangement.value === "list";
  return (
    <div class="tools">
      <div class="row">
        <div class="seg" role="group" aria-label="View">
          {ARRANGEMENTS.map(([value, words]) => <button key={value} type="button" aria-pressed={view.arrangement.value === value} onClick={() => { view.arrangement.value = value; }}>{words}</button>)}
        </div>
        {list ? null : kind === "fleet" ? (
          <div class="seg" role="group" aria-label="Colour">
            {FLEET_COLOURS.map(([value, words]) => <button key={value} type="button" aria-pressed={view.colour.value === value} onClick={() => { view.colour.value = value; }}>{words}</button>)}
          </div>
        ) : <Legend />}
      </div>
      <div class="row">
        <button type="button" class="btn small inspect-btn" aria-pressed={view.loops.value} onClick={() => { view.loops.value = !view.loops.value; }}>Loops</button>
        <button type="button" class="btn small inspect-btn" aria-pressed={view.inspector.value} onClick={() => { view.inspector.value = !view.inspector.value; }}>Inspect</button>
        {view.arrangement.value === "racks" ? (
          <div class="seg" role="group" aria-label="Detail">
            {DETAILS.map(([value, words]) => <button key={value} type="button" aria-pressed={view.detail.value === value} onClick={() => { view.detail.value = value; }}>{words}</button>)}
          </div>
        ) : null}
        {list ? null : (
          <div class="seg" role="group" aria-label="Zoom">
            <button type="button" aria-label="Zoom out" onClick={() => view.camera.value?.zoomBy(0.8)}>−</button>
            <button type="button" onClick={() => view.camera.value?.fit()}>Fit</button>
            <button type="button" aria-label="Zoom in" onClick={() => view.camera.value?.zoomBy(1.25)}>+</button>
          </div>
        )}
      </div>
    </div>
  );
}

/** What must be seen whatever is shown: a lost line, a late cluster. */
function Notices({ lab: { session } }: { lab: Lab }) {
  const connection = session.connection.value;
  return (
    <div class="stage-notices">
      {connection === "lost" ? <p class="stage-notice bad">{session.farewell.value ?? "The line to the server is lost. Trying again…"}</p> : null}
      {connection !== "lost" && !session.present.value.complete ? <p class="stage-notice">{session.trouble.value ?? "Waiting for the cluster…"}</p> : null}
      {session.clock.value.lagging ? <p class="stage-notice">The cluster is behind its clock and is catching up.</p> : null}
    </div>
  );
}
