"""Finds the Event that a new one repeats.

client-go's correlator keeps this in each recorder's memory; here it is derived from what is stored, so that a restored cluster
counts on exactly as before. Two Events are the same when involved object, type, reason, message, source and field path are.
"""

from collections.abc import Iterable, Mapping

from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.machinery.store import Key

#: What tells Events apart: the involved object's uid, name, kind, namespace and field path; type, reason and message; the source's
#: component and host.
Identity = tuple[str, str, str, str, str, str, str, str, str, str]


class EventIndex:
    def __init__(self) -> None:
        self._known: dict[Identity, Key] = {}
        self._unread: Mapping[Key, Obj] | None = None
        """The stored Events, until somebody asks."""

    def add(self, key: Key, event: Obj) -> None:
        self.known[identity_of(event)] = key

    def remove(self, key: Key, event: Obj) -> None:
        identity, known = identity_of(event), self.known
        if known.get(identity) == key:
            del known[identity]

    def rebuild(self, events: Mapping[Key, Obj]) -> None:
        """After a restore: from the stored Events, when it is first needed."""
        self._unread = events

    @property
    def known(self) -> dict[Identity, Key]:
        if self._unread is not None:
            self._known = {identity_of(event): key for key, event in self._unread.items()}
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


def identity_of(event: Obj) -> Identity:
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
