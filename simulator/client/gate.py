"""The gate that every loop passes before it acts: breakpoints, single steps, and loops switched off.

A loop is a controller, the scheduler, or the kubelet of one node. A breakpoint names a loop, an object, or both; what it stops
waits here, in order, until it is let through once (`let_through`) or the breakpoint goes. Everything else runs on: only the one who
wanted to act is held. A loop that is off takes no work at all; its queue grows, and drains when it is switched on again
(kube-controller-manager has `--controllers=-replicaset-controller` for that).

Promises: plain state; without breakpoints and with every loop on, asking costs one comparison. Leaves to the loops: what it means
to go on with something that was held (`Loop.go_on`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol, cast

from simulator.engine import Engine, Plain
from simulator.machinery.store import Key

KUBELET = "kubelet"


class About(NamedTuple):
    """The object that a loop is about to act on."""

    resource: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """Empty fields match anything."""

    number: int
    loop: str
    resource: str
    namespace: str
    name: str

    def stops(self, loop: str, about: About) -> bool:
        return (
            self.loop in ("", loop, loop.partition("/")[0])
            and self.resource in ("", about.resource)
            and self.namespace in ("", about.namespace)
            and self.name in ("", about.name)
        )


class Held(NamedTuple):
    """Something a loop was stopped before."""

    key: str
    about: About
    cause: int
    """The `ev` that woke the loop."""
    at: int


class Loop(Protocol):
    """What goes on after a stop."""

    def go_on(self, held: Held) -> None: ...

    def turned_on(self) -> None: ...


class Gate:
    name = "gate"

    def __init__(self, engine: Engine) -> None:
        self.breakpoints: dict[int, Breakpoint] = {}
        self.off: dict[str, None] = {}
        """Loops that are switched off."""
        self.held: dict[str, dict[str, Held]] = {}
        """Loop → key → what waits, in order of arrival."""
        self.passing: list[Callable[[], None]] = []
        """Called when something that was let through is about to be acted on: rehearsals, never components."""
        self._passes: dict[str, dict[str, None]] = {}
        """Loop → keys that may pass once."""
        self._passed = False
        self._number = 0
        self._loops: dict[str, Loop] = {}
        self._engine = engine
        engine.register(self)

    @classmethod
    def of(cls, engine: Engine) -> "Gate":
        """The one gate of an engine."""
        try:
            return cast("Gate", engine.component(cls.name))
        except KeyError:
            return cls(engine)

    def add(self, name: str, loop: Loop) -> None:
        """At assembly. Kubelets share one entry, `kubelet`."""
        self._loops[name] = loop

    # Asked by the loops

    @property
    def watches(self) -> bool:
        """Whether there is anything to ask for."""
        return bool(self.breakpoints or self._passes)

    def is_off(self, loop: str) -> bool:
        return loop in self.off

    def stops(self, loop: str, key: str, about: About, cause: int) -> bool:
        """True: leave it; `go_on` comes when it may go on. A second arrival of the same key changes nothing."""
        passes = self._passes.get(loop)
        if passes is not None and key in passes:
            self._pass(loop, key)
            return False
        if not any(one.stops(loop, about) for one in self.breakpoints.values()):
            return False
        self.held.setdefault(loop, {}).setdefault(key, Held(key, about, cause, self._engine.now))
        return True

    def took_pass(self) -> bool:
        """Whether something has been let through since this was last asked: a single step ends there."""
        passed, self._passed = self._passed, False
        return passed

    def forget(self, loop: str, key: str | None = None) -> None:
        """The loop died, or what it was about to act on is no longer its business."""
        for waiting in (self.held, self._passes):
            if key is None:
                waiting.pop(loop, None)
            elif key in waiting.get(loop, {}):
                del waiting[loop][key]
                _drop_empty(waiting, loop)

    # Done by the learner

    def set(self, loop: str, resource: str, key: Key) -> Breakpoint:
        self._number += 1
        made = self.breakpoints[self._number] = Breakpoint(self._number, loop, resource, *key)
        return made

    def clear(self, number: int) -> None:
        """Takes a breakpoint away; what no other one stops goes on."""
        del self.breakpoints[number]
        for loop, waiting in sorted(self.held.items()):
            for held in list(waiting.values()):
                if not any(one.stops(loop, held.about) for one in self.breakpoints.values()):
                    self.let_through(loop, held.key)

    def let_through(self, loop: str, key: str) -> None:
        """Once: the next time the same loop wants to act on the same thing it is stopped again."""
        held = self.held[loop].pop(key)
        _drop_empty(self.held, loop)
        self._passes.setdefault(loop, {})[key] = None
        self._loops[loop.partition("/")[0]].go_on(held)

    def switch(self, loop: str, on: bool) -> None:
        if not on:
            self.off[loop] = None
        elif loop in self.off:
            del self.off[loop]
            self._loops[loop].turned_on()

    def may_pass(self, loop: str, key: str) -> bool:
        """Whether what was let through has not been acted on yet."""
        return key in self._passes.get(loop, {})

    def _pass(self, loop: str, key: str) -> None:
        del self._passes[loop][key]
        _drop_empty(self._passes, loop)
        self._passed = True
        for observer in self.passing:
            observer()

    # State

    def dump(self) -> Plain:
        return {
            "breakpoints": [[b.number, b.loop, b.resource, b.namespace, b.name] for b in self.breakpoints.values()],
            "number": self._number,
            "off": list(self.off),
            "held": [
                [loop, [[h.key, *h.about, h.cause, h.at] for h in waiting.values()]]
                for loop, waiting in self.held.items()
            ],
            "passes": [[loop, list(keys)] for loop, keys in self._passes.items()],
        }

    def load(self, state: Plain) -> None:
        self.breakpoints = {row[0]: Breakpoint(*row) for row in state["breakpoints"]}
        self._number = state["number"]
        self.off = dict.fromkeys(state["off"])
        self.held = {
            loop: {key: Held(key, About(*about), cause, at) for key, *about, cause, at in rows}
            for loop, rows in state["held"]
        }
        self._passes = {loop: dict.fromkeys(keys) for loop, keys in state["passes"]}


def _drop_empty(by_loop: dict, loop: str) -> None:  # type: ignore[type-arg]
    if not by_loop[loop]:
        del by_loop[loop]
