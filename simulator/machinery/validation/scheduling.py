"""Rules for what steers the scheduler: tolerations, node and pod affinity, topology spread.

Follows `pkg/apis/core/validation/validation.go` (1.33): `ValidateTolerations`, `validateAffinity`, `ValidateNodeSelector`,
`validateTopologySpreadConstraints`.
"""

from __future__ import annotations

from typing import Any

from simulator.machinery import names
from simulator.machinery.validation.field_errors import (
    NOT_POSITIVE,
    FieldError,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
)
from simulator.machinery.validation.selectors import validate_label_selector

Obj = dict[str, Any]
Errors = list[FieldError]

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_ACTIONS = ("DoNotSchedule", "ScheduleAnyway")
_HARD = "requiredDuringSchedulingIgnoredDuringExecution"
_SOFT = "preferredDuringSchedulingIgnoredDuringExecution"
_IN_BOTH = "exists in both matchLabelKeys and labelSelector"
_NO_SELECTOR = "must not be specified when labelSelector is not set"
_OPERATOR = "not a valid selector operator"


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
    operator, value, here = toleration.get("operator", ""), toleration.get("value", ""), f"{path}.operator"
    if operator in ("", "Equal"):
        problems = names.label_value(value)
        return [invalid(here, value, ";".join(problems))] if problems else []
    if operator != "Exists":
        return [not_supported(here, operator, ("Equal", "Exists"))]
    return [invalid(here, value, "value must be empty when `operator` is 'Exists'")] if value else []


# Affinity


def validate_affinity(affinity: Obj, path: str) -> Errors:
    errors: Errors = []
    node = affinity.get("nodeAffinity") or {}
    if (hard := node.get(_HARD)) is not None:
        errors += validate_node_selector(hard, f"{path}.nodeAffinity.{_HARD}")
    for index, preferred in enumerate(node.get(_SOFT) or ()):
        here = f"{path}.nodeAffinity.{_SOFT}[{index}]"
        errors += _weight(preferred, here)
        errors += _node_term(preferred.get("preference") or {}, f"{here}.preference", any_value=True)
    for kind in ("podAffinity", "podAntiAffinity"):
        errors += _pod_affinity(affinity.get(kind) or {}, f"{path}.{kind}")
    return errors


def validate_node_selector(selector: Obj, path: str) -> Errors:
    terms, here = selector.get("nodeSelectorTerms") or [], f"{path}.nodeSelectorTerms"
    if not terms:
        return [required(here, "must have at least one node selector term")]
    return [
        error for index, term in enumerate(terms) for error in _node_term(term, f"{here}[{index}]", any_value=False)
    ]


def _weight(preferred: Obj, path: str) -> Errors:
    weight = preferred.get("weight", 0)
    return [] if 1 <= weight <= 100 else [invalid(f"{path}.weight", weight, "must be in the range 1-100")]


def _node_term(term: Obj, path: str, *, any_value: bool) -> Errors:
    """A preference may name values that no label can have."""
    errors: Errors = []
    for index, expression in enumerate(term.get("matchExpressions") or ()):
        here, values = f"{path}.matchExpressions[{index}]", expression.get("values") or []
        errors += _node_operator(expression.get("operator", ""), values, here)
        key = expression.get("key", "")
        errors += [invalid(f"{here}.key", key, says) for says in names.qualified_name(key)]
        for place, value in enumerate(() if any_value else values):
            errors += [invalid(f"{here}.values[{place}]", value, says) for says in names.label_value(value)]
    for index, expression in enumerate(term.get("matchFields") or ()):
        errors += _node_field(expression, f"{path}.matchFields[{index}]")
    return errors


def _node_operator(operator: str, values: list[str], path: str) -> Errors:
    if operator in ("In", "NotIn"):
        says = "must be specified when `operator` is 'In' or 'NotIn'"
        return [] if values else [required(f"{path}.values", says)]
    if operator in ("Exists", "DoesNotExist"):
        says = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        return [forbidden(f"{path}.values", says)] if values else []
    if operator in ("Gt", "Lt"):
        says = "must be specified single value when `operator` is 'Lt' or 'Gt'"
        return [] if len(values) == 1 else [required(f"{path}.values", says)]
    return [invalid(f"{path}.operator", operator, _OPERATOR)]


def _node_field(expression: Obj, path: str) -> Errors:
    operator, values, key = expression.get("operator", ""), expression.get("values") or [], expression.get("key", "")
    errors: Errors = []
    if operator not in ("In", "NotIn"):
        errors.append(invalid(f"{path}.operator", operator, _OPERATOR))
    elif len(values) != 1:
        says = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        errors.append(required(f"{path}.values", says))
    if key != "metadata.name":
        return [*errors, invalid(f"{path}.key", key, "not a valid field selector key")]
    for place, value in enumerate(values):
        errors += [invalid(f"{path}.values[{place}]", value, says) for says in names.dns_subdomain(value)]
    return errors


