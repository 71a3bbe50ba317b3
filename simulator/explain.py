"""Answers "who wrote this, woken by what?" for any event number and any field, back to the person, the fault or the start.

The cause of a field is the newest write after which it reads as it does now. The store's log says which one that was, as far back as it
reaches; beyond that the oldest write still known of the object is named, and said to be a bound.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from simulator.apiserver.registry import Registry
from simulator.engine.plain import Obj
from simulator.engine.trail_rows import TrailRow
from simulator.machinery.differences import leaves, value_at
from simulator.machinery.store import Change, Compacted
from simulator.narrator import Narrator

#: A chain longer than a screen shows its ends; the middle is counted.
_SCREEN = 12


def because(registry: Registry, narrator: Narrator, ev: int, zero: int) -> list[dict[str, Any]]:
    """Hops from the thing itself back to its root; empty when the number is unknown."""
    rows = registry.engine.trail.chain(ev)
    shown = rows if len(rows) <= _SCREEN else [*rows[: _SCREEN // 2], *rows[-_SCREEN // 2 :]]
    return [_hop(registry, row, narrator, zero) for row in shown]


def last_writes(registry: Registry, uids: list[str]) -> dict[str, int]:
    """Uid → the ev of the latest write to it, for those that the trail still knows."""
    wanted = dict.fromkeys(uids, 0)
    for row in registry.engine.trail.rows():
        if row.uid in wanted and row.type == "write":
            wanted[row.uid] = row.ev
    return {uid: ev for uid, ev in wanted.items() if ev}


class FieldCause(NamedTuple):
    path: str
    ev: int
    exact: bool
    """False: that write, or one before it; the log does not reach back further."""


def field_causes(registry: Registry, resource: str, obj: Obj, paths: Iterable[str] | None = None) -> list[FieldCause]:
    """Who last set each field of an object; without `paths`, of every field that has a value."""
    wanted = dict.fromkeys([path for path, _ in leaves(obj)] if paths is None else paths)
    found: dict[str, FieldCause] = {}
    for change in _history(registry, resource, obj):
        for path in [path for path in wanted if path not in found]:
            if change.old is None or value_at(change.old, path) != value_at(change.new, path):
                found[path] = FieldCause(path, change.ev, True)
        if len(found) == len(wanted):
            break
    bound = _oldest_write(registry, obj["metadata"]["uid"])
    return [found.get(path) or FieldCause(path, bound, False) for path in wanted]


def _history(registry: Registry, resource: str, obj: Obj) -> Iterator[Change]:
    """The changes of one object that the log remembers, newest first."""
    metadata = obj["metadata"]
    key = (metadata.get("namespace", ""), metadata["name"])
    for change in reversed(registry.store.log):
        if change.key == key and change.resource == resource:
            if (change.new or obj)["metadata"]["uid"] != metadata["uid"]:
                return
            yield change


def _oldest_write(registry: Registry, uid: str) -> int:
    return next((row.ev for row in registry.engine.trail.rows() if row.uid == uid and row.type == "write"), 0)


def _hop(registry: Registry, row: TrailRow, narrator: Narrator, zero: int) -> dict[str, Any]:
    kind = registry.kinds.by_name(row.resource)
    return {
        "ev": row.ev,
        "at": row.at - zero,
        "type": row.type,
        "actor": row.actor,
        "verb": row.verb,
        "kind": kind.kind if kind else "",
        "namespace": row.namespace,
        "name": row.name,
        "say": narrator.hop(row, _change(registry, row)),
    }


def _change(registry: Registry, row: TrailRow) -> Change | None:
    if row.type != "write":
        return None
    try:
        found = registry.store.changes_since(row.rev - 1)
    except Compacted:
        return None
    # Clusters of one lab share the trail, and each counts its own revisions.
    return found[0] if found and found[0].ev == row.ev else None
