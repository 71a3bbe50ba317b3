"""Runs one command in a running container: what `kubectl exec` asks the kubelet for.

Promises: the command sees the container as its own processes do, and what it writes stays until the container is started again (or, in
a volume, as long as that lives). Time does not pass while it runs. What is not simulated says so on its output and fails.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from simulator.engine.plain import Obj
from simulator.node.container_files import ContainerFiles
from simulator.node.fleet import Fleet
from simulator.node.pod_lifecycle import container_spec
from simulator.node.processes import Processes
from simulator.node.records import ContainerRecord, PodRecord
from simulator.workloads.commands.environment_programs import has_program, is_busybox
from simulator.workloads.file_tree import FileTree
from simulator.workloads.machine import Machine
from simulator.workloads.plans import SPEAK_ON_STDERR
from simulator.workloads.program import FOREVER, Program

#: Pauses that one command may make, so that `until nslookup x; do :; done` ends.
_MAX_PAUSES = 300
_MAX_QUESTIONS = 50


@dataclass(frozen=True, slots=True)
class Execution:
    status: int
    stdout: str = ""
    stderr: str = ""
    refused: str = ""
    """The runtime's words when the command could not even be started."""
    written: tuple[tuple[int, str], ...] = ()
    """Both, with the descriptor of each piece, in the order in which they were written."""
    lines: tuple[str, ...] = ()
    """The lines of both in that order."""
    took_us: int = 0
    """How long it would have taken."""
    endless: bool = False
    """It does not end by itself."""
    wrote: bool = False
    """Files have changed: who watches them should look again."""


