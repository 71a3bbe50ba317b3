"""The loop debugger as commands: list the loops, switch one off, stop one before it acts, look, let it go on.

`docs/architecture.md` section 1.6 has the shapes. What is held and what is off is the gate's (`client.gate`) and part of the cluster's
state; looking at what a stopped loop wants changes nothing.
"""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from simulator.client import KUBELET, Controller, Process
from simulator.client.gate import Held
from simulator.engine import Plain
from simulator.loops.rehearsal import Copy, rehearse, told
from simulator.machinery import resources
from simulator.narrator import Narrator

#: What kubelets watch and write beside pods: their node and its Lease.
_KUBELET_WRITES = (
    "pods",
    "nodes",
    "leases.coordination.k8s.io",
    "csinodes.storage.k8s.io",
    "persistentvolumeclaims",
    "events",
)
_MOST_BREAKPOINTS = 50
#: Machines without a kubelet that get a row of their own.
_MOST_OFF = 50


class DebuggerError(ValueError):
    """Names what was asked for, what was found and what was wanted."""

    def __init__(self, thing: str, found: str, wanted: str) -> None:
        super().__init__(f"{thing}: found {found}, wanted {wanted}")
        self.thing = thing
        self.found = found
        self.wanted = wanted


class Switches(Protocol):
    """The kubelets of all machines (`node.kubelets.Kubelets`)."""

    def nodes(self) -> list[str]: ...

    def is_powered(self, node: str) -> bool: ...

    def is_kubelet_running(self, node: str) -> bool: ...

    def stop_kubelet(self, node: str) -> None: ...

    def start_kubelet(self, node: str) -> None: ...


