"""YAML as kubectl prints it: the block style of Go's YAML library, byte for byte.

Keys are sorted as that library sorts them (runs of digits by value), sequences are not indented below their key,
strings that would be read as something else stand in double quotes, long lines are folded at column 80.

Promises: pure; what is printed reads back as the value that was given. Leaves reading to `yaml_documents`.
"""

from __future__ import annotations

import re
from functools import cmp_to_key
from typing import Any

from simulator.machinery.go_text import float_text

_WIDTH = 80
_INT = re.compile(r"[-+]?(0b[01]+|0o[0-7]+|0x[0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)\Z", re.IGNORECASE)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?\Z")
_DATE = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}(\Z|[Tt]\d{1,2}:\d{1,2}:\d{1,2}(\.\d*)?(Z|[-+]\d\d:\d\d)\Z|"
    r" \d{1,2}:\d{1,2}:\d{1,2}(\.\d*)?\Z)"
)
_WORDS = (
    frozenset(
        word
        for plain in ("y", "yes", "true", "on", "n", "no", "false", "off", "null")
        for word in (plain, plain.capitalize(), plain.upper())
    )
    | {"", "~", ".nan", ".NaN", ".NAN"}
    | {sign + word for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")}
)
_ESCAPES = {
    "\0": "0",
    "\a": "a",
    "\b": "b",
    "\t": "t",
    "\n": "n",
    "\v": "v",
    "\f": "f",
    "\r": "r",
    "\x1b": "e",
    '"': '"',
    "\\": "\\",
    "\x85": "N",
    "\xa0": "_",
    "\u2028": "L",
    "\u2029": "P",
}
_SIMPLE_KEY = re.compile(r"[A-Za-z]+\Z")
_SIMPLE_TEXT = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*\Z")


def to_yaml(value: Any) -> str:
    """The whole document, ending in a line break."""
    lines: list[str] = []
    _write(value, lines, indent=0, lead="")
    return "\n".join(lines) + "\n"


def _write(value: Any, lines: list[str], *, indent: int, lead: str) -> None:
    """Append `value`; `lead` is what already stands on its first line (a key or dashes), `indent` its own column."""
    if isinstance(value, dict) and value:
        for number, key in enumerate(sorted_keys(value)):
            start = lead if number == 0 else " " * indent
            _write_entry(f"{start}{_key(key)}:", value[key], lines, indent=indent)
    elif isinstance(value, (list, tuple)) and value:
        for number, item in enumerate(value):
            start = lead if number == 0 else " " * indent
            _write(item, lines, indent=indent + 2, lead=start + "- ")
    else:
        lines.append(lead + _scalar(value, column=len(lead), indent=indent))


def _write_entry(start: str, value: Any, lines: list[str], *, indent: int) -> None:
    if isinstance(value, dict) and value:
        lines.append(start)
        _write(value, lines, indent=indent + 2, lead=" " * (indent + 2))
    elif isinstance(value, (list, tuple)) and value:
        lines.append(start)
        _write(value, lines, indent=indent, lead=" " * indent)
    else:
        _write(value, lines, indent=indent + 2, lead=start + " ")


def sorted_keys(mapping: dict[str, Any]) -> list[str]:
    """Keys in the printed order: letters by code, digits by value, other signs before letters."""
    keys = sorted(mapping)
    if all(_SIMPLE_KEY.match(key) for key in keys):
        return keys
    return sorted(keys, key=cmp_to_key(_compare))


def _compare(a: str, b: str) -> int:
    at = next((i for i in range(min(len(a), len(b))) if a[i] != b[i]), None)
    if at is None:
        return len(a) - len(b)
    x, y = a[at], b[at]
    if x.isalpha() and y.isalpha():
        return -1 if x < y else 1
    if x.isalpha() or y.isalpha():
        return 1 if x.isalpha() else -1
    return _compare_numbers(a, b, at) or (-1 if x < y else 1)


def _compare_numbers(a: str, b: str, at: int) -> int:
    head = a[len(a[:at].rstrip("0123456789")) : at]
    started = head.strip("0") != "" and "0" in (a[at], b[at])
    left, right = (text[at : len(text) - len(text[at:].lstrip("0123456789"))] for text in (a, b))
    x, y = (int(("1" if started else "0") + run[:18]) for run in (left, right))
    return (x > y) - (x < y) or len(left) - len(right)


def _key(key: str) -> str:
    return key if _SIMPLE_KEY.match(key) and key not in _WORDS else _scalar(key, column=0, indent=0, fold=False)


def _scalar(value: Any, *, column: int, indent: int, fold: bool = True) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, str):
        return _string(value, column=column, indent=indent, fold=fold)
    if isinstance(value, dict):
        return "{}"
    return "[]" if isinstance(value, (list, tuple)) else str(value)


