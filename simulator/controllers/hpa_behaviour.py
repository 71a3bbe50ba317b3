"""How fast an autoscaler may move: bounds, rate policies and stabilization windows.

Follows `pkg/controller/podautoscaler/horizontal.go` of v1.33 (`normalizeDesiredReplicas…`, `convertDesiredReplicas…`, `calculateScale…Limit…`). Pure
functions over what the controller remembers: recommendations and scale events as [replicas, at] pairs, oldest first.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from simulator.engine.plain import Obj

SECOND = 1_000_000
#: `--horizontal-pod-autoscaler-downscale-stabilization`.
DOWNSCALE_US = 300 * SECOND
_FACTOR, _LEAST = 2, 4
_MOST = (1 << 31) - 1

Memory = Sequence[Sequence[int]]


class Bounds(NamedTuple):
    current: int
    min: int
    max: int


class Verdict(NamedTuple):
    """`able` and `limited` are (status, reason, message) of AbleToScale and ScalingLimited."""

    replicas: int
    able: tuple[str, str, str]
    limited: tuple[str, str, str]


class Past(NamedTuple):
    recommendations: Memory
    ups: Memory
    downs: Memory
    now: int


_READY = ("True", "ReadyForNewScale", "recommended size matches current size")
_DOWN = (
    "ScaleDownStabilized",
    "recent recommendations were higher than current one, applying the highest recent recommendation",
)
_UP = (
    "ScaleUpStabilized",
    "recent recommendations were lower than current one, applying the lowest recent recommendation",
)
_WITHIN = ("DesiredWithinRange", "the desired count is within the acceptable range")
_TOO_MANY = ("TooManyReplicas", "the desired replica count is more than the maximum replica count")
_TOO_FEW = ("TooFewReplicas", "the desired replica count is less than the minimum replica count")
_UP_LIMIT = ("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate")
_DOWN_LIMIT = ("ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate")


def normalized(desired: int, bounds: Bounds, past: Past, behaviour: Obj | None) -> Verdict:
    """What of `desired` may happen now. `behaviour` is spec.behavior with its defaults, or None."""
    if behaviour is None:
        stable = max([desired, *(one[0] for one in past.recommendations if one[1] >= past.now - DOWNSCALE_US)])
        able = _READY if stable == desired else ("True", *_DOWN)
        replicas, limit = _plainly_limited(stable, bounds)
    else:
        stable = _stabilized(desired, bounds.current, past, behaviour)
        able = _READY if stable == desired else ("True", *(_UP if desired >= bounds.current else _DOWN))
        replicas, limit = _rate_limited(stable, bounds, past, behaviour)
    return Verdict(replicas, able, ("False" if replicas == stable else "True", *limit))


def _plainly_limited(desired: int, bounds: Bounds) -> tuple[int, tuple[str, str]]:
    limit = max(_FACTOR * bounds.current, _LEAST)
    most, why = (limit, _UP_LIMIT) if bounds.max > limit else (bounds.max, _TOO_MANY)
    if desired < bounds.min:
        return bounds.min, _TOO_FEW
    return (most, why) if desired > most else (desired, _WITHIN)


def _stabilized(desired: int, current: int, past: Past, behaviour: Obj) -> int:
    """The smallest change that any recommendation of the windows allows."""
    up_from = past.now - window_us(behaviour, "scaleUp")
    down_from = past.now - window_us(behaviour, "scaleDown")
    lowest = min([desired, *(one[0] for one in past.recommendations if one[1] > up_from)])
    highest = max([desired, *(one[0] for one in past.recommendations if one[1] > down_from)])
    return min(max(current, lowest), highest)


def window_us(behaviour: Obj | None, direction: str) -> int:
    if behaviour is None:
        return DOWNSCALE_US if direction == "scaleDown" else 0
    found = behaviour[direction].get("stabilizationWindowSeconds")
    if found is None:
        return DOWNSCALE_US if direction == "scaleDown" else 0
    return int(found) * SECOND


def longest_period_us(behaviour: Obj, direction: str) -> int:
    periods = [int(policy["periodSeconds"]) for policy in behaviour[direction].get("policies") or ()]
    return max(periods, default=0) * SECOND


def _rate_limited(desired: int, bounds: Bounds, past: Past, behaviour: Obj) -> tuple[int, tuple[str, str]]:
    if desired > bounds.current:
        limit = max(up_limit(bounds.current, past, behaviour["scaleUp"]), bounds.current)
        most, why = (limit, _UP_LIMIT) if bounds.max > limit else (bounds.max, _TOO_MANY)
        return (most, why) if desired > most else (desired, _WITHIN)
    if desired < bounds.current:
        limit = min(down_limit(bounds.current, past, behaviour["scaleDown"]), bounds.current)
        least, why = (limit, _DOWN_LIMIT) if bounds.min < limit else (bounds.min, _TOO_FEW)
        return (least, why) if desired < least else (desired, _WITHIN)
    return desired, _WITHIN


def up_limit(current: int, past: Past, rules: Obj) -> int:
    """The most replicas that the policies allow; `selectPolicy` says which of them counts."""
    if rules["selectPolicy"] == "Disabled":
        return current
    proposals: list[int] = []
    for policy in rules["policies"]:
        before = _at_period_start(current, past, policy)
        if policy["type"] == "Pods":
            proposals.append(before + policy["value"])
        else:
            proposals.append(math.ceil(before * (1 + policy["value"] / 100)))
    return min([*proposals, _MOST]) if rules["selectPolicy"] == "Min" else max([*proposals, -_MOST])


def down_limit(current: int, past: Past, rules: Obj) -> int:
    """The fewest replicas that the policies allow."""
    if rules["selectPolicy"] == "Disabled":
        return current
    proposals: list[int] = []
    for policy in rules["policies"]:
        before = _at_period_start(current, past, policy)
        if policy["type"] == "Pods":
            proposals.append(before - policy["value"])
        else:
            proposals.append(int(before * (1 - policy["value"] / 100)))
    return max([*proposals, -_MOST]) if rules["selectPolicy"] == "Min" else min([*proposals, _MOST])


def _at_period_start(current: int, past: Past, policy: Obj) -> int:
    since = past.now - policy["periodSeconds"] * SECOND
    added = sum(change for change, at in past.ups if at > since)
    removed = sum(change for change, at in past.downs if at > since)
    return current - added + removed
