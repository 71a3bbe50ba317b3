"""Removes pods of nodes that no longer exist.

https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-garbage-collection; upstream's podgc. A node's absence is
believed after forty seconds, looked at on a twenty-second beat. Nobody is left to stop such a pod, so it is deleted by force.
"""

from typing import ClassVar

from simulator.apiserver.errors import StatusError
from simulator.client import Controller
from simulator.controllers.kinds.conditions import replaced
from simulator.controllers.kinds.objects import one_of
from simulator.controllers.kinds.pods import is_terminal
from simulator.engine.plain import Obj

_QUARANTINE_US = 40_000_000
_PERIOD_US = 20_000_000


class PodGarbageCollector(Controller):
    name: ClassVar[str] = "pod-garbage-collector-controller"
    watches = {"nodes": "on_node", "pods": "on_pod"}
    writes = ("pods",)

    def on_node(self, old: Obj | None, new: Obj | None) -> None:
        if new is None:
            self._look_later(one_of(old, new)["metadata"]["name"])

    def on_pod(self, old: Obj | None, new: Obj | None) -> None:
        """A pod bound to a node that is already gone."""
        node = "" if new is None else new["spec"].get("nodeName", "")
        if node and (old is None or not old["spec"].get("nodeName")) and self.cache.get("nodes", "", node) is None:
            self._look_later(node)

    def _look_later(self, node: str) -> None:
        due = -(-(self.engine.now + _QUARANTINE_US) // _PERIOD_US) * _PERIOD_US
        self.enqueue(node, due - self.engine.now)

    def reconcile(self, key: str) -> None:
        if self.cache.get("nodes", "", key) is not None:
            return
        for pod in self.cache.on_node(key):
            self._remove(pod)

    def _remove(self, pod: Obj) -> None:
        metadata = pod["metadata"]
        try:
            if not is_terminal(pod):
                self._mark_failed(pod)
            self.client.delete("pods", metadata["namespace"], metadata["name"], grace_s=0, uid=metadata["uid"])
        except StatusError as error:
            if error.reason not in ("NotFound", "Conflict"):
                raise

    def _mark_failed(self, pod: Obj) -> None:
        status = pod.get("status") or {}
        disrupted = {
            "type": "DisruptionTarget",
            "status": "True",
            "lastProbeTime": None,
            "lastTransitionTime": self.engine.timestamp(),
            "reason": "DeletionByPodGC",
            "message": "PodGC: node no longer exists",
        }
        fresh = {**status, "phase": "Failed", "conditions": replaced(status.get("conditions"), disrupted)}
        self.client.update_status("pods", {**pod, "status": fresh})
