"""The cluster's objects, their revisions and the ordered log of changes: what etcd keeps.

Promises: one revision counter for everything; objects are never changed in place; `log` replays exactly the
changes after any revision that is not compacted. Leaves to others: what an object may look like, and whether
the members of etcd agree to a write (`apiserver.etcd`).
"""

from collections import deque
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from typing import NamedTuple

from simulator.engine.plain import Obj, Plain
from simulator.machinery.event_columns import EventColumns
from simulator.machinery.shared_specs import SharedSpecs

#: (namespace, name); the namespace of cluster-scoped objects is "".
Key = tuple[str, str]


class Change(NamedTuple):
    rev: int
    ev: int
    type: str
    """ADDED, MODIFIED or DELETED."""
    resource: str
    key: Key
    old: Obj | None
    new: Obj | None


#: A change from all its values at once: half the price of naming them.
_change = partial(tuple.__new__, Change)


class Compacted(Exception):
    """The changes after the wanted revision are no longer known (410 Gone at the API)."""

    def __init__(self, wanted: int, oldest: int) -> None:
        super().__init__(f"revision {wanted} is compacted, the oldest known is {oldest}")
        self.wanted = wanted
        self.oldest = oldest


class Store:
    """Tables of objects by resource. Iteration order of a table is creation order."""

    def __init__(self, log_limit: int = 10_000) -> None:
        self.revision = 0
        self.compacted = 0
        """Changes up to this revision are forgotten."""
        self.log: deque[Change] = deque()
        self._log_limit = log_limit
        self._tables: dict[str, dict[Key, Obj]] = {}
        self._names: dict[tuple[str, str], dict[str, None]] = {}
        self._born: dict[str, dict[Key, Obj]] = {}

    def endow(self, born: dict[str, dict[Key, Obj]]) -> None:
        """Objects that are there from the beginning, without a write. A snapshot only tells what became of them."""
        self._born = born
        for resource, objects in born.items():
            self._tables[resource] = dict(objects)
            for namespace, name in objects:
                self._names.setdefault((resource, namespace), {})[name] = None

    def get(self, resource: str, key: Key) -> Obj | None:
        table = self._tables.get(resource)
        return None if table is None else table.get(key)

    def table(self, resource: str) -> dict[Key, Obj]:
        """All objects of a resource, by key, in creation order. Read only."""
        return self._tables.get(resource) or {}

    def has_any(self, resources: Iterable[str]) -> bool:
        """Whether there is an object of one of these."""
        return any(map(self._tables.get, resources))

    def in_namespace(self, resource: str, namespace: str) -> Iterator[Obj]:
        """Objects of one namespace in creation order."""
        table = self._tables.get(resource) or {}
        for name in self._names.get((resource, namespace), ()):
            yield table[namespace, name]

    def resources(self) -> list[str]:
        """Resources that hold at least one object, sorted."""
        return sorted(name for name, table in self._tables.items() if table)

    def written(self, resource: str) -> list[tuple[Key, Obj]]:
        """The objects of a resource that somebody wrote; not those the store was endowed with."""
        born = self._born.get(resource, {})
        return [(key, obj) for key, obj in self._tables.get(resource, {}).items() if born.get(key) is not obj]

    def count(self) -> int:
        """Objects that somebody wrote; those the store was endowed with are not counted."""
        return sum(len(table) for table in self._tables.values()) - sum(len(objects) for objects in self._born.values())

    def put(self, resource: str, key: Key, obj: Obj, ev: int) -> Change:
        """Stores `obj`, which must carry the next revision as its resourceVersion."""
        table = self._tables.setdefault(resource, {})
        old = table.get(key)
        table[key] = obj
        if old is None:
            self._names.setdefault((resource, key[0]), {})[key[1]] = None
        self.revision = revision = self.revision + 1
        change = _change((revision, ev, "MODIFIED" if old else "ADDED", resource, key, old, obj))
        self.log.append(change)
        if len(self.log) > self._log_limit:
            self.compacted = self.log.popleft().rev
        return change

    def remove(self, resource: str, key: Key, last: Obj, ev: int) -> Change:
        """Removes the object; `last` is its final form, as watchers get it."""
        old = self._tables[resource].pop(key)
        del self._names[resource, key[0]][key[1]]
        return self._append(Change(self.revision + 1, ev, "DELETED", resource, key, old, last))

    def changes_since(self, revision: int) -> list[Change]:
        """Raises Compacted when some of them are forgotten."""
        if revision < self.compacted:
            raise Compacted(revision, self.compacted)
        wanted = self.revision - revision
        if wanted <= 0:
            return []
        return list(islice(self.log, len(self.log) - wanted, None))

    def table_at(self, resource: str, revision: int) -> dict[Key, Obj]:
        """The objects of a resource as they were at an earlier revision. Raises Compacted."""
        table = dict(self.table(resource))
        for change in reversed(self.changes_since(revision)):
            if change.resource != resource:
                continue
            if change.old is None:
                del table[change.key]
            else:
                table[change.key] = change.old
        return table

    def renumber(self, revision: int, unheard: int) -> dict[int, Change]:
        """Moves the counter on to `revision`. Of the log only the changes after `unheard` are kept, under new numbers (old → new change)."""
        kept = [change for change in self.log if change.rev > unheard]
        first = revision - len(kept) + 1
        moved = {change.rev: change._replace(rev=first + index) for index, change in enumerate(kept)}
        self.log = deque(moved.values())
        self.revision, self.compacted = revision, revision - len(kept)
        return moved

    def _append(self, change: Change) -> Change:
        self.revision = change.rev
        self.log.append(change)
        if len(self.log) > self._log_limit:
            self.compacted = self.log.popleft().rev
        return change

    def dump(self, keep_log_after: int) -> Plain:
        """`keep_log_after`: the oldest revision somebody still waits to hear of; the log is written from there."""
        kept = [change for change in self.log if change.rev > keep_log_after]
        specs = SharedSpecs()
        return {
            "revision": self.revision,
            "tables": [[name, rows] for name in sorted(self._tables) if (rows := self._rows(name, specs))],
            "pod_specs": specs.dump(),
            "gone": [
                [name, *key] for name, objects in self._born.items() for key in objects if key not in self._tables[name]
            ],
            "log": [[c.rev, c.ev, c.type, c.resource, *c.key, c.old, c.new] for c in kept],
        }

    def _rows(self, resource: str, specs: SharedSpecs) -> Plain:
        born = self._born.get(resource, {})
        if resource == "events":
            return EventColumns().told(self._tables[resource])
        if resource == "pods":
            return [[*key, specs.told(obj)] for key, obj in self._tables[resource].items()]
        return [[*key, obj] for key, obj in self._tables[resource].items() if born.get(key) is not obj]

    def load(self, state: Plain) -> None:
        self.revision = state["revision"]
        self._tables = {name: dict(objects) for name, objects in self._born.items()}
        for name, namespace, object_name in state["gone"]:
            del self._tables[name][namespace, object_name]
        specs = SharedSpecs(state["pod_specs"])
        for name, rows in state["tables"]:
            if name == "events":
                self._tables[name] = dict(EventColumns().taken(rows))
                continue
            if name == "pods":
                rows = [(ns, n, specs.taken(obj)) for ns, n, obj in rows]
            self._tables.setdefault(name, {}).update({(ns, n): obj for ns, n, obj in rows})
        self._names = {}
        for resource, table in self._tables.items():
            for namespace, name in table:
                self._names.setdefault((resource, namespace), {})[name] = None
        self.log = deque(
            Change(rev, ev, kind, resource, (ns, name), old, new)
            for rev, ev, kind, resource, ns, name, old, new in state["log"]
        )
        self.compacted = self.log[0].rev - 1 if self.log else self.revision
