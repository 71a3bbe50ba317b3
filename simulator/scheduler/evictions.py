"""Preemption carried out: the victims are marked and deleted, and told why.

Follows `prepareCandidate` of `pkg/scheduler/framework/preemption/preemption.go`. Who they are is decided in `preemption`.
"""

from simulator.apiserver.errors import ApiUnavailable, StatusError
from simulator.client import Client
from simulator.engine.plain import Obj
from simulator.scheduler.pod_changes import SOURCE, is_ending
from simulator.scheduler.pod_reports import PodReports
from simulator.scheduler.preemption import Candidate

_REASON = "PreemptionByScheduler"


class Evictions:
    def __init__(self, client: Client, reports: PodReports) -> None:
        self._client = client
        self._reports = reports

    def evict(self, chosen: Candidate, by: Obj, now: str) -> None:
        """Deletes the victims for the pod `by`, each with the reason in its status. `now`: a timestamp."""
        scheduler = by["spec"].get("schedulerName") or SOURCE
        condition = {
            "type": "DisruptionTarget",
            "status": "True",
            "lastProbeTime": None,
            "lastTransitionTime": now,
            "reason": _REASON,
            "message": f"{scheduler}: preempting to accommodate a higher priority pod",
        }
        for victim in chosen.victims:
            known = (victim.get("status") or {}).get("conditions") or ()
            others = [one for one in known if one["type"] != condition["type"]]
            self._reports.patch(victim, {"conditions": [*others, condition]})
            metadata = victim["metadata"]
            try:
                self._client.delete("pods", metadata["namespace"], metadata["name"], uid=metadata["uid"])
            except (StatusError, ApiUnavailable):
                continue
            message = f"Preempted by pod {by['metadata']['uid']} on node {chosen.node}"
            self._client.event(victim, "Normal", "Preempted", message, source=SOURCE)


def is_preempted(pod: Obj) -> bool:
    """Being deleted to make room for another."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    marked = next((one for one in conditions if one["type"] == "DisruptionTarget"), None)
    return is_ending(pod) and marked is not None and marked["status"] == "True" and marked.get("reason") == _REASON


def priority_of(pod: Obj) -> int:
    return int(pod["spec"].get("priority") or 0)
