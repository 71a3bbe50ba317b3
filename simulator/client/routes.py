"""Which handlers of a process hear of a change: those for whom it could mean something.

A part may name in `interests` the changes of a resource that matter to it. That is a promise: for any other change its handler
would come back without having done anything. Everything else it hears as before, in the order in which the parts were added.
"""

from collections.abc import Callable
from typing import NamedTuple

from simulator.engine.plain import Obj

#: Called with (old, new); old is None for an addition, new is None for a deletion.
Handler = Callable[[Obj | None, Obj | None], None]

COMES = "comes"
GOES = "goes"
SPEC = "spec"
"""The spec may have changed, and anything else."""
REST = "rest"
"""The spec is the very same; status or metadata changed."""
ALL = frozenset((COMES, GOES, SPEC, REST))


class Interest(NamedTuple):
    """Changes of one resource that a part wants to hear of."""

    owner: str = ""
    """Only objects whose managing owner is of this kind, or is missing, or changes; "": whoever owns them."""
    changes: frozenset[str] = ALL


EVERYTHING = Interest()


class Routes:
    """The handlers of one resource, some of which are choosy."""

    __slots__ = ("_all", "_everybody", "_found", "_is_choosy", "is_custom")

    def __init__(self, *, is_custom: bool = False) -> None:
        self.is_custom = is_custom
        """Whether the resource is of a custom kind."""
        self._all: list[tuple[Handler, Interest]] = []
        self._everybody: tuple[Handler, ...] = ()
        self._is_choosy = False
        self._found: dict[tuple[str, str], tuple[Handler, ...]] = {}
        """By (kind of owner, change), as they are asked for."""

    def add(self, handler: Handler, interest: Interest) -> None:
        self._all.append((handler, interest))
        self._found.clear()
        self._everybody = (*self._everybody, handler)
        self._is_choosy = self._is_choosy or interest != EVERYTHING

    def of(self, old: Obj | None, new: Obj | None) -> tuple[Handler, ...]:
        """Who hears of this change, in order."""
        if not self._is_choosy:
            return self._everybody
        if new is None:
            change, about = GOES, old
        else:
            about = new
            change = COMES if old is None else REST if old.get("spec") is new.get("spec") else SPEC
        assert about is not None
        references = about["metadata"].get("ownerReferences")
        is_led_as_before = old is None or new is None or old["metadata"].get("ownerReferences") is references
        kind = ""
        if references and is_led_as_before and len(references) == 1 and references[0].get("controller"):
            kind = references[0]["kind"]
        found = self._found.get((kind, change))
        return self._choose(kind, change) if found is None else found

    def _choose(self, kind: str, change: str) -> tuple[Handler, ...]:
        found = self._found[kind, change] = tuple(
            handler
            for handler, interest in self._all
            if change in interest.changes and (not kind or interest.owner in ("", kind))
        )
        return found
