"""The words of an expression: `parser/gen/CEL.g4` of cel-go, the lexer half."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from simulator.machinery.cel.errors import Issue
from simulator.machinery.cel.values import Uint

#: Words that cannot be names (`parser/parser.go: reservedIds`).
RESERVED = frozenset(
    [
        "as",
        "break",
        "const",
        "continue",
        "else",
        "false",
        "for",
        "function",
        "if",
        "import",
        "in",
        "let",
        "loop",
        "package",
        "namespace",
        "null",
        "return",
        "true",
        "var",
        "void",
        "while",
    ]
)
_SIGNS = ("==", "!=", "<=", ">=", "&&", "||", *"<>[]{}().,-!?:+*/%")
_SKIPPED = re.compile(r"(?:[\t\n\f\r ]+|//[^\n]*)+")
_NUMBER = re.compile(r"0x[0-9a-fA-F]+[uU]?|\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?|\d+[uU]?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUOTED_NAME = re.compile(r"`[A-Za-z0-9_.\-/ ]+`")
_ESCAPE = r"\\(?:[abfnrtv\"'\\?`]|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[xX][0-9a-fA-F]{2}|[0-3][0-7]{2})"
_STRINGS = (
    re.compile(r'"""(?:' + _ESCAPE + r'|[^\\])*?"""', re.DOTALL),
    re.compile(r"'''(?:" + _ESCAPE + r"|[^\\])*?'''", re.DOTALL),
    re.compile(r'"(?:' + _ESCAPE + r'|[^\\"\n\r])*"'),
    re.compile(r"'(?:" + _ESCAPE + r"|[^\\'\n\r])*'"),
)
_RAW = re.compile(r'[rR](?:""".*?"""|\'\'\'.*?\'\'\'|"[^"\n\r]*"|\'[^\'\n\r]*\')', re.DOTALL)
_ONE_ESCAPE = re.compile(_ESCAPE)
_PLAIN = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class Token(NamedTuple):
    kind: str
    """The sign or word itself, or NUM_INT, NUM_UINT, NUM_FLOAT, STRING, BYTES, IDENTIFIER, ESC_IDENTIFIER, `<EOF>`."""
    text: str
    at: int
    value: Any = None


def tokens(text: str) -> tuple[list[Token], list[Issue]]:
    """All tokens, the last of which is the end, and what is none."""
    found: list[Token] = []
    issues: list[Issue] = []
    at = 0
    while at < len(text):
        if skipped := _SKIPPED.match(text, at):
            at = skipped.end()
            continue
        token = _next(text, at)
        if token is None:
            wrong = _unknown(text, at)
            issues.append(Issue(at, f"Syntax error: token recognition error at: '{wrong}'"))
            at += len(wrong)
            continue
        if isinstance(token, Issue):
            issues.append(token)
            at = len(text)
            continue
        found.append(token)
        at += len(token.text)
    found.append(Token("<EOF>", "<EOF>", len(text)))
    return found, issues


def _next(text: str, at: int) -> Token | Issue | None:
    if (string := _string(text, at)) is not None:
        return string
    sign = text[at]
    if sign.isdigit() or (sign == "." and text[at + 1 : at + 2].isdigit() and not _follows_value(text, at)):
        return _number(text, at)
    if name := _NAME.match(text, at):
        word = name.group()
        return Token(word if word in ("true", "false", "null", "in") else "IDENTIFIER", word, at)
    if quoted := _QUOTED_NAME.match(text, at):
        return Token("ESC_IDENTIFIER", quoted.group(), at, quoted.group()[1:-1])
    for one in _SIGNS:
        if text.startswith(one, at):
            return Token(one, one, at)
    return None


def _follows_value(text: str, at: int) -> bool:
    """`a.0` is a wrong selection, no number."""
    before = text[:at].rstrip()
    return bool(before) and (before[-1].isalnum() or before[-1] in "_)]}\"'")


def _number(text: str, at: int) -> Token | Issue | None:
    found = _NUMBER.match(text, at)
    if found is None:
        return None
    word = found.group()
    if word[-1] in "uU":
        value = int(word[:-1], 0) if word[:2] == "0x" else int(word[:-1])
        return Token("NUM_UINT", word, at, Uint(value)) if value < 1 << 64 else Issue(at, "invalid uint literal")
    if word[:2] == "0x" or word.isdigit():
        return Token("NUM_INT", word, at, int(word, 16) if word[:2] == "0x" else int(word))
    value_f = float(word)
    return Issue(at, "invalid double literal") if value_f in (float("inf"),) else Token("NUM_FLOAT", word, at, value_f)


def _string(text: str, at: int) -> Token | None:
    prefix = ""
    start = at
    while start < len(text) and text[start] in "rRbB" and len(prefix) < 2:
        prefix += text[start].lower()
        start += 1
    if start >= len(text) or text[start] not in "\"'":
        return None
    is_bytes = "b" in prefix
    if "r" in prefix:
        raw = _RAW.match("r" + text[start:])
        if raw is None:
            return None
        body = raw.group()[1:]
        return _made(text[at : start + len(body)], at, _inside(body), is_bytes=is_bytes)
    for pattern in _STRINGS:
        if found := pattern.match(text, start):
            body = found.group()
            content = _inside(body)
            if is_bytes:
                return Token("BYTES", text[at : found.end()], at, _unescaped_bytes(content))
            return Token("STRING", text[at : found.end()], at, _ONE_ESCAPE.sub(_sign, content))
    return None


def _made(text: str, at: int, content: str, *, is_bytes: bool) -> Token:
    return Token("BYTES", text, at, content.encode()) if is_bytes else Token("STRING", text, at, content)


def _inside(body: str) -> str:
    return body[3:-3] if body[:3] in ('"""', "'''") and len(body) >= 6 else body[1:-1]


def _sign(found: re.Match[str]) -> str:
    code = found.group()[1:]
    if code[0] in "uU" or code[0] in "xX":
        return chr(int(code[1:], 16))
    if code[0].isdigit():
        return chr(int(code, 8))
    return _PLAIN.get(code, code)


def _unescaped_bytes(content: str) -> bytes:
    made = bytearray()
    at = 0
    for found in _ONE_ESCAPE.finditer(content):
        made += content[at : found.start()].encode()
        code = found.group()[1:]
        sign = _sign(found)
        made += bytes([ord(sign)]) if code[0] in "xX" or code[0].isdigit() else sign.encode()
        at = found.end()
    return bytes(made + content[at:].encode())


def _unknown(text: str, at: int) -> str:
    """What the lexer gives up on: a broken string up to its fault, else one sign."""
    if text[at] not in "\"'":
        return text[at]
    quote, end = text[at], at + 1
    while end < len(text) and text[end] not in (quote, "\n", "\r"):
        if text[end] == "\\":
            found = _ONE_ESCAPE.match(text, end)
            if found is None:
                return text[at : end + (3 if text[end + 1 : end + 2] in ("x", "X", "u", "U") else 2)]
            end = found.end()
            continue
        end += 1
    return text[at:end]
