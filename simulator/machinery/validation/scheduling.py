"""Rules for what steers the scheduler: tolerations, node and pod affinity, topology spread.

Follows `pkg/apis/core/validation/validation.go` (1.33).
"""

from __future__ import annotations

from typing import Any

from simulator.machinery import names
from simulator.machinery.validation.field_errors import FieldError, forbidden, invalid, not_supported, required
from simulator.machinery.validation.selectors import validate_label_selector

Obj = dict[str, Any]
Errors = list[FieldError]

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def validate_tolerations(tolerations: list[Obj], path: str) -> Errors:
    errors: Errors = []
    for index, toleration in enumerate(tolerations):
        here = f"{path}[{index}]"
        key, operator = toleration.get("key", ""), toleration.get("operator", "")
        if key:
            errors += [invalid(f"{here}.key", key, says) for says in names.qualified_name(key)]
        elif operator != "Exists":
            says = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            errors.append(invalid(f"{here}.operator", operator, says))
        effect = toleration.get("effect", "")
        if "tolerationSeconds" in toleration and effect != "NoExecute":
            errors.append(
                invalid(f"{here}.effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")
            )
        errors += _toleration_value(toleration, here)
        if effect and effect not in _EFFECTS:
            errors.append(not_supported(f"{here}.effect", effect, _EFFECTS))
    return errors


def _toleration_value(toleration: Obj, path: str) -> Errors:
    operator, value = toleration.get("operator", ""), toleration.get("value", "")
    if operator in ("", "Equal"):
        return [invalid(f"{path}.operator", value, says) for says in names.label_value(value)]
    if operator != "Exists":
        return [not_supported(f"{path}.operator", operator, ("Equal", "Exists"))]
    return [invalid(f"{path}.operator", value, "value must be empty when `operator` is 'Exists'")] if value else []


def validate_affinity(affinity: Obj, path: str) -> Errors:
    errors: Errors = []
    node = affinity.get("nodeAffinity") or {}
    hard = node.get("requiredDuringSchedulingIgnoredDuringExecution")
    here = f"{path}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution"
    if hard is not None:
        terms = hard.get("nodeSelectorTerms") or []
        if not terms:
            errors.append(required(f"{here}.nodeSelectorTerms", "must have at least one node selector term"))
        for index, term in enumerate(terms):
            errors += _node_term(term, f"{here}.nodeSelectorTerms[{index}]")
    soft = f"{path}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution"
    for index, preferred in enumerate(node.get("preferredDuringSchedulingIgnoredDuringExecution") or ()):
        errors += _weight(preferred, f"{soft}[{index}]")
        errors += _node_term(preferred.get("preference") or {}, f"{soft}[{index}].preference")
    for kind in ("podAffinity", "podAntiAffinity"):
        errors += _pod_affinity(affinity.get(kind) or {}, f"{path}.{kind}")
    return errors


def _weight(preferred: Obj, path: str) -> Errors:
    weight = preferred.get("weight", 0)
    return [] if 1 <= weight <= 100 else [invalid(f"{path}.weight", weight, "must be in the range 1-100")]


def _node_term(term: Obj, path: str) -> Errors:
    errors: Errors = []
    for index, expression in enumerate(term.get("matchExpressions") or ()):
        here, operator = f"{path}.matchExpressions[{index}]", expression.get("operator", "")
        values = expression.get("values") or []
        if operator in ("In", "NotIn"):
            if not values:
                errors.append(required(f"{here}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
        elif operator in ("Exists", "DoesNotExist"):
            if values:
                says = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
                errors.append(forbidden(f"{here}.values", says))
        elif operator in ("Gt", "Lt"):
            if len(values) != 1:
                says = "must be specified single value when `operator` is 'Lt' or 'Gt'"
                errors.append(required(f"{here}.values", says))
        else:
            errors.append(invalid(f"{here}.operator", operator, "not a valid selector operator"))
        key = expression.get("key", "")
        errors += [invalid(f"{here}.key", key, says) for says in names.qualified_name(key)]
    return errors


def _pod_affinity(affinity: Obj, path: str) -> Errors:
    errors: Errors = []
    hard = "requiredDuringSchedulingIgnoredDuringExecution"
    for index, term in enumerate(affinity.get(hard) or ()):
        errors += _pod_term(term, f"{path}.{hard}[{index}]")
    soft = "preferredDuringSchedulingIgnoredDuringExecution"
    for index, preferred in enumerate(affinity.get(soft) or ()):
        errors += _weight(preferred, f"{path}.{soft}[{index}]")
        errors += _pod_term(preferred.get("podAffinityTerm") or {}, f"{path}.{soft}[{index}].podAffinityTerm")
    return errors


def _pod_term(term: Obj, path: str) -> Errors:
    errors: Errors = []
    for key in ("labelSelector", "namespaceSelector"):
        if key in term:
            errors += validate_label_selector(term[key], f"{path}.{key}")
    topology = term.get("topologyKey", "")
    if not topology:
        return [*errors, required(f"{path}.topologyKey", "can not be empty")]
    return errors + [invalid(f"{path}.topologyKey", topology, says) for says in names.qualified_name(topology)]


def validate_spread(constraints: list[Obj], path: str) -> Errors:
    errors: Errors = []
    for index, constraint in enumerate(constraints):
        here = f"{path}[{index}]"
        skew = constraint.get("maxSkew", 0)
        if skew <= 0:
            errors.append(invalid(f"{here}.maxSkew", skew, "must be greater than zero"))
        if not constraint.get("topologyKey"):
            errors.append(required(f"{here}.topologyKey", "can not be empty"))
        action = constraint.get("whenUnsatisfiable", "")
        if action not in ("DoNotSchedule", "ScheduleAnyway"):
            errors.append(not_supported(f"{here}.whenUnsatisfiable", action, ("DoNotSchedule", "ScheduleAnyway")))
        if "labelSelector" in constraint:
            errors += validate_label_selector(constraint["labelSelector"], f"{here}.labelSelector")
    return errors
