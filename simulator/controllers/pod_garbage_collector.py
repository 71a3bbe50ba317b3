"""Removes pods of nodes that no longer exist, those that end on nodes out of service, and those that end before they have a node.

https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-garbage-collection; upstream's podgc. A node's absence is
believed after forty seconds, looked at on a twenty-second beat. Nobody is left to stop such a pod, so it is deleted by force. The
same goes for a terminating pod on a node that is not ready and that somebody has tainted as out of service
(https://kubernetes.io/docs/concepts/cluster-administration/node-shutdown/#non-graceful-node-shutdown).
"""

from typing import ClassVar

from simulator.apiserver.errors import StatusError
from simulator.client import About, Controller
from simulator.controllers.kinds.conditions import is_true, replaced
from simulator.controllers.kinds.objects import is_ending, key_of, one_of, split
from simulator.controllers.kinds.pods import is_terminal
from simulator.engine.plain import Obj

_QUARANTINE_US = 40_000_000
_PERIOD_US = 20_000_000
_OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"


class PodGarbageCollector(Controller):
    name: ClassVar[str] = "pod-garbage-collector-controller"
    watches = {"nodes": "on_node", "pods": "on_pod"}
    writes = ("pods",)

    def on_node(self, old: Obj | None, new: Obj | None) -> None:
        if new is None:
            self._look_later(one_of(old, new)["metadata"]["name"])
        elif _is_out_of_service(new) and (old is None or not _is_out_of_service(old)):
            self._look_soon(new["metadata"]["name"])

    def on_pod(self, old: Obj | None, new: Obj | None) -> None:
        """A pod bound to a node that is already gone."""
        node = "" if new is None else new["spec"].get("nodeName", "")
        known = self.cache.get("nodes", "", node) if node else None
        if node and (old is None or not old["spec"].get("nodeName")) and known is None:
            self._look_later(node)
        if new is not None and known is not None and is_ending(new) and _is_out_of_service(known):
            self._look_soon(node)
        if new is not None and not node and is_ending(new) and not is_terminal(new):
            self._look_soon(key_of(new))

    def about(self, key: str) -> About:
        known = super().about(key)
        return known._replace(resource="pods") if "/" in key else known

    def _look_soon(self, key: str) -> None:
        """`key`: a node, or a pod that has none."""
        self.enqueue(key, _PERIOD_US - self.engine.now % _PERIOD_US)

    def _look_later(self, node: str) -> None:
        due = -(-(self.engine.now + _QUARANTINE_US) // _PERIOD_US) * _PERIOD_US
        self.enqueue(node, due - self.engine.now)

    def reconcile(self, key: str) -> None:
        if "/" in key:
            pod = self.cache.get("pods", *split(key))
            if pod is not None and is_ending(pod) and not pod["spec"].get("nodeName"):
                self._remove(pod, is_orphan=False)
            return
        node = self.cache.get("nodes", "", key)
        if node is not None and not _is_out_of_service(node):
            return
        for pod in self.cache.on_node(key):
            if node is None or is_ending(pod):
                self._remove(pod, is_orphan=node is None)

    def _remove(self, pod: Obj, *, is_orphan: bool) -> None:
        metadata = pod["metadata"]
        try:
            if not is_terminal(pod):
                self._mark_failed(pod, is_orphan=is_orphan)
            self.client.delete("pods", metadata["namespace"], metadata["name"], grace_s=0, uid=metadata["uid"])
        except StatusError as error:
            if error.reason not in ("NotFound", "Conflict"):
                raise

    def _mark_failed(self, pod: Obj, *, is_orphan: bool) -> None:
        status = pod.get("status") or {}
        if not is_orphan:
            self.client.update_status("pods", {**pod, "status": {**status, "phase": "Failed"}})
            return
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


def _is_out_of_service(node: Obj) -> bool:
    """Not ready, and marked so by somebody who knows that the machine is off."""
    marked = any(taint["key"] == _OUT_OF_SERVICE for taint in node["spec"].get("taints") or ())
    return marked and not is_true((node.get("status") or {}).get("conditions"), "Ready")
