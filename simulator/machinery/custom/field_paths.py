"""Simple JSON paths into a schema: `.spec.size`, `.labels['a.b']`.

Counterpart of `apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go: ValidFieldPath` (1.33).
"""

from __future__ import annotations

import re
from typing import Any

Obj = dict[str, Any]
_TOKEN = re.compile(r"'(?:\\.|[^'\\])*'|[.\[\]]|[^.\[\]]+")
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "'": "'", "\\": "\\"}
_NO_FIELD = "does not refer to a valid field"


class WrongPath(ValueError):
    """The path leads nowhere; the message says why."""


def wrong_field_path(path: str, schema: Obj) -> str:
    """Why it is no path into the schema, or nothing."""
    try:
        schema_at(path, schema)
    except WrongPath as error:
        return str(error)
    return ""


def schema_at(path: str, schema: Obj, *, with_brackets: bool = True) -> Obj:
    """What the schema says at the path. Raises WrongPath."""
    tokens = _TOKEN.findall(path)
    while tokens:
        head = tokens.pop(0)
        if head == ".":
            schema = _below(schema, _next(tokens))
        elif head == "[":
            if not with_brackets:
                raise WrongPath("array notation is not allowed")
            schema = _below(schema, _unquoted(_next(tokens)))
            if (closing := _next(tokens)) != "]":
                raise WrongPath(f"expected ] but got {closing}")
        else:
            raise WrongPath(f"expected [ or . but got: {head}")
    return schema


def _next(tokens: list[str]) -> str:
    if not tokens:
        raise WrongPath("unexpected end of JSON path")
    return tokens.pop(0)


def _unquoted(token: str) -> str:
    if len(token) < 2 or token[0] != "'" or token[-1] != "'":
        raise WrongPath(f"expected single quoted string but got {token}")

    def sign(found: re.Match[str]) -> str:
        if found.group(1) not in _ESCAPES:
            raise WrongPath(f"invalid string literal: invalid escape char {found.group()}")
        return _ESCAPES[found.group(1)]

    return re.sub(r"\\(.)", sign, token[1:-1])


def _below(schema: Obj, name: str) -> Obj:
    properties, others = schema.get("properties"), schema.get("additionalProperties")
    if properties is not None:
        if name not in properties:
            raise WrongPath(_NO_FIELD)
        found: Obj = properties[name]
        return found
    if not isinstance(others, dict):
        raise WrongPath(_NO_FIELD)
    return others
