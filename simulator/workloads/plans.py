"""What a container will do if nothing outside interferes, worked out when it starts.

A `Plan` is a pure function of image, command line, environment and memory limit: the lines it will write and when, when
it listens, when it ends and how. So a running container needs no timer of its own: its log is computed when somebody
reads it, for a loop that prints every second just as for a server. A program that asks the network (`until nslookup db`)
is planned up to its question; `resume` says where it goes on.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from simulator.workloads.agnhost_servers import ports_of
from simulator.workloads.commands.environment_programs import has_program, programs_of
from simulator.workloads.file_tree import READ_ONLY, FileTree, Setting, image_files, layered
from simulator.workloads.image_catalog import Image, Listener, Route, Server
from simulator.workloads.loops import Turn, counted_on, counters_of, find_cycle, unrolled
from simulator.workloads.machine import Machine, shell_words
from simulator.workloads.pauses import Pause
from simulator.workloads.program import FOREVER, Program, Thread
from simulator.workloads.shell_scripts import NotSimulated, compile_script
from simulator.workloads.shell_words import SyntaxProblem
from simulator.workloads.small_programs import AT, END
from simulator.workloads.timeline import MB, Cycle, Ending, FileChange, Happening, Line, Plan, Question

OOM_EXIT = 137
#: How long a program may run before its future counts as unknown; loops are recognised long before.
_MAX_PAUSES = 3_000
#: Lines of a loop that are kept when something from outside ends it.
_KEPT_LINES = 500
_ORDINARY = Setting()
#: How long a program that nobody has described takes when it has to end.
_STAND_IN_US = 2_000_000


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the pod gives a container beside its command line."""

    env: tuple[tuple[str, str], ...] = ()
    ports: tuple[int, ...] = ()
    """Declared ones."""
    memory_limit: int = 0
    files: tuple[tuple[str, str], ...] = ()
    """That are there from the start (volumes)."""
    setting: Setting = _ORDINARY
    taken: tuple[int, ...] = ()
    """Ports that another process of the same network has open already."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int = 0
    lines: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)


def plan(
    image: Image,
    command: tuple[str, ...],
    args: tuple[str, ...],
    *,
    env: Mapping[str, str],
    ports: tuple[int, ...] = (),
    memory_limit: int = 0,
    files: tuple[tuple[str, str], ...] = (),
    setting: Setting = _ORDINARY,
    taken: tuple[int, ...] = (),
    happenings: tuple[Happening, ...] = (),
) -> Plan:
    """`command` and `args` as in the pod; empty means the image's own; `happenings` in the order of time."""
    around = Surroundings(tuple(env.items()), ports, memory_limit, files, setting, taken)
    return _plan(image, command, args, around, happenings)


def resume(
    before: Plan,
    image: Image,
    *,
    answer: Answer,
    offset_us: int,
    around: Surroundings,
    happenings: tuple[Happening, ...] = (),
) -> Plan:
    """The plan after the answer to its question: the program goes on at `offset_us`."""
    question = before.question
    if question is None:
        raise ValueError("resume: found a plan without a question, wanted one that waits for an answer")
    program = Program.load(list(question.program), image, _tree(image, around))
    thread = program.threads[question.thread]
    if question.argv == LOOK:
        program.tree.seen = dict(answer.files)
    else:
        is_error = answer.status != 0 and question.argv[0] in SPEAK_ON_STDERR
        thread.machine.answer(answer.status, answer.lines, errors=is_error)
    thread.due_us, thread.state = offset_us, "ready"
    return _follow(program, replace(before, question=None, sent=()), around, happenings)


LOOK = ("look",)
#: Programs whose complaints are not their output.
SPEAK_ON_STDERR = frozenset({"kill", "telnet"})


def _tree(image: Image, around: Surroundings) -> FileTree:
    base = layered(dict(around.files), image_files(image, programs_of(image)))
    return FileTree(base, {}, around.setting)


