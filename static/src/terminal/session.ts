/**
 * A shell session: takes what the terminal sends, edits the line, runs whole commands one after the other and prints the answers.
 *
 * Promises: what is typed while a command runs is not lost; an answer that fails is printed as text; Ctrl-C always gives the prompt
 * back. It knows the terminal only as something to write to, and the workstation only through `Workstation`.
 */
import { complete, listing, type Offer } from "./complete";
import { remember, search, walk, type History } from "./history";
import { readKeys, type Key, type KeyName } from "./keys";
import * as edit from "./line";
import { emptyLine, lineOf, type Line } from "./line";
import { paintError, paintNote, paintOutput } from "./paint";
import { draw, erase, leave, nothingDrawn, type Drawn, type Prompts } from "./screen";
import { splitCommands } from "./syntax";

export interface Screen {
  readonly cols: number;
  /** Columns that are seen at once; a table may have made the terminal wider. */
  readonly room: number;
  write(data: string): void;
  /** Before `text` is printed: the columns it needs. */
  makeRoom(text: string): void;
  forgetRoom(): void;
  /** Brings the column where somebody types into sight. */
  follow(column: number): void;
  /** Empties the screen and what was scrolled away. */
  wipe(): void;
}

/** What the workstation gives to go on following a command; only it knows what is in it, but for the number of a job. */
export type Token = Record<string, unknown> & { readonly pid?: number };
export type Signal = "INT" | "TSTP";

export interface Answer {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly follow?: Token;
  readonly open?: string;
  readonly clear?: boolean;
  /** A shell in a container takes the lines from now on. */
  readonly session?: Remote;
  /** Jobs that go on behind the prompt. */
  readonly background?: readonly Token[];
}

/** An interactive shell in a container. */
export interface Remote {
  readonly id: string;
  readonly prompt: string;
}

export interface RemoteAnswer {
  readonly stdout: string;
  readonly stderr: string;
  readonly done: boolean;
  readonly prompt: string;
}

export interface Streamed {
  readonly stdout: string;
  readonly done: boolean;
  /** The output takes the place of what the screen shows. */
  readonly clear?: boolean;
  /** The rest of the line, to be run once the followed command has ended. */
  readonly then?: string | null;
}

export interface Workstation {
  /** Why commands cannot be run now, or null. */
  refusal(): string | null;
  run(command: string): Promise<{ ok: true; answer: Answer } | { ok: false; message: string }>;
  /** One line for a shell in a container. */
  type(id: string, line: string): Promise<{ ok: true; answer: RemoteAnswer } | { ok: false; message: string }>;
  offers(line: string, at: number): Promise<Offer | null>;
  follow(token: Token, listener: (part: Streamed) => void): () => void;
  /** Ctrl-C or Ctrl-Z for a job in front; gives what the shell says to it. */
  signal(name: Signal, token: Token): Promise<Answer>;
  open(path: string): void;
  /** A command was run to its end: the place to look what it changed. */
  ran(command: string): void;
  remembered(entries: readonly string[]): void;
}

const prompts: Prompts = { first: "\x1b[1;93m$\x1b[22;39m ", next: "\x1b[90m>\x1b[39m " };
type Searching = { readonly words: string; readonly at: number; readonly before: Line };

export class Session {
  private line: Line = emptyLine;
  private drawn: Drawn = nothingDrawn;
  private searching: Searching | null = null;
  private waiting: Key[] = [];
  private busy = false;
  private runs = 0;
  private stopFollowing: (() => void) | null = null;
  private front: Token | null = null;
  private readonly behind = new Map<number, () => void>();
  private tabbedAt: string | null = null;
  private remote: Remote | null = null;

  constructor(private readonly screen: Screen, private readonly station: Workstation, private history: History) {}

  start(greeting: string): void {
    if (greeting) this.screen.write(`${paintNote(greeting)}\r\n`);
    this.redraw();
  }

  /** What the terminal sent: keys, or pasted text. */
  receive(data: string): void {
    for (const key of readKeys(data)) {
      if (key.name === "interrupt") this.interrupt();
      else if (key.name === "suspend") void this.suspend();
      else if (this.busy) this.waiting.push(key);
      else this.press(key);
    }
  }

  /** The terminal has another width, so the line wraps elsewhere. */
  resized(): void {
    if (!this.busy) this.redraw();
  }

  clear(): void {
    this.screen.wipe();
    this.drawn = nothingDrawn;
    this.screen.forgetRoom();
    if (!this.busy) this.redraw();
  }

  dispose(): void {
    this.stopFollowing?.();
    for (const stop of this.behind.values()) stop();
    this.runs += 1;
  }

  private press(key: Key): void {
    if (this.searching && this.pressInSearch(key)) return;
    if (key.name !== "tab") this.tabbedAt = null;
    if (key.name === "text") this.show(edit.insert(this.line, key.text));
    else this.actions[key.name]();
  }

