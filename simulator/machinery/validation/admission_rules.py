"""Rules for what calls of admission match: `validateRuleWithOperations`, `validateMatchResources`, `validateMatchConditions`.

Shared by webhooks and policies, as in `pkg/apis/admissionregistration/validation/validation.go` (1.33).
"""

from __future__ import annotations

from typing import Any

from simulator.machinery import names
from simulator.machinery.expressions import Declared, admission_scope, issue
from simulator.machinery.validation.field_errors import (
    FieldError,
    duplicate,
    go_slice,
    invalid,
    not_supported,
    required,
    too_many,
)
from simulator.machinery.validation.metadata import path_segment
from simulator.machinery.validation.selectors import validate_label_selector

Obj = dict[str, Any]
Errors = list[FieldError]

_OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
_SCOPES = ("*", "Cluster", "Namespaced")
_MATCHING = ("Equivalent", "Exact")
_MAX_CONDITIONS = 64


def validate_choice(obj: Obj, key: str, allowed: tuple[str, ...], path: str) -> Errors:
    """A choice that may be left open."""
    value = obj.get(key)
    return [] if value is None or value in allowed else [not_supported(f"{path}.{key}", value, allowed)]


def validate_rule(rule: Obj, path: str) -> Errors:
    operations = rule.get("operations") or []
    errors = [] if operations else [required(f"{path}.operations")]
    if len(operations) > 1 and "*" in operations:
        shown = go_slice("admissionregistration.OperationType", operations)
        errors.append(invalid(f"{path}.operations", shown, "if '*' is present, must not specify other operations"))
    for index, operation in enumerate(operations):
        if operation not in _OPERATIONS:
            errors.append(not_supported(f"{path}.operations[{index}]", operation, _OPERATIONS))
    errors += _alone(rule.get("apiGroups") or [], f"{path}.apiGroups", "API groups")
    versions = rule.get("apiVersions") or []
    errors += _alone(versions, f"{path}.apiVersions", "API versions")
    errors += [required(f"{path}.apiVersions[{index}]") for index, version in enumerate(versions) if not version]
    errors += _resources(rule.get("resources") or [], f"{path}.resources")
    return errors + validate_choice(rule, "scope", _SCOPES, path)


def _alone(values: list[str], path: str, what: str) -> Errors:
    if not values:
        return [required(path)]
    if len(values) > 1 and "*" in values:
        return [invalid(path, values, f"if '*' is present, must not specify other {what}")]
    return []


def _resources(resources: list[str], path: str) -> Errors:
    errors = [] if resources else [required(path)]
    whole: set[str] = set()
    parts: set[str] = set()
    is_last_bare = False
    for index, text in enumerate(resources):
        here = f"{path}[{index}]"
        resource, slash, sub = text.partition("/")
        if not text:
            errors.append(required(here))
        elif not slash:
            is_last_bare = text != "*"
        else:
            if resource in whole:
                errors.append(invalid(here, text, f"if '{resource}/*' is present, must not specify {text}"))
            if sub in parts:
                errors.append(invalid(here, text, f"if '*/{sub}' is present, must not specify {text}"))
            whole |= {resource} if sub == "*" else set()
            parts |= {sub} if resource == "*" else set()
    if len(resources) > 1 and "*/*" in resources:
        errors.append(invalid(path, resources, "if '*/*' is present, must not specify other resources"))
    if "*" in resources and is_last_bare:
        says = "if '*' is present, must not specify other resources without subresources"
        errors.append(invalid(path, resources, says))
    return errors


def validate_match_resources(constraints: Obj, path: str) -> Errors:
    """Selectors and the policy of matching are defaulted before this is asked."""
    errors = validate_choice(constraints, "matchPolicy", _MATCHING, path)
    for key in ("namespaceSelector", "objectSelector"):
        if constraints.get(key):
            errors += validate_label_selector(constraints[key], f"{path}.{key}")
    for key in ("resourceRules", "excludeResourceRules"):
        for index, rule in enumerate(constraints.get(key) or ()):
            here = f"{path}.{key}[{index}]"
            errors += _resource_names(rule.get("resourceNames") or [], f"{here}.resourceNames")
            errors += validate_rule(rule, here)
    return errors


def _resource_names(values: list[str], path: str) -> Errors:
    errors: Errors = []
    for index, name in enumerate(values):
        errors += [invalid(f"{path}[{index}]", name, says) for says in path_segment(name)]
        if name in values[:index]:
            errors.append(duplicate(f"{path}[{index}]", name))
    return errors


def validate_match_conditions(conditions: Any, path: str, *, has_params: bool = False, is_hook: bool = False) -> Errors:
    if not conditions:
        return []
    scope = admission_scope(has_params=has_params, is_hook=is_hook)
    errors = [too_many(path, len(conditions), _MAX_CONDITIONS)] if len(conditions) > _MAX_CONDITIONS else []
    seen: set[str] = set()
    for index, condition in enumerate(conditions):
        here, name = f"{path}[{index}]", condition.get("name", "")
        errors += validate_expression(condition.get("expression", ""), f"{here}.expression", scope)
        if not name:
            errors.append(required(f"{here}.name"))
            continue
        errors += [invalid(f"{here}.name", name, says) for says in names.qualified_name(name)]
        if name in seen:
            errors.append(duplicate(f"{here}.name", name))
        seen.add(name)
    return errors


def validate_expression(
    text: str, path: str, scope: Declared, *, purpose: str = "condition", missing: str = ""
) -> Errors:
    """An expression is there, compiles, and gives what its purpose asks for."""
    if not text.strip():
        return [required(path, missing)]
    why = issue(text, scope, purpose)
    return [invalid(path, text, why)] if why else []
