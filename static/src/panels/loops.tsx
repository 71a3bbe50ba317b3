/**
 * The control loops: which there are, what each waits for, and the means to stop one before it acts.
 *
 * Promise: everything here is the cluster's own answer (`loops`, `look`), asked again when the cluster changed and after each deed; a loop
 * that is stopped shows what it compared, what it read and what it is about to write, and goes on only when told. Watchers see the
 * same and change nothing. All of it works from the keyboard, in reading order.
 */
import { useSignal, useSignalEffect, type Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { clockText } from "../protocol/clock";
import type { Command } from "../protocol/api";
import type { BreakpointRow, HeldRow, LookReply, LoopRow, LoopsReply } from "../protocol/shapes";
import { lookUp } from "../protocol/store";
import type { Session } from "../session";
import { captionParts } from "./caption";

/** A cluster that changes all the time is asked at most this often. */
const ASK_MS = 700;
const ANY = "";
const FIELDS = 6;
const READS = 12;

export interface LoopsProps {
  session: Session;
  onClose(): void;
  onSay(sentence: string, options?: { urgent?: boolean }): void;
}

export function Loops({ session, onClose, onSay }: LoopsProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => takeFocus(heading.current), []);
  const desk = useDesk(session, onSay);
  const { loops, breakpoints } = desk.reply.value ?? { loops: [], breakpoints: [] };
  const held = loops.flatMap((loop) => loop.held);
  return (
    <aside class="inspector loops" aria-label="Control loops" onKeyDown={(event) => { if (event.key === "Escape") onClose(); }}>
      <header class="inspector-head">
        <h2 ref={heading} tabIndex={-1}>Control loops</h2>
        <button class="btn ghost ic small" type="button" aria-label="Close the control loops" onClick={onClose}>×</button>
      </header>
      <div class="loops-body">
        {desk.trouble.value ? <p class="notice bad">{desk.trouble.value}</p> : null}
        {desk.reply.value === null && !desk.trouble.value ? <p class="muted">Asking the cluster…</p> : null}
        {held.length > 0 ? <Held held={held} session={session} desk={desk} /> : null}
        <Stops breakpoints={breakpoints} loops={loops} session={session} desk={desk} />
        <h3>Loops</h3>
        <ul class="loop-list">{loops.map((loop) => <Loop key={loop.name} loop={loop} session={session} desk={desk} />)}</ul>
      </div>
    </aside>
  );
}

/* ── asking and telling ── */

interface Desk {
  reply: Signal<LoopsReply | null>;
  trouble: Signal<string | null>;
  /** Sends a command, says what came of it, and asks again. */
  act(command: Command): Promise<boolean>;
}

function useDesk(session: Session, onSay: LoopsProps["onSay"]): Desk {
  const reply = useSignal<LoopsReply | null>(null);
  const trouble = useSignal<string | null>(null);
  const waiting = useRef<{ timer: ReturnType<typeof setTimeout> | null; atMs: number }>({ timer: null, atMs: -ASK_MS });
  const ask = async () => {
    waiting.current = { timer: null, atMs: performance.now() };
    const outcome = await session.api.command<LoopsReply>({ kind: "loops" });
    if (outcome.ok) reply.value = outcome.value.reply;
    trouble.value = outcome.ok ? null : outcome.error.message;
  };
  useSignalEffect(() => {
    void session.present.value;
    waiting.current.timer ??= setTimeout(() => void ask(), Math.max(0, ASK_MS - (performance.now() - waiting.current.atMs)));
  });
  useEffect(() => () => { if (waiting.current.timer !== null) clearTimeout(waiting.current.timer); }, []);
  const act = async (command: Command) => {
    const outcome = await session.api.command<{ said?: string }>(command);
    onSay(outcome.ok ? `${outcome.value.reply.said ?? "Done"}.` : outcome.error.message, { urgent: !outcome.ok });
    await ask();
    return outcome.ok;
  };
  return { reply, trouble, act };
}

function takeFocus(heading: HTMLElement | null): () => void {
  const before = document.activeElement as HTMLElement | null;
  heading?.focus();
  return () => { if (before?.isConnected) before.focus(); };
}

/* ── what is stopped ── */

