"""Rules for budgets, priority classes, leases, runtime classes and controller revisions.

Follows the `validation.go` of `pkg/apis/{policy,scheduling,coordination,node,apps}/validation` (1.33).
"""

from __future__ import annotations

from typing import Any

from simulator.machinery import names
from simulator.machinery.validation.field_errors import (
    NEGATIVE,
    FieldError,
    forbidden,
    go_struct,
    immutable,
    invalid,
    not_negative,
    not_supported,
    required,
)
from simulator.machinery.validation.metadata import validate_conditions, validate_labels
from simulator.machinery.validation.resource_names import requirements
from simulator.machinery.validation.scheduling import validate_tolerations
from simulator.machinery.validation.selectors import validate_label_selector
from simulator.machinery.validation.workloads import not_above_hundred_percent, positive_int_or_percent

Obj = dict[str, Any]
Errors = list[FieldError]

_UNHEALTHY = ("AlwaysAllow", "IfHealthyBudget")
_HIGHEST = 1_000_000_000
_SYSTEM = {"system-node-critical": 2_000_001_000, "system-cluster-critical": 2_000_000_000}
_LEASE_STRATEGY = "OldestEmulationVersion"


def _spec(obj: Obj) -> Obj:
    return obj.get("spec") or {}


# Budgets


def validate_budget(budget: Obj) -> Errors:
    spec = _spec(budget)
    errors: Errors = []
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if least is not None and most is not None:
        says = "minAvailable and maxUnavailable cannot be both set"
        errors.append(invalid("spec", go_struct("policy.PodDisruptionBudgetSpec"), says))
    for key, value in (("minAvailable", least), ("maxUnavailable", most)):
        if value is not None:
            errors += positive_int_or_percent(value, f"spec.{key}") + not_above_hundred_percent(value, f"spec.{key}")
    if "selector" in spec:
        errors += validate_label_selector(spec["selector"], "spec.selector")
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None and policy not in _UNHEALTHY:
        errors.append(not_supported("spec.unhealthyPodEvictionPolicy", policy, _UNHEALTHY))
    return errors


def validate_budget_update(new: Obj, old: Obj) -> Errors:
    """The status has rules of its own (`ValidatePodDisruptionBudgetStatusUpdate`)."""
    errors = validate_budget(new) if _spec(new) is not _spec(old) else []
    now, before = new.get("status") or {}, old.get("status") or {}
    if now is before:
        return errors
    errors += validate_conditions(now.get("conditions") or (), "status.conditions")
    for key in ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"):
        errors += not_negative(f"status.{key}", now.get(key))
    return errors


# Priority classes


def validate_priority_class(priority_class: Obj) -> Errors:
    name, value = (priority_class.get("metadata") or {}).get("name", ""), priority_class.get("value", 0)
    errors: Errors = []
    if name.startswith("system-"):
        if problem := _not_of_the_system(name, value, priority_class.get("globalDefault", False)):
            says = "priority class names with 'system-' prefix are reserved for system use only. error: " + problem
            errors.append(forbidden("metadata.name", says))
    elif value > _HIGHEST:
        errors.append(forbidden("value", f"maximum allowed value of a user defined priority is {_HIGHEST}"))
    policy, allowed = priority_class.get("preemptionPolicy"), ("PreemptLowerPriority", "Never")
    if policy == "":
        errors.append(required("preemptionPolicy"))
    elif policy is not None and policy not in allowed:
        errors.append(not_supported("preemptionPolicy", policy, allowed))
    return errors


def _not_of_the_system(name: str, value: int, is_default: bool) -> str:
    if name not in _SYSTEM:
        return f"{name} is not a known system priority class"
    if value != _SYSTEM[name]:
        return f"value of {name} PriorityClass must be {_SYSTEM[name]}"
    return f"globalDefault of {name} PriorityClass must be false" if is_default else ""


def validate_priority_class_update(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    if new.get("value", 0) != old.get("value", 0):
        errors.append(forbidden("value", "may not be changed in an update."))
    return errors + immutable("preemptionPolicy", new.get("preemptionPolicy"), old.get("preemptionPolicy"))


# Leases, runtime classes, controller revisions


def validate_lease(lease: Obj) -> Errors:
    spec = _spec(lease)
    seconds, strategy = spec.get("leaseDurationSeconds"), spec.get("strategy")
    errors: Errors = []
    if seconds is not None and seconds <= 0:
        errors.append(invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0"))
    errors += not_negative("spec.leaseTransitions", spec.get("leaseTransitions"))
    if strategy is not None and "/" in strategy:
        errors += [invalid("spec.strategy.strategy", strategy, says) for says in names.qualified_name(strategy)]
    elif strategy is not None and strategy != _LEASE_STRATEGY:
        errors.append(not_supported("spec.strategy.strategy", strategy, (_LEASE_STRATEGY,)))
    if spec.get("preferredHolder") and not strategy:
        errors.append(forbidden("spec.preferredHolder", "may only be specified if `strategy` is defined"))
    return errors


def validate_runtime_class(runtime_class: Obj) -> Errors:
    handler = runtime_class.get("handler", "")
    errors = [invalid("handler", handler, says) for says in names.dns_label(handler)]
    overhead, scheduling = runtime_class.get("overhead"), runtime_class.get("scheduling")
    if overhead is not None:
        errors += requirements({"limits": overhead.get("podFixed") or {}}, "overhead")
    if scheduling is not None:
        errors += validate_labels(scheduling.get("nodeSelector") or {}, "scheduling.nodeSelector")
        errors += validate_tolerations(scheduling.get("tolerations") or [], "scheduling.tolerations")
    return errors


def validate_runtime_class_update(new: Obj, old: Obj) -> Errors:
    return immutable("handler", new.get("handler"), old.get("handler"))


def validate_revision(revision: Obj) -> Errors:
    number = revision.get("revision", 0)
    errors = [] if revision.get("data") is not None else [required("data", "data is mandatory")]
    return errors + ([invalid("revision", number, NEGATIVE)] if number < 0 else [])


def validate_revision_update(new: Obj, old: Obj) -> Errors:
    return validate_revision(new) + immutable(
        "data", new.get("data"), old.get("data"), shown=go_struct("runtime.Object")
    )
