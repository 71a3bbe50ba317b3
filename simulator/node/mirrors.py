"""Mirror pods: what tells the API server of the static pods of a machine.

Follows `pkg/kubelet/pod/mirror_client.go` and `HandlePodCleanups` of `pkg/kubelet/kubelet_pods.go` (v1.33). Promises: a mirror that somebody deletes is
made again while its static pod runs, and goes soon after that has ended. Leaves to others: the static pods themselves (`static_pods`).
"""

from simulator.apiserver.errors import ApiUnavailable, StatusError
from simulator.engine.plain import Obj
from simulator.node.fleet import MIRROR, WORKERS, Fleet
from simulator.node.pod_reports import STATUS_RETRY_US
from simulator.node.records import NodeRecord, PodRecord
from simulator.node.timing import SECOND

#: How often a kubelet looks for mirrors of pods that have ended (`housekeepingPeriod`).
HOUSEKEEPING_US = 2 * SECOND


def mirrored(pod: Obj) -> str:
    """The uid of the static pod that a pod of the API mirrors; "" for an ordinary one."""
    return str((pod["metadata"].get("annotations") or {}).get(MIRROR, ""))


class Mirrors:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def hear(self, node: NodeRecord, mirror: Obj, *, is_gone: bool) -> None:
        """Deleting a mirror pod changes nothing but the mirror, which is made again."""
        record = self._fleet.pods.get(mirrored(mirror))
        if is_gone:
            if record is not None and record.mirror == mirror["metadata"]["uid"]:
                record.mirror, record.written = "", None
                self._fleet.notice(record)
        elif record is None or mirror["metadata"].get("deletionTimestamp"):
            self._delete(node.name, mirror)

    def relist(self, node: NodeRecord, mirrors: dict[str, Obj]) -> None:
        """A kubelet has started and finds these, by the uid of the static pod."""
        for record in [self._fleet.pods[uid] for uid in node.pods if self._fleet.pods[uid].static]:
            mirror = mirrors.pop(record.uid, None)
            record.mirror = "" if mirror is None else mirror["metadata"]["uid"]
            record.written = None
            self._fleet.wake(record)
        for mirror in mirrors.values():
            self._delete(node.name, mirror)

    def make(self, record: PodRecord, pod: Obj) -> bool:
        """Makes the mirror pod if there is none; False: it has to be tried again."""
        if record.mirror or record.orphaned:
            return True
        node, client = self._fleet.nodes[record.node], self._fleet.client(record.node)
        if not node.uid:
            return False
        owner = {"apiVersion": "v1", "kind": "Node", "name": node.name, "uid": node.uid, "controller": True}
        kept = {key: value for key, value in pod["metadata"].items() if key not in ("uid", "creationTimestamp")}
        annotations = {**kept["annotations"], MIRROR: record.uid}
        metadata = {**kept, "annotations": annotations, "ownerReferences": [owner]}
        try:
            known = self._fleet.find(record.node, "pods", record.namespace, record.name)
            if known is not None and mirrored(known) != record.uid:
                self._delete(record.node, known)
                known = None
            if known is None:
                known = client.create("pods", {**pod, "metadata": metadata})
        except (StatusError, ApiUnavailable):
            return False
        record.mirror = known["metadata"]["uid"]
        return True

    def outlive(self, node: NodeRecord, record: PodRecord) -> None:
        """A static pod has ended: the next housekeeping takes its mirror away."""
        delay = HOUSEKEEPING_US - self._fleet.engine.now % HOUSEKEEPING_US if self._fleet.timing.relist_us else 0
        self._sweep_in(delay, node.name, record.namespace, record.name, record.uid)

    def sweep(self, node: str, namespace: str, name: str, uid: str) -> None:
        """The kubelet's housekeeping takes away the mirror of a static pod that has ended."""
        try:
            mirror = self._fleet.find(node, "pods", namespace, name)
        except ApiUnavailable:
            mirror = None
            self._sweep_in(STATUS_RETRY_US, node, namespace, name, uid)
        if mirror is not None and mirrored(mirror) == uid:
            self._delete(node, mirror)

    def _sweep_in(self, delay_us: int, *mirror: str) -> None:
        self._fleet.engine.schedule(delay_us, WORKERS, "sweep_mirror", *mirror)

    def _delete(self, node: str, mirror: Obj) -> None:
        """At once, whatever its grace period: nothing runs behind a mirror. Lost when the API server does not answer."""
        metadata = mirror["metadata"]
        try:
            self._fleet.client(node).delete(
                "pods", metadata["namespace"], metadata["name"], grace_s=0, uid=metadata["uid"]
            )
        except (StatusError, ApiUnavailable):
            return
