"""A scheduling cycle for pods whose verdicts depend on pods elsewhere, on top of what is remembered about each node.

The local half comes from a `PlacementIndex`; the plugins that look at the whole cluster are asked only about nodes that
fit locally, in their turn, until enough are found. Promises the same answer as `placement.Scan`.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from simulator.scheduler.cluster_view import ClusterView
from simulator.scheduler.framework import Census, ClusterFilter, Score, Status, View
from simulator.scheduler.node_looks import KindLooks
from simulator.scheduler.placed_counts import PlacedCounts
from simulator.scheduler.placement import feasible_nodes_to_find, rotated
from simulator.scheduler.placement_index import PlacementIndex
from simulator.scheduler.plugins import CLUSTER_FILTERS, SCORES
from simulator.scheduler.plugins.inter_pod_affinity import Domain, InterPodAffinity
from simulator.scheduler.pod_info import PodInfo
from simulator.scheduler.scoring import NodeClass, share


class _AffinityPoints(InterPodAffinity):
    """InterPodAffinity's score where the points of a node are its feature, so that nodes with equally many are alike."""

    def __init__(self, points: Mapping[Domain, int]) -> None:
        self._points = points
        self._keys = tuple(dict.fromkeys(key for key, _ in points))

    def of(self, labels: Mapping[str, str]) -> int:
        return sum([self._points.get((key, labels.get(key, "")), 0) for key in self._keys])

    def prepare(self, pod: PodInfo, view: View, census: Census) -> Any:
        return True if self._points else None

    def score(self, pod: PodInfo, feature: Any, prepared: Any) -> int:
        points: int = feature
        return points


class Walker:
    """Keeps what is known for pods like `pod`."""

    def __init__(self, pod: PodInfo, looks: KindLooks | None = None) -> None:
        self.pod = pod
        self._index = PlacementIndex(pod, looks)
        self._counts = PlacedCounts(pod)

    def cycle(self, view: ClusterView, start: int, pod: PodInfo | None = None) -> "WalkedCycle":
        """`pod`: one that differs from `pod` only in what plugins outside the counts look at (its volumes)."""
        self._index.catch_up(view)
        self._counts.catch_up(view)
        pod = pod or self.pod
        prepared = self._counts.prepared()
        others = [(one, one.prepare_check(pod, view)) for one in CLUSTER_FILTERS if one.name not in prepared]
        by_place = [(plugin, prepared[plugin.name]) for plugin in CLUSTER_FILTERS if plugin.name in prepared]
        return WalkedCycle(pod, self._index, self._counts, view, start, by_node=others, by_place=by_place)


class WalkedCycle:
    """`scoring.Cycle`. Good until its walker goes on to the next change."""

    def __init__(
        self,
        pod: PodInfo,
        index: PlacementIndex,
        counts: PlacedCounts,
        view: ClusterView,
        start: int,
        *,
        by_node: Sequence[tuple[ClusterFilter, Any]],
        by_place: Sequence[tuple[ClusterFilter, Any]],
    ) -> None:
        affinity = _AffinityPoints(counts.points)
        self.pod = pod
        self.memory = index.looks.memory
        self.scores: Sequence[Score] = (*SCORES, affinity)
        self._index, self._places, self._view = index, counts.places, view
        self._start, self._nodes = start, len(view.nodes)
        self._by_node = [(plugin, known) for plugin, known in by_node if known is not None]
        self._by_place = [(plugin, known) for plugin, known in by_place if known is not None]
        self._affinity = affinity
        self._members: dict[NodeClass, list[int]] = {}
        self._turned_down: dict[Status, list[int]] = {}
        self.examined = self._nodes
        self._general = next((known for _, known in self._by_node if isinstance(known, Status)), None)
        if self._general is None:
            self._walk()
        else:
            self.examined = 0
        self.feasible: Mapping[NodeClass, int] = {alike: len(found) for alike, found in self._members.items()}

    def everywhere(self, place: int) -> Mapping[Any, int]:
        """No plugin that looks at every node of the cluster asks for affinity's share, the last one."""
        return share(self._index.everywhere, place)

    def _walk(self) -> None:
        places, classes = self._places, self._index.classes
        alike: dict[tuple[NodeClass, int], list[int]] = {}
        answers: dict[tuple[str | None, ...], Status | int] = {}
        wanted, found = feasible_nodes_to_find(self._nodes), 0
        for position in self._in_turn(self._index.fitting):
            place = places[position]
            answer = self._turned_down_alone(position) if self._by_node else None
            if answer is None:
                answer = answers.get(place)
            if answer is None:
                answer = answers[place] = self._answer(position)
            if isinstance(answer, Status):
                self._turned_down.setdefault(answer, []).append(position)
                continue
            alike.setdefault((classes[position], answer), []).append(position)
            found += 1
            if found == wanted:
                self.examined = self.turn(position) + 1
                break
        for (seen, points), positions in alike.items():
            self._members[self._index.looks.finer(seen, points)] = positions

    def _turned_down_alone(self, position: int) -> Status | int | None:
        node = self._view.nodes[position]
        for plugin, prepared in self._by_node:
            status = plugin.check(self.pod, node, prepared)
            if status is not None:
                return status
        return None

    def _answer(self, position: int) -> Status | int:
        """Why nodes in the place of this one are turned down, or how many points affinity gives them."""
        node = self._view.nodes[position]
        for plugin, prepared in self._by_place:
            status = plugin.check(self.pod, node, prepared)
            if status is not None:
                return status
        return self._affinity.of(node.labels)

    def _in_turn(self, positions: Sequence[int]) -> Iterator[int]:
        first = bisect_left(positions, self._start)
        yield from positions[first:]
        yield from positions[:first]

    @property
    def rejected(self) -> Mapping[Status, Sequence[int]]:
        if self._general is not None:
            return {self._general: range(self._nodes)} if self._nodes else {}
        found = {
            status: [position for position in self._in_turn(positions) if self.turn(position) < self.examined]
            for status, positions in self._index.rejected.items()
        }
        for status, positions in self._turned_down.items():
            found.setdefault(status, []).extend(positions)
            found[status].sort(key=self.turn)
        return {status: positions for status, positions in found.items() if positions}

    def members(self, alike: NodeClass) -> Sequence[int]:
        return self._members[alike]

    def turn(self, position: int) -> int:
        return (position - self._start) % self._nodes

    def in_turn(self, positions: Sequence[int]) -> list[int]:
        return rotated(positions, self._start)
