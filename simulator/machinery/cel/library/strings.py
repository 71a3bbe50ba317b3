"""Strings: those of the language, cel-go's extension in version 2 with `format`, and Kubernetes' `find` and `findAll`.

`ext/strings.go`, `ext/formatting.go` of cel-go; `apiserver/pkg/cel/library/regex.go` (1.33). Positions count code points.
"""

from __future__ import annotations

import json
from typing import Any

import re2

from simulator.machinery.cel.declarations import Overload, function, method
from simulator.machinery.cel.errors import CelError
from simulator.machinery.cel.library.conversions import number, shown
from simulator.machinery.cel.patterns import why_no_pattern
from simulator.machinery.cel.types import BOOL, DYN, INT, STRING, Type, list_of
from simulator.machinery.cel.values import Duration, Timestamp, Uint, type_name

Value = Any
_STRINGS = list_of(STRING)
_PRECISION = 6


def _char_at(text: str, index: int) -> str:
    if not 0 <= index <= len(text):
        raise CelError(f"index out of range: {index}")
    return text[index : index + 1]


def _index_of(text: str, wanted: str, start: int = 0) -> int:
    if not 0 <= start <= len(text):
        raise CelError(f"index out of range: {start}")
    return text.find(wanted, start)


def _last_index_of(text: str, wanted: str, start: int | None = None) -> int:
    if start is not None and not 0 <= start <= len(text):
        raise CelError(f"index out of range: {start}")
    if not wanted:
        return len(text) if start is None else start
    return text.rfind(wanted) if start is None else text.rfind(wanted, 0, start + len(wanted))


def _replace(text: str, old: str, new: str, limit: int = -1) -> str:
    return text.replace(old, new, limit)


def _split(text: str, mark: str, limit: int = -1) -> list[str]:
    if limit == 0:
        return []
    if not mark:
        signs = list(text)
        return signs if limit < 0 or limit >= len(signs) else [*signs[: limit - 1], "".join(signs[limit - 1 :])]
    return text.split(mark, limit - 1 if limit > 0 else -1)


def _substring(text: str, start: int, end: int | None = None) -> str:
    if end is None:
        if not 0 <= start <= len(text):
            raise CelError(f"index out of range: {start}")
        return text[start:]
    if start > end:
        raise CelError(f"invalid substring range. start: {start}, end: {end}")
    for index in (start, end):
        if not 0 <= index <= len(text):
            raise CelError(f"index out of range: {index}")
    return text[start:end]


def _ascii(text: str, low: str, high: str, away: int) -> str:
    return "".join(chr(ord(sign) + away) if low <= sign <= high else sign for sign in text)


def _search(text: str, pattern: str) -> list[str]:
    if says := why_no_pattern(pattern):
        raise CelError(says)
    return [match.group(0) for match in re2.finditer(pattern, text)]


def _find(text: str, pattern: str) -> str:
    return next(iter(_search(text, pattern)), "")


def _find_all(text: str, pattern: str, limit: int = -1) -> list[str]:
    found = _search(text, pattern)
    return found if limit < 0 else found[:limit]


# format


def _format(text: str, values: list[Value]) -> str:
    out, at, used = "", 0, 0
    while at < len(text):
        if text[at] != "%":
            out, at = out + text[at], at + 1
            continue
        at += 1
        if at == len(text):
            raise CelError("unexpected end of string")
        if text[at] == "%":
            out, at = out + "%", at + 1
            continue
        if used >= len(values):
            raise CelError(f"index {used} out of range")
        digits = ""
        if text[at] == ".":
            at += 1
            while at < len(text) and text[at].isdigit():
                digits, at = digits + text[at], at + 1
            if at == len(text):
                raise CelError("could not find end of precision specifier")
        out += _clause(text[at], int(digits) if digits else _PRECISION, values[used])
        at, used = at + 1, used + 1
    if used < len(values):
        raise CelError(f"too many arguments supplied to string.format (expected {used}, got {len(values)})")
    return out


def _clause(verb: str, precision: int, value: Value) -> str:
    kind = type_name(value)
    match verb:
        case "s":
            return _text(value)
        case "d":
            if kind in ("int", "uint"):
                return str(int(value))
            raise _wrong("decimal clause can only be used on integers", kind)
        case "f":
            if kind == "double" or value in ("NaN", "Infinity", "-Infinity"):
                return f"{float(value):.{precision}f}"
            raise _wrong("fixed-point clause can only be used on doubles", kind)
        case "e":
            if kind == "double" or value in ("NaN", "Infinity", "-Infinity"):
                return f"{float(value):.{precision}e}"
            raise _wrong("scientific clause can only be used on doubles", kind)
        case "b":
            if kind in ("int", "uint", "bool"):
                return format(int(value), "b")
            raise _wrong("only integers and bools can be formatted as binary", kind)
        case "x" | "X":
            return _hex(verb, value, kind)
        case "o":
            if kind in ("int", "uint"):
                return format(int(value), "o")
            raise _wrong("octal clause can only be used on integers", kind)
    raise CelError(f'could not parse formatting clause: unrecognized formatting clause "{verb}"')


