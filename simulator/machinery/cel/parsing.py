"""Texts become trees: `parser/gen/CEL.g4` and `parser/parser.go` of cel-go.

What is wrong is told in the words of ANTLR's default error strategy: one superfluous token is passed over, one missing closing sign is
supplied, anything else ends the reading.
"""

from __future__ import annotations

from simulator.machinery.cel.errors import CompileError, Issue
from simulator.machinery.cel.macros import expanded
from simulator.machinery.cel.nodes import (
    Call,
    Entry,
    Ident,
    ListNode,
    Literal,
    MapNode,
    Node,
    Select,
    Struct,
    qualified_name,
)
from simulator.machinery.cel.tokens import RESERVED, Token, tokens

_STARTS = (
    "[",
    "{",
    "(",
    ".",
    "-",
    "!",
    "true",
    "false",
    "null",
    "NUM_FLOAT",
    "NUM_INT",
    "NUM_UINT",
    "STRING",
    "BYTES",
    "IDENTIFIER",
)
_RELATIONS = ("<", "<=", ">=", ">", "==", "!=", "in")
_GO_ON = frozenset([*_RELATIONS, "&&", "||", "+", "-", "*", "/", "%", ".", "[", "?", "<EOF>"])
_CLOSED = {")": frozenset(")],}:"), "]": frozenset(")],}:"), "}": frozenset(")],}:")}
#: Order of tokens in the grammar, in which sets of them are shown.
_ORDER = ("==", "!=", "in", "<", "<=", ">=", ">", "&&", "||", "[", "]", "{", "}", "(", ")", ".", ",", "-", "!", "?", ":", "+", "*", "/", "%",
          "true", "false", "null", "NUM_FLOAT", "NUM_INT", "NUM_UINT", "STRING", "BYTES", "IDENTIFIER", "ESC_IDENTIFIER", "<EOF>")  # fmt: skip
_DEEPEST = 250
_INT_MAX = 1 << 63


def parse(text: str) -> Node:
    """Raises CompileError."""
    found, issues = tokens(text)
    parser = _Parser(text, found, issues)
    tree = parser.whole()
    if parser.issues or tree is None:
        raise CompileError(parser.issues, text)
    return tree


class _Stop(Exception):
    """No way to go on."""


