"""Columns of a table as a snapshot holds them: what repeats is told once, numbers that grow are told as differences."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import accumulate, pairwise
from typing import TypeVar

T = TypeVar("T", bound=Hashable)


def steps(numbers: Iterable[int]) -> list[int]:
    """Each as its difference from the one before; `accumulate` is the inverse."""
    return [after - before for before, after in pairwise((0, *numbers))]


def numbered(values: Iterable[T]) -> tuple[list[int], list[T]]:
    """Each as its number among the distinct ones, and those in the order of their first coming."""
    known: dict[T, int] = {}
    return [known.setdefault(value, len(known)) for value in values], list(known)


def backs(values: Iterable[T]) -> tuple[list[int], list[T]]:
    """As `numbered`, but each by how many distinct ones were new since it was: 0 is a new one itself."""
    known: dict[T, int] = {}
    told = []
    for value in values:
        count = len(known)
        told.append(count - known.setdefault(value, count))
    return told, list(known)


def from_backs(told: Sequence[int]) -> Iterator[int]:
    """The numbers that the first half of what `backs` returned stands for."""
    news = accumulate(not back for back in told)
    return (count - (back or 1) for count, back in zip(news, told, strict=True))
