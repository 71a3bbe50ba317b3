"""One scheduling cycle: which nodes are feasible, what each is worth, and which one wins.

`Cycle` is the outcome of filtering, whoever did it; `scan` does it node by node and `PlacementIndex` from what it
remembers about alike pods. Scoring and choosing are the same code for both, on classes of nodes that look alike.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from simulator.engine import Rng
from simulator.scheduler.framework import Score, Status, View
from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.plugins import BY_LABELS, CLUSTER_FILTERS, CLUSTER_SCORES, FILTERS, SCORES
from simulator.scheduler.pod_info import PodInfo

#: What one node looks like to one pod: the feature of every score plugin, in order.
Features = tuple[Any, ...]

_PLACE = SCORES.index(BY_LABELS)
_BEFORE, _AFTER = SCORES[:_PLACE], SCORES[_PLACE + 1 :]
_MIN_FEASIBLE_NODES = 100
_MIN_PERCENTAGE = 5


class Cycle(Protocol):
    """The filtered nodes of one cycle, grouped by looks."""

    @property
    def pod(self) -> PodInfo: ...

    @property
    def scores(self) -> Sequence[Score]: ...

    @property
    def feasible(self) -> Mapping[Features, int]:
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

    def members(self, features: Features) -> Sequence[int]:
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
    points: Mapping[Features, Points]
    """Empty when only one node was feasible: then nothing is scored."""


def feasible_nodes_to_find(nodes: int) -> int:
    """percentageOfNodesToScore, adaptive as by default: half of a small cluster, less of a large one, 100 at least.

    https://kubernetes.io/docs/concepts/scheduling-eviction/scheduler-perf-tuning/#default-threshold.
    """
    if nodes < _MIN_FEASIBLE_NODES:
        return nodes
    percentage = max(50 - nodes // 125, _MIN_PERCENTAGE)
    return max(nodes * percentage // 100, _MIN_FEASIBLE_NODES)


def verdict(pod: PodInfo, node: NodeInfo) -> Status | None:
    """The first filter that turns the node down, among those that look at this node only."""
    for plugin in FILTERS:
        status = plugin.filter(pod, node)
        if status is not None:
            return status
    return None


def is_local(pod: PodInfo, view: View) -> bool:
    """Whether verdict and features of a node depend on that node alone, so that they can be remembered."""
    return not (pod.hard_spread or pod.has_affinity or view.affinity_pods or pod.claims)


# Filtering, node by node

#: The verdict about a node, and the features of the score plugins before and after the one that asks for labels.
Look = tuple[Status | None, Features, Features]


class Looks(Protocol):
    """What is remembered about nodes for all pods of one spec (`node_looks.NodeLooks`)."""

    def turn_to(self, view: Any) -> None: ...

    def of(self, view: Any, position: int) -> Look: ...


def look(pod: PodInfo, node: NodeInfo) -> Look:
    """All that follows from the pod's spec and the node alone."""
    before = tuple([plugin.feature(pod, node) for plugin in _BEFORE])
    return verdict(pod, node), before, tuple([plugin.feature(pod, node) for plugin in _AFTER])


