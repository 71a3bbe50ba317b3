"""Objects and strings in jq's language, which hold filters in turn. https://jqlang.org/manual/v1.6/#object-construction.

Leaves to `syntax` what such a filter is.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import Any

from simulator.kubectl.jq.errors import JqSyntaxError
from simulator.kubectl.jq.tokens import Tokens
from simulator.kubectl.jq.values import text_of, type_of

Node = tuple[Any, ...]

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "/": "/", "\\": "\\", '"': '"'}

IDENTITY: Node = ("identity",)


class Literals(Tokens, ABC):
    @abstractmethod
    def _pipe(self) -> Node:
        """A whole filter."""

    @abstractmethod
    def _alternative(self) -> Node:
        """A filter without `|` and `,` outside of brackets."""

    @abstractmethod
    def _variable(self) -> Node: ...

    def _object(self) -> Node:
        self._take("{")
        entries: list[tuple[Node, Node]] = []
        while not self._is("}"):
            entries.append(self._entry())
            if not self._accept(","):
                break
        self._take("}")
        return ("object", entries)

    def _entry(self) -> tuple[Node, Node]:
        if self.kind == "variable":
            if self.token == "$__loc__":
                return ("literal", "__loc__"), self._variable()
            node = self._variable()
            return ("literal", node[1]), node
        if self._accept("("):
            start = self.before
            key = self._pipe()
            self._take(")")
            if key[0] == "literal" and not isinstance(key[1], str):
                shown = f"{type_of(key[1])} ({text_of(key[1])})"
                raise JqSyntaxError(
                    f"Cannot use {shown} as object key at <top-level>, line 1:\n{self.text}{' ' * start}"
                )
        elif self.kind == "quote":
            key = self._string()
        elif self.kind == "format":
            name = self.token
            self._next()
            key = self._string(name) if self.kind == "quote" else ("format", name)
        elif self.kind in ("word", "number") or self._is("and", "or"):
            key = ("literal", self.token)
            self._next()
        else:
            raise self._unexpected()
        if self._accept(":"):
            return key, self._value()
        return key, ("index", IDENTITY, key)

    def _value(self) -> Node:
        """Of an entry: terms joined by `|`, but not by a comma."""
        left = self._alternative()
        return ("pipe", left, self._value()) if self._accept("|") else left

    def _string(self, format_name: str = "") -> Node:
        """A string with `\\( … )` in it; the opening quote is the present token."""
        parts: list[Node] = []
        plain = ""
        at = self.at
        while True:
            if at >= len(self.text):
                self.kind, self.token = "end", ""
                raise self._wrong(
                    "syntax error, unexpected $end, expecting QQSTRING_TEXT or QQSTRING_INTERP_START or QQSTRING_END (Unix shell quoting issues?)"
                )
            rune = self.text[at]
            if rune == '"':
                self.at = at + 1
                break
            if rune != "\\":
                plain, at = plain + rune, at + 1
                continue
            sign = self.text[at + 1 : at + 2]
            if sign == "(":
                inner, at = self._interpolated(at + 2)
                parts += [("literal", plain), ("text", inner, format_name)]
                plain = ""
            elif sign == "u":
                plain, at = self._unicode(plain, at)
            elif sign in _ESCAPES:
                plain, at = plain + _ESCAPES[sign], at + 2
            else:
                raise self._bad_escape(sign)
        self._next()
        if not parts:
            return ("literal", plain)
        return ("joined", [*parts, ("literal", plain)])

    def _bad_escape(self, sign: str) -> JqSyntaxError:
        return self._wrong(f"Invalid escape at line 1, column 4 (while parsing '\"\\{sign}\"')")

    def _unicode(self, plain: str, at: int) -> tuple[str, int]:
        digits = self.text[at + 2 : at + 6]
        if not re.fullmatch(r"[0-9a-fA-F]{4}", digits):
            raise self._bad_escape("u")
        code, at = int(digits, 16), at + 6
        second = re.match(r"\\u([dD][c-fC-F][0-9a-fA-F]{2})", self.text[at:])
        if 0xD800 <= code < 0xDC00 and second is not None:
            code, at = 0x10000 + ((code - 0xD800) << 10) + int(second[1], 16) - 0xDC00, at + 6
        return plain + (chr(code) if not 0xD800 <= code < 0xE000 else "\ufffd"), at

    def _interpolated(self, at: int) -> tuple[Node, int]:
        inner = type(self).__new__(type(self))
        inner.text, inner.at, inner.kind, inner.token, inner.start, inner.depth = self.text, at, "", "", at, self.depth
        inner.before, inner.opened = at, 1
        inner._next()
        node = inner._pipe()
        if not inner._is(")"):
            raise inner._unexpected()
        return node, inner.at
