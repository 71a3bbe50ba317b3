"""A Deployment's status: counters, and whether it is available and makes progress.

https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status; upstream's progress.go.
"""

from collections.abc import Sequence

from simulator.controllers.kinds.conditions import condition, replaced, without
from simulator.controllers.kinds.objects import counted
from simulator.controllers.rollout_maths import Bounds
from simulator.engine import Engine
from simulator.engine.plain import Obj

_SECOND_US = 1_000_000


def progress_condition(deployment: Obj) -> Obj | None:
    return condition((deployment.get("status") or {}).get("conditions"), "Progressing")


def with_condition(status: Obj, type: str, state: str, reason: str, message: str, now: str) -> Obj:
    """The same status when the condition already has this state and reason."""
    known = condition(status.get("conditions"), type)
    if known is not None and known["status"] == state and known.get("reason") == reason:
        return status
    since = known["lastTransitionTime"] if known is not None and known["status"] == state else now
    wanted = {
        "type": type,
        "status": state,
        "lastUpdateTime": now,
        "lastTransitionTime": since,
        "reason": reason,
        "message": message,
    }
    # As upstream: a condition that changes moves to the end.
    return {**status, "conditions": [*without(status.get("conditions"), type), wanted]}


def computed_status(deployment: Obj, sets: Sequence[Obj], new: Obj | None, limits: Bounds, now: str) -> Obj:
    """Counters and the Available condition; other conditions stay."""
    known = deployment.get("status") or {}
    available = _sum(sets, "availableReplicas")
    wanted = sum(one["spec"].get("replicas", 0) for one in sets)
    status: Obj = {"observedGeneration": deployment["metadata"].get("generation", 1)}
    status.update(
        counted(
            replicas=_sum(sets, "replicas"),
            updatedReplicas=_sum([new], "replicas") if new is not None else 0,
            readyReplicas=_sum(sets, "readyReplicas"),
            availableReplicas=available,
            unavailableReplicas=max(wanted - available, 0),
        )
    )
    if known.get("conditions"):
        status["conditions"] = known["conditions"]
    if "collisionCount" in known:
        status["collisionCount"] = known["collisionCount"]
    if available >= limits.fewest_available:
        return with_condition(
            status, "Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", now
        )
    return with_condition(
        status,
        "Available",
        "False",
        "MinimumReplicasUnavailable",
        "Deployment does not have minimum availability.",
        now,
    )


def rollout_status(deployment: Obj, sets: Sequence[Obj], new: Obj | None, limits: Bounds, engine: Engine) -> Obj:
    """`computed_status` with the Progressing and ReplicaFailure conditions."""
    now = engine.timestamp()
    status = computed_status(deployment, sets, new, limits, now)
    deadline = deployment["spec"].get("progressDeadlineSeconds")
    if deadline in (None, 2**31 - 1):
        status = {**status, "conditions": without(status.get("conditions"), "Progressing")}
    else:
        status = _with_progress(status, deployment, new, engine)
    failure = _failure(sets, new)
    if failure is not None:
        return with_condition(
            status,
            "ReplicaFailure",
            failure["status"],
            failure["reason"],
            failure["message"],
            failure["lastTransitionTime"],
        )
    if condition(status.get("conditions"), "ReplicaFailure") is None:
        return status
    return {**status, "conditions": without(status["conditions"], "ReplicaFailure")}


def is_complete(deployment: Obj, status: Obj) -> bool:
    """All replicas are of the new template and available, and nothing of the old is left."""
    replicas = deployment["spec"].get("replicas", 1)
    is_observed = bool(status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 1))
    return is_observed and all(
        status.get(name, 0) == replicas for name in ("updatedReplicas", "replicas", "availableReplicas")
    )


def _with_progress(status: Obj, deployment: Obj, new: Obj | None, engine: Engine) -> Obj:
    known, now = progress_condition(deployment), engine.timestamp()
    is_one_template = status.get("replicas", 0) == status.get("updatedReplicas", 0)
    if is_one_template and known is not None and known["reason"] == "NewReplicaSetAvailable":
        return status
    subject = (
        f'Deployment "{deployment["metadata"]["name"]}"' if new is None else f'ReplicaSet "{new["metadata"]["name"]}"'
    )
    if is_complete(deployment, status):
        return with_condition(
            status, "Progressing", "True", "NewReplicaSetAvailable", f"{subject} has successfully progressed.", now
        )
    if _has_progressed(deployment.get("status") or {}, status):
        # The one condition whose lastUpdateTime moves although nothing else does: the deadline counts from it.
        fresh = {**status, "conditions": without(status.get("conditions"), "Progressing")}
        fresh = with_condition(fresh, "Progressing", "True", "ReplicaSetUpdated", f"{subject} is progressing.", now)
        if known is not None and known["status"] == "True":
            added = condition(fresh["conditions"], "Progressing")
            assert added is not None
            fresh["conditions"] = replaced(
                fresh["conditions"], {**added, "lastTransitionTime": known["lastTransitionTime"]}
            )
        return fresh
    if _is_timed_out(deployment, known, engine):
        return with_condition(
            status, "Progressing", "False", "ProgressDeadlineExceeded", f"{subject} has timed out progressing.", now
        )
    return status


def _has_progressed(before: Obj, after: Obj) -> bool:
    def old_pods(status: Obj) -> int:
        return int(status.get("replicas", 0) - status.get("updatedReplicas", 0))

    grew = any(
        after.get(name, 0) > before.get(name, 0) for name in ("updatedReplicas", "readyReplicas", "availableReplicas")
    )
    return grew or old_pods(after) < old_pods(before)


def _is_timed_out(deployment: Obj, known: Obj | None, engine: Engine) -> bool:
    if known is None or known["reason"] == "NewReplicaSetAvailable":
        return False
    if known["reason"] == "ProgressDeadlineExceeded":
        return True
    due = engine.micros(known["lastUpdateTime"]) + deployment["spec"]["progressDeadlineSeconds"] * _SECOND_US
    return bool(due < engine.now)


def _failure(sets: Sequence[Obj], new: Obj | None) -> Obj | None:
    """The new set's ReplicaFailure condition, or the first one of an old set."""
    ordered = ([new] if new is not None else []) + [one for one in sets if one is not new]
    for one in ordered:
        found = condition((one.get("status") or {}).get("conditions"), "ReplicaFailure")
        if found is not None:
            return found
    return None


def _sum(sets: Sequence[Obj], counter: str) -> int:
    return sum((one.get("status") or {}).get(counter, 0) for one in sets)
