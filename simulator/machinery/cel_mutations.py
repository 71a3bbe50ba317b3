"""What CEL expressions of a MutatingAdmissionPolicy are made of: `Object{…}`, `JSONPatch{…}` and `jsonpatch.escapeKey`.

`apiserver/pkg/cel/mutation` (1.33). A type's name is where it stands: `Object.spec.template{}` belongs under `spec` and `template`, and
`mismatches` tells of those that stand elsewhere. Optional fields (`?name:`) are left out, as in `cel_library.py`.
"""

from __future__ import annotations

from typing import Any

from celpy import celtypes
from celpy.evaluation import CELEvalError

Value = Any
_PATCH_FIELDS = ("op", "path", "from", "value")


class ObjectValue(celtypes.MapType):
    """An object made by a constructor, with the name of its type."""

    def __init__(self, type_name: str, fields: Value) -> None:
        super().__init__(fields or {})
        self.type_name = type_name


class ObjectType(celtypes.MapType):
    """`Object`, and with every field selected the type below: `Object.metadata`."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def __getitem__(self, field: Value) -> ObjectType:
        return ObjectType(f"{self._name}.{field}")

    def __call__(self, fields: Value) -> ObjectValue:
        return ObjectValue(self._name, _checked(fields))


class PatchOperation(celtypes.MapType):
    """One step of a JSON patch."""


class PatchType(celtypes.MapType):
    """`JSONPatch`."""

    def __call__(self, fields: Value) -> PatchOperation:
        for name in _checked(fields):
            if str(name) not in _PATCH_FIELDS:
                raise CELEvalError(f"undefined field '{name}'")
        return PatchOperation(fields or {})


def _checked(fields: Value) -> Value:
    """A field whose expression failed makes the whole fail; the library would keep the error as a value."""
    for value in (fields or {}).values():
        if isinstance(value, CELEvalError):
            raise value
    return fields or {}


TYPES: dict[str, Value] = {"Object": ObjectType("Object"), "JSONPatch": PatchType()}


def escape_key(_: Value, key: Value) -> Value:
    """`jsonpatch.escapeKey("example.com/a")`: fit for a step of a path (RFC 6901)."""
    return celtypes.StringType(str(key).replace("~", "~0").replace("/", "~1"))


def mismatches(value: Value, path: tuple[str, ...] = ("Object",)) -> list[str]:
    """Types that stand where another one belongs (`dynamic/objects.go: CheckTypeNamesMatchFieldPathNames`)."""
    found: list[str] = []
    if isinstance(value, ObjectValue):
        wanted = ".".join(path)
        if value.type_name != wanted:
            found.append(
                f'unexpected type name "{value.type_name}", expected "{wanted}", '
                "which matches field name path from root Object type"
            )
        for name, item in value.items():
            found += mismatches(item, (*path, str(name)))
    elif isinstance(value, celtypes.MapType):
        for item in value.values():
            found += mismatches(item, path)
    elif isinstance(value, list):
        for item in value:
            found += mismatches(item, path)
    return found


def patch_mismatches(value: Value) -> list[str]:
    """The same for the values of a patch's operations: the outermost type may be any."""
    found: list[str] = []
    for operation in value if isinstance(value, list) else ():
        is_given = isinstance(operation, PatchOperation) and "value" in operation
        inner = operation["value"] if is_given else None
        if isinstance(inner, ObjectValue):
            found += mismatches(inner, tuple(inner.type_name.split(".")))
    return found
