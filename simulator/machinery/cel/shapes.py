"""Schemas as expressions see them: types, and the most elements and the least bytes that a value can have.

`apiserver/pkg/cel/common/schemas.go`, `apiserver/pkg/cel/types.go`, `limits.go` (1.33). What has no type of its own is not seen: fields of
`x-kubernetes-preserve-unknown-fields`, lists and maps of such.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from simulator.machinery.cel import types
from simulator.machinery.cel.escaping import escaped
from simulator.machinery.cel.types import Type

Schema = dict[str, Any]
#: The largest request that is accepted (`apis/cel/config.go`).
LARGEST_REQUEST = 3 * 1024 * 1024
_DURATION_SIZE, _TIME_SIZE, _DATE_SIZE = 32, 32, 12
_LEAST_STRING, _LEAST_DURATION, _LEAST_TIME, _LEAST_BOOL, _LEAST_NUMBER = 2, 3, 21, 4, 1
_META = {"type": "object", "properties": {"name": {"type": "string"}, "generateName": {"type": "string"}}}


@dataclass(frozen=True, slots=True)
class Shape:
    """A type with its sizes (`DeclType`)."""

    type: Type
    most: int = 0
    """How many elements, entries or signs a value has at most."""
    least: int = 2
    """How many bytes a value takes at least."""
    fields: dict[str, Shape] | None = None
    element: Shape | None = None
    is_map: bool = False

    def named(self, name: str) -> Shape:
        """Objects get names by where they stand (`MaybeAssignTypeName`)."""
        if self.fields is not None:
            own = name if self.type.name == "object" else self.type.name
            inner = {key: one.named(f"{own}.{key}") for key, one in self.fields.items()}
            return replace(self, type=types.object_type(own), fields=inner)
        if self.element is None:
            return self
        element = self.element.named(f"{name}.@{'elem' if self.is_map else 'idx'}")
        made = types.map_of(types.STRING, element.type) if self.is_map else types.list_of(element.type)
        return replace(self, type=made, element=element)

    def objects(self) -> dict[str, dict[str, Type]]:
        """Name of every object type in it → its fields."""
        found: dict[str, dict[str, Type]] = {}
        if self.fields is not None:
            found[self.type.name] = {key: one.type for key, one in self.fields.items()}
            for one in self.fields.values():
                found.update(one.objects())
        elif self.element is not None:
            found.update(self.element.objects())
        return found

    def at(self, path: tuple[str, ...]) -> Shape | None:
        """Below a path of fields, `@items`, `@values` and `@keys`."""
        if not path:
            return self
        head, rest = path[0], path[1:]
        if head in ("@items", "@values"):
            return self.element.at(rest) if self.element is not None else None
        if head == "@keys":
            return _KEY.at(rest) if self.is_map else None
        inner = (self.fields or {}).get(head)
        return inner.at(rest) if inner is not None else None


#: `StringType`: keys of maps, whose size upstream leaves at zero, as that of numbers and truths.
_KEY = Shape(types.STRING, 0, _LEAST_STRING)


def says_what_it_is(schema: Schema) -> bool:
    """Whether the schema of an object names what every object has; else only that can be named (`WithTypeAndObjectMeta`)."""
    properties = schema.get("properties") or {}
    metadata = properties.get("metadata") or {}
    inner = metadata.get("properties") or {}
    texts = [properties.get("kind"), properties.get("apiVersion"), inner.get("name"), inner.get("generateName")]
    return metadata.get("type") == "object" and all((one or {}).get("type") == "string" for one in texts)


def shape_of(schema: Schema, *, is_root: bool = False) -> Shape | None:
    """None when expressions cannot see the value."""
    if schema.get("x-kubernetes-int-or-string"):
        return Shape(types.DYN, _signs(schema, LARGEST_REQUEST - 2), 1)
    if is_root and not says_what_it_is(schema):
        properties = schema.get("properties") or {}
        base = {"kind": {"type": "string"}, "apiVersion": {"type": "string"}, "metadata": _META}
        schema = {**schema, "properties": {**properties, **base}}
    match schema.get("type"):
        case "array":
            return _array(schema)
        case "object":
            return _object(schema)
        case "string":
            return _string(schema)
        case "boolean":
            return Shape(types.BOOL, 0, _LEAST_BOOL)
        case "number":
            return Shape(types.DOUBLE, 0, _LEAST_NUMBER)
        case "integer":
            return Shape(types.INT, 0, _LEAST_NUMBER)
    return None


def _inner(schema: Schema) -> Shape | None:
    return shape_of(schema, is_root=bool(schema.get("x-kubernetes-embedded-resource")))


def _array(schema: Schema) -> Shape | None:
    items = schema.get("items")
    element = _inner(items) if isinstance(items, dict) else None
    if element is None:
        return None
    most = schema.get("maxItems")
    most = max(0, most) if most is not None else (LARGEST_REQUEST - 2) // (element.least + 1)
    return Shape(types.list_of(element.type), most, 2, element=element)


def _object(schema: Schema) -> Shape | None:
    others = schema.get("additionalProperties")
    if isinstance(others, dict):
        element = _inner(others)
        if element is None:
            return None
        most = schema.get("maxProperties")
        most = max(0, most) if most is not None else (LARGEST_REQUEST - 2) // (element.least + 6)
        return Shape(types.map_of(types.STRING, element.type), most, 2, element=element, is_map=True)
    fields: dict[str, Shape] = {}
    least, required = 2, schema.get("required") or ()
    for name, inner in (schema.get("properties") or {}).items():
        found = _inner(inner)
        if found is None:
            continue
        fields[escaped(name)] = found
        if name in required and inner.get("default") is None:
            least += len(name) + found.least + 4
    return Shape(types.object_type("object"), 0, least, fields=fields)


def _string(schema: Schema) -> Shape:
    match schema.get("format"):
        case "byte":
            most = schema.get("maxLength")
            return Shape(types.BYTES, max(0, most) if most is not None else LARGEST_REQUEST - 2, _LEAST_STRING)
        case "duration":
            return Shape(types.DURATION, _DURATION_SIZE, _LEAST_DURATION)
        case "date":
            return Shape(types.TIMESTAMP, _DATE_SIZE, _DATE_SIZE)
        case "date-time":
            return Shape(types.TIMESTAMP, _TIME_SIZE, _LEAST_TIME)
    enum = [len(one) for one in schema.get("enum") or () if isinstance(one, str)]
    return Shape(types.STRING, _signs(schema, max(enum) if enum else LARGEST_REQUEST - 2), _LEAST_STRING)


def _signs(schema: Schema, otherwise: int) -> int:
    """A sign may take four bytes."""
    most = schema.get("maxLength")
    return max(0, most) * 4 if most is not None else otherwise
