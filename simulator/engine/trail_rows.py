"""A row of the trail, and many rows as a snapshot holds them: column by column, each thing said once.

Who did what to which kind of thing is one of a few deeds. What it was done to is told by how many other things were new since; its name,
where something else had it before, by how many things ago, also when the moment of the row is added to it, as in the names of Events.
Numbers that grow are told as differences. Together that is a sixth of the bytes of the rows themselves, packed.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import accumulate
from struct import pack
from typing import NamedTuple

from simulator.engine.columns import backs, from_backs, numbered, steps
from simulator.engine.plain import Plain


class TrailRow(NamedTuple):
    ev: int
    at: int
    """Simulated microseconds since cluster start."""
    type: str
    """start, command, fault, timer, write, refusal (a write that was asked for and not done), or run (a program in a container)."""
    actor: str
    """Who did it: `you`, `deployment-controller`, `kubelet/node-3` …"""
    verb: str
    resource: str
    namespace: str
    name: str
    uid: str
    rev: int
    """The store's revision that this write made; 0 for anything that is not a write."""
    because: int
    """The ev that led to this one; 0 for a root."""
    root: int
    hop: int
    """How many steps from the root; a root is 0."""
    note: str


#: A row from all its values at once: half the price of naming them.
row_of = partial(tuple.__new__, TrailRow)

#: Digits of the moment that a name may end with, and with the point before them.
_DIGITS, _ENDING = 16, 17
_MASK = (1 << 64) - 1


def moment(epoch_s: int, at: int, ev: int) -> str:
    """Unix nanoseconds as an Event's name ends with them; within one microsecond they are told apart by the newest row's number."""
    return f"{epoch_s * 1_000_000_000 + at * 1_000 + ev % 1_000:x}"


class TrailColumns:
    """`told` makes columns of rows, `taken` is its inverse."""

    def __init__(self, epoch_s: int) -> None:
        self._zero = epoch_s * 1_000_000_000

    def told(self, rows: list[TrailRow]) -> Plain:
        if not rows:
            return []
        evs, times, types, actors, verbs, resources, namespaces, names, uids, revisions, causes, *rest = zip(
            *rows, strict=True
        )
        subjects, things = backs(zip(names, uids, strict=True))
        return [
            subjects,
            _names_told([name for name, _ in things], self._endings(evs, times, subjects)),
            [uid for _, uid in things],
            *numbered(zip(types, actors, verbs, resources, namespaces, strict=True)),
            steps(times),
            [revision > 0 for revision in revisions],
            steps(filter(None, revisions)),
            [cause and ev - cause for ev, cause in zip(evs, causes, strict=True)],
            *rest,
        ]

    def taken(self, first: int, state: Plain) -> list[TrailRow]:
        """`first`: the number of the first row."""
        if not state:
            return []
        subjects, names, uids, deeds, distinct, times, writes, revisions, causes, *rest = state
        evs = range(first, first + len(subjects))
        times = list(accumulate(times))
        things = list(zip(_names_taken(names, self._endings(evs, times, subjects)), uids, strict=True))
        revision = accumulate(revisions)
        columns = zip(
            evs,
            times,
            *zip(*map(distinct.__getitem__, deeds), strict=True),
            *zip(*map(things.__getitem__, from_backs(subjects)), strict=True),
            [next(revision) if written else 0 for written in writes],
            [back and ev - back for ev, back in zip(evs, causes, strict=True)],
            *rest,
            strict=True,
        )
        return list(map(row_of, columns))

    def _endings(self, evs: Sequence[int], times: Sequence[int], subjects: Sequence[int]) -> list[str]:
        """With what names of the rows' moments end, of rows with a new subject. One of fewer digits, of another century, is not right."""
        zero = self._zero
        nanos = [
            zero + at * 1_000 + (ev - 1) % 1_000 & _MASK
            for ev, at, back in zip(evs, times, subjects, strict=True)
            if not back
        ]
        digits = pack(f">{len(nanos)}Q", *nanos).hex()
        return [f".{digits[place : place + _DIGITS]}" for place in range(0, len(digits), _DIGITS)]


def _names_told(names: list[str], endings: list[str]) -> list[str | int]:
    """Each name, or twice how many names back it was; one more when the moment is added to it. `endings`: their moments."""
    places: dict[str, int] = {}
    told: list[str | int] = []
    for place, (name, ending) in enumerate(zip(names, endings, strict=True)):
        is_ended = name[-_ENDING:] == ending
        base = name[:-_ENDING] if is_ended else name
        before = places.get(base)
        told.append(name if before is None else 2 * (place - before) + is_ended)
        places[base] = place
    return told


def _names_taken(told: list[str | int], endings: list[str]) -> Iterator[str]:
    bases: list[str] = []
    for name, ending in zip(told, endings, strict=True):
        if isinstance(name, str):
            base = name[:-_ENDING] if name[-_ENDING:] == ending else name
            yield name
        else:
            base = bases[-(name >> 1)]
            yield f"{base}{ending}" if name & 1 else base
        bases.append(base)
