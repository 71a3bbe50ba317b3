"""What a container will do if nothing outside interferes, worked out when it starts.

A `Plan` is a pure function of image, command line, environment and memory limit: the lines it will write and when, when
it listens, when it ends and how. So a running container needs no timer of its own: its log is computed when somebody
reads it, for a loop that prints every second just as for a server. A program that asks the network (`until nslookup db`)
is planned up to its question; `resume` says where it goes on.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from simulator.workloads.image_catalog import Image, Listener, Route, Server
from simulator.workloads.loops import Turn, counters_of, find_cycle, signature
from simulator.workloads.machine import Machine, Pause, has_program, shell_ops
from simulator.workloads.shell_scripts import NotSimulated, Op
from simulator.workloads.small_programs import AT, END
from simulator.workloads.timeline import MB, Ending, FileChange, Line, Plan, Question

OOM_EXIT = 137
#: How long a program may run before its future counts as unknown; loops are recognised long before.
_MAX_PAUSES = 3_000
_FOREVER = 1 << 60


def plan(
    image: Image,
    command: tuple[str, ...],
    args: tuple[str, ...],
    *,
    env: Mapping[str, str],
    ports: tuple[int, ...] = (),
    memory_limit: int = 0,
    files: tuple[tuple[str, str], ...] = (),
) -> Plan:
    """`command` and `args` as in the pod; empty means the image's own; `files` are there from the start (volumes)."""
    return _plan(image, command, args, tuple(env.items()), ports, memory_limit, files)


def resume(
    before: Plan,
    image: Image,
    command: tuple[str, ...],
    args: tuple[str, ...],
    *,
    status: int,
    lines: tuple[str, ...],
    offset_us: int,
    memory_limit: int,
) -> Plan:
    """The plan after the answer to its question: the program goes on at `offset_us` with this status and output."""
    question = before.question
    if question is None:
        raise ValueError("resume: found a plan without a question, wanted one that waits for an answer")
    ops = _ops(image, argv_of(image, command, args))
    machine = Machine(ops, image, dict(question.env), pc=question.pc, files=dict(question.files))
    machine.traps = before.stop_us is not None
    machine.answer(status, lines)
    return _follow(machine, replace(before, question=None), offset_us, memory_limit=memory_limit, ports=())


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
    names = {match.group(1) for match in _VARIABLE.finditer(text)}
    if "hostname" in text:
        names.add("HOSTNAME")
    for one in image.servers if server is None else (server,):
        names.update(name for need in one.needs for name in need.any_of)
        names.update(match.group(2) for line in one.log for match in _FIELD.finditer(line) if match.group(1) == "env")
    return frozenset(names)


_VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")
_PRINTS_ENV = re.compile(r"(?:^|[\s/;])(?:env|printenv)(?:$|[\s;|])")


@lru_cache(maxsize=2048)
def _plan(
    image: Image,
    command: tuple[str, ...],
    args: tuple[str, ...],
    env: tuple[tuple[str, str], ...],
    ports: tuple[int, ...],
    memory_limit: int,
    files: tuple[tuple[str, str], ...],
) -> Plan:
    argv = argv_of(image, command, args)
    if not argv:
        return Plan(refused="no command specified")
    argv = _without_entrypoint_script(image, argv)
    server = image.server(argv)
    try:
        if server is not None:
            base = Plan(files=tuple(FileChange(0, path, content) for path, content in files))
            return _server_plan(base, server, image, argv, dict(env), 0, ports, memory_limit)
        if not has_program(image, argv[0].rsplit("/", 1)[-1]):
            return Plan(refused=_not_executable(argv[0]))
        machine = Machine(_ops(image, argv), image, dict(env), files=dict(files))
        return _follow(machine, Plan(), 0, memory_limit=memory_limit, ports=ports)
    except NotSimulated as unknown:
        return Plan(lines=(Line(0, f"drydock: {unknown}"),), ending=Ending(0, 2, "Error"))


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


def _ops(image: Image, argv: tuple[str, ...]) -> tuple[Op, ...]:
    argv = _without_entrypoint_script(image, argv)
    if argv[0].rsplit("/", 1)[-1] in ("sh", "bash", "ash", "dash", "zsh"):
        return shell_ops(list(argv[1:])) or ()
    return (Op("run", words=tuple((word,) for word in argv)),)


# Following a program


