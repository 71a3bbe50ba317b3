/**
 * The two calls a lab page makes beside its socket: a command to the cluster, and a change of its clock.
 *
 * Promise: every outcome is a value. A refusal, a broken connection and an answer that is not JSON all come back as
 * `{ok: false, error}` with a sentence a person can read; nothing here throws. A command carries a fresh `rid` and is sent again
 * with the same one after a broken connection, so the server can see that it is the same command.
 */
import type { Boot, Clock, CommandError } from "./shapes";

export type Outcome<T> = { ok: true; value: T } | { ok: false; error: CommandError };

export interface CommandAnswer<Reply> {
  ev: number;
  reply: Reply;
}

export type ClockOp = "pause" | "resume" | "speed" | "step" | "reset";

export interface Command {
  kind: string;
  [argument: string]: unknown;
}

export interface Api {
  command<Reply = Record<string, unknown>>(command: Command): Promise<Outcome<CommandAnswer<Reply>>>;
  clock(op: ClockOp, value?: number): Promise<Outcome<Clock>>;
  /** What is asked of a past moment; `op` is look, ask, compare, branch, branches or world. */
  past<Reply = Record<string, unknown>>(body: { op: string; [argument: string]: unknown }): Promise<Outcome<Reply>>;
}

const RETRIES = 2;

export function createApi(boot: Pick<Boot, "api" | "csrf">, fetcher: typeof fetch = fetch): Api {
  const send = (path: string, body: unknown) => post(fetcher, `${boot.api}/${path}`, boot.csrf, body);
  return {
    async command<Reply>(command: Command): Promise<Outcome<CommandAnswer<Reply>>> {
      const answer = await send("command", { rid: requestId(), command });
      if (!answer.ok) return answer;
      const { ev, reply } = answer.value as { ev: number; reply: Reply & { error?: CommandError } };
      if (reply?.error) return { ok: false, error: reply.error };
      return { ok: true, value: { ev, reply } };
    },
    async past<Reply>(body: { op: string; [argument: string]: unknown }): Promise<Outcome<Reply>> {
      const answer = await send("past", body);
      return answer.ok ? { ok: true, value: answer.value as Reply } : answer;
    },
    async clock(op, value) {
      const answer = await send("clock", value === undefined ? { op } : { op, value });
      return answer.ok ? { ok: true, value: (answer.value as { clock: Clock }).clock } : answer;
    },
  };
}

function requestId(): string {
  return crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function post(fetcher: typeof fetch, url: string, csrf: string, body: unknown): Promise<Outcome<unknown>> {
  const request = {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrf },
    body: JSON.stringify(body),
    credentials: "same-origin" as const,
  };
  let answer = await attempt(fetcher, url, request);
  for (let again = 0; again < RETRIES && !answer.ok && answer.error.code === "Unreachable"; again += 1) {
    answer = await attempt(fetcher, url, request);
  }
  return answer;
}

async function attempt(fetcher: typeof fetch, url: string, request: RequestInit): Promise<Outcome<unknown>> {
  let response: Response;
  try {
    response = await fetcher(url, request);
  } catch {
    return failure("Unreachable", "The server cannot be reached. Your work is kept; try again in a moment.");
  }
  const body: unknown = await response.json().catch(() => null);
  if (isRecord(body) && body["ok"] === true) return { ok: true, value: body };
  if (isRecord(body) && isRecord(body["error"])) return { ok: false, error: body["error"] as unknown as CommandError };
  if (response.ok && body !== null) return { ok: true, value: body };
  return failure(`Http${response.status}`, `The server answered ${response.status} ${response.statusText || ""}`.trim() + ".");
}

function failure(code: string, message: string): Outcome<never> {
  return { ok: false, error: { code, message } };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
