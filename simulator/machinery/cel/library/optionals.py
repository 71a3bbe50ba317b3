"""Values that may be absent: `optional.of`, `orValue` and their like. `cel/library.go: optionalLibrary` of cel-go; short circuits are in `evaluation.py`."""

from __future__ import annotations

from typing import Any

from simulator.machinery.cel.declarations import Overload, function, method
from simulator.machinery.cel.errors import CelError
from simulator.machinery.cel.types import BOOL, list_of, optional_of, param
from simulator.machinery.cel.values import NANOS, NONE, Duration, Optional, Timestamp, some

_A = param("V")
_OPTIONAL = optional_of(_A)


_YEAR_ONE = Timestamp(-62_135_596_800 * NANOS)


def _of_non_zero(value: Any) -> Optional:
    is_zero = (
        value is None
        or value in (0, "", b"", [], {}, False, Duration(0), _YEAR_ONE)
        or (isinstance(value, Optional) and not value.has_value)
    )
    return NONE if is_zero else some(value)


def value_of(optional: Optional) -> Any:
    if not optional.has_value:
        raise CelError("optional.none() dereference")
    return optional.value


OVERLOADS: list[Overload] = [
    function("optional.of", "optional_of", [_A], _OPTIONAL, some),
    function("optional.ofNonZeroValue", "optional_ofNonZeroValue", [_A], _OPTIONAL, _of_non_zero),
    function("optional.none", "optional_none", [], _OPTIONAL, lambda: NONE),
    method("value", "optional_value", [_OPTIONAL], _A, value_of),
    method("hasValue", "optional_hasValue", [_OPTIONAL], BOOL, lambda optional: optional.has_value),
    method("or", "optional_or_optional", [_OPTIONAL, _OPTIONAL], _OPTIONAL, None),
    method("orValue", "optional_orValue_value", [_OPTIONAL, _A], _A, None),
    function("optional.unwrap", "optional_unwrap", [list_of(_OPTIONAL)], list_of(_A), lambda items: [one.value for one in items if one.has_value]),
    method("unwrapOpt", "optional_unwrapOpt", [list_of(_OPTIONAL)], list_of(_A), lambda items: [one.value for one in items if one.has_value]),
]  # fmt: skip
