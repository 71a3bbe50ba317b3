"""Two moments of a cluster side by side: which objects differ, and in which fields.

The two may be a past and a present, or two futures of the same past. Objects are the same when they have the same kind, namespace and name;
they differ when anything but their revision does. Promises to name exactly the objects that differ, sorted.
"""

from typing import Any

from simulator.apiserver.registry import Registry
from simulator.engine.plain import Obj
from simulator.machinery import resources
from simulator.machinery.differences import differences

#: Numbers that every write moves and nobody means.
_BOOKKEEPING = frozenset({"metadata.resourceVersion"})
_FIELDS = 60
_OBJECTS = 400


def compare(one: Registry, other: Registry) -> dict[str, Any]:
    """`objects`: what differs, `how` = added (only in the other), removed (only in the one) or changed; `count`: how many."""
    found: list[dict[str, Any]] = []
    for resource in sorted({*one.store.resources(), *other.store.resources()}):
        before, after = one.store.table(resource), other.store.table(resource)
        for key in sorted(before.keys() | after.keys()):
            row = _compared(resource, before.get(key), after.get(key))
            if row is not None:
                found.append({"resource": resource, "namespace": key[0], "name": key[1], **row})
    return {"same": not found, "count": len(found), "objects": found[:_OBJECTS]}


def _compared(resource: str, before: Obj | None, after: Obj | None) -> dict[str, Any] | None:
    kind = resources.by_name(resource)
    about = {"kind": kind.kind if kind else ((after or before) or {}).get("kind", "")}
    if before is None or after is None:
        return {**about, "how": "added" if before is None else "removed", "fields": []}
    if before is after:
        return None
    fields = [one for one in differences(before, after) if one.path not in _BOOKKEEPING]
    return {**about, "how": "changed", "fields": [list(one) for one in fields[:_FIELDS]]} if fields else None
