"""The grammar of Go templates: text into a tree, with Go's words for what is wrong with it."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import Any

FUNCTIONS = (
    "and", "or", "not", "len", "index", "slice", "print", "printf", "println", "html", "js", "urlquery", "eq", "ne", "lt", "le",
    "gt", "ge", "exists", "base64decode",
)  # fmt: skip
_REFUSED = ("define", "template", "block", "call")
_SPACE = " \t\r\n"


class TemplateError(ValueError):
    """A template that cannot be read or carried out; the text is Go's; `written`: what had come out by then."""

    written = ""


@dataclass(slots=True)
class Text:
    text: str


@dataclass(slots=True)
class Term:
    """One operand: what it starts from, and the fields taken of it. `at`: where it stands, for complaints."""

    kind: str
    value: Any
    fields: tuple[str, ...] = ()
    at: int = 0
    source: str = ""
    place: int = 0
    """Where Go says it stands: the second part of a chain, if there is one."""


@dataclass(slots=True)
class Pipeline:
    commands: list[list[Term]]
    variables: tuple[str, ...] = ()
    declares: bool = False
    source: str = ""


@dataclass(slots=True)
class Action:
    pipeline: Pipeline


@dataclass(slots=True)
class Branch:
    """`if`, `with` or `range`."""

    kind: str
    pipeline: Pipeline
    body: list[Any] = field(default_factory=list)
    otherwise: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class Jump:
    kind: str


_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<string>"(?:\\.|[^"\\\n])*")
    |(?P<raw>`[^`]*`)
    |(?P<rune>'(?:\\.|[^'\\\n])+')
    |(?P<number>[-+]?(?:0[xX][0-9a-fA-F_]+|\d[\d_]*(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+))
    |(?P<declare>:=)|(?P<assign>=)|(?P<comma>,)|(?P<pipe>\|)|(?P<open>\()|(?P<close>\))
    |(?P<variable>\$\w*)
    |(?P<field>\.\w+)
    |(?P<dot>\.)
    |(?P<word>\w+)
    """,
    re.VERBOSE,
)


@dataclass(slots=True)
class Token:
    kind: str
    text: str
    at: int
    spaced: bool = False
    """White space stands before it."""


def parse_template(text: str) -> list[Any]:
    """The nodes of a template."""
    return _Parser(text).template()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.pieces = _pieces(text)
        self.at = 0
        self.depth = 0
        self.variables = ["$"]

    def fail(self, why: str, position: int) -> TemplateError:
        return TemplateError(f"template: output:{self.text.count(chr(10), 0, position) + 1}: {why}")

    def template(self) -> list[Any]:
        nodes, end = self.nodes(())
        if end is not None:
            raise self.fail(f"unexpected {{{{{end[0]}}}}}", end[1])
        return nodes

    def nodes(self, loops: tuple[str, ...]) -> tuple[list[Any], tuple[str, int, list[Token]] | None]:
        """Nodes up to an `end` or `else`, and that."""
        found: list[Any] = []
        while self.at < len(self.pieces):
            kind, piece, position = self.pieces[self.at]
            self.at += 1
            if kind == "text":
                found.append(Text(piece))
                continue
            tokens = self.tokens(piece, position)
            if not tokens:
                raise self.fail("missing value for command", position)
            word = tokens[0].text if tokens[0].kind == "word" else ""
            if word in ("end", "else"):
                return found, (word, position, tokens[1:])
            found.append(self.action(word, tokens, position, loops))
        if loops:
            raise self.fail("unexpected EOF", len(self.text))
        return found, None

    def action(self, word: str, tokens: list[Token], position: int, loops: tuple[str, ...]) -> Any:
        if word in ("if", "with", "range"):
            return self.branch(word, tokens[1:], position, loops)
        if word in ("break", "continue"):
            if "range" not in loops:
                raise self.fail(f"{{{{{word}}}}} outside {{{{range}}}}", position)
            return Jump(word)
        if word in _REFUSED:
            raise self.fail(f"{{{{{word}}}}} is not available in this workstation", position)
        return Action(self.pipeline(tokens, position, "command"))

    def branch(self, kind: str, tokens: list[Token], position: int, loops: tuple[str, ...]) -> Branch:
        known = len(self.variables)
        node = Branch(kind, self.pipeline(tokens, position, kind))
        node.body, end = self.nodes((*loops, kind))
        assert end is not None
        word, where, rest = end
        if word == "else" and rest and rest[0].text in ("if", "with"):
            node.otherwise = [self.branch(rest[0].text, rest[1:], where, loops or ("",))]
        elif word == "else":
            node.otherwise, end = self.nodes((*loops, kind))
            if end is None or end[0] != "end":
                raise self.fail("expected end; found {{else}}", where)
        del self.variables[known:]
        return node

    def tokens(self, piece: str, position: int) -> list[Token]:
        found, at, spaced = list[Token](), 0, False
        while at < len(piece):
            match = _TOKEN.match(piece, at)
            if match is None:
                if piece[at] in "\"'`":
                    raise self.fail("unterminated quoted string", position + at)
                raise self.fail(
                    f"unexpected bad character U+{ord(piece[at]):04X} {piece[at]!r} in command", position + at
                )
            kind = str(match.lastgroup)
            if kind == "space":
                spaced = True
            else:
                found.append(Token(kind, match.group(), position + at, spaced))
                spaced = False
            at = match.end()
        return found

    def pipeline(self, tokens: list[Token], position: int, context: str) -> Pipeline:
        variables: list[str] = []
        declares = False
        end = next((i for i, token in enumerate(tokens) if token.kind in ("declare", "assign")), None)
        if end is not None and tokens[0].kind == "variable":
            variables = [token.text for token in tokens[:end] if token.kind == "variable"]
            declares, tokens = tokens[end].kind == "declare", tokens[end + 1 :]
        if not tokens:
            raise self.fail(f"missing value for {context}", position)
        if not declares and (unknown := next((name for name in variables if name not in self.variables), "")):
            raise self.fail(f'undefined variable "{unknown}"', position)
        commands, rest = self.commands(tokens, position)
        self.variables += variables
        if rest:
            raise self.fail(f"unexpected {rest[0].text!r} in {context}".replace("'", '"'), rest[0].at)
        last = tokens[-1]
        return Pipeline(commands, tuple(variables), declares, self.text[tokens[0].at : last.at + len(last.text)])

    def commands(self, tokens: list[Token], position: int) -> tuple[list[list[Term]], list[Token]]:
        """Commands up to the end or an unmatched closing parenthesis."""
        self.depth += 1
        if self.depth > 50:
            raise self.fail("too many parentheses", position)
        commands: list[list[Term]] = [[]]
        while tokens and tokens[0].kind != "close":
            token = tokens[0]
            if token.kind == "pipe":
                if not commands[-1]:
                    raise self.fail("missing value for command", token.at)
                commands.append([])
                tokens = tokens[1:]
                continue
            term, tokens = self.term(tokens)
            commands[-1].append(term)
        if not commands[-1]:
            raise self.fail("missing value for command", position)
        self.depth -= 1
        return commands, tokens

    def term(self, tokens: list[Token]) -> tuple[Term, list[Token]]:
        token, rest = tokens[0], tokens[1:]
        if token.kind == "open":
            commands, rest = self.commands(rest, token.at)
            if not rest:
                raise self.fail("unclosed left paren", token.at)
            inner = self.text[token.at + 1 : rest[0].at]
            term, rest = Term("pipeline", Pipeline(commands, source=inner), at=token.at), rest[1:]
        else:
            term = self.simple(token)
        fields = list(term.fields)
        end = tokens[len(tokens) - len(rest) - 1]
        term.place = token.at
        while rest and rest[0].kind == "field" and not rest[0].spaced:
            if term.kind in ("literal", "function"):
                raise self.fail(f"unexpected . after term {token.text!r}".replace("'", '"'), rest[0].at)
            if term.place == token.at:
                term.place = rest[0].at
            fields.append(rest[0].text[1:])
            end, rest = rest[0], rest[1:]
        term.fields = tuple(fields)
        term.source = self.text[token.at : end.at + len(end.text)]
        return term, rest

    def simple(self, token: Token) -> Term:
        if token.kind == "field":
            return Term("dot", None, (token.text[1:],), token.at)
        if token.kind == "dot":
            return Term("dot", None, at=token.at)
        if token.kind == "variable":
            if token.text not in self.variables:
                raise self.fail(f'undefined variable "{token.text}"', token.at)
            return Term("variable", token.text, at=token.at)
        if token.kind in ("string", "raw", "rune", "number"):
            return Term("literal", self.literal(token), at=token.at)
        if token.kind == "word":
            words = {"true": True, "false": False, "nil": None}
            if token.text in words:
                return Term("literal", words[token.text], at=token.at)
            if token.text in FUNCTIONS:
                return Term("function", token.text, at=token.at)
            raise self.fail(f'function "{token.text}" not defined', token.at)
        raise self.fail(f'unexpected "{token.text}" in operand', token.at)

    def literal(self, token: Token) -> Any:
        if token.kind == "raw":
            return token.text[1:-1]
        if token.kind == "number":
            plain = token.text.replace("_", "")
            return float(plain) if re.search(r"[.eE]", plain) and "x" not in plain.lower() else Int(int(plain, 0))
        try:
            text = str(ast.literal_eval(token.text))
        except (ValueError, SyntaxError):
            raise self.fail("invalid syntax", token.at) from None
        return text if token.kind == "string" else Int(ord(text[0]))


