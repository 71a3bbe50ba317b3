"""Conversions between types, and `size`, `type`, `dyn`: `common/types/*.go: ConvertToType` of cel-go."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from simulator.machinery.cel.declarations import Overload, function, method
from simulator.machinery.cel.errors import CelError
from simulator.machinery.cel.library.operators import unsigned, whole
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
    Type,
    list_of,
    map_of,
    opaque,
    param,
    type_of,
)
from simulator.machinery.cel.values import NANOS, Duration, Timestamp, Uint, parse_duration, parse_timestamp, type_name

Value = Any
_A, _B = param("A"), param("B")
_TRUE, _FALSE = ("true", "True", "TRUE", "t", "1"), ("false", "False", "FALSE", "f", "0")


def _from_text(text: str, wanted: str) -> Value:
    try:
        return _READ[wanted](text)
    except (ValueError, KeyError, OverflowError):
        raise CelError(f"type conversion error from 'string' to '{wanted}'") from None


def _bool(text: str) -> bool:
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise ValueError(text)


def _digits(text: str) -> int:
    if not text.lstrip("+-").isdigit() or len(text.lstrip("+-")) > 20:
        raise ValueError(text)
    return whole(int(text))


_READ: dict[str, Callable[[str], Any]] = {
    "bool": _bool,
    "int": _digits,
    "uint": lambda text: unsigned(_digits(text)),
    "double": float,
    "google.protobuf.Duration": parse_duration,
    "google.protobuf.Timestamp": parse_timestamp,
}


def _int(value: Value) -> int:
    if isinstance(value, float):
        if math.isnan(value) or math.isinf(value):
            raise CelError("integer overflow")
        return whole(int(value))
    if isinstance(value, Timestamp | Duration):
        return value.nanos // NANOS if isinstance(value, Timestamp) else value.nanos
    return whole(int(value))


def _uint(value: Value) -> Uint:
    if isinstance(value, float) and (math.isnan(value) or math.isinf(value) or value < 0):
        raise CelError("unsigned integer overflow")
    return unsigned(int(value))


def shown(value: Value) -> str:
    """`string(x)`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise CelError("invalid UTF-8 in bytes, cannot convert to string") from None
    return number(value) if isinstance(value, float) else str(value)


def number(value: float) -> str:
    """As `strconv.FormatFloat(v, 'g', -1, 64)` writes it."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if value == 0:
        return "-0" if math.copysign(1, value) < 0 else "0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    power = exponent + len(digits) - 1
    if -5 < power < 6:  # the precision by which the shortest form decides
        return repr(value).removesuffix(".0")
    first, rest = str(digits[0]), "".join(map(str, digits[1:]))
    return f"{'-' if sign else ''}{first}{'.' if rest else ''}{rest}e{'-' if power < 0 else '+'}{abs(power):02}"


def _type(value: Value) -> Type:
    return Type(type_name(value))


OVERLOADS: list[Overload] = [
    function("type", "type", [_A], type_of(_A), _type),
    function("dyn", "to_dyn", [_A], DYN, lambda value: value),
    function("bool", "bool_to_bool", [BOOL], BOOL, lambda value: value),
    function("bool", "string_to_bool", [STRING], BOOL, lambda text: _from_text(text, "bool")),
    function("int", "int64_to_int64", [INT], INT, _int),
    function("int", "double_to_int64", [DOUBLE], INT, _int),
    function("int", "duration_to_int64", [DURATION], INT, _int),
    function("int", "string_to_int64", [STRING], INT, lambda text: _from_text(text, "int")),
    function("int", "timestamp_to_int64", [TIMESTAMP], INT, _int),
    function("int", "uint64_to_int64", [UINT], INT, _int),
    function("uint", "uint64_to_uint64", [UINT], UINT, _uint),
    function("uint", "double_to_uint64", [DOUBLE], UINT, _uint),
    function("uint", "int64_to_uint64", [INT], UINT, _uint),
    function("uint", "string_to_uint64", [STRING], UINT, lambda text: _from_text(text, "uint")),
    function("double", "double_to_double", [DOUBLE], DOUBLE, float),
    function("double", "int64_to_double", [INT], DOUBLE, float),
    function("double", "string_to_double", [STRING], DOUBLE, lambda text: _from_text(text, "double")),
    function("double", "uint64_to_double", [UINT], DOUBLE, float),
    *(
        function("string", f"{kind}_to_string", [one], STRING, shown)
        for kind, one in (
            ("string", STRING), ("bool", BOOL), ("bytes", BYTES), ("double", DOUBLE), ("duration", DURATION), ("int64", INT),
            ("timestamp", TIMESTAMP), ("uint64", UINT), ("ip", opaque("net.IP")), ("cidr", opaque("net.CIDR")),
        )
    ),
    function("bytes", "bytes_to_bytes", [BYTES], BYTES, lambda value: value),
    function("bytes", "string_to_bytes", [STRING], BYTES, lambda text: text.encode()),
    function("duration", "duration_to_duration", [DURATION], DURATION, lambda value: value),
    function("duration", "int64_to_duration", [INT], DURATION, Duration),
    function("duration", "string_to_duration", [STRING], DURATION, lambda text: _from_text(text, "google.protobuf.Duration")),
    function("timestamp", "timestamp_to_timestamp", [TIMESTAMP], TIMESTAMP, lambda value: value),
    function("timestamp", "int64_to_timestamp", [INT], TIMESTAMP, lambda value: Timestamp(value * NANOS)),
    function("timestamp", "string_to_timestamp", [STRING], TIMESTAMP, lambda text: _from_text(text, "google.protobuf.Timestamp")),
]  # fmt: skip
for _kind, _one in (("string", STRING), ("bytes", BYTES), ("list", list_of(_A)), ("map", map_of(_A, _B))):
    OVERLOADS.append(function("size", f"size_{_kind}", [_one], INT, len))
    OVERLOADS.append(method("size", f"{_kind}_size", [_one], INT, len))
