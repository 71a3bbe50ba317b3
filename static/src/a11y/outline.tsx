/**
 * The outline: the stage in words, as a tree for keyboard and screen reader, and on screen in the list view.
 *
 * Promise: one tab stop; arrows, Home, End and typing the first letters move; Right opens, Left closes or goes up; Enter inspects, `m`
 * opens the menu of actions, `.` asks for the next message. Moving here moves the selection on the stage. A branch has no children in
 * the page until it is opened.
 */
import { useMemo, useRef, useState } from "preact/hooks";
import { Swatch } from "../draw/glyphs";
import type { ClusterState } from "../protocol/store";
import { outline, type Branch } from "./tree";

export interface OutlineProps {
  state: ClusterState;
  selected: string | null;
  shown: boolean;
  /** Whether nodes and namespaces are open at first; not in a cluster of hundreds. */
  startsOpen: boolean;
  onSelect(uid: string): void;
  onInspect(uid: string): void;
  onMenu(uid: string, at: { x: number; y: number }): void;
  onNext(): void;
}

export interface VisibleRow {
  branch: Branch;
  level: number;
  position: number;
  size: number;
  parent: string | null;
  open: boolean;
}

const OPEN_AT_FIRST: ReadonlySet<string> = new Set(["nodes", "namespaces"]);
const NONE_OPEN: ReadonlySet<string> = new Set();
const TYPE_AHEAD_MS = 700;

export function Outline(props: OutlineProps) {
  const [chosen, setOpen] = useState<ReadonlySet<string> | null>(null);
  const [current, setCurrent] = useState<string | null>(null);
  const typed = useRef({ text: "", atMs: 0 });
  const list = useRef<HTMLUListElement>(null);
  const open = chosen ?? (props.startsOpen ? OPEN_AT_FIRST : NONE_OPEN);
  const visible = useMemo(() => visibleRows(outline(props.state), open), [props.state, open]);
  const active = visible.find(({ branch }) => branch.id === current) ?? visible[0];

  const go = (row: VisibleRow | undefined) => {
    if (!row) return;
    setCurrent(row.branch.id);
    if (row.branch.uid) props.onSelect(row.branch.uid);
    requestAnimationFrame(() => list.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(row.branch.id)}"]`)?.focus());
  };
  const toggle = (id: string, on: boolean) => setOpen((before) => { const after = new Set(before ?? open); if (on) after.add(id); else after.delete(id); return after; });

  const onKeyDown = (event: KeyboardEvent) => {
    if (!active || event.ctrlKey || event.altKey || event.metaKey) return;
    if (handleKey(event, { visible, active, go, toggle, typed: typed.current, props })) event.preventDefault();
  };

  return (
    <ul ref={list} class={props.shown ? "outline" : "outline vh"} role="tree" aria-label="Cluster" aria-describedby="outline-help" onKeyDown={onKeyDown}>
      {visible.map((row) => (
        <Row key={row.branch.id} row={row} tab={row === active} selected={row.branch.uid !== null && row.branch.uid === props.selected}
          onClick={() => { go(row); if (row.branch.children && !row.branch.uid) toggle(row.branch.id, !row.open); }}
          onOpen={() => row.branch.uid && props.onInspect(row.branch.uid)} onToggle={() => toggle(row.branch.id, !row.open)} />
      ))}
    </ul>
  );
}

function Row({ row, tab, selected, onClick, onOpen, onToggle }: { row: VisibleRow; tab: boolean; selected: boolean; onClick(): void; onOpen(): void; onToggle(): void }) {
  const { branch, level, position, size, open } = row;
  return (
    <li class="outline-row" role="treeitem" data-id={branch.id} style={`--level:${level}`} tabIndex={tab ? 0 : -1} aria-level={level} aria-posinset={position} aria-setsize={size}
      aria-selected={selected} aria-expanded={branch.children ? open : undefined} onClick={onClick} onDblClick={onOpen}>
      {branch.children ? <span class={`twist${open ? " open" : ""}`} aria-hidden="true" onClick={(event) => { event.stopPropagation(); onToggle(); }} /> : <span class="twist none" aria-hidden="true" />}
      {branch.phase ? <Swatch phase={branch.phase} /> : null}
      <span class="outline-label">{branch.label}</span>
    </li>
  );
}

interface KeyScene {
  visible: VisibleRow[];
  active: VisibleRow;
  go(row: VisibleRow | undefined): void;
  toggle(id: string, on: boolean): void;
  typed: { text: string; atMs: number };
  props: OutlineProps;
}

function handleKey(event: KeyboardEvent, { visible, active, go, toggle, typed, props }: KeyScene): boolean {
  const at = visible.indexOf(active);
  const { branch, open, parent } = active;
  switch (event.key) {
    case "ArrowDown": go(visible[at + 1]); return true;
    case "ArrowUp": go(visible[at - 1]); return true;
    case "Home": go(visible[0]); return true;
    case "End": go(visible.at(-1)); return true;
    case "ArrowRight":
      if (branch.children && !open) toggle(branch.id, true);
      else if (branch.children) go(visible[at + 1]);
      return true;
    case "ArrowLeft":
      if (branch.children && open) toggle(branch.id, false);
      else go(visible.find((row) => row.branch.id === parent));
      return true;
    case "Enter":
    case " ":
      if (branch.uid) props.onInspect(branch.uid);
      else if (branch.children) toggle(branch.id, !open);
      return true;
    case ".": props.onNext(); return true;
    case "m":
      if (branch.uid) props.onMenu(branch.uid, placeOf(event));
      return true;
  }
  return event.key.length === 1 && typeAhead(event.key, { visible, at, go, typed });
}

function placeOf(event: KeyboardEvent): { x: number; y: number } {
  const box = (event.target as HTMLElement).getBoundingClientRect();
  return { x: Math.max(16, box.left + 24), y: Math.max(64, box.bottom) };
}

/** `m` and `.` act; other letters look for the next row that begins so. */
function typeAhead(key: string, { visible, at, go, typed }: { visible: VisibleRow[]; at: number; go(row: VisibleRow | undefined): void; typed: { text: string; atMs: number } }): boolean {
  const now = performance.now();
  typed.text = now - typed.atMs < TYPE_AHEAD_MS ? typed.text + key : key;
  typed.atMs = now;
  const wanted = typed.text.toLowerCase();
  const order = [...visible.slice(typed.text.length > 1 ? at : at + 1), ...visible.slice(0, at)];
  const begins = (row: VisibleRow) => row.branch.label.toLowerCase().replace(/^pod /, "").startsWith(wanted) || row.branch.label.toLowerCase().startsWith(wanted);
  const found = order.find(begins);
  if (found) go(found);
  return found !== undefined;
}

/** The rows in view: branches and, where open, their children. */
export function visibleRows(branches: readonly Branch[], open: ReadonlySet<string>, level = 1, parent: string | null = null): VisibleRow[] {
  return branches.flatMap((branch, i) => {
    const isOpen = branch.children !== null && open.has(branch.id);
    const row = { branch, level, position: i + 1, size: branches.length, parent, open: isOpen };
    return isOpen ? [row, ...visibleRows(branch.children!.make(), open, level + 1, branch.id)] : [row];
  });
}
