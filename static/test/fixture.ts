/**
 * The lab page without a server: a page, a socket and a command API that play test/fixtures/recording.ts.
 *
 *   fixture.html                    the mock's moment, 6:44.4, as a still picture
 *   ?live                           the session plays from the start at eight times the speed
 *   ?nodes=1000&pods=10             that many nodes with that many pods each, and 500 changes a second with &storm
 *   ?frames=file.json               frames of a real cluster, as a list in a file beside the page; &live plays them
 *   ?theme=dark|light ?free ?watch  the theme, without a lesson, as one who watches
 */
import "../src/site.css";
import type { Boot, DeltaFrame, Item, ServerFrame, SnapFrame } from "../src/protocol/shapes";
import { classPart, fakeLab, lesson } from "./fixtures/fake-lab";
import { fakePage } from "./fixtures/fake-page";
import { fleetSnap, stormItems } from "./fixtures/fleet";
import { clockAtEnd, firstSnap, recordedEnd, recordedFrames, US } from "./fixtures/recording";

const query = new URLSearchParams(location.search);
const answers = fakeLab().api;
const LIVE_SPEED = 8;

class FakeSocket {
  static current: FakeSocket | null = null;
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;

  constructor() {
    FakeSocket.current = this;
    setTimeout(() => { this.readyState = 1; this.onopen?.(); }, 1);
  }

  send(text: string): void {
    const frame = JSON.parse(text) as { t: string };
    if (frame.t === "hello") play(this);
  }

  close(): void {
    this.readyState = 3;
  }

  tell(frame: ServerFrame): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
}

function play(socket: FakeSocket): void {
  const nodes = Number(query.get("nodes") ?? 0);
  const clock = { at: 0, speed: 1, paused: true, lagging: false };
  socket.tell({ t: "hello", gen: 1, ev: recordedEnd, clock, me: { id: "1", name: "Rana K.", role: "owner" }, watchers: query.has("watched") ? ["Jana"] : [] });
  if (query.has("frames")) return void playFile(socket, query.get("frames")!);
  if (nodes > 0) return playFleet(socket, fleetSnap(nodes, Number(query.get("pods") ?? 10)));
  socket.tell(firstSnap());
  if (query.has("live")) return playLive(socket);
  for (const frame of recordedFrames) socket.tell(frame);
  socket.tell({ t: "clock", clock: clockAtEnd });
  setTimeout(() => window.__drydock?.seek(404_400), 30);
}

const realFetch = window.fetch.bind(window);

async function playFile(socket: FakeSocket, file: string): Promise<void> {
  const frames = (await (await realFetch(file)).json()) as (SnapFrame | DeltaFrame)[];
  if (!query.has("live")) return frames.forEach((frame) => socket.tell(frame));
  let [at, next] = [(frames[0] as SnapFrame).clock.at, 0];
  socket.tell({ t: "clock", clock: { at, speed: 1, paused: false, lagging: false } });
  setInterval(() => {
    at += 50_000;
    for (; next < frames.length && (frames[next]!.t === "snap" || (frames[next] as DeltaFrame).at <= at); next += 1) socket.tell(frames[next]!);
  }, 50);
}

function playLive(socket: FakeSocket): void {
  const startMs = performance.now();
  let next = 0;
  socket.tell({ t: "clock", clock: { at: 0, speed: LIVE_SPEED, paused: false, lagging: false } });
  setInterval(() => {
    const at = (performance.now() - startMs) * 1_000 * LIVE_SPEED;
    for (; next < recordedFrames.length && recordedFrames[next]!.at <= at; next += 1) socket.tell(recordedFrames[next]!);
  }, 50);
}

function playFleet(socket: FakeSocket, snap: SnapFrame): void {
  socket.tell(snap);
  if (!query.has("storm")) return;
  let ev = snap.ev;
  let turn = 0;
  setInterval(() => {
    const items: Item[] = stormItems(snap, (turn += 1), 25);
    ev += items.length;
    socket.tell({ t: "delta", gen: 1, from: ev - items.length, to: ev, at: turn * 50_000, items });
  }, 50);
}

