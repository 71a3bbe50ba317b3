"""What a process will do, as a value: its lines, its end, its sockets and files, each at an age.

Promises: a `Plan` is immutable and holds no more than a turn of a loop, however long the process runs. Leaves to others: making
one (`plans`), reading its log (`log_lines`).
"""

from dataclasses import dataclass

from simulator.workloads.image_catalog import Listener, Route

#: A number that grows by `delta` with every turn of a loop, as `COUNT start,delta END`.
COUNT = "\x03"
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Line:
    offset_us: int
    text: str


@dataclass(frozen=True, slots=True)
class Cycle:
    """From `start_us` on, `lines` (offsets within one turn) every `period_us`."""

    start_us: int
    period_us: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Ending:
    offset_us: int
    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class FileChange:
    offset_us: int
    path: str
    content: str | None
    """None: removed."""


@dataclass(frozen=True, slots=True)
class Question:
    """The program waits for the network's answer to `argv`, and goes on from this position."""

    offset_us: int
    argv: tuple[str, ...]
    pc: int
    env: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    lines: tuple[Line, ...] = ()
    cycle: Cycle | None = None
    ending: Ending | None = None
    files: tuple[FileChange, ...] = ()
    question: Question | None = None
    listens: tuple[Listener, ...] = ()
    routes: tuple[Route, ...] = ()
    serving_us: int = 0
    """Age at which the sockets are open."""
    stop_us: int | None = None
    """Time from SIGTERM to the end; None: the signal is ignored, as by any PID 1 without a handler."""
    stop_code: int = 0
    stop_log: tuple[str, ...] = ()
    access: str = ""
    memory: int = 2 * MB
    cpu_milli: int = 0
    refused: str = ""
    """Why the runtime could not even start it (`exec: "foo": executable file not found in $PATH`)."""

    def answers(self, port: int, age_us: int) -> Listener | None:
        """The socket that is open on a port at this age; UDP sockets do not count."""
        if age_us < self.serving_us:
            return None
        return next((one for one in self.listens if one.port == port and one.protocol != "udp"), None)

    def route(self, path: str, age_us: int) -> tuple[Route | None, int | None]:
        """The answer to a path at this age, and the age until which it stays the same (None: for good)."""
        wanted = path.partition("?")[0] or "/"
        for route in self.routes:
            if route.path == wanted and (route.until_us is None or age_us < route.until_us):
                return route, route.until_us
        return None, None

    def has_file(self, path: str, age_us: int) -> bool:
        content: str | None = None
        for change in self.files:
            if change.offset_us > age_us:
                break
            if change.path == path:
                content = change.content
        return content is not None

    def next_file_change(self, age_us: int) -> int | None:
        return next((change.offset_us for change in self.files if change.offset_us > age_us), None)

    def files_at(self, age_us: int) -> dict[str, str]:
        present: dict[str, str] = {}
        for change in self.files:
            if change.offset_us > age_us:
                break
            if change.content is None:
                present.pop(change.path, None)
            else:
                present[change.path] = change.content
        return present
