"""Resource quantities: `apiserver/pkg/cel/library/quantity.go` (1.33)."""

from __future__ import annotations

from typing import ClassVar

from simulator.machinery.cel.declarations import Overload, function, method
from simulator.machinery.cel.errors import CelError
from simulator.machinery.cel.types import BOOL, DOUBLE, INT, STRING, object_type
from simulator.machinery.quantities import NANO, QuantityError, parse
from simulator.machinery.quantities import Quantity as Parsed

QUANTITY = object_type("kubernetes.Quantity")
_MAX = (1 << 63) - 1


class Amount:
    """A quantity; equal by what it amounts to."""

    type_name: ClassVar[str] = QUANTITY.name
    __slots__ = ("parsed",)

    def __init__(self, parsed: Parsed) -> None:
        self.parsed = parsed

    @property
    def nanos(self) -> int:
        return self.parsed.nanos

    def __str__(self) -> str:
        return str(self.parsed)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Amount) and self.nanos == other.nanos

    def __hash__(self) -> int:
        return hash(self.nanos)


def _quantity(text: str) -> Amount:
    try:
        return Amount(parse(text))
    except QuantityError as error:
        raise CelError(str(error)) from error


def _is_quantity(text: str) -> bool:
    try:
        parse(text)
    except QuantityError:
        return False
    return True


def _is_integer(one: Amount) -> bool:
    return one.nanos % NANO == 0 and abs(one.nanos // NANO) <= _MAX


def _as_integer(one: Amount) -> int:
    if not _is_integer(one):
        raise CelError("cannot convert value to integer")
    return one.nanos // NANO


def _sum(one: Amount, nanos: int) -> Amount:
    return Amount(Parsed(one.nanos + nanos, one.parsed.format))


def _compare(one: Amount, other: Amount) -> int:
    return (one.nanos > other.nanos) - (one.nanos < other.nanos)


OVERLOADS: list[Overload] = [
    function("quantity", "string_to_quantity", [STRING], QUANTITY, _quantity),
    function("isQuantity", "is_quantity_string", [STRING], BOOL, _is_quantity),
    method("sign", "quantity_sign", [QUANTITY], INT, lambda one: (one.nanos > 0) - (one.nanos < 0)),
    method("isGreaterThan", "quantity_is_greater_than", [QUANTITY, QUANTITY], BOOL, lambda a, b: a.nanos > b.nanos),
    method("isLessThan", "quantity_is_less_than", [QUANTITY, QUANTITY], BOOL, lambda a, b: a.nanos < b.nanos),
    method("compareTo", "quantity_compare_to", [QUANTITY, QUANTITY], INT, _compare),
    method("asApproximateFloat", "quantity_get_float", [QUANTITY], DOUBLE, lambda one: one.nanos / NANO),
    method("asInteger", "quantity_get_int", [QUANTITY], INT, _as_integer),
    method("isInteger", "quantity_is_integer", [QUANTITY], BOOL, _is_integer),
    method("add", "quantity_add", [QUANTITY, QUANTITY], QUANTITY, lambda a, b: _sum(a, b.nanos)),
    method("add", "quantity_add_int", [QUANTITY, INT], QUANTITY, lambda a, b: _sum(a, b * NANO)),
    method("sub", "quantity_sub", [QUANTITY, QUANTITY], QUANTITY, lambda a, b: _sum(a, -b.nanos)),
    method("sub", "quantity_sub_int", [QUANTITY, INT], QUANTITY, lambda a, b: _sum(a, -b * NANO)),
]
