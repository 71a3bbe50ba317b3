"""VolumeRestrictions: a ReadWriteOncePod claim is used by one pod of the whole cluster.

`pkg/scheduler/framework/plugins/volumerestrictions`; the pod that has it may be preempted. Disks of in-tree cloud plugins, which the
plugin also knows, are gone from Kubernetes.
"""

from simulator.machinery.claims import has_mode
from simulator.scheduler.framework import Status, View
from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.pod_info import PodInfo

REASON = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"


class VolumeRestrictions:
    name = "VolumeRestrictions"

    def prepare_check(self, pod: PodInfo, view: View) -> int | None:
        """How many placed pods already use one of the pod's exclusive claims."""
        exclusive = []
        for name in pod.claims:
            claim = view.storage.claim(pod.namespace, name)
            if claim is not None and has_mode(claim, "ReadWriteOncePod"):
                exclusive.append(name)
        if not exclusive:
            return None
        return sum(
            1
            for node in view.nodes
            for placed, _ in node.pods.values()
            if placed.namespace == pod.namespace
            for name in exclusive
            if name in placed.claims
        )

    def check(self, pod: PodInfo, node: NodeInfo, prepared: int) -> Status | None:
        return Status(self.name, (REASON,), resolvable=True) if prepared else None
