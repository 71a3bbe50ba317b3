"""When a Job is over: by its policies, its limits, its deadline, or because enough has succeeded. Writes nothing.

https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-termination-and-cleanup; upstream's `syncJob`. An end that an
earlier sync announced stands, whatever has happened since.
"""

from simulator.controllers.job_pods import is_indexed
from simulator.controllers.job_policies import met_rule
from simulator.controllers.job_sync import INTERIM, Sync, failing_rule, restarted_too_often
from simulator.controllers.kinds.conditions import condition
from simulator.engine import Engine
from simulator.engine.plain import Obj

_SECOND_US = 1_000_000


def job_condition(engine: Engine, type: str, reason: str, message: str, status: str = "True") -> Obj:
    now = engine.timestamp()
    return {
        "type": type,
        "status": status,
        "lastProbeTime": now,
        "lastTransitionTime": now,
        "reason": reason,
        "message": message,
    }


def reached(engine: Engine) -> Obj:
    """What is announced when enough pods have succeeded."""
    message = "Reached expected number of succeeded pods"
    return job_condition(engine, "SuccessCriteriaMet", "CompletionsReached", message)


def decided(sync: Sync, engine: Engine) -> Obj | None:
    """The condition that ends the Job before any pod is made or deleted; None while it goes on."""
    known = _announced(sync, engine)
    if known is not None:
        return known
    for type, reason, message in (_failure(sync, engine), _success(sync)):
        if reason:
            return job_condition(engine, type, reason, message)
    return None


def _announced(sync: Sync, engine: Engine) -> Obj | None:
    conditions = sync.status.get("conditions")
    for interim, final in INTERIM.items():
        found = condition(conditions, interim)
        if found is not None and found["status"] == "True":
            return job_condition(engine, final, found.get("reason", ""), found.get("message", ""))
    return None


def _failure(sync: Sync, engine: Engine) -> tuple[str, str, str]:
    """(type, reason, message); the reason is empty when nothing failed."""
    reason, message = "", ""
    if message := failing_rule(sync):
        reason = "PodFailurePolicy"
    elif sync.failed > sync.job["spec"]["backoffLimit"] or restarted_too_often(sync):
        reason, message = "BackoffLimitExceeded", "Job has reached the specified backoff limit"
    elif _is_overdue(sync, engine):
        reason, message = "DeadlineExceeded", "Job was active longer than specified deadline"
    else:
        reason, message = _failed_indexes(sync)
    return "FailureTarget", reason, message


def _is_overdue(sync: Sync, engine: Engine) -> bool:
    """Whether activeDeadlineSeconds are over; asks to be called again when they will be."""
    deadline_s = sync.job["spec"].get("activeDeadlineSeconds")
    if deadline_s is None or sync.job["spec"].get("suspend") or "startTime" not in sync.status:
        return False
    left = engine.micros(sync.status["startTime"]) + deadline_s * _SECOND_US - engine.now
    if left > 0:
        sync.waits.append(left)
    return bool(left <= 0)


def _failed_indexes(sync: Sync) -> tuple[str, str]:
    if sync.lost is None:
        return "", ""
    limit = sync.job["spec"].get("maxFailedIndexes")
    if limit is not None and len(sync.lost) > limit:
        return "MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes"
    if len(sync.lost) and len(sync.lost) + len(sync.done) >= sync.job["spec"]["completions"]:
        return "FailedIndexes", "Job has failed indexes"
    return "", ""


def _success(sync: Sync) -> tuple[str, str, str]:
    spec = sync.job["spec"]
    if not is_indexed(sync.job) or not spec.get("successPolicy"):
        return "", "", ""
    message = met_rule(spec["successPolicy"], spec["completions"], sync.done)
    return "SuccessCriteriaMet", "SuccessPolicy" if message else "", message
