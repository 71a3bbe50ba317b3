"""Pod affinity and anti-affinity: near to, or away from, pods with certain labels.

https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#inter-pod-affinity-and-anti-affinity.
Anti-affinity is symmetric: a placed pod's required terms also keep a newcomer away.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulator.scheduler.framework import MAX_NODE_SCORE, Census, Status, View
from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.pod_info import PodInfo

REASON_AFFINITY = "node(s) didn't match pod affinity rules"
REASON_ANTI_AFFINITY = "node(s) didn't match pod anti-affinity rules"
REASON_EXISTING = "node(s) didn't satisfy existing pods anti-affinity rules"

#: What a required affinity term of a placed pod adds to the score (hardPodAffinityWeight).
_HARD_WEIGHT = 1

#: A topology key and a node's value for it.
Domain = tuple[str, str]
#: Which of the four counts one placed pod adds to, the topology key of the term, and how much.
Say = tuple[int, str, int]
WANTED, UNWANTED, CLOSED, POINTS = range(4)


def says(pod: PodInfo, placed: PodInfo) -> tuple[Say, ...]:
    """What a placed pod means to a newcomer, wherever it is: the same for all pods that share these infos."""
    found: list[Say] = []
    if pod.affinity and all(term.matches(placed.group) for term in pod.affinity):
        found += [(WANTED, term.key, 1) for term in pod.affinity]
    found += [(UNWANTED, term.key, 1) for term in pod.anti_affinity if term.matches(placed.group)]
    found += [(CLOSED, term.key, 1) for term in placed.anti_affinity if term.matches(pod.group)]
    found += [(POINTS, term.key, term.weight) for term in pod.preferred_affinity if term.matches(placed.group)]
    found += [(POINTS, term.key, _HARD_WEIGHT) for term in placed.affinity if term.matches(pod.group)]
    found += [(POINTS, term.key, term.weight) for term in placed.preferred_affinity if term.matches(pod.group)]
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Placed:
    wanted: Mapping[Domain, int]
    """Pods that match all of the newcomer's affinity terms, by domain."""
    unwanted: Mapping[Domain, int]
    """Pods that match one of its anti-affinity terms."""
    closed: Mapping[Domain, int]
    """Pods whose own anti-affinity keeps the newcomer out of the domain."""
    closed_keys: tuple[str, ...]
    """The topology keys in `closed`."""


def placed(wanted: Mapping[Domain, int], unwanted: Mapping[Domain, int], closed: Mapping[Domain, int]) -> Placed:
    return Placed(wanted, unwanted, closed, tuple(dict.fromkeys(key for key, _ in closed)))


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """What preferred terms give each domain. Every one differs from all others: there is nothing to remember."""

    points: Mapping[Domain, int]


class InterPodAffinity:
    name = "InterPodAffinity"
    weight = 2
    is_settled = False

    # Filter

    def prepare_check(self, pod: PodInfo, view: View) -> Placed | None:
        has_say = pod.affinity or pod.anti_affinity
        if not has_say and not (view.affinity_pods and any(node.anti_affinity_pods for node in view.nodes)):
            return None
        counts: tuple[dict[Domain, int], ...] = ({}, {}, {}, {})
        _count(pod, view.nodes, counts)
        return placed(counts[WANTED], counts[UNWANTED], counts[CLOSED])

    def check(self, pod: PodInfo, node: NodeInfo, prepared: Placed) -> Status | None:
        labels = node.labels
        if not self._is_near(pod, node, prepared):
            return Status(self.name, (REASON_AFFINITY,), resolvable=False)
        if any((term.key, labels.get(term.key)) in prepared.unwanted for term in pod.anti_affinity):
            return Status(self.name, (REASON_ANTI_AFFINITY,), resolvable=True)
        if any((key, labels.get(key)) in prepared.closed for key in prepared.closed_keys):
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

    def prepare(self, pod: PodInfo, view: View, census: Census) -> Near | None:
        if not (pod.preferred_affinity or view.affinity_pods):
            return None
        counts: tuple[dict[Domain, int], ...] = ({}, {}, {}, {})
        _count(pod, view.nodes, counts)
        return Near(counts[POINTS]) if counts[POINTS] else None

    def score(self, pod: PodInfo, feature: tuple[Domain, ...], prepared: Near) -> int:
        return sum(prepared.points.get(domain, 0) for domain in feature)

    def normalize(self, scores: Sequence[int], prepared: object) -> Sequence[int]:
        lowest, spread = min(scores), max(scores) - min(scores)
        # In floating point and cut off, as upstream does: 29 of 100 gives 28.
        return [int(MAX_NODE_SCORE * ((score - lowest) / spread)) if spread else 0 for score in scores]


def _count(pod: PodInfo, nodes: Sequence[NodeInfo], counts: Sequence[dict[Domain, int]]) -> None:
    known: dict[PodInfo, tuple[Say, ...]] = {}
    for node in nodes:
        for one, _ in node.pods.values():
            said = known.get(one)
            if said is None:
                said = known[one] = says(pod, one)
            for count, key, amount in said:
                value = node.labels.get(key)
                if value is not None:
                    counts[count][key, value] = counts[count].get((key, value), 0) + amount
