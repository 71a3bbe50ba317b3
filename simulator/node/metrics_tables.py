"""What the metrics server shows in rows: `pkg/api/table.go` of kubernetes-sigs/metrics-server.

One column for each sort of use, and how long it was measured; without objects there are no columns either.
"""

from collections.abc import Callable, Sequence

from simulator.engine.plain import Obj

_NAME = {"name": "Name", "type": "string", "format": "name", "description": "Name of the resource", "priority": 0}
_SORTS = ("cpu", "memory")


def metrics_table(found: Obj, used: Callable[[Obj], Obj]) -> Obj:
    """`found`: one object or a list; `used`: the use of one of them altogether."""
    objects: Sequence[Obj] = found.get("items", [found])
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": found["metadata"] if "items" in found else {},
        "columnDefinitions": [_NAME, *map(_use, _SORTS), _column("Window", "duration")] if objects else [],
        "rows": [_row(one, used(one)) for one in objects],
    }


def _use(name: str) -> Obj:
    return _column(name, "quantity")


def _column(name: str, form: str) -> Obj:
    return {"name": name, "type": "string", "format": form, "description": "", "priority": 0}


def _row(one: Obj, used: Obj) -> Obj:
    head = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": one["metadata"]}
    return {"cells": [one["metadata"]["name"], *(used[sort] for sort in _SORTS), one["window"]], "object": head}
