"""Which defaults a schema may have: values that hold by themselves and of which nothing would be pruned.

Counterpart of `apiextensions-apiserver/pkg/apiserver/schema/defaulting/validation.go: ValidateDefaults` (1.33). A default within the
metadata or the type of an object is judged with the object around it. Rules that compare with the past are not asked: a default has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from simulator.machinery.custom.embedded import EMBEDDED, invalid_parts, malformed
from simulator.machinery.custom.rules import has_rules, judged
from simulator.machinery.custom.structural import BadMetadata, pruned
from simulator.machinery.custom.validation import go_syntax, validate
from simulator.machinery.validation.field_errors import FieldError, GoText, invalid

Obj = dict[str, Any]
_TYPE_META: Obj = {"apiVersion": "validation/v1", "kind": "Validation"}
_META = ("metadata", "apiVersion", "kind")
_NAME = "~value"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the walk is: the schema of the object around it, and the names and lists that lead from there."""

    root: Obj
    steps: tuple[str | None, ...] = ()
    inside_meta: bool = False

    def around(self, value: Any) -> Obj:
        """The object in which the value stands (`SurroundingObjectFunc`)."""
        for step in reversed(self.steps):
            value = [value] if step is None else {step: value}
        return {**_TYPE_META, **value} if isinstance(value, dict) else {**_TYPE_META}


def validate_defaults(schema: Obj, path: str, *, must_be_pruned: bool = True) -> list[FieldError]:
    return list(_walk({**schema, EMBEDDED: True}, path, _Place(schema), must_be_pruned))


def has_unpruned_defaults(schema: Obj) -> bool:
    return any("must not have unknown fields" in error.detail for error in validate_defaults(schema, ""))


def _walk(schema: Obj, path: str, place: _Place, must_be_pruned: bool) -> Iterator[FieldError]:
    if schema.get(EMBEDDED):
        place = _Place(schema)
    if schema.get("default") is not None:
        yield from _default(schema, f"{path}.default", place, must_be_pruned)
    if isinstance(items := schema.get("items"), dict):
        yield from _walk(items, f"{path}.items", replace(place, steps=(*place.steps, None)), must_be_pruned)
    for name, inner in (schema.get("properties") or {}).items():
        is_meta = place.inside_meta or bool(schema.get(EMBEDDED) and name in _META)
        below = replace(place, steps=(*place.steps, name), inside_meta=is_meta)
        yield from _walk(inner, f"{path}.properties[{name}]", below, must_be_pruned)


def _default(schema: Obj, path: str, place: _Place, must_be_pruned: bool) -> Iterator[FieldError]:
    value, is_embedded = schema["default"], bool(schema.get(EMBEDDED))
    if place.inside_meta:
        around = place.around(value)
        wrong = malformed(around, place.root, "", is_root=True)
        says = [wrong] if wrong is not None else invalid_parts(around, place.root, "", is_root=True)
        if says:
            yield invalid(path, GoText(go_syntax(value)), f"must result in valid metadata: {_aggregate(says)}")
            return
    else:
        if must_be_pruned and _has_unknown(value, schema):
            yield invalid(path, GoText(go_syntax(value)), "must not have unknown fields")
        wrong = malformed(value, schema, path, is_root=is_embedded)
        found = [wrong] if wrong is not None else invalid_parts(value, schema, path, is_root=is_embedded)
        if found:
            yield from found
            return
    yield from _as_a_value(value, schema, path)


def _aggregate(errors: list[FieldError]) -> str:
    """`ErrorList.ToAggregate`."""
    says = list(dict.fromkeys(str(error) for error in errors))
    return says[0] if len(says) == 1 else f"[{', '.join(says)}]"


def _has_unknown(value: Any, schema: Obj) -> bool:
    """Fields of embedded metadata are no matter: those that nobody knows are only pruned when an object is stored."""
    whole = {"type": "object", "properties": {"value": schema}}
    try:
        unknown = pruned({"value": value}, whole)[1]
    except BadMetadata:
        return False
    return any(".metadata." not in one for one in unknown)


def _as_a_value(value: Any, schema: Obj, path: str) -> Iterator[FieldError]:
    """Held to its schema below a name of our own, which is then taken out of what is found: nothing is special about its root."""
    plain = {key: inner for key, inner in schema.items() if key != "default"}
    whole: Obj = {"type": "object", "properties": {_NAME: plain}}
    found = validate({_NAME: value}, whole)
    if not found and has_rules(plain):
        found = judged({_NAME: value}, whole)
    for error in found:
        where = "" if error.path == "<nil>" else error.path.removeprefix(_NAME)
        says = re.sub(rf"^(\"?){_NAME}(?:\.(?=\w))?", r"\1", error.detail)
        yield FieldError(error.type, path + where, error.value, says)
