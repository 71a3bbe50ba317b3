"""The command `jq`, in the words of jq 1.6. https://jqlang.org/manual/v1.6/#invoking-jq."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator.kubectl.home import FileError
from simulator.kubectl.jq.builtins import NATIVES, PATH_NATIVES, Halted, prelude
from simulator.kubectl.jq.checking import check
from simulator.kubectl.jq.errors import JqBreak, JqSyntaxError, JqTooLong, JqValueError
from simulator.kubectl.jq.evaluation import MAX_STEPS, Machine, Scope
from simulator.kubectl.jq.literals import Node
from simulator.kubectl.jq.syntax import parse
from simulator.kubectl.jq.values import is_true, text_of, whole
from simulator.kubectl.small_command import Outcome, Surface

_USAGE, _UNREADABLE, _UNCOMPILED, _NO_JSON, _FAILED = 2, 2, 3, 4, 5
_LETTERS = {
    "r": "raw",
    "c": "compact",
    "n": "null",
    "s": "slurp",
    "e": "exit",
    "S": "sort",
    "j": "join",
    "a": "ascii",
    "R": "lines",
    "C": "colour",
    "M": "plain",
}
_LONG = {
    "--raw-output": "raw", "--compact-output": "compact", "--null-input": "null", "--slurp": "slurp", "--exit-status": "exit",
    "--sort-keys": "sort", "--join-output": "join", "--ascii-output": "ascii", "--raw-input": "lines", "--color-output": "colour",
    "--monochrome-output": "plain", "--tab": "tab", "--unbuffered": "plain",
}  # fmt: skip
_HELP = """Usage:\tjq [OPTIONS] FILTER [FILES...]
\tjq [OPTIONS] -n FILTER

Options that are known here: -r -c -n -s -e -S -j -a -R --tab --indent N --arg A V --argjson A JSON --slurpfile A FILE --rawfile A FILE --args --jsonargs -f FILE
"""
_BAD_OPTION = "Use jq --help for help with command-line options,\nor see the jq manpage, or online docs  at https://stedolan.github.io/jq\n"


class _Ended(Exception):
    """The command is over; `text` is for standard error."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


@dataclass(slots=True)
class _Asked:
    on: dict[str, None] = field(default_factory=dict)
    filter: str | None = None
    from_file: str | None = None
    files: list[str] = field(default_factory=list)
    indent: int = 2
    named: dict[str, Any] = field(default_factory=dict)
    positional: list[Any] = field(default_factory=list)