def _hex(verb: str, value: Value, kind: str) -> str:
    if kind in ("int", "uint"):
        return format(int(value), verb)
    if kind in ("string", "bytes"):
        digits = (value.encode() if isinstance(value, str) else value).hex()
        return digits.upper() if verb == "X" else digits
    raise _wrong("only integers, byte buffers, and strings can be formatted as hex", kind)


def _wrong(says: str, kind: str) -> CelError:
    return CelError(f"error during formatting: {says}, was given {kind}")


def _text(value: Value) -> str:
    match value:
        case None:
            return "null"
        case list():
            return f"[{', '.join(_inner(one) for one in value)}]"
        case dict():
            pairs = sorted((_inner(key), _inner(one)) for key, one in value.items())
            return f"{{{', '.join(f'{key}:{one}' for key, one in pairs)}}}"
        case bool() | int() | float() | str() | bytes() | Timestamp() | Duration() | Type():
            return shown(value)
    says = "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps"
    raise _wrong(says, type_name(value))


def _inner(value: Value) -> str:
    """Inside a list or a map a value looks as it would be written in an expression."""
    match value:
        case Timestamp():
            return f'timestamp("{value}")'
        case Duration():
            return f'duration("{value}")'
        case float():
            return f"{value:.{_PRECISION}f}"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case bytes():
            return f"b{json.dumps(value.decode(errors='replace'))}"
        case Uint():
            return str(int(value))
    return _text(value)


def _quote(text: str) -> str:
    escapes = {
        "\a": "\\a",
        "\b": "\\b",
        "\f": "\\f",
        "\n": "\\n",
        "\r": "\\r",
        "\t": "\\t",
        "\v": "\\v",
        "\\": "\\\\",
        '"': '\\"',
    }
    return '"' + "".join(escapes.get(sign, sign) for sign in text) + '"'


OVERLOADS: list[Overload] = [
    method("contains", "contains_string", [STRING, STRING], BOOL, lambda text, part: part in text),
    method("startsWith", "starts_with_string", [STRING, STRING], BOOL, lambda text, part: text.startswith(part)),
    method("endsWith", "ends_with_string", [STRING, STRING], BOOL, lambda text, part: text.endswith(part)),
    method("charAt", "string_char_at_int", [STRING, INT], STRING, _char_at),
    method("indexOf", "string_index_of_string", [STRING, STRING], INT, _index_of),
    method("indexOf", "string_index_of_string_int", [STRING, STRING, INT], INT, _index_of),
    method("lastIndexOf", "string_last_index_of_string", [STRING, STRING], INT, _last_index_of),
    method("lastIndexOf", "string_last_index_of_string_int", [STRING, STRING, INT], INT, _last_index_of),
    method("lowerAscii", "string_lower_ascii", [STRING], STRING, lambda text: _ascii(text, "A", "Z", 32)),
    method("upperAscii", "string_upper_ascii", [STRING], STRING, lambda text: _ascii(text, "a", "z", -32)),
    method("replace", "string_replace_string_string", [STRING, STRING, STRING], STRING, _replace),
    method("replace", "string_replace_string_string_int", [STRING, STRING, STRING, INT], STRING, _replace),
    method("split", "string_split_string", [STRING, STRING], _STRINGS, _split),
    method("split", "string_split_string_int", [STRING, STRING, INT], _STRINGS, _split),
    method("substring", "string_substring_int", [STRING, INT], STRING, _substring),
    method("substring", "string_substring_int_int", [STRING, INT, INT], STRING, _substring),
    method("trim", "string_trim", [STRING], STRING, lambda text: text.strip()),
    method("format", "string_format", [STRING, list_of(DYN)], STRING, _format),
    function("strings.quote", "strings_quote", [STRING], STRING, _quote),
    method("join", "list_join", [_STRINGS], STRING, "".join),
    method("join", "list_join_string", [_STRINGS, STRING], STRING, lambda items, mark: mark.join(items)),
    method("find", "string_find_string", [STRING, STRING], STRING, _find),
    method("findAll", "string_find_all_string", [STRING, STRING], _STRINGS, _find_all),
    method("findAll", "string_find_all_string_int", [STRING, STRING, INT], _STRINGS, _find_all),
    function("jsonpatch.escapeKey", "string_jsonpatch_escapeKey_string", [STRING], STRING, lambda text: text.replace("~", "~0").replace("/", "~1")),
]  # fmt: skip
__all__ = ["OVERLOADS", "number"]
