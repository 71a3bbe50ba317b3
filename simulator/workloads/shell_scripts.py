"""The shell language that container commands are written in, compiled to a flat list of operations.

Follows POSIX.1-2017 Shell Command Language, and bash where scripts commonly use it (`[[ ]]`, `{1..3}`, `function`). Promises: the
result is plain data, so a program can be stopped anywhere and written to disk as a position in it. What no shell would read raises
`SyntaxProblem`; what a shell would do and this one cannot raises `NotSimulated`: a container that pretends to run something would
teach a falsehood.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from simulator.workloads.errors import WorkloadError
from simulator.workloads.shell_words import IO_NUMBER, Part, SyntaxProblem, Token, Word, text_word, tokens

__all__ = ["NotSimulated", "Op", "Redirect", "SyntaxProblem", "Word", "compile_script"]


class NotSimulated(WorkloadError):
    """The command is real, but nothing here knows how it would behave."""


@dataclass(frozen=True, slots=True)
class Redirect:
    fd: int
    mode: str
    """`>`, `>>`, `<`, `<<` (the word is the text), `dup` (the word is the descriptor)."""
    word: Word


@dataclass(frozen=True, slots=True)
class Op:
    """One step; `target` is a position in the same list. See `machine.Machine` for what each kind does."""

    kind: str
    words: tuple[Word, ...] = ()
    target: int = 0
    name: str = ""
    assigns: tuple[tuple[str, Word], ...] = ()
    redirects: tuple[Redirect, ...] = ()
    captures: int = 0
    """How many command substitutions have been carried out for the words of this step."""
    tested: bool = False
    """A failure decides something, so `set -e` does not end the shell."""


_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\+?)=")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED = frozenset({"then", "fi", "else", "elif", "do", "done", "}", "esac"})
_SEPARATORS = frozenset({";", "\n", "&"})
_REDIRECTIONS = frozenset(
    {
        ">",
        ">>",
        "<",
        "<<",
        "<<<",
        "&>",
        "&>>",
        ">|",
        "<>",
        *(f">&{number}" for number in range(1, 10)),
        ">&-",
        "<&-",
        IO_NUMBER,
    }
)
_MAX_OPS = 20_000
_MAX_DEPTH = 40


@lru_cache(maxsize=512)
def compile_script(text: str) -> tuple[Op, ...]:
    """Raises `SyntaxProblem` and `NotSimulated`."""
    compiler = _Compiler([], 0)
    compiler.program(text)
    return tuple(compiler.ops)


class _Compiler:
    def __init__(self, ops: list[Op], depth: int) -> None:
        self.ops = ops
        self._tokens: list[Token] = []
        self._at = 0
        self._depth = depth
        self._tested = 0
        self._loops: list[tuple[list[int], list[int]]] = []
        """Per loop: positions of `break` and `continue` jumps that wait for their targets."""

    def program(self, text: str) -> None:
        self._tokens = tokens(text)
        self._statements(frozenset())
        if self._peek() is not None:
            raise SyntaxProblem(f'syntax error: unexpected "{self._text()}"')

    # Tokens

    def _peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _text(self) -> str:
        token = self._peek()
        if token is None:
            return "end of file"
        return "newline" if token.text == "\n" else token.text

    def _is(self, *texts: str) -> bool:
        token = self._peek()
        return token is not None and token.text in texts

    def _take(self) -> Token:
        token = self._peek()
        if token is None:
            raise SyntaxProblem("syntax error: unexpected end of file")
        self._at += 1
        return token

    def _expect(self, text: str) -> None:
        self._newlines(";")
        if not self._is(text):
            found = self._text()
            shown = found if found in ("end of file", "newline") else f'"{found}"'
            raise SyntaxProblem(f'syntax error: unexpected {shown} (expecting "{text}")')
        self._at += 1

    def _newlines(self, *more: str) -> None:
        while self._is("\n", *more):
            self._at += 1

    def _hole(self, kind: str) -> int:
        self.ops.append(Op(kind))
        return len(self.ops) - 1

    def _fill(self, hole: int, target: int | None = None) -> None:
        before = self.ops[hole]
        goal = len(self.ops) if target is None else target
        self.ops[hole] = Op(before.kind, words=before.words, name=before.name, captures=before.captures, target=goal)

    # Statements

    def _statements(self, until: frozenset[str]) -> None:
        while True:
            self._newlines(";")
            token = self._peek()
            if token is None or token.text in until or (token.word is not None and token.text in _RESERVED):
                return
            start = len(self.ops)
            self._and_or()
            if self._is("&"):
                self._at += 1
                self._in_background(start)
                continue
            if not self._is(*_SEPARATORS) and not self._is(*until):
                return

    def _in_background(self, start: int) -> None:
        """The operations since `start` become a job of their own."""
        self._insert(start, [Op("job")])
        self.ops.append(Op("job_end"))
        self._fill(start)

    def _insert(self, start: int, new: list[Op]) -> None:
        """Puts steps before those since `start`, whose targets and holes move along."""
        by = len(new)
        self.ops[start:] = [*new, *(_moved(op, by) for op in self.ops[start:])]
        for holes in (hole for loop in self._loops for hole in loop):
            holes[:] = [hole + by if hole >= start else hole for hole in holes]

    def _and_or(self) -> None:
        start = len(self.ops)
        self._pipeline()
        while self._is("&&", "||"):
            operator = self._take().text
            self._newlines()
            self.ops[start:] = [_as_tested(op) for op in self.ops[start:]]
            skip = self._hole("jump_fail" if operator == "&&" else "jump_ok")
            start = len(self.ops)
            self._pipeline()
            self._fill(skip)

    def _pipeline(self) -> None:
        negated = self._is("!")
        self._at += negated
        start = len(self.ops)
        self._command()
        if self._is("|"):
            self._pipe(start)
        if negated:
            self.ops[start:] = [_as_tested(op) for op in self.ops[start:]]
            self.ops.append(Op("not"))

    def _pipe(self, start: int) -> None:
        """Each command but the last writes into a buffer that the next one reads."""
        self._insert(start, [Op("pipe")])
        while self._is("|"):
            self._take()
            self._newlines()
            if self._is_last_tee():
                self._tee(start)
                return
            self.ops.append(Op("pipe_next"))
            self._command()
        self.ops.append(Op("pipe_end"))

    def _is_last_tee(self) -> bool:
        at = self._at
        if not self._is("tee"):
            return False
        while at < len(self._tokens) and self._tokens[at].word is not None:
            at += 1
        return at >= len(self._tokens) or self._tokens[at].text in (";", "\n", ")", "}", "&", "&&", "||")

    def _tee(self, start: int) -> None:
        """`… | tee file` at the end passes lines on as they come, also from a program that never ends."""
        self._take()
        words: list[Word] = []
        while (token := self._peek()) is not None and token.word is not None and token.text not in _RESERVED:
            words.append(self._take().word or ())
        last = max(index for index, op in enumerate(self.ops) if index >= start and op.kind in ("pipe", "pipe_next"))
        ready, captures = self._with_captures(tuple(words))
        if captures:
            raise NotSimulated("tee into a file named by $( ) is not simulated")
        self.ops[last] = Op("tee" if self.ops[last].kind == "pipe" else "tee_next", words=ready)
        self.ops.append(Op("pipe_end"))

    def _command(self) -> None:
        if len(self.ops) > _MAX_OPS or self._depth > _MAX_DEPTH:
            raise NotSimulated("a script of this size is not simulated")
        self._depth += 1
        token = self._peek()
        compound = {
            "if": self._if,
            "while": self._while,
            "until": self._while,
            "for": self._for,
            "case": self._case,
            "{": self._group,
            "(": self._subshell,
            "function": self._function,
        }
        if token is not None and token.text in compound and (token.word is None or token.word[0][2] is False):
            start = len(self.ops)
            compound[token.text]()
            self._redirected(start)
        elif token is not None and token.word is not None and self._next_is_parenthesis():
            self._function()
        else:
            self._simple()
        self._depth -= 1

    def _next_is_parenthesis(self) -> bool:
        following = [one.text for one in self._tokens[self._at + 1 : self._at + 3]]
        return following == ["(", ")"]

    def _redirected(self, start: int) -> None:
        """Redirections behind a compound command hold for all of it."""
        redirects = self._redirects()
        if not redirects:
            return
        before = len(self.ops)
        ready, captures = self._with_captures(tuple(one.word for one in redirects))
        new = [_moved(op, start - before) for op in self.ops[before:]]
        del self.ops[before:]
        opened = tuple(Redirect(one.fd, one.mode, word) for one, word in zip(redirects, ready, strict=True))
        self._insert(start, [*new, Op("redirect", redirects=opened, captures=captures)])
        self.ops.append(Op("redirect_end"))

    # Simple commands

    def _simple(self) -> None:
        words: list[Word] = []
        assigns: list[tuple[str, Word]] = []
        redirects: list[Redirect] = []
        while (token := self._peek()) is not None:
            if token.word is not None:
                self._at += 1
                assign = None if words else _assignment(token)
                if assign is not None:
                    assigns.append(assign)
                else:
                    words.append(token.word)
            elif token.text in _REDIRECTIONS:
                redirects.extend(self._redirects())
            elif token.text == "(" and not words:
                break
            else:
                break
        if not words and not assigns and not redirects:
            raise SyntaxProblem(
                "syntax error: unexpected end of file"
                if self._peek() is None
                else f'syntax error: unexpected "{self._text()}"'
            )
        if self._is_jump(words):
            return
        self._emit("run", words, assigns, redirects)

    def _is_jump(self, words: list[Word]) -> bool:
        texts = [str(word[0][1]) for word in words if word]
        if not self._loops or texts[:1] not in (["break"], ["continue"]):
            return False
        level = int(texts[1]) if len(texts) > 1 and texts[1].isdigit() else 1
        place = max(len(self._loops) - max(level, 1), 0)
        for _ in range(len(self._loops) - place - 1):
            self.ops.append(Op("leave"))
        self._loops[place][texts[0] == "continue"].append(self._hole("jump"))
        return True

    def _redirects(self) -> list[Redirect]:
        found: list[Redirect] = []
        while (token := self._peek()) is not None and token.word is None and token.text in _REDIRECTIONS:
            self._at += 1
            fd = -1
            if token.text == IO_NUMBER:
                fd, token = int(token.body), self._take()
            found.extend(self._redirect(token, fd))
        return found

    def _redirect(self, token: Token, fd: int) -> list[Redirect]:
        match token.text:
            case dup if dup[:2] == ">&" and dup[2:].isdigit():
                return [Redirect(1 if fd < 0 else fd, "dup", (("lit", token.text[2:], True),))]
            case ">&-" | "<&-":
                return [Redirect((1 if token.text[0] == ">" else 0) if fd < 0 else fd, "dup", (("lit", "-", True),))]
            case "<<":
                body: Word = (("lit", token.body, True),) if token.literal else text_word(token.body)
                return [Redirect(0, "<<", body)]
        target = self._peek()
        if target is None or target.word is None:
            raise SyntaxProblem(f"syntax error: unexpected {'end of file' if target is None else self._text()}")
        self._at += 1
        word = target.word
        match token.text:
            case "&>" | "&>>":
                return [Redirect(1, token.text[1:], word), Redirect(2, "dup", (("lit", "1", True),))]
            case "<<<":
                return [Redirect(0, "<<", (*word, ("lit", "\n", True)))]
            case "<" | "<>":
                return [Redirect(0 if fd < 0 else fd, "<", word)]
        return [Redirect(1 if fd < 0 else fd, ">>" if token.text == ">>" else ">", word)]

    def _emit(self, kind: str, words: list[Word], assigns: list[tuple[str, Word]], redirects: list[Redirect]) -> None:
        every = (*words, *(word for _, word in assigns), *(one.word for one in redirects))
        ready, captures = self._with_captures(every)
        first, second = len(words), len(words) + len(assigns)
        self.ops.append(
            Op(
                kind,
                words=ready[:first],
                assigns=tuple((name, word) for (name, _), word in zip(assigns, ready[first:second], strict=True)),
                redirects=tuple(
                    Redirect(one.fd, one.mode, word) for one, word in zip(redirects, ready[second:], strict=True)
                ),
                captures=captures,
            )
        )

    def _with_captures(self, words: tuple[Word, ...]) -> tuple[tuple[Word, ...], int]:
        """Command substitutions are carried out before the step whose words they belong to."""
        count = 0
        ready: list[Word] = []
        for word in words:
            parts: list[Part] = []
            for part in word:
                if part[0] == "command":
                    self._capture(str(part[1]))
                    parts.append(("captured", count, part[2]))
                    count += 1
                else:
                    parts.append(part)
            ready.append(tuple(parts))
        return tuple(ready), count

    def _capture(self, text: str) -> None:
        begin = self._hole("capture")
        inner = _Compiler(self.ops, self._depth + 1)
        inner.program(text)
        self._fill(begin)
        self.ops.append(Op("capture_end"))

    # Compound commands

    def _group(self) -> None:
        self._take()
        self._statements(frozenset({"}"}))
        self._expect("}")

    def _subshell(self) -> None:
        self._take()
        begin = self._hole("subshell")
        self._statements(frozenset({")"}))
        self._expect(")")
        self._fill(begin)
        self.ops.append(Op("subshell_end"))

    def _condition(self, until: str) -> None:
        start = len(self.ops)
        self._statements(frozenset({until}))
        self.ops[start:] = [_as_tested(op) for op in self.ops[start:]]
        self._expect(until)

    def _if(self) -> None:
        self._take()
        self._condition("then")
        skip = self._hole("jump_fail")
        self._statements(frozenset({"else", "elif", "fi"}))
        end = self._hole("jump")
        self._fill(skip)
        if self._is("elif"):
            self._if()
        elif self._is("else"):
            self._take()
            self._statements(frozenset({"fi"}))
            self._expect("fi")
        else:
            self._expect("fi")
            self.ops.append(Op("succeed"))
        self._fill(end)

    def _while(self) -> None:
        leave_on = "jump_fail" if self._take().text == "while" else "jump_ok"
        self.ops.append(Op("loop"))
        start = self._hole("loop_again")
        self._condition("do")
        leave = self._hole(leave_on)
        breaks = self._body(start)
        self.ops.append(Op("jump", target=start))
        for hole in (leave, *breaks):
            self._fill(hole)
        self.ops.append(Op("loop_end"))

    def _body(self, again: int) -> list[int]:
        """The commands between `do` and `done`; positions of its breaks."""
        self._loops.append(([], []))
        self._statements(frozenset({"done"}))
        self._expect("done")
        breaks, continues = self._loops.pop()
        for hole in continues:
            self._fill(hole, again)
        return breaks

    def _for(self) -> None:
        self._take()
        name = self._take().text
        if not _NAME.fullmatch(name):
            raise SyntaxProblem("syntax error: bad for loop variable")
        words: list[Word] = [(("var", "@", "", "", True),)]
        self._newlines()
        if self._is("in"):
            self._take()
            words = []
            while (token := self._peek()) is not None and token.word is not None:
                words.extend(_brace_items(token))
                self._at += 1
        self._expect("do")
        self._emit("for", words, [], [])
        start = self._hole("for_next")
        self.ops[start] = Op("for_next", name=name)
        breaks = self._body(start)
        self.ops.append(Op("jump", target=start))
        self._fill(start)
        for hole in breaks:
            self._fill(hole)
        self.ops.append(Op("for_end"))

    def _case(self) -> None:
        self._take()
        subject = self._take().word or ()
        self._newlines()
        self._expect("in")
        self._emit("case", [subject], [], [])
        ends: list[int] = []
        self._newlines()
        while not self._is("esac"):
            ends.append(self._branch())
            self._newlines()
        self._expect("esac")
        for hole in ends:
            self._fill(hole)
        self.ops.append(Op("case_end"))

    def _branch(self) -> int:
        """`pattern | pattern) commands ;;`: the position of the jump behind it."""
        if self._is("("):
            self._take()
        patterns = [self._take().word or ()]
        while self._is("|"):
            self._take()
            patterns.append(self._take().word or ())
        self._expect(")")
        self._emit("case_try", patterns, [], [])
        miss = len(self.ops) - 1
        self._statements(frozenset({";;", "esac"}))
        end = self._hole("jump")
        self._fill(miss)
        if self._is(";;"):
            self._take()
        return end

    def _function(self) -> None:
        if self._is("function"):
            self._take()
        name = self._take().text
        if self._is("("):
            self._take()
            self._expect(")")
        self._newlines()
        begin = len(self.ops)
        self.ops.append(Op("function", name=name))
        loops, self._loops = self._loops, []
        self._command()
        self._loops = loops
        self.ops.append(Op("return"))
        self._fill(begin)


_BRACES = re.compile(r"\{(-?\d+)\.\.(-?\d+)\}")
_MAX_ITEMS = 10_000


def _brace_items(token: Token) -> list[Word]:
    """bash's `{1..5}` and `{a,b}`, where they stand alone as a word."""
    if (match := _BRACES.fullmatch(token.text)) is not None:
        low, high = int(match.group(1)), int(match.group(2))
        step = 1 if low <= high else -1
        return [(("lit", str(number), True),) for number in range(low, high + step, step)[:_MAX_ITEMS]]
    if token.text[:1] == "{" and token.text[-1:] == "}" and "," in token.text and "$" not in token.text:
        return [(("lit", item, True),) for item in token.text[1:-1].split(",")]
    return [token.word or ()]


def _assignment(token: Token) -> tuple[str, Word] | None:
    match = _ASSIGNMENT.match(token.text)
    word = token.word or ()
    if match is None or not word or word[0][0] != "lit" or word[0][2] is True:
        return None
    head = str(word[0][1])[match.end() :]
    rest: Word = (("lit", head, False), *word[1:])
    if match.group(2):
        rest = (("var", match.group(1), "", "", True), *rest)
    return match.group(1), rest


def _as_tested(op: Op) -> Op:
    return op if op.tested or op.kind != "run" else replace(op, tested=True)


def _moved(op: Op, by: int) -> Op:
    return replace(op, target=op.target + by) if op.target else op
