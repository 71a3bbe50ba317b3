"""What is known about every node for one kind of pod, so that the next alike pod costs next to nothing.

Promises the same answer as `placement.Scan` for pods whose verdicts are local (`placement.is_local`). Only
nodes that changed since the last pod are looked at again; nodes that look alike are scored once. Finding the
feasible nodes of a cycle, which start at a rotating position, is a search in sorted lists of positions.
"""

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from typing import Any

from simulator.scheduler.cluster_view import ClusterView
from simulator.scheduler.framework import Score, Status
from simulator.scheduler.placement import Features, feasible_nodes_to_find, share, verdict
from simulator.scheduler.plugins import SCORES
from simulator.scheduler.pod_info import PodInfo

#: Of so many nodes each may be looked at without a thought.
FEW_NODES = 128


class PlacementIndex:
    def __init__(self, pod: PodInfo) -> None:
        self.pod = pod
        self._layout = -1
        self._seen = 0
        self._status: list[Status | None] = []
        self.features: list[Features] = []
        self.fitting: list[int] = []
        """Positions of all nodes that fit, sorted."""
        self.alike: dict[Features, list[int]] = {}
        """The same by looks; each list sorted."""
        self.rejected: dict[Status, list[int]] = {}
        self.everywhere: dict[Features, int] = {}

    def cycle(self, view: ClusterView, start: int) -> "IndexedCycle":
        self.catch_up(view)
        return IndexedCycle(self, start, len(view.nodes))

    def catch_up(self, view: ClusterView) -> None:
        """Looks at the nodes that changed since the last time."""
        if self._layout != view.layout or self._seen < view.first_change:
            self._start_over(view)
        else:
            changed = view.changes[self._seen - view.first_change :]
            for position in dict.fromkeys(changed) if len(changed) > 1 else changed:
                self._forget(position)
                self._learn(view, position)
        self._seen = view.last_change

    def is_behind(self, view: ClusterView) -> bool:
        """Whether catching up would mean to look at a good part of the nodes."""
        return self._layout != view.layout or view.missed(self._seen) > max(len(view.nodes) // 8, FEW_NODES)

    def _start_over(self, view: ClusterView) -> None:
        count = len(view.nodes)
        self._layout = view.layout
        self._status = [None] * count
        self.features = [()] * count
        self.fitting, self.alike, self.rejected, self.everywhere = [], {}, {}, {}
        for position in range(count):
            self._learn(view, position)

    def _learn(self, view: ClusterView, position: int) -> None:
        node, pod = view.nodes[position], self.pod
        status = self._status[position] = verdict(pod, node)
        features = self.features[position] = tuple([plugin.feature(pod, node) for plugin in SCORES])
        self.everywhere[features] = self.everywhere.get(features, 0) + 1
        if status is None:
            insort(self.fitting, position)
            insort(self.alike.setdefault(features, []), position)
        else:
            insort(self.rejected.setdefault(status, []), position)

    def _forget(self, position: int) -> None:
        status, features = self._status[position], self.features[position]
        left = self.everywhere[features] - 1
        if left:
            self.everywhere[features] = left
        else:
            del self.everywhere[features]
        if status is None:
            _take(self.fitting, position)
            alike = self.alike[features]
            _take(alike, position)
            if not alike:
                del self.alike[features]
        else:
            rejected = self.rejected[status]
            _take(rejected, position)
            if not rejected:
                del self.rejected[status]


class IndexedCycle:
    """`placement.Cycle` cut out of an index. Good until the index catches up with the next change."""

    scores: Sequence[Score] = SCORES

    def __init__(self, index: PlacementIndex, start: int, nodes: int) -> None:
        self.pod = index.pod
        self._index = index
        self._start = start
        self._nodes = nodes
        self._is_whole = False
        self.examined = self._find_end(index.fitting, feasible_nodes_to_find(nodes))
        self._end = start + self.examined
        if self._is_whole:
            self.feasible: Mapping[Features, int] = {
                features: len(positions) for features, positions in index.alike.items()
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
        for features, positions in self._index.alike.items():
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
        cut = {status: self._cut(positions) for status, positions in self._index.rejected.items()}
        return {status: positions for status, positions in cut.items() if positions}

    def everywhere(self, index: int) -> Mapping[Any, int]:
        return share(self._index.everywhere, index)

    def members(self, features: Features) -> Sequence[int]:
        return self._cut(self._index.alike[features])

    def turn(self, position: int) -> int:
        return (position - self._start) % self._nodes


def _take(positions: list[int], position: int) -> None:
    del positions[bisect_left(positions, position)]
