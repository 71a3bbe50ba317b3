"""Decaying histograms: how a use was spread, where what lies a day back counts half.

Follows `pkg/recommender/util/histogram.go`, `decaying_histogram.go`, `histogram_options.go` and `model/aggregations_config.go`: buckets that grow by
5 %, a half-life of 24 hours, percentiles that are told as the end of their bucket. A use that stays the same for many
minutes is added at once: its samples are a geometric series.
"""

from dataclasses import dataclass, field
from math import ceil, log
from typing import NamedTuple

from simulator.engine import Plain

HALF_LIFE_US = 86_400_000_000
MINUTE_US = 60_000_000
#: Buckets with less weight count as empty: a thousandth of the weight of a sample of CPU.
_EPSILON = 0.0001
#: After so many half-lives weights are told anew, before they grow out of a float.
_MOST_HALF_LIVES = 100


class Buckets(NamedTuple):
    """Cores or bytes."""

    first: float
    """Size of the first one."""
    most: float
    ratio: float = 1.05

    @property
    def number(self) -> int:
        return ceil(log(self.most * (self.ratio - 1) / self.first + 1, self.ratio)) + 1

    def find(self, value: float) -> int:
        if value < self.first:
            return 0
        return min(int(log(value * (self.ratio - 1) / self.first + 1, self.ratio)), self.number - 1)

    def start(self, bucket: int) -> float:
        return self.first * (self.ratio**bucket - 1) / (self.ratio - 1) if bucket else 0.0


CPU = Buckets(0.01, 1_000.0)
MEMORY = Buckets(1e7, 1e12)


@dataclass(slots=True)
class Histogram:
    buckets: Buckets
    half_life_us: int = HALF_LIFE_US
    weights: dict[int, float] = field(default_factory=dict)
    """By bucket, as of the reference."""
    reference_us: int | None = None

    def add(self, value: float, weight: float, at_us: int, *, times: int = 1) -> None:
        """`times`: as many samples, a minute apart, the first of them at `at_us`."""
        self._refer_to(at_us + (times - 1) * MINUTE_US)
        bucket = self.buckets.find(value)
        self.weights[bucket] = self.weights.get(bucket, 0.0) + weight * self._factor(at_us) * self._series(times)

    def subtract(self, value: float, weight: float, at_us: int) -> None:
        self._refer_to(at_us)
        bucket = self.buckets.find(value)
        left = self.weights.get(bucket, 0.0) - weight * self._factor(at_us)
        if left < _EPSILON:
            self.weights.pop(bucket, None)
        else:
            self.weights[bucket] = left

    def percentile(self, share: float) -> float:
        """The end of the bucket in which that share of the weight is reached; 0 when there is none."""
        bucket = self.percentile_bucket(share)
        if bucket is None:
            return 0.0
        return self.buckets.start(min(bucket + 1, self.buckets.number - 1))

    def percentile_bucket(self, share: float) -> int | None:
        filled = sorted(bucket for bucket, weight in self.weights.items() if weight >= _EPSILON)
        if not filled:
            return None
        threshold, partial = share * sum(self.weights.values()), 0.0
        for bucket in range(filled[0], filled[-1]):
            partial += self.weights.get(bucket, 0.0)
            if partial >= threshold:
                return bucket
        return filled[-1]

    def copy(self) -> "Histogram":
        return Histogram(self.buckets, self.half_life_us, dict(self.weights), self.reference_us)

    def _factor(self, at_us: int) -> float:
        assert self.reference_us is not None
        return float(2.0 ** ((at_us - self.reference_us) / self.half_life_us))

    def _series(self, times: int) -> float:
        if times == 1:
            return 1.0
        step = 2.0 ** (MINUTE_US / self.half_life_us)
        return float((step**times - 1) / (step - 1))

    def _refer_to(self, at_us: int) -> None:
        """Moves the reference when weights of this moment would grow too large."""
        if self.reference_us is None:
            self.reference_us = at_us
        if at_us - self.reference_us <= _MOST_HALF_LIVES * self.half_life_us:
            return
        moved = round((at_us - self.reference_us) / self.half_life_us) * self.half_life_us
        factor = 2.0 ** (-moved / self.half_life_us)
        self.weights = {
            bucket: weight * factor for bucket, weight in self.weights.items() if weight * factor >= _EPSILON
        }
        self.reference_us += moved

    # State

    def dump(self) -> Plain:
        return [self.reference_us, [[bucket, weight] for bucket, weight in sorted(self.weights.items())]]

    def load(self, state: Plain) -> None:
        self.reference_us, weights = state
        self.weights = dict(map(tuple, weights))
