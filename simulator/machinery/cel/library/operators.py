"""Operators: arithmetic, comparison, membership, indexing. `common/stdlib/standard.go`, `common/types/{int,double,string,list,map}.go` of cel-go."""

from __future__ import annotations

import math
from typing import Any

import re2

from simulator.machinery.cel import types
from simulator.machinery.cel.declarations import Overload, function, method
from simulator.machinery.cel.errors import CelError
from simulator.machinery.cel.patterns import why_no_pattern
from simulator.machinery.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    UINT,
    list_of,
    map_of,
    param,
)
from simulator.machinery.cel.values import NONE as NOTHING
from simulator.machinery.cel.values import (
    Accumulator,
    Duration,
    MapList,
    Optional,
    SetList,
    Timestamp,
    Uint,
    contains,
    equal,
    some,
)

Value = Any
_A, _B = param("A"), param("B")
_MIN, _MAX, _UMAX = -(1 << 63), (1 << 63) - 1, (1 << 64) - 1
_OPT_LIST, _OPT_MAP = types.optional_of(list_of(_A)), types.optional_of(map_of(_A, _B))


def whole(value: int) -> int:
    """An int that fits in 64 bits. Raises CelError."""
    if not _MIN <= value <= _MAX:
        raise CelError("integer overflow")
    return value


def unsigned(value: int) -> Uint:
    if not 0 <= value <= _UMAX:
        raise CelError("unsigned integer overflow")
    return Uint(value)


def _divided(one: int, other: int) -> int:
    """Toward zero, as Go divides."""
    if other == 0:
        raise CelError("division by zero")
    result = abs(one) // abs(other)
    return result if (one < 0) == (other < 0) else -result


def _rest(one: int, other: int) -> int:
    if other == 0:
        raise CelError("modulus by zero")
    if one == _MIN and other == -1:
        raise CelError("integer overflow")
    return one - other * _divided(one, other)


def _quotient(one: float, other: float) -> float:
    if other == 0:
        return math.nan if one == 0 or math.isnan(one) else math.copysign(math.inf, one) * math.copysign(1, other)
    return one / other


def _joined(one: list[Value], other: list[Value]) -> list[Value]:
    """Sets and maps keep their kind: what is there already is not added again (`cel/common/maplist.go`)."""
    if isinstance(one, Accumulator):
        one.extend(other)
        return one
    if isinstance(one, SetList):
        return SetList([*one, *(item for item in other if not contains(one, item))])
    if isinstance(one, MapList):
        fresh = {one.key_of(item): item for item in other}
        kept = [fresh.pop(one.key_of(item), item) for item in one]
        return MapList([*kept, *(item for item in other if one.key_of(item) in fresh)], one.keys)
    return [*one, *other]


def element(items: list[Value], index: Value) -> Value:
    if isinstance(index, bool) or not isinstance(index, int | float) or index != int(index):
        raise CelError(f"unsupported index type '{type(index).__name__}' in list")
    if not 0 <= index < len(items):
        raise CelError(f"index out of bounds: {int(index)}")
    return items[int(index)]


def entry(found: dict[Any, Value], key: Value) -> Value:
    if key not in found:
        raise CelError(f"no such key: {key}")
    return found[key]


def _optional_element(items: list[Value], index: int) -> Optional:
    return some(items[index]) if 0 <= index < len(items) else NOTHING


def _optional_entry(found: dict[Any, Value], key: Value) -> Optional:
    return some(found[key]) if key in found else NOTHING


def _inside(found: Any) -> Any:
    """A look into an optional value gives an optional one."""
    return lambda optional, key: found(optional.value, key) if optional.has_value else NOTHING


def _matches(text: str, pattern: str) -> bool:
    if says := why_no_pattern(pattern):
        raise CelError(says)
    return re2.search(pattern, text) is not None


def _inserted(found: dict[Any, Value], *more: Value) -> dict[Any, Value]:
    fresh = dict(found)
    for key, value in ((more[0], more[1]),) if len(more) == 2 else more[0].items():
        if key in fresh:
            raise CelError(f"insert failed: key {key} already exists")
        fresh[key] = value
    return fresh


def _add(one: Any, other: Any) -> Any:
    return one + other


