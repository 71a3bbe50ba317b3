"""kubectl's dialect of JSONPath: templates such as `{range .items[*]}{.metadata.name}{"\\n"}{end}`.

Follows https://kubernetes.io/docs/reference/kubectl/jsonpath/. A template is parsed once into nodes and then applied.

Promises: keys that are missing give nothing; an index outside a list and a broken template are errors with the
words of the real one (`client-go/util/jsonpath/jsonpath.go`).

Leaves to others: reading a template (`jsonpath_syntax.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from simulator.machinery import go_text
from simulator.machinery.json_text import compact
from simulator.machinery.jsonpath_syntax import (
    Array,
    Constant,
    Expression,
    Field,
    Filter,
    Identifier,
    JsonPathError,
    Part,
    Union,
    read,
)

__all__ = ["JsonPath", "JsonPathError", "relaxed"]

_ORDERS = ("<", "<=", ">", ">=")


class JsonPath:
    """A parsed template."""

    def __init__(self, template: str) -> None:
        self.template = template
        self._nodes = read(template)

    def text(self, value: Any) -> str:
        """The printed form: results of an expression joined by spaces."""
        return "".join(" ".join(map(_printed, found)) for found in _Run(self._nodes).results(value))

    def values(self, value: Any) -> list[Any]:
        """What the first expression of the template finds."""
        first = next((node for node in self._nodes if not isinstance(node, str)), None)
        return [] if first is None else _found([value], first)

    @staticmethod
    def printed(value: Any) -> str:
        """One result as `text` writes it."""
        return _printed(value)


def relaxed(expression: str) -> str:
    """The form `--sort-by` and custom columns accept: braces and the first dot may be left out."""
    if not expression:
        return expression
    inner = expression[1:-1] if expression.startswith("{") and expression.endswith("}") else expression
    if "{" in inner or "}" in inner:
        raise JsonPathError(
            "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'"
        )
    return "{" + (inner if inner.startswith(".") else "." + inner) + "}"


class _Run:
    """One application of a template: `{range …}` repeats what stands up to its `{end}`."""

    def __init__(self, nodes: Sequence[str | Expression]) -> None:
        self._nodes = nodes
        self._open = 0
        """How many ranges are being gone through."""
        self._ended_at = -1
        """The last `{end}` that was met."""

    def results(self, value: Any, start: int = 0) -> Iterator[list[Any]]:
        at = start
        while at < len(self._nodes):
            node = self._nodes[at]
            if isinstance(node, str):
                yield [node]
            elif Identifier("end") in node:
                if not self._open:
                    raise JsonPathError("not in range, nothing to end")
                self._ended_at = at
                return
            elif Identifier("range") in node:
                yield from self._repeated(_found([value], node), at + 1)
                at = max(at, self._ended_at)
            else:
                yield _found([value], node)
            at += 1

    def _repeated(self, over: list[Any], start: int) -> Iterator[list[Any]]:
        self._open += 1
        for item in over:
            yield from self.results(item, start)
        if not over:  # the way to the end still has to be gone
            list(self.results(None, start))
        self._open -= 1


def _printed(value: Any) -> str:
    return compact(value) if isinstance(value, (dict, list)) else "null" if value is None else go_text.value(value)


def _found(values: list[Any], expression: Expression) -> list[Any]:
    for part in expression:
        values = _step(values, part)
    return values


def _step(values: list[Any], part: Part) -> list[Any]:
    if isinstance(part, Constant):
        return [part.value]
    if isinstance(part, Identifier):
        if part.name not in ("range", "end"):
            raise JsonPathError(f"unrecognized identifier {part.name}")
        return values
    if isinstance(part, Union):
        return [found for expression in part.parts for found in _found(values, expression)]
    return [found for value in values for found in _inside(value, part)]


def _inside(value: Any, part: Part) -> Sequence[Any]:
    if isinstance(part, Field):
        return [value[part.name]] if isinstance(value, dict) and part.name in value else ()
    if part == "*":
        return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else ()
    if part == "..":
        return list(_everything(value))
    if isinstance(part, Array):
        return _sliced(part, value)
    assert isinstance(part, Filter)
    return _filtered(part, value)


def _everything(value: Any) -> Iterator[Any]:
    yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _everything(child)


def _sliced(part: Array, value: Any) -> Sequence[Any]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise JsonPathError(f"{_go_type(value)} is not array or slice")
    length = len(value)
    start = part.start or 0
    start += length if start < 0 else 0
    stop = length if part.stop is None else part.stop
    stop += length if stop < 0 or (stop == 0 and part.is_index) else 0
    if start == stop:
        return ()
    if not 0 <= start < length:
        raise JsonPathError(f"array index out of bounds: index {start}, length {length}")
    if not 0 <= stop <= length:
        raise JsonPathError(f"array index out of bounds: index {stop - 1}, length {length}")
    if start > stop:
        raise JsonPathError(f"starting index {start} is greater than ending index {stop}")
    if part.step is not None and part.step <= 0:
        raise JsonPathError("step must be > 0")
    return value[start : stop : part.step]


def _go_type(value: Any) -> str:
    if isinstance(value, dict):
        return "map[string]interface {}"
    names = {str: "string", bool: "bool", float: "float64"}
    return names.get(type(value), "int64")


def _filtered(part: Filter, value: Any) -> Sequence[Any]:
    if not isinstance(value, list):
        raise JsonPathError(f"{go_text.value(value)} is not array or slice and cannot be filtered")
    return [item for item in value if _passes(part, item)]


def _passes(test: Filter, item: Any) -> bool:
    left = _found([item], test.left)
    if test.operator == "exists" or not left:
        return bool(left)
    right = _found([item], test.right)
    if len(left) > 1 or len(right) > 1:
        raise JsonPathError("can only compare one element at a time")
    return bool(right) and _compared(left[0], test.operator, right[0])


def _compared(left: Any, operator: str, right: Any) -> bool:
    """As `text/template` compares two values."""
    if operator not in ("==", "!=", *_ORDERS):
        raise JsonPathError(f"unrecognized filter operator {operator}")
    if any(not isinstance(side, (bool, int, float, str)) for side in (left, right)):
        raise JsonPathError("invalid type for comparison")
    if type(left) is not type(right):
        raise JsonPathError("incompatible types for comparison")
    if operator in ("==", "!="):
        return bool((left == right) is (operator == "=="))
    if isinstance(left, bool):
        raise JsonPathError("invalid type for comparison")
    return bool({"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator])
