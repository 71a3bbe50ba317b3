"""`test` and `[`: what they decide, and what each shell says of words that make no condition.

POSIX.1-2017 `test`; messages as in `coreutils/test.c` of BusyBox, `src/bltin/test.c` of dash and `test.c` of bash. `[[` is a shell's own grammar
and is in `shell_builtins`.
"""

from collections.abc import Callable, Sequence
from typing import Literal

Dialect = Literal["ash", "dash", "bash"]
NUMBERS: dict[str, Callable[[int, int], bool]] = {
    "-eq": lambda a, b: a == b,
    "-ne": lambda a, b: a != b,
    "-lt": lambda a, b: a < b,
    "-le": lambda a, b: a <= b,
    "-gt": lambda a, b: a > b,
    "-ge": lambda a, b: a >= b,
}
_TEXTS: dict[str, Callable[[str, str], bool]] = {
    "=": lambda a, b: a == b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
}
_FILES = frozenset({"-nt", "-ot", "-ef"})
_BINARY = frozenset({*NUMBERS, *_TEXTS, *_FILES})
_UNARY = frozenset(f"-{letter}" for letter in "rwxfdesbcpugkhLSntzOGv")


class NoCondition(Exception):
    """What the shell says, without its own name."""


def decide(words: Sequence[str], dialect: Dialect, file_test: Callable[[str, str], bool]) -> bool:
    """`file_test(letter, path)` looks at a file. Raises NoCondition."""
    return _Condition(words, dialect, file_test).decide()


class _Condition:
    def __init__(self, words: Sequence[str], dialect: Dialect, file_test: Callable[[str, str], bool]) -> None:
        self._words, self._dialect, self._file_test = list(words), dialect, file_test
        self._at = 0

    def decide(self) -> bool:
        """By the number of words first, as POSIX wants it, and only then by the grammar."""
        words, negated = self._words, False
        while True:
            if len(words) < 2:
                return bool(words and words[0]) is not negated
            if len(words) == 3 and words[1] in _BINARY:
                return self._compare(*words) is not negated
            if words[0] != "!":
                break
            words, negated = words[1:], not negated
        found = self._either()
        if self._at < len(self._words):
            raise NoCondition(self._left_over())
        return found

    def _left_over(self) -> str:
        words, at = self._words, self._at
        if self._dialect == "ash":
            return f"{words[at]}: unknown operand"
        if self._dialect == "dash":
            return f"{words[at - 1]}: unexpected operator"
        if len(words) == 2:
            return f"{words[0]}: unary operator expected"
        return f"{words[1]}: binary operator expected" if len(words) == 3 else "too many arguments"

    # Each takes words from `_at` on.

    def _either(self) -> bool:
        found = self._both()
        if self._next() == "-o":
            self._at += 1
            other = self._either()
            return found or other
        return found

    def _both(self) -> bool:
        found = self._not()
        if self._next() == "-a":
            self._at += 1
            other = self._both()
            return found and other
        return found

    def _not(self) -> bool:
        if self._next() == "!":
            self._at += 1
            return True if self._next() is None else not self._not()
        return self._primary()

    def _primary(self) -> bool:
        word, after, right = self._next(), self._next(1), self._next(2)
        if word is None:
            if self._dialect == "dash":
                return False
            raise NoCondition("argument expected")
        if after in _BINARY and right is not None:
            self._at += 3
            return self._compare(word, after, right)
        if word == "(" and after is not None:
            return self._group()
        if word in _UNARY and after is not None:
            self._at += 2
            return self._unary(word, after)
        if after in _BINARY and self._dialect != "bash":
            raise NoCondition(f"{after}: argument expected")
        self._at += 1
        return bool(word)

    def _group(self) -> bool:
        self._at += 1
        found = self._either()
        if self._next() != ")":
            raise NoCondition("`)' expected" if self._dialect == "bash" else "closing paren expected")
        self._at += 1
        return found

    def _next(self, ahead: int = 0) -> str | None:
        place = self._at + ahead
        return self._words[place] if place < len(self._words) else None

    def _unary(self, operator: str, word: str) -> bool:
        match operator:
            case "-n":
                return bool(word)
            case "-z":
                return not word
            case "-t" | "-v":
                return False
        return self._file_test(operator[1], word)

    def _compare(self, left: str, operator: str, right: str) -> bool:
        if operator in NUMBERS:
            return NUMBERS[operator](self._number(left), self._number(right))
        return _TEXTS[operator](left, right) if operator in _TEXTS else False

    def _number(self, text: str) -> int:
        bare = text.strip(" \t\n")
        digits = bare[1:] if bare[:1] in ("-", "+") else bare
        if digits.isascii() and digits.isdecimal():
            return int(bare) if len(digits) < 19 else self._no_number(text, "out of range")
        return 0 if not bare and self._dialect == "ash" else self._no_number(text, "bad number")

    def _no_number(self, text: str, why: str) -> int:
        match self._dialect:
            case "ash":
                raise NoCondition(f"{text}: {why}")
            case "dash":
                raise NoCondition(f"Illegal number: {text}")
        raise NoCondition(f"{text}: integer expression expected")
