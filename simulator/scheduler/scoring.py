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

    def everywhere(self, place: int) -> Mapping[Any, int]:
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


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """What the feasible classes are worth."""

    points: Mapping[NodeClass, Points]
    groups: tuple[tuple[Points, tuple[NodeClass, ...]], ...]
    """Classes that got the same points from every plugin, in the order of the cycle."""
    winners: tuple[NodeClass, ...]
    """Those with the highest total."""

    @classmethod
    def of(cls, points: Mapping[NodeClass, Points]) -> "Ranking":
        groups: dict[Points, list[NodeClass]] = {}
        for alike, worth in points.items():
            groups.setdefault(worth, []).append(alike)
        best = max([worth.total for worth in groups])
        winners = tuple([alike for alike, worth in points.items() if worth.total == best])
        return cls(points, tuple([(worth, tuple(alike)) for worth, alike in groups.items()]), winners)


@dataclass(frozen=True, slots=True)
class Choice:
    position: int
    ranking: Ranking | None
    """None when only one node was feasible: then nothing is scored."""


def choose(cycle: Cycle, view: View, rng: Rng) -> Choice | None:
    """The feasible node with the most points, a random one of those with equally many; None when none is feasible."""
    found = sum(cycle.feasible.values())
    if found == 0:
        return None
    if found == 1:
        (only,) = cycle.feasible
        return Choice(cycle.members(only)[0], None)
    ranking = cycle.memory.ranking(cycle, view)
    if len(ranking.winners) == 1:
        return Choice(rng.choice(cycle.members(ranking.winners[0])), ranking)
    members = [position for alike in ranking.winners for position in cycle.members(alike)]
    return Choice(rng.choice(cycle.in_turn(members)), ranking)


@dataclass(frozen=True, slots=True)
class _Census:
    """`framework.Census` of one plugin."""

    cycle: Cycle
    place: int

    def feasible(self) -> dict[Any, int]:
        return share(self.cycle.feasible, self.place)

    def everywhere(self) -> Mapping[Any, int]:
        return self.cycle.everywhere(self.place)


@dataclass(slots=True)
class _Row:
    """One class: the settled points by the plugin's place in order, and what came of them together with others."""

    settled: dict[int, int]
    sums: dict[tuple[tuple[int, int], ...], Points] = field(default_factory=dict)

    def sum(self, others: tuple[tuple[int, int], ...], scores: Sequence[Score]) -> Points:
        known = self.sums.get(others)
        if known is None:
            parts = sorted([*self.settled.items(), *others])
            by_plugin = tuple([(scores[place].name, points) for place, points in parts])
            known = self.sums[others] = Points(by_plugin, sum([points for _, points in parts]))
        return known


class ScoreMemory:
    """What combinations of feasible classes are worth, for pods of one kind."""

    def __init__(self) -> None:
        self._rankings: dict[tuple[Hashable, ...], Ranking] = {}
        self._rows: dict[tuple[Hashable, ...], tuple[_Row, ...]] = {}
        self._generation = -1
        self._settled: list[Hashable] = []
        """What the settled plugins have prepared in this generation of nodes, by place; None for the others."""
        self._counting: list[int] = []
        """Places of the others."""

    def ranking(self, cycle: Cycle, view: View) -> Ranking:
        """As long as all plugins prepare the same for the same classes, there is nothing to work out."""
        pod, scores = cycle.pod, cycle.scores
        if self._generation != view.generation or len(self._settled) != len(scores):
            self._settle(cycle, view)
        prepared = self._settled.copy()
        for place in self._counting:
            prepared[place] = scores[place].prepare(pod, view, _Census(cycle, place))
        key = (*cycle.feasible, *prepared)
        known = self._rankings.get(key)
        if known is None:
            _make_room(self._rankings)
            known = self._rankings[key] = Ranking.of(self._points(cycle, prepared))
        return known

    def _points(self, cycle: Cycle, prepared: Sequence[Hashable]) -> dict[NodeClass, Points]:
        """Plugins that count prepare something else after each pod; what the others say is remembered without them."""
        key = (*cycle.feasible, *self._settled)
        rows = self._rows.get(key)
        if rows is None:
            _make_room(self._rows)
            rows = self._rows[key] = tuple([_Row(dict(said)) for said in _say(cycle, self._settled)])
        counted = _say(cycle, [one if place in self._counting else None for place, one in enumerate(prepared)])
        return {
            alike: row.sum(said, cycle.scores) for alike, row, said in zip(cycle.feasible, rows, counted, strict=True)
        }

    def _settle(self, cycle: Cycle, view: View) -> None:
        self._generation = view.generation
        self._counting = [place for place, plugin in enumerate(cycle.scores) if not plugin.is_settled]
        self._settled = [
            plugin.prepare(cycle.pod, view, _Census(cycle, place)) if plugin.is_settled else None
            for place, plugin in enumerate(cycle.scores)
        ]


def _make_room(memory: dict[Any, Any]) -> None:
    if len(memory) >= _REMEMBERED:
        memory.clear()


def _say(cycle: Cycle, prepared: Sequence[Any]) -> list[tuple[tuple[int, int], ...]]:
    """For each class: (place, weighted points) of the plugins that have prepared something."""
    by_feature = [(place, _weighted(cycle, place, one)) for place, one in enumerate(prepared) if one is not None]
    return [tuple([(place, points[alike.features[place]]) for place, points in by_feature]) for alike in cycle.feasible]


def _weighted(cycle: Cycle, place: int, prepared: Any) -> dict[Any, int]:
    plugin, pod = cycle.scores[place], cycle.pod
    features = dict.fromkeys([alike.features[place] for alike in cycle.feasible])
    normal = plugin.normalize([plugin.score(pod, feature, prepared) for feature in features], prepared)
    weight = plugin.weight
    return {feature: weight * points for feature, points in zip(features, normal, strict=True)}


def share(counts: Mapping[NodeClass, int], place: int) -> dict[Any, int]:
    """How many nodes have each feature of one plugin."""
    shares: dict[Any, int] = {}
    for alike, nodes in counts.items():
        feature = alike.features[place]
        shares[feature] = shares.get(feature, 0) + nodes
    return shares