def argv_of(image: Image, command: tuple[str, ...], args: tuple[str, ...]) -> tuple[str, ...]:
    """Kubernetes' rule: `command` replaces entrypoint and cmd, `args` alone replaces cmd."""
    if command:
        return command + args
    return image.entrypoint + (args or image.cmd)


@lru_cache(maxsize=512)
def reads(image: Image, command: tuple[str, ...], args: tuple[str, ...]) -> frozenset[str] | None:
    """Names of the environment variables that can make a difference to the plan; None: all of them (`env`)."""
    argv = argv_of(image, command, args)
    text = " ".join(argv)
    if _PRINTS_ENV.search(text):
        return None
    server = image.server(_without_entrypoint_script(image, argv)) if argv else None
    if server is not None and server.responder == "porter":
        return None
    names = {match.group(1) for match in _VARIABLE.finditer(text)}
    if "$((" in text:
        names.update(_NAME.findall(text))  # arithmetic knows variables without a dollar
    if "hostname" in text:
        names.add("HOSTNAME")
    for one in image.servers if server is None else (server,):
        names.update(name for need in one.needs for name in need.any_of)
        names.update(match.group(2) for line in one.log for match in _FIELD.finditer(line) if match.group(1) == "env")
    return frozenset(names)


_VARIABLE = re.compile(r"\$\{?#?([A-Za-z_][A-Za-z0-9_]*)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PRINTS_ENV = re.compile(r"(?:^|[\s/;])(?:env|printenv)(?:$|[\s;|])")


@lru_cache(maxsize=2048)
def _plan(
    image: Image,
    command: tuple[str, ...],
    args: tuple[str, ...],
    around: Surroundings,
    happenings: tuple[Happening, ...],
) -> Plan:
    argv = argv_of(image, command, args)
    if not argv:
        return Plan(refused="no command specified")
    argv = _without_entrypoint_script(image, argv)
    server = image.server(argv)
    is_known = is_in_volume(argv[0], around.setting) or has_program(image, argv[0].rsplit("/", 1)[-1])
    if image.is_stand_in and (server is not None or not is_known):
        if around.setting.ends:
            return _stand_in_that_ends(image.servers[0], argv[0].rsplit("/", 1)[-1])
        server = image.servers[0]
    if server is not None:
        written = [FileChange(offset, path, text) for offset, kind, path, text in happenings if kind == "write"]
        return _server_plan(Plan(files=tuple(written)), server, image, argv, dict(around.env), 0, around)
    if not is_known:
        return Plan(refused=_not_executable(argv[0]))
    return _follow(Program.begin(_first_process(image, argv, around)), Plan(is_script=True), around, happenings)


def _stand_in_that_ends(server: Server, program: str) -> Plan:
    lines = (Line(0, f"{program} started"), Line(_STAND_IN_US, f"{program} done"))
    ending = Ending(_STAND_IN_US, 0, "Completed")
    return Plan(lines=lines, ending=ending, memory=server.memory, cpu_milli=server.cpu_milli, stop_us=server.stop_us)


def is_in_volume(program: str, setting: Setting) -> bool:
    """Whether a program is a file of a volume, about which an image says nothing."""
    return any(program.startswith(f"{mount.path}/") for mount in setting.mounts)


def _first_process(image: Image, argv: tuple[str, ...], around: Surroundings) -> Machine:
    tree = _tree(image, around)
    directory = around.setting.directory or image.directory or "/"
    return Machine(image, env=dict(around.env), tree=tree, name=argv[0], argv=argv, directory=directory)


def _not_executable(program: str) -> str:
    if program.startswith("/"):
        return f'exec: "{program}": stat {program}: no such file or directory'
    return f'exec: "{program}": executable file not found in $PATH'


def _without_entrypoint_script(image: Image, argv: tuple[str, ...]) -> tuple[str, ...]:
    """`docker-entrypoint.sh nginx …` prepares and then becomes its arguments; a server as entrypoint stays."""
    if image.entrypoint and argv[:1] == image.entrypoint[:1] and argv[0].endswith(".sh") and len(argv) > 1:
        rest = argv[1:]
        # `docker run redis --port 6380`: the script puts the server in front of options.
        return (*image.cmd[:1], *rest) if rest[0].startswith("-") else rest
    return argv


# Following a program


def _follow(program: Program, base: Plan, around: Surroundings, happenings: tuple[Happening, ...]) -> Plan:
    return _Following(program, base, around, happenings).result()


class _Following:
    """One look into a program's future."""

    def __init__(self, program: Program, base: Plan, around: Surroundings, happenings: tuple[Happening, ...]) -> None:
        self._program = program
        self._plan = base
        self._around = around
        self._happenings = list(happenings)
        self._lines = list(base.lines)
        self._files = list(base.files)
        self._known = dict(program.tree.own)
        self._turns: list[Turn] = []
        self._counters = _counters(program)

    def result(self) -> Plan:
        for _ in range(_MAX_PAUSES):
            due = self._program.next_due()
            if self._happenings and self._happenings[0][0] <= due:
                self._happen(self._happenings.pop(0))
                continue
            if due >= FOREVER:
                break
            if (done := self._advance()) is not None:
                return done
        return self._finished()

    def _finished(self, **more: object) -> Plan:
        lines = tuple(sorted(self._lines, key=lambda line: line.offset_us))
        sent = tuple(self._program.tree.sent)
        self._program.tree.sent.clear()
        values = {"lines": lines, "files": tuple(self._files), "sent": sent, **more}
        return replace(self._plan, **values)  # type: ignore[arg-type]  # the fields of a plan

    def _happen(self, happening: Happening) -> None:
        offset, kind, name, text = happening
        self._turns.clear()
        if kind == "signal":
            self._program.signal(name, offset)
            return
        self._program.tree.put(name, text)
        self._known[name] = text
        self._files.append(FileChange(offset, name, text))

    def _advance(self) -> Plan | None:
        now, thread, pause = self._program.advance()
        self._lines += [Line(now, text) for text in thread.machine.take_lines()]
        self._note_files(now)
        if pause.cpu_milli > self._plan.cpu_milli:
            self._plan = replace(self._plan, cpu_milli=pause.cpu_milli)
        match pause.kind:
            case "exit" if thread is self._program.threads[0]:
                code = pause.code
                return self._finished(ending=Ending(now, code, "Completed" if code == 0 else "Error"))
            case "ask" | "look":
                return self._ask(now, thread, LOOK if pause.kind == "look" else pause.argv)
            case "serve":
                return self._serve(now, thread, pause)
            case "memory":
                return self._take_memory(now, thread, pause)
            case "sleep":
                return self._turn(now)
        return None

    def _ask(self, now: int, thread: Thread, argv: tuple[str, ...]) -> Plan:
        place = self._program.threads.index(thread)
        thread.due_us = FOREVER
        return self._finished(question=Question(now, argv, place, tuple(self._program.dump())))

    def _serve(self, now: int, thread: Thread, pause: Pause) -> Plan | None:
        base = replace(self._plan, lines=tuple(self._lines), files=tuple(self._files))
        if pause.server is None:
            self._plan = _python_server(base, pause.argv, now)
        else:
            machine = thread.machine
            self._plan = _server_plan(base, pause.server, machine.image, pause.argv, machine.env, now, self._around)
        self._lines = list(self._plan.lines)
        if thread is self._program.threads[0]:
            self._plan = replace(self._plan, is_script=False)
            return self._finished() if self._plan.ending is not None or len(self._program.threads) == 1 else None
        self._plan = replace(self._plan, ending=None)
        return None

    def _take_memory(self, now: int, thread: Thread, pause: Pause) -> Plan | None:
        """Memory is taken at about 1 GB/s; more than the limit ends the whole container, as `memory.oom.group` asks."""
        limit = self._around.memory_limit
        if limit and pause.bytes > limit:
            return self._finished(memory=limit, ending=Ending(now + limit // 1000, OOM_EXIT, "OOMKilled"))
        self._plan = replace(self._plan, memory=max(self._plan.memory, 2 * MB + pause.bytes))
        if thread is self._program.threads[0] and not thread.machine.script:
            self._plan = replace(self._plan, stop_us=0, stop_code=143, is_script=False)
        if pause.us < FOREVER:
            thread.machine.resume()
            thread.due_us, thread.state = now + pause.us, "ready"
        return None

    def _note_files(self, now: int) -> None:
        own = self._program.tree.own
        for path, content in own.items():
            if path not in self._known or self._known[path] != content:
                self._files.append(FileChange(now, path, content))
        for path in [path for path in self._known if path not in own]:
            self._files.append(FileChange(now, path, None))
        self._known = dict(own)

    def _turn(self, now: int) -> Plan | None:
        first = self._program.threads[0].machine
        counts = tuple((name, first.env[name]) for name in sorted(self._counters) if name in first.env)
        signature = self._program.signature(self._counters, now)
        self._turns.append(Turn(now, signature, len(self._lines), counts))
        cycle = find_cycle(self._turns, self._lines)
        if cycle is None:
            return None
        start = next(turn for turn in self._turns if turn.at == cycle.start_us)
        if not self._happenings:
            self._lines = self._lines[: start.line]
            return self._finished(cycle=cycle)
        self._leap(cycle, self._happenings[0][0], now)
        return None

    def _leap(self, cycle: Cycle, until: int, now: int) -> None:
        """Goes on close to the moment at which something happens from outside, without playing every turn."""
        skipped = max((until - now) // cycle.period_us - 1, 0)
        before, after = [turn for turn in self._turns if (turn.at - cycle.start_us) % cycle.period_us == 0][-2:]
        gone = (now - cycle.start_us) // cycle.period_us
        if skipped and cycle.lines:
            shown = max(1, _KEPT_LINES // len(cycle.lines))
            self._lines += unrolled(cycle, range(max(gone, gone + skipped - shown), gone + skipped))
        self._program.threads[0].machine.env.update(counted_on(before, after, skipped))
        for thread in self._program.threads:
            thread.due_us += skipped * cycle.period_us if thread.due_us < FOREVER else 0
        self._turns.clear()


def _counters(program: Program) -> frozenset[str]:
    machine = program.threads[0].machine
    script = machine.script or (shell_words(list(machine.argv))[0] if machine.argv else "") or ""
    try:
        return counters_of(compile_script(script))
    except (NotSimulated, SyntaxProblem):
        return frozenset()


# Servers


def _python_server(result: Plan, argv: tuple[str, ...], now: int) -> Plan:
    port = next((int(word) for word in argv[3:] if word.isdigit()), 8000)
    line = Line(now, f"Serving HTTP on 0.0.0.0 port {port} (http://0.0.0.0:{port}/) ...")
    return replace(
        result,
        lines=(*result.lines, line),
        listens=(Listener(port, "http"),),
        routes=(Route("/", body="<title>Directory listing for /</title>\n"),),
        serving_us=now + 200_000,
        memory=12 * MB,
    )


def _server_plan(
    base: Plan,
    server: Server,
    image: Image,
    argv: tuple[str, ...],
    env: Mapping[str, str],
    now: int,
    around: Surroundings,
) -> Plan:
    listens = _listens(server, argv, around.ports, env)
    for need in server.needs:
        if not any(env.get(name) for name in need.any_of):
            return _fails(base, [_fill(text, image, argv, env) for text in need.log], now + 300_000, need.exit)
    problem = _cannot_start(server, listens, around)
    if problem:
        return _fails(base, problem, now + 300_000, 1)
    if around.memory_limit and server.memory > around.memory_limit:
        ending = Ending(now + server.ready_us // 2, OOM_EXIT, "OOMKilled")
        return replace(base, memory=around.memory_limit, ending=ending)
    return replace(
        base,
        lines=base.lines
        + tuple(
            Line(now + _log_offset(server, index), _fill(text, image, argv, env))
            for index, text in enumerate(server.log)
        ),
        listens=base.listens + listens,
        routes=base.routes
        + tuple(
            replace(route, body=_fill(route.body, image, argv, env))
            for route in server.routes
            if not route.flag or (route.flag.removeprefix("!") in argv) is not route.flag.startswith("!")
        ),
        serving_us=now + server.ready_us,
        stop_us=server.stop_us,
        stop_log=tuple(_fill(text, image, argv, env) for text in server.stop_log),
        access=_fill(server.access, image, argv, env),
        memory=server.memory,
        cpu_milli=server.cpu_milli,
        docroot=server.docroot,
        responder=server.responder or base.responder,
        request_us=server.request_us,
    )


def _fails(base: Plan, words: list[str], at_us: int, code: int) -> Plan:
    lines = tuple(Line(at_us, text) for text in words)
    return replace(base, lines=base.lines + lines, ending=Ending(at_us, code, "Error"))


def _cannot_start(server: Server, listens: tuple[Listener, ...], around: Surroundings) -> list[str]:
    """What a server says that may not write where it must, or whose port is taken; empty: it can start."""
    tree = FileTree(setting=around.setting)
    for path in server.writes:
        refusal = tree.refusal(path)
        if refusal:
            number = 30 if refusal == READ_ONLY else 13
            words = server.write_error or '{program}: cannot create "{path}": {why}'
            return [words.format(path=path, errno=number, why=refusal, program=server.program)]
    for listener in listens:
        if listener.port in around.taken:
            words_of_bind = server.bind_error or ("listen tcp 0.0.0.0:{port}: bind: address already in use",)
            return [text.replace("{port}", str(listener.port)) for text in words_of_bind]
    return []


def _log_offset(server: Server, index: int) -> int:
    """The last line of a server's start is written when it is ready, the others before."""
    return server.ready_us * (index + 1) // len(server.log)


def _listens(
    server: Server, argv: tuple[str, ...], ports: tuple[int, ...], env: Mapping[str, str]
) -> tuple[Listener, ...]:
    listens = tuple(_moved(one, argv) for one in server.listens)
    listens = tuple(one for one in listens if one.port > 0)
    if server.responder == "porter":
        listens += tuple(Listener(port, protocol) for port, protocol in ports_of(env))
    if server.port_flag and listens:
        chosen = _flag(argv, server.port_flag).rsplit(":", 1)[-1]
        if chosen.isdigit():
            listens = (Listener(int(chosen), listens[0].protocol), *listens[1:])
    if server.declared_ports:
        listens += tuple(Listener(port, "http") for port in ports)
    return listens


def _moved(one: Listener, argv: tuple[str, ...]) -> Listener:
    chosen = _flag(argv, one.flag) if one.flag else ""
    return replace(one, port=int(chosen)) if re.fullmatch(r"-?\d+", chosen) else one


def _flag(argv: tuple[str, ...], name: str) -> str:
    for index, word in enumerate(argv):
        if word == name and index + 1 < len(argv):
            return argv[index + 1]
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return ""


_FIELD = re.compile(r"\{(at|env|arg):([^}]*)\}|\{(tag)\}")


def _fill(text: str, image: Image, argv: tuple[str, ...], env: Mapping[str, str]) -> str:
    """Fields known at the start; `{hostname}`, `{ip}` and those of a request stay for the reader."""

    def value(match: re.Match[str]) -> str:
        if match.group(3):
            return image.name.tag
        kind, name = match.group(1), match.group(2)
        name, _, usual = name.partition("|") if kind == "arg" else (name, "", "")
        if kind == "at":
            return f"{AT}{name}{END}"
        return env.get(name, "") if kind == "env" else _flag(argv, name) or usual

    return _FIELD.sub(value, text)
