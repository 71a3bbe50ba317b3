/**
 * What differs between two moments of a cluster: which objects, and in which fields.
 *
 * Promise: the cluster's own answer, sorted as it came; events come last, because they only tell of the rest.
 */
import { useEffect, useRef } from "preact/hooks";
import { clockText } from "../protocol/clock";
import type { CompareReply, ComparedObject } from "../protocol/shapes";

const WORDS = { added: "only in the second", removed: "only in the first", changed: "differs" } as const;
const FIELDS = 12;

export function Differences({ found, onClose }: { found: CompareReply; onClose(): void }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    heading.current?.focus();
    return () => { if (before?.isConnected) before.focus(); };
  }, []);
  const objects = inOrder(found.objects);
  return (
    <aside class="inspector differences" aria-label="Differences" onKeyDown={(event) => { if (event.key === "Escape") onClose(); }}>
      <header class="inspector-head">
        <h2 ref={heading} tabIndex={-1}>Differences</h2>
        <button class="btn ghost ic small" type="button" aria-label="Close the differences" onClick={onClose}>×</button>
      </header>
      <div class="loops-body">
        <p>First: {moment(found.one)}. Second: {moment(found.other)}.</p>
        {found.same ? <p class="notice ok">No object differs.</p> : <p><b>{found.count}</b> {found.count === 1 ? "object differs" : "objects differ"}{objects.length < found.count ? `, the first ${objects.length} are shown` : ""}.</p>}
        <ul class="loop-list">
          {objects.map((one) => (
            <li key={`${one.resource}/${one.namespace}/${one.name}`} class="loop-row">
              <div class="loop-top"><b>{one.kind} {[one.namespace, one.name].filter(Boolean).join("/")}</b><span class={`how ${one.how}`}>{WORDS[one.how]}</span></div>
              {one.fields.slice(0, FIELDS).map(([path, before, after]) => <p key={path} class="field-line">{path}: {shown(before)} → {shown(after)}</p>)}
              {one.fields.length > FIELDS ? <p class="muted">and {one.fields.length - FIELDS} more fields</p> : null}
            </li>
          ))}
        </ul>
      </div>
    </aside>
  );
}

export function inOrder(objects: readonly ComparedObject[]): ComparedObject[] {
  const isEvent = (one: ComparedObject) => one.kind === "Event";
  return [...objects.filter((one) => !isEvent(one)), ...objects.filter(isEvent)];
}

function moment([gen, at]: [number, number]): string {
  return `${clockText(at)} on branch ${gen}`;
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return "not set";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 90 ? `${text.slice(0, 88)}…` : text;
}
