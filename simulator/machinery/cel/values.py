"""Values of expressions that JSON has no word for. Everything else is Python's own: None, bool, int, float, str, bytes, list, dict.

`common/types` of cel-go; `apiserver/pkg/cel/{quantity,ip,cidr,url,semver,format}.go`. A value's `type_name` is the name of its CEL type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from simulator.machinery.cel.errors import CelError
from simulator.machinery.cel.types import Type

Value = Any
NANOS = 1_000_000_000
_MINUTE, _HOUR = 60 * NANOS, 3_600 * NANOS
_UNITS = {"ns": 1, "us": 1_000, "µs": 1_000, "μs": 1_000, "ms": 1_000_000, "s": NANOS, "m": _MINUTE, "h": _HOUR}
_DURATION = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_RFC3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)")


class Uint(int):
    """An unsigned integer: another type than int."""


@dataclass(frozen=True, slots=True)
class Optional:
    """A value or none: `optional.of(x)`, `a.?b`."""

    type_name: ClassVar[str] = "optional_type"
    value: Any = None
    has_value: bool = False


NONE = Optional()


def some(value: Value) -> Optional:
    return Optional(value, True)


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    type_name: ClassVar[str] = "google.protobuf.Duration"
    nanos: int

    def __str__(self) -> str:
        """`duration.go: ConvertToType`: seconds without superfluous zeros."""
        whole, rest = divmod(abs(self.nanos), NANOS)
        text = f"{whole}.{rest:09d}".rstrip("0").rstrip(".")
        return f"{'-' if self.nanos < 0 else ''}{text}s"


@dataclass(frozen=True, slots=True, order=True)
class Timestamp:
    type_name: ClassVar[str] = "google.protobuf.Timestamp"
    nanos: int
    """Since 1970 in UTC."""
    away: int = field(default=0, compare=False)
    """Seconds by which it was written away from UTC; it is printed so."""

    @property
    def time(self) -> datetime:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=self.nanos // 1_000)

    def __str__(self) -> str:
        rest = self.nanos % NANOS
        fraction = f".{rest:09d}".rstrip("0") if rest else ""
        shown = self.time + timedelta(seconds=self.away)
        hours, minutes = divmod(abs(self.away) // 60, 60)
        zone = f"{'-' if self.away < 0 else '+'}{hours:02d}:{minutes:02d}" if self.away else "Z"
        return f"{shown.year:04d}-{shown:%m-%dT%H:%M:%S}{fraction}{zone}"


def parse_duration(text: str) -> Duration:
    """Go's `time.ParseDuration`. Raises ValueError."""
    sign, rest = (-1, text[1:]) if text[:1] == "-" else (1, text.removeprefix("+"))
    if rest == "0":
        return Duration(0)
    total, at = 0, 0
    while at < len(rest):
        found = _DURATION.match(rest, at)
        if found is None:
            raise ValueError(f'time: invalid duration "{text}"')
        whole, _, part = found.group(1).partition(".")
        unit = _UNITS[found.group(2)]
        total += int(whole or 0) * unit + (int(part) * unit // 10 ** len(part) if part else 0)
        at = found.end()
    if not rest:
        raise ValueError(f'time: invalid duration "{text}"')
    return Duration(sign * total)


def parse_timestamp(text: str) -> Timestamp:
    """RFC 3339. Raises ValueError."""
    found = _RFC3339.fullmatch(text)
    if found is None:
        raise ValueError(f'parsing time "{text}" as "2006-01-02T15:04:05Z07:00": cannot parse "{text}" as "2006"')
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    seconds = int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
    zone, away = found.group(8), 0
    if zone != "Z":
        away = (int(zone[1:3]) * 3_600 + int(zone[4:6]) * 60) * (-1 if zone[0] == "-" else 1)
    part = (found.group(7) or "")[:9]
    return Timestamp((seconds - away) * NANOS + (int(part.ljust(9, "0")) if part else 0), away)


@dataclass(frozen=True, slots=True)
class Format:
    """A named format of strings: `format.dns1123Label()`."""

    type_name: ClassVar[str] = "kubernetes.NamedFormat"
    name: str
    check: Callable[[str], Sequence[str]]
    longest: int
    """Size of its pattern, for the price of a look."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Format) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)


class SetList(list[Any]):
    """A list of type `set`: its order means nothing."""


class MapList(list[Any]):
    """A list of type `map`: elements are told apart by their keys."""

    def __init__(self, items: Sequence[Any], keys: Sequence[str]) -> None:
        super().__init__(items)
        self.keys = tuple(keys)

    def key_of(self, element: Value) -> tuple[Any, ...]:
        return tuple(repr(element.get(key)) if isinstance(element, dict) else repr(element) for key in self.keys)


class Accumulator(list[Any]):
    """The list that a fold builds: only the fold holds it, so `+` may change it."""


def equal(one: Value, other: Value) -> bool:
    """Equality of CEL: numbers compare across their types, values of other types are never equal."""
    if isinstance(one, bool) or isinstance(other, bool):
        return isinstance(one, bool) and isinstance(other, bool) and one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other
    if isinstance(one, SetList) and isinstance(other, list):
        return len(one) == len(other) and all(any(equal(a, b) for b in other) for a in one)
    if isinstance(one, MapList) and isinstance(other, list):
        return _equal_maps(one, other)
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, dict):
        return (
            isinstance(other, dict)
            and len(one) == len(other)
            and all(key in other and equal(value, other[key]) for key, value in one.items())
        )
    if isinstance(one, Type) and isinstance(other, Type):
        return one.name == other.name
    if isinstance(one, Optional) and isinstance(other, Optional):
        return one.has_value == other.has_value and equal(one.value, other.value)
    return type(one) is type(other) and bool(one == other)


def _equal_maps(one: MapList, other: list[Any]) -> bool:
    if len(one) != len(other):
        return False
    by_key = {one.key_of(element): element for element in one}
    return all((key := one.key_of(element)) in by_key and equal(by_key[key], element) for element in other)


def contains(items: Sequence[Value], wanted: Value) -> bool:
    if isinstance(wanted, str):
        return any(isinstance(item, str) and item == wanted for item in items)
    return any(equal(item, wanted) for item in items)


def size_of(value: Value) -> int:
    """What `size()` says, and what costs go by: 1 for what has no size."""
    return len(value) if isinstance(value, str | bytes | list | dict) else 1


def type_name(value: Value) -> str:
    match value:
        case None:
            return "null_type"
        case bool():
            return "bool"
        case Uint():
            return "uint"
        case int():
            return "int"
        case float():
            return "double"
        case str():
            return "string"
        case bytes():
            return "bytes"
        case list():
            return "list"
        case dict():
            return "map"
    return str(getattr(value, "type_name", "type"))


def plain(value: Value) -> Any:
    """The value as JSON has it. Raises CelError for what JSON has no word for."""
    if value is None or isinstance(value, bool | float | str):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, Optional):
        if not value.has_value:
            raise CelError("optional.none() dereference")
        return plain(value.value)
    return str(value)
