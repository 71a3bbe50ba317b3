"""NodeVolumeLimits: a machine takes only so many disks of a CSI driver, as its CSINode says.

`pkg/scheduler/framework/plugins/nodevolumelimits/csi.go`: volumes are counted once a node, however many pods share them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from simulator.machinery import claims as rules
from simulator.scheduler.framework import Status, View
from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.pod_info import PodInfo
from simulator.scheduler.storage_view import StorageView

REASON = "node(s) exceed max volume count"

#: (driver, handle or the claim that will have one)
Disk = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    storage: StorageView
    disks: frozenset[Disk]


class NodeVolumeLimits:
    name = "NodeVolumeLimits"

    def prepare_check(self, pod: PodInfo, view: View) -> Asked | None:
        disks = frozenset(_disks(pod, view.storage)) if pod.claims else frozenset()
        return Asked(view.storage, disks) if disks else None

    def check(self, pod: PodInfo, node: NodeInfo, prepared: Asked) -> Status | None:
        csi_node = prepared.storage.csi_node(node.name)
        if csi_node is None:
            return None
        limits = {
            driver["name"]: driver["allocatable"]["count"]
            for driver in csi_node["spec"].get("drivers") or ()
            if (driver.get("allocatable") or {}).get("count") is not None
        }
        there: dict[Disk, None] = {}
        for placed, _ in node.pods.values():
            if placed.claims:
                there.update(dict.fromkeys(_disks(placed, prepared.storage)))
        for driver, limit in limits.items():
            new = [disk for disk in prepared.disks if disk[0] == driver and disk not in there]
            if new and sum(1 for disk in there if disk[0] == driver) + len(new) > limit:
                return Status(self.name, (REASON,), resolvable=True)
        return None


def _disks(pod: PodInfo, storage: StorageView) -> Iterable[Disk]:
    for name in pod.claims:
        claim = storage.claim(pod.namespace, name)
        if claim is None:
            continue
        volume = storage.volume(claim["spec"].get("volumeName") or "")
        if volume is not None:
            handle = rules.handle_of(volume)
            if handle is not None:
                yield handle
            continue
        storage_class = storage.storage_class(rules.class_name(claim))
        if storage_class is not None:
            yield storage_class["provisioner"], f"{pod.namespace}/{name}"
