"""Rules for the objects that hold policy: limit ranges, quotas' scopes, aggregated roles and admission policies.

Follows `pkg/apis/core/validation`, `pkg/apis/rbac/validation` and `pkg/apis/admissionregistration/validation` (1.33). Whoever
enforces these objects may rely on what is checked here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from simulator.machinery import names
from simulator.machinery.expressions import ExpressionError, compiles
from simulator.machinery.validation.cluster import validate_limit_range, validate_quota, validate_rules
from simulator.machinery.validation.field_errors import FieldError, invalid, not_supported, required
from simulator.machinery.validation.selectors import validate_label_selector

Obj = dict[str, Any]
Errors = list[FieldError]

_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")
_ACTIONS = ("Audit", "Deny", "Warn")
_FAILURES = ("Fail", "Ignore")
_REINVOCATIONS = ("Never", "IfNeeded")
_MUTABLE = ("*", "CONNECT", "CREATE", "UPDATE")
#: Patch type → the field that holds it.
_PATCHES = {"ApplyConfiguration": "applyConfiguration", "JSONPatch": "jsonPatch"}
_SELECTORS = ("namespaceSelector", "objectSelector")


def validate_limits(limit_range: Obj) -> Errors:
    errors: Errors = []
    for index, item in enumerate((limit_range.get("spec") or {}).get("limits") or ()):
        kind = item.get("type", "")
        errors += [invalid(f"spec.limits[{index}].type", kind, says) for says in names.qualified_name(kind)]
    return errors + validate_limit_range(limit_range)


def validate_scoped_quota(quota: Obj) -> Errors:
    errors = validate_quota(quota)
    selector = (quota.get("spec") or {}).get("scopeSelector") or {}
    for term in selector.get("matchExpressions") or ():
        operator = term.get("operator", "")
        if not term.get("scopeName"):
            errors.append(required("spec.scopeSelector.matchExpressions.scopeName"))
        if operator not in _OPERATORS:
            path = "spec.scopeSelector.matchExpressions.operator"
            errors.append(invalid(path, operator, "not a valid selector operator"))
    return errors


def validate_cluster_role(role: Obj) -> Errors:
    errors = validate_rules(role)
    for index, selector in enumerate((role.get("aggregationRule") or {}).get("clusterRoleSelectors") or ()):
        errors += validate_label_selector(selector, f"aggregationRule.clusterRoleSelectors[{index}]")
    return errors


def validate_admission_policy(policy: Obj) -> Errors:
    spec = policy.get("spec") or {}
    errors: Errors = []
    if not spec.get("matchConstraints"):
        errors.append(required("spec.matchConstraints"))
    errors += _match(spec.get("matchConstraints") or {}, "spec.matchConstraints")
    kind = spec.get("paramKind")
    if kind is not None:
        errors += [required(f"spec.paramKind.{key}") for key in ("apiVersion", "kind") if not kind.get(key)]
    errors += check_expressions(spec.get("validations") or (), "spec.validations", is_named=False)
    errors += check_expressions(spec.get("variables") or (), "spec.variables", is_named=True)
    return errors + check_expressions(spec.get("matchConditions") or (), "spec.matchConditions", is_named=True)


def validate_admission_binding(binding: Obj) -> Errors:
    spec = binding.get("spec") or {}
    errors = [] if spec.get("policyName") else [required("spec.policyName")]
    actions = spec.get("validationActions") or ()
    if not actions:
        errors.append(required("spec.validationActions"))
    errors += [not_supported("spec.validationActions", one, _ACTIONS) for one in actions if one not in _ACTIONS]
    return errors + _match(spec.get("matchResources") or {}, "spec.matchResources")


def validate_mutating_policy(policy: Obj) -> Errors:
    spec = policy.get("spec") or {}
    errors: Errors = []
    if spec.get("failurePolicy", "Fail") not in _FAILURES:
        errors.append(not_supported("spec.failurePolicy", spec["failurePolicy"], _FAILURES))
    kind, constraints = spec.get("paramKind"), spec.get("matchConstraints")
    if kind is not None:
        errors += [required(f"spec.paramKind.{key}") for key in ("apiVersion", "kind") if not kind.get(key)]
    if not constraints:
        errors.append(required("spec.matchConstraints"))
    else:
        errors += _match(constraints, "spec.matchConstraints")
        if not constraints.get("resourceRules"):
            errors.append(required("spec.matchConstraints.resourceRules"))
        errors += _mutable(constraints, "spec.matchConstraints")
    errors += check_expressions(spec.get("matchConditions") or (), "spec.matchConditions", is_named=True)
    errors += check_expressions(spec.get("variables") or (), "spec.variables", is_named=True)
    if not spec.get("mutations"):
        errors.append(required("spec.mutations", "mutations must contain at least one item"))
    for index, mutation in enumerate(spec.get("mutations") or ()):
        errors += _mutation(mutation, f"spec.mutations[{index}]")
    again = spec.get("reinvocationPolicy")
    if not again:
        errors.append(required("spec.reinvocationPolicy"))
    elif again not in _REINVOCATIONS:
        errors.append(not_supported("spec.reinvocationPolicy", again, _REINVOCATIONS))
    return errors


def validate_mutating_binding(binding: Obj) -> Errors:
    spec = binding.get("spec") or {}
    name, resources = spec.get("policyName"), spec.get("matchResources") or {}
    errors = [invalid("spec.policyName", name, says) for says in names.dns_subdomain(name)] if name else []
    if not name:
        errors.append(required("spec.policyName"))
    return errors + _match(resources, "spec.matchResources") + _mutable(resources, "spec.matchResources")


def _mutable(constraints: Obj, path: str) -> Errors:
    """Only what brings an object along can be changed."""
    return [
        not_supported(f"{path}.resourceRules.operations", operation, _MUTABLE)
        for rule in constraints.get("resourceRules") or ()
        for operation in rule.get("operations") or ()
        if operation not in _MUTABLE
    ]


def _mutation(mutation: Obj, path: str) -> Errors:
    kind = mutation.get("patchType")
    if not kind:
        return [required(f"{path}.patchType")]
    if kind not in _PATCHES:
        return [not_supported(f"{path}.patchType", kind, tuple(_PATCHES))]
    field = _PATCHES[kind]
    errors: Errors = []
    if mutation.get(field) is None:
        errors.append(required(f"{path}.{field}", f"must be specified when patchType is {kind}"))
    else:
        errors += check_expressions([mutation[field]], f"{path}.{field}", is_named=False, is_list=False)
    for other in _PATCHES.values():
        if other != field and mutation.get(other) is not None:
            says = f"must not be specified when patchType is {kind}"
            errors.append(invalid(f"{path}.{other}", f"{{{other}}}", says))
    return errors


def _match(constraints: Obj, path: str) -> Errors:
    errors: Errors = []
    for key in _SELECTORS:
        if constraints.get(key):
            errors += validate_label_selector(constraints[key], f"{path}.{key}")
    return errors


def check_expressions(entries: Iterable[Obj], path: str, *, is_named: bool, is_list: bool = True) -> Errors:
    """Each has an expression that compiles, and a name where it needs one."""
    errors: Errors = []
    for index, entry in enumerate(entries):
        text, here = (entry.get("expression") or "").strip(), f"{path}[{index}]" if is_list else path
        if is_named and not entry.get("name"):
            errors.append(required(f"{here}.name"))
        if not text:
            errors.append(required(f"{here}.expression"))
            continue
        try:
            compiles(text)
        except ExpressionError as error:
            errors.append(invalid(f"{here}.expression", entry["expression"], str(error)))
    return errors
