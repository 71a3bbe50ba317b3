"""Lists and sets: `apiserver/pkg/cel/library/lists.go` (1.33) and `ext/sets.go` of cel-go."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from simulator.machinery.cel.declarations import Overload, function, method
from simulator.machinery.cel.errors import CelError
from simulator.machinery.cel.library.operators import whole
from simulator.machinery.cel.types import BOOL, BYTES, DOUBLE, DURATION, INT, STRING, TIMESTAMP, UINT, list_of, param
from simulator.machinery.cel.values import Duration, Uint, contains, equal

Items = list[Any]
_A = param("T")
_SUMMED = {"int": INT, "uint": UINT, "double": DOUBLE, "duration": DURATION}
_COMPARED = {**_SUMMED, "bool": BOOL, "timestamp": TIMESTAMP, "string": STRING, "bytes": BYTES}
_ZEROS: dict[str, Any] = {"int": 0, "uint": Uint(0), "double": 0.0, "duration": Duration(0)}


def _is_sorted(items: Items) -> bool:
    return all(one <= other for one, other in pairwise(items))


def _sum(kind: str) -> Callable[[Items], Any]:
    def total(items: Items) -> Any:
        if kind == "duration":
            return Duration(sum(one.nanos for one in items))
        found = sum(items, _ZEROS[kind])
        return found if kind == "double" else Uint(found) if kind == "uint" else whole(found)

    return total


def _extreme(choose: Callable[[Items], Any], name: str) -> Callable[[Items], Any]:
    def answer(items: Items) -> Any:
        if not items:
            raise CelError(f"{name} called on empty list")
        return choose(items)

    return answer


def _index_of(items: Items, wanted: Any) -> int:
    return next((index for index, item in enumerate(items) if equal(item, wanted)), -1)


def _last_index_of(items: Items, wanted: Any) -> int:
    return next((index for index in range(len(items) - 1, -1, -1) if equal(items[index], wanted)), -1)


def _all_in(items: Items, others: Items) -> bool:
    return all(contains(items, one) for one in others)


OVERLOADS: list[Overload] = [
    method("indexOf", "list_a_index_of_int", [list_of(_A), _A], INT, _index_of),
    method("lastIndexOf", "list_a_last_index_of_int", [list_of(_A), _A], INT, _last_index_of),
    function("sets.contains", "list_sets_contains_list", [list_of(_A), list_of(_A)], BOOL, _all_in),
    function("sets.equivalent", "list_sets_equivalent_list", [list_of(_A), list_of(_A)], BOOL, lambda a, b: _all_in(a, b) and _all_in(b, a)),
    function("sets.intersects", "list_sets_intersects_list", [list_of(_A), list_of(_A)], BOOL, lambda a, b: any(contains(b, one) for one in a)),
    *(method("isSorted", f"list_{kind}_is_sorted_bool", [list_of(one)], BOOL, _is_sorted) for kind, one in _COMPARED.items()),
    *(method("sum", f"list_{kind}_sum_{kind}", [list_of(one)], one, _sum(kind)) for kind, one in _SUMMED.items()),
    *(method("min", f"list_{kind}_min_{kind}", [list_of(one)], one, _extreme(min, "min")) for kind, one in _COMPARED.items()),
    *(method("max", f"list_{kind}_max_{kind}", [list_of(one)], one, _extreme(max, "max")) for kind, one in _COMPARED.items()),
]  # fmt: skip