class _Parser:
    def __init__(self, text: str, found: list[Token], issues: list[Issue]) -> None:
        self._tokens, self._next, self._depth = found, 0, 0
        self.issues = list(issues)

    def whole(self) -> Node | None:
        try:
            tree = self._expr()
            self._match("<EOF>")
        except _Stop:
            return None
        return tree

    # Tokens

    @property
    def _now(self) -> Token:
        return self._tokens[self._next]

    def _after(self, ahead: int = 1) -> Token:
        return self._tokens[min(self._next + ahead, len(self._tokens) - 1)]

    def _take(self) -> Token:
        token = self._now
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def _taken(self, kind: str) -> Token | None:
        return self._take() if self._now.kind == kind else None

    def _match(self, kind: str) -> Token:
        if self._now.kind == kind:
            return self._take()
        wanted = "<EOF>" if kind == "<EOF>" else _shown(kind)
        if self._after().kind == kind:
            self._say(f"extraneous input '{self._now.text}' expecting {wanted}")
            self._take()
            return self._take()
        if kind in _CLOSED and (self._now.kind in _GO_ON or self._now.kind in _CLOSED[kind]):
            self._say(f"missing {wanted} at '{self._now.text}'")
            return Token(kind, kind, self._now.at)
        raise self._mismatch(wanted)

    def _say(self, what: str) -> None:
        self.issues.append(Issue(self._now.at, f"Syntax error: {what}"))

    def _mismatch(self, wanted: str) -> _Stop:
        self._say(f"mismatched input '{self._now.text}' expecting {wanted}")
        return _Stop()

    def _wrong(self, at: int, says: str) -> None:
        self.issues.append(Issue(at, says))

    # Operators, weakest first

    def _expr(self) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            self._wrong(self._now.at, f"expression recursion limit exceeded: {_DEEPEST}")
            raise _Stop
        condition = self._or()
        if sign := self._taken("?"):
            first = self._or()
            self._match(":")
            condition = Call(sign.at, "_?_:_", [condition, first, self._expr()])
        self._depth -= 1
        return condition

    def _or(self) -> Node:
        terms, signs = [self._and()], []
        while sign := self._taken("||"):
            signs.append(sign.at)
            terms.append(self._and())
        return _balanced("_||_", terms, signs)

    def _and(self) -> Node:
        terms, signs = [self._relation()], []
        while sign := self._taken("&&"):
            signs.append(sign.at)
            terms.append(self._relation())
        return _balanced("_&&_", terms, signs)

    def _relation(self) -> Node:
        left = self._sum()
        while self._now.kind in _RELATIONS:
            sign = self._take()
            left = Call(sign.at, "@in" if sign.kind == "in" else f"_{sign.kind}_", [left, self._sum()])
        return left

    def _sum(self) -> Node:
        left = self._product()
        while self._now.kind in ("+", "-"):
            sign = self._take()
            left = Call(sign.at, f"_{sign.kind}_", [left, self._product()])
        return left

    def _product(self) -> Node:
        left = self._unary()
        while self._now.kind in ("*", "/", "%"):
            sign = self._take()
            left = Call(sign.at, f"_{sign.kind}_", [left, self._unary()])
        return left

    def _unary(self) -> Node:
        if self._now.kind not in ("!", "-"):
            return self._member()
        sign = self._take()
        if sign.kind == "-" and self._now.kind in ("NUM_INT", "NUM_FLOAT"):
            return self._members(self._number(self._take(), sign))
        count = 1
        while self._now.kind == sign.kind:
            self._take()
            count += 1
        if sign.kind == "-" and self._now.kind not in _STARTS:
            self._say("no viable alternative at input '-'")
        inner = self._member()
        return inner if count % 2 == 0 else Call(sign.at, "!_" if sign.kind == "!" else "-_", [inner])

    # Members

    def _member(self) -> Node:
        return self._members(self._primary())

    def _members(self, node: Node) -> Node:
        while self._now.kind in (".", "["):
            node = self._index(node) if self._now.kind == "[" else self._selected(node)
        return node

    def _index(self, node: Node) -> Node:
        sign = self._take()
        optional = self._taken("?") is not None
        index = self._expr()
        self._match("]")
        return Call(sign.at, "_[?_]" if optional else "_[_]", [node, index])

    def _selected(self, node: Node) -> Node:
        sign = self._take()
        optional = self._taken("?") is not None
        if self._now.kind not in ("IDENTIFIER", "ESC_IDENTIFIER"):
            end = "" if self._now.kind == "<EOF>" else self._now.text
            self._say(f"no viable alternative at input '.{end}'")
            raise _Stop
        name = self._take()
        if self._now.kind == "(" and not optional and name.kind == "IDENTIFIER":
            return self._called(name, node)
        field = name.value if name.kind == "ESC_IDENTIFIER" else name.text
        if optional:
            return Call(sign.at, "_?._", [node, Literal(sign.at, field)])
        return Select(sign.at, node, field)

    def _called(self, name: Token, target: Node | None, prefix: str = "") -> Node:
        sign = self._take()
        args = self._arguments()
        self._match(")")
        made = expanded(sign.at, prefix + name.text, args, target, self._wrong)
        return made if made is not None else Call(sign.at, prefix + name.text, args, target)

    def _arguments(self) -> list[Node]:
        if self._now.kind == ")":
            return []
        args = [self._expr()]
        while self._taken(","):
            args.append(self._expr())
        return args

    # Primaries

    def _primary(self) -> Node:
        token = self._now
        if token.kind in ("IDENTIFIER", "."):
            return self._named()
        if token.kind == "(":
            self._take()
            inner = self._expr()
            self._match(")")
            return inner
        if token.kind == "[":
            return self._list()
        if token.kind == "{":
            sign = self._take()
            return MapNode(sign.at, self._entries(is_map=True))
        if token.kind in ("NUM_INT", "NUM_FLOAT"):
            return self._number(self._take())
        if token.kind in ("NUM_UINT", "STRING", "BYTES"):
            return Literal(token.at, self._take().value)
        if token.kind in ("true", "false", "null"):
            self._take()
            return Literal(token.at, {"true": True, "false": False, "null": None}[token.kind])
        raise self._mismatch(_set(_STARTS))

    def _number(self, token: Token, sign: Token | None = None) -> Node:
        at = sign.at if sign else token.at
        value = -token.value if sign else token.value
        if token.kind == "NUM_INT" and not -_INT_MAX <= value < _INT_MAX:
            self._wrong(at, "invalid int literal")
        return Literal(at, value)

    def _named(self) -> Node:
        dot = self._taken(".")
        if self._now.kind != "IDENTIFIER":
            self._say(f"no viable alternative at input '.{'' if self._now.kind == '<EOF>' else self._now.text}'")
            raise _Stop
        name = self._take()
        prefix = "." if dot else ""
        if name.text in RESERVED:
            self._wrong(name.at, f"reserved identifier: {name.text}")
        if self._now.kind == "(":
            return self._called(name, None, prefix)
        node: Node = Ident(name.at, prefix + name.text)
        return self._struct(node) if self._is_struct() else node

    def _is_struct(self) -> bool:
        """`a.b.c{`: names up to a brace."""
        ahead = 0
        while self._after(ahead).kind == "." and self._after(ahead + 1).kind == "IDENTIFIER":
            ahead += 2
        return self._after(ahead).kind == "{"

    def _struct(self, node: Node) -> Node:
        while self._now.kind == ".":
            sign = self._take()
            node = Select(sign.at, node, self._take().text)
        sign = self._match("{")
        return Struct(sign.at, qualified_name(node), self._entries(is_map=False))

    def _list(self) -> Node:
        sign = self._take()
        elements: list[Node] = []
        optional: list[int] = []
        while self._now.kind not in ("]", ","):
            if self._taken("?"):
                optional.append(len(elements))
            elements.append(self._expr())
            if not self._taken(","):
                break
        else:
            self._taken(",")
        self._closed("]", {"]", ","} if elements else {"]"})
        return ListNode(sign.at, elements, frozenset(optional))

    def _entries(self, *, is_map: bool) -> list[Entry]:
        found: list[Entry] = []
        starts = (*_STARTS, "?") if is_map else ("IDENTIFIER", "ESC_IDENTIFIER", "?")
        while self._now.kind not in ("}", ","):
            if self._now.kind not in starts:
                raise self._mismatch(_set((*starts, "}", ",")) if not found else _set(("}", ",")))
            found.append(self._entry(is_map=is_map))
            if not self._taken(","):
                break
        else:
            self._taken(",")
        self._closed("}", {"}", ","})
        return found

    def _entry(self, *, is_map: bool) -> Entry:
        optional = self._taken("?") is not None
        if is_map:
            key: object = self._expr()
        else:
            name = self._take()
            key = name.value if name.kind == "ESC_IDENTIFIER" else name.text
        sign = self._match(":")
        return Entry(sign.at, key, self._expr(), optional=optional)

    def _closed(self, kind: str, wanted: set[str]) -> None:
        if self._now.kind != kind and self._after().kind != kind and len(wanted) > 1:
            raise self._mismatch(_set(wanted))
        self._match(kind)


def _balanced(function: str, terms: list[Node], signs: list[int]) -> Node:
    """`parser/helper.go: balancer`: long chains become flat trees."""
    if not signs:
        return terms[0]

    def tree(low: int, high: int) -> Node:
        middle = (low + high + 1) // 2
        left = terms[middle] if middle == low else tree(low, middle - 1)
        right = terms[middle + 1] if middle == high else tree(middle + 1, high)
        return Call(signs[middle], function, [left, right])

    return tree(0, len(signs) - 1)


def _shown(kind: str) -> str:
    return f"'{kind}'" if kind[0].islower() or not kind[0].isalpha() else kind


def _set(kinds: object) -> str:
    wanted = set(kinds)  # type: ignore[call-overload]
    ordered = [kind for kind in _ORDER if kind in wanted]
    return f"{{{', '.join(_shown(kind) for kind in ordered)}}}"
