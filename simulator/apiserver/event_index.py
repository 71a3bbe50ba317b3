"""Finds the Event that a new one repeats.

client-go's correlator keeps this in each recorder's memory; here it is derived from what is stored, so that a restored cluster
counts on exactly as before. Two Events are the same when involved object, type, reason, message, source and field path are.
"""

from collections.abc import Iterable, Mapping

from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.machinery.store import Key


class EventIndex:
    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], Key] = {}
        self._unread: Mapping[Key, Obj] | None = None
        """The stored Events, until somebody asks."""
        self._asked: tuple[Obj, tuple[str, ...]] | None = None
        """The event that was looked for last; nearly always it is stored next."""

    def find(self, event: Obj) -> Key | None:
        identity = _identity(event)
        self._asked = (event, identity)
        return self._index().get(identity)

    def add(self, key: Key, event: Obj) -> None:
        asked, self._asked = self._asked, None
        identity = asked[1] if asked is not None and _tells_the_same(asked[0], event) else _identity(event)
        self._index()[identity] = key

    def remove(self, key: Key, event: Obj) -> None:
        identity, known = _identity(event), self._index()
        if known.get(identity) == key:
            del known[identity]

    def rebuild(self, events: Mapping[Key, Obj]) -> None:
        """After a restore: from the stored Events, when it is first needed."""
        self._unread = events

    def _index(self) -> dict[tuple[str, ...], Key]:
        if self._unread is not None:
            self._known = {_identity(event): key for key, event in self._unread.items()}
            self._unread = None
        return self._known


def packed(fading: list[tuple[int, Key]], table: Iterable[Key]) -> Plain:
    """For a snapshot: times as differences; an Event as how many further down its table it lies than the one before, by its key
    when it is gone."""
    places = {key: place for place, key in enumerate(table)}
    dues: list[Plain] = []
    events: list[Plain] = []
    at = last = 0
    for due, key in fading:
        place = places.get(key)
        dues.append(due - at)
        events.append(list(key) if place is None else place - last)
        at, last = due, last if place is None else place
    return [dues, events]


def unpacked(state: Plain, table: Iterable[Key]) -> list[tuple[int, Key]]:
    """The inverse of `packed`."""
    keys, at, last = list(table), 0, 0
    fading: list[tuple[int, Key]] = []
    for due, event in zip(*state, strict=True):
        at += due
        if isinstance(event, int):
            last += event
        fading.append((at, keys[last] if isinstance(event, int) else (event[0], event[1])))
    return fading


def _tells_the_same(asked: Obj, event: Obj) -> bool:
    """By a glance at parts that are shared; a webhook may have changed the one that was asked for."""
    return (
        asked["involvedObject"] is event["involvedObject"]
        and asked["message"] is event.get("message")
        and asked["reason"] is event.get("reason")
        and asked["type"] is event.get("type")
        and asked["source"] is event.get("source")
    )


def _identity(event: Obj) -> tuple[str, ...]:
    about, source = event["involvedObject"].get, (event.get("source") or {}).get
    told = event.get
    return (
        about("uid", ""),
        about("name", ""),
        about("kind", ""),
        about("namespace", ""),
        about("fieldPath", ""),
        told("type", ""),
        told("reason", ""),
        told("message", ""),
        source("component", ""),
        source("host", ""),
    )
