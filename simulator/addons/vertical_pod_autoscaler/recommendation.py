"""From observed use to target and bounds: the recommender's arithmetic, simplified.

Follows `pkg/recommender/logic/recommender.go` and `estimator.go`: a safety margin of 15 %, at least 25 milli-CPU and 250 MiB a pod, bounds that close
in on the target as confidence grows by the day. Simplified: in place of histograms with percentiles, the highest use seen, which loses half of
what it is above the present use every day (`--cpu-histogram-decay-half-life`).
"""

from typing import NamedTuple

from simulator.engine.plain import Obj
from simulator.machinery import quantities

DAY_US = 86_400_000_000
_MARGIN_PERCENT = 115
_LEAST = {"cpu": 25, "memory": 262_144_000}
_SOON_US = 60_000_000


class Bounds(NamedTuple):
    """Milli-CPU or bytes."""

    target: int
    lower: int
    upper: int
    uncapped: int


def decayed_peak(peak: int, peak_age_us: int, now: int) -> int:
    """What is left of the highest use."""
    if now >= peak:
        return now
    return now + int((peak - now) * 0.5 ** (peak_age_us / DAY_US))


def bounds(resource: str, peak: int, observed_us: int, *, containers: int, policy: Obj) -> Bounds:
    """`observed_us`: how long the container has been watched; `policy`: its entry of resourcePolicy.containerPolicies."""
    least = _LEAST[resource] // max(containers, 1)
    uncapped = max(peak * _MARGIN_PERCENT // 100, least)
    days = max(observed_us, _SOON_US) / DAY_US
    lower = int(uncapped * (1 + 0.001 / days) ** -2)
    upper = int(uncapped * (1 + 1 / days))
    low, high = (_allowed(policy, part, resource) for part in ("minAllowed", "maxAllowed"))

    def capped(value: int) -> int:
        value = value if low is None else max(value, low)
        return value if high is None else min(value, high)

    return Bounds(capped(uncapped), capped(max(lower, least)), capped(upper), uncapped)


def _allowed(policy: Obj, part: str, resource: str) -> int | None:
    text = (policy.get(part) or {}).get(resource)
    if text is None:
        return None
    return quantities.milli(text) if resource == "cpu" else quantities.value(text)


def written(resource: str, amount: int) -> str:
    return quantities.from_milli(amount) if resource == "cpu" else quantities.from_value(amount)


def read(resource: str, text: str) -> int:
    return quantities.milli(text) if resource == "cpu" else quantities.value(text)
