"""Recognises that a program has begun to repeat itself, so that its future need not be worked out turn by turn.

A program repeats when it comes three times through the same state, equally far apart, and prints the same but for numbers
that only count. Promises: never sees a loop where there is none; a variable that decides anything belongs to the state.
"""

import re
from dataclasses import dataclass

from simulator.workloads.shell_scripts import Op, Word
from simulator.workloads.small_programs import END
from simulator.workloads.timeline import COUNT, Cycle, Line


@dataclass(frozen=True, slots=True)
class Turn:
    at: int
    signature: tuple[object, ...]
    line: int
    """How many lines were written before."""
    counts: tuple[tuple[str, str], ...] = ()
    """The variables that only count."""


def counters_of(ops: tuple[Op, ...]) -> frozenset[str]:
    """Variables that only count: used by nothing but `echo`, `printf` and their own increments."""
    counting: dict[str, bool] = {}
    for op in ops:
        shown = (
            op.kind == "run" and bool(op.words) and str(op.words[0][0][1]) in ("echo", "printf") and not op.redirects
        )
        for name in _used(op.words):
            counting[name] = counting.get(name, True) and shown
        for target, word in op.assigns:
            counting.setdefault(target, True)
            for name in _used((word,)):
                counting[name] = counting.get(name, True) and name == target
        for redirect in op.redirects:
            counting.update(dict.fromkeys(_used((redirect.word,)), False))
    return frozenset(name for name, only in counting.items() if only)


def _used(words: tuple[Word, ...]) -> list[str]:
    """Names of the variables that words depend on."""
    found: list[str] = []
    for word in words:
        for part in word:
            if part[0] == "var":
                found += [str(part[1]), *_NAMES.findall(str(part[3]))]
            elif part[0] == "arith":
                found += _NAMES.findall(str(part[1]))
    return found


_NAMES = re.compile(r"[A-Za-z_]\w*")


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


_COUNTED = re.compile(f"{COUNT}(-?\\d+),(-?\\d+){END}")


def unrolled(cycle: Cycle, turns: range) -> list[Line]:
    """The lines of these turns, one after the other."""
    return [_turned(cycle, line, turn) for turn in turns for line in cycle.lines]


def _turned(cycle: Cycle, line: Line, turn: int) -> Line:
    text = _COUNTED.sub(lambda found: str(int(found[1]) + turn * int(found[2])), line.text)
    return Line(cycle.start_us + turn * cycle.period_us + line.offset_us, text)


def counted_on(before: Turn, after: Turn, turns: int) -> dict[str, str]:
    """The counting variables, so many turns after the second of two turns of a loop."""
    earlier = dict(before.counts)
    found = {}
    for name, value in after.counts:
        try:
            found[name] = str(int(value) + turns * (int(value) - int(earlier.get(name, value))))
        except ValueError:
            found[name] = value
    return found