function Held({ held, session, desk }: { held: HeldRow[]; session: Session; desk: Desk }) {
  return (
    <>
      <h3>Stopped before it acts</h3>
      <ul class="held-list">{held.map((one) => <HeldItem key={`${one.loop} ${one.key} ${one.at}`} one={one} session={session} desk={desk} />)}</ul>
    </>
  );
}

function HeldItem({ one, session, desk }: { one: HeldRow; session: Session; desk: Desk }) {
  const look = useSignal<LookReply | null>(null);
  const ask = async () => {
    const outcome = await session.api.command<LookReply>({ kind: "look", loop: one.loop, key: one.key });
    look.value = outcome.ok ? outcome.value.reply : null;
  };
  const where = [one.namespace, one.name].filter(Boolean).join("/");
  return (
    <li class="held">
      <p><code>{one.loop}</code> stopped at {clockText(one.at)} before <code>{singular(one.resource)} {where}</code>.</p>
      <div class="row">
        <button type="button" class="btn small" aria-expanded={look.value !== null} onClick={() => { if (look.value) look.value = null; else void ask(); }}>{look.value ? "Hide what it wants" : "What does it want?"}</button>
        {session.boot.readonly ? null : <button type="button" class="btn small pri" aria-label={`Let ${one.loop} act once on ${where}`} onClick={() => void desk.act({ kind: "breakpoint", op: "step", loop: one.loop, key: one.key })}>Let it act once</button>}
      </div>
      {look.value ? <Look look={look.value} /> : null}
    </li>
  );
}

