"""Programs that edit text line by line: `sed`, and what of `awk` people type most."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from simulator.workloads.commands.options import read_options
from simulator.workloads.commands.patterns import compiled
from simulator.workloads.commands.text import inputs, lines_of
from simulator.workloads.shell_scripts import NotSimulated
from simulator.workloads.small_programs import escaped, number

if TYPE_CHECKING:
    from simulator.workloads.machine import Machine


def sed(machine: Machine, words: list[str]) -> int:
    flags, rest = read_options(words, "e")
    scripts = [flags["e"]] if "e" in flags else rest[:1]
    paths = rest if "e" in flags else rest[1:]
    commands = [_sed_command(one) for script in scripts for one in _sed_parts(script)]
    found, status = inputs(machine, "sed", paths)
    for name, content in found:
        text = "".join(f"{line}\n" for line in _edited(lines_of(content), commands, quiet="n" in flags))
        if "i" in flags:
            problem = machine.tree.put(machine.path(name), text)
            if problem:
                machine.say(2, f"sed: can't create temp file '{name}XXXXXX': {problem}\n")
                status = 1
        else:
            machine.say(1, text)
    return status


_Sed = tuple[str, str, str, str, str]
"""(address, command, pattern, replacement, flags)."""
_SED = re.compile(r"\s*(\d+(?:,(?:\d+|\$))?|\$|/(?:\\.|[^/])*/)?\s*([spdq])(.*)", re.DOTALL)


def _sed_parts(script: str) -> list[str]:
    return [part for part in re.split(r"\n|;(?=\s*(?:s[^a-z]|\d|/|p|d|q))", script) if part.strip()]


def _sed_command(text: str) -> _Sed:
    match = _SED.fullmatch(text)
    if match is None:
        raise NotSimulated(f"sed {text} is not simulated")
    address, command, rest = match.group(1) or "", match.group(2), match.group(3)
    if command != "s":
        return address, command, "", "", ""
    parts = re.split(rf"(?<!\\){re.escape(rest[:1])}", rest[1:])
    if len(parts) != 3:
        raise NotSimulated(f"sed {text} is not simulated")
    return (
        address,
        "s",
        parts[0].replace(f"\\{rest[:1]}", rest[:1]),
        parts[1].replace(f"\\{rest[:1]}", rest[:1]),
        parts[2].strip(),
    )


def _edited(rows: list[str], commands: list[_Sed], *, quiet: bool) -> list[str]:
    out: list[str] = []
    for place, row in enumerate(rows, start=1):
        text, kept = row, True
        for address, command, wanted, instead, flags in commands:
            if not _addressed(address, text, place, len(rows)):
                continue
            if command == "s":
                pattern = compiled(basic_regex(wanted), ignore_case="i" in flags.lower())
                text, count = pattern.subn(_replacement(instead), text, count=0 if "g" in flags else 1)
                if count and "p" in flags:
                    out.append(text)
            elif command == "p":
                out.append(text)
            elif command == "d":
                kept = False
                break
            elif command == "q":
                return out if quiet else [*out, text]
        if kept and not quiet:
            out.append(text)
    return out


def _addressed(address: str, text: str, place: int, last: int) -> bool:
    if not address:
        return True
    if address.startswith("/"):
        return compiled(basic_regex(address[1:-1])).search(text) is not None
    first, _, end = address.partition(",")
    low = last if first == "$" else number(first)
    return low <= place <= (last if end == "$" else number(end) if end else low)


def basic_regex(text: str) -> str:
    """A basic regular expression in the words of this language's: `\\(`, `\\|`, `\\+` are special there, not the bare signs."""
    text = re.sub(
        r"\[:(\w+):\]",
        lambda match: {
            "space": r"\s",
            "digit": "0-9",
            "alpha": "A-Za-z",
            "alnum": "A-Za-z0-9",
            "upper": "A-Z",
            "lower": "a-z",
        }.get(match.group(1), ""),
        text,
    )
    return re.sub(r"\\([(){}|+?])|([(){}|+?])", lambda match: match.group(1) or f"\\{match.group(2)}", text)


def _replacement(text: str) -> str:
    return re.sub(
        r"\\(\d)|(?<!\\)&|\\&",
        lambda match: f"\\{match.group(1)}" if match.group(1) else "&" if match.group() == "\\&" else "\\0",
        text,
    )


_AWK = re.compile(
    r"\s*(?:(NR\s*==\s*\d+|NR\s*>\s*\d+|/(?:\\.|[^/])*/|\$\d+\s*==\s*\"[^\"]*\")\s*)?(?:\{\s*print(.*?)\s*;?\s*\})?\s*",
    re.DOTALL,
)


def awk(machine: Machine, words: list[str]) -> int:
    """`awk '{print $2}'` with a condition on the line's number, a pattern or a field; a real program is not simulated."""
    flags, rest = read_options(words, "Fv")
    match = _AWK.fullmatch(rest[0]) if rest else None
    if match is None or (not match.group(1) and match.group(2) is None):
        raise NotSimulated(f"awk {' '.join(words)} is not simulated")
    found, status = inputs(machine, "awk", rest[1:])
    for place, line in enumerate(lines_of("".join(content for _, content in found)), start=1):
        parts = line.split(flags["F"]) if flags.get("F", " ").strip() else line.split()
        if _awk_wants(match.group(1) or "", line, parts, place):
            machine.say(1, f"{_awk_print(match.group(2) or '', line, parts, place)}\n")
    return status


def _awk_wants(condition: str, line: str, parts: list[str], place: int) -> bool:
    if not condition:
        return True
    if condition.startswith("/"):
        return compiled(condition[1:-1]).search(line) is not None
    left, operator, right = re.split(r"\s*(==|>)\s*", condition, maxsplit=1)
    value = str(place) if left.strip() == "NR" else _field(parts, line, left.strip())
    return number(value) > number(right) if operator == ">" else value == right.strip('"')


def _field(parts: list[str], line: str, name: str) -> str:
    if name == "$0":
        return line
    place = len(parts) if name == "$NF" else number(name[1:])
    return parts[place - 1] if 0 < place <= len(parts) else ""


def _awk_print(expression: str, line: str, parts: list[str], place: int) -> str:
    if not expression.strip():
        return line
    shown = []
    for item in re.split(r"\s*,\s*(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", expression.strip()):
        texts = re.findall(r"\"([^\"]*)\"|(\$\w+)|(\w+)", item)
        shown.append(
            "".join(
                escaped(quoted)
                if quoted
                else _field(parts, line, field)
                if field
                else str({"NR": place, "NF": len(parts)}.get(name, ""))
                for quoted, field, name in texts
            )
        )
    return " ".join(shown)


COMMANDS = {"sed": sed, "awk": awk}
