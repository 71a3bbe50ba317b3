"""Events' time to live (kube-apiserver `--event-ttl`): an hour after the last time they were told, they are gone.

No polling: the next sweep is at the minute in which the oldest Event is due, and there is none while there are no Events.
"""

from typing import Protocol

from simulator.apiserver.event_index import packed, unpacked
from simulator.engine import Engine, Plain
from simulator.engine.plain import Obj
from simulator.machinery.store import Key, Store

_EVENT_TTL_US = 3_600_000_000
_EVENT_SWEEP_US = 60_000_000


class Remove(Protocol):
    """Takes an object out of the store: `commits.Commits`'s own."""

    def __call__(self, who: str, resource: str, key: Key, obj: Obj) -> Obj: ...


class EventExpiry:
    """Its state is dumped by the component that is called `owner`, which also gets the engine's event `sweep`."""

    def __init__(self, engine: Engine, store: Store, owner: str, remove: Remove) -> None:
        self._engine = engine
        self._store = store
        self._owner = owner
        self._remove = remove
        self._fading: list[tuple[int, Key]] = []
        """In order of expiry: (due, key)."""
        self._sweeping = False

    def told(self, key: Key) -> None:
        """An Event was written."""
        self._fading.append((self._engine.now + _EVENT_TTL_US, key))
        if not self._sweeping:
            self._arm()

    def sweep(self) -> None:
        """Forgets the Events that are an hour old."""
        engine = self._engine
        self._sweeping = False
        due = [entry for entry in self._fading if entry[0] <= engine.now]
        self._fading = self._fading[len(due) :]
        engine.cause = engine.record("timer", self._owner, note="events older than one hour expire", because=0)
        for _, key in due:
            event = self._store.get("events", key)
            if event is not None and self._ends(event) <= engine.now:
                self._remove(self._owner, "events", key, event)
        self._arm()

    def _ends(self, event: Obj) -> int:
        told = event.get("lastTimestamp") or event["metadata"]["creationTimestamp"]
        return self._engine.micros(told) + _EVENT_TTL_US

    def _arm(self) -> None:
        if self._fading and not self._sweeping:
            self._sweeping = True
            wait = max(self._fading[0][0] - self._engine.now, 0)
            self._engine.schedule(-(-wait // _EVENT_SWEEP_US) * _EVENT_SWEEP_US, self._owner, "sweep")

    def dump(self) -> dict[str, Plain]:
        return {"fading": packed(self._fading, self._store.table("events")), "sweeping": self._sweeping}

    def load(self, state: dict[str, Plain]) -> None:
        self._fading = unpacked(state["fading"], self._store.table("events"))
        self._sweeping = state["sweeping"]
