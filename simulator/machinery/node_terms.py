"""Node selector terms: the language of `nodeSelector`, node affinity and its metadata.name field.

https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#operators. Terms are ORed, the requirements
of a term are ANDed, and a term without any requirement matches no node.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulator.engine.plain import Obj
from simulator.machinery.selectors import Operator, Requirement

_OPERATORS: dict[str, Operator] = {
    "In": "in",
    "NotIn": "notin",
    "Exists": "exists",
    "DoesNotExist": "!",
    "Gt": "gt",
    "Lt": "lt",
}


@dataclass(frozen=True, slots=True)
class NodeTerm:
    labels: tuple[Requirement, ...]
    fields: tuple[Requirement, ...]

    def matches(self, name: str, labels: Mapping[str, str]) -> bool:
        if not self.labels and not self.fields:
            return False
        if not all(requirement.matches(labels) for requirement in self.labels):
            return False
        return not self.fields or all(requirement.matches({"metadata.name": name}) for requirement in self.fields)

    def names(self) -> frozenset[str] | None:
        """The only node names this term allows, or None when it does not ask for names."""
        asked = [
            frozenset(field.values) for field in self.fields if field.key == "metadata.name" and field.operator == "in"
        ]
        return frozenset.intersection(*asked) if asked else None


def node_term(raw: Obj) -> NodeTerm:
    return NodeTerm(_requirements(raw.get("matchExpressions")), _requirements(raw.get("matchFields")))


def _requirements(raw: Sequence[Obj] | None) -> tuple[Requirement, ...]:
    return tuple(
        Requirement(one["key"], _OPERATORS[one["operator"]], tuple(one.get("values") or ())) for one in raw or ()
    )
