"""A container's program while it runs: its first process and the jobs that it has put into the background, in order of time.

Promises: plain data (`dump`, `load`); `advance` lets the thread run that is due next, up to its pause. Leaves to others: what pauses
other than time mean (`plans`, `node.container_exec`).
"""

from dataclasses import dataclass, field
from typing import Any

from simulator.workloads.file_tree import FileTree
from simulator.workloads.image_catalog import Image
from simulator.workloads.machine import Machine
from simulator.workloads.pauses import Pause
from simulator.workloads.shell_scripts import NotSimulated

FOREVER = 1 << 60


@dataclass(slots=True)
class Thread:
    machine: Machine
    due_us: int
    """When it goes on; FOREVER: only when something happens to it."""
    state: str = "ready"
    """`ready`, `wait` (for jobs), `stuck` (a program in the foreground that does not end), `serving` or `over`."""
    awaited: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Program:
    threads: list[Thread]
    """The first is the container's first process."""

    @classmethod
    def begin(cls, machine: Machine, at_us: int = 0) -> "Program":
        return cls([Thread(machine, at_us)])

    @property
    def tree(self) -> FileTree:
        return self.threads[0].machine.tree

    def next_due(self) -> int:
        return min(thread.due_us for thread in self.threads)

    def advance(self) -> tuple[int, Thread, Pause]:
        """(when, who, why it stopped)."""
        thread = min(self.threads, key=lambda one: one.due_us)
        now = thread.due_us
        machine = thread.machine
        if thread.state != "ready":
            thread.state = "ready"
        try:
            pause = machine.run()
        except NotSimulated as unknown:
            machine.pending.append((2, f"drydock: {unknown}\n"))
            pause = Pause("exit", code=2)
        self._begin_jobs(machine, now)
        self._after(thread, pause, now)
        return now, thread, pause

    def _begin_jobs(self, machine: Machine, now: int) -> None:
        self.threads += [Thread(job, now) for job in machine.started]
        machine.started.clear()

    def _after(self, thread: Thread, pause: Pause, now: int) -> None:
        match pause.kind:
            case "sleep":
                thread.machine.resume()
                thread.due_us = now + pause.us
            case "wait":
                self._wait(thread, pause, now)
            case "exit" if thread is not self.threads[0]:
                thread.machine.status = pause.code
                thread.state, thread.due_us = "over", FOREVER
                self._wake_waiting(now)
            case "forever" | "serve" | "memory" | "busy":
                thread.state, thread.due_us = "stuck", FOREVER

    def _wait(self, thread: Thread, pause: Pause, now: int) -> None:
        thread.machine.resume()
        thread.awaited = list(pause.argv)
        if self._jobs_over(thread):
            self._set_status(thread)
            thread.due_us = now
        else:
            thread.state, thread.due_us = "wait", FOREVER

    def _jobs_over(self, thread: Thread) -> bool:
        return all(
            job.state == "over"
            for job in self.threads[1:]
            if not thread.awaited or str(job.machine.pid) in thread.awaited
        )

    def _set_status(self, thread: Thread) -> None:
        for job in self.threads[1:]:
            if str(job.machine.pid) in thread.awaited:
                thread.machine.status = job.machine.status

    def _wake_waiting(self, now: int) -> None:
        for thread in self.threads:
            if thread.state == "wait" and self._jobs_over(thread):
                self._set_status(thread)
                thread.state, thread.due_us = "ready", now

    def signal(self, name: str, now: int) -> bool:
        """A signal for the first process; whether it has a handler. A program in the foreground is waited for first."""
        first = self.threads[0]
        if not first.machine.signal(name):
            return False
        if first.state == "wait":
            first.state, first.due_us = "ready", now
            first.machine.status = 143
        return True

    def signature(self, counters: frozenset[str], now: int) -> tuple[object, ...]:
        return tuple(
            (thread.state, thread.due_us - now if thread.due_us < FOREVER else -1, thread.machine.signature(counters))
            for thread in self.threads
        )

    def dump(self) -> list[Any]:
        return [[thread.machine.dump(), thread.due_us, thread.state, list(thread.awaited)] for thread in self.threads]

    @classmethod
    def load(cls, state: list[Any], image: Image, tree: FileTree) -> "Program":
        threads = []
        for machine, due, mode, awaited in state:
            threads.append(Thread(Machine.load(machine, image, tree), due, mode, list(awaited)))
        tree.own, tree.modes = dict(state[0][0]["own"]), dict(state[0][0]["modes"])
        return cls(threads)
