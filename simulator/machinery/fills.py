"""Ways to fill in what is missing of an object, copying only what changes (`defaulting`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Obj = dict[str, Any]
Fill = Callable[[Obj], Obj]


def with_missing(obj: Obj, values: Mapping[str, Any]) -> Obj:
    """`obj` with the missing ones of `values`."""
    for key in values:
        if key not in obj:
            return {**obj, **{name: value for name, value in values.items() if name not in obj}}
    return obj


def within(obj: Obj, key: str, fill: Fill) -> Obj:
    """`obj` with its object at `key` filled, if it has one."""
    inner = obj.get(key)
    if not isinstance(inner, dict):
        return obj
    filled = fill(inner)
    return obj if filled is inner else {**obj, key: filled}


def inside(obj: Obj, key: str, fill: Fill) -> Obj:
    """Like `within`, but an absent object counts as an empty one."""
    if key in obj:
        return within(obj, key, fill)
    filled = fill({})
    return {**obj, key: filled} if filled else obj


def each_of(obj: Obj, key: str, fill: Fill) -> Obj:
    """`obj` with every object in its list at `key` filled."""
    items = obj.get(key)
    if not items:
        return obj
    filled = [fill(item) for item in items]
    for before, after in zip(items, filled, strict=True):
        if before is not after:
            return {**obj, key: filled}
    return obj


def chain(*fills: Fill) -> Fill:
    def run(obj: Obj) -> Obj:
        for fill in fills:
            obj = fill(obj)
        return obj

    return run


def missing(**values: Any) -> Fill:
    return lambda obj: with_missing(obj, values)


def in_spec(fill: Fill) -> Fill:
    return lambda obj: inside(obj, "spec", fill)
