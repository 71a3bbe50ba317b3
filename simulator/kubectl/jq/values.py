"""jq's values: their order, their arithmetic, their text, and getting at their parts. All of it pure; values are never changed in place."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from simulator.kubectl.jq.errors import JqValueError

_SHOWN = 11
_MOST = 2_000_000


def type_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_true(value: Any) -> bool:
    return value is not None and value is not False


# Order


def order(value: Any) -> tuple[Any, ...]:
    """A key that sorts as jq does: null, false, true, numbers, strings, arrays, objects."""
    if value is None:
        return (0,)
    if isinstance(value, bool):
        return (2,) if value else (1,)
    if isinstance(value, (int, float)):
        return (3, -math.inf if value != value else value)
    if isinstance(value, str):
        return (4, value)
    if isinstance(value, list):
        return (5, [order(each) for each in value])
    keys = sorted(value)
    return (6, keys, [order(value[key]) for key in keys])


def equal(left: Any, right: Any) -> bool:
    return order(left) == order(right)


# Text


def number_text(number: float) -> str:
    """Seventeen digits at most, as jq 1.6 prints them."""
    if number != number:
        return "null"
    if math.isinf(number):
        return "-1.7976931348623157e+308" if number < 0 else "1.7976931348623157e+308"
    if isinstance(number, int) and abs(number) < 10**17:
        return str(number)
    number = float(number)
    if number == 0:
        return "-0" if math.copysign(1, number) < 0 else "0"
    text = f"{number:.17g}"
    shorter = repr(number)
    text = shorter if float(shorter) == number and "e" not in text else text
    if "e" in text:
        mantissa, _, exponent = shorter.partition("e") if "e" in shorter else text.partition("e")
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        sign, digits = (exponent[0], exponent[1:]) if exponent[:1] in "+-" else ("+", exponent)
        return f"{mantissa}e{sign}{int(digits):02d}"
    return text.removesuffix(".0")


def text_of(value: Any, *, indent: str = "", sort: bool = False, ascii_only: bool = False) -> str:
    """JSON; `indent`: what a level is moved in by, "" for one line."""
    return _Writer(indent, sort, ascii_only).write(value, 0)


class _Writer:
    def __init__(self, indent: str, sort: bool, ascii_only: bool) -> None:
        self._indent, self._sort, self._ascii = indent, sort, ascii_only

    def write(self, value: Any, level: int) -> str:
        if isinstance(value, str):
            return json.dumps(value, ensure_ascii=self._ascii).replace("\x7f", "\\u007f")
        if is_number(value):
            return number_text(value)
        if isinstance(value, list):
            return self._block("[", [self.write(each, level + 1) for each in value], "]", level)
        if isinstance(value, dict):
            keys = sorted(value) if self._sort else list(value)
            gap = ": " if self._indent else ":"
            parts = [f"{self.write(key, 0)}{gap}{self.write(value[key], level + 1)}" for key in keys]
            return self._block("{", parts, "}", level)
        return {None: "null", True: "true", False: "false"}[value]

    def _block(self, start: str, parts: list[str], end: str, level: int) -> str:
        if not parts:
            return start + end
        if not self._indent:
            return start + ",".join(parts) + end
        inner = "\n" + self._indent * (level + 1)
        return f"{start}{inner}{f',{inner}'.join(parts)}\n{self._indent * level}{end}"


def shown(value: Any) -> str:
    """A value in an error message: its beginning."""
    text = text_of(value)
    data = text.encode()
    return text if len(data) < _SHOWN + 3 and len(data) <= _SHOWN else data[:_SHOWN].decode(errors="ignore") + "..."


def named(value: Any) -> str:
    return f"{type_of(value)} ({shown(value)})"


# Arithmetic


def binary(operator: str, left: Any, right: Any) -> Any:
    if operator in _ORDERED:
        return _ORDERED[operator](order(left), order(right))
    return {"+": add, "-": subtract, "*": multiply, "/": divide, "%": modulo}[operator](left, right)


_ORDERED = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def add(left: Any, right: Any) -> Any:
    if left is None:
        return right
    if right is None:
        return left
    if is_number(left) and is_number(right):
        return whole(left + right)
    if isinstance(left, str) and isinstance(right, str):
        return _bounded(left + right)
    if isinstance(left, list) and isinstance(right, list):
        return _bounded(left + right)
    if isinstance(left, dict) and isinstance(right, dict):
        return {**left, **right}
    raise JqValueError(f"{named(left)} and {named(right)} cannot be added")


def subtract(left: Any, right: Any) -> Any:
    if is_number(left) and is_number(right):
        return whole(left - right)
    if isinstance(left, list) and isinstance(right, list):
        gone = {text_of(each, sort=True) for each in right}
        return [each for each in left if text_of(each, sort=True) not in gone]
    raise JqValueError(f"{named(left)} and {named(right)} cannot be subtracted")


def multiply(left: Any, right: Any) -> Any:
    if is_number(left) and is_number(right):
        return whole(float(left) * right)
    if isinstance(right, str) and is_number(left):
        left, right = right, left
    if isinstance(left, str) and is_number(right):
        if right <= 0:
            return None
        count = max(1, math.ceil(right)) if right < 1e9 else _MOST
        if len(left) * count > _MOST:
            raise JqValueError("Repeat string result too long")
        return left * count
    if isinstance(left, dict) and isinstance(right, dict):
        return _merged(left, right)
    raise JqValueError(f"{named(left)} and {named(right)} cannot be multiplied")


def _merged(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    merged = dict(left)
    for key, value in right.items():
        before = merged.get(key)
        merged[key] = _merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return merged


def divide(left: Any, right: Any) -> Any:
    if is_number(left) and is_number(right):
        if right == 0:
            raise JqValueError(f"{named(left)} and {named(right)} cannot be divided because the divisor is zero")
        return whole(left / right)
    if isinstance(left, str) and isinstance(right, str):
        return split(left, right)
    raise JqValueError(f"{named(left)} and {named(right)} cannot be divided")


def modulo(left: Any, right: Any) -> Any:
    if not (is_number(left) and is_number(right)):
        raise JqValueError(f"{named(left)} and {named(right)} cannot be divided")
    divisor = abs(_truncated(right))
    if divisor == 0:
        raise JqValueError(
            f"{named(left)} and {named(right)} cannot be divided (remainder) because the divisor is zero"
        )
    number = _truncated(left)
    return int(math.copysign(abs(number) % divisor, number)) if number else 0


def _truncated(number: float) -> int:
    if math.isinf(number) or number != number:
        return 0 if number != number else 2**63 - 1
    return int(number)


def split(text: str, separator: str) -> list[str]:
    if not text:
        return []
    return text.split(separator) if separator else list(text)


def whole(number: float) -> float:
    """A float without a fraction as an integer, as far as floats are exact."""
    if isinstance(number, int):
        return number if abs(number) < 2**53 else float(number)
    return (
        int(number)
        if number.is_integer() and abs(number) < 1e17 and (number or math.copysign(1, number) > 0)
        else number
    )


def _bounded(value: Any) -> Any:
    if len(value) > _MOST:
        raise JqValueError(f"a value of more than {_MOST} parts is more than this terminal holds")
    return value


# Parts


def index(value: Any, key: Any) -> Any:
    if isinstance(value, dict) and isinstance(key, str):
        return value.get(key)
    if isinstance(value, list) and is_number(key):
        if key != key:
            return None
        at = math.floor(key)
        at = at + len(value) if at < 0 else at
        return value[at] if 0 <= at < len(value) else None
    if isinstance(key, dict) and (value is None or isinstance(value, (list, str))):
        return slice_of(value, key.get("start"), key.get("end"))
    if value is None and (key is None or isinstance(key, str) or is_number(key)):
        return None
    if isinstance(value, list) and isinstance(key, list):
        return indices(value, key)
    if isinstance(key, str):
        raise JqValueError(f'Cannot index {type_of(value)} with string "{key}"' if not isinstance(value, dict) else "")
    raise JqValueError(f"Cannot index {type_of(value)} with {type_of(key)}")


def indices(value: list[Any], part: list[Any]) -> list[int] | None:
    if not part:
        return None
    width = len(part)
    worth_comparing(len(value) * width)
    return [at for at in range(len(value) - width + 1) if equal(value[at : at + width], part)]


def worth_comparing(count: int) -> None:
    """Refuses what would compare more than a terminal waits for."""
    if count > _MOST:
        raise JqValueError(f"this would compare {count} pairs of values, wanted at most {_MOST}")


def bounds(length: int, start: Any, end: Any) -> tuple[int, int]:
    if not (start is None or is_number(start)) or not (end is None or is_number(end)):
        raise JqValueError("Start and end indices of an array slice must be numbers")
    first = 0 if start is None else math.floor(start)
    last = length if end is None else math.ceil(end)
    first = max(0, first + length if first < 0 else first)
    last = max(0, last + length if last < 0 else last)
    first = min(first, length)
    return first, max(first, min(last, length))


def slice_of(value: Any, start: Any, end: Any) -> Any:
    if value is None:
        return None
    if not isinstance(value, (str, list)):
        raise JqValueError(f"Cannot index {type_of(value)} with object")
    first, last = bounds(len(value), start, end)
    return value[first:last]


def parts(value: Any) -> Sequence[tuple[Any, Any]]:
    """(key, value) of an array or object."""
    if isinstance(value, list):
        return list(enumerate(value))
    if isinstance(value, dict):
        return list(value.items())
    if isinstance(value, str):
        raise JqValueError(f"Cannot iterate over {named(value)}")
    raise JqValueError(
        f"Cannot iterate over {named(value)}" if value is not None else "Cannot iterate over null (null)"
    )


def get_path(value: Any, path: Sequence[Any]) -> Any:
    for key in path:
        if value is None:
            return None
        value = index(value, key)
    return value


def set_path(value: Any, path: Sequence[Any], new: Any) -> Any:
    if not path:
        return new
    key, rest = path[0], path[1:]
    if isinstance(key, dict):
        return _set_slice(value, key, rest, new)
    inner = None if value is None else index(value, key)
    return set_part(value, key, set_path(inner, rest, new))


def set_part(value: Any, key: Any, new: Any) -> Any:
    if isinstance(key, str) and (value is None or isinstance(value, dict)):
        return {**(value or {}), key: new}
    if is_number(key) and (value is None or isinstance(value, list)):
        held = list(value or ())
        at = math.floor(key)
        at = at + len(held) if at < 0 else at
        if at < 0:
            raise JqValueError("Out of bounds negative array index")
        if at > _MOST:
            raise JqValueError("Array index too large")
        held += [None] * (at + 1 - len(held))
        held[at] = new
        return held
    if isinstance(key, str):
        raise JqValueError(f'Cannot index {type_of(value)} with "{key}"')
    raise JqValueError(
        f"Cannot update field at {type_of(key)} index of {type_of(value)}"
        if isinstance(value, list)
        else f"Cannot index {type_of(value)} with {type_of(key)}"
    )


def _set_slice(value: Any, key: dict[str, Any], rest: Sequence[Any], new: Any) -> Any:
    held = list(value or ())
    first, last = bounds(len(held), key.get("start"), key.get("end"))
    part = set_path(held[first:last], rest, new)
    if not isinstance(part, list):
        raise JqValueError("A slice of an array can only be assigned another array")
    return held[:first] + part + held[last:]


def delete_paths(value: Any, paths: Sequence[Sequence[Any]]) -> Any:
    """From the last to the first, so that the places of the others stay."""
    for path in sorted(paths, key=lambda each: order(list(each)), reverse=True):
        value = _without(value, path)
    return value


def _without(value: Any, path: Sequence[Any]) -> Any:
    if not path:
        return None
    if value is None:
        return None
    key = path[0]
    if len(path) > 1:
        inner = index(value, key)
        return value if inner is None else set_path(value, [key], _without(inner, path[1:]))
    if isinstance(key, dict) and isinstance(value, list):
        first, last = bounds(len(value), key.get("start"), key.get("end"))
        return value[:first] + value[last:]
    if isinstance(value, dict) and isinstance(key, str):
        return {name: each for name, each in value.items() if name != key}
    if isinstance(value, list) and is_number(key):
        at = math.floor(key)
        at = at + len(value) if at < 0 else at
        return [each for place, each in enumerate(value) if place != at]
    if isinstance(value, list):
        raise JqValueError(
            f"Cannot delete field at {type_of(key)} index of array"
            if not isinstance(key, str)
            else "Cannot delete field at object index of array"
        )
    raise JqValueError(
        f"Cannot delete field at {'array' if is_number(key) else type_of(key)} index of {type_of(value)}"
    )