def jq(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    outcome = Outcome()
    try:
        asked = _read(surface, list(words))
        if asked is None:
            return Outcome(_HELP)
        node, scope = _compiled(surface, asked)
        texts = [_content(surface, path, outcome) for path in asked.files] if asked.files else [stdin]
        _run(surface, asked, node, scope, "".join(texts), outcome)
    except _Ended as ended:
        outcome.stderr += ended.text
        outcome.exit = ended.code
    return outcome


# The words


def _read(surface: Surface, words: list[str]) -> _Asked | None:
    asked = _Asked()
    rest_as = "file"
    while words:
        word = words.pop(0)
        if word in ("-h", "--help"):
            return None
        if word == "--" or not re.match(r"--?[A-Za-z]", word):
            if asked.filter is None and asked.from_file is None and word != "--":
                asked.filter = word
            elif word != "--":
                _positional(asked, rest_as, word)
        elif word in ("--args", "--jsonargs"):
            rest_as = word
        elif word.startswith("--"):
            _long(surface, asked, word, words)
        else:
            _short(asked, word, words)
    if asked.filter is None and asked.from_file is None:
        raise _Ended(_USAGE, _HELP)
    return asked


def _positional(asked: _Asked, kind: str, word: str) -> None:
    if kind == "file":
        asked.files.append(word)
    elif kind == "--args":
        asked.positional.append(word)
    else:
        asked.positional.append(_json(word, f"jq: invalid JSON text passed to --jsonargs\n{_BAD_OPTION}"))


def _json(text: str, refusal: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise _Ended(_USAGE, refusal) from None


def _long(surface: Surface, asked: _Asked, word: str, words: list[str]) -> None:
    if word in _LONG:
        asked.on[_LONG[word]] = None
    elif word == "--indent":
        _indent(asked, words)
    elif word == "--from-file":
        asked.from_file = words.pop(0) if words else ""
    elif word in ("--arg", "--argjson", "--slurpfile", "--rawfile"):
        if len(words) < 2:
            what = {"--arg": "(e.g. --arg varname value)", "--argjson": "(e.g. --argjson varname text)"}
            example = what.get(word, f"(e.g. {word} varname filename)")
            raise _Ended(_USAGE, f"jq: {word} takes two parameters {example}\n{_BAD_OPTION}")
        _argument(surface, asked, word, words.pop(0), words.pop(0))
    else:
        raise _Ended(_USAGE, f"jq: Unknown option {word}\n{_BAD_OPTION}")


def _indent(asked: _Asked, words: list[str]) -> None:
    if not words:
        raise _Ended(_USAGE, f"jq: --indent takes one parameter\n{_BAD_OPTION}")
    text = words.pop(0)
    number = int(text) if re.fullmatch(r"-?\d+", text) else 0
    if not -1 <= number <= 7:
        raise _Ended(_USAGE, f"jq: --indent takes a number between -1 and 7\n{_BAD_OPTION}")
    asked.indent = number


def _argument(surface: Surface, asked: _Asked, word: str, name: str, value: str) -> None:
    if word == "--arg":
        asked.named.setdefault(name, value)
    elif word == "--argjson":
        asked.named.setdefault(name, _json(value, f"jq: invalid JSON text passed to --argjson\n{_BAD_OPTION}"))
    else:
        try:
            text = surface.home.read(value)
        except FileError as error:
            why = f"jq: Bad JSON in --{word[2:]} {name} {value}: Could not open {value}: {error}\n"
            raise _Ended(_USAGE, why) from error
        asked.named.setdefault(name, text if word == "--rawfile" else _documents(text))


def _short(asked: _Asked, word: str, words: list[str]) -> None:
    for letter in word[1:]:
        if letter == "f":
            if asked.filter is not None:
                asked.files.insert(0, asked.filter)
                asked.from_file, asked.filter = asked.files.pop(0), None
            else:
                asked.from_file = words.pop(0) if words else ""
        elif letter in _LETTERS:
            asked.on[_LETTERS[letter]] = None
        else:
            raise _Ended(_USAGE, f"jq: Unknown option {word}\n{_BAD_OPTION}")


# The filter and its input


def _compiled(surface: Surface, asked: _Asked) -> tuple[Node, Scope]:
    text = asked.filter or ""
    if asked.from_file is not None:
        try:
            text = surface.home.read(asked.from_file)
        except FileError as error:
            raise _Ended(_USAGE, f"jq: error: Could not open {asked.from_file}: {error}\n") from error
    named = {**asked.named, "ENV": dict(surface.environment), "named": 0}
    named["__prog_args"] = asked.positional
    named["ARGS"] = {"positional": asked.positional, "named": asked.named}
    del named["named"], named["__prog_args"]
    scope = Scope(named, dict(prelude().functions), {})
    scope.functions[("env", 0)] = ("closure", ("literal", named["ENV"]), scope)
    try:
        node = parse(text)
        check(node, {*scope.functions, *NATIVES, *PATH_NATIVES}, scope.variables)
    except RecursionError:
        raise _Ended(_UNCOMPILED, "jq: error: the filter is nested too deeply\njq: 1 compile error\n") from None
    except JqSyntaxError as error:
        texts = error.texts
        ending = f"jq: {len(texts)} compile error{'s' if len(texts) > 1 else ''}\n"
        raise _Ended(_UNCOMPILED, "".join(f"jq: error: {text}\n" for text in texts) + ending) from None
    return node, scope


def _content(surface: Surface, path: str, outcome: Outcome) -> str:
    try:
        return surface.home.read(path)
    except FileError as error:
        outcome.stderr += f"jq: error: Could not open file {path}: {error}\n"
        outcome.exit = _UNREADABLE
        return ""


def _documents(text: str) -> list[Any]:
    return [value for value, _ in _read_documents(text)[0]]


def _read_documents(text: str) -> tuple[list[tuple[Any, int]], str]:
    """The values with the number of lines read by then, and what was wrong after them."""
    decoder, at = json.JSONDecoder(parse_int=_integer, parse_float=_real), 0
    found: list[tuple[Any, int]] = []
    while True:
        while at < len(text) and text[at] in " \t\r\n":
            at += 1
        if at >= len(text):
            return found, ""
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            return found, _parse_error(text, error)
        end = text.find("\n", at)
        found.append((value, text.count("\n", 0, end + 1 if end >= 0 else len(text))))


def _integer(text: str) -> float:
    return -0.0 if text == "-0" else whole(int(text))


def _real(text: str) -> float:
    return whole(float(text))


def _parse_error(text: str, error: Exception) -> str:
    """jq's words for what is no JSON, and its place: the sign after which it was noticed."""
    at = getattr(error, "pos", 0)
    if str(error).startswith("Unterminated string"):
        return f"Unfinished string{_at_end(text)}"
    if not text[at:].strip():
        return f"Unfinished JSON term{_at_end(text)}"
    rune = text[at]
    if rune in "]},:":
        last = text[:at].rstrip()[-1:]
        kind = {
            "]": "Expected another array element" if last == "," else "Unmatched ']'",
            "}": "Expected another key-value pair" if last == "," else "Unmatched '}'",
            ",": "Expected value before ','",
            ":": "':' not as part of an object",
        }[rune]
        return kind + _at(text, at + 1)
    word = _WORD.match(text, at)
    if word is None or not word.group():
        return "Expected separator between values" + _at(text, at + 1)
    kind = "Invalid literal" if rune in "tfn" else "Invalid numeric literal"
    return kind + (_at_end(text) if word.end() >= len(text) else _at(text, word.end() + 1))


_WORD = re.compile(r"[^\s\[\]{},:\"]*")


def _at_end(text: str) -> str:
    return " at EOF" + _at(text, len(text))


def _at(text: str, at: int) -> str:
    return f" at line {text.count(chr(10), 0, at) + 1}, column {at - text.rfind(chr(10), 0, at) - 1}"


def _inputs(asked: _Asked, text: str) -> tuple[list[tuple[Any, int]], str]:
    """Every input with the number of lines read by then, and what could not be read after them."""
    lines = text.count("\n")
    if "lines" in asked.on and "slurp" in asked.on:
        return [(text, lines)], ""
    if "lines" in asked.on:
        return [(line, at + 1) for at, line in enumerate(text.removesuffix("\n").split("\n"))] if text else [], ""
    found, wrong = _read_documents(text)
    if "slurp" in asked.on:
        return [] if wrong else [([value for value, _ in found], lines)], wrong
    return found, wrong


# The run


def _run(surface: Surface, asked: _Asked, node: Node, scope: Scope, text: str, outcome: Outcome) -> None:
    machine = Machine(NATIVES, PATH_NATIVES)
    machine.now_us = surface.clock()
    machine.inputs, wrong = _inputs(asked, text)
    last: Any = None
    printed = False
    feed_null = "null" in asked.on
    failed = False
    while feed_null or machine.inputs:
        value = None if feed_null else machine.next_input()
        feed_null = False
        try:
            for found in machine.run(node, value, scope):
                outcome.stdout += _printed(asked, found)
                last, printed = found, True
            failed = False
        except JqValueError as error:
            failed = error.value is not None
            if not failed:
                continue
            outcome.stderr += machine.noted + f"jq: error (at {_place(asked, machine)}){_told(error.value)}\n"
            machine.noted = ""
        except JqBreak:
            outcome.stderr += "jq: error (at <stdin>:0): break\n"
            failed = True
        except (JqTooLong, RecursionError):
            raise _Ended(
                _FAILED,
                machine.noted
                + f"jq: this filter takes more than {MAX_STEPS} steps, which this terminal does not wait for\n",
            ) from None
        except Halted as halted:
            raise _halted(halted, machine.noted) from None
        if "null" in asked.on:
            break
    outcome.stderr += machine.noted
    if wrong and "null" not in asked.on:
        raise _Ended(_NO_JSON, f"parse error: {wrong}\n")
    outcome.exit = _FAILED if failed else outcome.exit
    if "exit" in asked.on and not failed:
        outcome.exit = 4 if not printed else 0 if is_true(last) else 1


def _place(asked: _Asked, machine: Machine) -> str:
    return "<unknown>" if "null" in asked.on else f"<stdin>:{machine.line}"


def _told(value: Any) -> str:
    if isinstance(value, str):
        return f": {value}"
    return f" (not a string): {text_of(value)}"


def _halted(halted: Halted, noted: str) -> _Ended:
    if not halted.says:
        return _Ended(halted.code, noted)
    text = halted.value if isinstance(halted.value, str) else text_of(halted.value) + "\n"
    return _Ended(halted.code, noted + text)


def _printed(asked: _Asked, value: Any) -> str:
    end = "" if "join" in asked.on else "\n"
    if isinstance(value, str) and ("raw" in asked.on or "join" in asked.on):
        return value + end
    indent = "" if "compact" in asked.on or not asked.indent else "\t" if "tab" in asked.on else " " * asked.indent
    return text_of(value, indent=indent, sort="sort" in asked.on, ascii_only="ascii" in asked.on) + end
