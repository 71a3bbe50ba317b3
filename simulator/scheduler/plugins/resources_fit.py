"""Requests must fit into what the node has left, and emptier nodes are better (the LeastAllocated strategy).

https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#how-pods-with-resource-requests-are-scheduled.
Filter counts requests as they are; the score gives containers without a request a small one, so that they spread.
"""

from collections.abc import Sequence

from simulator.scheduler.framework import MAX_NODE_SCORE, Census, Status, View
from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.pod_info import PodInfo

TOO_MANY_PODS = "Too many pods"


class NodeResourcesFit:
    name = "NodeResourcesFit"
    weight = 1
    is_settled = True

    def filter(self, pod: PodInfo, node: NodeInfo) -> Status | None:
        reasons = self._missing(pod, node)
        return Status(self.name, tuple(reasons), resolvable=True) if reasons else None

    def _missing(self, pod: PodInfo, node: NodeInfo) -> list[str]:
        wanted, offered = pod.requests, node.allocatable
        reasons = []
        if len(node.pods) + 1 > node.pod_limit:
            reasons.append(TOO_MANY_PODS)
        if wanted.milli_cpu and wanted.milli_cpu > offered.milli_cpu - node.milli_cpu:
            reasons.append("Insufficient cpu")
        if wanted.memory and wanted.memory > offered.memory - node.memory:
            reasons.append("Insufficient memory")
        if wanted.ephemeral and wanted.ephemeral > offered.ephemeral - node.ephemeral:
            reasons.append("Insufficient ephemeral-storage")
        for name, amount in wanted.extended:
            if amount and amount > node.free_of(name):
                reasons.append(f"Insufficient {name}")
        return reasons

    def feature(self, pod: PodInfo, node: NodeInfo) -> int:
        """Mean share of CPU and memory that would be free, in percent."""
        offered = node.allocatable
        shares = [
            _free_share(offered.milli_cpu, node.nonzero_cpu + pod.nonzero_cpu),
            _free_share(offered.memory, node.nonzero_memory + pod.nonzero_memory),
        ]
        counted = [share for share in shares if share is not None]
        return sum(counted) // len(counted) if counted else 0

    def prepare(self, pod: PodInfo, view: View, census: Census) -> bool:
        return True

    def score(self, pod: PodInfo, feature: int, prepared: bool) -> int:
        return feature

    def normalize(self, scores: Sequence[int], prepared: bool) -> Sequence[int]:
        return scores


def _free_share(capacity: int, requested: int) -> int | None:
    if capacity == 0:
        return None
    return 0 if requested > capacity else (capacity - requested) * MAX_NODE_SCORE // capacity
