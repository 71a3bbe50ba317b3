"""Prefers nodes whose CPU and memory would be used to a similar degree (NodeResourcesBalancedAllocation)."""

from collections.abc import Sequence

from simulator.scheduler.framework import MAX_NODE_SCORE, Census, View
from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.pod_info import PodInfo


class BalancedAllocation:
    name = "NodeResourcesBalancedAllocation"
    weight = 1
    is_settled = True

    def feature(self, pod: PodInfo, node: NodeInfo) -> int:
        """100 less the standard deviation of the two shares in percent."""
        offered, wanted = node.allocatable, pod.requests
        cpu = _share(offered.milli_cpu, node.milli_cpu + wanted.milli_cpu)
        memory = _share(offered.memory, node.memory + wanted.memory)
        deviation = 0.0 if cpu is None or memory is None else abs((cpu - memory) / 2)
        return int((1 - deviation) * MAX_NODE_SCORE)

    def prepare(self, pod: PodInfo, view: View, census: Census) -> bool | None:
        """Pods without any request have no say, or they would all pile up on one node."""
        return True if pod.requests.milli_cpu or pod.requests.memory else None

    def score(self, pod: PodInfo, feature: int, prepared: bool) -> int:
        return feature

    def normalize(self, scores: Sequence[int], prepared: bool) -> Sequence[int]:
        return scores


def _share(capacity: int, requested: int) -> float | None:
    return None if capacity == 0 else min(requested / capacity, 1.0)
