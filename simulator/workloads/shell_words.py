"""Words and tokens of the shell language: the first half of reading a script.

Follows POSIX.1-2017 Shell Command Language, 2.2 and 2.3. Promises: a word is plain data that says which of its parts were quoted, so
that splitting and patterns can be decided when it is expanded; a text that no shell would read raises `SyntaxProblem`.
"""

import re
from dataclasses import dataclass

from simulator.workloads.errors import WorkloadError

#: ("lit", text, quoted) | ("var", name, operator, argument, quoted) | ("arith", text, quoted) | ("command", script, quoted) |
#: ("captured", number, quoted): what the number-th command substitution of the operation has printed.
Part = tuple[str | int | bool, ...]
Word = tuple[Part, ...]


class SyntaxProblem(WorkloadError):
    """The shell refuses the script, in these words."""


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    """The operator, or the word as it is written, for reserved words."""
    word: Word | None = None
    body: str = ""
    """The text of a here-document."""
    literal: bool = False
    """The here-document's delimiter was quoted: nothing in it is expanded."""


OPERATORS = (
    "<<-",
    "&>>",
    *(f">&{number}" for number in range(1, 10)),
    ">&-",
    "<&-",
    "<<<",
    "&&",
    "||",
    ";;",
    "<<",
    ">>",
    "&>",
    ">|",
    "<>",
    ";",
    "|",
    "&",
    ">",
    "<",
    "(",
    ")",
    "\n",
)
#: A number that stands directly before `<` or `>`; the number is the token's body.
IO_NUMBER = "io"
_WORD_END = frozenset(" \t\n;|&<>()")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SPECIAL = "?$#@*!-0123456789"
_BRACED = re.compile(r"(#?)([A-Za-z_][A-Za-z0-9_]*|[?$#@*!-]|\d+)(.*)", re.DOTALL)
_OPERATOR = re.compile(r":?[-=?+]|%%?|##?|//?|:")


def tokens(text: str) -> list[Token]:
    found: list[Token] = []
    awaited: list[int] = []
    """Positions of here-documents whose bodies begin on the next line."""
    at = 0
    while at < len(text):
        char = text[at]
        if char in " \t\r":
            at += 1
        elif text.startswith("\\\n", at):
            at += 2
        elif char == "#":
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        elif operator := next((one for one in OPERATORS if text.startswith(one, at)), ""):
            at += len(operator)
            if operator in ("<<", "<<-"):
                delimiter, at = _delimiter(text, at)
                awaited.append(len(found))
                found.append(
                    Token(
                        operator,
                        body=delimiter.replace("'", "").replace('"', ""),
                        literal=delimiter[:1] in "'\"\\" and delimiter != "",
                    )
                )
                continue
            found.append(Token(operator))
            if operator == "\n" and awaited:
                at = _bodies(text, at, found, awaited)
        else:
            start = at
            found_word, at = word(text, at)
            is_number = text[start:at].isdigit() and text[at : at + 1] in ("<", ">")
            found.append(Token(IO_NUMBER, body=text[start:at]) if is_number else Token(text[start:at], found_word))
    if awaited:
        _bodies(text, at, found, awaited)
    return found


def _delimiter(text: str, at: int) -> tuple[str, int]:
    while text[at : at + 1] in (" ", "\t"):
        at += 1
    end = at
    while end < len(text) and text[end] not in _WORD_END:
        end += 1
    return text[at:end], end


def _bodies(text: str, at: int, found: list[Token], awaited: list[int]) -> int:
    for place in awaited:
        token = found[place]
        lines: list[str] = []
        while at < len(text):
            end = text.find("\n", at)
            line = text[at:] if end < 0 else text[at:end]
            at = len(text) if end < 0 else end + 1
            line = line.lstrip("\t") if token.text == "<<-" else line
            if line == token.body:
                break
            lines.append(line)
        found[place] = Token("<<", body="".join(f"{line}\n" for line in lines), literal=token.literal)
    awaited.clear()
    return at


def word(text: str, at: int, *, until: frozenset[str] = _WORD_END) -> tuple[Word, int]:
    parts: list[Part] = []
    while at < len(text) and text[at] not in until:
        char = text[at]
        if char == "'":
            end = text.find("'", at + 1)
            if end < 0:
                raise SyntaxProblem("syntax error: unterminated quoted string")
            parts.append(("lit", text[at + 1 : end], True))
            at = end + 1
        elif char == '"':
            at = _double_quoted(text, at + 1, parts)
        elif char == "$":
            part, at = _expansion(text, at, quoted=False)
            parts.append(part)
        elif char == "`":
            part, at = _backquoted(text, at, quoted=False)
            parts.append(part)
        elif char == "\\":
            parts.append(("lit", text[at + 1 : at + 2], True))
            at += 2
        else:
            parts.append(("lit", char, False))
            at += 1
    return _joined(parts), at


