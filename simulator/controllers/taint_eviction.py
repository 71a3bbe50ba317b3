"""Deletes pods from nodes with NoExecute taints, at once or after the time they tolerate.

https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions; upstream's
tainteviction. Every pod tolerates not-ready and unreachable for 300 s unless it says otherwise; when the taint goes
in time, the eviction is cancelled.
"""

from typing import ClassVar

from simulator.apiserver.errors import StatusError
from simulator.client import Client, Controller, Process
from simulator.client.routes import COMES, GOES, SPEC, Interest
from simulator.controllers.kinds.conditions import replaced
from simulator.controllers.kinds.objects import is_ending, key_of, one_of, split
from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.machinery.taints import NO_EXECUTE, taint, toleration

_SECOND_US = 1_000_000


class TaintEvictionController(Controller):
    name: ClassVar[str] = "taint-eviction-controller"
    watches = {"nodes": "on_node", "pods": "on_pod"}
    interests = {"pods": Interest(changes=frozenset({COMES, SPEC, GOES}))}
    writes = ("pods", "events")
    subject = "pods"

    def __init__(self, process: Process, client: Client) -> None:
        super().__init__(process, client)
        self._planned: dict[str, tuple[str, int, int]] = {}
        """Pod key → (uid, since, due) of evictions that are waiting."""

    # What is watched

    def on_node(self, old: Obj | None, new: Obj | None) -> None:
        if new is None or _evicting(old) == _evicting(new):
            return
        for pod in self.cache.on_node(new["metadata"]["name"]):
            self.enqueue(key_of(pod))

    def on_pod(self, old: Obj | None, new: Obj | None) -> None:
        key = key_of(one_of(old, new))
        if new is None:
            if key in self._planned:
                self.enqueue(key)
            return
        spec = new["spec"]
        if (
            old is not None
            and old["spec"].get("nodeName") == spec.get("nodeName")
            and old["spec"].get("tolerations") == spec.get("tolerations")
        ):
            return
        if _evicting(self.cache.get("nodes", "", spec.get("nodeName", ""))):
            self.enqueue(key)

    # One pod

    def reconcile(self, key: str) -> None:
        pod = self.cache.get("pods", *split(key))
        planned = self._planned.get(key)
        if pod is None or (planned is not None and planned[0] != pod["metadata"]["uid"]):
            self._cancel(key, planned)
            return
        if is_ending(pod):
            self._planned.pop(key, None)
            return
        wait_s = tolerated_s(pod, self.cache.get("nodes", "", pod["spec"].get("nodeName", "")))
        if wait_s is None:
            self._cancel(key, planned)
            return
        self._plan(key, pod, wait_s)

    def _plan(self, key: str, pod: Obj, wait_s: int) -> None:
        now = self.engine.now
        since = self._planned[key][1] if key in self._planned else now
        due = since + wait_s * _SECOND_US
        if now < due:
            self._planned[key] = (pod["metadata"]["uid"], since, due)
            self.enqueue(key, due - now)
            return
        self._evict(pod)
        self._planned.pop(key, None)

    def _cancel(self, key: str, planned: tuple[str, int, int] | None) -> None:
        if planned is None:
            return
        del self._planned[key]
        namespace, name = split(key)
        about = {"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": namespace, "name": name}}
        self.client.event(
            about, "Normal", "TaintManagerEviction", f"Cancelling deletion of Pod {key}", source=self.name
        )

    def _evict(self, pod: Obj) -> None:
        metadata = pod["metadata"]
        about = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"namespace": metadata["namespace"], "name": metadata["name"]},
        }
        self.client.event(
            about, "Normal", "TaintManagerEviction", f"Marking for deletion Pod {key_of(pod)}", source=self.name
        )
        disrupted = {
            "type": "DisruptionTarget",
            "status": "True",
            "lastProbeTime": None,
            "lastTransitionTime": self.engine.timestamp(),
            "reason": "DeletionByTaintManager",
            "message": "Taint manager: deleting due to NoExecute taint",
        }
        try:
            fresh = self.client.get("pods", metadata["namespace"], metadata["name"])
            status = fresh.get("status") or {}
            marked = {**fresh, "status": {**status, "conditions": replaced(status.get("conditions"), disrupted)}}
            self.client.update_status("pods", marked)
            self.client.delete("pods", metadata["namespace"], metadata["name"], uid=metadata["uid"])
        except StatusError as error:
            if error.reason != "NotFound":
                raise

    # State

    def on_stop(self) -> None:
        super().on_stop()
        self._planned.clear()

    def dump_private(self) -> Plain:
        return [[key, *plan] for key, plan in self._planned.items()]

    def load_private(self, state: Plain) -> None:
        self._planned = {key: (uid, since, due) for key, uid, since, due in state}


def tolerated_s(pod: Obj, node: Obj | None) -> int | None:
    """For how many seconds the pod may stay on the node; None is for ever."""
    taints = [taint(raw) for raw in _evicting(node)]
    raw_tolerations = pod["spec"].get("tolerations") or ()
    limits: list[int] = []
    for one in taints:
        used = [raw for raw in raw_tolerations if toleration(raw).tolerates(one)]
        if not used:
            return 0
        # As upstream, the first toleration that matches a taint is the one that counts.
        if (seconds := used[0].get("tolerationSeconds")) is not None:
            limits.append(max(seconds, 0))
    return min(limits, default=None)


def _evicting(node: Obj | None) -> list[Obj]:
    """NoExecute taints, without the time they were added."""
    taints = [] if node is None else (node.get("spec") or {}).get("taints") or []
    return [
        {name: value for name, value in one.items() if name != "timeAdded"}
        for one in taints
        if one["effect"] == NO_EXECUTE
    ]
