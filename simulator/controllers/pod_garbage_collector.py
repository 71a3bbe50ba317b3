"""Removes pods of nodes that no longer exist, those that end on nodes out of service, those that end before they have a node, and the
oldest of those that have ended when there are too many of them.

https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-garbage-collection; upstream's podgc. A node's absence is
believed after forty seconds, looked at on a twenty-second beat. Nobody is left to stop such a pod, so it is deleted by force. The
same goes for a terminating pod on a node that is not ready and that somebody has tainted as out of service
(https://kubernetes.io/docs/concepts/cluster-administration/node-shutdown/#non-graceful-node-shutdown).
"""

from typing import ClassVar

from simulator.apiserver.errors import StatusError
from simulator.client import About, Client, Controller, Process
from simulator.controllers.kinds.conditions import is_true, replaced
from simulator.controllers.kinds.objects import is_ending, key_of, one_of, split
from simulator.controllers.kinds.pods import is_terminal
from simulator.engine import Plain
from simulator.engine.plain import Obj

_QUARANTINE_US = 40_000_000
_PERIOD_US = 20_000_000
#: The key under which pods that have ended are looked through.
_ENDED = "ended/"
_OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"


class PodGarbageCollector(Controller):
    name: ClassVar[str] = "pod-garbage-collector-controller"
    watches = {"nodes": "on_node", "pods": "on_pod"}
    writes = ("pods",)
    #: --terminated-pod-gc-threshold: so many pods that have ended may stay.
    threshold: ClassVar[int] = 12_500

    def __init__(self, process: Process, client: Client) -> None:
        super().__init__(process, client)
        self._ended = 0
        """How many pods have ended and are still there."""

    def on_node(self, old: Obj | None, new: Obj | None) -> None:
        if new is None:
            self._look_later(one_of(old, new)["metadata"]["name"])
        elif _is_out_of_service(new) and (old is None or not _is_out_of_service(old)):
            self._look_soon(new["metadata"]["name"])

    def on_pod(self, old: Obj | None, new: Obj | None) -> None:
        had_ended = old is not None and is_terminal(old)
        if had_ended is not (new is not None and is_terminal(new)):
            self._count(-1 if had_ended else 1)
        if new is None:
            return
        is_new = old is None or (old["spec"] is not new["spec"] and not old["spec"].get("nodeName"))
        if is_new or (is_ending(new) and old is not None and not is_ending(old)):
            self._look_at(new, is_new=is_new)

    def _count(self, more: int) -> None:
        self._ended += more
        if self._ended > self.threshold:
            self._look_soon(_ENDED)

    def _look_at(self, pod: Obj, *, is_new: bool) -> None:
        """A pod that is bound to a node that is gone already, or that ends where nobody will stop it."""
        node = pod["spec"].get("nodeName", "")
        known = self.cache.get("nodes", "", node) if node else None
        if node and is_new and known is None:
            self._look_later(node)
        if is_ending(pod) and (known is not None and _is_out_of_service(known)):
            self._look_soon(node)
        if is_ending(pod) and not node and not is_terminal(pod):
            self._look_soon(key_of(pod))

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
        if key == _ENDED:
            self._remove_oldest()
            return
        if "/" in key:
            pod = self.cache.get("pods", *split(key))
            if pod is not None and is_ending(pod) and not pod["spec"].get("nodeName"):
                self._remove(pod, key, is_orphan=False)
            return
        node = self.cache.get("nodes", "", key)
        if node is not None and not _is_out_of_service(node):
            return
        for pod in self.cache.on_node(key):
            if node is None or is_ending(pod):
                self._remove(pod, key, is_orphan=node is None)

    def _remove_oldest(self) -> None:
        """Those that were evicted go first."""
        ended = sorted((pod for pod in self.cache.list("pods") if is_terminal(pod)), key=_removal_order)
        for pod in ended[: max(len(ended) - self.threshold, 0)]:
            self._remove(pod, _ENDED, is_orphan=False)

    def _remove(self, pod: Obj, key: str, *, is_orphan: bool) -> None:
        """By force; `key` is looked at again when the pod has changed meanwhile."""
        metadata = pod["metadata"]
        try:
            if not is_terminal(pod):
                self._mark_failed(pod, is_orphan=is_orphan)
            self.client.delete("pods", metadata["namespace"], metadata["name"], grace_s=0, uid=metadata["uid"])
        except StatusError as error:
            if error.reason == "Conflict":
                self._look_soon(key)
            elif error.reason != "NotFound":
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

    # State

    def on_stop(self) -> None:
        super().on_stop()
        self._ended = 0

    def dump_private(self) -> Plain:
        return self._ended

    def load_private(self, state: Plain) -> None:
        self._ended = state


def _removal_order(pod: Obj) -> tuple[bool, str, str]:
    metadata, status = pod["metadata"], pod["status"]
    was_evicted = status["phase"] == "Failed" and status.get("reason") == "Evicted"
    return not was_evicted, metadata["creationTimestamp"], metadata["name"]


def _is_out_of_service(node: Obj) -> bool:
    """Not ready, and marked so by somebody who knows that the machine is off."""
    marked = any(taint["key"] == _OUT_OF_SERVICE for taint in node["spec"].get("taints") or ())
    return marked and not is_true((node.get("status") or {}).get("conditions"), "Ready")
