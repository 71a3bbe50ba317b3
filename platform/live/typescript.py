"""Writes the wire's dataclasses as TypeScript interfaces. Knows the types that `frames` uses, and refuses others."""

import dataclasses
import types
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from live import frames

HEADER = "// Written by `manage.py protocol_types` from platform/live/frames.py. Change that file, not this one.\n\n"
_PLAIN = {int: "number", float: "number", str: "string", bool: "boolean", type(None): "null", Any: "unknown"}
_UNIONS = ("ServerMessage", "ClientMessage", "WallServerMessage", "WallClientMessage")


class NoTypeScript(TypeError):
    """A field has a type this writer does not know."""


def document() -> str:
    """The whole of types.ts."""
    classes = [value for value in vars(frames).values() if isinstance(value, type) and dataclasses.is_dataclass(value)]
    unions = [f"export type {name} = {_typed(getattr(frames, name))};\n" for name in _UNIONS]
    item = "export type Item = unknown[];\n"
    return HEADER + "\n".join([item, *(_interface(each) for each in classes), *unions])


def _interface(described: type) -> str:
    hints = get_type_hints(described)
    lines = [f"/** {' '.join((described.__doc__ or '').split())} */", f"export interface {described.__name__} {{"]
    for field in dataclasses.fields(described):
        name = frames.WIRE_NAMES.get((described.__name__, field.name), field.name)
        lines.append(f"  {name}: {_typed(hints[field.name])};")
    return "\n".join([*lines, "}\n"])


def _typed(hint: Any) -> str:
    if hint == frames.Item:
        return "Item"
    if hint in _PLAIN:
        return _PLAIN[hint]
    if dataclasses.is_dataclass(hint):
        return hint.__name__  # type: ignore[union-attr]
    return _composed(hint, get_origin(hint), get_args(hint))


def _composed(hint: Any, origin: Any, arguments: tuple[Any, ...]) -> str:
    if origin is Literal:
        return " | ".join(f'"{value}"' for value in arguments)
    if origin in (Union, types.UnionType):
        return " | ".join(_typed(argument) for argument in arguments)
    if origin is list:
        return f"{_typed(arguments[0])}[]"
    if origin is dict:
        return f"Record<{_typed(arguments[0])}, {_typed(arguments[1])}>"
    raise NoTypeScript(f"{hint}: wanted a dataclass, a plain type, a list, a dict, a Literal or a union of them")
