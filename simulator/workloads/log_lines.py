"""The log of a running or ended process, computed from its plan when somebody reads it.

Promises: the same plan, start and end give the same lines however often they are read; only the last `limit` lines are
worked out, so a loop that has printed for a week costs no more than one that has printed for a minute.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from simulator.workloads.small_programs import AT, END
from simulator.workloads.timeline import COUNT, Plan

_MARK = re.compile(f"{AT}([^{END}]*){END}|{COUNT}(-?\\d+),(-?\\d+){END}")


@dataclass(frozen=True, slots=True)
class LogLine:
    at_us: int
    text: str


#: `strftime(at_us, format)`: the clock belongs to the cluster.
Strftime = Callable[[int, str], str]


def read(
    plan: Plan, started_us: int, until_us: int, *, strftime: Strftime, hostname: str, ip: str, limit: int = 1000
) -> list[LogLine]:
    """Lines written from the start up to and including `until_us`, oldest first, at most the last `limit`."""
    lines = _cycle_lines(plan, started_us, until_us, limit, strftime)
    if len(lines) < limit:
        first = [line for line in plan.lines if started_us + line.offset_us <= until_us]
        wanted = first[max(0, len(first) - (limit - len(lines))) :]
        lines = [
            LogLine(started_us + line.offset_us, _written(line.text, started_us + line.offset_us, 0, strftime))
            for line in wanted
        ] + lines
    return [LogLine(line.at_us, _placed(line.text, hostname, ip)) for line in lines[-limit:]]


def _cycle_lines(plan: Plan, started_us: int, until_us: int, limit: int, strftime: Strftime) -> list[LogLine]:
    cycle = plan.cycle
    if cycle is None or not cycle.lines:
        return []
    age = until_us - started_us - cycle.start_us
    if age < 0:
        return []
    last_turn = age // cycle.period_us
    found: list[LogLine] = []
    for turn in range(last_turn, -1, -1):
        base = cycle.start_us + turn * cycle.period_us
        for line in reversed(cycle.lines):
            if (at := started_us + base + line.offset_us) <= until_us:
                found.append(LogLine(at, _written(line.text, at, turn, strftime)))
        if len(found) >= limit:
            break
    return found[:limit][::-1]


def _written(text: str, at_us: int, turn: int, strftime: Strftime) -> str:
    if AT not in text and COUNT not in text:
        return text

    def value(match: re.Match[str]) -> str:
        if match.group(1) is not None:
            return strftime(at_us, match.group(1))
        return str(int(match.group(2)) + turn * int(match.group(3)))

    return _MARK.sub(value, text)


def _placed(text: str, hostname: str, ip: str) -> str:
    return text.replace("{hostname}", hostname).replace("{ip}", ip) if "{" in text else text


def expand(text: str, at_us: int, *, strftime: Strftime, hostname: str, ip: str) -> str:
    """One text outside a plan's timeline: the body of an answer, a last line at SIGTERM."""
    return _placed(_written(text, at_us, 0, strftime), hostname, ip)
