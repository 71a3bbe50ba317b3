"""Pod affinity and anti-affinity: near to, or away from, pods with certain labels.

https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#inter-pod-affinity-and-anti-affinity.
Anti-affinity is symmetric: a placed pod's required terms also keep a newcomer away.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from simulator.scheduler.framework import MAX_NODE_SCORE, Status, View
from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.pod_info import AffinityTerm, PodInfo

REASON_AFFINITY = "node(s) didn't match pod affinity rules"
REASON_ANTI_AFFINITY = "node(s) didn't match pod anti-affinity rules"
REASON_EXISTING = "node(s) didn't satisfy existing pods anti-affinity rules"

#: What a required affinity term of a placed pod adds to the score (hardPodAffinityWeight).
_HARD_WEIGHT = 1

#: A topology key and a node's value for it.
Domain = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Placed:
    wanted: Mapping[Domain, int]
    """Pods that match all of the newcomer's affinity terms, by domain."""
    unwanted: Mapping[Domain, int]
    """Pods that match one of its anti-affinity terms."""
    closed: Mapping[Domain, int]
    """Pods whose own anti-affinity keeps the newcomer out of the domain."""


class InterPodAffinity:
    name = "InterPodAffinity"
    weight = 2

    # Filter

    def prepare_check(self, pod: PodInfo, view: View) -> Placed | None:
        if not (pod.affinity or pod.anti_affinity or any(node.anti_affinity_pods for node in view.nodes)):
            return None
        wanted: dict[Domain, int] = {}
        unwanted: dict[Domain, int] = {}
        closed: dict[Domain, int] = {}
        for node, placed in _pods(view.nodes):
            if pod.affinity and all(term.matches(placed.group) for term in pod.affinity):
                _count(wanted, node, pod.affinity)
            _count(unwanted, node, (term for term in pod.anti_affinity if term.matches(placed.group)))
            _count(closed, node, (term for term in placed.anti_affinity if term.matches(pod.group)))
        return Placed(wanted, unwanted, closed)

    def check(self, pod: PodInfo, node: NodeInfo, prepared: Placed) -> Status | None:
        if not self._is_near(pod, node, prepared):
            return Status(self.name, (REASON_AFFINITY,), resolvable=False)
        if any((term.key, node.labels.get(term.key)) in prepared.unwanted for term in pod.anti_affinity):
            return Status(self.name, (REASON_ANTI_AFFINITY,), resolvable=True)
        if any(node.labels.get(key) == value for key, value in prepared.closed):
            return Status(self.name, (REASON_EXISTING,), resolvable=True)
        return None

    def _is_near(self, pod: PodInfo, node: NodeInfo, prepared: Placed) -> bool:
        if any(term.key not in node.labels for term in pod.affinity):
            return False
        if all((term.key, node.labels[term.key]) in prepared.wanted for term in pod.affinity):
            return True
        # The first of a group with affinity to itself may go anywhere.
        return not prepared.wanted and all(term.matches(pod.group) for term in pod.affinity)

    # Score

    def feature(self, pod: PodInfo, node: NodeInfo) -> tuple[Domain, ...]:
        return tuple(sorted(node.labels.items()))

    def prepare(
        self,
        pod: PodInfo,
        view: View,
        feasible: Mapping[tuple[Domain, ...], int],
        everywhere: Mapping[tuple[Domain, ...], int],
    ) -> Mapping[Domain, int] | None:
        if not (pod.preferred_affinity or view.affinity_pods):
            return None
        points: dict[Domain, int] = {}
        for node, placed in _pods(view.nodes):
            _count(points, node, (term for term in pod.preferred_affinity if term.matches(placed.group)))
            _count(points, node, (term for term in placed.affinity if term.matches(pod.group)), _HARD_WEIGHT)
            _count(points, node, (term for term in placed.preferred_affinity if term.matches(pod.group)))
        return points or None

    def score(self, pod: PodInfo, feature: tuple[Domain, ...], prepared: Mapping[Domain, int]) -> int:
        return sum(prepared.get(domain, 0) for domain in feature)

    def normalize(self, scores: Sequence[int], prepared: Mapping[Domain, int]) -> Sequence[int]:
        lowest, spread = min(scores), max(scores) - min(scores)
        return [MAX_NODE_SCORE * (score - lowest) // spread if spread else 0 for score in scores]


def _pods(nodes: Sequence[NodeInfo]) -> Iterable[tuple[NodeInfo, PodInfo]]:
    for node in nodes:
        for placed, _ in node.pods.values():
            yield node, placed


def _count(counts: dict[Domain, int], node: NodeInfo, terms: Iterable[AffinityTerm], weight: int = 0) -> None:
    """Adds each term's weight (1 for required terms, or `weight`) to the node's domain."""
    for term in terms:
        value = node.labels.get(term.key)
        if value is not None:
            counts[term.key, value] = counts.get((term.key, value), 0) + (weight or term.weight or 1)
