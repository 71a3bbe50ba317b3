"""A node group: machines of one type that a cloud keeps in number, and that an autoscaler may change between two bounds."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class NodeGroup:
    name: str
    machine: str
    min: int
    max: int
    size: int
    """How many a fresh cluster begins with."""
    labels: dict[str, str] = field(default_factory=dict)
    taints: tuple[dict[str, str], ...] = ()

    def dump(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "machine": self.machine,
            "min": self.min,
            "max": self.max,
            "size": self.size,
            "labels": dict(self.labels),
            "taints": [dict(taint) for taint in self.taints],
        }
