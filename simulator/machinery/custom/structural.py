"""Pruning, nulls and defaults of a custom object, by its structural schema.

Counterparts of `apiextensions-apiserver/pkg/apiserver/schema/pruning`, `.../defaulting` and `.../objectmeta` (1.33). Promises: the input
is never changed and unchanged parts are shared; `pruned` tells the path of every field it leaves out.
"""

from __future__ import annotations

from typing import Any

from simulator.machinery.decoding import check
from simulator.machinery.schemas import definition

Obj = dict[str, Any]

_PRESERVE, _EMBEDDED = "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"
_ROOT = ("apiVersion", "kind", "metadata")
_METADATA = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


class BadMetadata(ValueError):
    """`metadata` is not what every object has there."""


def pruned(obj: Obj, schema: Obj) -> tuple[Obj, list[str]]:
    """The object without fields that the schema does not know, and the paths of those. Raises BadMetadata."""
    unknown: list[str] = []
    kept = _pruned_object(obj, schema, "", unknown, is_root=True)
    return kept, unknown


def _pruned(value: Any, schema: Obj, path: str, unknown: list[str]) -> Any:
    if isinstance(value, dict):
        return _pruned_object(value, schema, path, unknown, is_root=bool(schema.get(_EMBEDDED)))
    if isinstance(value, list):
        items = schema.get("items")
        if not isinstance(items, dict):
            if schema.get(_PRESERVE):
                return value
            items = {}
        return [_pruned(one, items, f"{path}[{index}]", unknown) for index, one in enumerate(value)]
    return value


def _pruned_object(value: Obj, schema: Obj, path: str, unknown: list[str], *, is_root: bool) -> Obj:
    properties, others = schema.get("properties") or {}, schema.get("additionalProperties")
    kept: Obj = {}
    for name, found in value.items():
        inner = f"{path}.{name}" if path else name
        if is_root and name in _ROOT:
            kept[name] = _metadata(found, inner, unknown) if name == "metadata" else found
        elif name in properties:
            kept[name] = _pruned(found, properties[name], inner, unknown)
        elif isinstance(others, dict):
            kept[name] = _pruned(found, others, inner, unknown)
        elif schema.get(_PRESERVE):
            kept[name] = found
        elif others is True:
            kept[name] = _pruned(found, {}, inner, unknown)
        else:
            unknown.append(inner)
    return kept


def _metadata(found: Any, path: str, unknown: list[str]) -> Any:
    read, problems = check(found, definition(_METADATA)) if isinstance(found, dict) else (found, [])
    if not isinstance(found, dict):
        raise BadMetadata("json: cannot unmarshal into Go struct field .metadata of type v1.ObjectMeta")
    for problem in problems:
        if problem.sort == "type":
            raise BadMetadata(problem.message.replace("ObjectMeta.", "metadata."))
        unknown.append(f"{path}.{problem.path}")
    return read


def defaulted(obj: Obj, schema: Obj) -> Obj:
    """The object with the defaults of the schema, and without nulls that are neither allowed nor defaulted."""
    filled: Obj = _defaulted(obj, schema)
    return filled


def _defaulted(value: Any, schema: Obj) -> Any:
    if isinstance(value, dict):
        return _defaulted_object(value, schema)
    items = schema.get("items")
    if isinstance(value, list) and isinstance(items, dict):
        filled = [_defaulted(items.get("default") if _is_bad_null(one, items) else one, items) for one in value]
        return value if filled == value else filled
    return value


def _defaulted_object(value: Obj, schema: Obj) -> Obj:
    properties, others = schema.get("properties") or {}, schema.get("additionalProperties")
    filled = dict(value)
    for name, inner in properties.items():
        if "default" in inner and (name not in filled or _is_bad_null(filled[name], inner)):
            filled[name] = inner["default"]
    for name in list(filled):
        inner = properties.get(name, others)
        if not isinstance(inner, dict):
            continue
        if _is_bad_null(filled[name], inner):
            if "default" not in inner:
                del filled[name]
                continue
            filled[name] = inner["default"]
        filled[name] = _defaulted(filled[name], inner)
    return value if filled == value else filled


def _is_bad_null(value: Any, schema: Obj) -> bool:
    return value is None and not schema.get("nullable")
