"""Resource quantities: `500m`, `1.5Gi`, `2e3` as exact integers and back in canonical form.

Promises: no floating point anywhere; a value finer than a nano is rounded up (away from zero), one above
2^63-1 is capped, both as `k8s.io/apimachinery/pkg/api/resource` does; `canonical` is what the API server
stores; a bad text raises `QuantityError` in upstream's words. Equal texts are parsed once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Format = Literal["DecimalSI", "BinarySI", "DecimalExponent"]

NANO = 1_000_000_000
_LARGEST = (1 << 63) - 1
_SPLIT = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)")
_NOT_A_QUANTITY = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_SUFFIX = {power: suffix for suffix, power in _DECIMAL.items()}
_BINARY_SUFFIX = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
#: Nobody means a longer one, and reading it would take time.
_LONGEST = 1_000
_EXPONENT_DIGITS = 32


class QuantityError(ValueError):
    """The text is not a quantity; the message is the one the API server would give."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """An exact amount in billionths, with the family of suffixes it is written in."""

    nanos: int
    format: Format = "DecimalSI"

    @property
    def milli(self) -> int:
        """Thousandths, rounded up: what CPU is counted in."""
        return _ceiling(self.nanos, NANO // 1000)

    @property
    def value(self) -> int:
        """Whole units, rounded up: bytes, pods, devices."""
        return _ceiling(self.nanos, NANO)

    def __str__(self) -> str:
        if self.nanos == 0:
            return "0"
        if self.format == "BinarySI" and self.nanos % NANO == 0 and abs(self.nanos) >= 1024 * NANO:
            return _binary_text(self.nanos // NANO)
        return _decimal_text(self.nanos, exponent_form=self.format == "DecimalExponent")


@lru_cache(maxsize=4096)
def parse(text: str) -> Quantity:
    """Read a quantity; raises `QuantityError` for anything else."""
    match = _SPLIT.fullmatch(text)
    if not text or len(text) > _LONGEST or match is None or not (match[2] or match[3] or text in ("+", "-")):
        raise QuantityError(_NOT_A_QUANTITY)
    sign, whole, fraction, suffix = match[1], match[2], match[3] or "", match[4]
    if not whole and not fraction:
        raise QuantityError("unable to parse numeric part of quantity")
    base, power, form = _read_suffix(suffix)
    nanos = _scale(int(whole + fraction), base, power, digits_after_point=len(fraction))
    return Quantity(-nanos if sign == "-" else nanos, form)


def milli(text: str) -> int:
    """Thousandths of a quantity text, rounded up."""
    return parse(text).milli


def value(text: str) -> int:
    """Whole units of a quantity text, rounded up."""
    return parse(text).value


@lru_cache(maxsize=4096)
def canonical(text: str) -> str:
    """The spelling the API server stores: `0.5` becomes `500m`, `1024Mi` becomes `1Gi`."""
    return str(parse(text))


def from_milli(amount: int) -> str:
    return str(Quantity(amount * (NANO // 1000)))


def from_bytes(amount: int) -> str:
    return str(Quantity(amount * NANO, "BinarySI"))


def from_value(amount: int) -> str:
    return str(Quantity(amount * NANO))


def _read_suffix(suffix: str) -> tuple[int, int, Format]:
    if suffix in _DECIMAL:
        return 10, _DECIMAL[suffix], "DecimalSI"
    if suffix in _BINARY:
        return 2, _BINARY[suffix], "BinarySI"
    if suffix[:1] in ("e", "E") and re.fullmatch("[+-]?[0-9]+", suffix[1:]):
        exponent = int(suffix[1:][:_EXPONENT_DIGITS])
        return 10, exponent, "DecimalExponent"
    raise QuantityError("unable to parse quantity's suffix")


def _scale(digits: int, base: int, power: int, *, digits_after_point: int) -> int:
    """`digits` x base^power / 10^digits_after_point in nanos, capped and rounded up."""
    if digits == 0:
        return 0
    if base == 2:
        return min(_ceiling(digits * NANO << power, _power_of_ten(digits_after_point)), _LARGEST * NANO)
    shift = power - digits_after_point + 9
    if shift > 40:
        return _LARGEST * NANO
    if shift >= 0:
        return min(digits * _power_of_ten(shift), _LARGEST * NANO)
    return min(_ceiling(digits, _power_of_ten(min(-shift, len(str(digits)) + 1))), _LARGEST * NANO)


def _power_of_ten(exponent: int) -> int:
    return int(10**exponent)


def _ceiling(amount: int, unit: int) -> int:
    return -(-amount // unit) if amount >= 0 else amount // unit


def _binary_text(amount: int) -> str:
    step = 0
    while amount % 1024 == 0 and step < len(_BINARY_SUFFIX) - 1:
        amount //= 1024
        step += 1
    return f"{amount}{_BINARY_SUFFIX[step]}"


def _decimal_text(nanos: int, *, exponent_form: bool) -> str:
    power = -9
    while nanos % 1000 == 0 and power < 18:
        nanos //= 1000
        power += 3
    if exponent_form:
        return f"{nanos}e{power}" if power else str(nanos)
    return f"{nanos}{_DECIMAL_SUFFIX[power]}"