class Int(int):
    """A number of the template itself; numbers in the data are floats."""


def _pieces(text: str) -> list[tuple[str, str, int]]:
    """Text and actions in turn, trimmed where a dash asks for it."""
    found: list[tuple[str, str, int]] = []
    at, trim = 0, False
    while at < len(text):
        start = text.find("{{", at)
        plain = text[at:] if start < 0 else text[at:start]
        plain = plain.lstrip(_SPACE) if trim else plain
        if start < 0:
            found.append(("text", plain, at))
            break
        inside = start + 2
        left = text[inside : inside + 1] == "-" and text[inside + 1 : inside + 2] in _SPACE and len(text) > inside + 1
        found.append(("text", plain.rstrip(_SPACE) if left else plain, at))
        inside += 2 if left else 0
        end = _end_of_action(text, inside)
        body = text[inside:end]
        trim = body.endswith("-") and body[-2:-1] in _SPACE and len(body) > 1
        body = body[:-1] if trim else body
        if not body.strip(_SPACE).startswith("/*"):
            found.append(("action", body, inside))
        at = end + 2
    return [piece for piece in found if piece[0] == "action" or piece[1]]


def _end_of_action(text: str, inside: int) -> int:
    if text[inside:].lstrip(_SPACE).startswith("/*"):
        close = text.find("*/", inside)
        end = text.find("}}", close)
        if close < 0 or end < 0:
            raise TemplateError(f"template: output:{text.count(chr(10)) + 1}: unclosed comment")
        return end
    quote, at = "", inside
    while at < len(text):
        sign = text[at]
        if quote:
            at += sign == "\\" and quote != "`"
            quote = "" if sign == quote else quote
        elif sign in "\"'`":
            quote = sign
        elif text.startswith("}}", at):
            return at
        at += 1
    line = text.count("\n", 0, inside) + 1
    raise TemplateError(f"template: output:{line}: {'unterminated quoted string' if quote else 'unclosed action'}")
