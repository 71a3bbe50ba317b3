/**
 * The line to the server: says hello, resumes after a break, acknowledges, slows down when nobody looks.
 *
 * Promise: frames reach `onFrame` in the order they came. After a break it tries again with growing pauses (never two attempts at
 * once, at once when the browser comes back online), and says hello with the last event it has seen. It keeps no state of the
 * cluster: `position()` tells where the page stands. A frame that is not JSON ends the connection, for the stream cannot be trusted.
 */
import type { BrowserFrame, ServerFrame } from "./shapes";

const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 15_000;
const ACK_FRAMES = 64;
const ACK_MS = 1_000;
const HZ_IN_VIEW = 20;
const HZ_HIDDEN = 1;

export interface Position {
  gen: number | null;
  ev: number | null;
}

export interface LineOptions {
  url: string;
  position(): Position;
  onFrame(frame: ServerFrame): void;
  onState(state: "connecting" | "open" | "lost"): void;
  /** Seams for tests. */
  connect?(url: string): WebSocket;
  random?(): number;
}

export class Line {
  private socket: WebSocket | null = null;
  private attempt = 0;
  private unacknowledged = 0;
  private ackTimer: ReturnType<typeof setTimeout> | null = null;
  private retryTimer: ReturnType<typeof setTimeout> | null = null;
  private closed = false;
  private readonly waiting: BrowserFrame[] = [];

  constructor(private readonly options: LineOptions) {}

  open(): void {
    globalThis.addEventListener?.("online", this.reconnectNow);
    globalThis.document?.addEventListener("visibilitychange", this.tellRate);
    this.connect();
  }

  close(): void {
    this.closed = true;
    globalThis.removeEventListener?.("online", this.reconnectNow);
    globalThis.document?.removeEventListener("visibilitychange", this.tellRate);
    if (this.retryTimer !== null) clearTimeout(this.retryTimer);
    if (this.ackTimer !== null) clearTimeout(this.ackTimer);
    this.socket?.close();
  }

  /** Sends now, or right after the next hello. */
  send(frame: BrowserFrame): void {
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(frame));
    else this.waiting.push(frame);
  }

  resync(): void {
    const { gen, ev } = this.options.position();
    this.send({ t: "resync", gen: gen ?? 0, ev: ev ?? 0 });
  }

  private connect(): void {
    if (this.closed) return;
    this.options.onState(this.attempt === 0 ? "connecting" : "lost");
    const socket = (this.options.connect ?? ((url: string) => new WebSocket(url)))(this.options.url);
    this.socket = socket;
    socket.onopen = () => this.greet(socket);
    socket.onmessage = (event: MessageEvent) => this.receive(String(event.data));
    socket.onclose = () => this.lost(socket);
  }

  private greet(socket: WebSocket): void {
    this.attempt = 0;
    this.unacknowledged = 0;
    socket.send(JSON.stringify({ t: "hello", ...this.options.position() } satisfies BrowserFrame));
    this.options.onState("open");
    if (isHidden()) this.tellRate();
    for (const frame of this.waiting.splice(0)) socket.send(JSON.stringify(frame));
  }

  private receive(text: string): void {
    let frame: ServerFrame;
    try {
      frame = JSON.parse(text) as ServerFrame;
    } catch {
      this.socket?.close(4002, "not JSON");
      return;
    }
    this.options.onFrame(frame);
    if (frame.t === "delta" || frame.t === "snap") this.acknowledge();
  }

  private acknowledge(): void {
    this.unacknowledged += 1;
    if (this.unacknowledged >= ACK_FRAMES) this.ack();
    else this.ackTimer ??= setTimeout(() => this.ack(), ACK_MS);
  }

  private ack(): void {
    if (this.ackTimer !== null) clearTimeout(this.ackTimer);
    this.ackTimer = null;
    this.unacknowledged = 0;
    const { ev } = this.options.position();
    if (ev !== null && this.socket?.readyState === 1) this.socket.send(JSON.stringify({ t: "ack", ev } satisfies BrowserFrame));
  }

  private lost(socket: WebSocket): void {
    if (this.closed || socket !== this.socket) return;
    this.socket = null;
    this.attempt += 1;
    this.options.onState("lost");
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.attempt - 1));
    const spread = 0.5 + (this.options.random ?? Math.random)() / 2;
    this.retryTimer = setTimeout(() => this.connect(), pause * spread);
  }

  private readonly reconnectNow = (): void => {
    if (this.socket !== null || this.closed) return;
    if (this.retryTimer !== null) clearTimeout(this.retryTimer);
    this.connect();
  };

  private readonly tellRate = (): void => {
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify({ t: "rate", hz: isHidden() ? HZ_HIDDEN : HZ_IN_VIEW } satisfies BrowserFrame));
  };
}

function isHidden(): boolean {
  return globalThis.document?.visibilityState === "hidden";
}

export function socketUrl(path: string, location: Pick<Location, "protocol" | "host">): string {
  return `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${path}`;
}
