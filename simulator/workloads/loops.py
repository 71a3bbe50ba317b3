"""Recognises that a program has begun to repeat itself, so that its future need not be worked out turn by turn.

A program repeats when it comes three times through the same state, equally far apart, and prints the same but for numbers
that only count. Promises: never sees a loop where there is none; a variable that decides anything belongs to the state.
"""

import re
from dataclasses import dataclass

from simulator.workloads.machine import Machine
from simulator.workloads.shell_scripts import Op
from simulator.workloads.small_programs import END
from simulator.workloads.timeline import COUNT, Cycle, Line


@dataclass(frozen=True, slots=True)
class Turn:
    at: int
    signature: tuple[object, ...]
    line: int
    """How many lines were written before."""


def counters_of(ops: tuple[Op, ...]) -> frozenset[str]:
    """Variables that only count: used by nothing but `echo`, `printf` and their own increments."""
    counting: dict[str, bool] = {}
    for op in ops:
        used = {
            text.split(":-")[0]
            for word in op.words
            for kind, text in (part for part in word if not isinstance(part, str))
            if kind in ("var", "default")
        }
        shown = op.kind == "run" and op.words and op.words[0] in (("echo",), ("printf",)) and op.redirect is None
        for name in used:
            counting[name] = counting.get(name, True) and (shown or op.name == name)
        if op.kind == "assign":
            counting.setdefault(op.name, True)
    return frozenset(name for name, only in counting.items() if only)


def signature(machine: Machine, counters: frozenset[str]) -> tuple[object, ...]:
    env = tuple((name, value) for name, value in machine.env.items() if name not in counters)
    return (machine.pc, machine.status, env, tuple(machine.files.items()))


def find_cycle(turns: list[Turn], lines: list[Line]) -> Cycle | None:
    """Three passes through the same state, equally far apart and with the same output but for counted numbers."""
    last = turns[-1]
    same = [index for index, turn in enumerate(turns[:-1]) if turn.signature == last.signature][-2:]
    if len(same) < 2:
        return None
    first, second = turns[same[0]], turns[same[1]]
    period = second.at - first.at
    if period <= 0 or last.at - second.at != period:
        return None
    early, late = lines[first.line : second.line], lines[second.line : last.line]
    if len(early) != len(late):
        return None
    merged = [_merged(one, other, first.at, period) for one, other in zip(early, late, strict=True)]
    found = [line for line in merged if line is not None]
    return Cycle(first.at, period, tuple(found)) if len(found) == len(merged) else None


_NUMBER = re.compile(r"(\d+)")


def _merged(early: Line, late: Line, start: int, period: int) -> Line | None:
    if late.offset_us - early.offset_us != period:
        return None
    if early.text == late.text:
        return Line(early.offset_us - start, early.text)
    one, other = _NUMBER.split(early.text), _NUMBER.split(late.text)
    if len(one) != len(other):
        return None
    parts = []
    for index, (a, b) in enumerate(zip(one, other, strict=True)):
        if a == b:
            parts.append(a)
        elif index % 2:
            parts.append(f"{COUNT}{a},{int(b) - int(a)}{END}")
        else:
            return None
    return Line(early.offset_us - start, "".join(parts))
