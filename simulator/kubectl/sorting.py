"""`--sort-by`: which objects come before which, and what cannot be compared.

Promises: the order of the real command, ties included; what it cannot compare ends the command as it does there, with a line of
the client's log (`kubectl/pkg/cmd/get/sorter.go`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from simulator.kubectl.errors import CommandError
from simulator.machinery import go_text, quantities
from simulator.machinery.go_sort import go_sorted
from simulator.machinery.jsonpath import JsonPath, JsonPathError, relaxed

_TABLE = ("375", "[][][]reflect.Value")
_OBJECTS = ("329", "*unstructured.Unstructured")


_TYPES: dict[type, str] = {bool: "bool", dict: "map[string]interface {}", list: "[]interface {}"}


class _Unsortable(Exception):
    pass


def sorted_objects(objects: Sequence[Any], expression: str, now_us: int) -> list[Any]:
    """Objects in the order of `--sort-by`; those without the field come first."""
    try:
        path = JsonPath(relaxed(expression))
    except JsonPathError as error:
        raise CommandError(str(error)) from error
    keys = [found_by(path, one) for one in objects]
    if objects and not any(keys):
        raise not_found(path)
    return _ordered(path, objects, keys, now_us, _OBJECTS)


def sorted_rows(rows: Sequence[Any], expression: str, now_us: int) -> list[Any] | None:
    """Rows of a table, by their objects; None when nothing of them can be shown, which the real command does in silence."""
    try:
        path = JsonPath(relaxed(expression))
    except JsonPathError:
        return None
    keys = [found_by(path, row.get("object")) for row in rows]
    return _ordered(path, rows, keys, now_us, _TABLE) if any(keys) else None


def not_found(path: JsonPath) -> CommandError:
    return CommandError(f"couldn't find any field with path {go_text.quoted(path.template)} in the list of objects")


def found_by(path: JsonPath, obj: Any) -> list[Any]:
    """What the first expression finds in one object."""
    try:
        return path.values(obj)
    except JsonPathError:
        return []


def _ordered(
    path: JsonPath, items: Sequence[Any], keys: Sequence[list[Any]], now_us: int, where: tuple[str, str]
) -> list[Any]:
    by_key: Callable[[int, int], bool] = lambda i, j: _less(keys[i], keys[j])  # noqa: E731
    try:
        return [items[at] for at in go_sorted(range(len(items)), by_key)]
    except _Unsortable as unsortable:
        line, kind = where
        stamp = go_text.klog_stamp(now_us)
        raise CommandError(
            f"F{stamp}       1 sorter.go:{line}] Field {path.template} in {kind} is an unsortable type: interface, "
            f"err: {unsortable}",
            prefixed=False,
        ) from None


def _less(left: list[Any], right: list[Any]) -> bool:
    if not left:
        return True
    if not right:
        return False
    one, other = left[0], right[0]
    if one is None or other is None:
        return one is None and other is not None
    if isinstance(one, (bool, dict, list)):
        raise _Unsortable(f"unsortable type: {_TYPES[type(one)]}")
    if type(one) is not type(other):
        raise _Unsortable("unsortable interface: interface")
    return _text_less(one, other) if isinstance(one, str) else bool(one < other)


def _text_less(one: str, other: str) -> bool:
    """As amounts where both are, else with runs of digits as numbers."""
    try:
        return quantities.parse(one).nanos < quantities.parse(other).nanos
    except quantities.QuantityError:
        return _natural(one) < _natural(other)


def _natural(text: str) -> list[Any]:
    return [int(run) if run.isdigit() else run for run in re.split(r"(\d+)", text)]
