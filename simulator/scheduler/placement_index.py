"""What is known about every node for one kind of pod, so that the next alike pod costs next to nothing.

Promises the same answer as `placement.Scan` for pods whose verdicts are local (`placement.is_local`). Only
nodes that changed since the last pod are looked at again; nodes that look alike are scored once. Finding the
feasible nodes of a cycle, which start at a rotating position, is a search in sorted lists of positions.
"""

from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from simulator.scheduler.cluster_view import ClusterView
from simulator.scheduler.framework import Score, Status
from simulator.scheduler.node_looks import NodeLooks
from simulator.scheduler.placement import Features, Look, feasible_nodes_to_find, rotated, share
from simulator.scheduler.plugins import BY_LABELS, SCORES
from simulator.scheduler.pod_info import PodInfo

#: Of so many nodes each may be looked at without a thought.
FEW_NODES = 128
#: When one node in so many has changed, to begin anew is less work than to correct what is known.
_A_GOOD_PART = 8


class PlacementIndex:
    def __init__(self, pod: PodInfo, looks: NodeLooks | None = None) -> None:
        """`looks`: shared with pods that differ only in their labels."""
        self.pod = pod
        self._nodes = looks or NodeLooks(pod)
        self._layout = -1
        self._seen = 0
        self._looks: list[Look] = []
        self._own: list[Hashable] = []
        """The feature of `BY_LABELS`, by position."""
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
        self._nodes.turn_to(view)
        if self._layout != view.layout or self._seen < view.first_change:
            self._start_over(view)
        else:
            changed = view.changes[self._seen - view.first_change :]
            if len(changed) > 1:
                changed = list(dict.fromkeys(changed))
            self._look_again(view, changed)
        self._seen = view.last_change

    def _look_again(self, view: ClusterView, changed: Sequence[int]) -> None:
        if len(changed) > max(len(view.nodes) // _A_GOOD_PART, 1):
            self._start_over(view)
            return
        for position in changed:
            look = self._nodes.of(view, position)
            own = BY_LABELS.feature(self.pod, view.nodes[position])
            if look is not self._looks[position] or own != self._own[position]:
                self._forget(position)
                self._learn(position, look, own)

    def is_behind(self, view: ClusterView) -> bool:
        """Whether catching up would mean to look at a good part of the nodes."""
        return self._layout != view.layout or view.missed(self._seen) > max(len(view.nodes) // _A_GOOD_PART, FEW_NODES)

    def _start_over(self, view: ClusterView) -> None:
        self._layout = view.layout
        pod, nodes = self.pod, view.nodes
        self._looks = [self._nodes.of(view, position) for position in range(len(nodes))]
        self._own = [BY_LABELS.feature(pod, node) for node in nodes]
        seen = zip(self._looks, self._own, strict=True)
        self.features = [(*before, own, *after) for (_, before, after), own in seen]
        self.everywhere = dict(Counter(self.features))
        self.fitting = [position for position, look in enumerate(self._looks) if look[0] is None]
        alike: defaultdict[Features, list[int]] = defaultdict(list)
        for position in self.fitting:
            alike[self.features[position]].append(position)
        self.alike, self.rejected = dict(alike), {}
        if len(self.fitting) < len(nodes):
            for position, look in enumerate(self._looks):
                if look[0] is not None:
                    self.rejected.setdefault(look[0], []).append(position)

    def _learn(self, position: int, look: Look, own: Hashable) -> None:
        self._looks[position], self._own[position] = look, own
        status, before, after = look
        features = self.features[position] = (*before, own, *after)
        self.everywhere[features] = self.everywhere.get(features, 0) + 1
        if status is None:
            insort(self.fitting, position)
            insort(self.alike.setdefault(features, []), position)
        else:
            insort(self.rejected.setdefault(status, []), position)

    def _forget(self, position: int) -> None:
        status, features = self._looks[position][0], self.features[position]
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

    def in_turn(self, positions: Sequence[int]) -> list[int]:
        return rotated(positions, self._start)


def _take(positions: list[int], position: int) -> None:
    del positions[bisect_left(positions, position)]