def _follow(machine: Machine, base: Plan, start_us: int, *, memory_limit: int, ports: tuple[int, ...]) -> Plan:
    lines, files = list(base.lines), list(base.files)
    turns: list[Turn] = []
    counters = counters_of(machine.ops)
    known_files = dict(machine.files) if base.files else {}
    now = start_us
    for _ in range(_MAX_PAUSES):
        pause = _run(machine)
        lines += [Line(now, text) for text in machine.out]
        machine.out.clear()
        _note_files(files, known_files, machine.files, now)
        result = replace(
            base,
            lines=tuple(lines),
            files=tuple(files),
            stop_us=1_000_000 if machine.traps else None,
            cpu_milli=max(base.cpu_milli, pause.cpu_milli),
        )
        if pause.kind != "sleep" or pause.us >= _FOREVER:
            return _end_of(result, pause, machine, now, memory_limit=memory_limit, ports=ports)
        now += pause.us
        turns.append(Turn(now, signature(machine, counters), len(lines)))
        if (cycle := find_cycle(turns, lines)) is not None:
            first = next(index for index, turn in enumerate(turns) if turn.at == cycle.start_us)
            return replace(result, lines=tuple(lines[: turns[first].line]), cycle=cycle)
    return result


def _run(machine: Machine) -> Pause:
    try:
        return machine.run()
    except NotSimulated as unknown:
        machine.out.append(f"drydock: {unknown}")
        return Pause("exit", code=2)


def _end_of(
    result: Plan, pause: Pause, machine: Machine, now: int, *, memory_limit: int, ports: tuple[int, ...]
) -> Plan:
    match pause.kind:
        case "exit":
            return replace(result, ending=Ending(now, pause.code, "Completed" if pause.code == 0 else "Error"))
        case "ask":
            question = Question(now, pause.argv, machine.pc, tuple(machine.env.items()), tuple(machine.files.items()))
            return replace(result, question=question)
        case "serve":
            if pause.server is None:
                return _python_server(result, pause.argv, now)
            return _server_plan(result, pause.server, machine.image, pause.argv, machine.env, now, ports, memory_limit)
        case "memory":
            return _with_memory(result, pause, now, memory_limit)
    return result


def _with_memory(result: Plan, pause: Pause, now: int, memory_limit: int) -> Plan:
    """Memory is taken at about 1 GB/s; more than the limit ends the container at once."""
    if memory_limit and pause.bytes > memory_limit:
        return replace(result, memory=memory_limit, ending=Ending(now + memory_limit // 1000, OOM_EXIT, "OOMKilled"))
    ending = None if pause.us >= _FOREVER else Ending(now + pause.us, 0, "Completed")
    return replace(
        result, memory=result.memory + pause.bytes, cpu_milli=pause.cpu_milli, ending=ending, stop_us=0, stop_code=143
    )


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
    ports: tuple[int, ...],
    memory_limit: int,
) -> Plan:
    for need in server.needs:
        if not any(env.get(name) for name in need.any_of):
            lines = tuple(Line(now + 300_000, _fill(text, image, argv, env)) for text in need.log)
            return replace(base, lines=base.lines + lines, ending=Ending(now + 300_000, need.exit, "Error"))
    if memory_limit and server.memory > memory_limit:
        return replace(base, memory=memory_limit, ending=Ending(now + server.ready_us // 2, OOM_EXIT, "OOMKilled"))
    listens = _listens(server, argv, ports)
    return replace(
        base,
        lines=base.lines
        + tuple(
            Line(now + _log_offset(server, index), _fill(text, image, argv, env))
            for index, text in enumerate(server.log)
        ),
        listens=listens,
        routes=tuple(replace(route, body=_fill(route.body, image, argv, env)) for route in server.routes),
        serving_us=now + server.ready_us,
        stop_us=server.stop_us,
        stop_log=tuple(_fill(text, image, argv, env) for text in server.stop_log),
        access=_fill(server.access, image, argv, env),
        memory=server.memory,
        cpu_milli=server.cpu_milli,
    )


def _log_offset(server: Server, index: int) -> int:
    """The last line of a server's start is written when it is ready, the others before."""
    return server.ready_us * (index + 1) // len(server.log)


def _listens(server: Server, argv: tuple[str, ...], ports: tuple[int, ...]) -> tuple[Listener, ...]:
    listens = server.listens
    if server.port_flag and listens:
        chosen = _flag(argv, server.port_flag).rsplit(":", 1)[-1]
        if chosen.isdigit():
            listens = (Listener(int(chosen), listens[0].protocol), *listens[1:])
    if server.declared_ports:
        listens += tuple(Listener(port, "http") for port in ports)
    return listens


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
        if kind == "at":
            return f"{AT}{name}{END}"
        return env.get(name, "") if kind == "env" else _flag(argv, name)

    return _FIELD.sub(value, text)


def _note_files(changes: list[FileChange], known: dict[str, str], files: dict[str, str], now: int) -> None:
    for path, content in files.items():
        if known.get(path) != content:
            changes.append(FileChange(now, path, content))
    for path in [path for path in known if path not in files]:
        changes.append(FileChange(now, path, None))
    known.clear()
    known.update(files)
