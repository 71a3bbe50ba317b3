"""The cluster as the autoscaler imagines it: the nodes there are, those that are coming, and where pods would fit.

Promises: the same verdicts as the scheduler's filters that look at one node; nothing here is written anywhere.
"""

from collections.abc import Iterable, Sequence

from simulator.engine.plain import Obj
from simulator.scheduler.cluster_view import ClusterView
from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.node_looks import verdict
from simulator.scheduler.pod_info import PodInfo, pod_info


class Room:
    def __init__(self, daemons: Sequence[Obj]) -> None:
        self._view = ClusterView()
        self._daemons = [_template_pod(one) for one in daemons]

    def add(self, node: Obj, pods: Iterable[Obj]) -> None:
        """A node with what runs on it."""
        self._view.put_node(node)
        for pod in pods:
            self._view.add_pod(node["metadata"]["name"], pod["metadata"]["uid"], pod_info(pod))

    def add_fresh(self, node: Obj) -> NodeInfo:
        """A node that is not there yet: only DaemonSets will have pods on it."""
        info = self._view.put_node(node)
        for index, daemon in enumerate(self._daemons):
            if verdict(daemon, info) is None:
                self._view.add_pod(info.name, f"daemon-{info.name}-{index}", daemon)
        return info

    def node(self, name: str) -> NodeInfo | None:
        position = self._view.position(name)
        return None if position is None else self._view.nodes[position]

    def utilization(self, name: str) -> float:
        """The larger share of what a node's pods request: CPU or memory."""
        info = self.node(name)
        if info is None or not info.allocatable.milli_cpu or not info.allocatable.memory:
            return 0.0
        return max(info.milli_cpu / info.allocatable.milli_cpu, info.memory / info.allocatable.memory)

    def place(self, pod: Obj, *, without: str = "") -> str:
        """Puts a pod onto the first node with room, other than `without`; its name, or "" when there is none."""
        info = pod_info({**pod, "spec": {**pod["spec"], "nodeName": ""}})
        for node in sorted(self._view.nodes, key=lambda one: one.name):
            if node.name != without and verdict(info, node) is None:
                self._view.add_pod(node.name, pod["metadata"]["uid"], info)
                return node.name
        return ""

    def take(self, pod: Obj, node: str) -> None:
        self._view.remove_pod(node, pod["metadata"]["uid"])

    def put_back(self, pod: Obj, node: str) -> None:
        self._view.add_pod(node, pod["metadata"]["uid"], pod_info(pod))

    def refusal(self, pod: Obj, node: NodeInfo) -> tuple[str, ...]:
        """Why the pod would not fit onto this node; empty when it would."""
        found = verdict(pod_info(pod), node)
        return () if found is None else found.reasons


def _template_pod(daemon_set: Obj) -> PodInfo:
    template = daemon_set["spec"]["template"]
    metadata = {
        **(template.get("metadata") or {}),
        "name": "template",
        "namespace": daemon_set["metadata"]["namespace"],
    }
    return pod_info({"metadata": metadata, "spec": template["spec"]})
