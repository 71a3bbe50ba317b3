"""Deletes a finished Job, with its pods, when its `ttlSecondsAfterFinished` are over.

https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/; upstream's ttlafterfinished_controller.go.
"""

from typing import ClassVar

from simulator.apiserver.errors import StatusError
from simulator.client import Controller
from simulator.controllers.kinds.conditions import condition
from simulator.controllers.kinds.objects import is_ending, key_of, split
from simulator.engine.plain import Obj

_JOBS = "jobs.batch"


class TtlAfterFinishedController(Controller):
    name: ClassVar[str] = "ttl-after-finished-controller"
    watches = {_JOBS: "on_job"}
    writes = (_JOBS,)

    def on_job(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and _expires(new):
            self.enqueue(key_of(new))

    def reconcile(self, key: str) -> None:
        job = self.cache.get(_JOBS, *split(key))
        if job is None or not _expires(job):
            return
        ttl_us = job["spec"]["ttlSecondsAfterFinished"] * 1_000_000
        left_us = self.engine.micros(_finish(job)) + ttl_us - self.engine.now
        if left_us > 0:
            self.enqueue(key, left_us)
            return
        metadata = job["metadata"]
        try:
            self.client.delete(
                _JOBS, metadata["namespace"], metadata["name"], propagation="Foreground", uid=metadata["uid"]
            )
        except StatusError as error:
            if error.reason != "NotFound":
                raise


def _expires(job: Obj) -> bool:
    return job["spec"].get("ttlSecondsAfterFinished") is not None and bool(_finish(job)) and not is_ending(job)


def _finish(job: Obj) -> str:
    """When the Job became Complete or Failed, "" while it has not."""
    conditions = (job.get("status") or {}).get("conditions")
    for type in ("Complete", "Failed"):
        found = condition(conditions, type)
        if found is not None and found["status"] == "True":
            return str(found["lastTransitionTime"])
    return ""
