"""Which pods of a DaemonSet go and which nodes get a second one while its template changes. Pure questions.

Upstream's `pkg/controller/daemon/update.go` and `podsShouldBeOnNode`. Without surge an old pod goes first and leaves its place to a new one; with surge the new
pod comes first, and the old one goes when it is available.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

from simulator.controllers.kinds.objects import is_ending, labels_of
from simulator.controllers.kinds.pods import is_ready
from simulator.engine.plain import Obj

HASH_LABEL = "controller-revision-hash"
Pods = Mapping[str, Sequence[Obj]]
Ask = Callable[[Obj], bool]


@dataclass(slots=True)
class Step:
    """What may be done now."""

    delete: list[Obj] = field(default_factory=list)
    create: list[str] = field(default_factory=list)
    """Nodes."""


def limits(owner: Obj, nodes: int) -> tuple[int, int]:
    """(maxUnavailable, maxSurge) for so many nodes; shares are rounded up."""
    rolling = (owner["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
    unavailable, surge = _count(rolling.get("maxUnavailable", 1), nodes), _count(rolling.get("maxSurge", 0), nodes)
    return (1, 0) if nodes and not unavailable and not surge else (unavailable, surge)


def _count(value: int | str, nodes: int) -> int:
    return value if isinstance(value, int) else ceil(int(value.removesuffix("%")) * nodes / 100)


def surges(owner: Obj) -> bool:
    """Whether a node may have two pods of the set."""
    strategy = owner["spec"].get("updateStrategy") or {}
    return strategy.get("type", "RollingUpdate") == "RollingUpdate" and limits(owner, 100)[1] > 0


def excess(pods: Sequence[Obj], digest: str, *, surging: bool, is_available: Ask) -> list[Obj]:
    """Pods of one node that are too many, of those running, oldest first."""
    if not surging or len(pods) <= 1:
        return list(pods[1:])
    new = [pod for pod in pods if is_new(pod, digest)]
    old = [pod for pod in pods if not is_new(pod, digest)]
    surplus = [*new[1:], *old[1:]]
    if new and old and (not is_ready(old[0]) or is_available(new[0])):
        surplus.append(old[0])
    return surplus


def is_new(pod: Obj, digest: str) -> bool:
    return labels_of(pod).get(HASH_LABEL) == digest


def step(pods: Pods, wanted: Sequence[str], digest: str, bounds: tuple[int, int], is_available: Ask) -> Step:
    """`pods`: by node, for those the set has; `wanted`: nodes that should have one; `bounds`: maxUnavailable, maxSurge."""
    if all(is_new(pod, digest) for there in pods.values() for pod in there if not is_ending(pod)):
        return Step()
    on = {node: _pair(pods.get(node, ()), digest) for node in sorted({*pods, *wanted})}
    if bounds[1]:
        return _surging(on, frozenset(wanted), bounds[1], is_available)
    return _replacing(on, bounds[0], is_available)


def _pair(pods: Sequence[Obj], digest: str) -> tuple[Obj | None, Obj | None] | None:
    """(new, old) of one node; None when there are too many of a kind."""
    alive = [pod for pod in pods if not is_ending(pod)]
    new = [pod for pod in alive if is_new(pod, digest)]
    old = [pod for pod in alive if not is_new(pod, digest)]
    if len(new) > 1 or len(old) > 1:
        return None
    return (new[0] if new else None), (old[0] if old else None)


def _replacing(on: Mapping[str, tuple[Obj | None, Obj | None] | None], most: int, is_available: Ask) -> Step:
    unavailable, broken, candidates = 0, [], []
    for pair in on.values():
        if pair is None or (pair[0] is None) == (pair[1] is None):
            unavailable += 1
        elif (new := pair[0]) is not None:
            unavailable += not is_available(new)
        elif (old := pair[1]) is not None and not is_available(old):
            broken.append(old)
            unavailable += 1
        elif old is not None:
            candidates.append(old)
    return Step(delete=broken + candidates[: max(most - unavailable, 0)])


def _surging(
    on: Mapping[str, tuple[Obj | None, Obj | None] | None], wanted: frozenset[str], most: int, is_available: Ask
) -> Step:
    found, surging, available = Step(), 0, 0
    candidates: list[str] = []
    unwanted: list[Obj] = []
    for node, pair in on.items():
        if pair is None:
            surging += 1
            continue
        new, old = pair
        counted = old if old is not None else new
        available += counted is not None and is_available(counted)
        if old is None:
            surging += new is not None and not is_available(new)
        elif new is not None and not is_available(new):
            surging += 1
        elif new is not None:
            found.delete.append(old)
        elif not is_available(old):
            (found.create.append(node) if node in wanted else found.delete.append(old))
        elif node in wanted:
            candidates.append(node)
        else:
            unwanted.append(old)
    found.delete += unwanted[: max(available - len(wanted), 0)]
    found.create += candidates[: max(most - surging, 0)]
    return found
