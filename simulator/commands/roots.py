"""A command that changes something is a root of the trail, so that all that follows from it can be traced back to it."""

from collections.abc import Callable
from typing import TypeVar

from simulator.commands.parts import Parts
from simulator.loops.debugger import DebuggerError

T = TypeVar("T")
#: A root's note is no longer than this.
_NOTE = 200


class Roots:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def standing(self) -> tuple[int, ...]:
        """What moves when a command changed something."""
        parts = self._parts
        every = parts.together
        logs = sum(one.registry.audit.version + one.files.version for one in every)
        revisions = sum(one.registry.store.revision for one in every)
        return (len(every), revisions, parts.engine.tickets, parts.workstation.version + parts.vault.version, logs)

    def rooted(self, note: str, act: Callable[[], T], *, always: bool = False) -> T:
        """Runs `act` as a command of the learner; it leaves a root in the trail only if it changed something (or `always`)."""
        engine = self._parts.engine
        trail = engine.trail
        mark = trail.ev
        engine.cause = ev = engine.record("command", "you", because=0, note=note[:_NOTE])
        before = self.standing()
        try:
            result = act()
        except DebuggerError:
            trail.undo(mark)
            raise
        if not always and trail.ev == ev and self.standing() == before:
            trail.undo(mark)
        else:
            for one in self._parts.together:
                one.pictures.root(ev, "command", note.partition("\n")[0][:_NOTE])
        return result
