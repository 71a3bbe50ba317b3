"""Whole objects inside of custom objects (`x-kubernetes-embedded-resource`): their apiVersion, kind and metadata.

Counterpart of `apiextensions-apiserver/pkg/apiserver/schema/objectmeta` (`Coerce` without dropping, and `Validate`, 1.33).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simulator.machinery import names
from simulator.machinery.custom.validation import go_syntax
from simulator.machinery.decoding import check
from simulator.machinery.schemas import definition
from simulator.machinery.validation.field_errors import FieldError, GoText, invalid, required
from simulator.machinery.validation.metadata import path_segment, validate_metadata

Obj = dict[str, Any]

EMBEDDED = "x-kubernetes-embedded-resource"
_METADATA = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


def malformed(value: Any, schema: Obj, path: str, *, is_root: bool = False) -> FieldError | None:
    """The first of its type and metadata that cannot even be read."""
    return next(_malformed(value, schema, path, is_root=is_root), None)


def _malformed(value: Any, schema: Obj, path: str, *, is_root: bool) -> Iterator[FieldError]:
    if is_root or schema.get(EMBEDDED):
        for name in ("apiVersion", "kind"):
            if isinstance(value, dict) and name in value and not isinstance(value[name], str):
                yield invalid(_below(path, name), GoText(go_syntax(value[name])), "must be a string")
        if isinstance(value, dict) and "metadata" in value and (why := _unreadable(value["metadata"])):
            yield invalid(_below(path, "metadata"), GoText(go_syntax(value["metadata"])), why)
    for inner, below, where in _parts(value, schema, path):
        yield from _malformed(inner, below, where, is_root=False)


def _unreadable(metadata: Any) -> str:
    """Why the metadata is none, in the words of Go's decoder."""
    if isinstance(metadata, dict):
        problems = check(metadata, definition(_METADATA))[1]
        return next((problem.message for problem in problems if problem.sort == "type"), "")
    if metadata is None:
        return ""
    kind = {bool: "bool", str: "string", list: "array"}.get(type(metadata), "number")
    return f"json: cannot unmarshal {kind} into Go value of type v1.ObjectMeta"


def invalid_parts(value: Any, schema: Obj, path: str, *, is_root: bool = False) -> list[FieldError]:
    """What is wrong with the types and the metadata of embedded objects; `is_root`: the value itself is one."""
    return list(_invalid(value, schema, path, is_root=is_root))


def _invalid(value: Any, schema: Obj, path: str, *, is_root: bool) -> Iterator[FieldError]:
    if isinstance(value, dict) and (is_root or schema.get(EMBEDDED)):
        yield from _object(value, path)
    for inner, below, where in _parts(value, schema, path):
        yield from _invalid(inner, below, where, is_root=False)


def _object(value: Obj, path: str) -> Iterator[FieldError]:
    for name in ("apiVersion", "kind"):
        given, here = value.get(name), _below(path, name)
        if name in value and not isinstance(given, str):
            yield invalid(here, GoText(go_syntax(given)), "must be a string")
        elif not given:
            yield required(here)
        elif why := _wrong_version(given) if name == "apiVersion" else _wrong_kind(given):
            yield invalid(here, given, why)
    if "metadata" not in value:
        return
    here = _below(path, "metadata")
    if why := _unreadable(value["metadata"]):
        yield invalid(here, GoText(go_syntax(value["metadata"])), why)
        return
    metadata = {"name": "fakename"} | {key: one for key, one in (value["metadata"] or {}).items() if one}
    is_namespaced = bool(metadata.get("namespace"))
    for error in validate_metadata(metadata, namespaced=is_namespaced, name_rule=path_segment):
        yield FieldError(error.type, here + error.path.removeprefix("metadata"), error.value, error.detail)


def _wrong_version(text: str) -> str:
    """`schema.ParseGroupVersion`."""
    return f"unexpected GroupVersion string: {text}" if text.count("/") > 1 else ""


def _wrong_kind(kind: str) -> str:
    says = names.dns_1035_label(kind.lower())
    return "may have mixed case, but should otherwise match: " + ",".join(says) if says else ""


def _parts(value: Any, schema: Obj, path: str) -> Iterator[tuple[Any, Obj, str]]:
    """What is below, with its schema and its path."""
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        for index, one in enumerate(value):
            yield one, schema["items"], f"{path}[{index}]"
    if not isinstance(value, dict):
        return
    properties, others = schema.get("properties") or {}, schema.get("additionalProperties")
    for name in sorted(value):
        if isinstance(properties.get(name), dict):
            yield value[name], properties[name], _below(path, name)
        elif isinstance(others, dict):
            yield value[name], others, f"{path}[{name}]"


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
