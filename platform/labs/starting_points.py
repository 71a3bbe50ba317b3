"""The start of any step of a lesson: what its own solution leaves behind when every step before is done.

Found by playing the solution once a process and asking the simulator in between, so a lesson's author has nothing to write
down; once more for each description of the cluster that differs, as when a class has images of its own. Promises: the same
lesson gives the same points; a step that the solution does not lead to has none.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.lesson import Lesson
from catalog.selectors import checks_on_the_wire
from labs.host.engine import SimCluster, maker
from labs.host.frozen import compress, freeze
from labs.templates import template_config

_found: dict[tuple[Path, str], "tuple[StartingPoint, ...]"] = {}
_MOST_FOUND = 64
"""So many plays are kept; the oldest goes first."""
_finding = threading.Lock()
PIECE_S = 5
"""So many simulated seconds pass between two looks at the checks."""


@dataclass(frozen=True, slots=True)
class StartingPoint:
    """A moment of a lesson's cluster: how to come there again, and the state itself."""

    step: str
    title: str
    setup: tuple[dict[str, Any], ...]
    t_us: int
    ev: int
    revision: int
    state: bytes


def starting_point(lesson: Lesson, step_id: str, config: str = "") -> StartingPoint | None:
    """Where `step_id` of `lesson` begins, in a cluster of its own description or of `config`."""
    return next((point for point in starting_points(lesson, config) if point.step == step_id), None)


def starting_points(lesson: Lesson, config: str = "") -> tuple[StartingPoint, ...]:
    """One point for every step that can be reached, in their order. Takes a second of CPU time the first time."""
    key = (lesson.folder, config or lesson_config(lesson))
    with _finding:
        if key not in _found:
            if len(_found) >= _MOST_FOUND:
                _found.pop(next(iter(_found)))
            _found[key] = tuple(_Play(lesson, key[1]).points())
        return _found[key]


def lesson_config(lesson: Lesson) -> str:
    """The description of a lesson's cluster."""
    return lesson.setup.config or template_config(lesson.setup.template)


def lesson_commands(lesson: Lesson) -> list[dict[str, Any]]:
    """What is done to a lesson's cluster before its learner arrives."""
    commands: list[dict[str, Any]] = [{"kind": "apply-yaml", "text": text} for text in lesson.setup.manifests]
    if lesson.setup.settle_s:
        commands.append({"kind": "settle", "seconds": lesson.setup.settle_s})
    return commands


class _Play:
    """The solution, played in pieces."""

    def __init__(self, lesson: Lesson, config: str) -> None:
        self._lesson = lesson
        self._done: list[dict[str, Any]] = []
        self._passed: set[str] = set()
        self._checks = [item for step in lesson.steps for item in checks_on_the_wire(step)]
        self._sim = maker().create(config, seed=lesson.setup.seed, epoch_s=int(time.time()))

    def points(self) -> Iterator[StartingPoint]:
        moments = self._moments()
        next(moments)
        for at, step in enumerate(self._lesson.steps):
            wanted = {check.id for before in self._lesson.steps[:at] for check in before.checks}
            while not wanted <= self._passed:
                if next(moments, None) is None:
                    return
            yield self._point(step.id, step.title)

    def _moments(self) -> Iterator[bool]:
        """After the set-up, after every action, and now and then while time passes."""
        for command in lesson_commands(self._lesson):
            self._do(command)
        yield True
        for action in self._lesson.solution.actions:
            for command in _commands(action):
                self._do(command)
                self._look()
                yield True

    def _do(self, command: dict[str, Any]) -> None:
        if command["kind"] != "settle":
            self._sim.apply(command)
            self._done.append(command)
            return
        until = self._sim.now + command["seconds"] * 1_000_000
        while not self._sim.advance(until):
            continue
        if self._done and self._done[-1]["kind"] == "settle":
            command = {"kind": "settle", "seconds": self._done.pop()["seconds"] + command["seconds"]}
        self._done.append(command)

    def _look(self) -> None:
        results = self._sim.apply({"kind": "check", "checks": self._checks})["results"]
        self._passed |= {result["id"] for result in results if result["passed"]}

    def _point(self, step: str, title: str) -> StartingPoint:
        sim: SimCluster = self._sim
        state = compress(freeze(sim.dump(), []))
        return StartingPoint(step, title, tuple(self._done), sim.now, sim.ev, sim.revision, state)


def _commands(action: Any) -> Iterator[dict[str, Any]]:
    """An action of a script in the simulator's words; a prediction is nothing to a cluster."""
    if "wait_s" in action:
        for begin in range(0, action["wait_s"], PIECE_S):
            yield {"kind": "settle", "seconds": min(PIECE_S, action["wait_s"] - begin)}
    elif "shell" in action:
        given = action["shell"]
        yield {"kind": "shell", **({"line": given} if isinstance(given, str) else given)}
    elif "apply" in action:
        yield {"kind": "apply-yaml", "text": action["apply"]}
    elif "fault" in action:
        yield {"kind": "fault", **action["fault"]}
