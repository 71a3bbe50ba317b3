"""Which parts of a custom object are what they were before an update, so that they are not judged again.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-ratcheting; counterpart of
`apiserver/pkg/cel/common/equality.go: CorrelatedObject` (1.33). Elements of a list are told apart only where the list is a map: of any
other list nobody can say which element was which, so it changes as a whole.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

Obj = dict[str, Any]
#: Stands for "there was nothing before": nothing equals it.
ABSENT = object()


class Correlated:
    """A value with the one that stood in its place before."""

    def __init__(self, value: Any, old: Any, schema: Obj) -> None:
        self.value = value
        self.old = old
        self._schema = schema
        self._known: dict[str | int, Correlated | None] = {}

    @classmethod
    def of(cls, value: Any, old: Any, schema: Obj) -> Correlated | None:
        """None where there was nothing before."""
        return None if old is ABSENT else cls(value, old, schema)

    def field(self, name: str) -> Correlated | None:
        """None for a field that is new, or of which the schema says nothing."""
        if name not in self._known:
            self._known[name] = self._field(name)
        return self._known[name]

    def element(self, index: int) -> Correlated | None:
        """None for an element that is new, and for those of lists that are no maps."""
        if index not in self._known:
            self._known[index] = self._element(index)
        return self._known[index]

    @cached_property
    def is_unchanged(self) -> bool:
        value, old = self.value, self.old
        match value, old:
            case dict(), dict():
                fields = (self.field(name) for name in value)
                return len(value) == len(old) and all(one is not None and one.is_unchanged for one in fields)
            case list(), list() if _is_map(self._schema):
                elements = (self.element(index) for index in range(len(value)))
                return len(value) == len(old) and all(one is not None and one.is_unchanged for one in elements)
        return _same(value, old)

    def _field(self, name: str) -> Correlated | None:
        if not isinstance(self.old, dict) or name not in self.old or not is_correlatable(self._schema):
            return None
        schema = (self._schema.get("properties") or {}).get(name, self._schema.get("additionalProperties"))
        return Correlated(self.value[name], self.old[name], schema) if isinstance(schema, dict) else None

    def _element(self, index: int) -> Correlated | None:
        schema, element = self._schema.get("items"), self.value[index]
        if not isinstance(schema, dict):
            return None
        return Correlated.of(element, counterpart(self._schema, self.old, element), schema)


def counterpart(schema: Obj, old: Any, element: Any) -> Any:
    """The element of the old list with the same keys, ABSENT where there is none or the list is no map."""
    if not _is_map(schema) or not isinstance(old, list) or not isinstance(element, dict):
        return ABSENT
    wanted = keys_of(schema, element)
    return next((one for one in old if isinstance(one, dict) and keys_of(schema, one) == wanted), ABSENT)


def is_correlatable(schema: Obj) -> bool:
    """Whether the fields of an object are what they were before (`MapIsCorrelatable`): a map type still to be invented might differ."""
    return schema.get("x-kubernetes-map-type") in (None, "granular", "atomic")


def keys_of(schema: Obj, element: Obj) -> Obj:
    """What tells an element of a list that is a map from the others."""
    return {key: element[key] for key in schema.get("x-kubernetes-list-map-keys") or () if key in element}


def _is_map(schema: Obj) -> bool:
    return schema.get("x-kubernetes-list-type") == "map"


def _same(value: Any, old: Any) -> bool:
    """Equal as JSON is: `true` is not 1."""
    match value, old:
        case dict(), dict():
            return value.keys() == old.keys() and all(_same(one, old[key]) for key, one in value.items())
        case list(), list():
            return len(value) == len(old) and all(map(_same, value, old))
    return type(value) is type(old) and bool(value == old)
