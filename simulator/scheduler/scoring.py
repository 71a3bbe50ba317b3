"""Scoring: what each class of feasible nodes is worth to a pod, and which node wins.

Nodes that look alike are one class and are scored once, whoever filtered them. What follows from the looks alone is
remembered for the next pod of the kind: as long as the same classes are feasible, only the plugins that count nodes or pods are asked.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from simulator.engine import Rng
from simulator.scheduler.framework import Score, Status, View
from simulator.scheduler.pod_info import PodInfo

#: What one node looks like to one pod: the feature of every score plugin, in order.
Features = tuple[Any, ...]

#: Combinations of feasible classes that are remembered of one kind of pods.
_REMEMBERED = 64


@dataclass(frozen=True, slots=True, eq=False)
class NodeClass:
    """Nodes that look alike to pods of one kind. Within one cycle, the same object for all of them."""

    status: Status | None
    """Why the plugins that look at one node turn it down; None when they do not."""
    features: Features


class Cycle(Protocol):
    """The filtered nodes of one cycle, grouped by looks."""

    @property
    def pod(self) -> PodInfo: ...

    @property
    def scores(self) -> Sequence[Score]: ...

    @property
    def memory(self) -> "ScoreMemory": ...

    @property
    def feasible(self) -> Mapping[NodeClass, int]:
        """How many feasible nodes look like this."""
        ...

    def everywhere(self, index: int) -> Mapping[Any, int]:
        """How many nodes of the cluster, feasible or not, have each feature of the plugin with this place in `scores`."""
        ...

    @property
    def rejected(self) -> Mapping[Status, Sequence[int]]:
        """Positions of the nodes that were turned down."""
        ...

    @property
    def examined(self) -> int:
        """How many nodes were looked at, from the start position on."""
        ...

    def members(self, alike: NodeClass) -> Sequence[int]:
        """Positions of the feasible nodes that look like this, in the order in which they were looked at."""
        ...

    def turn(self, position: int) -> int:
        """When the node was looked at: 0 is the first."""
        ...

    def in_turn(self, positions: Sequence[int]) -> list[int]:
        """The positions, given in any order, in the order in which they were looked at."""
        ...


@dataclass(frozen=True, slots=True)
class Points:
    """What a class of nodes is worth: weighted points by plugin, and their sum."""

    by_plugin: tuple[tuple[str, int], ...]
    total: int


@dataclass(frozen=True, slots=True)
class Choice:
    position: int
    points: Mapping[NodeClass, Points]
    """Empty when only one node was feasible: then nothing is scored."""


def choose(cycle: Cycle, view: View, rng: Rng) -> Choice | None:
    """The feasible node with the most points, a random one of those with equally many; None when none is feasible."""
    feasible = cycle.feasible
    found = sum(feasible.values())
    if found == 0:
        return None
    if found == 1:
        (only,) = feasible
        return Choice(cycle.members(only)[0], {})
    points = cycle.memory.points(cycle, view)
    best = max([one.total for one in points.values()])
    tied = [alike for alike, one in points.items() if one.total == best]
    if len(tied) == 1:
        return Choice(rng.choice(cycle.members(tied[0])), points)
    members = [position for alike in tied for position in cycle.members(alike)]
    return Choice(rng.choice(cycle.in_turn(members)), points)


@dataclass(slots=True)
class _Row:
    """One class: the settled points by the plugin's place in order, and the sums that came of them."""

    settled: dict[int, int]
    sums: dict[tuple[tuple[int, int], ...], Points] = field(default_factory=dict)

    def sum(self, others: Sequence[tuple[int, int]], scores: Sequence[Score]) -> Points:
        key = tuple(others)
        known = self.sums.get(key)
        if known is None:
            parts = sorted([*self.settled.items(), *others])
            by_plugin = tuple([(scores[place].name, points) for place, points in parts])
            known = self.sums[key] = Points(by_plugin, sum([points for _, points in parts]))
        return known


class ScoreMemory:
    """What is known about points, for pods of one kind."""

    def __init__(self) -> None:
        self._rows: dict[tuple[Hashable, ...], tuple[_Row, ...]] = {}

    def points(self, cycle: Cycle, view: View) -> dict[NodeClass, Points]:
        scores, feasible = cycle.scores, cycle.feasible
        known = [plugin.prepare(cycle.pod, view, {}, {}) if plugin.is_settled else None for plugin in scores]
        key = (*feasible, *known)
        rows = self._rows.get(key)
        if rows is None:
            if len(self._rows) > _REMEMBERED:
                self._rows.clear()
            rows = self._rows[key] = _settled(cycle, known)
        others = [(place, _weighted(cycle, view, place)) for place, one in enumerate(scores) if not one.is_settled]
        said = [(place, points) for place, points in others if points is not None]
        return {
            alike: row.sum([(place, points[alike.features[place]]) for place, points in said], scores)
            for alike, row in zip(feasible, rows, strict=True)
        }


def _settled(cycle: Cycle, known: Sequence[Any]) -> tuple[_Row, ...]:
    rows = tuple([_Row({}) for _ in cycle.feasible])
    for place, prepared in enumerate(known):
        if prepared is None:
            continue
        points = _normalized(cycle, place, share(cycle.feasible, place), prepared)
        for alike, row in zip(cycle.feasible, rows, strict=True):
            row.settled[place] = points[alike.features[place]]
    return rows


def _weighted(cycle: Cycle, view: View, place: int) -> dict[Any, int] | None:
    """The points of a plugin that counts, by feature; None when it has no say."""
    plugin, feasible = cycle.scores[place], share(cycle.feasible, place)
    everywhere = cycle.everywhere(place) if plugin.counts_everywhere else {}
    prepared = plugin.prepare(cycle.pod, view, feasible, everywhere)
    return None if prepared is None else _normalized(cycle, place, feasible, prepared)


def _normalized(cycle: Cycle, place: int, feasible: Mapping[Any, int], prepared: Any) -> dict[Any, int]:
    plugin, pod = cycle.scores[place], cycle.pod
    normal = plugin.normalize([plugin.score(pod, feature, prepared) for feature in feasible], prepared)
    weight = plugin.weight
    return {feature: weight * points for feature, points in zip(feasible, normal, strict=True)}


def share(counts: Mapping[NodeClass, int], place: int) -> dict[Any, int]:
    """How many nodes have each feature of one plugin."""
    shares: dict[Any, int] = {}
    for alike, nodes in counts.items():
        feature = alike.features[place]
        shares[feature] = shares.get(feature, 0) + nodes
    return shares