class Debugger:
    """`copy` makes the throw-away copy on which a stopped loop is tried."""

    def __init__(
        self, processes: dict[str, Process], kubelets: Switches, narrator: Narrator, copy: Callable[[], Copy]
    ) -> None:
        self._processes = processes
        self._kubelets = kubelets
        self._gate = next(iter(processes.values())).gate
        self._narrator = narrator
        self._copy = copy

    # Questions

    def loops(self, zero: int) -> dict[str, Plain]:
        """Every loop with its switch, its queue, its last reconcile, what it watches and writes, and what it is stopped before."""
        rows = [self._controller(process, part, zero) for process, part in self._controllers()]
        return {"loops": [*rows, *self._kubelet_rows(zero)], "breakpoints": self.breakpoints()}

    def breakpoints(self) -> list[dict[str, Plain]]:
        return [
            {"id": b.number, "loop": b.loop, "resource": b.resource, "namespace": b.namespace, "name": b.name}
            for b in self._gate.breakpoints.values()
        ]

    def look(self, loop: str, key: str) -> dict[str, Plain]:
        """What the loop would read and write if it were let through now."""
        held = self._held(loop, key)
        copy = self._copy()
        found = rehearse(copy, self._process_of(loop), loop, held.key)
        return {"loop": loop, "key": held.key, "about": held.about._asdict(), **told(found, self._narrator)}

    # Deeds; each returns what was done in a sentence

    def switch(self, loop: str, on: bool) -> str:
        if loop.partition("/")[0] == KUBELET:
            return self._switch_kubelets(loop, on)
        self._known_controller(loop)
        if self._gate.is_off(loop) is not on:
            raise DebuggerError("loop", f"{loop}, which is {'on' if on else 'off'} already", "the other state")
        self._gate.switch(loop, on)
        return f"{loop} was switched {'on' if on else 'off'}"

    def _switch_kubelets(self, loop: str, on: bool) -> str:
        """Kubelets are processes of their machines: off is `systemctl stop kubelet`, on all of them or on one (`kubelet/node-1`)."""
        kubelets, one = self._kubelets, loop.partition("/")[2]
        powered = [node for node in kubelets.nodes() if kubelets.is_powered(node)]
        if one and one not in powered:
            raise DebuggerError("loop", repr(loop), f"kubelet/ and one of {', '.join(powered[:8]) or 'no machine'}")
        chosen = [node for node in ([one] if one else powered) if kubelets.is_kubelet_running(node) is not on]
        if not chosen:
            raise DebuggerError("loop", f"{loop}, which is {'on' if on else 'off'} already", "the other state")
        for node in chosen:
            (kubelets.start_kubelet if on else kubelets.stop_kubelet)(node)
        return f"{loop} was switched {'on' if on else 'off'}"

    def set(self, loop: str, resource: str, namespace: str, name: str) -> tuple[int, str]:
        if not any((loop, resource, namespace, name)):
            raise DebuggerError("breakpoint", "nothing to stop at", "a loop, a resource, a namespace or a name")
        if loop:
            self._known(loop)
        if len(self._gate.breakpoints) >= _MOST_BREAKPOINTS:
            raise DebuggerError("breakpoint", f"{len(self._gate.breakpoints)} breakpoints", "fewer before another one")
        kind = resources.lookup(resource) if resource else None
        if resource and kind is None:
            raise DebuggerError("resource", repr(resource), "a resource of this cluster")
        made = self._gate.set(loop, kind.name if kind else "", (namespace, name))
        thing = " ".join(filter(None, (kind.plural if kind else "", "/".join(filter(None, (namespace, name))))))
        return made.number, f"{loop or 'Every loop'} stops before it acts{f' on {thing}' if thing else ''}"

    def clear(self, number: int | None) -> str:
        """One breakpoint, or every one."""
        if number is None:
            for known in list(self._gate.breakpoints):
                self._gate.clear(known)
            return "Every breakpoint was taken away"
        if number not in self._gate.breakpoints:
            raise DebuggerError("id", str(number), f"one of {', '.join(map(str, self._gate.breakpoints)) or 'none'}")
        self._gate.clear(number)
        return f"Breakpoint {number} was taken away"

    def step(self, loop: str, key: str) -> str:
        """Lets the loop act once on what it was stopped before."""
        held = self._held(loop, key)
        self._gate.let_through(loop, held.key)
        return f"{loop} goes on with {_thing(held)}"

    # Inside

    def _controllers(self) -> Iterator[tuple[Process, Controller]]:
        for process in self._processes.values():
            if not process.is_shown:
                continue
            for part in process.parts:
                if isinstance(part, Controller):
                    yield process, part

    def _known_controller(self, loop: str) -> None:
        names = [part.name for _, part in self._controllers()]
        if loop not in names:
            raise DebuggerError("loop", repr(loop), f"one of {', '.join(sorted(names))}")

    def _known(self, loop: str) -> None:
        if loop.partition("/")[0] != KUBELET:
            self._known_controller(loop)

    def _process_of(self, loop: str) -> str:
        return next((process.name for process, part in self._controllers() if part.name == loop), KUBELET)

    def _held(self, loop: str, key: str) -> Held:
        waiting = self._gate.held.get(loop, {})
        found = waiting.get(key) if key else next(iter(waiting.values()), None)
        if found is None:
            raise DebuggerError("loop", f"{loop} {key}".strip(), "a loop that is stopped before something")
        return found

    def _controller(self, process: Process, part: Controller, zero: int) -> dict[str, Plain]:
        at, key, count = part.synced
        about = part.about(key) if key else None
        last = {"at": at - zero, "key": "/".join(filter(None, about[1:])), "count": count} if about else None
        return {
            "name": part.name,
            "process": process.name,
            "running": process.running,
            "on": not self._gate.is_off(part.name),
            "waiting": part.depth,
            "delayed": part.queue.delayed,
            "failing": part.queue.failing,
            "synced": last,
            "watches": sorted(part.watches),
            "writes": sorted(part.writes),
            "held": self._held_rows(part.name, zero),
        }

    def _kubelet_rows(self, zero: int) -> list[dict[str, Plain]]:
        """One for all of them, and one for each machine whose kubelet is off while others work."""
        kubelets = self._kubelets
        powered = [node for node in kubelets.nodes() if kubelets.is_powered(node)]
        off = [node for node in powered if not kubelets.is_kubelet_running(node)]
        loops = [loop for loop in sorted(self._gate.held) if loop.partition("/")[0] == KUBELET]
        rows = [self._kubelet_row(KUBELET, loops, zero, on=len(off) < max(len(powered), 1))]
        if len(off) < len(powered):
            rows += [self._kubelet_row(f"{KUBELET}/{node}", [], zero, on=False) for node in off[:_MOST_OFF]]
        return rows

    def _kubelet_row(self, name: str, loops: list[str], zero: int, *, on: bool) -> dict[str, Plain]:
        return {
            "name": name,
            "process": KUBELET,
            "running": self._processes[KUBELET].running,
            "on": on,
            "waiting": 0,
            "delayed": 0,
            "failing": 0,
            "synced": None,
            "watches": ["pods"],
            "writes": sorted(_KUBELET_WRITES),
            "held": [row for loop in loops for row in self._held_rows(loop, zero)],
        }

    def _held_rows(self, loop: str, zero: int) -> list[dict[str, Plain]]:
        return [
            {"loop": loop, "key": held.key, **held.about._asdict(), "at": held.at - zero, "because": held.cause}
            for held in self._gate.held.get(loop, {}).values()
        ]


def _thing(held: Held) -> str:
    kind: Any = resources.by_name(held.about.resource)
    return f"{kind.kind if kind else held.about.resource} {held.about.name}"
