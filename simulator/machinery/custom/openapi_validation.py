"""What a schema of a definition may say, place by place, beside being structural.

Counterpart of `ValidateCustomResourceDefinitionOpenAPISchema` and `specStandardValidatorV3` in
`apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go` (1.33). Findings come in the order in which upstream walks a
schema; the places below which nothing is wrong are remembered, because only there expressions are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from simulator.machinery.custom.definition_demands import Demands
from simulator.machinery.custom.embedded import EMBEDDED
from simulator.machinery.custom.rule_validation import form_of_rules
from simulator.machinery.validation.field_errors import (
    FieldError,
    forbidden,
    go_struct,
    invalid,
    not_supported,
    required,
)

Obj = dict[str, Any]

TYPES = ("array", "boolean", "integer", "number", "object", "string")
_PRESERVE = "x-kubernetes-preserve-unknown-fields"
_LIST_TYPE, _LIST_KEYS, _MAP_TYPE = (
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-map-type",
)
_META = ("metadata", "kind", "apiVersion")
#: Parts of JSON schema that v1 does not know, in upstream's order.
_UNSUPPORTED = ("id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref")
_OF_A_SET = "must be atomic as item of a list with x-kubernetes-list-type=set"
_KEY = "this property is in x-kubernetes-list-map-keys, so it"


@dataclass(frozen=True, slots=True)
class _Standard:
    """`specStandardValidatorV3`: what holds at a place because of where it is."""

    no_defaults: str | None = None
    """Why there may be no default, None where there may be one."""
    inside_meta: bool = False


def validate_openapi(schema: Obj, path: str, demands: Demands) -> tuple[list[FieldError], frozenset[str]]:
    """The findings, and the paths below which there are none."""
    walk = _Walk(demands)
    found = walk.node(schema, path, _Standard(), is_root=True)
    return found, frozenset(walk.clean)


class _Walk:
    def __init__(self, demands: Demands) -> None:
        self._demands = demands
        self.clean: list[str] = []

    def node(self, schema: Obj, path: str, standard: _Standard, *, is_root: bool = False) -> list[FieldError]:
        found = list(self._node(schema, path, standard, is_root=is_root))
        if not found:
            self.clean.append(path)
        return found

    def _node(self, schema: Obj, path: str, standard: _Standard, *, is_root: bool) -> Iterator[FieldError]:
        yield from self._here(schema, path, standard)
        yield from self._additional(schema, path, standard)
        for name, inner in (schema.get("properties") or {}).items():
            below = standard
            if name in _META and (is_root or schema.get(EMBEDDED)):
                below = replace(standard, inside_meta=True)
                below = replace(below, no_defaults=f" in top-level {name}") if is_root else below
            yield from self.node(inner, f"{path}.properties[{name}]", below)
        yield from self._nested(schema, path, standard)
        yield from _extensions(schema, path, self._demands)
        yield from form_of_rules(schema, path)

    def _here(self, schema: Obj, path: str, standard: _Standard) -> Iterator[FieldError]:
        given = schema.get("type", "")
        if self._demands.types and given and given not in TYPES:
            yield not_supported(f"{path}.type", given, TYPES)
        if schema.get("default") is not None and standard.no_defaults is not None:
            yield forbidden(f"{path}.default", f"must not be set{standard.no_defaults}")
        for name in _UNSUPPORTED:
            if schema.get(name):
                yield forbidden(f"{path}.{name}", f"{name} is not supported")
        if given == "null":
            yield forbidden(f"{path}.type", "type cannot be set to null, use nullable as an alternative")
        if isinstance(schema.get("items"), list) and schema["items"]:
            yield forbidden(f"{path}.items", "items must be a schema object and not an array")
        if standard.inside_meta and schema.get(EMBEDDED):
            yield forbidden(f"{path}.{EMBEDDED}", "must not be used inside of resource meta")
        if schema.get("uniqueItems"):
            says = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
            yield forbidden(f"{path}.uniqueItems", says)

    def _additional(self, schema: Obj, path: str, standard: _Standard) -> Iterator[FieldError]:
        others = schema.get("additionalProperties")
        if others is None:
            return
        if schema.get("properties") and others is not True:
            yield forbidden(f"{path}.additionalProperties", "additionalProperties and properties are mutual exclusive")
        if standard.inside_meta:
            standard = replace(standard, no_defaults=" inside additionalProperties applying to object metadata")
        if isinstance(others, dict):
            yield from self.node(others, f"{path}.additionalProperties", standard)

    def _nested(self, schema: Obj, path: str, standard: _Standard) -> Iterator[FieldError]:
        if isinstance(schema.get("not"), dict):
            yield from self.node(schema["not"], f"{path}.not", standard)
        for junctor in ("allOf", "oneOf", "anyOf"):
            for index, inner in enumerate(schema.get(junctor) or ()):
                yield from self.node(inner, f"{path}.{junctor}[{index}]", standard)
        items = schema.get("items")
        if isinstance(items, dict):
            yield from self.node(items, f"{path}.items", standard)
        for index, inner in enumerate(items if isinstance(items, list) else ()):
            yield from self.node(inner, f"{path}.items[{index}]", standard)


# Extensions


def _extensions(schema: Obj, path: str, demands: Demands) -> Iterator[FieldError]:
    if schema.get(_PRESERVE) is False:
        yield invalid(f"{path}.{_PRESERVE}", False, "must be true or undefined")
    kind = schema.get(_MAP_TYPE)
    if kind is not None and schema.get("type") != "object":
        yield _must_be(schema, path, "object", _MAP_TYPE)
    if kind not in (None, "atomic", "granular"):
        yield not_supported(f"{path}.{_MAP_TYPE}", kind, ["atomic", "granular"])
    yield from _list_type(schema, path, demands)
    if demands.map_keys:
        yield from nullable_or_optional(schema, path)


def _must_be(schema: Obj, path: str, wanted: str, extension: str) -> FieldError:
    says = f"must be {wanted} if {extension} is specified"
    given = schema.get("type", "")
    return invalid(f"{path}.type", given, says) if given else required(f"{path}.type", says)


def _list_type(schema: Obj, path: str, demands: Demands) -> Iterator[FieldError]:
    kind, keys, items = schema.get(_LIST_TYPE), schema.get(_LIST_KEYS) or [], schema.get("items")
    if kind is not None and schema.get("type") != "array":
        yield _must_be(schema, path, "array", _LIST_TYPE)
    elif demands.atomic_sets and is_unfit_for_a_set(schema):
        assert isinstance(items, dict)
        extension = _LIST_TYPE if items["type"] == "array" else _MAP_TYPE
        # upstream shows the list type of the items whichever of the two is wrong
        yield invalid(f"{path}.items.{extension}", items.get(_LIST_TYPE), _OF_A_SET)
    if kind not in (None, "atomic", "set", "map"):
        yield not_supported(f"{path}.{_LIST_TYPE}", kind, ["atomic", "set", "map"])
    if keys and kind != "map":
        says = "must be map if x-kubernetes-list-map-keys is non-empty"
        here = f"{path}.{_LIST_TYPE}"
        yield required(here, says) if kind is None else invalid(here, kind, says)
    if kind == "map":
        yield from _list_map(keys, items, path)


def is_unfit_for_a_set(schema: Obj) -> bool:
    """Whether the list is a set of what can be changed in part."""
    items = schema.get("items")
    if schema.get(_LIST_TYPE) != "set" or not isinstance(items, dict):
        return False
    if items.get("type") == "array":
        return items.get(_LIST_TYPE) not in (None, "atomic")
    return items.get("type") == "object" and items.get(_MAP_TYPE) != "atomic"


def _list_map(keys: list[str], items: Any, path: str) -> Iterator[FieldError]:
    if not keys:
        yield required(f"{path}.{_LIST_KEYS}", "must not be empty if x-kubernetes-list-type is map")
    if items is None:
        yield required(f"{path}.items", "must have a schema if x-kubernetes-list-type is map")
    elif not isinstance(items, dict):
        says = "must only have a single schema if x-kubernetes-list-type is map"
        yield invalid(f"{path}.items", go_struct("apiextensions.JSONSchemaPropsOrArray"), says)
    elif items.get("type") != "object":
        says = "must be object if parent array's x-kubernetes-list-type is map"
        yield invalid(f"{path}.items.type", items.get("type", ""), says)
    else:
        yield from _keys(keys, items, path)


def _keys(keys: list[str], items: Obj, path: str) -> Iterator[FieldError]:
    here = f"{path}.{_LIST_KEYS}"
    for index, key in enumerate(keys):
        inner = (items.get("properties") or {}).get(key)
        if inner is None:
            yield invalid(here, keys, "entries must all be names of item properties")
        elif inner.get("type") in ("array", "object"):
            says = "must be a scalar type if parent array's x-kubernetes-list-type is map"
            yield invalid(f"{path}.items.properties[{key}].type", items["type"], says)
        if key in keys[:index]:
            yield invalid(here, keys, "must not contain duplicate entries")


def nullable_or_optional(schema: Obj, path: str) -> Iterator[FieldError]:
    """`validateMapListKeysMapSet`: what a set or a map of a list tells its items apart by is always there."""
    kind, items = schema.get(_LIST_TYPE), schema.get("items")
    if kind not in ("set", "map") or not isinstance(items, dict):
        return
    if items.get("nullable"):
        yield forbidden(f"{path}.items.nullable", f"cannot be nullable when x-kubernetes-list-type is {kind}")
    for key in (schema.get(_LIST_KEYS) or ()) if kind == "map" else ():
        inner = (items.get("properties") or {}).get(key)
        if inner is None:
            continue
        here = f"{path}.items.properties[{key}]"
        if key not in (items.get("required") or ()) and inner.get("default") is None:
            yield required(f"{here}.default", f"{_KEY} must have a default or be a required property")
        if inner.get("nullable"):
            yield forbidden(f"{here}.nullable", f"{_KEY} cannot be nullable")
