"""Which schemas are structural (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema).

Counterpart of `apiextensions-apiserver/pkg/apiserver/schema/validation.go` and of the parts of `.../apis/apiextensions/validation` that
walk a schema (1.33). Findings come sorted by their text, as upstream sorts them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from simulator.machinery.cel.patterns import why_no_pattern
from simulator.machinery.custom.rule_validation import expressions_of, form_of_rules
from simulator.machinery.custom.structural import defaulted, pruned
from simulator.machinery.custom.validation import validate
from simulator.machinery.validation.field_errors import FieldError, GoText, forbidden, invalid, not_supported, required

Obj = dict[str, Any]

_TYPES = ("array", "boolean", "integer", "number", "object", "string")
_ANY_OF_INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]
_EMBEDDED, _PRESERVE = "x-kubernetes-embedded-resource", "x-kubernetes-preserve-unknown-fields"
_INT_OR_STRING, _LIST_TYPE, _LIST_KEYS = (
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
)
_EMPTY_TYPE = {
    "root": "must not be empty at the root",
    "item": "must not be empty for specified array items",
    "field": "must not be empty for specified object fields",
}
_NOT_NESTED = (
    ("type", "must be empty to be structural"),
    ("additionalProperties", "must be undefined to be structural"),
    ("default", "must be undefined to be structural"),
    ("title", "must be empty to be structural"),
    ("description", "must be empty to be structural"),
    ("nullable", "must be false to be structural"),
    ("externalDocs", "must be undefined to be structural"),
    (_PRESERVE, "must be false to be structural"),
    (_EMBEDDED, "must be false to be structural"),
    (_INT_OR_STRING, "must be false to be structural"),
    (_LIST_KEYS, "must be empty to be structural"),
    (_LIST_TYPE, "must be undefined to be structural"),
    ("x-kubernetes-map-type", "must be undefined to be structural"),
)
#: v1 allows none of these anywhere (`specStandardValidatorV3`).
_NOT_SUPPORTED = ("definitions", "dependencies", "patternProperties", "additionalItems", "id", "$schema", "$ref")


def validate_structural(schema: Obj, path: str) -> list[FieldError]:
    """Everything that keeps the schema from being used."""
    found = sorted(_node(schema, path, "root"), key=str)
    return found or expressions_of(schema, path)


def _node(schema: Obj, path: str, level: str) -> Iterator[FieldError]:
    yield from _type(schema, path, level)
    yield from _extensions(schema, path)
    yield from _unsupported(schema, path)
    yield from _junctors(schema, path)
    yield from _default(schema, path)
    yield from form_of_rules(schema, path)
    if level == "root":
        yield from _root(schema, path)
    if schema.get("type") == "array" and not isinstance(schema.get("items"), dict):
        yield required(f"{path}.items", "must be specified")
    if isinstance(items := schema.get("items"), dict):
        yield from _node(items, f"{path}.items", "item")
    for name, inner in (schema.get("properties") or {}).items():
        if not (level == "root" and name == "metadata"):
            yield from _node(inner, f"{path}.properties[{name}]", "field")
    others = schema.get("additionalProperties")
    if others is not None and schema.get("properties"):
        yield forbidden(f"{path}.additionalProperties", "additionalProperties and properties are mutual exclusive")
    if isinstance(others, dict):
        yield from _node(others, f"{path}.additionalProperties", "field")


def _type(schema: Obj, path: str, level: str) -> Iterator[FieldError]:
    given = schema.get("type", "")
    if schema.get(_EMBEDDED) and given != "object":
        says = "must be object if x-kubernetes-embedded-resource is true"
        yield invalid(f"{path}.type", given, says) if given else required(f"{path}.type", says)
    elif not given and not schema.get(_INT_OR_STRING) and not schema.get(_PRESERVE):
        yield required(f"{path}.type", _EMPTY_TYPE[level])
    elif given and given not in _TYPES:
        yield not_supported(f"{path}.type", given, _TYPES)
        if given == "null":
            yield forbidden(f"{path}.type", "type cannot be set to null, use nullable as an alternative")
    if level == "root" and given and given != "object":
        yield invalid(f"{path}.type", given, "must be object at the root")


def _extensions(schema: Obj, path: str) -> Iterator[FieldError]:
    for extension in (_PRESERVE, _EMBEDDED):
        if schema.get(_INT_OR_STRING) and schema.get(extension):
            yield invalid(f"{path}.{extension}", True, "must be false if x-kubernetes-int-or-string is true")
    if schema.get(_EMBEDDED):
        if schema.get("additionalProperties") is not None:
            yield forbidden(f"{path}.additionalProperties", "must not be used if x-kubernetes-embedded-resource is set")
        if not schema.get(_PRESERVE) and not schema.get("properties"):
            says = "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"
            yield required(f"{path}.properties", says)
    yield from _list_type(schema, path)


def _list_type(schema: Obj, path: str) -> Iterator[FieldError]:
    kind, keys = schema.get(_LIST_TYPE), schema.get(_LIST_KEYS) or []
    items = schema.get("items") if isinstance(schema.get("items"), dict) else {}
    assert isinstance(items, dict)
    if kind is not None and schema.get("type") != "array":
        found = schema.get("type", "")
        yield (
            invalid(f"{path}.type", found, "must be array if x-kubernetes-list-type is specified")
            if found
            else required(f"{path}.type", "must be array if x-kubernetes-list-type is specified")
        )
    if kind not in (None, "atomic", "set", "map"):
        yield not_supported(f"{path}.{_LIST_TYPE}", kind, ["atomic", "map", "set"])
    if keys and kind != "map":
        if kind is None:
            yield required(f"{path}.{_LIST_TYPE}", "must be map if x-kubernetes-list-map-keys is non-empty")
        else:
            yield invalid(f"{path}.{_LIST_TYPE}", kind, "must be map if x-kubernetes-list-map-keys is non-empty")
    if kind != "map":
        return
    if not keys:
        yield required(f"{path}.{_LIST_KEYS}", "must not be empty if x-kubernetes-list-type is map")
    for index, key in enumerate(keys):
        inner = (items.get("properties") or {}).get(key)
        if inner is None:
            yield invalid(f"{path}.{_LIST_KEYS}[{index}]", key, "entries must all be names of item properties")
            continue
        if key not in (items.get("required") or ()) and "default" not in inner:
            says = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"
            yield required(f"{path}.items.properties[{key}].default", says)
        if inner.get("nullable"):
            says = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable"
            yield forbidden(f"{path}.items.properties[{key}].nullable", says)


def _unsupported(schema: Obj, path: str) -> Iterator[FieldError]:
    for name in _NOT_SUPPORTED:
        if schema.get(name):
            yield forbidden(f"{path}.{name}", f"{name} is not supported")
    if schema.get("uniqueItems"):
        says = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        yield forbidden(f"{path}.uniqueItems", says)
    if isinstance(schema.get("items"), list):
        yield forbidden(f"{path}.items", "items must be a schema object and not an array")
    if why := why_no_pattern(schema.get("pattern") or ""):
        yield invalid(f"{path}.pattern", schema["pattern"], f"must be a valid regular expression, but isn't: {why}")


def _root(schema: Obj, path: str) -> Iterator[FieldError]:
    if schema.get("additionalProperties") is not None:
        yield forbidden(f"{path}.additionalProperties", "must not be used at the root")
    properties = schema.get("properties") or {}
    for name in ("kind", "apiVersion"):
        if name in properties and properties[name].get("type") != "string":
            yield invalid(f"{path}.properties[{name}].type", properties[name].get("type", ""), "must be string")
    metadata = properties.get("metadata")
    if metadata is None:
        return
    here = f"{path}.properties[metadata]"
    if metadata.get("type") != "object":
        yield invalid(f"{here}.type", metadata.get("type", ""), "must be object")
    restricted = set(metadata.get("properties") or ()) - {"name", "generateName"}
    if restricted or set(metadata) - {"type", "properties", "description"}:
        says = "must not specify anything other than name and generateName, but metadata is implicitly specified"
        yield forbidden(here, says)


def _junctors(schema: Obj, path: str) -> Iterator[FieldError]:
    """`allOf`, `anyOf`, `oneOf` and `not` may restrict values, and nothing else."""
    for junctor in ("anyOf", "oneOf", "allOf"):
        for index, nested in enumerate(schema.get(junctor) or ()):
            if junctor == "anyOf" and schema["anyOf"] == _ANY_OF_INT_OR_STRING:
                continue
            yield from _nested(nested, f"{path}.{junctor}[{index}]", schema, schema)
    if "not" in schema:
        yield from _nested(schema["not"], f"{path}.not", schema, schema)


def _nested(nested: Obj, path: str, outer: Obj, structural: Obj | None) -> Iterator[FieldError]:
    is_first_any_of = nested.get("anyOf") == _ANY_OF_INT_OR_STRING and outer.get(_INT_OR_STRING)
    for name, says in _NOT_NESTED:
        if nested.get(name) not in (None, False, "", [], {}):
            yield forbidden(f"{path}.{name}", says)
    for name, inner in (nested.get("properties") or {}).items():
        below = ((structural or {}).get("properties") or {}).get(name)
        if name == "metadata":
            yield forbidden(f"{path}.properties[metadata]", "must not be specified in a nested context")
        elif structural is not None and below is None:
            here = f"properties[{name}]"
            yield required(f"{_outside(path)}.{here}", f"because it is defined in {path}.{here}")
        yield from _nested(inner, f"{path}.properties[{name}]", {}, below)
    if nested.get("x-kubernetes-validations"):
        yield forbidden(f"{path}.x-kubernetes-validations", "must be empty to be structural")
    if isinstance(nested.get("items"), dict):
        items = (structural or {}).get("items")
        if structural is not None and not isinstance(items, dict):
            yield required(f"{_outside(path)}.items", f"because it is defined in {path}.items")
        yield from _nested(nested["items"], f"{path}.items", {}, items if isinstance(items, dict) else None)
    if not is_first_any_of:
        for junctor in ("anyOf", "oneOf", "allOf"):
            for index, inner in enumerate(nested.get(junctor) or ()):
                yield from _nested(inner, f"{path}.{junctor}[{index}]", {}, structural)
    if "not" in nested:
        yield from _nested(nested["not"], f"{path}.not", {}, structural)


def _outside(path: str) -> str:
    """Where the structure has to stand that a part of a junctor speaks of."""
    return re.sub(r"\.(anyOf|oneOf|allOf)\[\d+\]|\.not(?=\.|$)", "", path)


def _default(schema: Obj, path: str) -> Iterator[FieldError]:
    """A default must itself be a valid value, and hold nothing that would be pruned."""
    if "default" not in schema:
        return
    value = schema["default"]
    whole = {"type": "object", "properties": {"value": schema}}
    if isinstance(value, dict):
        _, unknown = pruned({"value": value}, whole)
        if unknown:
            yield invalid(f"{path}.default", GoText("null"), "must not have unknown fields")
    plain = {key: inner for key, inner in schema.items() if key != "default"}
    for error in validate({"value": defaulted({"value": value}, whole)["value"]}, {"properties": {"value": plain}}):
        where = f"{path}.default{error.path.removeprefix('value')}"
        yield FieldError(error.type, where, error.value, error.detail.replace("value in body", "default in body"))
