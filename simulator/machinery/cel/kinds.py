"""Kinds as type checking of policies sees them: their published schemas with references followed.

`apiserver/pkg/cel/openapi/{adaptor,extensions}.go`, `openapi/resolver/refs.go` (1.33). A kind inside itself is an object without fields.
Quantities have no type there, so maps of them (`resources.limits`) are not seen: policies that name them are warned about, as upstream.
"""

from __future__ import annotations

from simulator.machinery.cel import types
from simulator.machinery.cel.escaping import escaped
from simulator.machinery.cel.shapes import LARGEST_REQUEST, Shape, shape_of
from simulator.machinery.schemas import Schema

_ANY_OBJECT = Shape(types.object_type("object"), fields={})


def shape_of_kind(schema: Schema) -> Shape | None:
    """None for a kind that says nothing of its form."""
    return _shape(schema, ())


def _shape(schema: Schema, inside: tuple[str, ...]) -> Shape | None:
    if schema.definition:
        if schema.definition in inside:
            return _ANY_OBJECT
        inside = (*inside, schema.definition)
    match schema.type:
        case "int-or-string":
            return Shape(types.DYN, LARGEST_REQUEST - 2, 1)
        case "quantity":
            return None
        case "array":
            element = _shape(schema.items, inside) if schema.items is not None else None
            return None if element is None else Shape(types.list_of(element.type), element=element)
        case "object" | "any":
            return _object(schema, inside)
    return shape_of({"type": schema.type, "format": schema.format})


def _object(schema: Schema, inside: tuple[str, ...]) -> Shape | None:
    if schema.raw.get("x-kubernetes-preserve-unknown-fields") and "properties" not in schema.raw:
        return _ANY_OBJECT if _is_object(schema) else None
    if schema.values is not None:
        element = _shape(schema.values, inside)
        if element is None:
            return None
        return Shape(types.map_of(types.STRING, element.type), element=element, is_map=True)
    if not _is_object(schema):
        return None
    found = {escaped(name): _shape(one, inside) for name, one in schema.properties.items()}
    return Shape(types.object_type("object"), fields={name: one for name, one in found.items() if one is not None})


def _is_object(schema: Schema) -> bool:
    declared = schema.raw.get("type")
    return declared == "object" or (isinstance(declared, list) and "object" in declared)
