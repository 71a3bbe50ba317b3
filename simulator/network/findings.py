"""What a diagnosis says: two fields that do not go together, in words, and the labels that miss a selector by little."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from simulator.engine.plain import Obj
from simulator.machinery.selectors import Requirement, Selector


@dataclass(frozen=True, slots=True)
class Side:
    """One field of one object, with the value it has."""

    object: str
    """`Service shop/web`, `NetworkPolicy shop/deny`, `the request`."""
    path: str
    value: str


@dataclass(frozen=True, slots=True)
class Finding:
    link: str
    """Which link of the chain it is about (`traces.Broken.link`)."""
    left: Side
    right: Side
    say: str


def finding(link: str, left: Side, right: Side, say: str) -> Finding:
    return Finding(link, left, right, say)


def named(kind: str, obj: Obj) -> str:
    metadata = obj["metadata"]
    return f"{kind} {metadata['namespace']}/{metadata['name']}"


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A pod that a selector misses: each requirement that fails, with what the pod has instead."""

    pod: Obj
    fails: tuple[tuple[str, str], ...]
    """(requirement, `key=value` or `no label key`)."""
    key: str
    """The key of the first requirement that fails."""


def near_misses(selector: Selector, pods: Iterable[Obj], *, limit: int = 5) -> list[NearMiss]:
    """Pods that fulfil some of the requirements or come close to one, nearest first; those that match are no misses."""
    found: list[tuple[int, int, str, NearMiss]] = []
    for pod in pods:
        labels = pod["metadata"].get("labels") or {}
        failing = [one for one in selector.requirements if not one.matches(labels)]
        if not failing or not _is_near(selector, failing, labels):
            continue
        fails = tuple((str(one), _found(one.key, labels)) for one in failing)
        distance = sum(_distance(one, labels) for one in failing)
        found.append((len(failing), distance, pod["metadata"]["name"], NearMiss(pod, fails, failing[0].key)))
    return [miss for *_, miss in sorted(found, key=lambda one: one[:3])[:limit]]


def _is_near(selector: Selector, failing: list[Requirement], labels: Mapping[str, str]) -> bool:
    """Some requirement holds, or a label has nearly the wanted value or key."""
    if len(failing) < len(selector.requirements):
        return True
    return any(_distance(one, labels) <= _CLOSE for one in failing)


def _distance(one: Requirement, labels: Mapping[str, str]) -> int:
    wanted = one.values[0] if one.values else ""
    if one.key in labels:
        return edits(wanted, labels[one.key]) if wanted else 1
    same_value = [edits(one.key, key) for key, value in labels.items() if value == wanted]
    return min(same_value, default=_FAR)


def _found(key: str, labels: Mapping[str, str]) -> str:
    return f"{key}={labels[key]}" if key in labels else f"no label {key}"


_CLOSE, _FAR = 3, 99


def edits(a: str, b: str) -> int:
    """How many letters differ (Levenshtein); names differ in case only count as one."""
    if a.lower() == b.lower():
        return int(a != b)
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, start=1):
        last, row[0] = row[0], i
        for j, right in enumerate(b, start=1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (left != right))
    return row[-1]


def closest(wanted: str, names: Iterable[str]) -> str:
    """The name that is nearest to a mistyped one; "" when none is near."""
    found = min(((edits(wanted, name), name) for name in names), default=(_FAR, ""))
    return found[1] if found[0] <= (1 if len(wanted) < 3 else 2) else ""
