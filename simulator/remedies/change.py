"""A change that may let a pod run, as a person would make it.

Promises: what is told is what is tried. Every change carries the commands (`docs/architecture.md` section 1.6) that make it, and nothing else
is done to the copy on which it is tried.
"""

from dataclasses import dataclass, field
from typing import Any

Command = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Change:
    kind: str
    """Changes of one kind differ in the object only; one of them is told."""
    weight: float
    """How much it is: see `docs/decisions/0021-the-smallest-change.md`."""
    say: str
    """An imperative without a full stop: `lower the cpu request of container web from 8 to 3800m`."""
    about: str
    """The object that changes: `Deployment web`, `Node worker-2`."""
    field: str
    """Its field, `spec.unschedulable`; "" where it is no field of an object."""
    commands: tuple[Command, ...]


@dataclass(frozen=True, eq=False)
class Plan:
    """Changes made together."""

    changes: tuple[Change, ...]
    node: str = ""
    """The node that it was thought out for; "" when any may do."""
    weight: float = field(init=False)

    def __post_init__(self) -> None:
        # A second change is more than one of twice the weight: it has to be understood together with the first.
        extra = len(self.changes) - 1
        object.__setattr__(self, "weight", sum(one.weight for one in self.changes) + extra)

    def covers(self, other: "Plan") -> bool:
        """The other plan does the same, perhaps elsewhere, and perhaps more."""
        return {one.kind for one in self.changes} <= {one.kind for one in other.changes}

    @property
    def commands(self) -> tuple[Command, ...]:
        return tuple(command for one in self.changes for command in one.commands)

    @property
    def say(self) -> str:
        return " and ".join(one.say for one in self.changes)


def shell(line: str, stdin: str = "") -> Command:
    return {"kind": "shell", "line": line, **({"stdin": stdin} if stdin else {})}
