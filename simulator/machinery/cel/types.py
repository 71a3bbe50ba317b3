"""Types of expressions, how they are written, and which of them fit where: `checker/types.go` and `checker/format.go` of cel-go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Type:
    """`kind`: simple (also list, map and type), object (has fields), opaque, param (a variable of type checking), dyn, error."""

    name: str
    params: tuple[Type, ...] = ()
    kind: str = "simple"

    def __str__(self) -> str:
        """`FormatCelType`."""
        if self.kind == "error":
            return "!error!"
        name = _SHOWN.get(self.name, self.name)
        return f"{name}({', '.join(map(str, self.params))})" if self.params else name


_SHOWN = {
    "null_type": "null",
    "google.protobuf.Duration": "duration",
    "google.protobuf.Timestamp": "timestamp",
}
BOOL, INT, UINT, DOUBLE, STRING, BYTES = (Type(name) for name in ("bool", "int", "uint", "double", "string", "bytes"))
NULL = Type("null_type")
DYN = Type("dyn", kind="dyn")
ERROR = Type("*error*", kind="error")
DURATION, TIMESTAMP = Type("google.protobuf.Duration"), Type("google.protobuf.Timestamp")
#: Values of these types may be null (`internalIsAssignableNull`).
_NULLABLE = ("google.protobuf.Duration", "google.protobuf.Timestamp", "null_type")
#: What is of one size whatever its value (`checker/cost.go: isScalar`).
SCALARS = frozenset({"bool", "double", "int", "uint", DURATION.name, TIMESTAMP.name})


def list_of(element: Type) -> Type:
    return Type("list", (element,))


def map_of(key: Type, value: Type) -> Type:
    return Type("map", (key, value))


def type_of(target: Type | None = None) -> Type:
    return Type("type", (target,) if target is not None else ())


def optional_of(inner: Type) -> Type:
    return Type("optional_type", (inner,), "opaque")


def param(name: str) -> Type:
    return Type(name, kind="param")


def opaque(name: str) -> Type:
    return Type(name, kind="opaque")


def object_type(name: str) -> Type:
    return Type(name, kind="object")


def is_dyn(found: Type) -> bool:
    return found.kind in ("dyn", "error")


def signature(args: Sequence[Type], *, is_method: bool) -> str:
    """`(int, string)`, or `list(int).(string)` for a method."""
    shown = [str(arg) for arg in args]
    return f"{shown[0]}.({', '.join(shown[1:])})" if is_method else f"({', '.join(shown)})"


Mapping = dict[str, Type]
"""Variable of type checking → what it stands for."""


def assignable(mapping: Mapping, given: Sequence[Type], wanted: Sequence[Type]) -> Mapping | None:
    """The mapping under which values of the given types fit the wanted ones; None when there is none."""
    tried = dict(mapping)
    return tried if _fit_all(tried, given, wanted) else None


def _fit_all(mapping: Mapping, given: Sequence[Type], wanted: Sequence[Type]) -> bool:
    return len(given) == len(wanted) and all(_fits(mapping, a, b) for a, b in zip(given, wanted, strict=True))


def _fits(mapping: Mapping, one: Type, other: Type) -> bool:
    if other.kind == "param":
        is_valid, has_substitute = _substitutes(mapping, one, other)
        if is_valid or has_substitute:
            return is_valid
    if one.kind == "param":
        return _substitutes(mapping, other, one)[0]
    if is_dyn(one) or is_dyn(other):
        return True
    if one.name == "null_type":
        return other.kind in ("object", "opaque") or other.name in _NULLABLE
    if one.name != other.name:
        return False
    return one.name == "type" or _fit_all(mapping, one.params, other.params)


def _substitutes(mapping: Mapping, one: Type, variable: Type) -> tuple[bool, bool]:
    """(the variable may stand for the type, it already stood for one)."""
    if (known := mapping.get(variable.name)) is not None:
        if one == known:
            return True, True
        if _fits(mapping, one, known):
            mapping[variable.name] = most_general(one, known)
            return True, True
        return False, True
    if one == variable or _occurs(mapping, variable, one):
        return one == variable, False
    mapping[variable.name] = one
    return True, False


def _occurs(mapping: Mapping, variable: Type, within: Type) -> bool:
    if within == variable:
        return True
    if within.kind == "param":
        known = mapping.get(within.name)
        return known is not None and _occurs(mapping, variable, known)
    return any(_occurs(mapping, variable, inner) for inner in within.params)


def most_general(one: Type, other: Type) -> Type:
    return one if _is_less_specific(one, other) else other


def _is_less_specific(one: Type, other: Type) -> bool:
    if one.kind in ("dyn", "param"):
        return True
    if other.kind in ("dyn", "param") or one.name != other.name or len(one.params) != len(other.params):
        return False
    return one.name == "type" or all(map(_is_less_specific, one.params, other.params))


def substitute(mapping: Mapping, found: Type, *, to_dyn: bool = False) -> Type:
    """The type with its variables replaced; with `to_dyn` those that stand for nothing become dyn."""
    if found.kind == "param":
        known = mapping.get(found.name)
        if known is not None:
            return substitute(mapping, known, to_dyn=to_dyn)
        return DYN if to_dyn else found
    if not found.params:
        return found
    return Type(found.name, tuple(substitute(mapping, one, to_dyn=to_dyn) for one in found.params), found.kind)


def renamed(found: Type, names: Mapping) -> Type:
    """The type with its own variables replaced by fresh ones."""
    if found.kind == "param":
        return names[found.name]
    return Type(found.name, tuple(renamed(one, names) for one in found.params), found.kind) if found.params else found


def variables_of(found: Type) -> list[str]:
    if found.kind == "param":
        return [found.name]
    return [name for one in found.params for name in variables_of(one)]