  private readonly actions: Record<KeyName, () => void> = {
    "enter": () => this.enter(),
    "tab": () => void this.tab(),
    "escape": () => undefined,
    "interrupt": () => this.interrupt(),
    "suspend": () => undefined,
    "clear": () => this.clear(),
    "search": () => this.startSearch(),
    "end-of-input": () => (this.remote && !this.line.text ? this.leaveRemote() : this.show(edit.del(this.line))),
    "up": () => (edit.onFirstRow(this.line) ? this.walk(-1) : this.show(edit.moveRow(this.line, -1))),
    "down": () => (edit.onLastRow(this.line) ? this.walk(1) : this.show(edit.moveRow(this.line, 1))),
    "left": () => this.show(edit.left(this.line)),
    "right": () => this.show(edit.right(this.line)),
    "home": () => this.show(edit.home(this.line)),
    "end": () => this.show(edit.end(this.line)),
    "word-left": () => this.show(edit.wordLeft(this.line)),
    "word-right": () => this.show(edit.wordRight(this.line)),
    "backspace": () => this.show(edit.backspace(this.line)),
    "delete": () => this.show(edit.del(this.line)),
    "cut-to-end": () => this.show(edit.cutToEnd(this.line)),
    "cut-to-start": () => this.show(edit.cutToStart(this.line)),
    "cut-word-left": () => this.show(edit.cutWordLeft(this.line)),
    "cut-word-right": () => this.show(edit.cutWordRight(this.line)),
    "yank": () => this.show(edit.paste(this.line)),
  };

  private show(line: Line): void {
    this.line = line;
    this.redraw();
  }

  private redraw(): void {
    const { output, drawn, column } = draw(this.shownLine(), this.shownPrompts(), this.screen.cols, this.drawn);
    this.drawn = drawn;
    this.screen.write(output);
    this.screen.follow(column);
  }

  private leaveLine(): void {
    this.screen.write(leave(this.shownLine(), this.shownPrompts(), this.screen.cols, this.drawn));
    this.drawn = nothingDrawn;
  }

  // ── running ──

  private enter(): void {
    if (this.remote) return this.enterRemote(this.line.text);
    const { commands, open } = splitCommands(this.line.text);
    if (open) return this.show(edit.insert(edit.moveTo(this.line, this.line.text.length), "\n"));
    const typed = this.line.text;
    this.show(edit.moveTo(this.line, typed.length));
    this.leaveLine();
    this.line = { ...emptyLine, cut: this.line.cut };
    if (commands.length === 0) return this.redraw();
    this.history = remember(this.history, typed.trimEnd());
    this.station.remembered(this.history.entries);
    void this.runAll(commands);
  }

  /** A line for the shell in the container: what it means is the container's affair. */
  private enterRemote(typed: string): void {
    this.show(edit.moveTo(this.line, typed.length));
    this.leaveLine();
    this.line = { ...emptyLine, cut: this.line.cut };
    if (typed.trim()) {
      this.history = remember(this.history, typed.trimEnd());
      this.station.remembered(this.history.entries);
    }
    void this.runRemote(typed);
  }

  private leaveRemote(): void {
    this.leaveLine();
    void this.runRemote("exit");
  }

  private async runRemote(typed: string): Promise<void> {
    const remote = this.remote as Remote;
    const run = (this.runs += 1);
    this.busy = true;
    const outcome = await this.station.type(remote.id, typed);
    if (run !== this.runs) return;
    if (!outcome.ok) {
      this.remote = null;
      this.print(paintError(outcome.message));
    } else {
      const { answer } = outcome;
      if (answer.stdout) this.print(paintOutput(answer.stdout));
      if (answer.stderr) this.print(paintError(answer.stderr));
      this.remote = answer.done ? null : { id: remote.id, prompt: answer.prompt };
    }
    this.station.ran(typed);
    this.finish();
  }

  private async runAll(commands: readonly string[]): Promise<void> {
    const run = (this.runs += 1);
    this.busy = true;
    for (const command of commands) {
      await this.runOne(command, run);
      if (run !== this.runs) return;
    }
    this.finish();
  }

  private async runOne(command: string, run: number): Promise<void> {
    const refusal = this.station.refusal();
    if (refusal) return this.print(paintError(refusal));
    const outcome = await this.station.run(command);
    if (run !== this.runs) return;
    if (!outcome.ok) return this.print(paintError(outcome.message));
    const { answer } = outcome;
    if (answer.clear) this.screen.wipe();
    if (answer.stdout) this.print(paintOutput(answer.stdout));
    if (answer.stderr) this.print(paintError(answer.stderr));
    if (answer.open) this.station.open(answer.open);
    if (answer.session) this.remote = answer.session;
    for (const token of answer.background ?? []) this.followBehind(token);
    const rest = answer.follow ? await this.stream(answer.follow) : null;
    if (rest && run === this.runs) await this.runOne(rest, run);
    this.station.ran(command);
  }

