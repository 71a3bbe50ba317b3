"""Regular expressions of Go (RE2): whether a text is one, and Go's words for why not (`regexp/syntax`)."""

from __future__ import annotations

from functools import lru_cache

import re2

_QUIET = re2.Options()
_QUIET.log_errors = False
#: What the C++ library says, and what Go says.
_WORDS = {
    "missing ]": "missing closing ]",
    "missing )": "missing closing )",
    "trailing \\": "trailing backslash at end of expression",
    "no argument for repetition operator": "missing argument to repetition operator",
    "invalid repetition size": "invalid repeat count",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "invalid named capture group": "invalid named capture",
}


@lru_cache(maxsize=512)
def why_no_pattern(text: str) -> str:
    """Empty for a pattern."""
    try:
        re2.compile(text, _QUIET)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        what, _, where = (said.decode() if isinstance(said, bytes) else str(said)).partition(": ")
        return f"error parsing regexp: {_WORDS.get(what, what)}" + (f": `{where}`" if where else "")
    return ""


def has_match(pattern: str, text: str) -> bool:
    """Whether a pattern that is one matches anywhere in the text."""
    return _compiled(pattern).search(text) is not None


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re2._Regexp[str]:
    return re2.compile(pattern, _QUIET)