function Look({ look }: { look: LookReply }) {
  return (
    <div class="look">
      {look.measures.length > 0 ? (
        <table>
          <caption class="vh">What the loop compares</caption>
          <thead><tr><th scope="col">Compared</th><th scope="col">Desired</th><th scope="col">Observed</th><th scope="col">Difference</th></tr></thead>
          <tbody>
            {look.measures.map((one) => (
              <tr key={one.what}><th scope="row">{one.what}</th><td>{shown(one.desired)}</td><td>{shown(one.observed)}</td><td>{one.difference === null ? "" : signed(one.difference)}</td></tr>
            ))}
          </tbody>
        </table>
      ) : null}
      <p class="action">{captionParts(look.action, look.writes.map(({ name }) => name))}</p>
      <b>Reads</b>
      {look.reads.length === 0 ? <p class="muted">Nothing from its cache.</p> : <ul>{look.reads.slice(0, READS).map((read) => <li key={`${read.resource}/${read.namespace}/${read.name}`} class="field-line">{read.name ? `${singular(read.resource)} ${[read.namespace, read.name].filter(Boolean).join("/")}` : `the list of ${read.resource}${read.namespace ? ` in ${read.namespace}` : ""}`}</li>)}{look.reads.length > READS ? <li>and {look.reads.length - READS} more</li> : null}</ul>}
      <b>Writes</b>
      {look.writes.length === 0 ? <p class="muted">Nothing.</p> : (
        <ul>
          {look.writes.map((write, i) => (
            <li key={i}>
              {captionParts(write.say, [write.name])}{write.ok ? "" : " (refused)"}
              {write.fields.slice(0, FIELDS).map(([path, before, after]) => <div key={path} class="field-line">{path}: {shown(before)} → {shown(after)}</div>)}
              {write.fields.length > FIELDS ? <div class="muted">and {write.fields.length - FIELDS} more fields</div> : null}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/* ── where to stop ── */

function Stops({ breakpoints, loops, session, desk }: { breakpoints: BreakpointRow[]; loops: LoopRow[]; session: Session; desk: Desk }) {
  return (
    <>
      <h3>Breakpoints</h3>
      {breakpoints.length === 0 ? <p class="muted">None. A loop with a breakpoint stops before it acts, and everything else goes on.</p> : (
        <ul class="stops-list">
          {breakpoints.map((one) => (
            <li key={one.id}>
              <span>{inWords(one)}</span>
              {session.boot.readonly ? null : <button type="button" class="btn small" aria-label={`Remove the breakpoint: ${inWords(one)}`} onClick={() => void desk.act({ kind: "breakpoint", op: "clear", id: one.id })}>Remove</button>}
            </li>
          ))}
        </ul>
      )}
      {session.boot.readonly ? null : <StopForm loops={loops} session={session} desk={desk} />}
    </>
  );
}

function StopForm({ loops, session, desk }: { loops: LoopRow[]; session: Session; desk: Desk }) {
  const selected = session.selected.value === null ? null : lookUp(session.state.value, session.selected.value);
  const isObject = selected !== null && selected.kind !== "Component";
  const add = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const given = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]));
    const [namespace, name] = splitName(given["object"] ?? "");
    void desk.act({ kind: "breakpoint", op: "set", loop: given["loop"] ?? ANY, resource: given["resource"] ?? "", namespace, name }).then((done) => { if (done) form.reset(); });
  };
  return (
    <details class="stop-details">
      <summary class="muted">Stop a loop at one kind or object</summary>
      <form class="stop-form" onSubmit={add}>
        <label>Loop<select name="loop" class="input"><option value={ANY}>any</option>{loops.map(({ name }) => <option key={name} value={name}>{name}</option>)}</select></label>
        <label>Kind<input name="resource" class="input" placeholder="any" autocomplete="off" /></label>
        <label>Object<input name="object" class="input" placeholder="namespace/name" autocomplete="off" /></label>
        <button type="submit" class="btn small">Add breakpoint</button>
      </form>
      {isObject ? <button type="button" class="btn small" onClick={() => void desk.act({ kind: "breakpoint", op: "set", resource: selected.kind.toLowerCase(), namespace: selected.row.ns, name: selected.row.name })}>Stop every loop at {selected.kind} {selected.row.name}</button> : null}
    </details>
  );
}

/* ── one loop ── */

function Loop({ loop, session, desk }: { loop: LoopRow; session: Session; desk: Desk }) {
  const mayAct = !session.boot.readonly;
  return (
    <li class={`loop-row${loop.on && loop.running ? "" : " off"}`}>
      <div class="loop-top">
        <b>{loop.name}</b>
        {mayAct ? <button type="button" class="btn small" aria-label={`Stop ${loop.name} before it acts`} onClick={() => void desk.act({ kind: "breakpoint", op: "set", loop: loop.name })}>Stop before</button> : null}
        <button type="button" class="switch" role="switch" aria-checked={loop.on} aria-label={loop.name} disabled={!mayAct} onClick={() => void desk.act({ kind: "loop", op: loop.on ? "off" : "on", loop: loop.name })}>{loop.on ? "on" : "off"}</button>
      </div>
      <p>{queueWords(loop)}{loop.synced ? `; last at ${clockText(loop.synced.at)}: ${loop.synced.key}` : ""}</p>
      <details>
        <summary>Watches {loop.watches.length}, {loop.writes.length === 0 ? "does not tell what it writes" : `writes ${loop.writes.includes("*") ? "any kind" : loop.writes.length}`}</summary>
        <dl><dt>Watches</dt><dd>{loop.watches.join(", ")}</dd><dt>Writes</dt><dd>{loop.writes.map((one) => (one === "*" ? "any kind" : one)).join(", ")}</dd></dl>
      </details>
    </li>
  );
}

/* ── words ── */

export function queueWords({ running, on, waiting, delayed, failing }: Pick<LoopRow, "running" | "on" | "waiting" | "delayed" | "failing">): string {
  const state = !running ? "Its process is stopped" : on ? "Running" : "Switched off";
  const parts = [waiting ? `${waiting} waiting` : "", delayed ? `${delayed} planned` : "", failing ? `${failing} failing` : ""].filter(Boolean);
  return `${state}, ${parts.length > 0 ? parts.join(", ") : "nothing waiting"}`;
}

export function inWords({ loop, resource, namespace, name }: Omit<BreakpointRow, "id">): string {
  const object = [namespace, name].filter(Boolean).join("/");
  const at = [resource ? singular(resource) : "", object].filter(Boolean).join(" ");
  return `${loop || "any loop"}${at ? ` at ${at}` : ""}`;
}

export function splitName(text: string): [namespace: string, name: string] {
  const cut = text.indexOf("/");
  return cut < 0 ? ["", text] : [text.slice(0, cut), text.slice(cut + 1)];
}

/** `replicasets.apps` → `replicaset`: as kubectl lets one write it. */
function singular(resource: string): string {
  const plural = resource.split(".")[0] ?? resource;
  return plural.endsWith("ies") ? `${plural.slice(0, -3)}y` : plural.replace(/s$/, "");
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return "not set";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 90 ? `${text.slice(0, 88)}…` : text;
}

function signed(value: number): string {
  return value > 0 ? `+${value}` : String(value);
}
