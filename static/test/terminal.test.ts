import assert from "node:assert/strict";
import { test } from "node:test";
import { columnsFor } from "../src/terminal/columns";
import { complete, listing } from "../src/terminal/complete";
import { historyOf, remember, search, walk } from "../src/terminal/history";
import { readKeys } from "../src/terminal/keys";
import * as edit from "../src/terminal/line";
import { findNames } from "../src/terminal/links";
import { paintError, paintOutput } from "../src/terminal/paint";
import { lineAround, linesOf, type Row } from "../src/terminal/rows";
import { draw, leave, nothingDrawn, width } from "../src/terminal/screen";
import { Session, type Answer, type RemoteAnswer, type Signal, type Streamed, type Workstation } from "../src/terminal/session";
import { asksForMore, splitCommands } from "../src/terminal/syntax";
import { mayMove, readWhere } from "../src/terminal/where";

const at = (text: string): edit.Line => ({ text: text.replace("|", ""), cursor: text.indexOf("|"), cut: "" });
const show = ({ text, cursor }: edit.Line): string => `${text.slice(0, cursor)}|${text.slice(cursor)}`;

const edits: [string, string, (line: edit.Line) => edit.Line, string][] = [
  ["typed text goes in at the cursor", "kube| get", (l) => edit.insert(l, "ctl"), "kubectl| get"],
  ["backspace at the start does nothing", "|get", edit.backspace, "|get"],
  ["backspace takes a whole emoji", "a🚢|", edit.backspace, "a|"],
  ["delete at the end does nothing", "get|", edit.del, "get|"],
  ["home stays in its row", "a\nbc|", edit.home, "a\n|bc"],
  ["cut to the end keeps the next row", "ab|cd\nef", edit.cutToEnd, "ab|\nef"],
  ["cut a word leftwards takes the space before it", "get pods |", edit.cutWordLeft, "get |"],
  ["a word to the left skips punctuation", "deploy/web-|", edit.wordLeft, "deploy/|web-"],
  ["a word to the right", "get| pods x", edit.wordRight, "get pods| x"],
  ["up keeps the column", "abc\nde|f", (l) => edit.moveRow(l, -1), "ab|c\ndef"],
  ["down stops at the end of a shorter row", "abc|\nd", (l) => edit.moveRow(l, 1), "abc\nd|"],
];
for (const [name, before, act, after] of edits) test(name, () => assert.equal(show(act(at(before))), after));

test("what was cut can be put back elsewhere", () => {
  const cut = edit.cutToStart(at("kubectl get |pods"));
  assert.equal(show(edit.paste(edit.end(cut))), "podskubectl get |");
});

test("keys are read out of one chunk, and unknown sequences are dropped", () => {
  assert.deepEqual(readKeys("ls\x1b[A\x1b[99;9~\r"), [{ name: "text", text: "ls" }, { name: "up" }, { name: "enter" }]);
});
test("pasted text keeps its rows and loses its control characters", () => {
  assert.deepEqual(readKeys("\x1b[200~a\r\n\tb\x07\x1b[201~\r"), [{ name: "text", text: "a\n  b" }, { name: "enter" }]);
});

const openTexts: [string, boolean][] = [
  ["kubectl get pods", false],
  ["echo 'half", true],
  ["echo \"it's\"", false],
  ["kubectl get \\", true],
  ["kubectl get \\\npods", false],
  ["echo '\\'", false],
  ["cat <<EOF", true],
  ["cat <<EOF\na: b", true],
  ["cat <<EOF\na: 'b\nEOF", false],
  ["kubectl apply -f - <<'END'\nEOF\nEND", false],
  ["cat <<-EOF\n\tx\n\tEOF", false],
  ["cat <<< word", false],
  ["kubectl get pods |", true],
  ["true &&", true],
  ["sleep 1 &", false],
  ["echo # it's a comment", false],
  ["echo a\\ b", false],
];
for (const [text, open] of openTexts) test(`${JSON.stringify(text)} ${open ? "asks for more" : "is whole"}`, () => assert.equal(asksForMore(text), open));

test("a pasted block falls into its commands, heredocs kept whole", () => {
  assert.deepEqual(splitCommands("ls\n\ncat <<EOF\na\n\nEOF\npwd"), { commands: ["ls", "cat <<EOF\na\n\nEOF", "pwd"], open: "" });
});

