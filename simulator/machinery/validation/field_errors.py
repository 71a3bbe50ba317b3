"""One finding of validation and its text, as `k8s.io/apimachinery/pkg/util/validation/field` (1.33) prints it.

Values are printed the way Go would: texts quoted, maps and structs with their Go type. The path, the words and
the type word are all part of the message a learner reads, so nothing else may build such a text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from simulator.machinery import quantities

ErrorType = Literal[
    "FieldValueNotFound",
    "FieldValueRequired",
    "FieldValueDuplicate",
    "FieldValueInvalid",
    "FieldValueNotSupported",
    "FieldValueForbidden",
    "FieldValueTooLong",
    "FieldValueTooMany",
    "FieldValueTypeInvalid",
    "InternalError",
]

_WORDS: dict[ErrorType, str] = {
    "FieldValueNotFound": "Not found",
    "FieldValueRequired": "Required value",
    "FieldValueDuplicate": "Duplicate value",
    "FieldValueInvalid": "Invalid value",
    "FieldValueNotSupported": "Unsupported value",
    "FieldValueForbidden": "Forbidden",
    "FieldValueTooLong": "Too long",
    "FieldValueTooMany": "Too many",
    "FieldValueTypeInvalid": "Invalid value",
    "InternalError": "Internal error",
}
_WITHOUT_VALUE = ("FieldValueRequired", "FieldValueForbidden", "FieldValueTooLong", "InternalError")

NOT_POSITIVE = "must be greater than zero"
NOT_INTEGER = "must be an integer"
NEGATIVE = "must be greater than or equal to 0"
IMMUTABLE = "field is immutable"


@dataclass(frozen=True, slots=True)
class GoText:
    """A value that is already written as Go prints it."""

    text: str


class Omitted:
    """`field.OmitValueType`: there is no value worth showing."""


OMITTED = Omitted()


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field."""

    type: ErrorType
    path: str
    value: Any = ""
    detail: str = ""

    @property
    def body(self) -> str:
        """The message without the path."""
        says = _WORDS[self.type]
        if self.type not in _WITHOUT_VALUE and not isinstance(self.value, Omitted):
            says = f"{says}: {go_value(self.value)}"
        return f"{says}: {self.detail}" if self.detail else says

    def cause(self) -> tuple[str, str, str]:
        """Reason, message and field of a `StatusCause`."""
        return self.type, self.body, self.path

    def __str__(self) -> str:
        return f"{self.path}: {self.body}"


def go_value(value: Any) -> str:
    match value:
        case GoText():
            return value.text
        case None:
            return '"null"'
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case dict():
            return _go_map(value)
        case list() | tuple():
            kind = "int32" if value and all(isinstance(item, int) for item in value) else "string"
            return f"[]{kind}{{" + ", ".join(go_value(item) for item in value) + "}"
        case _:
            return str(value)


def _go_map(value: dict[str, Any]) -> str:
    return "map[string]string{" + ", ".join(f"{go_value(key)}:{go_value(value[key])}" for key in sorted(value)) + "}"


def go_slice(kind: str, values: Iterable[Any] | None) -> GoText:
    """A slice of a named type as `%#v` prints it: `[]core.ResourceQuotaScope{"BestEffort"}`."""
    if values is None:
        return GoText(f"[]{kind}(nil)")
    return GoText(f"[]{kind}{{{', '.join(go_value(item) for item in values)}}}")


def go_struct(kind: str) -> GoText:
    """A struct. Go prints its fields, with addresses in memory where they are pointers; an address says nothing."""
    return GoText(f"{kind}{{…}}")


def shown_quantity(text: str) -> GoText:
    """A Quantity knows how to print itself, so it stands without quotes."""
    return GoText(quantities.canonical(text))


def int_or_string(value: Any) -> GoText:
    """An IntOrString knows how to print itself: `25%` and `0` stand without quotes."""
    return GoText(str(value))


def label_selector(selector: dict[str, Any]) -> GoText:
    """`v1.LabelSelector{MatchLabels:…, MatchExpressions:…}` as `%#v` prints it."""
    labels = selector.get("matchLabels")
    shown = _go_map(labels) if labels is not None else "map[string]string(nil)"
    expressions = selector.get("matchExpressions")
    if expressions is None:
        return GoText(f"v1.LabelSelector{{MatchLabels:{shown}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}}")
    items = ", ".join(
        f"v1.LabelSelectorRequirement{{Key:{go_value(e.get('key', ''))}, Operator:{go_value(e.get('operator', ''))}, "
        f"Values:{go_value(e['values']) if e.get('values') is not None else '[]string(nil)'}}}"
        for e in expressions
    )
    return GoText(f"v1.LabelSelector{{MatchLabels:{shown}, MatchExpressions:[]v1.LabelSelectorRequirement{{{items}}}}}")


def required(path: str, detail: str = "") -> FieldError:
    return FieldError("FieldValueRequired", path, "", detail)


def invalid(path: str, value: Any, detail: str) -> FieldError:
    return FieldError("FieldValueInvalid", path, value, detail)


def forbidden(path: str, detail: str) -> FieldError:
    return FieldError("FieldValueForbidden", path, "", detail)


def duplicate(path: str, value: Any) -> FieldError:
    return FieldError("FieldValueDuplicate", path, value)


def not_found(path: str, value: Any) -> FieldError:
    return FieldError("FieldValueNotFound", path, value)


def not_supported(path: str, value: Any, supported: Iterable[str]) -> FieldError:
    listed = ", ".join(go_value(item) for item in supported)
    return FieldError("FieldValueNotSupported", path, value, f"supported values: {listed}" if listed else "")


def too_long(path: str, limit: int) -> FieldError:
    return FieldError("FieldValueTooLong", path, "", f"may not be more than {limit} bytes")


def too_many(path: str, found: int, limit: int) -> FieldError:
    return FieldError("FieldValueTooMany", path, found, f"must have at most {limit} items")


def not_negative(path: str, value: Any) -> list[FieldError]:
    """The commonest rule of all; an absent value is fine."""
    return [invalid(path, value, NEGATIVE)] if isinstance(value, int) and value < 0 else []


def immutable(path: str, new: Any, old: Any, *, shown: Any = None) -> list[FieldError]:
    return [] if new == old else [invalid(path, new if shown is None else shown, IMMUTABLE)]
