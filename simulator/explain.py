"""Answers "who wrote this, woken by what?" for any event number, back to the person, the fault or the start."""

from typing import Any

from simulator.apiserver.registry import Registry
from simulator.engine.trail import TrailRow
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
    return found[0] if found else None
