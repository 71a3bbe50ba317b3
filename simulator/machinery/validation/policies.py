"""Rules for admission policies and their bindings: `pkg/apis/admissionregistration/validation/validation.go` (1.33)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from simulator.machinery import names
from simulator.machinery.expressions import KEYWORDS, Declared, admission_scope
from simulator.machinery.validation.admission_rules import (
    validate_choice,
    validate_expression,
    validate_match_conditions,
    validate_match_resources,
)
from simulator.machinery.validation.field_errors import (
    FieldError,
    duplicate,
    forbidden,
    go_slice,
    invalid,
    not_supported,
    required,
)
from simulator.machinery.validation.metadata import path_segment
from simulator.machinery.validation.selectors import validate_label_selector

Obj = dict[str, Any]
Errors = list[FieldError]

_ACTIONS = ("Audit", "Deny", "Warn")
_REASONS = ("Forbidden", "Invalid", "RequestEntityTooLarge")
_MAX_ANNOTATIONS = 20
_ONE_OF_BOTH = "validations or auditAnnotations must contain at least one item"
_EXCLUSIVE = "name and selector are mutually exclusive"
_TWICE = (
    "must not contain both Deny and Warn (repeating the same validation failure information in the API response and "
    "headers serves no purpose)"
)
_IDENTIFIER = re.compile("[_a-zA-Z][_a-zA-Z0-9]*")


def validate_admission_policy(policy: Obj) -> Errors:
    spec, name = policy.get("spec") or {}, (policy.get("metadata") or {}).get("name", "")
    errors = validate_choice(spec, "failurePolicy", ("Fail", "Ignore"), "spec")
    if spec.get("paramKind") is not None:
        errors += validate_parameter_kind(spec["paramKind"], "spec.paramKind")
    constraints = spec.get("matchConstraints")
    if constraints is None:
        errors.append(required("spec.matchConstraints"))
    else:
        errors += validate_match_resources(constraints, "spec.matchConstraints")
        if not constraints.get("resourceRules"):
            errors.append(required("spec.matchConstraints.resourceRules"))
    has_params = spec.get("paramKind") is not None
    errors += validate_match_conditions(
        spec.get("matchConditions") or (), "spec.matchConditions", has_params=has_params
    )
    errors += validate_variables(spec.get("variables") or (), "spec.variables", has_params=has_params)
    if not spec.get("validations") and not spec.get("auditAnnotations"):
        return errors + [required(f"spec.{key}", _ONE_OF_BOTH) for key in ("validations", "auditAnnotations")]
    scope = admission_scope(has_params=has_params, variables=spec.get("variables") or ())
    spoken = admission_scope(has_params=has_params, variables=spec.get("variables") or (), has_authorizer=False)
    for index, validation in enumerate(spec.get("validations") or ()):
        errors += _validation(validation, f"spec.validations[{index}]", scope, spoken)
    return errors + _audit_annotations(spec.get("auditAnnotations") or [], name, "spec.auditAnnotations", scope)


def validate_parameter_kind(kind: Obj, path: str) -> Errors:
    version, name = kind.get("apiVersion", ""), kind.get("kind", "")
    errors: Errors = []
    group, _, bare = version.rpartition("/")
    if not version:
        errors.append(required(f"{path}.apiVersion"))
    elif version.count("/") > 1:
        errors.append(invalid(f"{path}.apiVersion", version, f"unexpected GroupVersion string: {version}"))
    else:
        if group and (problems := names.dns_subdomain(group)):
            errors.append(invalid(f"{path}.apiVersion", group, ",".join(problems)))
        if not bare:
            errors.append(invalid(f"{path}.apiVersion", version, "version must be specified"))
        elif problems := names.dns_1035_label(bare):
            errors.append(invalid(f"{path}.apiVersion", bare, ",".join(problems)))
    if not name:
        errors.append(required(f"{path}.kind"))
    elif problems := names.dns_1035_label(name.lower()):
        says = "may have mixed case, but should otherwise match: " + ",".join(problems)
        errors.append(invalid(f"{path}.kind", name, says))
    return errors


def validate_variables(variables: Sequence[Obj], path: str, *, has_params: bool) -> Errors:
    """Each knows those before it."""
    errors: Errors = []
    for index, one in enumerate(variables):
        scope = admission_scope(has_params=has_params, variables=variables[:index])
        errors += _variable(one, f"{path}[{index}]", scope)
    return errors


def _variable(variable: Obj, path: str, scope: Declared) -> Errors:
    name = variable.get("name", "")
    errors: Errors = []
    if not name.strip():
        errors.append(required(f"{path}.name", "name is not specified"))
    elif not _IDENTIFIER.fullmatch(name) or name in KEYWORDS:
        errors.append(invalid(f"{path}.name", name, "name is not a valid CEL identifier"))
    text, missing = variable.get("expression", ""), "expression is not specified"
    return errors + validate_expression(text, f"{path}.expression", scope, purpose="variable", missing=missing)


def _validation(validation: Obj, path: str, scope: Declared, spoken: Declared) -> Errors:
    """`spoken`: what messages may name."""
    message, computed = validation.get("message", ""), validation.get("messageExpression", "")
    missing = "expression is not specified"
    errors = validate_expression(validation.get("expression", ""), f"{path}.expression", scope, missing=missing)
    if computed and not computed.strip():
        errors.append(invalid(f"{path}.messageExpression", computed, "must be non-empty if specified"))
    elif computed:
        errors += validate_expression(computed, f"{path}.messageExpression", spoken, purpose="message")
    if message and not message.strip():
        errors.append(invalid(f"{path}.message", message, "message must be non-empty if specified"))
    elif "\n" in message.strip() or "\r" in message.strip():
        errors.append(invalid(f"{path}.message", message, "message must not contain line breaks"))
    return errors + validate_choice(validation, "reason", _REASONS, path)


def _audit_annotations(annotations: list[Obj], name: str, path: str, scope: Declared) -> Errors:
    errors: Errors = []
    if len(annotations) > _MAX_ANNOTATIONS:
        shown = go_slice("admissionregistration.AuditAnnotation", ())
        errors.append(invalid(path, shown, f"must not have more than {_MAX_ANNOTATIONS} auditAnnotations"))
    keys: set[str] = set()
    for index, annotation in enumerate(annotations):
        here, key = f"{path}[{index}]", annotation.get("key", "")
        whole = f"{name}/{key}"
        errors += [invalid(f"{here}.key", whole, says) for says in names.qualified_name(whole)]
        text, missing = annotation.get("valueExpression", ""), "valueExpression is not specified"
        errors += validate_expression(text, f"{here}.valueExpression", scope, purpose="annotation", missing=missing)
        if key in keys:
            errors.append(duplicate(f"{here}.key", key))
        keys.add(key)
    return errors


# Bindings


def validate_admission_binding(binding: Obj) -> Errors:
    """`matchResouces` is how upstream spells the path."""
    spec = binding.get("spec") or {}
    name = spec.get("policyName", "")
    errors = [invalid("spec.policyName", name, says) for says in names.dns_subdomain(name)] if name else []
    if not name:
        errors.append(required("spec.policyName"))
    if spec.get("paramRef") is not None:
        errors += validate_parameters(spec["paramRef"], "spec.paramRef")
    if spec.get("matchResources") is not None:
        errors += validate_match_resources(spec["matchResources"], "spec.matchResouces")
    return errors + _actions(spec.get("validationActions") or [], "spec.validationActions")


def _actions(actions: list[str], path: str) -> Errors:
    errors: Errors = []
    for index, action in enumerate(actions):
        if action not in _ACTIONS:
            errors.append(not_supported(f"{path}[{index}]", action, _ACTIONS))
        if action in actions[:index]:
            errors.append(duplicate(f"{path}[{index}]", action))
    if "Deny" in actions and "Warn" in actions:
        errors.append(invalid(path, go_slice("admissionregistration.ValidationAction", actions), _TWICE))
    return errors if actions else [required(path, "at least one validation action is required")]


def validate_parameters(reference: Obj, path: str) -> Errors:
    name, selector = reference.get("name", ""), reference.get("selector")
    errors = [invalid(f"{path}.name", name, says) for says in path_segment(name)] if name else []
    if name and selector is not None:
        errors.append(forbidden(f"{path}.name", _EXCLUSIVE))
    if selector is not None:
        errors += validate_label_selector(selector, f"{path}.selector")
        if name:
            errors.append(forbidden(f"{path}.selector", _EXCLUSIVE))
    if not name and selector is None:
        errors.append(required(path, "one of name or selector must be specified"))
    action, allowed = reference.get("parameterNotFoundAction"), ("Deny", "Allow")
    if not action:
        errors.append(required(f"{path}.parameterNotFoundAction"))
    elif action not in allowed:
        errors.append(not_supported(f"{path}.parameterNotFoundAction", action, allowed))
    return errors