def _string(text: str, *, column: int, indent: int, fold: bool) -> str:
    if _SIMPLE_TEXT.match(text) and text not in _WORDS:
        return text
    special = any(not _printable(rune) for rune in text)
    if _reads_as_other(text) or special or " \n" in text:
        return _double_quoted(text, column=column, indent=indent, fold=fold)
    if "\n" in text:
        if not fold or text.endswith(" "):
            return _double_quoted(text, column=column, indent=indent, fold=fold)
        return _literal(text, indent)
    if _needs_quotes(text):
        return _folded("'" + text.replace("'", "''") + "'", column=column, indent=indent, fold=fold)
    return _folded(text, column=column, indent=indent, fold=fold)


def _printable(rune: str) -> bool:
    code = ord(rune)
    return (
        rune == "\n" or 0x20 <= code <= 0x7E or 0xA0 < code < 0xD800 or 0xE000 <= code <= 0xFFFD
    ) and rune not in "\ufeff\u2028\u2029"


def _reads_as_other(text: str) -> bool:
    if text in _WORDS or _BASE_60.match(text):
        return True
    if text[:1] in "0123456789+-.":
        plain = text.replace("_", "") if text[0] != "." else text
        return bool(_INT.match(plain) or _FLOAT.match(plain) or _DATE.match(text))
    return False


def _needs_quotes(text: str) -> bool:
    first, second = text[0], text[1:2]
    if first in "#,[]{}&*!|>'\"%@`" or (first in "?:-" and second in ("", " ")):
        return True
    if text[0] == " " or text[-1] in " :" or text.startswith(("---", "...")):
        return True
    return ": " in text or " #" in text


def _literal(text: str, indent: int) -> str:
    body = text.rstrip("\n")
    trailing = len(text) - len(body)
    hint = "2" if text[0] in " \n" else ""
    chomp = "-" if trailing == 0 else "+" if trailing > 1 or not body else ""
    lines = (text if chomp == "-" else text[:-1]).split("\n")
    if not body:
        lines = lines[: max(1, trailing)]
    pad = " " * indent
    return "\n".join([f"|{hint}{chomp}", *((pad + line if line else "") for line in lines)])


def _folded(text: str, *, column: int, indent: int, fold: bool) -> str:
    """Break at single spaces behind column 80; the first and last sign of a quoted text do not count as places."""
    if not fold or column + len(text) <= _WIDTH:
        return text
    quoted = text[0] == "'" and text[-1] == "'" and len(text) > 1
    out: list[str] = []
    last = len(text) - (2 if quoted else 1)
    for at, rune in enumerate(text):
        alone = rune == " " and 0 < at < last and text[at - 1] != " " and text[at + 1] != " "
        if alone and column > _WIDTH and not (quoted and at == 1):
            out.append("\n" + " " * indent)
            column = indent
        else:
            out.append(rune)
            column += 1
    return "".join(out)


def _double_quoted(text: str, *, column: int, indent: int, fold: bool) -> str:
    out: list[str] = ['"']
    column += 1
    spaces = False
    for at, rune in enumerate(text):
        if rune == " " and fold and not spaces and column > _WIDTH and 0 < at < len(text) - 1:
            mark = "\\" if text[at + 1] == " " else ""
            out.append("\n" + " " * indent + mark)
            column, spaces = indent + len(mark), True
            continue
        sign = _escaped(rune)
        out.append(sign)
        column += len(sign)
        spaces = rune == " "
    return "".join(out) + '"'


def _escaped(rune: str) -> str:
    if rune in _ESCAPES:
        return "\\" + _ESCAPES[rune]
    if _printable(rune):
        return rune
    code = ord(rune)
    return f"\\x{code:02X}" if code <= 0xFF else f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