async function fakeFetch(url: string, request: RequestInit): Promise<Response> {
  const body = JSON.parse(String(request.body ?? "{}")) as { op?: string; command?: { kind: string } };
  const json = (value: unknown) => new Response(JSON.stringify(value), { headers: { "Content-Type": "application/json" } });
  if (url.endsWith("/clock")) return json({ ok: true, clock: { ...clockAtEnd, paused: body.op !== "resume" } });
  if (body.command?.kind === "inspect") return json({ ok: true, ev: 1, reply: inspected });
  if (body.command?.kind === "fault") return json({ ok: true, ev: 1, reply: { ok: true, said: "node-4 has no power." } });
  const outcome = await answers.command(body.command ?? { kind: "" });
  return json({ ok: true, ev: 1, reply: outcome.ok ? outcome.value.reply : {} });
}

const inspected = {
  kind: "Pod", title: "Pod web-7d9f-k8x2m",
  facts: [["Kind", "Pod (v1)"], ["Namespace", "shop"], ["Created", "2025-10-09T08:59:42Z"], ["Labels", "app=web, pod-template-hash=7d9f"], ["Owned by", "ReplicaSet web-7d9f"]],
  yaml: "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web-7d9f-k8x2m\n  namespace: shop\nspec:\n  nodeName: node-3\n  containers:\n  - name: web\n    image: shop/web:2.4\n",
  events: [
    { type: "Normal", reason: "Scheduled", message: "Successfully assigned shop/web-7d9f-k8x2m to node-3", count: 1, age: 2, ev: 30 },
    { type: "Warning", reason: "Failed", message: 'Failed to pull image "shop/web:2.4"', count: 3, age: 90, ev: 31 },
  ],
  because: [
    { ev: 31, at: 403 * US, type: "write", actor: "kube-scheduler", verb: "bind", kind: "Pod", namespace: "shop", name: "web-7d9f-k8x2m", say: "The scheduler binds Pod web-7d9f-k8x2m to node-3." },
    { ev: 30, at: 402.5 * US, type: "write", actor: "replicaset-controller", verb: "create", kind: "Pod", namespace: "shop", name: "web-7d9f-k8x2m", say: "The replicaset controller creates Pod web-7d9f-k8x2m." },
    { ev: 22, at: 52 * US, type: "fault", actor: "", verb: "", kind: "", namespace: "", name: "node-4", say: "The power of node-4 was cut." },
  ],
  scheduling: {
    at: 403 * US, node: "node-3", message: "", total_nodes: 5, examined: 5, feasible: 2,
    fits: [{ nodes: ["node-3"], count: 1, total: 312, points: [["NodeResourcesFit", 71], ["NodeResourcesBalancedAllocation", 96]] }, { nodes: ["node-1"], count: 1, total: 288, points: [["NodeResourcesFit", 44]] }],
    rejected: [{ plugin: "TaintToleration", reasons: ["node(s) had untolerated taint {node.kubernetes.io/unreachable: }"], resolvable: false, nodes: ["node-4"], count: 1 }, { plugin: "NodeResourcesFit", reasons: ["Insufficient memory"], resolvable: true, nodes: ["node-2", "node-5"], count: 2 }],
  },
  not_simulated: [],
};

const boot: Boot = {
  cluster: { id: "fixture", name: "Lab" }, me: { id: "1", name: "Rana K.", role: query.has("watch") ? "watcher" : "owner" }, ws: "/ws/labs/fixture/", api: "/api/clusters/fixture", csrf: "x",
  readonly: query.has("watch"), lesson: query.has("free") || query.has("nodes") ? null : lesson, step: "dark", class: query.has("free") ? null : classPart, theme: "system",
};

fakePage("When a node goes dark", `${boot.lesson ? "" : `<h1 class="vh">${boot.cluster.name}</h1>`}<div id="lab" data-boot="boot"></div><script type="application/json" id="boot">${JSON.stringify(boot).replace(/</g, "\\u003c")}</script>`);
Object.assign(window, { WebSocket: FakeSocket, fetch: fakeFetch });
await import("../src/lab");
