"""The part of the shell language that container commands are written in, compiled to a flat list of operations.

Understood: quotes, `$VAR`, `${VAR:-word}`, `$((i+1))`, `$(date)`, `$(hostname)`, `$(seq 1 5)`, redirections, `;`, newlines, `&&`,
`||`, `!`, `if`, `while`, `until`, `for`, `{ }`. Promises: the result is plain data, so a program can be stopped anywhere
and written to disk as a position in it. Whatever is not understood raises `NotSimulated` and names the words: a container
that pretends to run something would teach a falsehood.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from simulator.workloads.errors import WorkloadError

#: A word before expansion: literal text and `(kind, text)` parts (`var`, `default`, `arith`, `command`).
Part = str | tuple[str, str]
Word = tuple[Part, ...]


class NotSimulated(WorkloadError):
    """The command is real, but nothing here knows how it would behave."""


@dataclass(frozen=True, slots=True)
class Op:
    """`run` (words, redirect), `assign` (target = variable), `jump`, `jump_ok`, `jump_fail` (target = position), `not`."""

    kind: str
    words: tuple[Word, ...] = ()
    target: int = 0
    name: str = ""
    redirect: tuple[str, Word] | None = None
    """(`>` or `>>`, path)."""


_OPERATORS = ("&&", "||", ">>", "2>&1", "&>", ";;", ";", "|", "&", ">", "<", "(", ")", "\n")
_WORD_END = frozenset(" \t\n;|&<>()")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")
_RESERVED = frozenset({"then", "fi", "else", "elif", "do", "done", "}", "esac"})
_MAX_UNROLLED = 500
_MAX_OPS = 20_000
_MAX_DEPTH = 40


@lru_cache(maxsize=512)
def compile_script(text: str) -> tuple[Op, ...]:
    """Raises `NotSimulated`."""
    compiler = _Compiler(_tokens(text))
    compiler.statements(frozenset())
    if compiler.peek() is not None:
        raise NotSimulated(f"syntax error near unexpected token `{compiler.peek_text()}'")
    return tuple(compiler.ops)


# Words and tokens


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    """The operator, or the word's literal text for reserved words."""
    word: Word | None


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char in " \t":
            at += 1
        elif text.startswith("\\\n", at):
            at += 2
        elif char == "#":
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        elif operator := next((one for one in _OPERATORS if text.startswith(one, at)), ""):
            found.append(_Token(operator, None))
            at += len(operator)
        else:
            start = at
            word, at = _word(text, at)
            found.append(_Token(text[start:at], word))
    return found


def _word(text: str, at: int) -> tuple[Word, int]:
    parts: list[Part] = []
    while at < len(text) and text[at] not in _WORD_END:
        char = text[at]
        if char == "'":
            end = text.find("'", at + 1)
            if end < 0:
                raise NotSimulated("syntax error: unterminated quoted string")
            parts.append(text[at + 1 : end])
            at = end + 1
        elif char == '"':
            at = _double_quoted(text, at + 1, parts)
        elif char == "$":
            part, at = _expansion(text, at)
            parts.append(part)
        elif char == "`":
            end = text.find("`", at + 1)
            if end < 0:
                raise NotSimulated("syntax error: EOF in backquote substitution")
            parts.append(("command", text[at + 1 : end]))
            at = end + 1
        elif char == "\\":
            parts.append(text[at + 1 : at + 2])
            at += 2
        else:
            parts.append(char)
            at += 1
    return _joined(parts), at


def _double_quoted(text: str, at: int, parts: list[Part]) -> int:
    parts.append("")
    while at < len(text) and text[at] != '"':
        if text[at] == "$":
            part, at = _expansion(text, at)
            parts.append(part)
        elif text[at] == "\\" and at + 1 < len(text) and text[at + 1] in '"\\$`\n':
            parts.append("" if text[at + 1] == "\n" else text[at + 1])
            at += 2
        else:
            parts.append(text[at])
            at += 1
    if at >= len(text):
        raise NotSimulated("syntax error: unterminated quoted string")
    return at + 1


