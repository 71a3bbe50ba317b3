"""Rules for the policies of a job: which failures and which successes count for what.

Follows `validatePodFailurePolicy`, `validatePodReplacementPolicy` and `validateSuccessPolicy` of
`pkg/apis/batch/validation/validation.go` (1.33).
"""

from __future__ import annotations

from typing import Any

from simulator.machinery import names
from simulator.machinery.validation.field_errors import (
    OMITTED,
    FieldError,
    GoText,
    duplicate,
    invalid,
    not_negative,
    not_supported,
    required,
    too_many,
)

Obj = dict[str, Any]
Errors = list[FieldError]

_MAX_RULES, _MAX_CODES, _MAX_PATTERNS = 20, 255, 20
_ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
_OPERATORS = ("In", "NotIn")
_STATUSES = ("False", "True", "Unknown")
_REPLACEMENTS = ("Failed", "TerminatingOrFailed")


def _one_of(values: tuple[str, ...]) -> str:
    """A slice as `%q` prints it."""
    return "valid values: [" + " ".join(f'"{value}"' for value in values) + "]"


def validate_failure_policy(spec: Obj, path: str) -> Errors:
    rules = spec["podFailurePolicy"].get("rules") or ()
    errors = [too_many(f"{path}.rules", len(rules), _MAX_RULES)] if len(rules) > _MAX_RULES else []
    pod = (spec.get("template") or {}).get("spec") or {}
    containers = [one.get("name") for part in ("containers", "initContainers") for one in pod.get(part) or ()]
    for index, rule in enumerate(rules):
        errors += _rule(rule, f"{path}.rules[{index}]", spec, containers)
    return errors


def _rule(rule: Obj, path: str, spec: Obj, containers: list[Any]) -> Errors:
    action, codes, patterns = rule.get("action", ""), rule.get("onExitCodes"), rule.get("onPodConditions") or ()
    errors: Errors = []
    if not action:
        errors.append(required(f"{path}.action", _one_of(_ACTIONS)))
    elif action not in _ACTIONS:
        errors.append(not_supported(f"{path}.action", action, _ACTIONS))
    elif action == "FailIndex" and spec.get("backoffLimitPerIndex") is None:
        errors.append(invalid(f"{path}.action", action, "requires the backoffLimitPerIndex to be set"))
    if codes is not None:
        errors += _exit_codes(codes, f"{path}.onExitCodes", containers)
    errors += _conditions(patterns, f"{path}.onPodConditions")
    if codes is not None and patterns:
        says = "specifying both OnExitCodes and OnPodConditions is not supported"
        errors.append(invalid(path, OMITTED, says))
    if codes is None and not patterns:
        says = "specifying one of OnExitCodes and OnPodConditions is required"
        errors.append(invalid(path, OMITTED, says))
    return errors


def _exit_codes(codes: Obj, path: str, containers: list[Any]) -> Errors:
    operator, name, values = codes.get("operator", ""), codes.get("containerName"), codes.get("values") or []
    errors: Errors = []
    if operator not in _OPERATORS:
        here = f"{path}.operator"
        errors.append(not_supported(here, operator, _OPERATORS) if operator else required(here, _one_of(_OPERATORS)))
    if name is not None and name not in containers:
        says = "must be one of the container or initContainer names in the pod template"
        errors.append(invalid(f"{path}.containerName", name, says))
    if not values:
        errors.append(invalid(f"{path}.values", GoText("[]int32(nil)"), "at least one value is required"))
    elif len(values) > _MAX_CODES:
        errors.append(too_many(f"{path}.values", len(values), _MAX_CODES))
    for index, value in enumerate(values):
        here = f"{path}.values[{index}]"
        if operator == "In" and value == 0:
            errors.append(invalid(here, value, "must not be 0 for the In operator"))
        if value in values[:index]:
            errors.append(duplicate(here, value))
    if values != sorted(values):
        errors.append(invalid(f"{path}.values", values, "must be ordered"))
    return errors


def _conditions(patterns: Any, path: str) -> Errors:
    errors = [too_many(path, len(patterns), _MAX_PATTERNS)] if len(patterns) > _MAX_PATTERNS else []
    for index, pattern in enumerate(patterns):
        here, kind, status = f"{path}[{index}]", pattern.get("type", ""), pattern.get("status", "")
        errors += [invalid(f"{here}.type", kind, says) for says in names.qualified_name(kind)]
        if status not in _STATUSES:
            where = f"{here}.status"
            errors.append(not_supported(where, status, _STATUSES) if status else required(where, _one_of(_STATUSES)))
    return errors


def validate_replacement(spec: Obj, path: str) -> Errors:
    policy = spec.get("podReplacementPolicy")
    allowed = ("Failed",) if spec.get("podFailurePolicy") is not None else _REPLACEMENTS
    return [] if policy is None or policy in allowed else [not_supported(path, policy, allowed)]


# Success


def validate_success_policy(spec: Obj, path: str) -> Errors:
    rules = spec["successPolicy"].get("rules") or ()
    errors: Errors = []
    if not rules:
        says = "at least one rules must be specified when the successPolicy is specified"
        errors.append(required(f"{path}.rules", says))
    if len(rules) > _MAX_RULES:
        errors.append(too_many(f"{path}.rules", len(rules), _MAX_RULES))
    for index, rule in enumerate(rules):
        errors += _success_rule(rule, f"{path}.rules[{index}]", spec.get("completions") or 0)
    return errors


def _success_rule(rule: Obj, path: str, completions: int) -> Errors:
    count, indexes = rule.get("succeededCount"), rule.get("succeededIndexes")
    errors: Errors = []
    total = 0
    if count is None and indexes is None:
        says = "at least one of succeededCount or succeededIndexes must be specified"
        errors.append(required(path, says))
    if indexes is not None:
        total, problem = _count_indexes(indexes, completions)
        if problem:
            says = f"error parsing succeededIndexes: {problem}"
            errors.append(invalid(f"{path}.succeededIndexes", indexes, says))
    if count is not None:
        here = f"{path}.succeededCount"
        errors += not_negative(here, count)
        if count > completions:
            says = f"must be less than or equal to {completions} (the number of specified completions)"
            errors.append(invalid(here, count, says))
        if indexes is not None and count > total:
            says = (
                f"must be less than or equal to {total} (the number of indexes in the specified succeededIndexes field)"
            )
            errors.append(invalid(here, count, says))
    return errors


def _count_indexes(text: str, completions: int) -> tuple[int, str]:
    """How many indexes a list such as `1,3-5` names, and what is wrong with it (`validateIndexesFormat`)."""
    if not text:
        return 0, ""
    total, last = 0, -1
    for part in text.split(","):
        ends = part.split("-")
        if len(ends) > 2:
            return (
                0,
                f"the fragment \"{part}\" violates the requirement that an index interval can have at most two parts separated by '-'",
            )
        numbers = []
        for end in ends:
            if not end.lstrip("+-").isdigit():
                return 0, f'cannot convert string to integer for index: "{end}"'
            numbers.append(int(end))
        first = numbers[0]
        if first >= completions:
            return 0, f'too large index: "{ends[0]}"'
        if first <= last:
            return 0, f"non-increasing order, previous: {last}, current: {first}"
        if len(numbers) == 2:
            if numbers[1] >= completions:
                return 0, f'too large index: "{ends[1]}"'
            if numbers[1] <= first:
                return 0, f"non-increasing order, previous: {first}, current: {numbers[1]}"
        last = numbers[-1]
        total += last - first + 1
    return total, ""
