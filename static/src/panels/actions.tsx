/**
 * What can be done to an object on the stage: look at it, and the faults of section 1.6, as one list for the menu and the inspector.
 *
 * Promise: offers only what makes sense for the object as it is now; every action is a command to the cluster or a local one, and a
 * refusal is said in the server's own words.
 */
import { useEffect, useRef } from "preact/hooks";
import { lookUp, type ClusterState } from "../protocol/store";
import type { ComponentRow, NodeRow, PodRow } from "../protocol/shapes";
import type { Session } from "../session";

export interface Action {
  name: string;
  /** Shown in the colour of trouble: it breaks something. */
  breaks: boolean;
  command: { kind: "fault"; fault: string; target: string };
}

/** Controllers live and die with their manager. */
const MANAGER = "kube-controller-manager";

export function actionsFor(state: ClusterState, uid: string): Action[] {
  const found = lookUp(state, uid);
  if (!found) return [];
  if (found.kind === "Node") return nodeActions(found.row as NodeRow);
  if (found.kind === "Pod") return podActions(found.row as PodRow);
  if (found.kind === "Component") return [componentAction(state, found.row as ComponentRow)];
  return [];
}

function nodeActions({ name, power }: NodeRow): Action[] {
  if (!power) return [{ name: `Bring ${name} back`, breaks: false, command: { kind: "fault", fault: "node-power-on", target: name } }];
  return [
    { name: `Cut the power of ${name}`, breaks: true, command: { kind: "fault", fault: "node-power-off", target: name } },
    { name: `Shut ${name} down`, breaks: true, command: { kind: "fault", fault: "node-shutdown", target: name } },
  ];
}

function podActions({ ns, name, phase }: PodRow): Action[] {
  if (phase !== "Running" && phase !== "Failing") return [];
  return [{ name: `Kill the process of ${name}`, breaks: true, command: { kind: "fault", fault: "kill-process", target: `${ns}/${name}` } }];
}

function componentAction(state: ClusterState, { part, name }: ComponentRow): Action {
  const process = part === "controller" ? MANAGER : name;
  const row = lookUp(state, `component/${process}`)?.row as ComponentRow | undefined;
  return row === undefined || row.up
    ? { name: `Stop ${process}`, breaks: true, command: { kind: "fault", fault: "component-stop", target: process } }
    : { name: `Start ${process}`, breaks: false, command: { kind: "fault", fault: "component-start", target: process } };
}

export interface ActionMenuProps {
  session: Session;
  menu: { uid: string; x: number; y: number };
  onClose(): void;
  onInspect(uid: string): void;
  onRun(action: Action): void;
}

/** The menu under the pointer or the outline's row: arrows move, Escape closes and gives the focus back. */
export function ActionMenu({ session, menu, onClose, onInspect, onRun }: ActionMenuProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    box.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus();
    const outside = (event: PointerEvent) => { if (!box.current?.contains(event.target as Node)) onClose(); };
    document.addEventListener("pointerdown", outside);
    return () => { document.removeEventListener("pointerdown", outside); before?.focus?.(); };
  }, [menu]);
  const actions = session.boot.readonly ? [] : actionsFor(session.state.peek(), menu.uid);
  const name = lookUp(session.state.peek(), menu.uid)?.row.name ?? "";
  return (
    <div ref={box} class="action-menu" role="menu" aria-label={`Actions for ${name}`} style={`left:${Math.min(menu.x, innerWidth - 260)}px;top:${Math.min(menu.y, innerHeight - 140)}px`} onKeyDown={(event) => moveInMenu(event, onClose)}>
      <button type="button" role="menuitem" tabIndex={-1} class="menu-item" onClick={() => { onClose(); onInspect(menu.uid); }}>Inspect {name}</button>
      {actions.map((action) => (
        <button key={action.name} type="button" role="menuitem" tabIndex={-1} class={`menu-item${action.breaks ? " breaks" : ""}`} onClick={() => { onClose(); onRun(action); }}>{action.name}</button>
      ))}
    </div>
  );
}

function moveInMenu(event: KeyboardEvent, onClose: () => void): void {
  const items = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>("[role=menuitem]")];
  const at = items.indexOf(document.activeElement as HTMLElement);
  const target: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1 + items.length, Home: 0, End: items.length - 1 };
  const next = target[event.key];
  if (event.key === "Escape" || event.key === "Tab") onClose();
  else if (next !== undefined) items[next % items.length]?.focus();
  else return;
  event.preventDefault();
  event.stopPropagation();
}