  /** Prints what a followed command says until it ends; gives the rest of its line. */
  private stream(token: Token): Promise<string | null> {
    this.front = token;
    if (token.pid !== undefined) this.behind.get(token.pid)?.();
    return new Promise((resolve) => {
      let ended = false;
      let rest: string | null = null;
      const stop = this.station.follow(token, (part) => {
        if (ended) return;
        if (part.clear) this.screen.wipe();
        if (part.stdout) this.print(paintOutput(part.stdout));
        if (!part.done) return;
        rest = part.then ?? null;
        this.stopFollowing?.();
      });
      this.stopFollowing = () => {
        ended = true;
        this.stopFollowing = this.front = null;
        stop();
        resolve(rest);
      };
    });
  }

  /** Prints what a job says above the prompt, whenever it says it. */
  private followBehind(token: Token): void {
    const pid = token.pid ?? 0;
    this.behind.get(pid)?.();
    const stop = this.station.follow(token, (part) => {
      if (!this.behind.has(pid)) return;
      if (part.stdout) this.printBeside(part.stdout);
      if (part.done) this.behind.get(pid)?.();
    });
    this.behind.set(pid, () => {
      this.behind.delete(pid);
      stop();
    });
  }

  private printBeside(text: string): void {
    if (this.busy) return this.print(paintOutput(text));
    this.screen.makeRoom(text);
    this.screen.write(erase(this.drawn));
    this.drawn = nothingDrawn;
    this.print(paintOutput(text));
    this.redraw();
  }

  /** Ctrl-Z: only a job can stand still; everything else goes on. */
  private async suspend(): Promise<void> {
    const token = this.front;
    if (!this.busy || token?.pid === undefined) return;
    const answer = await this.station.signal("TSTP", token);
    if (this.front !== token) return;
    this.runs += 1;
    this.stopFollowing?.();
    this.screen.write("^Z");
    this.print(paintOutput(answer.stdout ?? ""));
    for (const other of answer.background ?? []) this.followBehind(other);
    this.finish();
  }

  /** Output always ends its row, so that the prompt starts on a fresh one. */
  private print(painted: string): void {
    this.screen.makeRoom(painted);
    this.screen.write(painted.endsWith("\r\n") ? painted : `${painted}\r\n`);
  }

  private finish(): void {
    this.busy = false;
    this.redraw();
    const keys = this.waiting.splice(0);
    while (keys.length > 0 && !this.busy) this.press(keys.shift() as Key);
    this.waiting.unshift(...keys);
  }

  private interrupt(): void {
    this.waiting = [];
    this.tabbedAt = null;
    if (this.busy) {
      this.runs += 1;
      if (this.front?.pid !== undefined) void this.station.signal("INT", this.front);
      this.stopFollowing?.();
      this.screen.write("^C\r\n");
      return this.finish();
    }
    this.searching = null;
    this.show(edit.moveTo(this.line, this.line.text.length));
    this.screen.write("^C");
    this.leaveLine();
    this.show({ ...emptyLine, cut: this.line.cut });
  }

  // ── history ──

  private walk(step: -1 | 1): void {
    const found = walk(this.history, step, this.line.text);
    if (!found) return;
    this.history = found[0];
    this.show(lineOf(found[1], this.line.cut));
  }

  private startSearch(): void {
    this.searching = { words: "", at: this.history.entries.length, before: this.line };
    this.redraw();
  }

  /** True when the key was meant for the search; any other key ends it and then does its own work. */
  private pressInSearch(key: Key): boolean {
    const now = this.searching as Searching;
    if (key.name === "text") this.searchFor(now.words + key.text, this.history.entries.length);
    else if (key.name === "backspace") this.searchFor(now.words.slice(0, -1), this.history.entries.length);
    else if (key.name === "search") this.searchFor(now.words, now.at);
    else if (key.name === "escape") this.endSearch(now.before);
    else {
      this.endSearch(this.line);
      return false;
    }
    return true;
  }

  private searchFor(words: string, below: number): void {
    const found = words ? search(this.history, words, below) : null;
    this.searching = { ...(this.searching as Searching), words, at: found?.at ?? below };
    this.show(found ? lineOf(found.text, this.line.cut) : this.line);
  }

  private endSearch(line: Line): void {
    this.searching = null;
    this.show(line);
  }

  private shownLine(): Line {
    return this.searching ? edit.moveTo(this.line, this.line.text.length) : this.line;
  }

  private shownPrompts(): Prompts {
    if (!this.searching && this.remote) return { first: this.remote.prompt, next: prompts.next };
    if (!this.searching) return prompts;
    return { first: `\x1b[90msearch \x1b[39m${this.searching.words}\x1b[90m:\x1b[39m `, next: prompts.next };
  }

  // ── completion ──

  private async tab(): Promise<void> {
    if (this.remote) return;
    const asked = this.line;
    const offer = await this.station.offers(asked.text, asked.cursor);
    if (this.line !== asked || this.busy || !offer || offer.options.length === 0) return;
    const { line, list } = complete(asked, offer);
    const again = this.tabbedAt === asked.text;
    if (line.text !== asked.text) this.show(line);
    else if (again && list.length > 0) this.list(listing(list, this.screen.room));
    this.tabbedAt = this.line.text;
  }

  private list(text: string): void {
    this.leaveLine();
    this.screen.write(`${paintNote(text.replaceAll("\r\n", "\n"))}\r\n`);
    this.redraw();
  }
}
