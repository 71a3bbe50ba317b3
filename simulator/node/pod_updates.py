"""What the kubelets hear of pods, from the API and from files, and whose worker is told of it.

Follows `syncLoopIteration` and `HandlePodAdditions`, `HandlePodUpdates`, `HandlePodRemoves` of `pkg/kubelet/kubelet.go`. Promises: a change that means
nothing to a worker wakes nobody; a pod that does not pass the admission handlers gets its status and no containers. Before a pod is taken up stands
the gate, where a learner may stop it. Leaves to others: what a worker does (`pod_workers`), what a static pod is (`static_pods`).
"""

from typing import Protocol

from simulator.engine.plain import Obj
from simulator.node.admission import OUT_OF, Rejection
from simulator.node.admission_handlers import AdmissionHandlers
from simulator.node.eviction import is_critical
from simulator.node.fleet import Fleet
from simulator.node.kubelet_gate import KubeletGate
from simulator.node.mirrors import Mirrors, mirrored
from simulator.node.pod_reports import PodReports
from simulator.node.pod_status import is_ready_outdated
from simulator.node.records import ContainerRecord, NodeRecord, PodRecord
from simulator.node.static_pods import StaticPods


class Workers(Protocol):
    """Those of the pods (`pod_workers.PodWorkers`)."""

    def begin(self, node: NodeRecord, record: PodRecord, pod: Obj) -> None: ...

    def reject(self, node: NodeRecord, record: PodRecord, pod: Obj, why: Rejection) -> None: ...

    def changed(self, record: PodRecord, old: Obj, new: Obj) -> None: ...

    def deleted(self, record: PodRecord, pod: Obj) -> None: ...

    def removed(self, record: PodRecord) -> None: ...

    def unwanted(self, record: PodRecord) -> None: ...

    def look(self, record: PodRecord, pod: Obj | None) -> None: ...


