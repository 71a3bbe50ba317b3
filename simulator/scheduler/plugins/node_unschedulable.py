"""Keeps pods off cordoned nodes, unless they tolerate the taint that a cordon implies."""

from simulator.machinery.taints import NO_SCHEDULE, Taint, is_tolerated
from simulator.scheduler.framework import Status
from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.pod_info import PodInfo

REASON = "node(s) were unschedulable"
_TAINT = Taint("node.kubernetes.io/unschedulable", "", NO_SCHEDULE)


class NodeUnschedulable:
    name = "NodeUnschedulable"

    def filter(self, pod: PodInfo, node: NodeInfo) -> Status | None:
        if not node.unschedulable or is_tolerated(_TAINT, pod.tolerations):
            return None
        return Status(self.name, (REASON,), resolvable=False)
