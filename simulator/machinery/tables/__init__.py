"""Tables as the API server prints them: columns and rows for `kubectl get` (v1.33).

`table` gives the column definitions of a resource (name, type, format, description, priority; 1 = only with
`-o wide`) and one row of cells an object, ages computed against a given now. A kind without columns of its own
has its name and the time of its creation, as upstream.

Leaves to others: padding and sorting (kubectl), custom resources with their own printer columns.
"""

from __future__ import annotations

from collections.abc import Iterable

from simulator.machinery.tables import cluster, networking, pods, storage, workloads
from simulator.machinery.tables.ages import human_duration
from simulator.machinery.tables.cluster import node_roles, node_status
from simulator.machinery.tables.columns import Cells, Obj, Printer, name_of, printer
from simulator.machinery.tables.pods import pod_status

__all__ = ["human_duration", "node_roles", "node_status", "pod_status", "table"]


def _created_at(obj: Obj, now_us: int) -> Cells:
    return [name_of(obj), obj["metadata"].get("creationTimestamp", "")]


_PRINTERS: dict[str, Printer] = {
    **pods.PRINTERS,
    **workloads.PRINTERS,
    **networking.PRINTERS,
    **cluster.PRINTERS,
    **storage.PRINTERS,
}
_PLAIN = printer("Name | Created At", _created_at, created_at="date")


def table(resource: str, objects: Iterable[Obj], now_epoch_us: int) -> tuple[list[Obj], list[Cells]]:
    """Column definitions and rows for objects of one resource."""
    chosen = _PRINTERS.get(resource, _PLAIN)
    return list(chosen.columns), [chosen.row(obj, now_epoch_us) for obj in objects]
