"""The last step of every write: the row in the trail, the store, and all who are told.

Counterpart of `staging/src/k8s.io/apiserver/pkg/storage`: a commit gives the object its revision. Promises: whatever is in the store came
through here, in the order of its revisions. Leaves to others: whether the write is allowed (`registry`).
"""

from collections.abc import Callable

from simulator.apiserver.admission.chain import WATCHERS, AdmissionChain
from simulator.apiserver.audit import Audit
from simulator.apiserver.encryption import Encryption
from simulator.apiserver.event_expiry import EventExpiry
from simulator.apiserver.event_index import EventIndex, Identity
from simulator.apiserver.watchers import Watchers
from simulator.engine import Engine
from simulator.engine.plain import Obj
from simulator.machinery.custom.definitions import RESOURCE as DEFINITIONS
from simulator.machinery.kinds import Kinds
from simulator.machinery.store import Change, Key, Store

#: Objects by which the API server itself goes: what it serves, and who has a say in a write.
_RULES = frozenset((DEFINITIONS, *WATCHERS))


class Commits:
    """What it remembers of Events is dumped by the registry, whose `owner` also gets the engine's event `sweep`."""

    def __init__(
        self,
        engine: Engine,
        store: Store,
        *,
        kinds: Kinds,
        admission: AdmissionChain,
        audit: Audit,
        encryption: Encryption,
        owner: str,
    ) -> None:
        self.observers: list[Callable[[Change], None]] = []
        """Called at once with every change: pictures and checks, never components."""
        self.watchers = Watchers()
        self.event_index = EventIndex()
        self.expiry = EventExpiry(engine, store, owner, self.remove)
        self._engine = engine
        self._store = store
        self._kinds = kinds
        self._admission = admission
        self._audit = audit
        self._encryption = encryption

    def put(self, who: str, verb: str, resource: str, key: Key, obj: Obj) -> Obj:
        """Returns the object with its revision."""
        metadata = obj["metadata"]
        revision = self._store.revision + 1
        stored = {**obj, "metadata": {**metadata, "resourceVersion": str(revision)}}
        self._write(who, verb, resource, key, stored, revision)
        if resource == "events":
            self.event_index.add(key, stored)
            self.expiry.told(key)
        return stored

    def put_event(self, who: str, key: Key, event: Obj, identity: Identity) -> None:
        """`put` of a new Event that nobody else holds: it gets its revision in place."""
        revision = self._store.revision + 1
        event["metadata"]["resourceVersion"] = str(revision)
        self._write(who, "create", "events", key, event, revision)
        self.event_index.known[identity] = key
        self.expiry.told(key)

    def _write(self, who: str, verb: str, resource: str, key: Key, stored: Obj, revision: int) -> None:
        """`stored` carries the next revision."""
        engine, uid = self._engine, stored["metadata"]["uid"]
        if self._audit.is_on and self._admission.person is None:
            self._audit.component(who, verb, resource, key, stored)
        ev = engine.trail.write(engine.now, who, verb, resource, key, uid, revision, engine.cause)
        if self._encryption.is_used:
            self._encryption.wrote(resource, key)
        change = self._store.put(resource, key, stored, ev)
        if resource in _RULES:
            self._rules_changed(resource, stored)
        for observer in self.observers:
            observer(change)
        self.watchers.tell(change)

    def remove(self, who: str, resource: str, key: Key, obj: Obj) -> Obj:
        """Returns the object as it was last, with the revision of its end."""
        revision = self._store.revision + 1
        last = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(revision)}}
        engine = self._engine
        if self._audit.is_on and self._admission.person is None:
            self._audit.component(who, "delete", resource, key, last)
        uid = last["metadata"]["uid"]
        ev = engine.trail.write(engine.now, who, "delete", resource, key, uid, revision, engine.cause)
        self._encryption.removed(resource, key)
        if resource == "events":
            self.event_index.remove(key, last)
        change = self._store.remove(resource, key, last, ev)
        if resource == DEFINITIONS:
            self._kinds.forget(key[1])
        elif resource in _RULES:
            self._rules_changed(resource, last)
        for observer in self.observers:
            observer(change)
        self.watchers.tell(change)
        return last

    def _rules_changed(self, resource: str, obj: Obj) -> None:
        """What is served, and who has a say in a write, follows from the objects that are there."""
        if resource == DEFINITIONS:
            self._kinds.define(obj)
        else:
            self._admission.rules_changed()

    def replace_all(self, wanted: dict[str, dict[Key, Obj]]) -> int:
        """Makes the store hold exactly these objects, as they are; returns how many keys changed. What etcd's tools do."""
        changed = 0
        for resource in sorted({*self._store.resources(), *wanted}):
            rows = wanted.get(resource, {})
            for key, obj in self._store.written(resource):
                if key not in rows:
                    self.remove("etcd", resource, key, obj)
                    changed += 1
            for key, obj in rows.items():
                if self._store.get(resource, key) != obj:
                    self.put("etcd", "restore", resource, key, obj)
                    changed += 1
        return changed

    def unheard(self) -> int:
        """The revision after which somebody still waits to hear of changes."""
        first = self.watchers.first_unheard()
        return self._store.revision if first is None else first - 1
