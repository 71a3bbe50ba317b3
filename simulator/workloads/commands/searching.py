"""Programs that look for text or names: `grep`, `which`, `xargs`, `basename`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from simulator.workloads.commands.environment_programs import has_program
from simulator.workloads.commands.line_editors import basic_regex
from simulator.workloads.commands.options import read_options
from simulator.workloads.commands.patterns import compiled
from simulator.workloads.commands.text import inputs, lines_of
from simulator.workloads.small_programs import number

if TYPE_CHECKING:
    from simulator.workloads.machine import Machine


def grep(machine: Machine, words: list[str]) -> int:
    return _grep(machine, words, extended=False, fixed=False)


def egrep(machine: Machine, words: list[str]) -> int:
    return _grep(machine, words, extended=True, fixed=False)


def fgrep(machine: Machine, words: list[str]) -> int:
    return _grep(machine, words, extended=False, fixed=True)


def _grep(machine: Machine, words: list[str], *, extended: bool, fixed: bool) -> int:
    flags, rest = read_options(words, "eABCm")
    wanted = flags["e"] if "e" in flags else rest.pop(0) if rest else ""
    if "r" in flags or "R" in flags:
        rest = [path for place in rest or ["."] for path in _files_below(machine, place)]
    regex = _pattern(wanted, extended=extended or "E" in flags, fixed=fixed or "F" in flags, flags=flags)
    found, status = inputs(machine, "grep", rest)
    with_name = (len(found) > 1 or "H" in flags or "r" in flags) and "h" not in flags
    hits = 0
    for name, content in found:
        rows = lines_of(content)
        matching = [place for place, row in enumerate(rows) if (regex.search(row) is None) == ("v" in flags)]
        matching = matching[: number(flags["m"])] if "m" in flags else matching
        hits += len(matching)
        if "q" not in flags:
            machine.say(1, _found_lines(rows, matching, regex, flags, f"{name}:" if with_name else "", name))
    return 0 if hits else 2 if status else 1


def _pattern(wanted: str, *, extended: bool, fixed: bool, flags: dict[str, str]) -> Any:
    text = re.escape(wanted) if fixed else wanted if extended else basic_regex(wanted)
    if "w" in flags:
        text = rf"\b(?:{text})\b"
    if "x" in flags:
        text = f"^(?:{text})$"
    return compiled(text, ignore_case="i" in flags)


def _found_lines(
    rows: list[str], matching: list[int], regex: Any, flags: dict[str, str], prefix: str, name: str
) -> str:
    if "c" in flags:
        return f"{prefix}{len(matching)}\n"
    if "l" in flags:
        return f"{name}\n" if matching else ""
    if "o" in flags:
        return "".join(f"{prefix}{match.group()}\n" for place in matching for match in regex.finditer(rows[place]))
    before = number(flags.get("B", flags.get("C", "0")))
    after = number(flags.get("A", flags.get("C", "0")))
    shown = sorted(
        {place for hit in matching for place in range(max(0, hit - before), min(len(rows), hit + after + 1))}
    )
    return "".join(f"{prefix}{f'{place + 1}:' if 'n' in flags else ''}{rows[place]}\n" for place in shown)


def _files_below(machine: Machine, place: str) -> list[str]:
    full = machine.path(place)
    if machine.tree.read(full) is not None:
        return [place]
    return [
        f"{place.rstrip('/')}{path[len(full.rstrip('/')) :]}"
        for path in machine.tree.below(full)
        if not path.endswith("/")
    ]


def which(machine: Machine, words: list[str]) -> int:
    status = 0
    for name in words:
        if has_program(machine.image, name):
            machine.say(1, f"/bin/{name}\n" if machine.image.shell == "busybox" else f"/usr/bin/{name}\n")
        else:
            status = 1
    return status


def basename(machine: Machine, words: list[str]) -> int:
    name = (words[0].rstrip("/") if words else "").rsplit("/", 1)[-1]
    machine.say(1, f"{name.removesuffix(words[1]) if len(words) > 1 else name}\n")
    return 0


def dirname(machine: Machine, words: list[str]) -> int:
    head, slash, _ = (words[0].rstrip("/") if words else "").rpartition("/")
    machine.say(1, f"{head or ('/' if slash else '.')}\n")
    return 0


COMMANDS = {"grep": grep, "egrep": egrep, "fgrep": fgrep, "which": which, "basename": basename, "dirname": dirname}
