"""Rules for `LabelSelector` objects wherever they stand. Follows `apimachinery/pkg/apis/meta/v1/validation` (1.33)."""

from __future__ import annotations

from typing import Any

from simulator.machinery import names
from simulator.machinery.validation.field_errors import FieldError, forbidden, invalid, required
from simulator.machinery.validation.metadata import validate_labels

Obj = dict[str, Any]


def validate_label_selector(selector: Obj, path: str) -> list[FieldError]:
    errors = validate_labels(selector.get("matchLabels") or {}, f"{path}.matchLabels")
    for index, expression in enumerate(selector.get("matchExpressions") or ()):
        errors += _expression(expression, f"{path}.matchExpressions[{index}]")
    return errors


def _expression(expression: Obj, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    operator, values = expression.get("operator", ""), expression.get("values") or []
    if operator in ("In", "NotIn"):
        if not values:
            errors.append(required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            errors.append(
                forbidden(f"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
            )
    else:
        errors.append(invalid(f"{path}.operator", operator, "not a valid selector operator"))
    key = expression.get("key", "")
    errors += [invalid(f"{path}.key", key, says) for says in names.qualified_name(key)]
    for index, value in enumerate(values):
        errors += [invalid(f"{path}.values[{index}]", value, says) for says in names.label_value(value)]
    return errors
