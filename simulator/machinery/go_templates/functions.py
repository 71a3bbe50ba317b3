"""The functions of Go templates: comparison, `index`, `printf` and the like, and the two that kubectl adds."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

from simulator.machinery.go_templates.syntax import Int
from simulator.machinery.go_templates.values import MISSING, type_name
from simulator.machinery.go_text import quoted


class FunctionError(ValueError):
    """`is_plain`: the call itself is wrong, not what the function found."""

    def __init__(self, text: str, *, is_plain: bool = False) -> None:
        super().__init__(text)
        self.is_plain = is_plain


def printed(value: Any) -> str:
    """What an action writes."""
    return "<no value>" if value is MISSING or value is None else plain(value)


def plain(value: Any) -> str:
    """Go's %v."""
    if value is MISSING or value is None:
        return "<nil>"
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _shortest(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{plain(value[key])}" for key in sorted(value)) + "]"
    return "[" + " ".join(plain(item) for item in value) + "]"


def _shortest(number: float) -> str:
    """Go's %g: as few digits as tell the number, with an exponent from a million on."""
    power = int(f"{number:e}".partition("e")[2])
    text = repr(number)
    if -4 <= power < _EXPONENT_FROM:
        return text.removesuffix(".0")
    return next(form for form in (f"{number:.{places}e}" for places in range(18)) if float(form) == number)


def is_true(value: Any) -> bool:
    return value is not MISSING and bool(value)


def run(name: str, arguments: list[Any]) -> Any:
    lowest, function = _FUNCTIONS[name]
    if len(arguments) < lowest:
        raise FunctionError(
            f"wrong number of args for {name}: want {'at least ' if name in _VARIADIC else ''}{lowest} got {len(arguments)}",
            is_plain=True,
        )
    if name not in _VARIADIC and len(arguments) > lowest:
        raise FunctionError(f"wrong number of args for {name}: want {lowest} got {len(arguments)}", is_plain=True)
    return function(*arguments)


def _not(value: Any) -> bool:
    return not is_true(value)


def _len(value: Any) -> Int:
    if value is MISSING or value is None:
        raise FunctionError("reflect: call of reflect.Value.Type on zero Value")
    if isinstance(value, str):
        return Int(len(value.encode()))
    if isinstance(value, (dict, list)):
        return Int(len(value))
    raise FunctionError(f"len of type {type_name(value)}")


def _index(value: Any, *keys: Any) -> Any:
    if value is MISSING or value is None:
        raise FunctionError("index of untyped nil")
    for key in keys:
        value = _item(value, key)
    return value


def _item(value: Any, key: Any) -> Any:
    if value is MISSING or value is None:
        raise FunctionError("index of nil pointer")
    if isinstance(value, dict):
        if not isinstance(key, str):
            raise FunctionError(f"value has type {type_name(key)}; should be string")
        return value.get(key, MISSING)
    if isinstance(value, (list, str)):
        if not isinstance(key, Int):
            raise FunctionError(f"cannot index slice/array with type {type_name(key)}")
        if not 0 <= key < len(value):
            raise FunctionError(f"index out of range: {key}")
        return Int(value.encode()[key]) if isinstance(value, str) else value[key]
    raise FunctionError(f"can't index item of type {type_name(value)}")


def _slice(value: Any, *bounds: Any) -> Any:
    if not isinstance(value, (list, str)):
        raise FunctionError(f"can't slice item of type {type_name(value)}")
    for bound in bounds:
        if not isinstance(bound, Int) or not 0 <= bound <= len(value):
            raise FunctionError(f"index out of range: {plain(bound)}")
    return value[slice(*bounds)] if len(bounds) > 1 else value[bounds[0] if bounds else 0 :]


def _print(*values: Any) -> str:
    """Spaces only between two that are no strings."""
    text = ""
    for at, value in enumerate(values):
        if at and not isinstance(value, str) and not isinstance(values[at - 1], str):
            text += " "
        text += plain(value)
    return text


def _println(*values: Any) -> str:
    return " ".join(plain(value) for value in values) + "\n"


_EXPONENT_FROM = 6
_VERB = re.compile(r"%([-+# 0]*)(\d*)(?:\.(\d+))?(.)", re.DOTALL)


def _printf(form: Any, *values: Any) -> str:
    left = list(values)

    def one(match: re.Match[str]) -> str:
        flags, width, precision, verb = match.groups()
        if verb == "%":
            return "%"
        if not left:
            return f"%!{verb}(MISSING)"
        text = _formatted(verb, left.pop(0), precision, flags)
        if width:
            fill = "0" if "0" in flags and "-" not in flags and verb not in "sqv" else " "
            text = text.ljust(int(width)) if "-" in flags else text.rjust(int(width), fill)
        return text

    text = _VERB.sub(one, str(form))
    if left:
        text += "%!(EXTRA " + ", ".join(f"{type_name(value)}={plain(value)}" for value in left) + ")"
    return text


