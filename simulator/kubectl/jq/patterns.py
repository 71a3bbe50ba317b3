"""Regular expressions of jq: RE2's, in linear time, with the words of Oniguruma for those that cannot be read."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

from simulator.kubectl.jq import values
from simulator.kubectl.jq.errors import JqValueError

_MOST = 200_000
#: What RE2 says of a pattern, in the words of Oniguruma.
_ONIGURUMA = {
    "missing ]": "premature end of char-class",
    "missing )": "end pattern with unmatched parenthesis",
    "unexpected )": "unmatched close parenthesis",
    "no argument for repetition operator": "target of repeat operator is not specified",
    "trailing \\\\": "end pattern at escape",
}


def matches(value: Any, pattern: Any, flags: Any, only_test: Any) -> Any:
    """The matches of a pattern, or whether there is one."""
    if not isinstance(value, str):
        raise JqValueError(f"{values.named(value)} cannot be matched, as it is not a string")
    if not isinstance(pattern, str):
        raise JqValueError(f"{values.named(pattern)} cannot be matched, as it is not a string")
    if flags is not None and not isinstance(flags, str):
        raise JqValueError(f"{values.named(flags)} is not a string")
    compiled, everywhere = _compiled(pattern, flags or "")
    if only_test:
        return compiled.search(value) is not None
    found = []
    for match in compiled.finditer(value):
        found.append(_match_of(compiled, match))
        if not everywhere or len(found) > _MOST:
            break
    return found


def _compiled(pattern: str, flags: str) -> tuple[Any, bool]:
    unknown = [flag for flag in flags if flag not in "gimnpslx"]
    if unknown:
        raise JqValueError(f"{flags} is not a valid modifier string")
    inline = "".join({"i": "i", "x": "", "s": "s", "p": "s"}.get(flag, "") for flag in flags)
    text = pattern.replace("(?<", "(?P<").replace("(?P<=", "(?<=").replace("(?P<!", "(?<!")
    if "x" in flags:
        text = "".join(text.split())
    try:
        return re2.compile(f"(?{inline})(?:{text})" if inline else text, options=_quiet()), "g" in flags
    except re2.error as error:
        why = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error.args[0])
        raise JqValueError(f"Regex failure: {_ONIGURUMA.get(why.partition(':')[0], why)}") from None


@lru_cache(maxsize=1)
def _quiet() -> Any:
    """A wrong pattern is the learner's affair, not the log's."""
    options = re2.Options()
    options.log_errors = False
    return options


def _match_of(compiled: Any, match: Any) -> dict[str, Any]:
    names = {number: name for name, number in compiled.groupindex.items()}
    captures = [
        {
            "offset": match.start(number),
            "length": match.end(number) - match.start(number) if match.group(number) is not None else 0,
            "string": match.group(number),
            "name": names.get(number),
        }
        for number in range(1, compiled.groups + 1)
    ]
    return {
        "offset": match.start(),
        "length": match.end() - match.start(),
        "string": match.group(),
        "captures": captures,
    }
