"""The kubelet's admission handlers, in their order: the first that objects to a pod decides (`pkg/kubelet/kubelet.go` canAdmitPod).

Leaves to others: the checks themselves (`admission`, `eviction`, `node_shutdown`), and what becomes of a pod that was refused (`pod_workers`).
"""

from collections.abc import Iterator

from simulator.engine.plain import Obj
from simulator.node import admission, critical_pods
from simulator.node.eviction import is_critical
from simulator.node.eviction import rejection as under_pressure
from simulator.node.fleet import WORKERS, Fleet
from simulator.node.node_shutdown import NOT_ADMITTED, NOT_ADMITTED_MESSAGE
from simulator.node.node_status import allocatable
from simulator.node.records import NodeRecord, PodRecord


class AdmissionHandlers:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def rejection(self, node: NodeRecord, record: PodRecord, pod: Obj) -> admission.Rejection | None:
        """None: the pod may run here. The record is not among the machine's yet."""
        if why := under_pressure(node, pod):
            return admission.Rejection("Evicted", why)
        wants, here = self._fleet.facts(record, pod).wants, self._fleet.cache.get("nodes", "", node.name)
        found = admission.of_system(wants, pod["metadata"].get("labels") or {}, node.spec["os"])
        if found is None and here is not None and is_critical(pod):
            found = admission.of_node(wants, here, self._others(node), is_static=record.static)
        found = found or admission.check(node, record.requests, allocatable=allocatable(node.spec))
        if found is not None or here is None:
            return found
        if wants.amounts:
            allocatable_there = (here.get("status") or {}).get("allocatable") or {}
            found = admission.of_amounts(wants, self._others(node), allocatable_there)
        found = found or admission.of_node(wants, here, self._others(node), is_static=record.static)
        return admission.Rejection(NOT_ADMITTED, NOT_ADMITTED_MESSAGE) if found is None and node.shutdown else found

    def make_room(self, node: NodeRecord, record: PodRecord, pod: Obj) -> admission.Rejection | None:
        """For a critical pod others end; it is taken up when they have (`HandleAdmissionFailure`)."""
        wants, here = self._fleet.facts(record, pod).wants, self._fleet.cache.get("nodes", "", node.name) or {}
        lacks = admission.lacking(node, wants, self._others(node), here, fits=allocatable(node.spec))
        there = [self._fleet.pods[uid] for uid in node.pods if self._fleet.pods[uid].worker != "terminated"]
        going = [
            self._weighed(one) for one in there if one.worker == "terminating" and one.reason == critical_pods.REASON
        ]
        if rest := critical_pods.without(lacks, [one for one in going if one is not None]):
            staying = [self._weighed(one) for one in there if one.worker == "syncing"]
            try:
                chosen = critical_pods.victims(
                    critical_pods.weighed(record, pod), [one for one in staying if one is not None], rest
                )
            except critical_pods.NoVictims as error:
                return admission.Rejection(*critical_pods.failure(str(error)))
            for one in chosen:
                self._fleet.engine.schedule(0, WORKERS, "preempt", one.key)
        waiting = [record.uid, record.namespace, record.name]
        if waiting not in node.waiting:
            node.waiting.append(waiting)
        return None

    def _weighed(self, record: PodRecord) -> critical_pods.Pod | None:
        pod = self._fleet.pod(record)
        return None if pod is None else critical_pods.weighed(record, pod)

    def _others(self, node: NodeRecord) -> Iterator[admission.Wants]:
        """Of the pods of this machine that are not over yet."""
        for record in [self._fleet.pods[uid] for uid in node.pods]:
            pod = None if record.worker == "terminated" else self._fleet.pod(record)
            if pod is not None:
                yield self._fleet.facts(record, pod).wants
