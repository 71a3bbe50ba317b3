/**
 * A pane whose content is loaded when it is first needed: at once on a wide page, when it is first shown on a narrow one.
 *
 * Promise: the panel gets an element of its own that Preact never touches again; a failed load says so and can be tried again.
 */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Lab } from "../lab";
import type { MountPanel } from "../lab-context";

export interface LazyPanelProps {
  name: "lesson" | "terminal" | "editor";
  label: string;
  lab: Lab;
  load(): Promise<MountPanel>;
}

export function LazyPanel({ name, label, lab, load }: LazyPanelProps) {
  const host = useRef<HTMLDivElement>(null);
  const trouble = useSignal(false);
  const needed = !lab.narrow.value || lab.pane.value === name;
  const mounted = useRef(false);
  const bringUp = () => {
    mounted.current = true;
    trouble.value = false;
    load().then((mount) => { lab.panels[name] = mount(host.current!, lab.ctx); }, () => { mounted.current = false; trouble.value = true; });
  };
  useEffect(() => { if (needed && !mounted.current) bringUp(); }, [needed]);
  useEffect(() => () => lab.panels[name]?.dispose(), []);
  return (
    <section class={`pane pane-${name}`} data-pane={name} aria-label={label}>
      <div ref={host} class="pane-host" />
      {trouble.value ? <p class="notice bad">{label} could not be loaded. <button type="button" class="btn small" onClick={bringUp}>Try again</button></p> : null}
    </section>
  );
}
