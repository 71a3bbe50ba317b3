"""What is known about every node for one kind of pod, so that the next alike pod costs next to nothing.

Promises the same answer as `placement.Scan` for pods whose verdicts are local (`placement.is_local`). Only
nodes that changed since the last pod are looked at again; nodes that look alike are scored once. Finding the
feasible nodes of a cycle, which start at a rotating position, is a search in sorted lists of positions.
"""

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence

from simulator.scheduler.cluster_view import ClusterView
from simulator.scheduler.framework import Score, Status
from simulator.scheduler.placement import Features, feasible_nodes_to_find, verdict
from simulator.scheduler.plugins import SCORES
from simulator.scheduler.pod_info import PodInfo


class PlacementIndex:
    def __init__(self, pod: PodInfo) -> None:
        self.pod = pod
        self._layout = -1
        self._seen = 0
        self._status: list[Status | None] = []
        self._features: list[Features] = []
        self._fitting: list[int] = []
        """Positions of all nodes that fit, sorted."""
        self._alike: dict[Features, list[int]] = {}
        """The same by looks; each list sorted."""
        self._rejected: dict[Status, list[int]] = {}
        self._everywhere: dict[Features, int] = {}

    def cycle(self, view: ClusterView, start: int) -> "IndexedCycle":
        self._catch_up(view)
        return IndexedCycle(self, start, len(view.nodes))

    def _catch_up(self, view: ClusterView) -> None:
        if self._layout != view.layout or self._seen < view.first_change:
            self._start_over(view)
        else:
            changed = view.changes[self._seen - view.first_change :]
            for position in dict.fromkeys(changed) if len(changed) > 1 else changed:
                self._forget(position)
                self._learn(view, position)
        self._seen = view.last_change

    def _start_over(self, view: ClusterView) -> None:
        count = len(view.nodes)
        self._layout = view.layout
        self._status = [None] * count
        self._features = [()] * count
        self._fitting, self._alike, self._rejected, self._everywhere = [], {}, {}, {}
        for position in range(count):
            self._learn(view, position)

    def _learn(self, view: ClusterView, position: int) -> None:
        node, pod = view.nodes[position], self.pod
        status = self._status[position] = verdict(pod, node)
        features = self._features[position] = tuple([plugin.feature(pod, node) for plugin in SCORES])
        self._everywhere[features] = self._everywhere.get(features, 0) + 1
        if status is None:
            insort(self._fitting, position)
            insort(self._alike.setdefault(features, []), position)
        else:
            insort(self._rejected.setdefault(status, []), position)

    def _forget(self, position: int) -> None:
        status, features = self._status[position], self._features[position]
        left = self._everywhere[features] - 1
        if left:
            self._everywhere[features] = left
        else:
            del self._everywhere[features]
        if status is None:
            _take(self._fitting, position)
            alike = self._alike[features]
            _take(alike, position)
            if not alike:
                del self._alike[features]
        else:
            rejected = self._rejected[status]
            _take(rejected, position)
            if not rejected:
                del self._rejected[status]


class IndexedCycle:
    """`placement.Cycle` cut out of an index. Good until the index catches up with the next change."""

    scores: Sequence[Score] = SCORES

    def __init__(self, index: PlacementIndex, start: int, nodes: int) -> None:
        self.pod = index.pod
        self.everywhere: Mapping[Features, int] = index._everywhere
        self._index = index
        self._start = start
        self._nodes = nodes
        self._is_whole = False
        self.examined = self._find_end(index._fitting, feasible_nodes_to_find(nodes))
        self._end = start + self.examined
        if self._is_whole:
            self.feasible: Mapping[Features, int] = {
                features: len(positions) for features, positions in index._alike.items()
            }
        else:
            self.feasible = self._count()

    def _find_end(self, fitting: Sequence[int], wanted: int) -> int:
        """How many nodes have to be looked at, from the start on, to find enough."""
        if not fitting or len(fitting) < wanted:
            self._is_whole = True
            return self._nodes
        last = bisect_left(fitting, self._start) + wanted - 1
        if last < len(fitting):
            return fitting[last] - self._start + 1
        return fitting[last - len(fitting)] + self._nodes - self._start + 1

    def _count(self) -> dict[Features, int]:
        counts = {}
        for features, positions in self._index._alike.items():
            if found := self._within(positions):
                counts[features] = found
        return counts

    def _within(self, positions: Sequence[int]) -> int:
        start, end, nodes = self._start, self._end, self._nodes
        if end <= nodes:
            return bisect_left(positions, end) - bisect_left(positions, start)
        return len(positions) - bisect_left(positions, start) + bisect_left(positions, end - nodes)

    def _cut(self, positions: Sequence[int]) -> Sequence[int]:
        """The positions looked at, in that order."""
        start, end, nodes = self._start, self._end, self._nodes
        first = bisect_left(positions, start)
        if end <= nodes:
            return positions[first : bisect_left(positions, end)]
        return [*positions[first:], *positions[: bisect_left(positions, end - nodes)]]

    @property
    def rejected(self) -> Mapping[Status, Sequence[int]]:
        cut = {status: self._cut(positions) for status, positions in self._index._rejected.items()}
        return {status: positions for status, positions in cut.items() if positions}

    def members(self, features: Features) -> Sequence[int]:
        return self._cut(self._index._alike[features])

    def turn(self, position: int) -> int:
        return (position - self._start) % self._nodes


def _take(positions: list[int], position: int) -> None:
    del positions[bisect_left(positions, position)]
