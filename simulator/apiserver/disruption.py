"""Eviction: a deletion that asks the PodDisruptionBudgets first.

https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/; `pkg/registry/core/pod/storage/eviction.go`. The budget's
status is what the disruption controller last wrote; an eviction is taken off it at once, so that the next one sees it
even before that controller does.
"""

from simulator.apiserver import errors
from simulator.apiserver.registry import Registry
from simulator.engine.plain import Obj, Plain
from simulator.machinery.selectors import from_label_selector

BUDGETS = "poddisruptionbudgets.policy"
CONDITION = "DisruptionAllowed"

_REFUSAL = "Cannot evict pod as it would violate the pod's disruption budget."
_SEVERAL = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
_MOST_DISRUPTED = 2000
_RETRY_S = 10


def evict(registry: Registry, who: str, namespace: str, name: str, options: Plain, *, dry_run: bool) -> None:
    """Raises TooManyRequests (429) when a budget stands in the way."""
    pod = registry.get(who, "pods", namespace, name)
    if not _is_free(pod):
        _ask_budget(registry, who, pod, dry_run=dry_run)
    if not dry_run:
        _mark(registry, who, pod)
    registry.delete(who, "pods", namespace, name, options, dry_run=dry_run)


def allowed_condition(known: list[Obj] | None, allowed: int, generation: int, now: str) -> list[Obj]:
    """The budget's conditions with DisruptionAllowed as `allowed` disruptions make it."""
    status, reason = ("True", "SufficientPods") if allowed > 0 else ("False", "InsufficientPods")
    return with_condition(known, status, reason, "", generation, now)


def with_condition(
    known: list[Obj] | None, status: str, reason: str, message: str, generation: int, now: str
) -> list[Obj]:
    """DisruptionAllowed keeps its time as long as its status stays."""
    old = next((one for one in known or () if one["type"] == CONDITION), None)
    since = old["lastTransitionTime"] if old is not None and old["status"] == status else now
    fresh = {
        "type": CONDITION,
        "status": status,
        "observedGeneration": generation,
        "lastTransitionTime": since,
        "reason": reason,
        "message": message,
    }
    return [*(one for one in known or () if one["type"] != CONDITION), fresh]


def _is_free(pod: Obj) -> bool:
    """A pod that serves nobody is no loss: budgets are not asked."""
    phase = (pod.get("status") or {}).get("phase")
    return phase in ("Succeeded", "Failed", "Pending") or "deletionTimestamp" in pod["metadata"]


def _ask_budget(registry: Registry, who: str, pod: Obj, *, dry_run: bool) -> None:
    budgets = _budgets(registry, who, pod)
    if len(budgets) > 1:
        raise errors.StatusError(500, "", _SEVERAL)
    if not budgets or _may_go_unready(budgets[0], pod):
        return
    status = _checked(budgets[0])
    if dry_run:
        return
    left = status["disruptionsAllowed"] - 1
    now = registry.engine.timestamp()
    fresh = {
        **status,
        "disruptionsAllowed": left,
        "disruptedPods": {**(status.get("disruptedPods") or {}), pod["metadata"]["name"]: now},
    }
    if left == 0:
        fresh["conditions"] = allowed_condition(status.get("conditions"), 0, status.get("observedGeneration", 0), now)
    registry.update(who, BUDGETS, {**budgets[0], "status": fresh}, "status")


def _budgets(registry: Registry, who: str, pod: Obj) -> list[Obj]:
    labels = pod["metadata"].get("labels") or {}
    return [
        budget
        for budget in registry.list(who, BUDGETS, pod["metadata"]["namespace"])
        if from_label_selector(budget["spec"].get("selector")).matches(labels)
    ]


def _may_go_unready(budget: Obj, pod: Obj) -> bool:
    """A pod that is not ready may go if that is the policy, or if enough others are healthy."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    if any(one["type"] == "Ready" and one["status"] == "True" for one in conditions):
        return False
    if budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    status = budget.get("status") or {}
    return bool(status.get("currentHealthy", 0) >= status.get("desiredHealthy", 0) > 0)


def _checked(budget: Obj) -> Obj:
    """The budget's status, when it allows one disruption more."""
    name, status = budget["metadata"]["name"], budget.get("status") or {}
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        raise _refusal(f"The disruption budget {name} is still being processed by the server.", _RETRY_S)
    allowed = status.get("disruptionsAllowed", 0)
    if allowed < 0:
        raise errors.forbidden("policy", "poddisruptionbudget", name, "pdb disruptions allowed is negative")
    if len(status.get("disruptedPods") or ()) > _MOST_DISRUPTED:
        why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        raise errors.forbidden("policy", "poddisruptionbudget", name, why)
    if allowed == 0:
        needed, healthy = status.get("desiredHealthy", 0), status.get("currentHealthy", 0)
        raise _refusal(f"The disruption budget {name} needs {needed} healthy pods and has {healthy} currently")
    return status


def _refusal(why: str, retry_after_s: int = 0) -> errors.StatusError:
    refusal = errors.too_many_requests(_REFUSAL, retry_after_s)
    refusal.details["causes"] = [{"reason": "DisruptionBudget", "message": why}]
    return refusal


def _mark(registry: Registry, who: str, pod: Obj) -> None:
    """Says in the pod's status why it goes."""
    metadata = pod["metadata"]
    condition = {
        "type": "DisruptionTarget",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": registry.engine.timestamp(),
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
    }
    known = (pod.get("status") or {}).get("conditions") or ()
    conditions = [*(one for one in known if one["type"] != condition["type"]), condition]
    patch = {"status": {"conditions": conditions}}
    registry.merge(who, "pods", metadata["namespace"], metadata["name"], patch, "status")