def _expansion(text: str, at: int) -> tuple[Part, int]:
    if text.startswith("$((", at):
        end = text.find("))", at)
        if end < 0:
            raise NotSimulated("syntax error: missing '))'")
        return ("arith", text[at + 3 : end]), end + 2
    if text.startswith("$(", at):
        end = _closing(text, at + 2)
        return ("command", text[at + 2 : end]), end + 1
    if text.startswith("${", at):
        end = text.find("}", at)
        if end < 0:
            raise NotSimulated("syntax error: missing '}'")
        inner = text[at + 2 : end]
        return (("default", inner) if ":-" in inner else ("var", inner)), end + 1
    if text[at + 1 : at + 2] in ("?", "$"):
        return ("var", text[at + 1]), at + 2
    name = _NAME.match(text, at + 1)
    return (("var", name.group()), name.end()) if name else ("$", at + 1)


def _closing(text: str, at: int) -> int:
    depth = 1
    while at < len(text):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return at
        at += 1
    raise NotSimulated("syntax error: missing ')'")


def _joined(parts: list[Part]) -> Word:
    joined: list[Part] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        else:
            joined.append(part)
    return tuple(joined)


# Statements


class _Compiler:
    def __init__(self, tokens: list[_Token]) -> None:
        self.ops: list[Op] = []
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self._loops: list[tuple[list[int], list[int]]] = []
        """Per loop: positions of `break` and `continue` jumps that wait for their targets."""

    def peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def peek_text(self) -> str:
        token = self.peek()
        return token.text if token else "end of file"

    def statements(self, until: frozenset[str]) -> None:
        while True:
            while self.peek() is not None and self.peek_text() in (";", "\n"):
                self._at += 1
            if self.peek() is None or self.peek_text() in until:
                return
            if self.peek_text() in _RESERVED:
                return
            self._and_or()
            if self.peek() is not None and self.peek_text() == "&":
                raise NotSimulated("running a command in the background (&) is not simulated")
            if self.peek() is not None and self.peek_text() not in (";", "\n") and self.peek_text() not in until:
                return

    def _and_or(self) -> None:
        self._command()
        while self.peek_text() in ("&&", "||") and self.peek() is not None:
            operator = self._take()
            while self.peek_text() == "\n":
                self._at += 1
            skip = self._hole("jump_fail" if operator == "&&" else "jump_ok")
            self._command()
            self._fill(skip)

    def _command(self) -> None:
        if len(self.ops) > _MAX_OPS or self._depth > _MAX_DEPTH:
            raise NotSimulated("a script of this size is not simulated")
        self._depth += 1
        self._one_command()
        self._depth -= 1

    def _one_command(self) -> None:
        negated = self.peek_text() == "!"
        if negated:
            self._at += 1
        compound = {
            "if": self._if,
            "while": self._while,
            "until": self._while,
            "for": self._for,
            "{": self._group,
            "(": self._group,
        }
        parse = compound.get(self.peek_text())
        if parse is not None:
            parse()
        else:
            self._simple()
        if self.peek_text() == "|":
            self._pipe()
        if negated:
            self.ops.append(Op("not"))

    def _simple(self) -> None:
        words: list[Word] = []
        redirect: tuple[str, Word] | None = None
        while (token := self.peek()) is not None:
            if token.word is not None:
                self._at += 1
                if not self._assignment(token, words):
                    words.append(token.word)
            elif token.text in (">", ">>", "<", "&>"):
                redirect = self._redirect(words, redirect)
            elif token.text == "2>&1":
                self._at += 1
            else:
                break
        if words or redirect:
            self._emit_run(words, redirect)

    def _assignment(self, token: _Token, words: list[Word]) -> bool:
        match = _ASSIGNMENT.match(token.text)
        if words or match is None or token.word is None:
            return False
        head = token.word[0] if token.word else ""
        rest = head[match.end() :] if isinstance(head, str) else ""
        self.ops.append(Op("assign", words=((rest, *token.word[1:]),), name=match.group(1)))
        return True

    def _redirect(self, words: list[Word], before: tuple[str, Word] | None) -> tuple[str, Word] | None:
        operator = self._take()
        target = self.peek()
        if target is None or target.word is None:
            raise NotSimulated(f"syntax error near unexpected token `{self.peek_text()}'")
        self._at += 1
        if words and words[-1] == ("2",) and operator == ">":
            words.pop()
            return before
        return before if operator == "<" else (">" if operator == "&>" else operator, target.word)

    def _emit_run(self, words: list[Word], redirect: tuple[str, Word] | None) -> None:
        if words in ([("break",)], [("continue",)]) and self._loops:
            self._loops[-1][words == [("continue",)]].append(self._hole("jump"))
            return
        self.ops.append(Op("run", words=tuple(words), redirect=redirect))

    def _pipe(self) -> None:
        """`… | tee file` writes and shows; nothing else reads a pipe."""
        self._at += 1
        token = self.peek()
        before = self.ops.pop()
        if token is None or token.text != "tee" or before.kind != "run":
            raise NotSimulated(f"a pipe into {self.peek_text()} is not simulated")
        self._at += 1
        arguments = []
        while (token := self.peek()) is not None and token.word is not None:
            arguments.append(token.word)
            self._at += 1
        paths = [word for word in arguments if word != ("-a",)]
        self.ops.append(Op("run", words=before.words, redirect=("tee", paths[0]) if paths else None))

    def _group(self) -> None:
        closing = ")" if self._take() == "(" else "}"
        self.statements(frozenset({closing}))
        self._expect(closing)

    def _if(self) -> None:
        self._take()
        self.statements(frozenset({"then"}))
        self._expect("then")
        skip = self._hole("jump_fail")
        self.statements(frozenset({"else", "elif", "fi"}))
        end = self._hole("jump")
        self._fill(skip)
        if self.peek_text() == "fi":
            self._take()
            self.ops.append(_SUCCESS)
        elif self.peek_text() == "elif":
            self._if()
        else:
            self._take()
            self.statements(frozenset({"fi"}))
            self._expect("fi")
        self._fill(end)

    def _while(self) -> None:
        leave_on = "jump_fail" if self._take() == "while" else "jump_ok"
        start = len(self.ops)
        self.statements(frozenset({"do"}))
        self._expect("do")
        leave = self._hole(leave_on)
        self._loops.append(([], []))
        self.statements(frozenset({"done"}))
        self._expect("done")
        breaks, continues = self._loops.pop()
        self.ops.append(Op("jump", target=start))
        for hole in continues:
            self._fill(hole, start)
        for hole in (leave, *breaks):
            self._fill(hole)
        self.ops.append(_SUCCESS)

    def _for(self) -> None:
        """The list is known when the script starts, so the body is repeated once per item."""
        self._take()
        name = self._take()
        self._expect("in")
        items: list[Word] = []
        while (token := self.peek()) is not None and token.word is not None:
            items.extend(_items(token.word))
            self._at += 1
        while self.peek_text() in (";", "\n"):
            self._at += 1
        self._expect("do")
        body, breaks = self._at, []
        if not items or len(items) > _MAX_UNROLLED:
            raise NotSimulated(f"for {name}: found {len(items)} items, wanted 1 to {_MAX_UNROLLED}")
        for item in items:
            self._at = body
            self.ops.append(Op("assign", words=(item,), name=name))
            self._loops.append(([], []))
            self.statements(frozenset({"done"}))
            self._expect("done")
            leaves, continues = self._loops.pop()
            breaks += leaves
            for hole in continues:
                self._fill(hole)
        for hole in breaks:
            self._fill(hole)

    def _take(self) -> str:
        text = self.peek_text()
        self._at += 1
        return text

    def _expect(self, text: str) -> None:
        while text not in (";", "\n") and self.peek_text() in (";", "\n"):
            self._at += 1
        if self.peek_text() != text:
            raise NotSimulated(f'syntax error: unexpected {self.peek_text()} (expecting "{text}")')
        self._at += 1

    def _hole(self, kind: str) -> int:
        self.ops.append(Op(kind))
        return len(self.ops) - 1

    def _fill(self, hole: int, target: int | None = None) -> None:
        self.ops[hole] = Op(self.ops[hole].kind, target=len(self.ops) if target is None else target)


#: A loop that ends, and an `if` that does nothing, leave the status 0.
_SUCCESS = Op("run", words=(("true",),))
_SEQ = re.compile(r"seq (?:(-?\d+) )?(-?\d+)")
_BRACES = re.compile(r"\{(-?\d+)\.\.(-?\d+)\}")


def _items(word: Word) -> list[Word]:
    """`$(seq 1 5)` and `{1..5}` are several items."""
    if len(word) == 1:
        part = word[0]
        text = part if isinstance(part, str) else part[1].strip()
        match = _BRACES.fullmatch(text) if isinstance(part, str) else _SEQ.fullmatch(text)
        if match and (isinstance(part, str) or part[0] == "command"):
            low, high = int(match.group(1) or 1), int(match.group(2))
            return [(str(number),) for number in range(low, min(high, low + _MAX_UNROLLED) + 1)]
    return [word]
