"""Honours `spec.nodeName` when the pod comes with one."""

from simulator.scheduler.framework import Status
from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.pod_info import PodInfo

REASON = "node(s) didn't match the requested node name"


class NodeName:
    name = "NodeName"

    def filter(self, pod: PodInfo, node: NodeInfo) -> Status | None:
        if not pod.node_name or pod.node_name == node.name:
            return None
        return Status(self.name, (REASON,), resolvable=False)
