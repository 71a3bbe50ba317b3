"""Filters that change text: sed, cut, tr, awk and tee, as far as lines about kubectl's output need them.

What they do not know they refuse by name. Patterns are matched in linear time, as in `text_filters.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import re2

from simulator.kubectl.home import FileError
from simulator.kubectl.small_command import Outcome, Small, Surface, fail, inputs
from simulator.kubectl.text_filters import basic_to_extended, compiled

# sed


@dataclass(frozen=True, slots=True)
class _Sed:
    """One command: where it holds, what it does, and for `s` by what it replaces."""

    first: str
    last: str
    letter: str
    pattern: Any = None
    by: str = ""
    flags: str = ""


_SED = re.compile(
    r"\s*(?P<first>\d+|\$|/(?:\\.|[^/\\])*/)?(?:,(?P<last>\d+|\$|/(?:\\.|[^/\\])*/))?\s*(?P<letter>[dpqsw])(?P<rest>.*)",
    re.DOTALL,
)


def sed(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    quiet, in_place, extended = False, False, False
    scripts: list[str] = []
    paths: list[str] = []
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if word == "-e" and queue:
            scripts.append(queue.pop(0))
        elif re.fullmatch(r"-[niEr]+", word):
            quiet, in_place = quiet or "n" in word, in_place or "i" in word
            extended = extended or "E" in word or "r" in word
        elif word.startswith("-") and word != "-":
            return fail("sed", f"invalid option -- '{word[1:2]}'")
        elif scripts:
            paths.append(word)
        else:
            scripts.append(word)
    if not scripts:
        return fail("sed", "no script specified")
    try:
        commands = [command for script in scripts for command in _sed_commands(script, extended=extended)]
    except (ValueError, re2.error) as error:
        return fail("sed", f"-e expression #1: {error}")
    return _sed_files(surface, commands, paths, stdin, quiet=quiet, in_place=in_place)


def _sed_files(
    surface: Surface, commands: list[_Sed], paths: list[str], stdin: str, *, quiet: bool, in_place: bool
) -> Outcome:
    texts, outcome = inputs(surface, "sed", paths, stdin)
    for path, text in texts if in_place else [("-", "".join(text for _, text in texts))]:
        written: list[str] = []
        changed = _sed_text(commands, text, quiet=quiet, written=written if in_place else None)
        if not in_place:
            outcome.stdout += changed
            continue
        outcome.stdout += "".join(written)
        try:
            surface.home.write(path, changed)
        except FileError as error:
            return fail("sed", f"couldn't open {path}: {error}")
    return outcome


def _sed_commands(script: str, *, extended: bool) -> list[_Sed]:
    found, left = [], script.strip()
    while left:
        match = _SED.match(left)
        if match is None:
            raise ValueError(f"unknown command: `{left.strip()[:1]}'")
        rest = match["rest"]
        pattern, by, flags = None, "", ""
        if match["letter"] == "s":
            source, by, rest = _substitution(rest)
            flags = (re.match(r"[gIip0-9]*", rest) or [""])[0]
            rest = rest[len(flags) :]
            pattern = compiled(source if extended else basic_to_extended(source), insensitive="i" in flags.lower())
        if match["letter"] == "w":
            path, _, rest = rest.strip().partition("\n")
            if path != "/dev/stdout":
                raise ValueError("the command `w' writes to /dev/stdout here")
        found.append(_Sed(match["first"] or "", match["last"] or "", match["letter"], pattern, by, flags))
        rest = rest.lstrip()
        if rest and rest[0] not in ";\n}":
            raise ValueError(f"extra characters after command: `{rest}'")
        left = rest.lstrip(";\n ")
    return found


def _substitution(rest: str) -> tuple[str, str, str]:
    sign, parts, part, at = rest[:1], list[str](), "", 1
    while at < len(rest) and len(parts) < 2:
        if rest[at] == "\\" and at + 1 < len(rest):
            part += rest[at + 1] if rest[at + 1] == sign else rest[at : at + 2]
            at += 2
            continue
        if rest[at] == sign:
            parts.append(part)
            part = ""
        else:
            part += rest[at]
        at += 1
    if len(parts) < 2:
        raise ValueError("unterminated `s' command")
    return parts[0], parts[1], rest[at:]


def _sed_text(commands: list[_Sed], text: str, *, quiet: bool, written: list[str] | None = None) -> str:
    """`written`: where `w /dev/stdout` leaves its lines, if not among the others."""
    lines, out = text.splitlines(), list[str]()
    inside: dict[int, bool] = {}
    for number, line in enumerate(lines, 1):
        gone = stop = False
        for index, command in enumerate(commands):
            if not _holds(command, index, inside, line, number, len(lines)):
                continue
            if command.letter == "s":
                changed, count = _substituted(command, line)
                line = changed
                if count and "p" in command.flags:
                    out.append(line)
            elif command.letter == "p":
                out.append(line)
            elif command.letter == "w":
                (out if written is None else written).append(line if written is None else f"{line}\n")
            elif command.letter == "d":
                gone = True
                break
            else:
                stop = True
        if not gone and not quiet:
            out.append(line)
        if stop:
            break
    changed = "".join(f"{line}\n" for line in out)
    return changed if text.endswith("\n") else changed.removesuffix("\n")


def _holds(command: _Sed, index: int, inside: dict[int, bool], line: str, number: int, count: int) -> bool:
    if not command.last:
        return not command.first or _addressed(command.first, line, number, count)
    if inside.get(index):
        ends_before = command.last.isdecimal() and number >= int(command.last)
        inside[index] = not (ends_before or _addressed(command.last, line, number, count))
        return not command.last.isdecimal() or number <= int(command.last)
    if not _addressed(command.first, line, number, count):
        return False
    inside[index] = not (command.last.isdecimal() and number >= int(command.last))
    return True


def _addressed(address: str, line: str, number: int, count: int) -> bool:
    if address == "$":
        return number == count
    if address.isdecimal():
        return number == int(address)
    return compiled(basic_to_extended(address[1:-1].replace("\\/", "/"))).search(line) is not None


def _substituted(command: _Sed, line: str) -> tuple[str, int]:
    wanted = int("".join(sign for sign in command.flags if sign.isdecimal()) or 1)
    out, at, count = "", 0, 0
    for match in command.pattern.finditer(line):
        count += 1
        if count < wanted or ("g" not in command.flags and count > wanted):
            continue
        out += line[at : match.start()] + _by(command.by, match)
        at = match.end()
    return out + line[at:], count


def _by(text: str, match: Any) -> str:
    def sign(found: re.Match[str]) -> str:
        if found[0] == "&" or found[0] == "\\0":
            return str(match.group())
        if found[1].isdecimal():
            return str(match.group(int(found[1])) or "")
        return {"n": "\n", "t": "\t"}.get(found[1], found[1])

    return re.sub(r"\\(.)|&", sign, text)


# cut, tr


def cut(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    given: dict[str, str] = {}
    paths: list[str] = []
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if re.match(r"-[dfc]", word):
            given[word[1]] = word[2:] or (queue.pop(0) if queue else "")
        elif word == "-s":
            given["s"] = ""
        elif word.startswith("-") and word != "-":
            return fail("cut", f"invalid option -- '{word[1:2]}'")
        else:
            paths.append(word)
    if "f" not in given and "c" not in given:
        return fail("cut", "you must specify a list of bytes, characters, or fields")
    ranges = _ranges(given.get("f") or given.get("c") or "")
    if ranges is None:
        return fail("cut", f"invalid field value '{given.get('f') or given.get('c')}'")
    texts, outcome = inputs(surface, "cut", paths, stdin)
    sign = given.get("d") or "\t"
    for line in "".join(text for _, text in texts).splitlines():
        if "c" in given:
            outcome.stdout += "".join(_chosen(line, ranges)) + "\n"
        elif sign in line:
            outcome.stdout += sign.join(_chosen(line.split(sign), ranges)) + "\n"
        elif "s" not in given:
            outcome.stdout += line + "\n"
    return outcome


def _ranges(text: str) -> list[tuple[int, int]] | None:
    found = []
    for part in text.split(","):
        match = re.fullmatch(r"(\d*)(-?)(\d*)", part)
        if match is None or not (match[1] or match[3]):
            return None
        first = int(match[1] or 1)
        found.append((first, int(match[3]) if match[3] else (first if not match[2] else 1_000_000)))
    return found


def _chosen(items: Sequence[str], ranges: list[tuple[int, int]]) -> list[str]:
    return [item for at, item in enumerate(items, 1) if any(first <= at <= last for first, last in ranges)]


_CLASSES = {
    "[:lower:]": "abcdefghijklmnopqrstuvwxyz",
    "[:upper:]": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "[:digit:]": "0123456789",
    "[:space:]": " \t\n\r\f\v",
}


def tr(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    letters = "".join(word[1:] for word in words if re.fullmatch(r"-[ds]+", word))
    sets = [_set(word) for word in words if not re.fullmatch(r"-[ds]+", word)]
    if not sets:
        return fail("tr", "missing operand")
    if "d" in letters:
        return Outcome("".join(sign for sign in stdin if sign not in sets[0]))
    if len(sets) == 1 and "s" not in letters:
        return fail("tr", f"missing operand after '{words[-1]}'")
    text = stdin
    if len(sets) > 1 and sets[1]:
        table = {ord(sign): sets[1][min(at, len(sets[1]) - 1)] for at, sign in reversed(list(enumerate(sets[0])))}
        text = text.translate(table)
    if "s" in letters:
        squeezed = sets[-1]
        text = "".join(sign for at, sign in enumerate(text) if not (at and sign == text[at - 1] and sign in squeezed))
    return Outcome(text)


def _set(text: str) -> str:
    for name, signs in _CLASSES.items():
        text = text.replace(name, signs)
    text = re.sub(r"\\([ntr\\])", lambda found: {"n": "\n", "t": "\t", "r": "\r", "\\": "\\"}[found[1]], text)
    return re.sub(
        r"(.)-(.)", lambda found: "".join(map(chr, range(ord(found[1]), ord(found[2]) + 1))), text, flags=re.DOTALL
    )


# awk

_AWK = re.compile(r"\s*(?P<pattern>[^{]*?)\s*(?:\{\s*print\s*(?P<items>[^{}]*?)\s*;?\s*\})?\s*", re.DOTALL)
_TEST = re.compile(
    r"(?P<left>NR|NF|\$\d+|\$NF)\s*(?P<op>==|!=|>=|<=|>|<|~|!~)\s*(?P<right>\"[^\"]*\"|/[^/]*/|-?\d+(?:\.\d+)?)"
)


def awk(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    separator, rest, queue = "", list[str](), list(words)
    while queue:
        word = queue.pop(0)
        if word.startswith("-F"):
            separator = word[2:] or (queue.pop(0) if queue else "")
        elif word.startswith("-") and word != "-":
            return fail("awk", f"invalid option -- '{word[1:2]}'", 2)
        else:
            rest.append(word)
    match = _AWK.fullmatch(rest[0]) if rest else None
    if match is None or (match["items"] is None and not match["pattern"]):
        return fail("awk", "this workstation knows programs of the form 'PATTERN { print ITEMS }' only", 2)
    texts, outcome = inputs(surface, "awk", rest[1:], stdin)
    try:
        test = _awk_test(match["pattern"])
        for number, line in enumerate("".join(text for _, text in texts).splitlines(), 1):
            fields = line.split(separator) if separator else line.split()
            if test(line, fields, number):
                outcome.stdout += _awk_line(match["items"] or "", line, fields, number) + "\n"
    except ValueError as error:
        return fail("awk", str(error), 2)
    return outcome


_Test = Callable[[str, list[str], int], bool]


def _awk_test(pattern: str) -> _Test:
    if not pattern:
        return lambda line, fields, number: True
    parts = re.split(r"\s*&&\s*", pattern)
    tests = [_one_test(part) for part in parts]
    return lambda line, fields, number: all(test(line, fields, number) for test in tests)


def _one_test(pattern: str) -> _Test:
    if match := re.fullmatch(r"(!?)/((?:\\.|[^/\\])*)/", pattern):
        wanted = compiled(match[2])
        return lambda line, fields, number: (wanted.search(line) is not None) != bool(match[1])
    found = _TEST.fullmatch(pattern)
    if found is None:
        raise ValueError(f"this workstation does not know the pattern {pattern}")
    return lambda line, fields, number: _compared(
        _awk_value(found["left"], line, fields, number), found["op"], found["right"]
    )


def _compared(left: str, operator: str, right: str) -> bool:
    if operator in ("~", "!~"):
        return (compiled(right[1:-1]).search(left) is not None) == (operator == "~")
    a: Any
    b: Any
    if right.startswith('"'):
        a, b = left, right[1:-1]
    else:
        number = re.match(r"-?\d+(\.\d+)?", left)
        a, b = float(number[0]) if number else 0.0, float(right)
    return bool({"==": a == b, "!=": a != b, ">": a > b, "<": a < b, ">=": a >= b, "<=": a <= b}[operator])


def _awk_line(items: str, line: str, fields: list[str], number: int) -> str:
    if not items:
        return line
    return " ".join(
        "".join(_awk_value(value, line, fields, number) for value in re.findall(r'"(?:\\.|[^"\\])*"|[^\s"]+', item))
        for item in re.findall(r'(?:"(?:\\.|[^"\\])*"|[^,"])+', items)
    )


def _awk_value(text: str, line: str, fields: list[str], number: int) -> str:
    if text.startswith('"'):
        return text[1:-1].replace("\\t", "\t").replace("\\n", "\n").replace('\\"', '"')
    if text in ("NR", "NF"):
        return str(number if text == "NR" else len(fields))
    if text == "$0":
        return line
    if match := re.fullmatch(r"\$(\d+|NF)", text):
        at = len(fields) if match[1] == "NF" else int(match[1])
        return fields[at - 1] if 0 < at <= len(fields) else ""
    if re.fullmatch(r"\d+", text):
        return text
    raise ValueError(f"this workstation does not know {text} in a print")


# tee


def tee(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    outcome = Outcome(stdin)
    for path in (word for word in words if word != "-a"):
        try:
            (surface.home.append if "-a" in words else surface.home.write)(path, stdin)
        except FileError as error:
            outcome.stderr += f"tee: {path}: {error}\n"
            outcome.exit = 1
    return outcome


STREAM_FILTERS: dict[str, Small] = {"sed": sed, "cut": cut, "tr": tr, "awk": awk, "tee": tee}
