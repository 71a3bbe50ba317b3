"""Texts as Go's standard library writes them: quoting, default formatting, durations and dates.

kubectl's output is made of these; a difference of one space is a difference a learner can see. Facts follow
the documentation of Go's packages `strconv`, `fmt` and `time`.

Promises: pure functions, no locale, no clock.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

_ESCAPES = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}
_UNITS_US = {"ns": 0.001, "us": 1, "µs": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}
_DURATION = re.compile(r"([0-9]*\.?[0-9]*)(ns|us|µs|ms|s|m|h)")


def quoted(text: str) -> str:
    """`%q`: in double quotes, with the escapes of a Go string literal."""
    return '"' + "".join(_quoted_rune(rune) for rune in text) + '"'


def _quoted_rune(rune: str) -> str:
    if rune in '"\\':
        return "\\" + rune
    if rune in _ESCAPES:
        return _ESCAPES[rune]
    if rune.isprintable():
        return rune
    code = ord(rune)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def value(thing: Any) -> str:
    """`%v` of a JSON value: `true`, `map[a:1 b:2]`, `[x y]`, `<nil>`."""
    if thing is None:
        return "<nil>"
    if isinstance(thing, bool):
        return "true" if thing else "false"
    if isinstance(thing, float):
        return float_text(thing)
    if isinstance(thing, dict):
        return "map[" + " ".join(f"{key}:{value(thing[key])}" for key in sorted(thing)) + "]"
    if isinstance(thing, (list, tuple)):
        return "[" + " ".join(value(item) for item in thing) + "]"
    return str(thing)


def syntax(thing: Any) -> str:
    """`%#v` of a JSON value: as it would stand in a Go program."""
    if thing is None:
        return "interface {}(nil)"
    if isinstance(thing, dict):
        pairs = ", ".join(f"{quoted(key)}:{syntax(thing[key])}" for key in sorted(thing))
        return "map[string]interface {}{" + pairs + "}"
    if isinstance(thing, (list, tuple)):
        return "[]interface {}{" + ", ".join(syntax(item) for item in thing) + "}"
    return quoted(thing) if isinstance(thing, str) else value(thing)


def float_text(number: float) -> str:
    """The shortest text of a float: exponent form below 1e-4 and from 1e21 on, no `.0`."""
    if number == int(number) and abs(number) < 1e21:
        return str(int(number))
    text = repr(number)
    if "e" in text:
        mantissa, _, exponent = text.partition("e")
        return f"{mantissa.removesuffix('.0')}e{exponent[0] if exponent[0] in '+-' else '+'}{exponent.lstrip('+-').zfill(2)}"
    return text


def shortest_float(number: float) -> str:
    """`strconv.FormatFloat(number, 'g', -1, 64)`, as metrics are written: exponent form below 1e-4 and from 1e6 on."""
    digits, _, exponent = f"{number:.17e}".partition("e")
    for precision in range(17):
        digits, _, exponent = f"{number:.{precision}e}".partition("e")
        if float(f"{digits}e{exponent}") == number:
            break
    if number and not -4 <= int(exponent) < 6:
        return f"{digits}e{exponent}"
    return float_text(number)


def parse_bool(text: str) -> bool | None:
    """`strconv.ParseBool`; None when the text is no boolean."""
    if text in ("1", "t", "T", "true", "TRUE", "True"):
        return True
    if text in ("0", "f", "F", "false", "FALSE", "False"):
        return False
    return None


def parse_duration_us(text: str) -> int | None:
    """`time.ParseDuration` in microseconds; None when the text is no duration."""
    sign, body = (-1, text[1:]) if text[:1] == "-" else (1, text[1:] if text[:1] == "+" else text)
    if body == "0":
        return 0
    total, at = 0.0, 0
    for part in _DURATION.finditer(body):
        if part.start() != at or part.group(1) in ("", "."):
            return None
        total += float(part.group(1)) * _UNITS_US[part.group(2)]
        at = part.end()
    return sign * round(total) if body and at == len(body) else None


def parse_time_us(text: str | None) -> int | None:
    """Microseconds since 1970 of an RFC 3339 time as it stands in an object; None when there is none."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def rfc1123z(text: str | None) -> str:
    """The form `describe` gives to times: `Mon, 02 Jan 2006 15:04:05 +0000`; no time is Go's year one."""
    us = parse_time_us(text)
    if us is None:
        return "Mon, 01 Jan 0001 00:00:00 +0000"
    moment = datetime.fromtimestamp(us // 1_000_000, UTC)
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[moment.weekday()]
    month = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[moment.month - 1]
    return f"{day}, {moment.day:02} {month} {moment.year:04} {moment:%H:%M:%S} +0000"


def klog_stamp(us: int) -> str:
    """The time in front of a line of Kubernetes' own logs: `1121 06:56:00.149985`."""
    moment = datetime.fromtimestamp(us // 1_000_000, UTC)
    return f"{moment:%m%d %H:%M:%S}.{us % 1_000_000:06}"


def rfc3339(us: int) -> str:
    """A time in whole seconds as it stands in an object."""
    return f"{datetime.fromtimestamp(us // 1_000_000, UTC):%Y-%m-%dT%H:%M:%SZ}"
