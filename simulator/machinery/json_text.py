"""JSON as kubectl prints and sends it: keys sorted, four spaces, and the characters Go escapes escaped.

Promises: `compact` and `pretty` of equal values are equal texts.
"""

from __future__ import annotations

import json
from typing import Any

_GO_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def pretty(value: Any) -> str:
    """What `-o json` prints, without the last line break."""
    return json.dumps(value, indent=4, sort_keys=True, ensure_ascii=False).translate(_GO_ESCAPES)


def in_order(value: Any) -> str:
    """The same in the order of the value: of what Go prints from a struct."""
    return json.dumps(value, indent=4, ensure_ascii=False).translate(_GO_ESCAPES)


def compact(value: Any) -> str:
    """One line without spaces, as in the last-applied annotation."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False).translate(_GO_ESCAPES)


def indented(value: Any) -> str:
    """What the API server sends to people: two spaces a level, in the order of the value (`json.MarshalIndent`)."""
    return json.dumps(value, indent=2, ensure_ascii=False).translate(_GO_ESCAPES)


def ordered(value: Any) -> str:
    """As `pretty`, in the order of the value: what Go's structures print."""
    return json.dumps(value, indent=4, ensure_ascii=False).translate(_GO_ESCAPES)
