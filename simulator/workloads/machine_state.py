"""What a running script is: a position, variables, files and open descriptors, as plain data.

Promises: `dump` and `load` keep all of it, and `signature` names everything that decides what happens next. Leaves to others: what
the state does (`machine_streams`, `machine_frames`, `machine_control`, `machine`, each above the one before it).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from simulator.workloads import shell_expansion
from simulator.workloads.conditions import Dialect
from simulator.workloads.file_tree import FileTree, absolute
from simulator.workloads.image_catalog import Image

if TYPE_CHECKING:
    from simulator.workloads.machine import Machine

PIPE, OUT, ERR, NULL, FILE, TEE = "buffer", "out", "err", "null", "file", "tee"

Sink = list[Any]
"""["out"], ["err"], ["null"], ["file", path], ["buffer", number] or ["tee", [paths], sink]."""
Frame = dict[str, Any]


@dataclass(slots=True)
class MachineState(ABC):
    image: Image
    script: str = ""
    env: dict[str, str] = field(default_factory=dict)
    tree: FileTree = field(default_factory=FileTree)
    name: str = "sh"
    """`$0`: the shell as messages call it."""
    pid: int = 1
    interactive: bool = False
    argv: tuple[str, ...] = ()
    """The command, when no shell is between."""
    pc: int = 0
    status: int = 0
    last_status: int = 0
    """The status before a builtin that may hand it on (`exit`, `return`)."""
    hidden: dict[str, None] = field(default_factory=dict)
    """Variables that are not exported."""
    args: list[str] = field(default_factory=list)
    directory: str = "/"
    functions: dict[str, list[Any]] = field(default_factory=dict)
    """Name → [script, position]."""
    traps: dict[str, str] = field(default_factory=dict)
    caught: list[str] = field(default_factory=list)
    """Signals whose trap has still to run."""
    stack: list[Frame] = field(default_factory=list)
    values: list[list[Any]] = field(default_factory=list)
    """What command substitutions have printed, for the step that follows, and the status before each."""
    fds: dict[int, Sink] = field(default_factory=lambda: {1: [OUT], 2: [ERR]})
    input: str = ""
    buffers: list[str] = field(default_factory=list)
    stops_on_error: bool = False
    traces: bool = False
    """`-x`: commands are shown before they run."""
    strict: bool = False
    """`-u`: a parameter that is not set ends the shell."""
    pipefail: bool = False
    """A pipeline fails with its last command that does."""
    jobs: int = 0
    """How many jobs have been started in the background."""
    steps: int = 0
    written: int = 0
    pending: list[tuple[int, str]] = field(default_factory=list)
    """(descriptor, text) written since the caller took it."""
    started: list["Machine"] = field(default_factory=list)
    """Jobs that have begun since the caller took them."""
    placed: Callable[[str], str] = str
    """A file's text with the values that are filled in when it is read; lent by who runs the machine, and no part of its state."""

    # The outside

    def signal(self, name: str) -> bool:
        """Whether a trap will deal with a signal; the first process ignores what it does not handle."""
        if name in self.traps:
            if self.traps[name]:
                self.caught.append(name)
            return True
        return False

    def take(self) -> list[tuple[int, str]]:
        """What has been written since the last time."""
        found, self.pending = self.pending, []
        return found

    def take_lines(self) -> list[str]:
        text = "".join(text for _, text in self.take())
        return text.removesuffix("\n").split("\n") if text else []

    def signature(self, counters: frozenset[str]) -> tuple[object, ...]:
        """Everything that decides what happens next."""
        env = tuple((name, value) for name, value in self.env.items() if name not in counters)
        stack = tuple((frame["kind"], frame.get("pc", 0), tuple(frame.get("items", ()))) for frame in self.stack)
        return (
            self.script,
            self.pc,
            self.status,
            env,
            tuple(self.tree.own.items()),
            tuple(self.tree.modes.items()),
            stack,
            repr(self.values),
            self.input,
        )

    def dump(self) -> dict[str, Any]:
        return {
            "script": self.script,
            "env": dict(self.env),
            "own": dict(self.tree.own),
            "modes": dict(self.tree.modes),
            "name": self.name,
            "pid": self.pid,
            "interactive": self.interactive,
            "argv": list(self.argv),
            "pc": self.pc,
            "status": self.status,
            "last_status": self.last_status,
            "hidden": list(self.hidden),
            "args": list(self.args),
            "directory": self.directory,
            "functions": {name: list(place) for name, place in self.functions.items()},
            "traps": dict(self.traps),
            "caught": list(self.caught),
            "stack": [_copied(frame) for frame in self.stack],
            "values": list(self.values),
            "fds": [[fd, _copied(sink)] for fd, sink in self.fds.items()],
            "input": self.input,
            "buffers": list(self.buffers),
            "stops_on_error": self.stops_on_error,
            "jobs": self.jobs,
            "steps": self.steps,
            "written": self.written,
            **{name: True for name in ("traces", "strict", "pipefail") if getattr(self, name)},
        }

    @classmethod
    def load(cls, state: dict[str, Any], image: Image, tree: FileTree) -> Self:
        """`tree` gets the changes of the state."""
        tree.own, tree.modes = dict(state["own"]), dict(state["modes"])
        apart = ("own", "modes", "hidden", "fds", "argv")
        rest = {name: _copied(value) for name, value in state.items() if name not in apart}
        return cls(
            image=image,
            tree=tree,
            hidden=dict.fromkeys(state["hidden"]),
            fds={fd: _copied(sink) for fd, sink in state["fds"]},
            argv=tuple(state["argv"]),
            **rest,
        )

    # What commands use

    def read_input(self) -> str:
        text, self.input = self.input, ""
        return text

    def path(self, text: str) -> str:
        return absolute(text, self.directory)

    def value(self, name: str) -> str | None:
        match name:
            case "?":
                return str(self.status)
            case "$":
                return str(self.pid)
            case "#":
                return str(len(self.args))
            case "!":
                return str(100 + self.jobs) if self.jobs else ""
            case "0":
                return self.name
            case "-":
                return "i" if self.interactive else ""
            case "RANDOM":
                return str((self.steps * 1_103_515_245 + 12_345) >> 4 & 32_767)
            case "PWD":
                return self.directory
        if name.isdigit():
            place = int(name) - 1
            return self.args[place] if place < len(self.args) else None
        return self.env.get(name)

    def set_value(self, name: str, value: str) -> None:
        if name not in self.env:
            self.hidden[name] = None
        self.env[name] = value

    def exported(self) -> dict[str, str]:
        return {name: value for name, value in self.env.items() if name not in self.hidden}

    def positional(self) -> Sequence[str]:
        return self.args

    @property
    def is_strict(self) -> bool:
        return self.strict

    @property
    def dialect(self) -> Dialect:
        """Which shell this is: `sh` is dash where there is no BusyBox."""
        if self.image.shell == "busybox":
            return "ash"
        return "bash" if self.name.rsplit("/", 1)[-1] == "bash" else "dash"

    def matching(self, wanted: str) -> list[str]:
        return shell_expansion.glob(wanted, self.directory, self.tree.names)

    @abstractmethod
    def substitute(self, script: str) -> str:
        """A command inside `${…}` or `$(( ))`, which must not take time."""


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_copied(inner) for inner in value]
    return value