OVERLOADS: list[Overload] = [
    # Evaluated by their own nodes (`evaluation.py`).
    function("_&&_", "logical_and", [BOOL, BOOL], BOOL, None),
    function("_||_", "logical_or", [BOOL, BOOL], BOOL, None),
    function("_?_:_", "conditional", [BOOL, _A, _A], _A, None),
    function("@not_strictly_false", "not_strictly_false", [BOOL], BOOL, None),
    function("!_", "logical_not", [BOOL], BOOL, lambda one: not one),
    function("_==_", "equals", [_A, _A], BOOL, equal),
    function("_!=_", "not_equals", [_A, _A], BOOL, lambda one, other: not equal(one, other)),
    function("@in", "in_list", [_A, list_of(_A)], BOOL, lambda one, items: contains(items, one)),
    function("@in", "in_map", [_A, map_of(_A, _B)], BOOL, lambda one, found: one in found),
    function("_[_]", "index_list", [list_of(_A), INT], _A, element),
    function("_[_]", "index_map", [map_of(_A, _B), _A], _B, entry),
    function("_[_]", "optional_list_index_int", [_OPT_LIST, INT], types.optional_of(_A), _inside(_optional_element)),
    function("_[_]", "optional_map_index_value", [_OPT_MAP, _A], types.optional_of(_B), _inside(_optional_entry)),
    function("_[?_]", "list_optindex_optional_int", [list_of(_A), INT], types.optional_of(_A), _optional_element),
    function("_[?_]", "optional_list_optindex_optional_int", [_OPT_LIST, INT], types.optional_of(_A), _inside(_optional_element)),
    function("_[?_]", "map_optindex_optional_value", [map_of(_A, _B), _A], types.optional_of(_B), _optional_entry),
    function("_[?_]", "optional_map_optindex_optional_value", [_OPT_MAP, _A], types.optional_of(_B), _inside(_optional_entry)),
    function("_?._", "select_optional_field", [DYN, STRING], types.optional_of(DYN), None),
    function("-_", "negate_double", [DOUBLE], DOUBLE, lambda one: -one),
    function("-_", "negate_int64", [INT], INT, lambda one: whole(-one)),
    function("_+_", "add_bytes", [BYTES, BYTES], BYTES, _add),
    function("_+_", "add_double", [DOUBLE, DOUBLE], DOUBLE, _add),
    function("_+_", "add_duration_duration", [DURATION, DURATION], DURATION, lambda a, b: Duration(a.nanos + b.nanos)),
    function("_+_", "add_duration_timestamp", [DURATION, TIMESTAMP], TIMESTAMP, lambda a, b: Timestamp(a.nanos + b.nanos, b.away)),
    function("_+_", "add_int64", [INT, INT], INT, lambda a, b: whole(a + b)),
    function("_+_", "add_list", [list_of(_A), list_of(_A)], list_of(_A), _joined),
    function("_+_", "add_string", [STRING, STRING], STRING, _add),
    function("_+_", "add_timestamp_duration", [TIMESTAMP, DURATION], TIMESTAMP, lambda a, b: Timestamp(a.nanos + b.nanos, a.away)),
    function("_+_", "add_uint64", [UINT, UINT], UINT, lambda a, b: unsigned(int(a) + int(b))),
    function("_-_", "subtract_double", [DOUBLE, DOUBLE], DOUBLE, lambda a, b: a - b),
    function("_-_", "subtract_duration_duration", [DURATION, DURATION], DURATION, lambda a, b: Duration(a.nanos - b.nanos)),
    function("_-_", "subtract_int64", [INT, INT], INT, lambda a, b: whole(a - b)),
    function("_-_", "subtract_timestamp_duration", [TIMESTAMP, DURATION], TIMESTAMP, lambda a, b: Timestamp(a.nanos - b.nanos, a.away)),
    function("_-_", "subtract_timestamp_timestamp", [TIMESTAMP, TIMESTAMP], DURATION, lambda a, b: Duration(a.nanos - b.nanos)),
    function("_-_", "subtract_uint64", [UINT, UINT], UINT, lambda a, b: unsigned(int(a) - int(b))),
    function("_*_", "multiply_double", [DOUBLE, DOUBLE], DOUBLE, lambda a, b: a * b),
    function("_*_", "multiply_int64", [INT, INT], INT, lambda a, b: whole(a * b)),
    function("_*_", "multiply_uint64", [UINT, UINT], UINT, lambda a, b: unsigned(int(a) * int(b))),
    function("_/_", "divide_double", [DOUBLE, DOUBLE], DOUBLE, _quotient),
    function("_/_", "divide_int64", [INT, INT], INT, lambda a, b: whole(_divided(a, b))),
    function("_/_", "divide_uint64", [UINT, UINT], UINT, lambda a, b: unsigned(_divided(int(a), int(b)))),
    function("_%_", "modulo_int64", [INT, INT], INT, _rest),
    function("_%_", "modulo_uint64", [UINT, UINT], UINT, lambda a, b: unsigned(_rest(int(a), int(b)))),
    method("matches", "matches_string", [STRING, STRING], BOOL, _matches),
    function("matches", "matches", [STRING, STRING], BOOL, _matches),
    function("cel.@mapInsert", "@mapInsert_map_key_value", [map_of(_A, _B), _A, _B], map_of(_A, _B), _inserted),
    function("cel.@mapInsert", "@mapInsert_map_map", [map_of(_A, _B), map_of(_A, _B)], map_of(_A, _B), _inserted),
]  # fmt: skip

_COMPARED = {
    "bool": BOOL, "int64": INT, "uint64": UINT, "double": DOUBLE, "string": STRING, "bytes": BYTES, "timestamp": TIMESTAMP, "duration": DURATION,
}  # fmt: skip
_CROSSED = (
    ("int64_double", INT, DOUBLE), ("int64_uint64", INT, UINT), ("uint64_double", UINT, DOUBLE), ("uint64_int64", UINT, INT),
    ("double_int64", DOUBLE, INT), ("double_uint64", DOUBLE, UINT),
)  # fmt: skip
for _name, _word, _does in (
    ("_<_", "less", lambda a, b: a < b),
    ("_<=_", "less_equals", lambda a, b: a <= b),
    ("_>_", "greater", lambda a, b: a > b),
    ("_>=_", "greater_equals", lambda a, b: a >= b),
):
    OVERLOADS += [function(_name, f"{_word}_{kind}", [one, one], BOOL, _does) for kind, one in _COMPARED.items()]
    OVERLOADS += [function(_name, f"{_word}_{kind}", [one, other], BOOL, _does) for kind, one, other in _CROSSED]
