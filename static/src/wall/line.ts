/** The wall's line to the server: opens again with growing pauses after a break, and at once when the browser is back online. */
import type { WallFrame, WallMessage } from "./types";

export type LineState = "connecting" | "open" | "lost" | "ended";

const firstPause = 500;
const longestPause = 15_000;

export class WallLine {
  private socket: WebSocket | null = null;
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private ended = false;

  constructor(private readonly url: string, private readonly onFrame: (frame: WallFrame) => void, private readonly onState: (state: LineState) => void) {}

  open(): void {
    window.addEventListener("online", this.again);
    this.connect();
  }

  /** Says whether the message could be sent. */
  send(message: WallMessage): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  private connect(): void {
    const socket = new WebSocket(this.url);
    this.socket = socket;
    socket.onopen = () => {
      this.failures = 0;
      this.onState("open");
    };
    socket.onmessage = ({ data }) => this.receive(JSON.parse(String(data)) as WallFrame);
    socket.onclose = () => this.lost();
  }

  private receive(frame: WallFrame): void {
    if (frame.t === "bye") this.ended = true;
    this.onFrame(frame);
  }

  private lost(): void {
    this.socket = null;
    this.onState(this.ended ? "ended" : "lost");
    if (this.ended) return;
    this.timer = setTimeout(this.again, Math.min(longestPause, firstPause * 2 ** this.failures));
    this.failures += 1;
  }

  private readonly again = (): void => {
    clearTimeout(this.timer);
    if (this.socket === null && !this.ended) this.connect();
  };
}
