"""Sets of completion indexes as a Job's status writes them: `0-3,5,7,8`.

https://kubernetes.io/docs/concepts/workloads/controllers/job/#completion-mode; upstream's indexed_job_utils.go. Kept as
intervals, so that a set costs by its gaps and not by its size.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

#: First and last, both included.
Interval = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Indexes:
    intervals: tuple[Interval, ...] = ()
    """In order, neither overlapping nor touching."""

    @classmethod
    def parse(cls, text: str, completions: int) -> "Indexes":
        """Indexes below `completions`; parts that are no numbers are skipped."""
        found = []
        for part in text.split(","):
            first, _, last = part.partition("-")
            if first.isdigit() and (last.isdigit() or not last) and int(first) < completions:
                found.append((int(first), min(int(last or first), completions - 1)))
        return cls(_merged(found))

    @classmethod
    def of(cls, indexes: Iterable[int]) -> "Indexes":
        return cls(_merged((index, index) for index in indexes))

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.intervals)

    def __contains__(self, index: int) -> bool:
        return any(first <= index <= last for first, last in self.intervals)

    def __or__(self, other: "Indexes") -> "Indexes":
        return Indexes(_merged((*self.intervals, *other.intervals)))

    def __str__(self) -> str:
        return ",".join(_written(*interval) for interval in self.intervals)

    def shared(self, other: "Indexes") -> int:
        """How many indexes are in both."""
        return len(self) + len(other) - len(self | other)

    def missing(self, completions: int) -> Iterator[int]:
        """Indexes below `completions` that are not here, lowest first."""
        candidate = 0
        for first, last in (*self.intervals, (completions, completions)):
            yield from range(candidate, min(first, completions))
            candidate = last + 1


def _merged(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    result: list[Interval] = []
    for first, last in sorted(intervals):
        if result and first <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(result[-1][1], last))
        else:
            result.append((first, last))
    return tuple(result)


def _written(first: int, last: int) -> str:
    if first == last:
        return str(first)
    return f"{first},{last}" if last == first + 1 else f"{first}-{last}"
