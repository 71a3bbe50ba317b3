"""Filtering: which nodes are feasible for one pod, found by looking at one node after the other.

A `scoring.Cycle` is the outcome of filtering, whoever did it: `Scan` here, `PlacementIndex` from what it remembers about alike pods.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from simulator.scheduler.framework import ClusterFilter, Score, Status, View
from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.node_looks import FreshLooks, Looks, verdict
from simulator.scheduler.plugins import BY_LABELS, CLUSTER_FILTERS, CLUSTER_SCORES, SCORES
from simulator.scheduler.pod_info import PodInfo
from simulator.scheduler.scoring import NodeClass

#: A plugin that looks at the whole cluster, and what it found there.
Check = tuple[ClusterFilter, Any]

_MIN_FEASIBLE_NODES = 100
_MIN_PERCENTAGE = 5


def feasible_nodes_to_find(nodes: int) -> int:
    """percentageOfNodesToScore, adaptive as by default: half of a small cluster, less of a large one, 100 at least.

    https://kubernetes.io/docs/concepts/scheduling-eviction/scheduler-perf-tuning/#default-threshold.
    """
    if nodes < _MIN_FEASIBLE_NODES:
        return nodes
    percentage = max(50 - nodes // 125, _MIN_PERCENTAGE)
    return max(nodes * percentage // 100, _MIN_FEASIBLE_NODES)


def is_local(pod: PodInfo, view: View) -> bool:
    """Whether verdict and features of a node depend on that node alone, so that they can be remembered."""
    return not (pod.hard_spread or pod.has_affinity or view.affinity_pods or pod.claims)


class Scan:
    """A cycle that looks at the nodes one after the other."""

    def __init__(self, pod: PodInfo, view: View, start: int, looks: Looks | None = None) -> None:
        """`looks`: what is known about the nodes already."""
        self.pod = pod
        self._looks = looks or FreshLooks(pod)
        self._looks.begin(len(view.nodes))
        self.memory = self._looks.memory
        self.scores: Sequence[Score] = SCORES if is_local(pod, view) else (*SCORES, *CLUSTER_SCORES)
        self._view = view
        self.rejected: dict[Status, list[int]] = {}
        self.examined = 0
        self._start = start
        self._nodes = len(view.nodes)
        self._members: dict[NodeClass, list[int]] = {}
        self._filter(view)
        self.feasible: Mapping[NodeClass, int] = {alike: len(found) for alike, found in self._members.items()}

    def _filter(self, view: View) -> None:
        asked = [(plugin, plugin.prepare_check(self.pod, view)) for plugin in CLUSTER_FILTERS]
        general = next((prepared for _, prepared in asked if isinstance(prepared, Status)), None)
        if general is not None:
            if view.nodes:
                self.rejected[general] = list(range(len(view.nodes)))
            return
        candidates, count = self._candidates(view)
        found = self._walk(candidates, [one for one in asked if one[1] is not None], feasible_nodes_to_find(count))
        if not found and count < len(view.nodes):
            self._reject_others(view.nodes, frozenset(candidates))

    def _walk(self, candidates: Iterable[int], checks: Sequence[Check], wanted: int) -> int:
        """Looks at the candidates until as many as are wanted have been found. How many were."""
        nodes, looks, members = self._view.nodes, self._looks, self._members
        is_local, found = self.scores is SCORES, 0
        for position in candidates:
            self.examined += 1
            node = nodes[position]
            seen = looks.of(node)
            status = seen.status
            if status is None and checks:
                status = self._check(node, checks)
            if status is not None:
                self.rejected.setdefault(status, []).append(position)
                continue
            members.setdefault(seen if is_local else self._finer(node, seen), []).append(position)
            found += 1
            if found == wanted:
                break
        return found

    def _check(self, node: NodeInfo, checks: Sequence[Check]) -> Status | None:
        for plugin, prepared in checks:
            status = plugin.check(self.pod, node, prepared)
            if status is not None:
                return status
        return None

    def _finer(self, node: NodeInfo, seen: NodeClass) -> NodeClass:
        """The class of a node when plugins that look at pods elsewhere have a say."""
        more = [plugin.feature(self.pod, node) for plugin in self.scores[len(SCORES) :]]
        return self._looks.finer(seen, *more)

    def _candidates(self, view: View) -> tuple[Iterable[int], int]:
        """Positions to look at, in order, and how many: all from the start on, or only nodes that the pod asks for by name."""
        if self.pod.wanted_nodes is None:
            return chain(range(self._start, self._nodes), range(self._start)), self._nodes
        asked = [view.position(name) for name in sorted(self.pod.wanted_nodes)]
        found = sorted(position for position in asked if position is not None)
        return found, len(found)

    def _reject_others(self, nodes: Sequence[NodeInfo], asked: frozenset[int]) -> None:
        """Says of the nodes not asked for why they were not looked at."""
        for position, node in enumerate(nodes):
            status = None if position in asked else verdict(self.pod, node)
            if status is not None:
                self.rejected.setdefault(status, []).append(position)

    def everywhere(self, place: int) -> Mapping[Any, int]:
        pod, plugin, counts = self.pod, self.scores[place], dict[Any, int]()
        for node in self._view.nodes:
            feature = self._looks.own(node) if plugin is BY_LABELS else plugin.feature(pod, node)
            counts[feature] = counts.get(feature, 0) + 1
        return counts

    def members(self, alike: NodeClass) -> Sequence[int]:
        return self._members[alike]

    def turn(self, position: int) -> int:
        return (position - self._start) % self._nodes

    def in_turn(self, positions: Sequence[int]) -> list[int]:
        return rotated(positions, self._start)


def rotated(positions: Sequence[int], start: int) -> list[int]:
    """In the order of a round that begins at `start`."""
    ordered = sorted(positions)
    first = bisect_left(ordered, start)
    return ordered[first:] + ordered[:first]
