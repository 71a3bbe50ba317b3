"""Reads a JSONPath template into what it is made of.

Promises: what `client-go/util/jsonpath/parser.go` reads is read, and the first mistake is named in its words.

Leaves to others: what a template finds (`jsonpath.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_TERMINATORS = " \t\r\n.,[]$@{}"
_DICT_KEY = re.compile(r"'([^']*)'")
_SLICE = re.compile(r"(-?\d*)(:-?\d*)?(:-?\d*)?")
_COMPARISON = re.compile(r"([^!<>=]+)([!<>=]+)(.+)", re.DOTALL)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
_ESCAPED = r"\\(?:([abfnrtv\\{quote}])|x([0-9a-fA-F]{{2}})|u([0-9a-fA-F]{{4}})|U([0-9a-fA-F]{{8}})|([0-7]{{3}}))"
_SHORT = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class JsonPathError(Exception):
    """The template cannot be parsed or applied."""


@dataclass(frozen=True, slots=True)
class Field:
    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A text, a number or a truth value: it takes the place of what was found before it."""

    value: str | int | float | bool


@dataclass(frozen=True, slots=True)
class Identifier:
    """A word without a dot: `range`, `end`, or a mistake that shows when the template is applied."""

    name: str


@dataclass(frozen=True, slots=True)
class Array:
    """`[start:stop:step]`; a single index is the slice of one, and its stop is derived."""

    start: int | None
    stop: int | None
    step: int | None
    is_index: bool


@dataclass(frozen=True, slots=True)
class Filter:
    left: Expression
    operator: str
    right: Expression


@dataclass(frozen=True, slots=True)
class Union:
    parts: tuple[Expression, ...]


Part = Field | Constant | Identifier | Array | Filter | Union | Literal["*", ".."]
Expression = tuple[Part, ...]


def read(template: str) -> list[str | Expression]:
    """The texts and the expressions of a template, in order. Raises JsonPathError."""
    return _Reader(template).read()


