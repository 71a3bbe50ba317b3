"""What a process will do, as a value: its lines, its end, its sockets and files, each at an age.

Promises: a `Plan` is immutable and holds no more than a turn of a loop, however long the process runs. Leaves to others: making
one (`plans`), reading its log (`log_lines`).
"""

from dataclasses import dataclass

from simulator.engine.plain import Plain
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
    """The program waits for an answer to `argv` (`("look",)`: what is in the shared volumes), and goes on from this state."""

    offset_us: int
    argv: tuple[str, ...]
    thread: int
    """Which of the program's processes asks."""
    program: tuple[Plain, ...]
    """`program.Program.dump`."""


#: What happens to a running program from outside: (offset, "write", path, text or None) or (offset, "signal", name, None).
Happening = tuple[int, str, str, str | None]


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
    sent: tuple[tuple[str, str | None], ...] = ()
    """Writes to volumes that others see, done at the moment of the last answer."""
    is_script: bool = False
    """A shell or a small program: signals are its own affair."""
    responder: str = ""
    """Whose answers are worked out (`responders`)."""
    docroot: str = ""
    """Where the server finds the pages it serves."""
    request_us: int = 1_000
    """Processor time that one request costs."""
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
            if route.path in (wanted, "*") and (route.until_us is None or age_us < route.until_us):
                return route, route.until_us
        return None, None

    def has_file(self, path: str, age_us: int) -> bool:
        return self.changes_at(age_us).get(path) is not None

    def next_file_change(self, age_us: int) -> int | None:
        """The age at which the program next changes a file; also in the turns of a loop to come."""
        later = next((change.offset_us for change in self.files if change.offset_us > age_us), None)
        cycle = self.cycle
        if later is not None or cycle is None:
            return later
        folded = self._folded(age_us)
        turn = [change.offset_us for change in self.files if cycle.start_us + cycle.period_us < change.offset_us]
        if not turn:
            return None
        return age_us + min((offset - folded) % cycle.period_us or cycle.period_us for offset in turn)

    def _folded(self, age_us: int) -> int:
        """The same moment of the second turn of the loop, which is written down."""
        cycle = self.cycle
        if cycle is None or age_us < cycle.start_us + 2 * cycle.period_us:
            return age_us
        return cycle.start_us + cycle.period_us + (age_us - cycle.start_us) % cycle.period_us

    def changes_at(self, age_us: int) -> dict[str, str | None]:
        """Path → content, or None where a file has been removed."""
        until = self._folded(age_us)
        changes: dict[str, str | None] = {}
        for change in self.files:
            if change.offset_us > until:
                break
            changes[change.path] = change.content
        return changes

    def files_at(self, age_us: int) -> dict[str, str]:
        return {path: content for path, content in self.changes_at(age_us).items() if content is not None}
