"""Values of custom objects as expressions see them: fields under names that CEL can write, times and bytes read, lists with their kinds.

Counterpart of `apiextensions-apiserver/pkg/apiserver/schema/cel/values.go` and `apiserver/pkg/cel/common/values.go` (1.33).
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from typing import Any

from simulator.machinery.cel.escaping import escaped
from simulator.machinery.cel.shapes import says_what_it_is
from simulator.machinery.cel.values import MapList, SetList, parse_duration, parse_timestamp

Obj = dict[str, Any]


def seen(value: Any, schema: Obj, *, is_root: bool = False) -> Any:
    if isinstance(value, dict):
        return _object(value, schema, is_root=is_root)
    if isinstance(value, list):
        return _list(value, schema)
    if isinstance(value, str):
        return _text(value, schema)
    if isinstance(value, bool) or value is None:
        return value
    if schema.get("type") == "number":
        return float(value)
    if schema.get("type") == "integer" and isinstance(value, float):
        return int(value)
    return value


def _object(value: Obj, schema: Obj, *, is_root: bool) -> Obj:
    properties, others = schema.get("properties") or {}, schema.get("additionalProperties")
    found = {}
    for name, inner in value.items():
        if is_root and name == "metadata" and isinstance(inner, dict) and not says_what_it_is(schema):
            found[name] = {key: inner[key] for key in ("name", "generateName") if key in inner}
            continue
        if inner is None and name in properties:
            continue  # as if it were not there
        child = properties.get(name, others)
        child = child if isinstance(child, dict) else {}
        is_embedded = bool(child.get("x-kubernetes-embedded-resource"))
        found[escaped(name) if name in properties else name] = seen(inner, child, is_root=is_embedded)
    return found


def _list(value: list[Any], schema: Obj) -> list[Any]:
    items = schema.get("items")
    items = items if isinstance(items, dict) else {}
    is_embedded = bool(items.get("x-kubernetes-embedded-resource"))
    found = [seen(one, items, is_root=is_embedded) for one in value]
    match schema.get("x-kubernetes-list-type"):
        case "set":
            return SetList(found)
        case "map":
            return MapList(found, [escaped(key) for key in schema.get("x-kubernetes-list-map-keys") or ()])
    return found


def _text(value: str, schema: Obj) -> Any:
    """A text that is not what its format says stays a text: the schema has found it already."""
    if schema.get("x-kubernetes-int-or-string") or schema.get("type") != "string":
        return value
    try:
        match schema.get("format"):
            case "date-time":
                return parse_timestamp(value)
            case "date":
                return parse_timestamp(f"{value}T00:00:00Z")
            case "duration":
                return parse_duration(value)
            case "byte":
                return b64decode(value, validate=True)
    except (ValueError, Base64Error):
        return value
    return value
