"""Finds the Event that a new one repeats.

client-go's correlator keeps this in each recorder's memory; here it is derived from what is stored, so that a restored cluster
counts on exactly as before. Two Events are the same when involved object, type, reason, message, source and field path are.
"""

from collections.abc import Iterable

from simulator.engine.plain import Obj
from simulator.machinery.store import Key


class EventIndex:
    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], Key] = {}

    def find(self, event: Obj) -> Key | None:
        return self._known.get(_identity(event))

    def add(self, key: Key, event: Obj) -> None:
        self._known[_identity(event)] = key

    def remove(self, key: Key, event: Obj) -> None:
        identity = _identity(event)
        if self._known.get(identity) == key:
            del self._known[identity]

    def rebuild(self, events: Iterable[tuple[Key, Obj]]) -> None:
        self._known = {_identity(event): key for key, event in events}


def _identity(event: Obj) -> tuple[str, ...]:
    about, source = event["involvedObject"], event.get("source") or {}
    return (
        about.get("namespace", ""),
        about.get("kind", ""),
        about.get("name", ""),
        about.get("uid", ""),
        about.get("fieldPath", ""),
        event.get("type", ""),
        event.get("reason", ""),
        event.get("message", ""),
        source.get("component", ""),
        source.get("host", ""),
    )
