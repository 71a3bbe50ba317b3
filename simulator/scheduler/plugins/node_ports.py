"""Keeps two pods from asking for the same host port on one node."""

from simulator.scheduler.framework import Status
from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.pod_info import PodInfo

REASON = "node(s) didn't have free ports for the requested pod ports"


class NodePorts:
    name = "NodePorts"

    def filter(self, pod: PodInfo, node: NodeInfo) -> Status | None:
        if not pod.host_ports or not any(wanted.conflicts(used) for wanted in pod.host_ports for used in node.ports):
            return None
        return Status(self.name, (REASON,), resolvable=True)
