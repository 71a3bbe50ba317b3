"""From a request body to an object: unknown fields and wrong types, in the three levels of `fieldValidation`.

Promises: the result holds only what the schema knows, with quantities in canonical form and nulls left out; the
input is never changed and unchanged parts are shared. A wrong type always refuses, an unknown field refuses
(`Strict`), warns (`Warn`) or is dropped in silence (`Ignore`); texts are those of apimachinery's JSON decoder
(`Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.foo"`).

Leaves to others: duplicate keys (whoever sees the text: `yaml_documents.py`, `gateway.bodies`), required and semantic rules (`validation/`).
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any, Literal

from simulator.machinery import quantities
from simulator.machinery.enumerations import ENUMS
from simulator.machinery.resources import Resource
from simulator.machinery.schemas import Schema, schema_for

Obj = dict[str, Any]
Level = Literal["Strict", "Warn", "Ignore"]
LEVELS = ("Ignore", "Warn", "Strict")

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_BASE64_CHARACTERS = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_DROP = object()


class DecodingError(ValueError):
    """The body is no such object (400 BadRequest); the message is the one the API server would give."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding: where, of which sort, what upstream says, and the field the author may have meant."""

    path: str
    sort: Literal["unknown", "type"]
    message: str
    suggestion: str = ""


def decode(
    obj: Obj,
    resource: Resource,
    *,
    level: str = "Warn",
    findings: Sequence[str] = (),
    are_first: bool = False,
) -> tuple[Obj, list[str]]:
    """The object as the server understands it, and the warnings to send back with it.

    `findings`: what the text itself has shown; `are_first`: it was that of a patch, which is read before the object.
    """
    if level not in LEVELS:
        raise DecodingError(
            f'fieldValidation: Unsupported value: "{level}": supported values: "Ignore", "Strict", "Warn"'
        )
    pruned, problems = check(obj, schema_for(resource.api_version, resource.kind))
    wrong = next((problem for problem in problems if problem.sort == "type"), None)
    unknown = [problem.message for problem in problems if problem.sort == "unknown"]
    unknown = [*findings, *unknown] if are_first else [*unknown, *findings]
    if wrong is not None:
        raise DecodingError(_refusal(resource, wrong.message))
    if unknown and level == "Strict":
        raise DecodingError(_refusal(resource, "strict decoding error: " + ", ".join(unknown)))
    return pruned, unknown if level == "Warn" else []


def _refusal(resource: Resource, why: str) -> str:
    return f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {why}'


def check(obj: Obj, schema: Schema | None) -> tuple[Obj, list[Problem]]:
    """The pruned object with everything that is wrong with its shape; an unknown kind passes untouched."""
    if schema is None:
        return obj, []
    reader = _Reader()
    pruned = reader.read(obj, schema, _Place())
    return (pruned if isinstance(pruned, dict) else {}), reader.problems


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the reader is: the path with indices, the path as Go prints it, and the struct it is in."""

    path: str = ""
    fields: str = ""
    struct: str = ""
    field: str = ""

    def into(self, struct: str, name: str) -> _Place:
        return _Place(
            path=f"{self.path}.{name}" if self.path else name,
            fields=f"{self.fields}.{name}" if self.fields else name,
            struct=struct,
            field=name,
        )

    def at(self, index: int) -> _Place:
        return _Place(f"{self.path}[{index}]", self.fields, self.struct, self.field)

    def key(self, name: str) -> _Place:
        return _Place(f"{self.path}.{name}", self.fields, self.struct, self.field)


class _Reader:
    """One walk over a body, collecting problems."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def read(self, value: Any, schema: Schema, place: _Place) -> Any:
        """The value as the server keeps it, `_DROP` when there is nothing to keep."""
        if value is None:
            return _DROP
        match schema.type:
            case "object":
                return self._map(value, schema, place) if schema.values else self._struct(value, schema, place)
            case "array":
                return self._array(value, schema, place)
            case "string":
                return self._string(value, schema, place)
            case "integer" | "number" | "boolean":
                return self._scalar(value, schema, place)
            case "quantity":
                return self._quantity(value, place)
            case "int-or-string":
                return self._int_or_string(value, place)
            case _:
                return value

    def _struct(self, value: Any, schema: Schema, place: _Place) -> Any:
        if not isinstance(value, dict):
            return self._wrong(value, place, go_type_of(schema, place))
        kept: Obj = {}
        for name, found in value.items():
            child = schema.properties.get(name)
            inner = place.into(schema.go_type or place.struct, name)
            if child is None:
                self._unknown(name, schema, inner)
            elif (read := self.read(found, child, inner)) is not _DROP:
                kept[name] = read
        return kept if kept != value else value

    def _map(self, value: Any, schema: Schema, place: _Place) -> Any:
        if not isinstance(value, dict):
            return self._wrong(value, place, go_type_of(schema, place))
        assert schema.values is not None
        kept = {}
        for name, found in value.items():
            read = self.read(found, schema.values, place.key(name))
            kept[name] = _zero(schema.values) if read is _DROP else read
        return kept if kept != value else value

    def _array(self, value: Any, schema: Schema, place: _Place) -> Any:
        if not isinstance(value, list):
            return self._wrong(value, place, go_type_of(schema, place))
        assert schema.items is not None
        kept = []
        for index, found in enumerate(value):
            read = self.read(found, schema.items, place.at(index))
            kept.append(_zero(schema.items) if read is _DROP else read)
        return kept if kept != value else value

    def _string(self, value: Any, schema: Schema, place: _Place) -> Any:
        if not isinstance(value, str):
            return self._wrong(value, place, go_type_of(schema, place))
        if schema.format == "date-time":
            known = _time(value, micro=schema.go_type == "MicroTime")
            return self._refuse(place, _bad_time(value)) if known is None else known
        if schema.format == "byte" and (at := _corrupt_base64(value)) is not None:
            return self._refuse(place, f"illegal base64 data at input byte {at}")
        return value

    def _scalar(self, value: Any, schema: Schema, place: _Place) -> Any:
        if schema.type == "boolean":
            return value if isinstance(value, bool) else self._wrong(value, place, "bool")
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self._wrong(value, place, go_type_of(schema, place))
        if schema.type == "number":
            return value
        bits = 32 if schema.format == "int32" else 64
        if isinstance(value, float) or not -(1 << bits - 1) <= value < 1 << bits - 1:
            return self._refuse(place, _cannot(f"number {_go_number(value)}", place, f"int{bits}"))
        return value

    def _quantity(self, value: Any, place: _Place) -> Any:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return self._refuse(place, _NOT_A_QUANTITY)
        try:
            return quantities.canonical(value if isinstance(value, str) else _go_number(value))
        except quantities.QuantityError as refused:
            return self._refuse(place, str(refused))

    def _int_or_string(self, value: Any, place: _Place) -> Any:
        if isinstance(value, str):
            return value
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self._refuse(place, f"json: cannot unmarshal {_json_name(value)} into Go value of type int32")
        if isinstance(value, float) or not -(1 << 31) <= value < 1 << 31:
            return self._refuse(place, f"json: cannot unmarshal number {_go_number(value)} into Go value of type int32")
        return value

    def _wrong(self, value: Any, place: _Place, wanted: str) -> Any:
        return self._refuse(place, _cannot(_json_name(value), place, wanted))

    def _refuse(self, place: _Place, message: str) -> Any:
        self.problems.append(Problem(place.path, "type", message))
        return _DROP

    def _unknown(self, name: str, schema: Schema, place: _Place) -> None:
        message = f'unknown field "{place.path}"'
        self.problems.append(Problem(place.path, "unknown", message, nearest_name(name, schema)))