test("history walks back and returns to what was being typed", () => {
  const [up, text] = walk(historyOf(["a", "b"]), -1, "dra") ?? assert.fail();
  assert.equal(text, "b");
  assert.equal(walk(up, 1, text)?.[1], "dra");
  assert.equal(walk(historyOf([]), -1, ""), null);
});
test("history keeps no blanks and no repeats", () => {
  assert.deepEqual(remember(remember(historyOf(["a"]), "a"), "  ").entries, ["a"]);
});
test("search finds the newest match, then older ones", () => {
  const history = historyOf(["get a", "get b", "ls"]);
  assert.deepEqual(search(history, "get"), { at: 1, text: "get b" });
  assert.deepEqual(search(history, "get", 1), { at: 0, text: "get a" });
  assert.equal(search(history, "get", 0), null);
});

test("one option is filled in with the space it brings", () => {
  assert.equal(show(complete(at("kubectl ge|"), { from: 8, options: [{ text: "get " }] }).line), "kubectl get |");
  assert.equal(show(complete(at("kubectl ge| pods"), { from: 8, options: [{ text: "get " }] }).line), "kubectl get| pods");
});
test("a flag that wants a value gets no space", () => {
  assert.equal(show(complete(at("get --na|"), { from: 4, options: [{ text: "--namespace=" }] }).line), "get --namespace=|");
});
test("several options fill in what they share and are listed", () => {
  const { line, list } = complete(at("get web|"), { from: 4, options: [{ text: "web-a1 " }, { text: "web-b2 " }] });
  assert.equal(show(line), "get web-|");
  assert.equal(listing(list, 80), "web-a1  web-b2");
});

test("a line that fits is drawn after its prompt", () => {
  const { output, drawn } = draw(at("ls|"), { first: "$ ", next: "> " }, 20, nothingDrawn);
  assert.equal(output, "\r\x1b[J$ ls\r\x1b[4C");
  assert.deepEqual(drawn, { row: 0 });
});
test("a line that wraps is drawn again from its first row", () => {
  const wrapped = draw(at("abcdefghijkl|"), { first: "$ ", next: "> " }, 10, nothingDrawn);
  assert.deepEqual(wrapped.drawn, { row: 1 });
  assert.equal(draw(at("a|"), { first: "$ ", next: "> " }, 10, wrapped.drawn).output, "\r\x1b[1A\x1b[J$ a\r\x1b[3C");
});
test("leaving a line goes below its last row", () => {
  const line = at("a|\nb\nc");
  assert.equal(leave(line, { first: "$ ", next: "> " }, 10, draw(line, { first: "$ ", next: "> " }, 10, nothingDrawn).drawn), "\x1b[2B\r\n");
});
test("wide and combining characters have their widths", () => assert.equal(width("a漢e\u0301🚢"), 6));

