"""From observed use to target and bounds: the recommender's arithmetic.

Follows `pkg/recommender/logic/recommender.go` and `estimator.go`: the 90th percentile is the target, the 50th and the 95th are the bounds, each with a
safety margin of 15 %; bounds close in as confidence grows by the day; at least 25 milli-CPU and 250 MiB a pod, shared by its containers.
Amounts are cut to whole milli-CPU and bytes after every step, as upstream.
"""

from typing import NamedTuple

from simulator.addons.vertical_pod_autoscaler.histogram import MINUTE_US, Histogram
from simulator.addons.vertical_pod_autoscaler.observed import Observed
from simulator.engine.plain import Obj
from simulator.machinery import quantities

_MARGIN = 0.15
_LEAST = {"cpu": 25, "memory": 262_144_000}
#: No amount is larger (MaxResourceAmount).
MOST = 100_000_000_000_000
_TARGET, _LOWER, _UPPER = 0.9, 0.5, 0.95


class Bounds(NamedTuple):
    """Milli-CPU or bytes."""

    target: int
    lower: int
    upper: int
    uncapped: int


def bounds(resource: str, seen: Observed, *, containers: int, policy: Obj) -> Bounds:
    """`policy`: the container's entry of resourcePolicy.containerPolicies."""
    histogram, unit = (seen.cpu, 1_000) if resource == "cpu" else (seen.memory, 1)
    least = _LEAST[resource] // max(containers, 1)
    confidence = seen.confidence()

    def estimated(share: float, factor: float = 1.0) -> int:
        base = cut(histogram.percentile(share) * unit)
        return max(cut((base + cut(base * _MARGIN)) * factor), least)

    uncapped = estimated(_TARGET)
    lower = estimated(_LOWER, multiplier(confidence, 0.001, -2.0))
    upper = estimated(_UPPER, multiplier(confidence, 1.0, 1.0))
    low, high = (_allowed(policy, part, resource) for part in ("minAllowed", "maxAllowed"))

    def capped(value: int) -> int:
        value = value if low is None else max(value, low)
        return value if high is None else min(value, high)

    return Bounds(capped(uncapped), capped(lower), capped(upper), uncapped)


def multiplier(confidence: float, distance: float, exponent: float) -> float:
    """(1 + distance / confidence) ^ exponent; without confidence it is endless, or nothing."""
    if not confidence:
        return float("inf") if exponent > 0 else 0.0
    return float((1.0 + distance / confidence) ** exponent)


def cut(amount: float) -> int:
    return MOST if amount > MOST else int(amount)


def settled_us(seen: Observed, now: int, within_us: int) -> int:
    """How long the percentiles of CPU stay where they are if use stays as it is, at most `within_us`."""
    minutes = within_us // MINUTE_US
    if _places(_later(seen, now, minutes)) == _places(seen.cpu):
        return within_us
    same, other = 0, minutes
    while other - same > 1:
        middle = (same + other) // 2
        if _places(_later(seen, now, middle)) == _places(seen.cpu):
            same = middle
        else:
            other = middle
    return other * MINUTE_US


def _later(seen: Observed, now: int, minutes: int) -> Histogram:
    later = seen.cpu.copy()
    for one in seen.containers.values():
        if minutes and one.cpu >= 0:
            later.add(one.cpu / 1_000, 0.1, now // MINUTE_US * MINUTE_US + MINUTE_US, times=minutes)
    return later


def _places(histogram: Histogram) -> list[int | None]:
    return [histogram.percentile_bucket(share) for share in (_TARGET, _LOWER, _UPPER)]


def _allowed(policy: Obj, part: str, resource: str) -> int | None:
    text = (policy.get(part) or {}).get(resource)
    if text is None:
        return None
    return quantities.milli(text) if resource == "cpu" else quantities.value(text)


def written(resource: str, amount: int) -> str:
    return quantities.from_milli(amount) if resource == "cpu" else quantities.from_value(amount)


def read(resource: str, text: str) -> int:
    return quantities.milli(text) if resource == "cpu" else quantities.value(text)
