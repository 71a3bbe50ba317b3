"""How many replicas each ReplicaSet of a Deployment may have: the arithmetic of rollouts, without any object.

https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment and
#proportional-scaling; upstream's deployment_util.go.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, floor


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a rollout must stay within."""

    replicas: int
    surge: int
    unavailable: int

    @property
    def most(self) -> int:
        return self.replicas + self.surge

    @property
    def fewest_available(self) -> int:
        return self.replicas - self.unavailable


@dataclass(frozen=True, slots=True)
class Size:
    """One ReplicaSet: what it is asked for and how many of its pods are available."""

    name: str
    replicas: int
    available: int
    created: str = ""
    max_replicas: int = 0
    """The Deployment's upper bound when this set was last scaled (annotation max-replicas); 0 is unknown."""


def bounds(replicas: int, max_surge: int | str, max_unavailable: int | str) -> Bounds:
    """Percentages of surge are rounded up, of unavailability down; both zero would block, so one may then be missing."""
    surge, unavailable = _share(max_surge, replicas, up=True), _share(max_unavailable, replicas, up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return Bounds(replicas, surge, min(unavailable, replicas))


def _share(value: int | str, total: int, *, up: bool) -> int:
    if isinstance(value, int):
        return value
    exact = int(value.removesuffix("%")) * total / 100
    return ceil(exact) if up else floor(exact)


def new_size(limits: Bounds, new: Size, everything: Sequence[Size]) -> int:
    """How far the new set may grow now."""
    room = limits.most - sum(one.replicas for one in everything)
    if room <= 0:
        return new.replicas
    return new.replicas + min(room, limits.replicas - new.replicas)


def old_sizes(limits: Bounds, new: Size, old: Sequence[Size]) -> list[Size]:
    """The old sets after as much shrinking as availability allows: first pods that are not available, then others.

    Only sets that change are in the result; one that is shrunk twice is there twice, in order.
    """
    everything = sum(one.replicas for one in old) + new.replicas
    most_down = everything - limits.fewest_available - (new.replicas - new.available)
    if most_down <= 0:
        return []
    changes, left = _without_unhealthy(old, most_down)
    return changes + _shrunk(limits, new, left)


def _without_unhealthy(old: Sequence[Size], most_down: int) -> tuple[list[Size], list[Size]]:
    changes, left, done = [], [], 0
    for one in sorted(old, key=_age):
        down = min(most_down - done, one.replicas - one.available)
        if done < most_down and one.replicas and down > 0:
            done += down
            one = replace(one, replicas=one.replicas - down)
            changes.append(one)
        left.append(one)
    return changes, left


def _shrunk(limits: Bounds, new: Size, old: Sequence[Size]) -> list[Size]:
    spare = sum(one.available for one in old) + new.available - limits.fewest_available
    changes = []
    for one in old:
        if spare <= 0:
            break
        down = min(one.replicas, spare)
        if down:
            changes.append(replace(one, replicas=one.replicas - down))
            spare -= down
    return changes


def proportional_sizes(limits: Bounds, sets: Sequence[Size], status_replicas: int) -> list[Size]:
    """Spreads a change of `replicas` in the middle of a rollout over all active sets, larger ones first."""
    allowed = limits.most if limits.replicas > 0 else 0
    missing = allowed - sum(one.replicas for one in sets)
    newest_first = sorted(sets, key=_age, reverse=missing > 0)
    ordered = sorted(newest_first, key=lambda one: -one.replicas)
    sizes, added = [], 0
    for one in ordered:
        part = _proportion(limits, one, missing, added, status_replicas)
        added += part
        sizes.append(replace(one, replicas=one.replicas + part))
    if sizes and missing:
        sizes[0] = replace(sizes[0], replicas=max(sizes[0].replicas + missing - added, 0))
    return sizes


def _proportion(limits: Bounds, one: Size, missing: int, added: int, status_replicas: int) -> int:
    if one.replicas == 0 or missing == 0 or missing == added:
        return 0
    fraction, left = _fraction(limits, one, status_replicas), missing - added
    return min(fraction, left) if missing > 0 else max(fraction, left)


def _fraction(limits: Bounds, one: Size, status_replicas: int) -> int:
    if limits.replicas == 0:
        return -one.replicas
    before = one.max_replicas or status_replicas
    if before == 0:
        return 0
    return _round(one.replicas * limits.most / before) - one.replicas


def _round(value: float) -> int:
    return ceil(value - 0.5) if value < 0 else floor(value + 0.5)


def _age(one: Size) -> tuple[str, str]:
    """Oldest first; sets created in the same second by name."""
    return one.created, one.name
