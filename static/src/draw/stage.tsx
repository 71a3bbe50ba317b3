/**
 * The near stage: the quay with the trace of the present cause over it, under one camera.
 *
 * Promise: nothing moves outside the loop in loop.ts. Pointing finds `data-uid`; selection and camera survive every change of data, and
 * the camera fits the chart by itself until the learner moves it. The drawing is one picture for a screen reader; its content is the
 * outline in a11y/.
 */
import { useCallback, useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { DecisionLayer } from "./decision";
import { PodFocus } from "./focus";
import { NamespaceChart } from "./namespaces";
import { Definitions } from "./ground";
import { Quay } from "./quay";
import { fadeOut } from "./leaving";
import type { StageScene } from "./scene";
import { Tile } from "./tile";
import { Pills, TraceLines } from "./trace";
import { ShownTime } from "./wait-bar";

export function Stage({ scene }: { scene: StageScene }) {
  const picture = useRef<SVGSVGElement>(null);
  useEffect(() => scene.attach(), [scene]);
  useLayoutEffect(() => () => fadeOut(picture.current), []);
  const hold = useCallback((element: SVGSVGElement | null) => { picture.current = element ?? picture.current; scene.setSurface(element); }, [scene]);
  return (
    <svg ref={hold} class="scene" role="img" aria-label="Cluster diagram. The same content is in the outline that follows."
      onClick={scene.click} onDblClick={scene.open} onContextMenu={scene.contextMenu}>
      <Definitions />
      <ShownTime.Provider value={scene.shownAt}><g ref={scene.setChart}><Chart scene={scene} /></g></ShownTime.Provider>
    </svg>
  );
}

function Chart({ scene }: { scene: StageScene }) {
  const chart = scene.chartKind.value;
  if (chart === "namespaces") return <NamespaceChart layout={scene.namespaces.value} looks={scene.looks.value} />;
  if (chart === "pod") return <PodFocus layout={scene.focus.value} looks={scene.looks.value} />;
  return <QuayChart scene={scene} />;
}

function QuayChart({ scene }: { scene: StageScene }) {
  const layout = scene.quay.value;
  const looks = scene.looks.value;
  return (
    <>
      <Quay layout={layout} looks={looks} />
      {scene.departing.value.map(({ pod, rect, plinth }) => (
        <g key={pod.uid} class="departing">
          <Tile pod={pod} {...rect} plinth={plinth} density={plinth ? 0 : layout.density} tint={looks.tints.get(pod.ns) ?? 1} hot={false} selected={false} />
        </g>
      ))}
      <TraceLayer scene={scene} />
    </>
  );
}

/** On its own, so that a moving pill does not ask the quay whether it changed. */
function TraceLayer({ scene }: { scene: StageScene }) {
  const layout = scene.quay.value;
  const flights = scene.flights.value;
  return (
    <>
      {scene.decision.value ? <DecisionLayer layout={layout} decision={scene.decision.value} /> : null}
      <TraceLines layout={layout} trace={scene.session.trace.value} travelling={flights.length > 0} gap={scene.gap.value} />
      <Pills layout={layout} flights={flights} />
    </>
  );
}