def _expression(text: str) -> Expression:
    found = read("{" + text + "}")[0]
    assert not isinstance(found, str)
    return found


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.start = 0
        """Where what was not yet taken begins."""
        self.parts: list[Part] = []

    def read(self) -> list[str | Expression]:
        found: list[str | Expression] = []
        while (opening := self.text.find("{", self.at)) >= 0:
            if opening > self.at:
                found.append(self.text[self.at : opening])
            self.at = self.start = opening + 1
            self.parts = []
            self._action()
            found.append(tuple(self.parts))
        return [*found, self.text[self.at :]] if self.at < len(self.text) else found

    def _next(self) -> str:
        rune = self.text[self.at : self.at + 1]
        self.at += len(rune)
        return rune

    def _taken(self) -> str:
        text, self.start = self.text[self.start : self.at], self.at
        return text

    def _action(self) -> None:
        while not self.text.startswith("}", self.at):
            if self.text.startswith("[?(", self.at):
                self._filter()
            elif self.text.startswith("..", self.at):
                self._recursive()
            else:
                self._part(self._next())
        self.at += 1
        self.start = self.at

    def _part(self, rune: str) -> None:
        if rune in ("", "\r", "\n"):
            raise JsonPathError("unclosed action")
        if rune in " @$":
            self._taken()
        elif rune == "[":
            self._array()
        elif rune in "\"'":
            self._quote(rune)
        elif rune == ".":
            self._field()
        elif rune in "+-" or rune.isdigit():
            self._number()
        elif _is_alphanumeric(rune):
            word = self._word()
            self.parts.append(Constant(word == "true") if word in ("true", "false") else Identifier(word))
        else:
            shown = f" '{rune}'" if rune.isprintable() else ""
            raise JsonPathError(f"unrecognized character in action: U+{ord(rune):04X}{shown}")

    def _recursive(self) -> None:
        if self.parts and self.parts[-1] == "..":
            raise JsonPathError("invalid multiple recursive descent")
        self.at += 2
        self._taken()
        self.parts.append("..")
        if _is_alphanumeric(self.text[self.at : self.at + 1]):
            self._field()

    def _field(self) -> None:
        self._taken()
        name = self._word(escapes=True)
        self.parts.append("*" if name == "*" else Field(name.replace("\\", "")))

    def _word(self, *, escapes: bool = False) -> str:
        while self.at < len(self.text) and self.text[self.at] not in _TERMINATORS:
            self.at += 2 if escapes and self.text[self.at] == "\\" else 1
        self.at = min(self.at, len(self.text))
        return self._taken()

    def _number(self) -> None:
        while self.text[self.at : self.at + 1] == "." or self.text[self.at : self.at + 1].isdigit():
            self.at += 1
        number = self._taken()
        if not _NUMBER.fullmatch(number):
            raise JsonPathError(f"cannot parse number {number}")
        self.parts.append(Constant(float(number) if "." in number else int(number)))

    def _quote(self, quote: str) -> None:
        while True:
            rune = self._next()
            if rune in ("", "\n"):
                raise JsonPathError("unterminated quoted string")
            if rune == quote and self.text[self.at - 2] != "\\":
                break
        quoted = self._taken()
        escaped = re.compile(_ESCAPED.format(quote=quote))
        if "\\" in escaped.sub("", quoted[1:-1]):
            raise JsonPathError(f"unquote string {quoted} error invalid syntax")
        self.parts.append(Constant(escaped.sub(_unescaped, quoted[1:-1])))

    def _array(self) -> None:
        closing = re.compile(r"[\]\n]").search(self.text, self.at)
        if closing is None or closing.group() == "\n":
            raise JsonPathError("unterminated array")
        self.at = closing.end()
        inside = self._taken()[1:-1]
        inside = ":" if inside == "*" else inside
        if "," in inside:
            self.parts.append(Union(tuple(_expression(f"[{one.strip(' ')}]") for one in inside.split(","))))
        elif key := _DICT_KEY.fullmatch(inside):
            self.parts += _expression(f".{key[1]}")
        else:
            self._slice(inside)

    def _slice(self, inside: str) -> None:
        found = _SLICE.fullmatch(inside)
        if found is None:
            raise JsonPathError(f"invalid array index {inside}")
        numbers = (found[1], (found[2] or "")[1:], (found[3] or "")[1:])
        if "-" in numbers:
            raise JsonPathError("array index - is not a number")
        start, stop, step = (int(number) if number else None for number in numbers)
        is_index = found[2] is None
        self.parts.append(Array(start, (start or 0) + 1 if is_index else stop, step, is_index))

    def _filter(self) -> None:
        self.at += len("[?(")
        self._taken()
        self._to_end_of_filter()
        if self._next() != "]":
            raise JsonPathError("unclosed array expect ]")
        inside = self._taken()[:-2]
        compared = _COMPARISON.fullmatch(inside)
        if compared:
            self.parts.append(Filter(_expression(compared[1]), compared[2], _expression(compared[3])))
        else:
            self.parts.append(Filter(_expression(inside), "exists", ()))

    def _to_end_of_filter(self) -> None:
        """Up to the first `)` that stands in no quotes; there is one pair of them at most."""
        pair, is_closed = "", False
        while True:
            rune = self._next()
            if rune in ("", "\n"):
                raise JsonPathError("unterminated filter")
            if rune in "\"'":
                if not pair:
                    pair = rune
                elif rune == pair and self.text[self.at - 2] != "\\":
                    is_closed = True
            elif rune == ")" and bool(pair) == is_closed:
                return


def _is_alphanumeric(rune: str) -> bool:
    return rune == "_" or rune.isalpha() or rune.isdigit()


def _unescaped(sign: re.Match[str]) -> str:
    if sign[1]:
        return _SHORT.get(sign[1], sign[1])
    return chr(int(sign[5], 8) if sign[5] else int(sign[2] or sign[3] or sign[4], 16))
