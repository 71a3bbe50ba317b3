"""Which rules a definition may have: they compile, give a truth, and cannot cost too much.

Counterpart of the parts of `apiextensions-apiserver/pkg/apis/apiextensions/validation/{validation,cel_validation}.go` (1.33) that concern
`x-kubernetes-validations`. Rules are compiled only in structural schemas, at places below which nothing else is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from typing import Any

from simulator.machinery.cel.costs import LIMIT
from simulator.machinery.cel.errors import CompileError
from simulator.machinery.cel.programs import compiled
from simulator.machinery.cel.shapes import shape_of
from simulator.machinery.custom.field_paths import wrong_field_path
from simulator.machinery.custom.ratcheting import is_correlatable
from simulator.machinery.custom.rule_programs import RULES, Scope
from simulator.machinery.go_text import quoted
from simulator.machinery.validation.field_errors import (
    FieldError,
    GoText,
    forbidden,
    invalid,
    not_supported,
    required,
)

Obj = dict[str, Any]

#: `StaticEstimatedCostLimit`: one expression; `StaticEstimatedCRDCostLimit`: all of a schema.
_EXPRESSION_LIMIT, _SCHEMA_LIMIT = 10_000_000, 100_000_000
_REASONS = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")
_NEW_LINES = re.compile("[\n\r]")
_HINT = "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)"
_CONTRIBUTED = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
_WHOLE = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema"


def form_of_rules(schema: Obj, path: str) -> Iterator[FieldError]:
    """What is wrong with the rules at one place beside their expressions."""
    for index, rule in enumerate(schema.get(RULES) or ()):
        yield from _form(rule, schema, f"{path}.{RULES}[{index}]")


def _form(rule: Obj, schema: Obj, here: str) -> Iterator[FieldError]:
    text, message = rule.get("rule", "").strip(), rule.get("message", "")
    if not text:
        yield required(f"{here}.rule", "rule is not specified")
    elif message and not message.strip():
        yield invalid(f"{here}.message", message, "message must be non-empty if specified")
    elif _NEW_LINES.search(message.strip()):
        yield invalid(f"{here}.message", message, "message must not contain line breaks")
    elif _NEW_LINES.search(text) and not message.strip():
        yield required(f"{here}.message", "message must be specified if rule contains line breaks")
    if rule.get("messageExpression") and not rule["messageExpression"].strip():
        yield required(f"{here}.messageExpression", "messageExpression must be non-empty if specified")
    if rule.get("reason") and rule["reason"] not in _REASONS:
        yield not_supported(f"{here}.reason", rule["reason"], _REASONS)
    given = rule.get("fieldPath", "")
    if given and not given.strip():
        yield invalid(f"{here}.fieldPath", given, "fieldPath must be non-empty if specified")
    if _NEW_LINES.search(given):
        yield invalid(f"{here}.fieldPath", given, "fieldPath must not contain line breaks")
    if given and wrong_field_path(given, schema):
        yield invalid(f"{here}.fieldPath", given, "fieldPath must be a valid path")


@dataclass
class _Total:
    """What all rules of a schema cost, and the dearest of them (`TotalCost`); and which of them are looked at."""

    clean: Container[str]
    are_cheap: bool
    cost: int = 0
    dearest: list[tuple[int, str]] = field(default_factory=list)

    def add(self, path: str, cost: int) -> None:
        self.cost = min(LIMIT, self.cost + cost)
        if cost >= _SCHEMA_LIMIT // 100:
            self.dearest = sorted([*self.dearest, (cost, path)], key=lambda one: -one[0])[:4]


def expressions_of(schema: Obj, path: str, clean: Container[str], *, are_cheap: bool) -> list[FieldError]:
    """What is wrong with the expressions of a structural schema, at the places below which nothing else is.

    `are_cheap`: whether one of them may cost only so much.
    """
    total = _Total(clean, are_cheap)
    found = list(_walk(schema, path, 1, total, uncorrelated="", is_root=True))
    if total.cost > _SCHEMA_LIMIT:
        found += [forbidden(where, _CONTRIBUTED) for _, where in total.dearest]
        found.append(forbidden(path, _too_dear(_WHOLE, total.cost, _SCHEMA_LIMIT)))
    return found


def _walk(
    schema: Obj, path: str, count: int | None, total: _Total, *, uncorrelated: str, is_root: bool = False
) -> Iterator[FieldError]:
    """`count`: how many such values there may be, None when nothing bounds it. `uncorrelated`: where the past is lost."""
    others, items = schema.get("additionalProperties"), schema.get("items")
    inner_count = _counted(schema, count)
    if isinstance(others, dict):
        yield from _walk(others, f"{path}.additionalProperties", inner_count, total, uncorrelated=uncorrelated)
    lost = uncorrelated or ("" if is_correlatable(schema) else path)
    for name, inner in (schema.get("properties") or {}).items():
        yield from _walk(inner, f"{path}.properties[{name}]", inner_count, total, uncorrelated=lost)
    if isinstance(items, dict):
        lost = uncorrelated or ("" if schema.get("x-kubernetes-list-type") == "map" else path)
        yield from _walk(items, f"{path}.items", inner_count, total, uncorrelated=lost)
    if schema.get(RULES) and path in total.clean:
        yield from _here(schema, path, count, total, uncorrelated=uncorrelated, is_root=is_root)


def _counted(schema: Obj, count: int | None) -> int | None:
    """`childContext`: how many of what is below there may be."""
    factor: int | None = 1
    if schema.get("type") == "object" and schema.get("additionalProperties") is not None:
        factor = schema.get("maxProperties")
    elif schema.get("type") == "array":
        factor = schema.get("maxItems")
    return None if count is None or factor is None else min(LIMIT, count * max(0, factor))


def _here(
    schema: Obj, path: str, count: int | None, total: _Total, *, uncorrelated: str, is_root: bool
) -> Iterator[FieldError]:
    shape = shape_of(schema, is_root=is_root or bool(schema.get("x-kubernetes-embedded-resource")))
    if shape is None:
        says = "internal error: failed to construct type information for x-kubernetes-validations rules: "
        says += "unable to convert structural schema to CEL declarations"
        yield FieldError("InternalError", f"{path}.{RULES}", "", says)
        return
    scope = Scope.of(shape)
    for index, rule in enumerate(schema[RULES]):
        here = f"{path}.{RULES}[{index}]"
        yield from _rule(rule, here, scope, count, total, uncorrelated)


def _rule(
    rule: Obj, here: str, scope: Scope, count: int | None, total: _Total, uncorrelated: str
) -> Iterator[FieldError]:
    try:
        program = compiled(rule["rule"], scope.declared(rule))
    except CompileError as error:
        yield invalid(f"{here}.rule", _go_rule(rule), error.says)
        return
    if program.type.name != "bool":
        yield invalid(f"{here}.rule", _go_rule(rule), "cel expression must evaluate to a bool")
        return
    cost = min(LIMIT, scope.cost(program) * (scope.cardinality if count is None else count))
    if total.are_cheap and cost > _EXPRESSION_LIMIT:
        yield forbidden(f"{here}.rule", _too_dear("estimated rule cost", cost, _EXPRESSION_LIMIT))
    total.add(f"{here}.rule", cost)
    yield from _message(rule, here, scope, total)
    if program.names("oldSelf"):
        if uncorrelated:
            says = f"oldSelf cannot be used on the uncorrelatable portion of the schema within {uncorrelated}"
            yield invalid(f"{here}.rule", rule["rule"], says)
    elif "optionalOldSelf" in rule:
        says = "may not be set if oldSelf is not used in rule"
        yield invalid(f"{here}.optionalOldSelf", rule["optionalOldSelf"], says)


def _message(rule: Obj, here: str, scope: Scope, total: _Total) -> Iterator[FieldError]:
    text = rule.get("messageExpression") or ""
    if not text:
        return
    try:
        program = compiled(text, scope.declared(rule))
    except CompileError as error:
        yield invalid(f"{here}.messageExpression", _go_rule(rule), f"messageExpression {error.says}")
        return
    if program.type.name != "string":
        yield invalid(f"{here}.messageExpression", _go_rule(rule), "messageExpression must evaluate to a string")
        return
    cost = scope.cost(program)
    if total.are_cheap and cost > _EXPRESSION_LIMIT:
        says = _too_dear("estimated messageExpression cost", cost, _EXPRESSION_LIMIT)
        yield forbidden(f"{here}.messageExpression", says)
    total.add(f"{here}.messageExpression", cost)


def _too_dear(what: str, cost: int, limit: int) -> str:
    """`getCostErrorMessage`."""
    factor = cost / limit
    shown = "more than 100x" if factor > 100 else f"{factor:f}x" if factor < 1.5 else f"{factor:.1f}x"
    return f"{what} exceeds budget by factor of {shown} {_HINT}"


def _go_rule(rule: Obj) -> GoText:
    """The rule as Go prints the structure; a pointer that is set is an address."""
    reason = "nil" if not rule.get("reason") else "0xc000000000"
    optional = "nil" if "optionalOldSelf" not in rule else "0xc000000000"
    texts = ", ".join(
        f"{name}:{quoted(rule.get(key) or '')}"
        for name, key in (("Rule", "rule"), ("Message", "message"), ("MessageExpression", "messageExpression"))
    )
    return GoText(
        f"apiextensions.ValidationRule{{{texts}, Reason:(*apiextensions.FieldValueErrorReason)({reason}), "
        f"FieldPath:{quoted(rule.get('fieldPath') or '')}, OptionalOldSelf:(*bool)({optional})}}"
    )
