"""The tokens of jq's language, and how its complaints show a place in a filter."""

from __future__ import annotations

import re

from simulator.kubectl.jq.errors import JqSyntaxError

_TOKEN = re.compile(
    r"""\s+|\#[^\n]*
    |(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<field>\.[A-Za-z_]\w*)
    |(?P<format>@[A-Za-z0-9_]+)
    |(?P<variable>\$__loc__|\$[A-Za-z_]\w*(?:::[A-Za-z_]\w*)*)
    |(?P<word>[A-Za-z_]\w*(?:::[A-Za-z_]\w*)*)
    |(?P<sign>\?//=?|//=|\|=|\+=|-=|\*=|/=|%=|==|!=|<=|>=|//|\.\.|and\b|or\b|[.\[\]{}()|,:;=<>+\-*/%?$])
    |(?P<quote>")""",
    re.VERBOSE,
)
_TOKEN_NAMES = {
    "end": "$end",
    "word": "IDENT",
    "field": "FIELD",
    "number": "LITERAL",
    "format": "FORMAT",
    "quote": "QQSTRING_START",
}
_KEYWORD_NAMES = {
    "def": "DEF", "if": "IF", "then": "THEN", "else": "ELSE", "elif": "ELSE_IF", "end": "END", "as": "AS", "reduce": "REDUCE",
    "foreach": "FOREACH", "try": "TRY", "catch": "CATCH", "label": "LABEL", "and": "AND", "or": "OR",
}  # fmt: skip


class Tokens:
    """A filter's text, read token by token: what comes next, and what is wrong with it."""

    def __init__(self, text: str, nested: int = 0) -> None:
        self.text = text
        self.at = 0
        self.kind = ""
        """Of the token that comes next: `number`, `field`, `format`, `variable`, `word`, `sign`, `quote`, or `end`."""
        self.token = ""
        self.start = 0
        self.before = 0
        """Where the token before began."""
        self.opened = 0
        """Brackets that are open."""
        self.depth = nested
        self._next()

    def _next(self) -> None:
        if self.kind:
            self.before = self.start
        while True:
            self.start = self.at
            if self.at >= len(self.text):
                self.kind, self.token = "end", ""
                return
            match = _TOKEN.match(self.text, self.at)
            if match is None:
                raise self._wrong("syntax error, unexpected INVALID_CHARACTER (Unix shell quoting issues?)")
            self.at = match.end()
            if match.lastgroup is not None:
                self.kind, self.token = match.lastgroup, match.group()
                self.opened += (self.token in ("(", "[", "{")) if self.kind == "sign" else 0
                if self.kind == "word" and self.token in ("and", "or"):
                    self.kind = "sign"
                return

    def _wrong(self, why: str) -> JqSyntaxError:
        """As jq shows a place: the line, and as many spaces as there are signs before the token."""
        at = self.before if self.kind == "end" else self.start
        line = self.text.count("\n", 0, at) + 1
        begin = self.text.rfind("\n", 0, at) + 1
        shown = self.text[begin:].partition("\n")[0]
        return JqSyntaxError(f"{why} at <top-level>, line {line}:\n{shown}{' ' * (at - begin)}")

    def _unexpected(self, expecting: str = "") -> JqSyntaxError:
        shown = _TOKEN_NAMES.get(self.kind, f"'{self.token}'")
        if self.kind == "word" and self.token in _KEYWORD_NAMES:
            shown = _KEYWORD_NAMES[self.token]
        if self.kind == "variable":
            shown = "'$'"
        if self.token in ("?//", "//", "==", "!=", "<=", ">="):
            shown = self.token
        if self.kind == "sign" and self.token in (")", "]", "}") and not self.opened:
            shown = "INVALID_CHARACTER"
        more = f", expecting {expecting}" if expecting else ""
        return self._wrong(f"syntax error, unexpected {shown}{more} (Unix shell quoting issues?)")

    def _plain(self, why: str) -> JqSyntaxError:
        """Of the whole filter."""
        return JqSyntaxError(f"{why} at <top-level>, line 1:\n{self.text}")

    def _missing(self, name: str, at: int) -> JqSyntaxError:
        line, begin = self.text.count("\n", 0, at) + 1, self.text.rfind("\n", 0, at) + 1
        shown = self.text[begin:].partition("\n")[0]
        return JqSyntaxError(f"{name} is not defined at <top-level>, line {line}:\n{shown}{' ' * (at - begin)}")

    def _is(self, *signs: str) -> bool:
        return self.kind == "sign" and self.token in signs

    def _word(self, *words: str) -> bool:
        return self.kind == "word" and self.token in words

    def _take(self, sign: str) -> None:
        if self.token != sign or self.kind not in ("sign", "word"):
            raise self._unexpected()
        self._next()

    def _accept(self, sign: str) -> bool:
        if self._is(sign):
            self._next()
            return True
        return False
