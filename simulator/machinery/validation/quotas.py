"""Rules for quotas and limit ranges.

Follows `ValidateResourceQuota` and `ValidateLimitRange` of `pkg/apis/core/validation/validation.go` (1.33). Upstream takes the
resources of a limit range out of a set; ours come by name.
"""

from __future__ import annotations

from typing import Any

from simulator.machinery import names
from simulator.machinery.quantities import NANO, Quantity, parse
from simulator.machinery.validation.field_errors import (
    IMMUTABLE,
    FieldError,
    GoText,
    duplicate,
    forbidden,
    go_slice,
    go_struct,
    invalid,
    required,
)
from simulator.machinery.validation.resource_names import (
    amount,
    container_resource,
    is_quota_resource,
    may_be_overcommitted,
    quota_resource,
    resource_name,
)

Obj = dict[str, Any]
Errors = list[FieldError]

_SCOPES = (
    "Terminating",
    "NotTerminating",
    "BestEffort",
    "NotBestEffort",
    "PriorityClass",
    "CrossNamespacePodAffinity",
)
_OF_PODS = (
    "cpu",
    "memory",
    "limits.cpu",
    "limits.memory",
    "requests.cpu",
    "requests.memory",
)
_CONFLICTS = (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating"))
_ONLY_EXISTS = (
    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
    "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
)
_KINDS = ("Pod", "Container", "PersistentVolumeClaim")


def _spec(obj: Obj) -> Obj:
    return obj.get("spec") or {}


# Quotas


def validate_quota(quota: Obj) -> Errors:
    spec = _spec(quota)
    hard = spec.get("hard") or {}
    errors: Errors = []
    for name, text in hard.items():
        here = f"spec.hard[{name}]"
        errors += quota_resource(name, here) + amount(name, text, here)
    return errors + _scopes(spec.get("scopes") or [], hard) + _selector(spec, hard)


def _fits(scope: str, name: str) -> bool:
    if scope == "BestEffort":
        return name == "pods"
    if scope in ("Terminating", "NotTerminating", "NotBestEffort", "PriorityClass", "CrossNamespacePodAffinity"):
        return name == "pods" or name in _OF_PODS
    return True


def _scopes(scopes: list[str], hard: Obj) -> Errors:
    path, shown = "spec.scopes", go_slice("core.ResourceQuotaScope", scopes)
    errors: Errors = []
    for scope in scopes:
        if scope not in _SCOPES:
            errors.append(invalid(path, shown, "unsupported scope"))
        errors += [
            invalid(path, shown, "unsupported scope applied to resource")
            for name in sorted(hard)
            if is_quota_resource(name) and not _fits(scope, name)
        ]
    return errors + [
        invalid(path, shown, "conflicting scopes") for pair in _CONFLICTS if all(scope in scopes for scope in pair)
    ]


def _selector(spec: Obj, hard: Obj) -> Errors:
    terms = (spec.get("scopeSelector") or {}).get("matchExpressions") or ()
    path = "spec.scopeSelector.matchExpressions"
    errors: Errors = []
    for term in terms:
        scope = term.get("scopeName", "")
        if scope not in _SCOPES:
            errors.append(invalid(f"{path}.scopeName", scope, "unsupported scope"))
        errors += [
            invalid(path, go_struct("core.ScopeSelector"), "unsupported scope applied to resource")
            for name in sorted(hard)
            if is_quota_resource(name) and not _fits(scope, name)
        ]
        errors += _operator(term, scope, path)
    used = [term.get("scopeName") for term in terms]
    shown = go_slice("core.ResourceQuotaScope", spec.get("scopes"))
    return errors + [
        invalid(path, shown, "conflicting scopes") for pair in _CONFLICTS if all(scope in used for scope in pair)
    ]


def _operator(term: Obj, scope: str, path: str) -> Errors:
    operator, values = term.get("operator", ""), term.get("values") or []
    errors: Errors = []
    if scope in _SCOPES and scope != "PriorityClass" and operator != "Exists":
        errors.append(invalid(f"{path}.operator", operator, _ONLY_EXISTS))
    if operator in ("In", "NotIn"):
        if not values:
            says = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
            errors.append(required(f"{path}.values", says))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            says = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
            errors.append(invalid(f"{path}.values", values, says))
    else:
        errors.append(invalid(f"{path}.operator", operator, "not a valid selector operator"))
    return errors


def validate_quota_update(new: Obj, old: Obj) -> Errors:
    now, before = _spec(new), _spec(old)
    if now is before:
        return []
    errors = validate_quota(new)
    scopes = now.get("scopes") or []
    if sorted(set(scopes)) != sorted(set(before.get("scopes") or [])):
        errors.append(invalid("spec.scopes", go_slice("core.ResourceQuotaScope", scopes), IMMUTABLE))
    return errors


# Limit ranges


def validate_limit_range(limit_range: Obj) -> Errors:
    errors: Errors = []
    seen: list[str] = []
    for index, item in enumerate(_spec(limit_range).get("limits") or ()):
        here, kind = f"spec.limits[{index}]", item.get("type", "")
        errors += _kind(kind, f"{here}.type")
        if kind in seen:
            errors.append(duplicate(f"{here}.type", kind))
        seen.append(kind)
        errors += _item(item, kind, here)
    return errors


def _kind(kind: str, path: str) -> Errors:
    errors = [invalid(path, kind, says) for says in names.qualified_name(kind)]
    if not errors and "/" not in kind and kind not in _KINDS:
        errors.append(invalid(path, kind, "must be a standard limit type or fully qualified"))
    return errors


def _item(item: Obj, kind: str, path: str) -> Errors:
    rule = container_resource if kind in ("Pod", "Container") else resource_name
    errors: Errors = []
    found: dict[str, dict[str, Quantity]] = {}
    for part in ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio"):
        texts = item.get(part) or {}
        if kind == "Pod" and part.startswith("default"):
            says = "may not be specified when `type` is 'Pod'"
            errors += [forbidden(f"{path}.{part}", says)] if texts else []
            texts = {}
        for name in texts:
            errors += rule(name, f"{path}.{part}[{name}]")
        found[part] = {name: parse(text) for name, text in texts.items()}
    if kind == "PersistentVolumeClaim" and "storage" not in found["min"] and "storage" not in found["max"]:
        says = "either minimum or maximum storage value is required, but neither was provided"
        errors.append(required(f"{path}.limits", says))
    for name in sorted({name for amounts in found.values() for name in amounts}):
        errors += _one_resource(name, {part: amounts.get(name) for part, amounts in found.items()}, path)
    return errors


def _one_resource(name: str, found: dict[str, Quantity | None], path: str) -> Errors:
    least, most = found["min"], found["max"]
    limit, request, ratio = found["default"], found["defaultRequest"], found["maxLimitRequestRatio"]
    errors: Errors = []

    def above(first: Quantity | None, second: Quantity | None, part: str, shown: Quantity | None, says: str) -> None:
        if first is not None and second is not None and first.nanos > second.nanos:
            errors.append(invalid(f"{path}.{part}[{name}]", GoText(str(shown)), says))

    above(least, most, "min", least, f"min value {least} is greater than max value {most}")
    part = "defaultRequest"
    above(least, request, part, request, f"min value {least} is greater than default request value {request}")
    above(request, most, part, request, f"default request value {request} is greater than max value {most}")
    above(request, limit, part, request, f"default request value {request} is greater than default limit value {limit}")
    above(least, limit, "default", least, f"min value {least} is greater than default value {limit}")
    above(limit, most, "default", most, f"default value {limit} is greater than max value {most}")
    if ratio is not None:
        errors += _ratio(ratio, least, most, f"{path}.maxLimitRequestRatio[{name}]")
    if limit is not None and request is not None and limit.nanos != request.nanos and not may_be_overcommitted(name):
        says = f"default value {limit} must equal to defaultRequest value {request} in {name}"
        errors.append(invalid(f"{path}.defaultRequest[{name}]", GoText(str(request)), says))
    return errors


def _ratio(ratio: Quantity, least: Quantity | None, most: Quantity | None, path: str) -> Errors:
    errors: Errors = []
    if ratio.nanos < NANO:
        errors.append(invalid(path, GoText(str(ratio)), f"ratio {ratio} is less than 1"))
    if least is None or most is None or least.nanos == 0:
        return errors
    bound = most.milli / least.milli
    if ratio.milli / 1000 > bound:
        says = f"ratio {ratio} is greater than max/min = {bound:f}"
        errors.append(invalid(path, GoText(str(ratio)), says))
    return errors
