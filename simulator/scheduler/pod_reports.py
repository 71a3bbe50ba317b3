"""What the scheduler writes into the status of a pod: that it has no node and why, and which node it is nominated to.

Follows `updatePod` of `pkg/scheduler/schedule_one.go` and `UpdatePodConditionEx` of `pkg/api/v1/pod/util.go`. What the API server does not take is lost,
as upstream: the next attempt says it again.
"""

from simulator.apiserver.errors import ApiUnavailable, StatusError
from simulator.client import Client
from simulator.engine.plain import Obj


class PodReports:
    def __init__(self, client: Client) -> None:
        self._client = client

    def unscheduled(self, pod: Obj, message: str, *, reason: str, nominated: str, now: str) -> None:
        """Writes what is not in the status yet. `now`: a timestamp."""
        status: Obj = {}
        conditions = _with_unschedulable(pod, message, now, reason)
        if conditions is not None:
            status["conditions"] = conditions
        if nominated != ((pod.get("status") or {}).get("nominatedNodeName") or ""):
            status["nominatedNodeName"] = nominated or None
        if status:
            self.patch(pod, status)

    def patch(self, pod: Obj, status: Obj) -> None:
        metadata = pod["metadata"]
        try:
            self._client.patch(
                "pods", metadata["namespace"], metadata["name"], {"status": status}, subresource="status"
            )
        except (StatusError, ApiUnavailable):
            return


def _with_unschedulable(pod: Obj, message: str, now: str, reason: str) -> list[Obj] | None:
    """The pod's conditions with PodScheduled=False; None when they already say so."""
    conditions = list((pod.get("status") or {}).get("conditions") or ())
    wanted = {"type": "PodScheduled", "status": "False", "reason": reason, "message": message}
    for index, known in enumerate(conditions):
        if known["type"] == "PodScheduled":
            if all(known.get(name) == value for name, value in wanted.items()):
                return None
            since = known.get("lastTransitionTime", now) if known["status"] == "False" else now
            conditions[index] = {**wanted, "lastProbeTime": None, "lastTransitionTime": since}
            return conditions
    return [*conditions, {**wanted, "lastProbeTime": None, "lastTransitionTime": now}]