class ContainerExec:
    def __init__(self, fleet: Fleet, files: ContainerFiles, processes: Processes) -> None:
        self._fleet = fleet
        self._files = files
        self._processes = processes

    def execute(
        self,
        pod: Obj,
        record: PodRecord,
        one: ContainerRecord,
        argv: tuple[str, ...],
        *,
        env: Mapping[str, str],
        stdin: str = "",
    ) -> Execution:
        """`one` runs."""
        machine = self._machine(pod, record, one, argv, env)
        if machine is None:
            return Execution(127, refused=not_executable(argv[0]))
        if "/" in argv[0] and machine.tree.mount_of(argv[0]) and not machine.tree.is_executable(argv[0]):
            return Execution(126, refused=why_not_run(machine.tree, argv[0]))
        machine.input = stdin
        return self._play(pod, record, one, machine, argv)

    def _machine(
        self, pod: Obj, record: PodRecord, one: ContainerRecord, argv: tuple[str, ...], env: Mapping[str, str]
    ) -> Machine | None:
        assert one.run is not None
        image = self._fleet.image(one.run.recipe.image)
        tree = self._files.tree(record, one, pod, container_spec(pod, one.name))
        program = argv[0].rsplit("/", 1)[-1]
        is_file = "/" in argv[0] and tree.read(argv[0]) is not None
        if not is_file and not has_program(image, program):
            return None
        setting = one.run.recipe.setting
        return Machine(
            image,
            env=dict(env),
            tree=tree,
            name=argv[0],
            argv=argv,
            pid=7,
            directory=setting.directory or image.directory or "/",
        )

    def _play(
        self, pod: Obj, record: PodRecord, one: ContainerRecord, machine: Machine, argv: tuple[str, ...]
    ) -> Execution:
        before = dict(machine.tree.own)
        machine.placed = partial(self._fleet.placed, record=record)
        program = Program.begin(machine)
        written: list[tuple[int, str]] = []
        status, took_us, endless = self._until_end(pod, record, one, program, written, " ".join(argv))
        self._date(machine.tree, before, record)
        wrote = (
            self._files.keep(record, one, pod, container_spec(pod, one.name), before, machine.tree)
            if one.state == "running"
            else False
        )
        if machine.tree.sent and self._files.refused:
            status = status or 1
            written += [(2, f"{argv[0]}: write error: {refusal}\n") for refusal in self._files.refused]
        machine.tree.sent.clear()
        shown = tuple((fd, self._fleet.placed(text, record)) for fd, text in written)
        texts = ["".join(text for fd, text in shown if fd == wanted) for wanted in (1, 2)]
        lines = self._fleet.placed("".join(text for _, text in written), record).splitlines()
        return Execution(
            status, texts[0], texts[1], written=shown, lines=tuple(lines), took_us=took_us, endless=endless, wrote=wrote
        )

    def _date(self, tree: FileTree, before: dict[str, str | None], record: PodRecord) -> None:
        """What a program has put into files is of now, not of whenever they are read."""
        for path, text in tree.own.items():
            if text is not None and before.get(path) != text:
                tree.own[path] = self._fleet.placed(text, record)
        tree.sent[:] = [(path, text and self._fleet.placed(text, record)) for path, text in tree.sent]

    def _until_end(
        self,
        pod: Obj,
        record: PodRecord,
        one: ContainerRecord,
        program: Program,
        written: list[tuple[int, str]],
        asking: str,
    ) -> tuple[int, int, bool]:
        """(exit status, microseconds, whether it would go on for ever)."""
        questions = now = 0
        for _ in range(_MAX_PAUSES):
            if program.next_due() >= FOREVER or questions > _MAX_QUESTIONS:
                break
            now, thread, pause = program.advance()
            written += thread.machine.take()
            thread.machine.tree.seen = (
                self._files.shown(record, pod, container_spec(pod, one.name))
                if thread.machine.tree.seen is None
                else thread.machine.tree.seen
            )
            if pause.kind == "exit" and thread is program.threads[0]:
                return pause.code, now, False
            if pause.kind == "ask":
                questions += 1
                status, lines = self.ask(pod, record, one, pause.argv, asking, thread.machine)
                thread.machine.answer(status, lines, errors=status != 0 and pause.argv[0] in SPEAK_ON_STDERR)
                thread.due_us = now
        written.append((2, "drydock: a command that does not end by itself is not simulated here\n"))
        return 2, now, True

    def ask(
        self,
        pod: Obj,
        record: PodRecord,
        one: ContainerRecord,
        argv: tuple[str, ...],
        asking: str,
        machine: Machine | None = None,
    ) -> tuple[int, list[str]]:
        """What the kernel or the network answers."""
        if self._processes.answers(argv[0]):
            shown = (
                asking if asking.split()[:1] in (["ps"], ["top"]) else argv[0] if not asking else f"{' '.join(argv)}"
            )
            return self._processes.ask(pod, record, one, argv, shown, machine)
        if self._fleet.network is None:
            return 1, [f"{argv[0]}: could not connect to the server"]
        reader, small = self._files.reader(record, one, pod), is_busybox(self._fleet.image(one.image), argv[0])
        status, lines, _ = self._fleet.network.ask(pod, argv, reader, busybox=small)
        return status, list(lines)

    # Sessions

    def open(
        self, pod: Obj, record: PodRecord, one: ContainerRecord, argv: tuple[str, ...], env: Mapping[str, str]
    ) -> dict[str, Any] | str:
        """The state of an interactive shell, as plain data; or the runtime's words why it cannot be had."""
        machine = self._machine(pod, record, one, argv, env)
        if machine is None:
            return not_executable(argv[0])
        machine.argv, machine.interactive = (), True
        return {
            "uid": record.uid,
            "container": one.name,
            "instance": one.instance,
            "argv": list(argv),
            "machine": _state(machine),
        }

    def line(
        self, pod: Obj, record: PodRecord, one: ContainerRecord, session: dict[str, Any], line: str
    ) -> tuple[Execution, bool]:
        """One line typed into a session; whether the shell has ended."""
        assert one.run is not None
        tree = self._files.tree(record, one, pod, container_spec(pod, one.name))
        own = tree.own
        machine = Machine.load({**session["machine"], "own": {}}, self._fleet.image(one.run.recipe.image), tree)
        tree.own = own
        leaves = line.strip() == "exit" or line.strip().startswith("exit ")
        machine.feed(line)
        done = self._play(pod, record, one, machine, (str(session["argv"][0]),))
        machine.caught.clear()
        session["machine"] = _state(machine)
        return done, leaves

    def prompt(self, pod: Obj, one: ContainerRecord, session: dict[str, Any], host: str) -> str:
        assert one.run is not None
        machine = session["machine"]
        user = "#" if one.run.recipe.setting.uid == 0 else "$"
        directory = machine["directory"]
        if self._fleet.image(one.run.recipe.image).shell == "busybox":
            home = machine["env"].get("HOME", "/root")
            return f"{'~' if directory == home else directory} {user} "
        if session["argv"][0].endswith("bash"):
            name = "root" if user == "#" else "I have no name!"
            return f"{name}@{host}:{directory}{user} "
        return f"{user} "


def _state(machine: Machine) -> dict[str, Any]:
    """What a session remembers; files are the container's."""
    return {
        **machine.dump(),
        "own": {},
        "script": "",
        "pc": 0,
        "stack": [],
        "values": [],
        "buffers": [],
        "input": "",
        "fds": [[1, ["out"]], [2, ["err"]]],
    }


def why_not_run(tree: FileTree, program: str) -> str:
    """Why a file cannot be run as a program; "" when it can."""
    if tree.read(program) is None:
        return not_executable(program)
    return "" if tree.is_executable(program) else f'exec: "{program}": permission denied'


def not_executable(program: str) -> str:
    if program.startswith("/"):
        return f'exec: "{program}": stat {program}: no such file or directory'
    return f'exec: "{program}": executable file not found in $PATH'
