"""What Go's JSON decoder says of a text that is no JSON.

Promises: the words of `encoding/json` (`scanner.go`), which people see when they quote a patch wrongly:
`invalid character 's' looking for beginning of object key string`.

Leaves to others: reading JSON.
"""

from __future__ import annotations

import json
import re

_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_END = "unexpected end of JSON input"
_WORDS = {"t": "true", "f": "false", "n": "null"}
_ESCAPES = 'bfnrt\\/"'
_HEX = "0123456789abcdefABCDEF"


class NoJson(ValueError):
    """The text is no JSON; the message is Go's."""


def complaint(text: str) -> str:
    """What is wrong with the text; empty when nothing is."""
    try:
        json.loads(text, parse_constant=_refused)
    except ValueError:
        pass
    else:
        return ""
    try:
        _Scanner(text).scan()
    except NoJson as error:
        return str(error)
    return ""


def undecodable_patch(content_type: str, why: str) -> str:
    """How the API server says it of a patch (`endpoints/handlers/patch.go`)."""
    return why if content_type.startswith("application/strategic-merge-patch") else f"error decoding patch: {why}"


def _refused(_: str) -> None:
    raise ValueError


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def scan(self) -> None:
        self._value("looking for beginning of value")
        self._skip()
        if self.at < len(self.text):
            raise self._wrong("after top-level value")

    def _skip(self) -> None:
        found = _SPACE.match(self.text, self.at)
        assert found is not None
        self.at = found.end()

    def _wrong(self, where: str) -> NoJson:
        if self.at >= len(self.text):
            return NoJson(_END)
        rune = self.text[self.at]
        shown = {"'": r"'\''", '"': "'\"'", "\n": r"'\n'", "\t": r"'\t'", "\r": r"'\r'"}.get(rune, f"'{rune}'")
        return NoJson(f"invalid character {shown} {where}")

    def _peek(self) -> str:
        self._skip()
        return self.text[self.at : self.at + 1]

    def _value(self, where: str) -> None:
        rune = self._peek()
        if rune == "{":
            self._object()
        elif rune == "[":
            self._array()
        elif rune == '"':
            self._string()
        elif rune in _WORDS and rune:
            self._word(_WORDS[rune])
        elif rune == "-" or rune.isdecimal():
            self._number()
        else:
            raise self._wrong(where)

    def _object(self) -> None:
        self.at += 1
        if self._peek() == "}":
            self.at += 1
            return
        while True:
            if self._peek() != '"':
                raise self._wrong("looking for beginning of object key string")
            self._string()
            if self._peek() != ":":
                raise self._wrong("after object key")
            self.at += 1
            self._value("looking for beginning of value")
            if self._peek() not in (",", "}"):
                raise self._wrong("after object key:value pair")
            self.at += 1
            if self.text[self.at - 1] == "}":
                return

    def _array(self) -> None:
        self.at += 1
        if self._peek() == "]":
            self.at += 1
            return
        while True:
            self._value("looking for beginning of value")
            if self._peek() not in (",", "]"):
                raise self._wrong("after array element")
            self.at += 1
            if self.text[self.at - 1] == "]":
                return

    def _string(self) -> None:
        self.at += 1
        while True:
            rune = self.text[self.at : self.at + 1]
            if rune == "" or rune < " ":
                raise self._wrong("in string literal")
            self.at += 1
            if rune == '"':
                return
            if rune == "\\":
                self._escape()

    def _escape(self) -> None:
        rune = self.text[self.at : self.at + 1]
        if rune == "" or rune not in _ESCAPES + "u":
            raise self._wrong("in string escape code")
        self.at += 1
        for _ in range(4 if rune == "u" else 0):
            if self.text[self.at : self.at + 1] not in _HEX or self.at >= len(self.text):
                raise self._wrong("in \\u hexadecimal character escape")
            self.at += 1

    def _word(self, word: str) -> None:
        for at, wanted in enumerate(word):
            if self.text[self.at : self.at + 1] != wanted:
                raise self._wrong(f"in literal {word} (expecting '{word[at]}')")
            self.at += 1

    def _number(self) -> None:
        found = _NUMBER.match(self.text, self.at)
        if found is None:
            self.at += 1
            raise self._wrong("in numeric literal")
        self.at = found.end()
        if self.text[self.at : self.at + 1] == ".":
            self.at += 1
            raise self._wrong("after decimal point in numeric literal")
        if self.text[self.at : self.at + 1] in ("e", "E"):
            self.at += 1
            raise self._wrong("in exponent of numeric literal")
