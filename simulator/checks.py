"""Asks a cluster whether a lesson's goal is reached: over what is stored now, and over everything that happened.

The declarative format is `docs/architecture.md` section 4. A check has `id` and exactly one of `state`, `history`, `all`,
`any`; `value` reads texts instead of judging. Pure: a check changes nothing and consumes no randomness.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

from simulator.apiserver.registry import Registry
from simulator.engine.plain import Obj
from simulator.engine.trail_rows import TrailRow
from simulator.machinery import selectors

Test = dict[str, Any]
_ROW_FIELDS = ("type", "actor", "verb", "resource", "namespace", "name", "note")
_STEP = re.compile(r'\["([^"]+)"\]|\[(\d+|\*)\]|([^.\[\]]+)')


class CheckError(ValueError):
    """A check that cannot be asked: names the field, what was found and what was wanted."""

    def __init__(self, thing: str, found: object, wanted: str) -> None:
        super().__init__(f"{thing}: found {found!r}, wanted {wanted}")
        self.thing, self.found, self.wanted = thing, str(found), wanted


def evaluate(registry: Registry, check: object) -> dict[str, Any]:
    """`{"id", "passed", "say"}`, and `values` for a value. Raises CheckError."""
    if not isinstance(check, dict):
        raise CheckError("check", check, "a mapping")
    result: dict[str, Any] = {"id": check.get("id", ""), "say": check.get("say", "")}
    if "value" in check:
        values = _values(registry, check["value"])
        return {**result, "passed": bool(values), "values": values}
    return {**result, "passed": _holds(registry, {key: check[key] for key in _TESTS if key in check})}


def _holds(registry: Registry, test: Test) -> bool:
    if len(test) != 1:
        raise CheckError("check", sorted(test), f"exactly one of {', '.join(_TESTS)}")
    (kind, body), *_ = test.items()
    if kind not in _TESTS:
        raise CheckError("check", kind, f"one of {', '.join(_TESTS)}")
    return _TESTS[kind](registry, body)


# State


def _state(registry: Registry, body: Test) -> bool:
    return _counts(sum(1 for _ in _matching(registry, body)), body.get("count"))


def _matching(registry: Registry, body: Test) -> Iterator[Obj]:
    resource = registry.kinds.lookup(str(body.get("resource", "")))
    if resource is None:
        raise CheckError("resource", body.get("resource"), "a resource that this cluster serves")
    namespace = body.get("namespace")
    labels = selectors.parse(body["labels"]) if body.get("labels") else None
    is_named = _like(body.get("name", "*"))
    where = body.get("where") or []
    store = registry.store
    found: Iterable[Obj] = (
        store.table(resource.name).values() if namespace is None else store.in_namespace(resource.name, namespace)
    )
    for obj in found:
        metadata = obj["metadata"]
        if not is_named(metadata["name"]) or (labels is not None and not labels.matches(metadata.get("labels"))):
            continue
        if all(_where(obj, condition) for condition in where):
            yield obj


def _where(obj: Obj, condition: Test) -> bool:
    found = list(_at(obj, condition["path"]))
    (operator, wanted), *_ = ((key, value) for key, value in condition.items() if key != "path")
    if operator == "exists":
        return bool(found) is bool(wanted)
    compare = _OPERATORS.get(operator)
    if compare is None:
        raise CheckError("where", operator, f"one of exists, {', '.join(_OPERATORS)}")
    if operator == "is_not":
        return all(_OPERATORS["is_not"](value, wanted) for value in found)
    return any(compare(value, wanted) for value in found)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _at_least(found: Any, wanted: Any) -> bool:
    number = _number(found)
    return number is not None and bool(number >= wanted)


def _at_most(found: Any, wanted: Any) -> bool:
    number = _number(found)
    return number is not None and bool(number <= wanted)


def _contains(found: Any, wanted: Any) -> bool:
    return wanted in found if isinstance(found, str | list | dict) else False


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "is": lambda found, wanted: found == wanted,
    "is_not": lambda found, wanted: found != wanted,
    "in": lambda found, wanted: found in wanted,
    "at_least": _at_least,
    "at_most": _at_most,
    "contains": _contains,
    "matches": lambda found, wanted: isinstance(found, str) and re.search(wanted, found) is not None,
}


def _at(value: Any, path: str) -> Iterator[Any]:
    """Every value at a path: dotted keys, `[n]`, `[*]`, `["key.with.dots"]`."""
    values = [value]
    for step in _steps(path):
        values = [deeper for one in values for deeper in _deeper(one, step)]
    yield from values


def _deeper(value: Any, step: str | int | None) -> Iterator[Any]:
    if isinstance(value, dict) and isinstance(step, str):
        if step in value:
            yield value[step]
    elif isinstance(value, list):
        if step is None:
            yield from value
        elif isinstance(step, int) and step < len(value):
            yield value[step]


@lru_cache(maxsize=512)
def _steps(path: str) -> tuple[str | int | None, ...]:
    """Keys, indexes, and None for every element."""
    steps: list[str | int | None] = []
    for key, index, name in _STEP.findall(path):
        if index:
            steps.append(None if index == "*" else int(index))
        else:
            steps.append(key or name)
    return tuple(steps)


def _counts(number: int, wanted: object) -> bool:
    if wanted is None:
        return number >= 1
    if isinstance(wanted, dict):
        return bool(wanted.get("at_least", 0) <= number <= wanted.get("at_most", number))
    return number == wanted


# History


def _history(registry: Registry, body: Test) -> bool:
    rows = list(_since(registry.engine.trail.rows_and_roots(), body.get("since")))
    if "seen" in body:
        is_it = _row(body["seen"])
        return _counts(sum(1 for row in rows if is_it(row)), body.get("times"))
    if "never" in body:
        is_it = _row(body["never"])
        return not any(is_it(row) for row in rows)
    if "order" in body:
        wanted = [_row(entry) for entry in body["order"]]
        for row in rows:
            if wanted and wanted[0](row):
                wanted.pop(0)
        return not wanted
    raise CheckError("history", sorted(body), "exactly one of seen, never, order")


def _since(rows: Iterable[TrailRow], first: Test | None) -> Iterator[TrailRow]:
    """Everything, or only what came after the first row that matches."""
    started = first is None
    is_first = _row(first) if first is not None else None
    for row in rows:
        if started:
            yield row
        elif is_first is not None and is_first(row):
            started = True


def _row(wanted: Test) -> Callable[[TrailRow], bool]:
    conditions = []
    for field, text in wanted.items():
        if field not in _ROW_FIELDS:
            raise CheckError("history", field, f"one of {', '.join(_ROW_FIELDS)}")
        conditions.append((field, _like(str(text))))
    return lambda row: all(is_like(getattr(row, field)) for field, is_like in conditions)


def _like(pattern: str) -> Callable[[str], bool]:
    """`*` stands for any run of characters."""
    if "*" not in pattern:
        return lambda text: text == pattern
    expression = re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)
    return lambda text: expression.fullmatch(text) is not None


# Values


def _values(registry: Registry, body: Test) -> list[str]:
    """The texts at `path` of the matching objects, without repeats, in name order; `newest` keeps the last created one."""
    found = list(_matching(registry, body))
    if body.get("newest"):
        found = sorted(
            found, key=lambda obj: (obj["metadata"]["creationTimestamp"], int(obj["metadata"]["resourceVersion"]))
        )[-1:]
    found.sort(key=lambda obj: (obj["metadata"].get("namespace", ""), obj["metadata"]["name"]))
    texts = [str(value) for obj in found for value in _at(obj, body.get("path", "metadata.name"))]
    return list(dict.fromkeys(texts))


def _all(registry: Registry, body: list[Test]) -> bool:
    return all(_holds(registry, test) for test in body)


def _any(registry: Registry, body: list[Test]) -> bool:
    return any(_holds(registry, test) for test in body)


_TESTS: dict[str, Callable[[Registry, Any], bool]] = {"state": _state, "history": _history, "all": _all, "any": _any}
