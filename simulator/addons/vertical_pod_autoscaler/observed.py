"""What was seen of the containers of one name under one autoscaler: samples of CPU, peaks of memory.

Follows `pkg/recommender/model/container.go` and `aggregate_container_state.go`: every minute a sample of CPU; of memory one peak a container and
day, told for the end of that day, which a larger one replaces, or what a container needs that was killed for want of memory.
Use stays the same between two looks but for one moment at which something happened, so the minutes between are added at once.
"""

from dataclasses import dataclass, field

from simulator.addons.vertical_pod_autoscaler.histogram import CPU, MEMORY, MINUTE_US, Histogram
from simulator.engine import Plain

DAY_US = 86_400_000_000
#: The weight of a sample (minSampleWeight); requests do not raise it since samples are told by labels.
_CPU_WEIGHT = 0.1
#: What a killed container gets at least on top of what it had: --oom-min-bump-up-bytes and --oom-bump-up-ratio.
_OOM_LEAST = 104_857_600
_OOM_PERCENT = 120


@dataclass(slots=True)
class Container:
    """One container of one pod."""

    sampled_us: int
    """The minute of its last sample."""
    cpu: int = -1
    """Milli-CPU, as last seen; -1 while it is not measured."""
    memory: int = 0
    """Bytes."""
    window_end_us: int = 0
    """The end of the day for which its peak is told; 0: none yet."""
    peak: int = 0
    oom_peak: int = 0


@dataclass(slots=True)
class Observed:
    cpu: Histogram = field(default_factory=lambda: Histogram(CPU))
    memory: Histogram = field(default_factory=lambda: Histogram(MEMORY))
    first_us: int = 0
    last_us: int = 0
    samples: int = 0
    """Of CPU, of all containers."""
    containers: dict[str, Container] = field(default_factory=dict)
    """By the pod's uid."""

    def confidence(self) -> float:
        """How many days of one sample a minute this is worth."""
        return min((self.last_us - self.first_us) / DAY_US, self.samples / 1_440)

    def see(self, uses: dict[str, tuple[int, int] | None], now: int, changed_us: int) -> None:
        """`uses`: uid of each pod there is → (milli-CPU, bytes) now, None: not measured; until `changed_us` they were as last seen."""
        minute = now // MINUTE_US * MINUTE_US
        changed = min(changed_us // MINUTE_US * MINUTE_US, minute)
        for uid in sorted({**self.containers, **uses}):
            known = self.containers.setdefault(uid, Container(minute))
            self._sample(known, until_us=changed)
            if uid not in uses:
                del self.containers[uid]
                continue
            use = uses[uid]
            if use is not None and known.cpu < 0:
                known.sampled_us = minute - MINUTE_US
            known.cpu, known.memory = use or (-1, 0)
            self._sample(known, until_us=minute)

    def killed(self, uid: str, at_us: int, requested: int) -> None:
        """A container was killed for want of memory; `requested`: what it asked for."""
        known = self.containers.setdefault(uid, Container(at_us // MINUTE_US * MINUTE_US))
        if known.window_end_us and at_us < known.window_end_us - DAY_US:
            return
        used = max(requested, known.peak)
        self._peak(known, max(used + _OOM_LEAST, used * _OOM_PERCENT // 100), at_us, is_oom=True)

    def next_day_us(self) -> int | None:
        """When the next container's day is over, and with it what its peak counts for."""
        return min((one.window_end_us for one in self.containers.values() if one.window_end_us), default=None)

    def _sample(self, known: Container, *, until_us: int) -> None:
        times = (until_us - known.sampled_us) // MINUTE_US
        if times <= 0 or known.cpu < 0:
            return
        since = known.sampled_us + MINUTE_US
        self.cpu.add(known.cpu / 1_000, _CPU_WEIGHT, since, times=times)
        self.first_us = self.first_us or since
        self.last_us, self.samples = max(self.last_us, until_us), self.samples + times
        self._peak(known, known.memory, since)
        while known.window_end_us <= until_us:
            self._peak(known, known.memory, -(-known.window_end_us // MINUTE_US) * MINUTE_US)
        known.sampled_us = until_us

    def _peak(self, known: Container, memory: int, at_us: int, *, is_oom: bool = False) -> None:
        known.window_end_us = known.window_end_us or at_us
        if at_us < known.window_end_us:
            before = max(known.peak, known.oom_peak)
            if not before or memory <= before:
                return
            self.memory.subtract(before, 1.0, known.window_end_us)
        else:
            known.window_end_us += (at_us - known.window_end_us) // DAY_US * DAY_US + DAY_US
            known.peak = known.oom_peak = 0
        self.memory.add(memory, 1.0, known.window_end_us)
        if is_oom:
            known.oom_peak = memory
        else:
            known.peak = memory

    # State

    def dump(self) -> Plain:
        return {
            "cpu": self.cpu.dump(),
            "memory": self.memory.dump(),
            "first": self.first_us,
            "last": self.last_us,
            "samples": self.samples,
            "containers": [
                [uid, one.sampled_us, one.cpu, one.memory, one.window_end_us, one.peak, one.oom_peak]
                for uid, one in self.containers.items()
            ],
        }

    @classmethod
    def restored(cls, state: Plain) -> "Observed":
        made = cls(first_us=state["first"], last_us=state["last"], samples=state["samples"])
        made.cpu.load(state["cpu"])
        made.memory.load(state["memory"])
        made.containers = {uid: Container(*rest) for uid, *rest in state["containers"]}
        return made
