"""The options of lists and watches: how they are read, and which do not go together.

Follows `apimachinery/pkg/apis/meta/internalversion/validation` (with WatchList on) and what Go's converters and `apiserver/pkg/storage` say of numbers.
"""

from collections.abc import Mapping

from simulator.apiserver import errors
from simulator.apiserver.errors import StatusError

EXACT, NOT_OLDER_THAN = "Exact", "NotOlderThan"
_MATCH = "resourceVersionMatch"
#: Digits of the greatest uint64 and of the greatest int64.
_LONGEST_REVISION, _LONGEST_NUMBER = 20, 19
_Cause = tuple[str, str, str]


def refuse_list(query: Mapping[str, str]) -> None:
    """Raises StatusError (422)."""
    match, revision = query.get(_MATCH, ""), query.get("resourceVersion", "")
    found: list[_Cause] = []
    if match and not revision:
        found.append(_forbidden(_MATCH, "resourceVersionMatch is forbidden unless resourceVersion is provided"))
    if match and query.get("continue"):
        found.append(_forbidden(_MATCH, "resourceVersionMatch is forbidden when continue is provided"))
    if match not in ("", EXACT, NOT_OLDER_THAN):
        found.append(_unsupported(match, EXACT, NOT_OLDER_THAN, ""))
    if match == EXACT and revision == "0":
        found.append(_forbidden(_MATCH, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'))
    if "sendInitialEvents" in query:
        found.append(_forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    _refuse(found)


def refuse_watch(query: Mapping[str, str]) -> None:
    """Raises StatusError (422)."""
    match, is_asked = query.get(_MATCH, ""), "sendInitialEvents" in query
    found: list[_Cause] = []
    if is_asked and match != NOT_OLDER_THAN:
        found.append(_forbidden(_MATCH, f"sendInitialEvents requires setting resourceVersionMatch to {NOT_OLDER_THAN}"))
    if match and not is_asked:
        why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
        found.append(_forbidden(_MATCH, why))
    if match not in ("", NOT_OLDER_THAN):
        found.append(_unsupported(match, NOT_OLDER_THAN))
    if match and query.get("continue"):
        found.append(_forbidden(_MATCH, "resourceVersionMatch is forbidden when continue is provided"))
    _refuse(found)


def _forbidden(field: str, why: str) -> _Cause:
    return "FieldValueForbidden", f"Forbidden: {why}", field


def _unsupported(found: str, *wanted: str) -> _Cause:
    known = ", ".join(f'"{one}"' for one in wanted)
    return "FieldValueNotSupported", f'Unsupported value: "{found}": supported values: {known}', _MATCH


def _refuse(causes: list[_Cause]) -> None:
    if causes:
        raise errors.invalid("meta.k8s.io", "ListOptions", "", causes)


def revision_of(text: str) -> int:
    """Raises StatusError (400)."""
    if text.isdecimal() and text.isascii() and len(text) <= _LONGEST_REVISION:
        return int(text)
    why = "value out of range" if text.isdecimal() else "invalid syntax"
    raise errors.bad_request(f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": {why}')


def limit_of(query: Mapping[str, str]) -> int:
    """How many objects a page may hold; 0: all. Raises StatusError (400) for what is no number, also as `timeoutSeconds`."""
    whole_number(query.get("timeoutSeconds", ""))
    return max(whole_number(query.get("limit", "")), 0)


def whole_number(text: str) -> int:
    """As Go reads it; nothing is 0. Raises StatusError (400)."""
    digits = text.removeprefix("-").removeprefix("+") if text[:1] in ("-", "+") else text
    if not text:
        return 0
    if not (digits.isdecimal() and digits.isascii()):
        raise errors.bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    if len(digits) > _LONGEST_NUMBER:
        raise errors.bad_request(f'strconv.ParseInt: parsing "{text}": value out of range')
    return int(text)


def too_large_revision(asked: int, current: int) -> StatusError:
    """`apiserver/pkg/storage/errors.go: NewTooLargeResourceVersionError`: another instance may know it already."""
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    message = f"Timeout: Too large resource version: {asked}, current: {current}"
    return StatusError(504, "Timeout", message, {"causes": [cause], "retryAfterSeconds": 1})
