"""nodeSelector and node affinity: required terms filter, preferred terms score.

https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#affinity-and-anti-affinity.
"""

from collections.abc import Sequence

from simulator.scheduler.framework import Census, Status, View, normalize_by_maximum
from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.pod_info import PodInfo

REASON = "node(s) didn't match Pod's node affinity/selector"
#: PreFilter already left the node out because the terms ask for other nodes by name, as DaemonSet pods do.
REASON_BY_NAME = "node(s) didn't satisfy plugin(s) [NodeAffinity]"
#: Every term asks for nodes by two names at once.
REASON_CONFLICT = "pod affinity terms conflict"


class NodeAffinityConflict:
    """PreFilter: terms that no node can have the name for turn the pod down everywhere."""

    name = "NodeAffinity"

    def prepare_check(self, pod: PodInfo, view: View) -> Status | None:
        if pod.wanted_nodes is None or pod.wanted_nodes:
            return None
        return Status(self.name, (REASON_CONFLICT,), resolvable=False, is_general=True)

    def check(self, pod: PodInfo, node: NodeInfo, prepared: object) -> Status | None:
        return None


class NodeAffinityByName:
    """PreFilter: nodes that the terms leave out by name are never looked at by any other plugin."""

    name = "NodeAffinity"

    def filter(self, pod: PodInfo, node: NodeInfo) -> Status | None:
        if pod.wanted_nodes is None or node.name in pod.wanted_nodes:
            return None
        return Status(self.name, (REASON_BY_NAME,), resolvable=False)


class NodeAffinity:
    name = "NodeAffinity"
    weight = 2
    is_settled = True

    def filter(self, pod: PodInfo, node: NodeInfo) -> Status | None:
        if pod.node_matches(node.name, node.labels):
            return None
        return Status(self.name, (REASON,), resolvable=False)

    def feature(self, pod: PodInfo, node: NodeInfo) -> int:
        """Summed weights of the preferred terms that the node matches."""
        return sum(weight for weight, term in pod.preferred_terms if term.matches(node.name, node.labels))

    def prepare(self, pod: PodInfo, view: View, census: Census) -> bool | None:
        return True if pod.preferred_terms else None

    def score(self, pod: PodInfo, feature: int, prepared: bool) -> int:
        return feature

    def normalize(self, scores: Sequence[int], prepared: bool) -> Sequence[int]:
        return normalize_by_maximum(scores)
