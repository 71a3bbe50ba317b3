"""Keeps pods off nodes with a taint they do not tolerate, and prefers nodes with fewer PreferNoSchedule taints.

https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/.
"""

from collections.abc import Sequence

from simulator.machinery.taints import NO_EXECUTE, NO_SCHEDULE, PREFER_NO_SCHEDULE, is_tolerated
from simulator.scheduler.framework import Census, Status, View, normalize_by_maximum
from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.pod_info import PodInfo


class TaintToleration:
    name = "TaintToleration"
    weight = 3
    is_settled = True

    def filter(self, pod: PodInfo, node: NodeInfo) -> Status | None:
        for taint in node.taints:
            if taint.effect in (NO_SCHEDULE, NO_EXECUTE) and not is_tolerated(taint, pod.tolerations):
                reason = f"node(s) had untolerated taint {{{taint.key}: {taint.value}}}"
                return Status(self.name, (reason,), resolvable=False)
        return None

    def feature(self, pod: PodInfo, node: NodeInfo) -> int:
        """How many PreferNoSchedule taints the pod does not tolerate."""
        if not node.taints:
            return 0
        tolerations = [one for one in pod.tolerations if one.effect in ("", PREFER_NO_SCHEDULE)]
        return sum(taint.effect == PREFER_NO_SCHEDULE and not is_tolerated(taint, tolerations) for taint in node.taints)

    def prepare(self, pod: PodInfo, view: View, census: Census) -> bool:
        return True

    def score(self, pod: PodInfo, feature: int, prepared: bool) -> int:
        return feature

    def normalize(self, scores: Sequence[int], prepared: bool) -> Sequence[int]:
        return normalize_by_maximum(scores, reverse=True)
