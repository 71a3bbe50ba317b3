"""What is known about every node for one kind of pod, so that the next alike pod costs next to nothing.

Promises the same answer as `placement.Scan` for pods whose verdicts are local (`placement.is_local`). Only
nodes that changed since the last pod are looked at again; nodes that look alike are scored once. Finding the
feasible nodes of a cycle, which start at a rotating position, is a search in sorted lists of positions.
"""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from simulator.scheduler.cluster_view import ClusterView
from simulator.scheduler.framework import Score, Status
from simulator.scheduler.node_looks import KindLooks
from simulator.scheduler.placement import feasible_nodes_to_find, rotated
from simulator.scheduler.plugins import SCORES
from simulator.scheduler.pod_info import PodInfo
from simulator.scheduler.scoring import NodeClass, share

#: Of so many nodes each may be looked at without a thought.
FEW_NODES = 128
#: When one node in so many has changed, to begin anew is less work than to correct what is known.
_A_GOOD_PART = 8


class PlacementIndex:
    def __init__(self, pod: PodInfo, looks: KindLooks | None = None) -> None:
        """`looks`: what is known about nodes already."""
        self.pod = pod
        self.looks = looks or KindLooks(pod)
        self._looks_age = self.looks.age
        self._layout = -1
        self._seen = 0
        self.classes: list[NodeClass] = []
        """By position."""
        self.fitting: list[int] = []
        """Positions of all nodes that fit, sorted."""
        self.alike: dict[NodeClass, list[int]] = {}
        """The same by looks; each list sorted."""
        self.rejected: dict[Status, list[int]] = {}
        self.everywhere: dict[NodeClass, int] = {}

    def cycle(self, view: ClusterView, start: int) -> "IndexedCycle":
        self.catch_up(view)
        return IndexedCycle(self, start, len(view.nodes))

    def catch_up(self, view: ClusterView) -> None:
        """Looks at the nodes that changed since the last time."""
        self.looks.begin(len(view.nodes))
        if self._layout != view.layout or self._seen < view.first_change or self._looks_age != self.looks.age:
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
            seen = self.looks.of(view.nodes[position])
            if seen is not self.classes[position]:
                self._forget(position)
                self._learn(position, seen)

    def is_behind(self, view: ClusterView) -> bool:
        """Whether catching up would mean to look at a good part of the nodes."""
        return self._layout != view.layout or view.missed(self._seen) > max(len(view.nodes) // _A_GOOD_PART, FEW_NODES)

    def _start_over(self, view: ClusterView) -> None:
        self._layout, self._looks_age = view.layout, self.looks.age
        look = self.looks.of
        self.classes = [look(node) for node in view.nodes]
        self.everywhere = dict(Counter(self.classes))
        self.fitting, self.alike, self.rejected = [], {}, {}
        for position, seen in enumerate(self.classes):
            if seen.status is None:
                self.fitting.append(position)
                self.alike.setdefault(seen, []).append(position)
            else:
                self.rejected.setdefault(seen.status, []).append(position)

    def _learn(self, position: int, seen: NodeClass) -> None:
        self.classes[position] = seen
        self.everywhere[seen] = self.everywhere.get(seen, 0) + 1
        if seen.status is None:
            insort(self.fitting, position)
            insort(self.alike.setdefault(seen, []), position)
        else:
            insort(self.rejected.setdefault(seen.status, []), position)

    def _forget(self, position: int) -> None:
        seen = self.classes[position]
        left = self.everywhere[seen] - 1
        if left:
            self.everywhere[seen] = left
        else:
            del self.everywhere[seen]
        if seen.status is None:
            _take(self.fitting, position)
            alike = self.alike[seen]
            _take(alike, position)
            if not alike:
                del self.alike[seen]
        else:
            rejected = self.rejected[seen.status]
            _take(rejected, position)
            if not rejected:
                del self.rejected[seen.status]


class IndexedCycle:
    """`scoring.Cycle` cut out of an index. Good until the index catches up with the next change."""

    scores: Sequence[Score] = SCORES

    def __init__(self, index: PlacementIndex, start: int, nodes: int) -> None:
        self.pod = index.pod
        self.memory = index.looks.memory
        self._index = index
        self._start = start
        self._nodes = nodes
        self._is_whole = False
        self.examined = self._find_end(index.fitting, feasible_nodes_to_find(nodes))
        self._end = start + self.examined
        if self._is_whole:
            self.feasible: Mapping[NodeClass, int] = {seen: len(positions) for seen, positions in index.alike.items()}
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

    def _count(self) -> dict[NodeClass, int]:
        start, end, nodes = self._start, self._end, self._nodes
        counts = {}
        for seen, positions in self._index.alike.items():
            found = bisect_left(positions, end if end <= nodes else end - nodes) - bisect_left(positions, start)
            if end > nodes:
                found += len(positions)
            if found:
                counts[seen] = found
        return counts

    def _cut(self, positions: Sequence[int]) -> Sequence[int]:
        """The positions looked at, in that order."""
        start, end, nodes = self._start, self._end, self._nodes
        first = bisect_left(positions, start)
        if end <= nodes:
            return positions[first : bisect_left(positions, end)]
        return [*positions[first:], *positions[: bisect_left(positions, end - nodes)]]

    @property
    def rejected(self) -> Mapping[Status, Sequence[int]]:
        found = {}
        for status, positions in self._index.rejected.items():
            if cut := self._cut(positions):
                found[status] = cut
        return found

    def everywhere(self, place: int) -> Mapping[Any, int]:
        return share(self._index.everywhere, place)

    def members(self, alike: NodeClass) -> Sequence[int]:
        return self._cut(self._index.alike[alike])

    def turn(self, position: int) -> int:
        return (position - self._start) % self._nodes

    def in_turn(self, positions: Sequence[int]) -> list[int]:
        return rotated(positions, self._start)


def _take(positions: list[int], position: int) -> None:
    del positions[bisect_left(positions, position)]
