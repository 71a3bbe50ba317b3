"""The kubelet's admission handlers, in their order: the first that objects to a pod decides (`pkg/kubelet/kubelet.go` canAdmitPod).

Leaves to others: the checks themselves (`admission`, `eviction`, `node_shutdown`), and what becomes of a pod that was refused (`pod_workers`).
"""

from collections.abc import Iterator

from simulator.engine.plain import Obj
from simulator.node import admission
from simulator.node.eviction import rejection as under_pressure
from simulator.node.fleet import Fleet
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
        found = found or admission.check(node, record.requests, allocatable=allocatable(node.spec))
        if found is not None or here is None:
            return found
        if wants.amounts:
            allocatable_there = (here.get("status") or {}).get("allocatable") or {}
            found = admission.of_amounts(wants, self._others(node), allocatable_there)
        found = found or admission.of_node(wants, here, self._others(node), is_static=record.static)
        return admission.Rejection(NOT_ADMITTED, NOT_ADMITTED_MESSAGE) if found is None and node.shutdown else found

    def _others(self, node: NodeRecord) -> Iterator[admission.Wants]:
        """Of the pods of this machine that are not over yet."""
        for record in [self._fleet.pods[uid] for uid in node.pods]:
            pod = None if record.worker == "terminated" else self._fleet.pod(record)
            if pod is not None:
                yield self._fleet.facts(record, pod).wants
