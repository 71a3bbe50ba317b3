"""What functions there are: a name, and for each way to call it the types, an identity, and what it does.

`common/stdlib/standard.go` of cel-go names them. The library is spread over `library/`; `functions()` is all of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

from simulator.machinery.cel.types import Type

_ROOMS = (
    "operators",
    "conversions",
    "times",
    "strings",
    "lists",
    "optionals",
    "quantities",
    "network",
    "formats",
    "semver",
    "authorizer",
)


@dataclass(frozen=True, slots=True)
class Overload:
    """One way to call a function. `call` gets the values and may raise CelError."""

    name: str
    identity: str
    args: tuple[Type, ...]
    result: Type
    call: Callable[..., Any] | None
    is_method: bool = False


def function(name: str, identity: str, args: list[Type], result: Type, call: Callable[..., Any] | None) -> Overload:
    return Overload(name, identity, tuple(args), result, call)


def method(name: str, identity: str, args: list[Type], result: Type, call: Callable[..., Any] | None) -> Overload:
    """The first argument is what the method is called on."""
    return Overload(name, identity, tuple(args), result, call, is_method=True)


@lru_cache(maxsize=1)
def functions() -> dict[str, tuple[Overload, ...]]:
    found: dict[str, tuple[Overload, ...]] = {}
    for room in _ROOMS:
        for one in import_module(f"simulator.machinery.cel.library.{room}").OVERLOADS:
            found[one.name] = (*found.get(one.name, ()), one)
    return found
