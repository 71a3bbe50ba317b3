"""What a call costs when it is made: `interpreter/runtimecost.go: costCall` of cel-go and `apiserver/pkg/cel/library/cost.go: CallCost` (1.33)."""

from __future__ import annotations

from math import ceil
from typing import Any

from simulator.machinery.cel.declarations import Overload
from simulator.machinery.cel.values import Format, size_of

Value = Any
#: `common/cost.go` of cel-go.
LIST, MAP, STRUCT = 10, 30, 40
TRAVERSAL, REGEX = 0.1, 0.25
#: Two checks are all that a limit of one expression has room for.
CHECK = 350_000
_TRAVERSED = frozenset(
    ["isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"]
)  # fmt: skip
_READ_ONCE = frozenset(
    ["url", "lowerAscii", "upperAscii", "substring", "trim", "jsonpatch.escapeKey", "cidr", "isIP", "isCIDR", "quantity",
     "isQuantity", "semver", "isSemver"]
)  # fmt: skip
_COMPARED = frozenset(["equals", "not_equals", "less_string", "greater_string", "less_equals_string", "greater_equals_string",
                       "less_bytes", "greater_bytes", "less_equals_bytes", "greater_equals_bytes"])  # fmt: skip


def of_call(overload: Overload, values: list[Value], result: Value) -> int:
    name, identity = overload.name, overload.identity
    if name == "check":
        return CHECK
    if name in ("fieldSelector", "labelSelector"):
        return LIST + ceil(size_of(values[1]) * TRAVERSAL) + ceil(ceil(size_of(values[1]) * 0.5) * (LIST + STRUCT))
    if name in _TRAVERSED:
        return _traversal(values[0])
    if name in _READ_ONCE:
        return ceil(size_of(values[0]) * TRAVERSAL)
    if name == "ip":
        return 1 if identity == "cidr_ip" else ceil(size_of(values[0]) * TRAVERSAL)
    if name in ("replace", "split", "ip.isCanonical"):
        return ceil(size_of(values[0]) * 2 * TRAVERSAL)
    if name == "join":
        return ceil(size_of(result) * 2 * TRAVERSAL)
    if name in ("find", "findAll", "matches"):
        return ceil((1 + size_of(values[0])) * TRAVERSAL) * ceil(size_of(values[1]) * REGEX)
    if name == "validate" and isinstance(values[0], Format):
        return ceil((1 + size_of(values[1])) * TRAVERSAL) * ceil(values[0].longest * REGEX)
    if name in ("containsIP", "containsCIDR"):
        return _containment(name, identity, values)
    return _of_language(identity, values)


def _containment(name: str, identity: str, values: list[Value]) -> int:
    """The network itself has no size: 1, as for every value without one."""
    cost = ceil(2 * TRAVERSAL) + (ceil(TRAVERSAL) + 1 if name == "containsCIDR" else 0)
    return cost + (ceil(size_of(values[1]) * TRAVERSAL) if identity.endswith("_string") else 0)


def _of_language(identity: str, values: list[Value]) -> int:
    if identity in ("starts_with_string", "ends_with_string"):
        return ceil(size_of(values[1]) * TRAVERSAL)
    if identity in ("string_to_bytes", "bytes_to_string"):
        return ceil(size_of(values[0]) * TRAVERSAL)
    if identity == "in_list":
        return size_of(values[1])
    if identity in _COMPARED:
        return ceil(min(size_of(values[0]), size_of(values[1])) * TRAVERSAL)
    if identity in ("add_string", "add_bytes"):
        return ceil((size_of(values[0]) + size_of(values[1])) * TRAVERSAL)
    if identity == "contains_string":
        return ceil(size_of(values[0]) * TRAVERSAL) * ceil(size_of(values[1]) * TRAVERSAL)
    if identity == "string_format":
        return ceil(size_of(values[0]) * TRAVERSAL)
    return 1


def _traversal(value: Value) -> int:
    if isinstance(value, str | bytes):
        return int(len(value) * TRAVERSAL)
    if isinstance(value, list):
        return sum(_traversal(one) for one in value)
    if isinstance(value, dict):
        return sum(_traversal(key) + _traversal(one) for key, one in value.items())
    return 1