def _pod_affinity(affinity: Obj, path: str) -> Errors:
    errors: Errors = []
    for index, term in enumerate(affinity.get(_HARD) or ()):
        errors += _pod_term(term, f"{path}.{_HARD}[{index}]")
    for index, preferred in enumerate(affinity.get(_SOFT) or ()):
        here = f"{path}.{_SOFT}[{index}]"
        errors += _weight(preferred, here)
        errors += _pod_term(preferred.get("podAffinityTerm") or {}, f"{here}.podAffinityTerm")
    return errors


def _pod_term(term: Obj, path: str) -> Errors:
    errors: Errors = []
    for key in ("labelSelector", "namespaceSelector"):
        if key in term:
            errors += validate_label_selector(term[key], f"{path}.{key}")
    for namespace in term.get("namespaces") or ():
        errors += [invalid(f"{path}.namespace", namespace, says) for says in names.dns_label(namespace)]
    errors += _label_keys(term, path)
    topology, here = term.get("topologyKey", ""), f"{path}.topologyKey"
    if not topology:
        errors.append(required(here, "can not be empty"))
    return errors + [invalid(here, topology, says) for says in names.qualified_name(topology)]


def _label_keys(term: Obj, path: str) -> Errors:
    """`matchLabelKeys` and `mismatchLabelKeys`, whose values come from the pod's own labels."""
    errors: Errors = []
    for name in ("matchLabelKeys", "mismatchLabelKeys"):
        keys = term.get(name) or ()
        if keys and term.get("labelSelector") is None:
            errors.append(forbidden(f"{path}.{name}", _NO_SELECTOR))
            continue
        for index, key in enumerate(keys):
            errors += [invalid(f"{path}.{name}[{index}]", key, says) for says in names.qualified_name(key)]
    matched = term.get("matchLabelKeys") or ()
    labels = (term.get("labelSelector") or {}).get("matchLabels") or {}
    for index, key in enumerate(matched):
        if key in labels:
            errors.append(invalid(f"{path}[{index}]", key, _IN_BOTH))
        if key in (term.get("mismatchLabelKeys") or ()):
            says = "exists in both matchLabelKeys and mismatchLabelKeys"
            errors.append(invalid(f"{path}.matchLabelKeys[{index}]", key, says))
    return errors


# Topology spread


def validate_spread(constraints: list[Obj], path: str) -> Errors:
    errors: Errors = []
    for index, constraint in enumerate(constraints):
        here, skew = f"{path}[{index}]", constraint.get("maxSkew", 0)
        topology, action = constraint.get("topologyKey", ""), constraint.get("whenUnsatisfiable", "")
        if skew <= 0:
            errors.append(invalid(f"{here}.maxSkew", skew, NOT_POSITIVE))
        if not topology:
            errors.append(required(f"{here}.topologyKey", "can not be empty"))
        if action not in _ACTIONS:
            errors.append(not_supported(f"{here}.whenUnsatisfiable", action, _ACTIONS))
        rest = ((one.get("topologyKey", ""), one.get("whenUnsatisfiable", "")) for one in constraints[index + 1 :])
        if (topology, action) in rest:
            where = f"{here}.{{topologyKey, whenUnsatisfiable}}"
            errors.append(duplicate(where, f"{{{topology}, {action}}}"))
        errors += _least_domains(constraint.get("minDomains"), action, f"{here}.minDomains")
        for key in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
            if constraint.get(key) not in (None, "Honor", "Ignore"):
                errors.append(not_supported(f"{here}.{key}", constraint[key], ("Honor", "Ignore")))
        errors += _spread_keys(constraint, f"{here}.matchLabelKeys")
        if constraint.get("labelSelector") is not None:
            errors += validate_label_selector(constraint["labelSelector"], f"{here}.labelSelector")
    return errors


def _least_domains(domains: int | None, action: str, path: str) -> Errors:
    if domains is None:
        return []
    errors = [invalid(path, domains, NOT_POSITIVE)] if domains <= 0 else []
    if action != "DoNotSchedule":
        says = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
        errors.append(invalid(path, domains, says))
    return errors


def _spread_keys(constraint: Obj, path: str) -> Errors:
    keys, selector = constraint.get("matchLabelKeys") or (), constraint.get("labelSelector")
    if not keys:
        return []
    errors = [forbidden(path, _NO_SELECTOR)] if selector is None else []
    used = [*((selector or {}).get("matchLabels") or {})]
    used += [one.get("key") for one in (selector or {}).get("matchExpressions") or ()]
    for index, key in enumerate(keys):
        errors += [invalid(f"{path}[{index}]", key, says) for says in names.qualified_name(key)]
        if key in used:
            errors.append(invalid(f"{path}[{index}]", key, _IN_BOTH))
    return errors
