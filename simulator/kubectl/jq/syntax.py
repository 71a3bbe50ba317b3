"""The grammar of jq's language: text to a tree of tuples. https://jqlang.org/manual/v1.6/.

Promises: pure; a filter is a tree or a `JqSyntaxError`. A node is `(kind, …)`; the kinds are those that `evaluation.py` has methods for.
"""

from __future__ import annotations

from simulator.kubectl.jq.errors import JqSyntaxError
from simulator.kubectl.jq.literals import IDENTITY, Literals, Node

_KEYWORDS = frozenset(
    ("def", "if", "then", "elif", "else", "end", "as", "reduce", "foreach", "try", "catch", "label", "import", "include", "and", "or", "not_", "__loc__")
)  # fmt: skip
_UPDATES = {"|=": "update", "+=": "+", "-=": "-", "*=": "*", "/=": "/", "%=": "%", "//=": "//", "=": "set"}
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
_MAX_DEPTH = 200


def parse(text: str) -> Node:
    """The tree of a filter."""
    return _Parser(text).program()


def parse_definitions(text: str) -> list[Node]:
    """The trees of several `def`s."""
    return _Parser(text).definitions()


class _Parser(Literals):
    def program(self) -> Node:
        if self.kind == "end":
            return IDENTITY
        if self._is(")", "]", "}"):
            raise self._unexpected("$end")
        found = self._pipe()
        if self.kind != "end":
            raise self._unexpected("$end")
        return found

    def definitions(self) -> list[Node]:
        found = []
        while self.kind != "end":
            found.append(self._definition())
        return found

    # From the loosest to the tightest

    def _pipe(self) -> Node:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise self._wrong("syntax error: the filter is nested too deeply")
        try:
            if self._word("def"):
                definition = self._definition()
                return ("def", definition, self._pipe())
            left = self._comma()
            if self._word("as"):
                return self._binding(left)
            return ("pipe", left, self._pipe()) if self._accept("|") else left
        finally:
            self.depth -= 1

    def _binding(self, source: Node) -> Node:
        self._next()
        patterns = [self._pattern()]
        while self._accept("?//"):
            patterns.append(self._pattern())
        self._take("|")
        return ("as", source, patterns, self._pipe())

    def _comma(self) -> Node:
        left = self._alternative()
        while self._accept(","):
            left = ("comma", left, self._alternative())
        return left

    def _alternative(self) -> Node:
        """`//` binds to the right, looser than assignment's right side."""
        left = self._assignment()
        return ("alternative", left, self._alternative()) if self._accept("//") else left

    def _assignment(self) -> Node:
        left = self._or()
        if self.kind == "sign" and self.token in _UPDATES:
            operator = _UPDATES[self.token]
            self._next()
            right = self._alternative()
            return ("assign", operator, left, right)
        return left

    def _or(self) -> Node:
        left = self._and()
        while self._accept("or"):
            left = ("or", left, self._and())
        return left

    def _and(self) -> Node:
        left = self._compared()
        while self._accept("and"):
            left = ("and", left, self._compared())
        return left

    def _compared(self) -> Node:
        left = self._sum()
        if self._is(*_COMPARISONS):
            operator = self.token
            self._next()
            left = ("binary", operator, left, self._sum())
            if self._is(*_COMPARISONS):
                raise self._unexpected()
        return left

    def _sum(self) -> Node:
        left = self._product()
        while self._is("+", "-"):
            operator = self.token
            self._next()
            left = ("binary", operator, left, self._product())
        return left

    def _product(self) -> Node:
        left = self._unary()
        while self._is("*", "/", "%"):
            operator = self.token
            self._next()
            right = self._unary()
            if operator == "/" and left[0] == right[0] == "literal" and right[1] == 0 and left[1] is not None:
                raise self._plain("Division by zero?")
            left = ("binary", operator, left, right)
        return left

    def _unary(self) -> Node:
        if self._accept("-"):
            return ("negate", self._postfix())
        return self._postfix()

    def _postfix(self) -> Node:
        node = self._term()
        while True:
            if self.kind == "field":
                node = ("index", node, ("literal", self.token[1:]))
                self._next()
            elif self._is(".") and self.text[self.at : self.at + 1] == '"':
                self._next()
                node = ("index", node, self._string())
            elif self._is(".") and self.text[self.at : self.at + 1] == "[":
                self._next()
            elif self._is("["):
                node = self._bracket(node)
            elif self._accept("?"):
                node = ("try", node, None)
            elif self._word("as"):
                return self._binding(node)
            else:
                return node

    def _bracket(self, node: Node) -> Node:
        self._take("[")
        if self._accept("]"):
            return ("iterate", node)
        if self._accept(":"):
            end = self._pipe()
            self._take("]")
            return ("slice", node, None, end)
        index = self._pipe()
        if self._accept(":"):
            last = None if self._is("]") else self._pipe()
            self._take("]")
            return ("slice", node, index, last)
        self._take("]")
        return ("index", node, index)

    def _term(self) -> Node:
        if self.kind == "number":
            number = float(self.token)
            self._next()
            return ("literal", int(number) if number.is_integer() and abs(number) < 1e17 else number)
        if self.kind == "quote":
            return self._string()
        if self.kind == "format":
            name = self.token
            self._next()
            return self._string(name) if self.kind == "quote" else ("format", name)
        if self.kind == "field":
            name = self.token[1:]
            self._next()
            return ("index", IDENTITY, ("literal", name))
        if self.kind == "variable":
            return self._variable()
        if self.kind == "word":
            return self._named()
        return self._signed()

    def _variable(self) -> Node:
        name = self.token[1:]
        line = self.text.count("\n", 0, self.start) + 1
        if name == "__loc__":
            self._next()
            return ("literal", {"file": "<top-level>", "line": line})
        node = ("variable", name, self._missing(f"${name}", self.start))
        self._next()
        return node

    def _signed(self) -> Node:
        if self._accept(".."):
            return ("call", "recurse", [], None)
        if self._accept("."):
            if self.kind == "quote":
                return ("index", IDENTITY, self._string())
            return IDENTITY
        if self._accept("("):
            inner = self._pipe()
            self._take(")")
            return inner
        if self._accept("["):
            if self._accept("]"):
                return ("literal", [])
            inner = self._pipe()
            self._take("]")
            return ("collect", inner)
        if self._is("{"):
            return self._object()
        raise self._unexpected()

    def _named(self) -> Node:
        match self.token:
            case "if":
                return self._if()
            case "try":
                self._next()
                body = self._tried()
                handler = None
                if self._word("catch"):
                    self._next()
                    handler = self._tried()
                return ("try", body, handler)
            case "reduce" | "foreach":
                return self._fold(self.token)
            case "label":
                self._next()
                name = self.token[1:]
                if self.kind != "variable":
                    raise self._unexpected()
                self._next()
                self._take("|")
                return ("label", name, self._pipe())
            case "def":
                definition = self._definition()
                return ("def", definition, self._pipe())
        if self.token in _KEYWORDS:
            raise self._unexpected()
        return self._call()

    def _tried(self) -> Node:
        """What `try` and `catch` take: one term with its suffixes, without the `?`."""
        return self._postfix()

    def _call(self) -> Node:
        name, start = self.token, self.start
        if name == "break":
            self._next()
            if self.kind != "variable":
                raise self._wrong("syntax error, break requires a label to break to")
            label = self.token[1:]
            missing = self._missing(f"$*label-{label}", start)
            self._next()
            return ("break", label, missing)
        literals = {"null": None, "true": True, "false": False}
        self._next()
        if name in literals:
            return ("literal", literals[name])
        arguments: list[Node] = []
        if self._accept("("):
            arguments.append(self._pipe())
            while self._accept(";"):
                arguments.append(self._pipe())
            self._take(")")
        missing = self._missing(f"{name}/{len(arguments)}", start)
        return ("call", name, arguments, missing)

    def _if(self) -> Node:
        self._next()
        condition = self._pipe()
        self._take("then")
        then = self._pipe()
        if self._word("elif"):
            return ("if", condition, then, self._if())
        if self._word("else"):
            self._next()
            otherwise = self._pipe()
            if not self._word("end"):
                raise self._unended()
            self._next()
            return ("if", condition, then, otherwise)
        raise self._unended()

    def _unended(self) -> JqSyntaxError:
        wrong = self._unexpected()
        if self.kind != "end":
            return wrong
        return JqSyntaxError(str(wrong), str(self._plain("Possibly unterminated 'if' statement")))

    def _fold(self, kind: str) -> Node:
        self._next()
        source = self._postfix_without_binding()
        self._take("as")
        patterns = [self._pattern()]
        while self._accept("?//"):
            patterns.append(self._pattern())
        if not self._is("("):
            raise self._unexpected("'('")
        self._take("(")
        parts = [self._pipe()]
        while self._accept(";"):
            parts.append(self._pipe())
        self._take(")")
        if len(parts) != 2 and not (kind == "foreach" and len(parts) == 3):
            raise self._unexpected()
        return (kind, source, patterns, *parts)

    def _postfix_without_binding(self) -> Node:
        node = self._term()
        while True:
            if self.kind == "field":
                node = ("index", node, ("literal", self.token[1:]))
                self._next()
            elif self._is("["):
                node = self._bracket(node)
            elif self._accept("?"):
                node = ("try", node, None)
            else:
                return node

    def _definition(self) -> Node:
        self._take("def")
        name = self.token
        if self.kind != "word":
            raise self._unexpected()
        self._next()
        parameters: list[str] = []
        if self._accept("("):
            while True:
                if self.kind not in ("word", "variable"):
                    raise self._unexpected()
                parameters.append(self.token)
                self._next()
                if not self._accept(";"):
                    break
            self._take(")")
        self._take(":")
        body = self._pipe()
        self._take(";")
        return (name, parameters, body)

    def _pattern(self) -> Node:
        if self.kind == "variable":
            name = self.token[1:]
            self._next()
            return ("name", name)
        if self._accept("["):
            parts = [self._pattern()]
            while self._accept(","):
                parts.append(self._pattern())
            self._take("]")
            return ("array", parts)
        self._take("{")
        entries: list[tuple[Node, Node | None, str]] = []
        while True:
            entries.append(self._pattern_entry())
            if not self._accept(","):
                break
        self._take("}")
        return ("object", entries)

    def _pattern_entry(self) -> tuple[Node, Node | None, str]:
        """(key, pattern of the value, variable that takes the value too)."""
        if self.kind == "variable":
            name = self.token[1:]
            self._next()
            return ("literal", name), self._pattern() if self._accept(":") else None, name
        if self.kind == "quote":
            key = self._string()
        elif self._accept("("):
            key = self._pipe()
            self._take(")")
        else:
            key = ("literal", self.token)
            self._next()
        self._take(":")
        return key, self._pattern(), ""