class Scan:
    """A cycle that looks at the nodes one after the other."""

    def __init__(self, pod: PodInfo, view: View, start: int, looks: Looks | None = None) -> None:
        """`looks`: what is known about the nodes already."""
        self.pod = pod
        self._looks = looks
        self.scores: Sequence[Score] = SCORES if is_local(pod, view) else (*SCORES, *CLUSTER_SCORES)
        self.feasible: dict[Features, int] = {}
        self._view = view
        self.rejected: dict[Status, list[int]] = {}
        self.examined = 0
        self._start = start
        self._nodes = len(view.nodes)
        self._members: dict[Features, list[int]] = {}
        self._filter(view)

    def _filter(self, view: View) -> None:
        pod, nodes = self.pod, view.nodes
        checks = [(plugin, plugin.prepare_check(pod, view)) for plugin in CLUSTER_FILTERS]
        general = next((prepared for _, prepared in checks if isinstance(prepared, Status)), None)
        if general is not None:
            if nodes:
                self.rejected[general] = list(range(len(nodes)))
            return
        candidates = self._candidates(view)
        wanted, found = feasible_nodes_to_find(len(candidates)), 0
        if self._looks is not None:
            self._looks.turn_to(view)
        for turn, position in enumerate(candidates):
            node = nodes[position]
            self.examined = turn + 1
            seen = look(pod, node) if self._looks is None else self._looks.of(view, position)
            status = seen[0]
            for plugin, prepared in checks:
                if status is None and prepared is not None:
                    status = plugin.check(pod, node, prepared)
            if status is not None:
                self.rejected.setdefault(status, []).append(position)
                continue
            self._members.setdefault(self._features(node, seen), []).append(position)
            found += 1
            if found == wanted:
                break
        self.feasible = {features: len(positions) for features, positions in self._members.items()}
        if not found and len(candidates) < len(nodes):
            self._reject_others(nodes, candidates)

    def _candidates(self, view: View) -> Sequence[int]:
        """Positions to look at, in order: all from the start on, or only the nodes that the pod asks for by name."""
        if self.pod.wanted_nodes is None:
            return [*range(self._start, self._nodes), *range(self._start)]
        found = [view.position(name) for name in sorted(self.pod.wanted_nodes)]
        return sorted(position for position in found if position is not None)

    def _reject_others(self, nodes: Sequence[NodeInfo], candidates: Sequence[int]) -> None:
        """Says of the nodes not asked for why they were not looked at."""
        asked = frozenset(candidates)
        for position, node in enumerate(nodes):
            status = None if position in asked else verdict(self.pod, node)
            if status is not None:
                self.rejected.setdefault(status, []).append(position)

    def everywhere(self, index: int) -> Mapping[Any, int]:
        """Looks at every node only if somebody reads what it finds."""
        return _Everywhere(self.pod, self.scores[index], self._view)

    def _features(self, node: NodeInfo, seen: Look) -> Features:
        others = [plugin.feature(self.pod, node) for plugin in self.scores[len(SCORES) :]]
        return (*seen[1], BY_LABELS.feature(self.pod, node), *seen[2], *others)

    def members(self, features: Features) -> Sequence[int]:
        return self._members[features]

    def turn(self, position: int) -> int:
        return (position - self._start) % self._nodes

    def in_turn(self, positions: Sequence[int]) -> list[int]:
        return rotated(positions, self._start)


def rotated(positions: Sequence[int], start: int) -> list[int]:
    """In the order of a round that begins at `start`."""
    ordered = sorted(positions)
    first = bisect_left(ordered, start)
    return ordered[first:] + ordered[:first]


# Scoring and choosing


def choose(cycle: Cycle, view: View, rng: Rng) -> Choice | None:
    """The feasible node with the most points, a random one of those with equally many; None when none is feasible."""
    found = sum(cycle.feasible.values())
    if found == 0:
        return None
    if found == 1:
        (only,) = cycle.feasible
        return Choice(cycle.members(only)[0], {})
    points = _score(cycle, view)
    best = max(one.total for one in points.values())
    tied = [features for features, one in points.items() if one.total == best]
    if len(tied) == 1:
        return Choice(rng.choice(cycle.members(tied[0])), points)
    members = [position for features in tied for position in cycle.members(features)]
    return Choice(rng.choice(cycle.in_turn(members)), points)


def _score(cycle: Cycle, view: View) -> dict[Features, Points]:
    classes = list(cycle.feasible)
    totals = [0] * len(classes)
    parts: list[list[tuple[str, int]]] = [[] for _ in classes]
    for index, plugin in enumerate(cycle.scores):
        feasible = share(cycle.feasible, index)
        everywhere = cycle.everywhere(index) if plugin.counts_everywhere else {}
        prepared = plugin.prepare(cycle.pod, view, feasible, everywhere)
        if prepared is None:
            continue
        looks = list(feasible)
        normal = plugin.normalize([plugin.score(cycle.pod, feature, prepared) for feature in looks], prepared)
        weighted = {feature: plugin.weight * points for feature, points in zip(looks, normal, strict=True)}
        for row, features in enumerate(classes):
            points = weighted[features[index]]
            totals[row] += points
            parts[row].append((plugin.name, points))
    return {features: Points(tuple(part), total) for features, part, total in zip(classes, parts, totals, strict=True)}


class _Everywhere(Mapping[Any, int]):
    """Counted when it is first read."""

    def __init__(self, pod: PodInfo, plugin: Score, view: View) -> None:
        self._pod, self._plugin, self._view = pod, plugin, view

    @cached_property
    def _counts(self) -> dict[Any, int]:
        counts: dict[Any, int] = {}
        for node in self._view.nodes:
            feature = self._plugin.feature(self._pod, node)
            counts[feature] = counts.get(feature, 0) + 1
        return counts

    def __getitem__(self, feature: Any) -> int:
        return self._counts[feature]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._counts)

    def __len__(self) -> int:
        return len(self._counts)


def share(counts: Mapping[Features, int], index: int) -> dict[Any, int]:
    """How many nodes have each feature of one plugin."""
    shares: dict[Any, int] = {}
    for features, nodes in counts.items():
        feature = features[index]
        shares[feature] = shares.get(feature, 0) + nodes
    return shares
