"""Which schemas are structural (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema).

Counterpart of `apiextensions-apiserver/pkg/apiserver/schema/{convert,validation,complete}.go` (1.33). Findings come sorted by their text, as
upstream sorts them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from simulator.machinery.cel.patterns import why_no_pattern
from simulator.machinery.custom.embedded import EMBEDDED
from simulator.machinery.validation.field_errors import FieldError, forbidden, invalid, required

Obj = dict[str, Any]

_INT_OR_STRING_PATTERN = [{"type": "integer"}, {"type": "string"}]
_PRESERVE = "x-kubernetes-preserve-unknown-fields"
_INT_OR_STRING = "x-kubernetes-int-or-string"
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
    (EMBEDDED, "must be false to be structural"),
    (_INT_OR_STRING, "must be false to be structural"),
    ("x-kubernetes-list-map-keys", "must be empty to be structural"),
    ("x-kubernetes-list-type", "must be undefined to be structural"),
    ("x-kubernetes-map-type", "must be undefined to be structural"),
    ("x-kubernetes-validations", "must be empty to be structural"),
)
#: What no structural schema can hold, and what upstream calls it, in the order in which it looks.
_NOT_CONVERTED = (
    ("id", "id"),
    ("$schema", "schema"),
    ("$ref", "$ref"),
    ("patternProperties", "patternProperties"),
    ("dependencies", "dependencies"),
    ("additionalItems", "additionalItems"),
    ("definitions", "definitions"),
)
#: What the schema of the root's metadata may have beside the names that it restricts.
_OF_METADATA = frozenset(("type", "properties", "default", "externalDocs", "example"))


def why_not_convertible(schema: Obj) -> str:
    """Why there is no structural schema of it at all (`NewStructural`), or nothing."""
    for key, name in _NOT_CONVERTED:
        if schema.get(key):
            return f"OpenAPIV3Schema '{name}' is not supported"
    if schema.get(_PRESERVE) is False:
        return f"internal error: '{_PRESERVE}' must be true or undefined"
    if isinstance(schema.get("items"), list) and schema["items"]:
        return "OpenAPIV3Schema 'items' must be a schema, but is an array"
    return next((why for inner in _inner(schema) if (why := why_not_convertible(inner))), "")


def _inner(schema: Obj) -> Iterator[Obj]:
    """Every schema right below."""
    for key in ("not", "additionalProperties", "items"):
        if isinstance(schema.get(key), dict):
            yield schema[key]
    for key in ("allOf", "anyOf", "oneOf"):
        yield from schema.get(key) or ()
    yield from (schema.get("properties") or {}).values()


def validate_structural(schema: Obj, path: str) -> list[FieldError]:
    return sorted(_node(schema, path, "root"), key=str)


def _node(schema: Obj, path: str, level: str) -> Iterator[FieldError]:
    yield from _type(schema, path, level)
    yield from _extensions(schema, path)
    yield from _junctors(schema, path)
    if why := why_no_pattern(schema.get("pattern") or ""):
        yield invalid(f"{path}.pattern", schema["pattern"], f"must be a valid regular expression, but isn't: {why}")
    if level == "root" or schema.get(EMBEDDED):
        yield from _object_meta(schema, path)
    if level == "root":
        yield from _root(schema, path)
    if schema.get("type") == "array" and schema.get("items") is None:
        yield required(f"{path}.items", "must be specified")
    if isinstance(items := schema.get("items"), dict):
        yield from _node(items, f"{path}.items", "item")
    for name, inner in (schema.get("properties") or {}).items():
        yield from _node(inner, f"{path}.properties[{name}]", "field")
    if isinstance(others := schema.get("additionalProperties"), dict):
        yield from _node(others, f"{path}.additionalProperties", "field")


def _type(schema: Obj, path: str, level: str) -> Iterator[FieldError]:
    given = schema.get("type", "")
    if schema.get(EMBEDDED) and given != "object":
        says = "must be object if x-kubernetes-embedded-resource is true"
        yield invalid(f"{path}.type", given, says) if given else required(f"{path}.type", says)
    elif not given and not schema.get(_INT_OR_STRING) and not schema.get(_PRESERVE):
        yield required(f"{path}.type", _EMPTY_TYPE[level])
    if level == "root" and given and given != "object":
        yield invalid(f"{path}.type", given, "must be object at the root")


def _extensions(schema: Obj, path: str) -> Iterator[FieldError]:
    for extension in (_PRESERVE, EMBEDDED):
        if schema.get(_INT_OR_STRING) and schema.get(extension):
            yield invalid(f"{path}.{extension}", True, "must be false if x-kubernetes-int-or-string is true")
    if not schema.get(EMBEDDED):
        return
    if schema.get("additionalProperties") is not None:
        yield forbidden(f"{path}.additionalProperties", "must not be used if x-kubernetes-embedded-resource is set")
    if not schema.get(_PRESERVE) and not schema.get("properties"):
        says = (
            "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"
        )
        yield required(f"{path}.properties", says)


def _object_meta(schema: Obj, path: str) -> Iterator[FieldError]:
    properties = schema.get("properties") or {}
    for name, wanted in (("kind", "string"), ("apiVersion", "string"), ("metadata", "object")):
        if name in properties and properties[name].get("type") != wanted:
            given = properties[name].get("type", "")
            yield invalid(f"{path}.properties[{name}].type", given, f"must be {wanted}")


def _root(schema: Obj, path: str) -> Iterator[FieldError]:
    if schema.get("additionalProperties") is not None:
        yield forbidden(f"{path}.additionalProperties", "must not be used at the root")
    metadata = (schema.get("properties") or {}).get("metadata")
    if metadata is None:
        return
    restricted = set(metadata.get("properties") or ()) - {"name", "generateName"}
    if restricted or any(metadata[key] for key in metadata if key not in _OF_METADATA):
        says = "must not specify anything other than name and generateName, but metadata is implicitly specified"
        yield forbidden(f"{path}.properties[metadata]", says)


def _junctors(schema: Obj, path: str) -> Iterator[FieldError]:
    """`allOf`, `anyOf`, `oneOf` and `not` may restrict values, and nothing else."""
    yield from _of_junctors(schema, path, schema, skips_any_of=schema.get("anyOf") == _INT_OR_STRING_PATTERN)


def _of_junctors(schema: Obj, path: str, structural: Obj | None, *, skips_any_of: bool) -> Iterator[FieldError]:
    for junctor in ("anyOf", "oneOf", "allOf"):
        if junctor == "anyOf" and skips_any_of:
            continue
        for index, nested in enumerate(schema.get(junctor) or ()):
            is_pattern = schema is structural and junctor == "allOf" and index == 0
            yield from _nested(nested, f"{path}.{junctor}[{index}]", structural, may_be_pattern=is_pattern)
    if isinstance(schema.get("not"), dict):
        yield from _nested(schema["not"], f"{path}.not", structural)


def _nested(nested: Obj, path: str, structural: Obj | None, *, may_be_pattern: bool = False) -> Iterator[FieldError]:
    for name, says in _NOT_NESTED:
        if nested.get(name) not in (None, False, "", [], {}):
            yield forbidden(f"{path}.{name}", says)
    if why := why_no_pattern(nested.get("pattern") or ""):
        yield invalid(f"{path}.pattern", nested["pattern"], f"must be a valid regular expression, but isn't: {why}")
    for name, inner in (nested.get("properties") or {}).items():
        below = ((structural or {}).get("properties") or {}).get(name)
        if name == "metadata":
            yield forbidden(f"{path}.properties[metadata]", "must not be specified in a nested context")
        elif structural is not None and below is None:
            here = f"properties[{name}]"
            yield required(f"{_outside(path)}.{here}", f"because it is defined in {path}.{here}")
        yield from _nested(inner, f"{path}.properties[{name}]", below)
    if isinstance(nested.get("items"), dict):
        items = (structural or {}).get("items")
        if structural is not None and not isinstance(items, dict):
            yield required(f"{_outside(path)}.items", f"because it is defined in {path}.items")
        yield from _nested(nested["items"], f"{path}.items", items if isinstance(items, dict) else None)
    skips = may_be_pattern and nested.get("anyOf") == _INT_OR_STRING_PATTERN
    yield from _of_junctors(nested, path, structural, skips_any_of=skips)


def _outside(path: str) -> str:
    """Where the structure has to stand that a part of a junctor speaks of."""
    return re.sub(r"\.(anyOf|oneOf|allOf)\[\d+\]|\.not(?=\.|$)", "", path)
