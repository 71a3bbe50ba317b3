"""What a word of the shell language becomes when it is used: parameters, arithmetic, splitting, patterns.

Follows POSIX.1-2017 Shell Command Language, 2.6 and 2.14. Promises: pure functions of the scope they are given; only `:=`, `++` and
the like write to it.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Protocol

import re2

from simulator.workloads.brace_expansion import expanded
from simulator.workloads.conditions import Dialect
from simulator.workloads.shell_words import Part, SyntaxProblem, Word, argument_word, text_word

_MAX_WORD = 32_768
_MAX_TRIMMED = 2_048
#: A character that splitting passes over: it was quoted.
_HIDDEN = "\x00"
_SPECIAL = "*?["


class ParameterUnset(Exception):
    """`${name:?message}`, or any name under `-u`: the shell ends with a message."""

    def __init__(self, name: str, message: str = "", operator: str = "") -> None:
        super().__init__(name)
        self._name, self._message, self._operator = name, message, operator

    def said(self, dialect: Dialect) -> str:
        """In the words of the shell."""
        if self._message:
            return f"{self._name}: {self._message}"
        if dialect != "bash":
            return f"{self._name}: parameter not set{' or null' if self._operator == ':?' else ''}"
        if self._operator:
            return f"{self._name}: parameter {'null or ' if self._operator == ':?' else ''}not set"
        return f"{'$' if self._name.isdigit() else ''}{self._name}: unbound variable"


class Scope(Protocol):
    def value(self, name: str) -> str | None: ...
    def set_value(self, name: str, value: str) -> None: ...
    def positional(self) -> Sequence[str]: ...
    def substitute(self, script: str) -> str:
        """The output of a command, carried out at once."""

    def matching(self, pattern: str) -> list[str]:
        """Paths that fit a pattern, sorted."""

    @property
    def is_strict(self) -> bool:
        """`-u`."""

    @property
    def dialect(self) -> Dialect:
        """bash alone expands braces, dash knows no parts of values."""


def one_text(word: Word, scope: Scope, captured: Sequence[str] = ()) -> str:
    """Without splitting and patterns: assignments, redirections, `case`."""
    return "".join(_part(part, scope, captured) for part in word)[:_MAX_WORD]


def fields(word: Word, scope: Scope, captured: Sequence[str] = ()) -> list[str]:
    """The arguments that one word becomes."""
    if scope.dialect == "bash" and any(
        part[0] == "lit" and part[-1] is not True and "{" in str(part[1]) for part in word
    ):
        words = expanded(word)
        if len(words) > 1:
            return [text for each in words for text in _fields(each, scope, captured)]
    return _fields(word, scope, captured)


def _fields(word: Word, scope: Scope, captured: Sequence[str]) -> list[str]:
    found: list[str] = []
    current: str | None = None
    globs = False
    for part in word:
        quoted = part[-1] is True
        if part[0] == "var" and part[1] in ("@", "*") and part[2] == "" and (part[1] == "@" or not quoted):
            current = _join_list(found, current, scope.positional())
            continue
        text = _part(part, scope, captured)
        if quoted:
            current = (current or "") + _escaped(text)
        elif part[0] == "lit":
            current = (current or "") + _home(text, scope, first=current is None)
            globs = globs or any(sign in text for sign in _SPECIAL)
        else:
            globs = globs or any(sign in text for sign in _SPECIAL)
            current = _split_into(found, current, text, scope.value("IFS"))
    if current is not None:
        found.append(current)
    return [name for text in found for name in _globbed(text, scope, globs)]


def _join_list(found: list[str], current: str | None, items: Sequence[str]) -> str | None:
    for index, item in enumerate(items):
        if index:
            found.append(current or "")
            current = None
        current = (current or "") + _escaped(item)
    return current


def _split_into(found: list[str], current: str | None, text: str, signs: str | None) -> str | None:
    """`signs`: the value of IFS; None: spaces, tabs and line ends."""
    if signs is not None and signs.strip(" \t\n"):
        return _split_by(found, current, text, signs)
    if signs == "":
        return (current or "") + text if text or current is not None else None
    pieces = text.split()
    if text[:1].isspace() and current is not None:
        found.append(current)
        current = None
    for index, piece in enumerate(pieces):
        if index and current is not None:
            found.append(current)
            current = None
        current = (current or "") + piece
    if pieces and text[-1:].isspace() and current is not None:
        found.append(current)
        current = None
    return current


def _split_by(found: list[str], current: str | None, text: str, signs: str) -> str | None:
    """Each sign that is no blank parts two fields, with the blanks around it that are in IFS too."""
    blank = "".join(sign for sign in signs if sign in " \t\n")
    hard = re.escape("".join(sign for sign in signs if sign not in " \t\n"))
    around = f"[{blank}]*" if blank else ""
    pieces = re.split(
        f"{around}[{hard}]{around}" + (f"|[{blank}]+" if blank else ""), text.strip(blank) if blank else text
    )
    if len(pieces) > 1 and pieces[-1] == "":
        pieces.pop()
        last_ends = True
    else:
        last_ends = False
    for index, piece in enumerate(pieces):
        if index:
            found.append(current or "")
            current = None
        if piece or len(pieces) > 1 or current is not None:
            current = (current or "") + piece
    if last_ends and current is not None:
        found.append(current)
        current = None
    return current


def _home(text: str, scope: Scope, *, first: bool) -> str:
    if first and (text == "~" or text.startswith("~/")):
        return (scope.value("HOME") or "/root") + text[1:]
    return text


def _escaped(text: str) -> str:
    return "".join(f"{_HIDDEN}{char}" if char in _SPECIAL else char for char in text)


def _globbed(text: str, scope: Scope, globs: bool) -> list[str]:
    plain = text.replace(_HIDDEN, "")
    if not globs or not re.search(r"(?<!\x00)[*?\[]", text):
        return [plain]
    return scope.matching(text) or [plain]


def pattern(word: Word, scope: Scope, captured: Sequence[str] = ()) -> str:
    """For `case`: what was quoted stands for itself."""
    texts = []
    for part in word:
        text = _part(part, scope, captured)
        texts.append(_escaped(text) if part[-1] is True else text)
    return "".join(texts)


# Parameters


def _part(part: Part, scope: Scope, captured: Sequence[str]) -> str:
    match part:
        case ("lit", str(text), _):
            return text
        case ("captured", int(number), _):
            return captured[number]
        case ("command", str(script), _):
            return scope.substitute(script)
        case ("arith", str(text), _):
            return str(arithmetic(one_text(text_word(text), scope, captured), scope))
        case ("var", str(name), str(operator), str(argument), _):
            return _parameter(name, operator, argument, scope)
    raise SyntaxProblem("syntax error: bad substitution")


def _parameter(name: str, operator: str, argument: str, scope: Scope) -> str:
    if name in ("@", "*"):
        return " ".join(scope.positional())
    value = scope.value(name)
    if value is None and scope.is_strict and operator.lstrip(":")[:1] not in ("-", "+", "=", "?"):
        raise ParameterUnset(name)
    if operator == "":
        return value or ""
    if operator == "length":
        return str(len(value or ""))
    if operator in (":", "/", "//") and scope.dialect == "dash":
        raise SyntaxProblem("Bad substitution")
    missing = not value if operator.startswith(":") and operator != ":" else value is None
    match operator.lstrip(":"):
        case "-":
            return one_text(argument_word(argument), scope) if missing else value or ""
        case "+":
            return "" if missing else one_text(argument_word(argument), scope)
        case "=":
            if missing:
                value = one_text(argument_word(argument), scope)
                scope.set_value(name, value)
            return value or ""
        case "?":
            if missing:
                raise ParameterUnset(name, one_text(argument_word(argument), scope), operator)
            return value or ""
        case "":
            return _substring(value or "", argument, scope)
    return _trimmed(value or "", operator, argument, scope)


def _substring(value: str, argument: str, scope: Scope) -> str:
    start, _, length = argument.partition(":")
    first = arithmetic(start, scope)
    first = max(len(value) + first, 0) if first < 0 else first
    if not length:
        return value[first:]
    count = arithmetic(length, scope)
    return value[first : first + count] if count >= 0 else value[first:count]


def _trimmed(value: str, operator: str, argument: str, scope: Scope) -> str:
    if operator in ("/", "//"):
        wanted, _, instead = argument.partition("/")
        found = re2.compile("(?s)" + _as_regex(pattern(argument_word(wanted), scope)))
        text = one_text(argument_word(instead), scope)
        return str(found.sub(lambda _: text, value, count=0 if operator == "//" else 1))
    if len(value) > _MAX_TRIMMED:
        raise SyntaxProblem(f"a value of more than {_MAX_TRIMMED} signs is not trimmed here")
    regex = re2.compile("(?s)" + _as_regex(pattern(argument_word(argument), scope)) + r"\z")
    places = range(len(value) + 1)
    if operator[0] == "%":
        order = places if operator == "%%" else reversed(places)
        return next((value[:at] for at in order if regex.match(value[at:])), value)
    order = reversed(places) if operator == "##" else places
    return next((value[at:] for at in order if regex.match(value[:at])), value)


# Patterns


def fits(text: str, wanted: str) -> bool:
    return re2.fullmatch(f"(?s:{_as_regex(wanted)})", text) is not None


@lru_cache(maxsize=256)
def _as_regex(wanted: str) -> str:
    out: list[str] = []
    at = 0
    while at < len(wanted):
        char = wanted[at]
        if char in (_HIDDEN, "\\") and at + 1 < len(wanted):
            out.append(re.escape(wanted[at + 1]))
            at += 2
            continue
        if char == "[" and (end := wanted.find("]", at + 2)) > 0:
            inner = wanted[at + 1 : end]
            negated = inner[:1] in "!^"
            out.append(f"[{'^' if negated else ''}{inner[negated:].replace(chr(92), chr(92) * 2)}]")
            at = end + 1
            continue
        out.append({"*": ".*", "?": "."}.get(char) or re.escape(char))
        at += 1
    return "".join(out)


def glob(wanted: str, directory: str, names: Callable[[str], list[str]]) -> list[str]:
    """Paths that fit; `names` lists a directory."""
    rooted = wanted.startswith("/")
    found = [""]
    for part in (one for one in wanted.split("/") if one):
        deeper: list[str] = []
        for place in found:
            here = (place or "/") if rooted else f"{directory}/{place}".rstrip("/") or "/"
            for name in names(here):
                if fits(name, part) and (not name.startswith(".") or part.startswith(".")):
                    deeper.append(f"{place}/{name}" if rooted or place else name)
        found = deeper
    return found


# Arithmetic

_TOKEN = re.compile(
    r"\s*(0[xX][0-9a-fA-F]+|\d+|[A-Za-z_]\w*|\+\+|--|\*\*|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%]=|[-+*/%<>=!~&|^?:()])"
)
_LEVELS = (
    ("||",),
    ("&&",),
    ("|",),
    ("^",),
    ("&",),
    ("==", "!="),
    ("<", "<=", ">", ">="),
    ("<<", ">>"),
    ("+", "-"),
    ("*", "/", "%"),
)


def arithmetic(text: str, scope: Scope) -> int:
    """`$(( ))`: whole numbers of 64 bits."""
    parts: list[str] = []
    at = 0
    stripped = text.rstrip()
    while at < len(stripped):
        match = _TOKEN.match(stripped, at)
        if match is None:
            raise SyntaxProblem("arithmetic syntax error")
        parts.append(match.group(1))
        at = match.end()
    return _Arithmetic(parts, scope).whole()


class _Arithmetic:
    def __init__(self, parts: list[str], scope: Scope) -> None:
        self._parts = parts
        self._scope = scope
        self._at = 0

    def whole(self) -> int:
        if not self._parts:
            return 0
        value = self._choice()
        if self._at < len(self._parts):
            raise SyntaxProblem("arithmetic syntax error")
        return value

    def _peek(self, ahead: int = 0) -> str:
        at = self._at + ahead
        return self._parts[at] if at < len(self._parts) else ""

    def _choice(self) -> int:
        name, sign = self._peek(), self._peek(1)
        if _is_name(name) and sign in ("=", "+=", "-=", "*=", "/=", "%="):
            self._at += 2
            value = self._choice()
            if sign != "=":
                value = _binary(sign[0], self._number(name), value)
            self._scope.set_value(name, str(value))
            return value
        value = self._level(0)
        if self._peek() == "?":
            self._at += 1
            yes = self._choice()
            if self._peek() != ":":
                raise SyntaxProblem("arithmetic syntax error")
            self._at += 1
            no = self._choice()
            return yes if value else no
        return value

    def _level(self, level: int) -> int:
        if level == len(_LEVELS):
            return self._unary()
        value = self._level(level + 1)
        while self._peek() in _LEVELS[level]:
            sign = self._peek()
            self._at += 1
            value = _binary(sign, value, self._level(level + 1))
        return value

    def _unary(self) -> int:
        sign = self._peek()
        self._at += 1
        match sign:
            case "-":
                return _wrapped(-self._unary())
            case "+":
                return self._unary()
            case "!":
                return int(not self._unary())
            case "~":
                return ~self._unary()
            case "(":
                value = self._choice()
                if self._peek() != ")":
                    raise SyntaxProblem("arithmetic syntax error")
                self._at += 1
                return value
            case "++" | "--":
                name = self._peek()
                self._at += 1
                return self._step(name, 1 if sign == "++" else -1)
        if sign[:1].isdigit():
            return _constant(sign)
        if not _is_name(sign):
            raise SyntaxProblem("arithmetic syntax error")
        if self._peek() in ("++", "--"):
            delta = 1 if self._peek() == "++" else -1
            self._at += 1
            return self._step(sign, delta) - delta
        return self._number(sign)

    def _step(self, name: str, delta: int) -> int:
        value = _wrapped(self._number(name) + delta)
        self._scope.set_value(name, str(value))
        return value

    def _number(self, name: str) -> int:
        return number(self._scope.value(name) or "0")


def _constant(text: str) -> int:
    """Decimal, `0x1f` or octal (`010`), as in C."""
    base = 16 if text[:2] in ("0x", "0X") else 8 if text[0] == "0" and len(text) > 1 else 10
    try:
        return _wrapped(int(text[:30], base))
    except ValueError:
        raise SyntaxProblem("arithmetic syntax error") from None


def _is_name(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z_]\w*", text) is not None


def number(text: str) -> int:
    """The whole number at the start of a text, 0 when there is none."""
    match = re.match(r"\s*(-?\d{1,18})", text)
    return int(match.group(1)) if match else 0


def _binary(sign: str, left: int, right: int) -> int:
    match sign:
        case "+":
            return _wrapped(left + right)
        case "-":
            return _wrapped(left - right)
        case "*":
            return _wrapped(left * right)
        case "/" | "%":
            if right == 0:
                raise SyntaxProblem("divide by zero")
            quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
            return quotient if sign == "/" else left - quotient * right
        case "<<":
            return _wrapped(left << min(max(right, 0), 63))
        case ">>":
            return left >> min(max(right, 0), 63)
        case "&":
            return left & right
        case "|":
            return left | right
        case "^":
            return left ^ right
        case "&&":
            return int(bool(left) and bool(right))
        case "||":
            return int(bool(left) or bool(right))
    return int(
        {
            "==": left == right,
            "!=": left != right,
            "<": left < right,
            "<=": left <= right,
            ">": left > right,
            ">=": left >= right,
        }[sign]
    )


def _wrapped(amount: int) -> int:
    """Shells count in 64 bits and go around."""
    return (amount + (1 << 63)) % (1 << 64) - (1 << 63)