_NOT_A_QUANTITY = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


def nearest_name(name: str, schema: Schema) -> str:
    """The known field a misspelt one was probably meant to be, or an empty string."""
    folded = {known.lower(): known for known in schema.properties}
    if name.lower() in folded:
        return folded[name.lower()]
    close = get_close_matches(name.lower(), list(folded), n=1, cutoff=0.7)
    return folded[close[0]] if close else ""


def go_type_of(schema: Schema, place: _Place) -> str:
    """The Go type upstream names in an error: `int32`, `[]v1.Container`, `map[string]string`, `v1.PullPolicy`."""
    if schema.type == "array" and schema.items is not None:
        return "[]" + go_type_of(schema.items, _Place())
    if schema.values is not None:
        return "map[string]" + go_type_of(schema.values, _Place())
    if schema.type == "integer":
        return "int32" if schema.format == "int32" else "int64"
    if schema.type in ("boolean", "number"):
        return "bool" if schema.type == "boolean" else "float64"
    if schema.type == "string":
        return ENUMS.get((place.struct, place.field), ("string",))[0]
    package = schema.definition.rpartition(".")[0].rpartition(".")[2]
    return f"{package}.{schema.go_type}" if schema.go_type else "map[string]interface {}"


def _cannot(found: str, place: _Place, wanted: str) -> str:
    where = f"Go struct field {place.struct}.{place.fields}" if place.struct else "Go value"
    return f"json: cannot unmarshal {found} into {where} of type {wanted}"


def _json_name(value: Any) -> str:
    match value:
        case bool():
            return "bool"
        case str():
            return "string"
        case int() | float():
            return "number"
        case list():
            return "array"
        case _:
            return "object"


def _go_number(value: float) -> str:
    return repr(value)


def _zero(schema: Schema) -> Any:
    """What Go keeps for a null inside a list or a map."""
    return {"string": "", "integer": 0, "boolean": False, "number": 0, "quantity": "0"}.get(schema.type, {})


def _bad_time(value: str) -> str:
    layout = "2006-01-02T15:04:05Z07:00"
    return f'parsing time "{value}" as "{layout}": cannot parse "{value}" as "2006"'


def _time(text: str, *, micro: bool) -> str | None:
    """The moment as the server writes it (UTC, whole seconds; `metav1.MicroTime` has six digits); None when it is no time."""
    if not _RFC_3339.fullmatch(text):
        return None
    if text.endswith("Z") and len(text) == (27 if micro else 20):
        return text
    try:
        at = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    fraction = f".{at.microsecond:06d}" if micro else ""
    return f"{at:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def _corrupt_base64(value: str) -> int | None:
    """The offset at which Go's decoder stops, None when the text is sound."""
    text = value.replace("\n", "").replace("\r", "")
    sound = _BASE64_CHARACTERS.match(text)
    assert sound is not None
    if sound.end() != len(text):
        return sound.end()
    try:
        b64decode(text, validate=True)
    except Base64Error:
        return len(text) // 4 * 4
    return None