class PodUpdates:
    def __init__(
        self, fleet: Fleet, workers: Workers, *, reports: PodReports, mirrors: Mirrors, gate: KubeletGate
    ) -> None:
        self._fleet = fleet
        self._workers = workers
        self._reports = reports
        self._mirrors = mirrors
        self._gate = gate
        self._static = StaticPods(fleet)
        self._handlers = AdmissionHandlers(fleet)

    def hear(self, old: Obj | None, new: Obj | None) -> None:
        pod = old if new is None else new
        if pod is None or (old is not None and new is not None and self._is_nothing_new(old, new)):
            return
        node = self._fleet.nodes.get(pod["spec"].get("nodeName", ""))
        if node is None or not node.kubelet:
            return
        if mirrored(pod):
            self._mirrors.hear(node, pod, is_gone=new is None)
            return
        record = self._fleet.pods.get(pod["metadata"]["uid"])
        if new is None:
            if record is not None:
                self._workers.removed(record)
        elif record is None:
            if not self._gate.holds(node.name, new):
                self._meet(node, new)
        elif new["metadata"].get("deletionTimestamp"):
            if not self._gate.holds(node.name, new):
                self._workers.deleted(record, new)
        elif old is not None and record.worker == "syncing":
            if _differs(old, new):
                self._workers.changed(record, old, new)
            elif self._fleet.facts(record, new).has_gates and is_ready_outdated(new):
                self._fleet.wake(record)

    def _is_nothing_new(self, old: Obj, new: Obj) -> bool:
        """Whether a pod that has a worker differs in its status alone, as it does after each report of the worker itself."""
        if old["spec"] is not new["spec"]:
            return False
        metadata = new["metadata"]
        record = self._fleet.pods.get(metadata["uid"])
        if record is None or record.facts is None or record.facts.has_gates:
            return False
        return "deletionTimestamp" not in metadata

    def relist(self, node_name: str, epoch: int) -> None:
        """Event: a kubelet has started and compares the pods bound to it with what it knows."""
        node = self._fleet.nodes[node_name]
        if node.epoch != epoch or not node.kubelet:
            return
        here = self._fleet.cache.on_node(node_name)
        bound = {pod["metadata"]["uid"]: pod for pod in here if not mirrored(pod)}
        for uid in [uid for uid in node.pods if uid not in bound and not self._fleet.pods[uid].static]:
            self._workers.removed(self._fleet.pods[uid])
        self._mirrors.relist(node, {mirrored(pod): pod for pod in here if mirrored(pod)})
        for uid, pod in bound.items():
            record = self._fleet.pods.get(uid)
            if record is None:
                if not self._gate.holds(node_name, pod):
                    self._meet(node, pod)
                continue
            record.written = None
            for one in record.containers.values():
                if one.exit_reason == "Unknown" and one.state == "exited":
                    one.finished_us = self._fleet.engine.now
            if record.worker == "syncing" and pod["metadata"].get("deletionTimestamp"):
                self._workers.deleted(record, pod)
            else:
                self._fleet.wake(record)

    def _meet(self, node: NodeRecord, pod: Obj, *, static: bool = False) -> None:
        """A pod newly bound to this node, or found in a file on it."""
        metadata = pod["metadata"]
        if (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded"):
            if metadata.get("deletionTimestamp"):
                self._reports.delete(node.name, metadata)
            return
        record = PodRecord(
            metadata["uid"], metadata["namespace"], metadata["name"], node.name, {}, started_us=self._fleet.engine.now
        )
        facts = self._fleet.facts(record, pod)
        record.containers = {name: ContainerRecord(name, kind) for name, kind in facts.kinds}
        record.static = static
        record.requests = facts.wants.requests
        rejection = self._handlers.rejection(node, record, pod)
        if rejection is not None and rejection.reason.startswith(OUT_OF) and is_critical(pod):
            rejection = self._handlers.make_room(node, record, pod)
            if rejection is None:
                return
        if rejection is None:
            self._workers.begin(node, record, pod)
        else:
            self._workers.reject(node, record, pod, rejection)

    def read_manifests(self, node_name: str, epoch: int) -> None:
        """Event: the kubelet has started, or something in its directory of manifests has changed."""
        node = self._fleet.nodes[node_name]
        if node.epoch != epoch or not node.kubelet:
            return
        wanted = self._static.wanted(node)
        taken = {}
        for record in [self._fleet.pods[uid] for uid in node.pods if self._fleet.pods[uid].static]:
            taken[record.namespace, record.name] = record.uid
            if record.uid in wanted:
                self._fleet.wake(record)
            elif not record.orphaned:
                self._workers.unwanted(record)
        for pod in wanted.values():
            if (pod["metadata"]["namespace"], pod["metadata"]["name"]) not in taken and not self._gate.holds(
                node_name, pod
            ):
                self._meet(node, pod, static=True)

    def resume(self, uid: str, namespace: str, name: str, cause: int) -> None:
        """Event: a pod that was held may be looked at, once."""
        pod = self._fleet.cache.get("pods", namespace, name)
        pod = next((one.static_pods[uid] for one in self._fleet.nodes.values() if uid in one.static_pods), pod)
        node = self._fleet.nodes.get(pod["spec"].get("nodeName", "")) if pod is not None else None
        if pod is None or node is None or pod["metadata"]["uid"] != uid or not node.kubelet:
            return
        self._fleet.engine.cause = cause
        if self._gate.holds(node.name, pod):
            return
        record = self._fleet.pods.get(uid)
        if record is None:
            self._meet(node, pod, static=uid in node.static_pods)
        elif pod["metadata"].get("deletionTimestamp") and record.worker == "syncing":
            self._workers.deleted(record, pod)
        else:
            self._workers.look(record, pod)


def _differs(old: Obj, new: Obj) -> bool:
    """Whether a pod is meant to be another. Identity answers at once where objects share their parts."""
    return old["spec"] is not new["spec"] and bool(old["spec"] != new["spec"])