def _formatted(verb: str, value: Any, precision: str | None, flags: str) -> str:
    if verb == "v":
        return plain(value)
    if verb == "T":
        return type_name(value)
    if verb == "s" and isinstance(value, str):
        return value[: int(precision)] if precision else value
    if verb == "q" and isinstance(value, str):
        return quoted(value)
    if verb in "dxX" and isinstance(value, int) and not isinstance(value, bool):
        return ("+" if "+" in flags and value >= 0 else "") + format(int(value), verb)
    if verb in "feg" and isinstance(value, float):
        return format(value, f".{precision or 6}{verb}") if verb != "g" or precision else _shortest(value)
    if verb == "t" and isinstance(value, bool):
        return plain(value)
    if verb in "sq" and isinstance(value, (list, dict)):
        return _each(verb, value)
    if value is MISSING or value is None:
        return f"%!{verb}(<nil>)"
    return f"%!{verb}({type_name(value)}={plain(value)})"


def _each(verb: str, value: Any) -> str:
    if isinstance(value, list):
        return "[" + " ".join(_formatted(verb, item, None, "") for item in value) + "]"
    pairs = (f"{_formatted(verb, key, None, '')}:{_formatted(verb, value[key], None, '')}" for key in sorted(value))
    return "map[" + " ".join(pairs) + "]"


def _comparable_kind(value: Any) -> str:
    if isinstance(value, (dict, list)):
        raise FunctionError(f"non-comparable type {plain(value)}: {type_name(value)}")
    return type_name(value)


def _eq(first: Any, *others: Any) -> bool:
    if not others:
        raise FunctionError("missing argument for comparison")
    kind = _comparable_kind(first) if first is not MISSING else "<nil>"
    for other in others:
        theirs = _comparable_kind(other) if other is not MISSING else "<nil>"
        if kind != theirs:
            if "<nil>" in (kind, theirs):
                continue
            raise FunctionError("incompatible types for comparison")
        if first == other or kind == "<nil>":
            return True
    return False


def _ne(first: Any, second: Any) -> bool:
    return not _eq(first, second)


def _lt(first: Any, second: Any) -> bool:
    kinds = {_order_kind(first), _order_kind(second)}
    if len(kinds) > 1:
        raise FunctionError("incompatible types for comparison")
    return bool(first < second)


def _order_kind(value: Any) -> str:
    if isinstance(value, (str, float, int)) and not isinstance(value, bool):
        return type_name(value)
    raise FunctionError("invalid type for comparison")


def _le(first: Any, second: Any) -> bool:
    return _lt(first, second) or _eq(first, second)


def _gt(first: Any, second: Any) -> bool:
    return not _le(first, second)


def _ge(first: Any, second: Any) -> bool:
    return not _lt(first, second)


_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;", "\0": "\ufffd"})
_JS = str.maketrans(
    {
        "\\": "\\\\",
        "'": "\\'",
        '"': '\\"',
        "<": "\\u003C",
        ">": "\\u003E",
        "&": "\\u0026",
        "=": "\\u003D",
        "\n": "\\u000A",
    }
)


def _html(*values: Any) -> str:
    return _print(*values).translate(_HTML)


def _js(*values: Any) -> str:
    return _print(*values).translate(_JS)


def _urlquery(*values: Any) -> str:
    return quote_plus(_print(*values))


def _exists(value: Any, *keys: Any) -> bool:
    try:
        return _index(value, *keys) is not MISSING
    except FunctionError:
        return False


def _base64decode(text: Any) -> str:
    if not isinstance(text, str):
        raise FunctionError(f"wrong type for value; expected string; got {type_name(text)}", is_plain=True)
    try:
        return b64decode(text, validate=True).decode(errors="replace")
    except Base64Error as error:
        place = next((at for at, sign in enumerate(text) if not re.match(r"[A-Za-z0-9+/=]", sign)), len(text))
        raise FunctionError(f"base64 decode failed: illegal base64 data at input byte {place}") from error


_VARIADIC = frozenset(("index", "slice", "print", "println", "printf", "html", "js", "urlquery", "eq", "exists"))
_FUNCTIONS: dict[str, tuple[int, Callable[..., Any]]] = {
    "not": (1, _not), "len": (1, _len), "index": (1, _index), "slice": (1, _slice), "print": (0, _print),
    "println": (0, _println), "printf": (1, _printf), "html": (0, _html), "js": (0, _js), "urlquery": (0, _urlquery),
    "eq": (1, _eq), "ne": (2, _ne), "lt": (2, _lt), "le": (2, _le), "gt": (2, _gt), "ge": (2, _ge),
    "exists": (1, _exists), "base64decode": (1, _base64decode),
}  # fmt: skip
