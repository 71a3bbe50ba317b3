"""Formats of jq: `@text @json @csv @tsv @html @uri @sh @base64 @base64d`."""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import quote

from simulator.kubectl.jq import values
from simulator.kubectl.jq.errors import JqValueError

_HTML = str.maketrans({"<": "&lt;", ">": "&gt;", "&": "&amp;", "'": "&#39;", '"': "&quot;"})


def text_in(value: Any) -> str:
    """A string as it is, anything else as JSON."""
    return value if isinstance(value, str) else values.text_of(value)


def format_as(value: Any, name: str) -> str:
    """`@tsv` and its like."""
    match name:
        case "@text":
            return text_in(value)
        case "@json":
            return values.text_of(value)
        case "@csv" | "@tsv":
            return _row(value, name[1:])
        case "@html":
            return text_in(value).translate(_HTML)
        case "@uri":
            return quote(text_in(value), safe="~-_.")
        case "@sh":
            parts = value if isinstance(value, list) else [value]
            return " ".join(_for_shell(each) for each in parts)
        case "@base64":
            return base64.b64encode(text_in(value).encode()).decode()
        case "@base64d":
            return _base64d(text_in(value))
        case _:
            raise JqValueError(f"{name[1:]} is not a valid format")


def _row(value: Any, kind: str) -> str:
    if not isinstance(value, list):
        raise JqValueError(f"{values.named(value)} cannot be {kind}-formatted, only array")
    cells = []
    for each in value:
        if isinstance(each, str):
            cells.append(f'"{each.replace(chr(34), chr(34) * 2)}"' if kind == "csv" else _tab_safe(each))
        elif each is None:
            cells.append("")
        elif isinstance(each, (dict, list)):
            raise JqValueError(f"{values.named(each)} is not valid in a {kind} row")
        else:
            cells.append(values.text_of(each))
    return ("," if kind == "csv" else "\t").join(cells)


def _tab_safe(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _for_shell(value: Any) -> str:
    if isinstance(value, (dict, list)):
        raise JqValueError(f"{values.named(value)} can not be escaped for shell")
    quoted = "'\\''"
    return "'" + value.replace("'", quoted) + "'" if isinstance(value, str) else values.text_of(value)


def _base64d(text: str) -> str:
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)).decode(errors="replace")
    except (ValueError, binascii.Error):
        raise JqValueError(f"{values.named(text)} is not valid base64 data") from None
