"""Rules for policies that change objects, and their bindings.

Follows the functions for MutatingAdmissionPolicy in `pkg/apis/admissionregistration/validation/validation.go` (1.33).
"""

from __future__ import annotations

from typing import Any

from simulator.machinery import names
from simulator.machinery.expressions import Declared, admission_scope
from simulator.machinery.validation.admission_rules import (
    validate_choice,
    validate_expression,
    validate_match_conditions,
    validate_match_resources,
)
from simulator.machinery.validation.field_errors import FieldError, invalid, not_supported, required
from simulator.machinery.validation.policies import validate_parameter_kind, validate_parameters, validate_variables

Obj = dict[str, Any]
Errors = list[FieldError]

_REINVOCATIONS = ("Never", "IfNeeded")
_MUTABLE = ("*", "CONNECT", "CREATE", "UPDATE")
#: Patch type → the field that holds it.
_PATCHES = {"ApplyConfiguration": "applyConfiguration", "JSONPatch": "jsonPatch"}


def validate_mutating_policy(policy: Obj) -> Errors:
    spec = policy.get("spec") or {}
    errors = validate_choice(spec, "failurePolicy", ("Fail", "Ignore"), "spec")
    kind, constraints = spec.get("paramKind"), spec.get("matchConstraints")
    if kind is not None:
        errors += validate_parameter_kind(kind, "spec.paramKind")
    if constraints is None:
        errors.append(required("spec.matchConstraints"))
    else:
        errors += validate_match_resources(constraints, "spec.matchConstraints")
        if not constraints.get("resourceRules"):
            errors.append(required("spec.matchConstraints.resourceRules"))
        errors += _mutable(constraints, "spec.matchConstraints")
    has_params, named = kind is not None, spec.get("variables") or ()
    errors += validate_match_conditions(
        spec.get("matchConditions") or (), "spec.matchConditions", has_params=has_params
    )
    errors += validate_variables(named, "spec.variables", has_params=has_params)
    if not spec.get("mutations"):
        errors.append(required("spec.mutations", "mutations must contain at least one item"))
    scope = admission_scope(has_params=has_params, variables=named, makes_objects=True)
    for index, mutation in enumerate(spec.get("mutations") or ()):
        errors += _mutation(mutation, f"spec.mutations[{index}]", scope)
    again = spec.get("reinvocationPolicy")
    if not again:
        errors.append(required("spec.reinvocationPolicy"))
    elif again not in _REINVOCATIONS:
        errors.append(not_supported("spec.reinvocationPolicy", again, _REINVOCATIONS))
    return errors


def validate_mutating_binding(binding: Obj) -> Errors:
    spec = binding.get("spec") or {}
    name, resources = spec.get("policyName"), spec.get("matchResources")
    errors = [invalid("spec.policyName", name, says) for says in names.dns_subdomain(name)] if name else []
    if not name:
        errors.append(required("spec.policyName"))
    if spec.get("paramRef") is not None:
        errors += validate_parameters(spec["paramRef"], "spec.paramRef")
    if resources is not None:
        errors += validate_match_resources(resources, "spec.matchResouces") + _mutable(resources, "spec.matchResources")
    return errors


def _mutable(constraints: Obj, path: str) -> Errors:
    """Only what brings an object along can be changed."""
    return [
        not_supported(f"{path}.resourceRules.operations", operation, _MUTABLE)
        for rule in constraints.get("resourceRules") or ()
        for operation in rule.get("operations") or ()
        if operation not in _MUTABLE
    ]


def _mutation(mutation: Obj, path: str, scope: Declared) -> Errors:
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
        text = mutation[field].get("expression") or ""
        purpose = "apply" if field == "applyConfiguration" else "patch"
        errors += validate_expression(text, f"{path}.{field}.expression", scope, purpose=purpose)
    for other in _PATCHES.values():
        if other != field and mutation.get(other) is not None:
            says = f"must not be specified when patchType is {kind}"
            errors.append(invalid(f"{path}.{other}", f"{{{other}}}", says))
    return errors