def text_word(text: str) -> Word:
    """A text in which `$` and backquotes mean something and quotes do not: a here-document."""
    parts: list[Part] = []
    at = 0
    while at < len(text):
        at = _quoted_part(text, at, parts, escapes="\\$`\n")
    return _joined(parts)


def argument_word(text: str) -> Word:
    """The word behind `:-` and its like."""
    return word(text, 0, until=frozenset())[0]


def _double_quoted(text: str, at: int, parts: list[Part]) -> int:
    parts.append(("lit", "", True))
    while at < len(text) and text[at] != '"':
        at = _quoted_part(text, at, parts, escapes='"\\$`\n')
    if at >= len(text):
        raise SyntaxProblem("syntax error: unterminated quoted string")
    return at + 1


def _quoted_part(text: str, at: int, parts: list[Part], *, escapes: str) -> int:
    char = text[at]
    if char == "$":
        part, at = _expansion(text, at, quoted=True)
        parts.append(part)
        return at
    if char == "`":
        part, at = _backquoted(text, at, quoted=True)
        parts.append(part)
        return at
    if char == "\\" and at + 1 < len(text) and text[at + 1] in escapes:
        parts.append(("lit", "" if text[at + 1] == "\n" else text[at + 1], True))
        return at + 2
    parts.append(("lit", char, True))
    return at + 1


def _backquoted(text: str, at: int, *, quoted: bool) -> tuple[Part, int]:
    end = at + 1
    while end < len(text) and text[end] != "`":
        end += 2 if text[end] == "\\" else 1
    if end >= len(text):
        raise SyntaxProblem("syntax error: EOF in backquote substitution")
    return ("command", re.sub(r"\\([$`\\])", r"\1", text[at + 1 : end]), quoted), end + 1


def _expansion(text: str, at: int, *, quoted: bool) -> tuple[Part, int]:
    if text.startswith("$((", at):
        end = _closing(text, at + 3, "(", ")")
        if text[end + 1 : end + 2] == ")":
            return ("arith", text[at + 3 : end], quoted), end + 2
    if text.startswith("$(", at):
        end = _closing(text, at + 2, "(", ")")
        return ("command", text[at + 2 : end], quoted), end + 1
    if text.startswith("${", at):
        end = _closing(text, at + 2, "{", "}")
        return _braced(text[at + 2 : end], quoted), end + 1
    if (special := text[at + 1 : at + 2]) and special in _SPECIAL:
        return ("var", special, "", "", quoted), at + 2
    name = _NAME.match(text, at + 1)
    return (("var", name.group(), "", "", quoted), name.end()) if name else (("lit", "$", quoted), at + 1)


def _braced(inner: str, quoted: bool) -> Part:
    match = _BRACED.fullmatch(inner)
    if match is None:
        raise SyntaxProblem("syntax error: bad substitution")
    if match.group(1) and not match.group(3):
        return ("var", match.group(2), "length", "", quoted)
    rest = match.group(3)
    operator = _OPERATOR.match(rest)
    if rest and operator is None:
        raise SyntaxProblem("syntax error: bad substitution")
    sign = operator.group() if operator else ""
    return ("var", match.group(2), sign, rest[len(sign) :], quoted)


def _closing(text: str, at: int, opening: str, closing: str) -> int:
    """Where a bracket closes; quotes and brackets inside are passed over."""
    depth = 1
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 1
        elif char == "'" and opening == "(":
            end = text.find("'", at + 1)
            at = len(text) if end < 0 else end
        elif char == '"':
            at += 1
            while at < len(text) and text[at] != '"':
                if text.startswith("$(", at):
                    at = _closing(text, at + 2, "(", ")")
                at += 2 if text[at : at + 1] == "\\" else 1
        elif char == opening:
            depth += 1
        elif char == closing:
            depth -= 1
            if depth == 0:
                return at
        at += 1
    raise SyntaxProblem(f"syntax error: missing '{closing}'")


def _joined(parts: list[Part]) -> Word:
    joined: list[Part] = []
    for part in parts:
        if part[0] == "lit" and joined and joined[-1][0] == "lit" and joined[-1][2] == part[2]:
            joined[-1] = ("lit", f"{joined[-1][1]}{part[1]}", part[2])
        else:
            joined.append(part)
    return tuple(joined)
