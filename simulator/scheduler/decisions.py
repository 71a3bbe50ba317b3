"""The record of what was decided and why, read by whoever asks "why there?" or "why is it pending?".

Plain data and bounded: the latest decisions, and the last one of every pod that is still pending. In a large
cluster nodes that look alike are named by a few examples and counted.
"""

from collections.abc import Sequence

from simulator.engine import Plain
from simulator.scheduler.cluster_view import ClusterView
from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.scoring import Choice, Cycle, NodeClass

#: Decisions kept about pods that have a node.
_KEPT = 256
#: Up to this many nodes every one is named.
_ALL_NAMED = 100
_EXAMPLES = 5


class Decisions:
    def __init__(self) -> None:
        self._placed: dict[str, Plain] = {}
        self._pending: dict[str, Plain] = {}

    def get(self, uid: str) -> Plain | None:
        return self._pending.get(uid) or self._placed.get(uid)

    def placed(self, uid: str, record: Plain) -> None:
        self._pending.pop(uid, None)
        self._placed.pop(uid, None)
        self._placed[uid] = record
        if len(self._placed) > _KEPT:
            del self._placed[next(iter(self._placed))]

    def pending(self, uid: str, record: Plain) -> None:
        self._pending[uid] = record

    def forget_pending(self, uid: str) -> None:
        self._pending.pop(uid, None)

    def clear(self) -> None:
        self._placed.clear()
        self._pending.clear()

    def dump(self) -> Plain:
        return {"placed": list(self._placed.items()), "pending": list(self._pending.items())}

    def load(self, state: Plain) -> None:
        self._placed, self._pending = dict(state["placed"]), dict(state["pending"])


def record(cycle: Cycle, view: ClusterView, choice: Choice | None, *, at: int, message: str) -> Plain:
    """What one cycle found.

    `fits`: classes of feasible nodes with the points each plugin gave them (already weighted), best first.
    `rejected`: the plugin that turned nodes down, its reasons, and whether evicting pods could change that.
    Both name nodes in `nodes` and count them in `count`.
    """
    nodes = view.nodes
    return {
        "at": at,
        "node": "" if choice is None else nodes[choice.position].name,
        "message": message,
        "total_nodes": len(nodes),
        "examined": cycle.examined,
        "feasible": sum(cycle.feasible.values()),
        "fits": _fits(cycle, nodes, choice) if choice is not None else [],
        "rejected": [
            {
                "plugin": status.plugin,
                "reasons": list(status.reasons),
                "resolvable": status.resolvable,
                "count": len(positions),
                "nodes": _names(positions, nodes),
            }
            for status, positions in sorted(cycle.rejected.items(), key=lambda one: min(one[1]))
        ],
    }


def _fits(cycle: Cycle, nodes: Sequence[NodeInfo], choice: Choice) -> list[Plain]:
    if choice.ranking is None:
        return [{"total": None, "points": [], "count": 1, "nodes": [nodes[choice.position].name]}]

    # By points, not by looks: how finely looks are told apart depends on who looked.
    groups = [
        (points, cycle.members(alike[0]) if len(alike) == 1 else _together(cycle, alike))
        for points, alike in choice.ranking.groups
    ]
    groups.sort(key=lambda one: (-one[0].total, cycle.turn(one[1][0])))
    return [
        {
            "total": points.total,
            "points": [[name, given] for name, given in points.by_plugin],
            "count": len(positions),
            "nodes": _names(positions, nodes),
        }
        for points, positions in groups
    ]


def _together(cycle: Cycle, alike: Sequence[NodeClass]) -> Sequence[int]:
    return cycle.in_turn([position for one in alike for position in cycle.members(one)])


def _names(positions: Sequence[int], nodes: Sequence[NodeInfo]) -> list[str]:
    named = positions if len(nodes) <= _ALL_NAMED else positions[:_EXAMPLES]
    return [nodes[position].name for position in named]
