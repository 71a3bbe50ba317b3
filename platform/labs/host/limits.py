"""Buckets that keep one learner from slowing the others. Time is passed in, so tests decide what it is."""

from dataclasses import dataclass


@dataclass(slots=True)
class TokenBucket:
    """`rate` tokens a second, at most `burst` saved up."""

    rate: float
    burst: float
    level: float
    stamp: float

    @classmethod
    def full(cls, rate: float, burst: float, now: float) -> "TokenBucket":
        return cls(rate, burst, burst, now)

    def refill(self, now: float) -> None:
        self.level = min(self.burst, self.level + max(0.0, now - self.stamp) * self.rate)
        self.stamp = now

    def take(self, now: float) -> float:
        """Take one token: 0, or the seconds to wait until there is one."""
        self.refill(now)
        if self.level < 1:
            return (1 - self.level) / self.rate
        self.level -= 1
        return 0.0

    def spend(self, amount: float, now: float) -> None:
        """Take what was used already, into debt if need be."""
        self.refill(now)
        self.level -= amount

    def in_debt(self, now: float) -> bool:
        self.refill(now)
        return self.level < 0
