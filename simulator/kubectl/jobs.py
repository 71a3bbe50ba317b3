"""The processes of the workstation that go on: job control as bash has it, and who listens at which port.

https://www.gnu.org/software/bash/manual/bash.html#Job-Control. A job either acts by itself (`acting.py`: it has something to do at certain
moments, or holds a port open) or is a followed command, which only reads and is looked at when somebody asks.

Promises: plain data, dumped and loaded as a component of the engine; no event is pending unless a job named the moment at which it acts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from simulator.engine import Plain
from simulator.engine.rng import Rng
from simulator.kubectl.acting import Acted
from simulator.kubectl.call import Token

#: More processes than these at once are refused.
MAX_RUNNING = 6
#: A process that ended is remembered so long that whoever looks at it hears its end.
_MAX_REMEMBERED = 20
_MAX_SAID = 200_000
_FIRST_PID = 2_001
_PORTS = (32_768, 60_999)
INTERRUPTED, TERMINATED, KILLED = 130, 143, 137

#: One process: number, pid, line, state, exit, said, token, ticket, background.
Job = dict[str, Any]


class Timer(Protocol):
    """The part of the engine that jobs need."""

    epoch_s: int
    now: int

    def schedule(self, delay_us: int, target: str, method: str, *args: Plain) -> int: ...

    def cancel(self, ticket: int) -> None: ...

    def rng(self, stream: str) -> Rng: ...


class Jobs:
    name = "workstation-jobs"

    def __init__(self, timer: Timer, act: Callable[[Token], Acted]) -> None:
        """`act`: lets a process do what is due."""
        self._timer = timer
        self._act = act
        self._jobs: list[Job] = []
        self._count = 0
        self.version = 0
        """Grows with every change."""

    # Who there is

    def all(self) -> list[Job]:
        """Those that have not ended, by number."""
        return [job for job in self._jobs if job["state"] != "done"]

    def known(self) -> list[Job]:
        """Also those that ended lately."""
        return [*self._jobs]

    def of_pid(self, pid: object) -> Job | None:
        return next((job for job in self._jobs if job["pid"] == pid), None)

    def named(self, text: str) -> Job | None:
        """`%1`, `%+`, `%-`, `%kub` (begins so), `%?forw` (holds it) or a process' number."""
        known = self.all()
        if text.isdecimal():
            return next((job for job in known if str(job["pid"]) == text), None)
        rest = text.removeprefix("%")
        if rest in ("", "+", "%"):
            return known[-1] if known else None
        if rest == "-":
            return known[-2] if len(known) > 1 else known[-1] if known else None
        if rest.isdecimal():
            return next((job for job in known if str(job["number"]) == rest), None)
        wanted = rest.removeprefix("?")
        holds = rest.startswith("?")
        return next((j for j in known if (wanted in j["line"] if holds else j["line"].startswith(wanted))), None)

    @property
    def is_full(self) -> bool:
        return len(self.all()) >= MAX_RUNNING

    # Beginning and ending

    def start(self, line: str, token: Token, *, background: bool, due: int | None = None, said: str = "") -> Job:
        """`due`: when it acts for the first time, in microseconds since 1970."""
        self._count += 1
        numbers = [job["number"] for job in self.all()]
        job: Job = {
            "number": max(numbers, default=0) + 1,
            "pid": _FIRST_PID + self._count,
            "line": line,
            "state": "running",
            "exit": 0,
            "said": said,
            "cut": 0,
            "token": token,
            "ticket": 0,
            "background": background,
        }
        self._jobs.append(job)
        for oldest in [job for job in self._jobs if job["state"] == "done"][:-_MAX_REMEMBERED]:
            self._jobs.remove(oldest)
        self._arrange(job, due)
        return job

    def end(self, job: Job, code: int, said: str = "") -> None:
        self._say(job, said)
        self._arrange(job, None)
        job["state"], job["exit"] = "done", code

    def suspend(self, job: Job) -> None:
        self._arrange(job, None)
        job["state"], job["background"] = "stopped", True

    def resume(self, job: Job, *, background: bool) -> None:
        was_stopped = job["state"] == "stopped"
        job["state"], job["background"] = "running", background
        if was_stopped and job["token"].get("acts"):
            self._arrange(job, self._now_us())

    # Acting

    def wake(self, pid: int) -> None:
        """Called by the engine when a process is due."""
        job = self.of_pid(pid)
        if job is None or job["state"] != "running":
            return
        job["ticket"] = 0
        self.take(job, self._act(job["token"]))

    def take(self, job: Job, acted: Acted) -> None:
        """What a process did."""
        job["token"] = acted.token
        if acted.done:
            self.end(job, acted.exit, acted.text)
            return
        self._say(job, acted.text)
        self._arrange(job, acted.due)

    def _arrange(self, job: Job, due: int | None) -> None:
        self.version += 1
        if job["ticket"]:
            self._timer.cancel(job["ticket"])
            job["ticket"] = 0
        if due is not None:
            delay = max(0, due - self._now_us())
            job["ticket"] = self._timer.schedule(delay, self.name, "wake", job["pid"])

    def _now_us(self) -> int:
        return self._timer.epoch_s * 1_000_000 + self._timer.now

    def _say(self, job: Job, text: str) -> None:
        said = job["said"] + text
        over = max(0, len(said) - _MAX_SAID)
        job["said"], job["cut"] = said[over:], job["cut"] + over

    def said_since(self, job: Job, at: int) -> tuple[str, int]:
        """What it printed after the first `at` signs, and how many there are now."""
        cut, said = job["cut"], job["said"]
        return said[max(0, at - cut) :], cut + len(said)

    # Ports

    def listener(self, address: str, port: int) -> tuple[Job, list[Any]] | None:
        """Who listens at an address of the workstation, and its entry `[address, port, …]`."""
        for job in self.all():
            for entry in job["token"].get("listens") or ():
                if entry[1] == port and (entry[0] == address or entry[0] in ("0.0.0.0", "::")):
                    return job, entry
        return None

    def free_port(self) -> int:
        draw = self._timer.rng(self.name)
        port = draw.between(*_PORTS)
        while any(self.listener(address, port) for address in ("127.0.0.1", "::1")):
            port = draw.between(*_PORTS)
        return port

    # State

    def dump(self) -> Plain:
        return {"jobs": self._jobs, "count": self._count, "version": self.version}

    def load(self, state: Plain) -> None:
        self._jobs, self._count, self.version = list(state["jobs"]), state["count"], state["version"]