test("a table's header is dim and its status words carry their phase", () => {
  const painted = paintOutput("NAME   READY   STATUS    AGE\nweb-1   1/1     Running   1m\nweb-2   0/1     Error     1m\n");
  assert.match(painted, /^\x1b\[90mNAME {3}READY {3}STATUS {4}AGE\x1b\[39m\r\n/);
  const rows = paintOutput("NAME    READY   STATUS    AGE\nRunning   1/1   x\nweb-1   1/1     Running   1m\nweb-2   0/1     Error     1m\n").split("\r\n");
  assert.equal(rows[2], "web-1   1/1     \x1b[32mRunning\x1b[39m   1m");
  assert.equal(rows[3], "web-2   0/1     \x1b[31mError\x1b[39m     1m");
});
test("a log line cannot move the cursor", () => assert.equal(paintOutput("a\x1b[2Jb\x07"), "a[2Jb"));
test("errors are red, row by row", () => assert.equal(paintError("no\n"), "\x1b[31mno\x1b[39m\r\n"));

test("names of objects in a row are found, with and without their kind", () => {
  const known: Record<string, string> = { "pod/web-1": "u1", "deployment/web": "u2" };
  const find = (kind: string, name: string): string | null => known[`${kind}/${name}`] ?? null;
  assert.deepEqual(findNames("web-1  deployment.apps/web-x deployment/web", find), [
    { from: 0, to: 5, uid: "u1" },
    { from: 29, to: 43, uid: "u2" },
  ]);
});

const kubeconfig = `apiVersion: v1
clusters:
- cluster:
    server: https://127.0.0.1:6443
  name: kind-drydock
contexts:
- context:
    cluster: kind-drydock
    namespace: other
    user: kind-drydock
  name: other
- context:
    cluster: kind-drydock
    namespace: shop
    user: kind-drydock
  name: kind-drydock
current-context: kind-drydock
kind: Config
`;
test("the place is read from the current context", () => assert.deepEqual(readWhere(kubeconfig), { context: "kind-drydock", namespace: "shop" }));
test("a context without a namespace means default", () => assert.equal(readWhere(kubeconfig.replace("    namespace: shop\n", ""))?.namespace, "default"));
test("no context, no place", () => assert.equal(readWhere(""), null));
test("only commands about the configuration may move", () => {
  assert.equal(mayMove("kubectl config set-context --current --namespace shop"), true);
  assert.equal(mayMove("kubectl get pods"), false);
});

// ── the session, against a fake screen and a fake workstation ──

class FakeStation implements Workstation {
  readonly roomFor: string[] = [];
  followed = -1;
  readonly commands: string[] = [];
  stream: ((part: Streamed) => void) | null = null;
  readonly signals: Signal[] = [];
  stopped = 0;
  constructor(readonly answers: Record<string, Answer> = {}) {}
  refusal(): string | null { return null; }
  run(command: string): Promise<{ ok: true; answer: Answer } | { ok: false; message: string }> {
    this.commands.push(command);
    const answer = this.answers[command];
    return Promise.resolve(answer ? { ok: true, answer } : { ok: false, message: "unreachable" });
  }
  type(_id: string, line: string): Promise<{ ok: true; answer: RemoteAnswer }> {
    this.commands.push(`in: ${line}`);
    const done = line === "exit";
    return Promise.resolve({ ok: true, answer: { stdout: done ? "" : "bin\n", stderr: "", done, prompt: done ? "" : "/tmp # " } });
  }
  offers(): Promise<{ from: number; options: { text: string }[] }> { return Promise.resolve({ from: 0, options: [{ text: "kubectl " }] }); }
  follow(_token: Record<string, unknown>, listener: (part: Streamed) => void): () => void {
    this.stream = listener;
    return () => void (this.stopped += 1);
  }
  signal(name: Signal): Promise<Answer> {
    this.signals.push(name);
    return Promise.resolve({ stdout: "\n[1]+  Stopped   job\n", background: [{ pid: 2002 }] });
  }
  open(): void {}
  ran(): void {}
  remembered(): void {}
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function session(answers: Record<string, Answer>, entries: string[] = []): { station: FakeStation; shell: Session; text(): string } {
  let written = "";
  const station = new FakeStation(answers);
  const screen = {
    cols: 80, room: 80, makeRoom: (printed: string) => void station.roomFor.push(printed), forgetRoom: () => void station.roomFor.splice(0),
    follow: (column: number) => void (station.followed = column), write: (data: string) => void (written += data), wipe: () => void (written = ""),
  };
  const shell = new Session(screen, station, historyOf(entries));
  shell.start("");
  return { station, shell, text: () => written.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "") };
}

test("room is made for what is printed, and the typed column is followed until the next prompt", async () => {
  const { station, shell } = session({ pwd: { stdout: "/root\n" } });
  shell.receive("pwd -P");
  assert.equal(station.followed, 8);
  shell.receive("\x03pwd\r");
  await settled();
  assert.deepEqual([station.roomFor, station.followed], [["/root\r\n"], 2]);
  shell.clear();
  assert.deepEqual(station.roomFor, []);
});

const row = "web-7d9f   1/1   Running   0   6m31s   10.244.1.7   node-1";
const sizes: [string, string, { room: number; now: number }, number][] = [
  ["short text leaves the columns as they are", "pod/web deleted", { room: 40, now: 40 }, 40],
  ["a table that is wider than the pane keeps its rows whole", `NAME\n${row}\n`, { room: 40, now: 40 }, row.length],
  ["colours need no room", row.replace("Running", "\x1b[32mRunning\x1b[39m"), { room: 40, now: 40 }, row.length],
  ["a narrower table does not break a wider one", row, { room: 40, now: 90 }, 90],
  ["short text does not break a table", "pod/web deleted", { room: 40, now: 90 }, 90],
  ["long prose is broken at the pane's edge again", "word ".repeat(30), { room: 40, now: 90 }, 40],
  ["a row that nobody would read to its end goes on in the next one", `a   b   ${"c".repeat(400)}`, { room: 40, now: 40 }, 240],
];
for (const [name, text, columns, wanted] of sizes) test(name, () => assert.equal(columnsFor(text, columns), wanted));

test("a typed command runs and its answer is printed above a new prompt", async () => {
  const { station, shell, text } = session({ pwd: { stdout: "/root\n" } });
  shell.receive("pwd\r");
  await settled();
  assert.deepEqual(station.commands, ["pwd"]);
  assert.match(text(), /\/root\r\n\r\$ \r$/);
});
test("a heredoc waits for its end", async () => {
  const { station, shell } = session({ "cat <<E\na\nE": {} });
  shell.receive("cat <<E\ra\r");
  await settled();
  assert.deepEqual(station.commands, []);
  shell.receive("E\r");
  await settled();
  assert.deepEqual(station.commands, ["cat <<E\na\nE"]);
});
test("what is typed while a command runs comes after it", async () => {
  const { station, shell } = session({ a: {}, b: {} });
  shell.receive("a\rb\r");
  await settled();
  await settled();
  assert.deepEqual(station.commands, ["a", "b"]);
});
test("a failure is text, and the prompt comes back", async () => {
  const { shell, text } = session({});
  shell.receive("ls\r");
  await settled();
  assert.match(text(), /unreachable\r\n\r\$ \r$/);
});
test("a shell in a container takes whole lines under its own prompt until it ends", async () => {
  const { station, shell, text } = session({ "kubectl exec -it web -- sh": { session: { id: "1", prompt: "/ # " } }, "pwd": { stdout: "/root\n" } });
  shell.receive("kubectl exec -it web -- sh\r");
  await settled();
  assert.match(text(), /\r\/ # \r$/);
  shell.receive("ls | cat; pwd\r");
  await settled();
  assert.match(text(), /bin\r\n\r\/tmp # \r$/);
  shell.receive("\x04");
  await settled();
  shell.receive("pwd\r");
  await settled();
  assert.deepEqual(station.commands, ["kubectl exec -it web -- sh", "in: ls | cat; pwd", "in: exit", "pwd"]);
});
test("Ctrl-C ends a followed command", async () => {
  const { station, shell, text } = session({ "logs -f": { follow: { x: 1 } } });
  shell.receive("logs -f\r");
  await settled();
  station.stream?.({ stdout: "one\n", done: false });
  shell.receive("\x03");
  assert.equal(station.stopped, 1);
  station.stream?.({ stdout: "two\n", done: false });
  assert.match(text(), /one\r\n\^C\r\n\r\$ \r$/);
  assert.doesNotMatch(text(), /two/);
});
test("Ctrl-C and Ctrl-Z reach a job in front", async () => {
  const { station, shell, text } = session({ forward: { stdout: "Forwarding\n", follow: { pid: 2002 } } });
  shell.receive("forward\r");
  await settled();
  shell.receive("\x1a");
  await settled();
  assert.match(text(), /Forwarding\r\n\^Z\r\n\[1\]\+  Stopped   job\r\n\r\$ \r$/);
  shell.receive("forward\r");
  await settled();
  shell.receive("\x03");
  assert.deepEqual(station.signals, ["TSTP", "INT"]);
});
test("a job behind the prompt prints above it", async () => {
  const { station, shell, text } = session({ "forward &": { stdout: "[1] 2002\n", background: [{ pid: 2002 }] } });
  shell.receive("forward &\r");
  await settled();
  shell.receive("ls");
  station.stream?.({ stdout: "Handling connection\n", done: false });
  assert.match(text(), /Handling connection\r\n\r\$ ls\r$/);
  station.stream?.({ stdout: "[1]+  Done\n", done: true });
  assert.equal(station.stopped, 1);
});
test("the rest of the line runs when the followed command has ended", async () => {
  const { station, shell } = session({ "logs -f && ls": { follow: { x: 1 } }, ls: { stdout: "a\n" } });
  shell.receive("logs -f && ls\r");
  await settled();
  station.stream?.({ stdout: "one\n", done: true, then: "ls" });
  await settled();
  assert.deepEqual(station.commands, ["logs -f && ls", "ls"]);
});
test("watched output takes the place of the screen", async () => {
  const { station, shell, text } = session({ watch: { follow: { x: 1 } } });
  shell.receive("watch\r");
  await settled();
  station.stream?.({ stdout: "first\n", done: false, clear: true });
  station.stream?.({ stdout: "second\n", done: false, clear: true });
  assert.equal(text(), "second\r\n");
});
test("Ctrl-R finds an older command, Enter runs it", async () => {
  const { station, shell } = session({ "kubectl get nodes": {} }, ["kubectl get nodes", "ls"]);
  shell.receive("\x12nod\r");
  await settled();
  assert.deepEqual(station.commands, ["kubectl get nodes"]);
});
test("Tab fills in the only option", async () => {
  const { shell, text } = session({});
  shell.receive("kub\t");
  await settled();
  assert.match(text(), /\$ kubectl \r$/);
});

const broken: Row[] = [
  { text: "NAME    ", isWrapped: false }, { text: "a long ", isWrapped: false }, { text: "line of", isWrapped: true }, { text: " text  ", isWrapped: true }, { text: "end    ", isWrapped: false }, { text: "       ", isWrapped: false },
];
test("a line that is broken over rows is copied as one", () => assert.equal(linesOf(broken), "NAME\na long line of text\nend"));
for (const y of [1, 2, 3]) {
  test(`row ${y} belongs to the whole line`, () => assert.deepEqual(lineAround((at) => broken[at], y), { first: 1, text: "a long line of text  " }));
}
