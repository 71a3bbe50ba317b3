import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { createApi } from "../src/protocol/api";
import { Line, socketUrl } from "../src/protocol/socket";

class Wire {
  static made: Wire[] = [];
  readyState = 0;
  sent: Record<string, unknown>[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  constructor(readonly url: string) { Wire.made.push(this); }
  send(text: string): void { this.sent.push(JSON.parse(text) as Record<string, unknown>); }
  close(): void { this.readyState = 3; this.onclose?.(); }
  greet(): void { this.readyState = 1; this.onopen?.(); }
}

function opened() {
  Wire.made = [];
  const states: string[] = [];
  const frames: unknown[] = [];
  const position = { gen: null as number | null, ev: null as number | null };
  const line = new Line({ url: "ws://x/", position: () => position, onFrame: (frame) => frames.push(frame), onState: (state) => states.push(state), connect: (url) => new Wire(url) as unknown as WebSocket, random: () => 1 });
  line.open();
  return { line, states, frames, position, wire: () => Wire.made.at(-1)! };
}

test("the first hello knows nothing, and what was said before waits for it", () => {
  const { line, wire } = opened();
  line.send({ t: "lesson", step: "dark" });
  wire().greet();
  assert.deepEqual(wire().sent, [{ t: "hello", gen: null, ev: null }, { t: "lesson", step: "dark" }]);
  line.close();
});

test("after a break it resumes from the last event seen, with growing pauses", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { line, states, position, wire } = opened();
  wire().greet();
  Object.assign(position, { gen: 1, ev: 42 });
  wire().close();
  assert.equal(Wire.made.length, 1);
  mock.timers.tick(400);
  assert.equal(Wire.made.length, 2);
  wire().close();
  mock.timers.tick(799);
  assert.equal(Wire.made.length, 2);
  mock.timers.tick(1);
  wire().greet();
  assert.deepEqual(wire().sent[0], { t: "hello", gen: 1, ev: 42 });
  assert.equal(states.at(-1), "open");
  line.close();
  mock.timers.reset();
});

test("64 frames, or a second, are acknowledged once", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { line, position, wire } = opened();
  wire().greet();
  Object.assign(position, { gen: 1, ev: 7 });
  const tell = () => wire().onmessage!({ data: '{"t":"delta"}' });
  for (let i = 0; i < 64; i += 1) tell();
  assert.deepEqual(wire().sent.filter(({ t }) => t === "ack"), [{ t: "ack", ev: 7 }]);
  tell();
  mock.timers.tick(1_000);
  assert.equal(wire().sent.filter(({ t }) => t === "ack").length, 2);
  line.close();
  mock.timers.reset();
});

test("the address follows the page's protocol", () => {
  assert.equal(socketUrl("/ws/labs/1/", { protocol: "https:", host: "dry.dock" }), "wss://dry.dock/ws/labs/1/");
});

const boot = { api: "/api/clusters/1", csrf: "token" };
const answering = (status: number, body: unknown) => (() => Promise.resolve(new Response(JSON.stringify(body), { status }))) as typeof fetch;

test("a command's reply, a refusal and an error in the reply are all outcomes", async () => {
  const error = { code: "BadCommand", message: "No such fault: flood." };
  const cases: [typeof fetch, unknown][] = [
    [answering(200, { ok: true, ev: 3, reply: { stdout: "hi" } }), { ok: true, value: { ev: 3, reply: { stdout: "hi" } } }],
    [answering(403, { ok: false, error: { code: "Forbidden", message: "Not yours." } }), { ok: false, error: { code: "Forbidden", message: "Not yours." } }],
    [answering(200, { ok: true, ev: 3, reply: { error, changed: false } }), { ok: false, error }],
    [answering(500, null), { ok: false, error: { code: "Http500", message: "The server answered 500." } }],
  ];
  for (const [fetcher, outcome] of cases) assert.deepEqual(await createApi(boot, fetcher).command({ kind: "shell", line: "x" }), outcome);
});

test("a broken connection is tried again with the same command", async () => {
  const rids: string[] = [];
  const fetcher = ((_url: string, request: RequestInit) => {
    rids.push((JSON.parse(String(request.body)) as { rid: string }).rid);
    return rids.length < 3 ? Promise.reject(new TypeError("network")) : Promise.resolve(new Response(JSON.stringify({ ok: true, ev: 1, reply: {} })));
  }) as typeof fetch;
  assert.equal((await createApi(boot, fetcher).command({ kind: "shell" })).ok, true);
  assert.equal(new Set(rids).size, 1);
});
