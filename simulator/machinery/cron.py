"""Cron schedules: five fields, macros and `@every`, in a time zone.

https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax; the rules are those of the parser upstream
uses (robfig/cron): when day of month and day of week are both restricted, either is enough; a local time that the clocks
skip is skipped, and one they repeat comes twice. Moments are whole Unix seconds.

Leaves the refusal of bad schedules, with the parser's words, to `validation.jobs`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from simulator.machinery.validation.jobs import cron_problem

_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_EVERY = "@every "
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], start=1
    )
}
_DAYS = {name: number for number, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])}
_WORDS: tuple[Mapping[str, int], ...] = ({}, {}, {}, _MONTHS, _DAYS)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
#: A schedule that matches nothing for so long matches nothing at all (31 February).
_YEARS = 5


@dataclass(frozen=True, slots=True)
class Field:
    values: frozenset[int]
    is_any: bool
    """Written `*` or `?`."""

    def __contains__(self, value: int) -> bool:
        return value in self.values


@dataclass(frozen=True, slots=True)
class Schedule:
    minute: Field
    hour: Field
    day: Field
    month: Field
    weekday: Field
    zone: tzinfo = UTC
    every_s: int = 0
    """The distance of an `@every` schedule, whose fields mean nothing; 0 for all others."""

    def after(self, moment_s: int) -> int | None:
        """The first match after a moment; None when there is none within five years."""
        if self.every_s:
            return moment_s + self.every_s
        at = datetime.fromtimestamp(moment_s - moment_s % 60 + 60, UTC)
        last_year = at.year + _YEARS
        while at.year <= last_year:
            local = at.astimezone(self.zone)
            if local.month not in self.month:
                at = _midnight(local.replace(day=1) + timedelta(days=32), first_of_month=True)
            elif not self._is_day(local):
                at = _midnight(local + timedelta(days=1))
            elif local.hour not in self.hour:
                at += timedelta(minutes=60 - local.minute)
            elif local.minute not in self.minute:
                at += timedelta(minutes=1)
            else:
                return round(at.timestamp())
        return None

    def _is_day(self, local: datetime) -> bool:
        on_date, on_weekday = local.day in self.day, local.isoweekday() % 7 in self.weekday
        if self.day.is_any or self.weekday.is_any:
            return on_date and on_weekday
        return on_date or on_weekday


@lru_cache(maxsize=256)
def parse(text: str, zone: str = "") -> Schedule:
    """Raises ValueError with the parser's words, or zoneinfo's error for a zone nobody knows."""
    if (problem := cron_problem(text)) is not None:
        raise ValueError(problem)
    where = ZoneInfo(zone) if zone else UTC
    if text.startswith(_EVERY):
        anything = Field(frozenset(), is_any=True)
        distance = max(int(_seconds(text.removeprefix(_EVERY))), 1)
        return Schedule(anything, anything, anything, anything, anything, where, distance)
    parts = _MACROS.get(text, text).split()
    minute, hour, day, month, weekday = (
        _field(part, low, high, words) for part, (low, high), words in zip(parts, _BOUNDS, _WORDS, strict=True)
    )
    return Schedule(minute, hour, day, month, weekday, where)


def _field(text: str, low: int, high: int, words: Mapping[str, int]) -> Field:
    values: dict[int, None] = {}
    is_any = False
    for part in text.split(","):
        span, _, step = part.partition("/")
        if span in ("*", "?"):
            first, last = low, high
            is_any = is_any or step in ("", "1")
        else:
            start, dash, end = span.partition("-")
            first = _number(start, words)
            last = _number(end, words) if dash else high if step else first
        values.update(dict.fromkeys(range(first, last + 1, int(step or 1))))
    return Field(frozenset(values), is_any)


def _number(text: str, words: Mapping[str, int]) -> int:
    return words[text.lower()] if text.lower() in words else int(text)


def _seconds(text: str) -> float:
    """A Go duration such as `1h30m`."""
    found = _DURATION.findall(text)
    if not found or "".join(number + unit for number, unit in found) != text:
        raise ValueError(f'failed to parse duration {_EVERY}{text}: time: invalid duration "{text}"')
    return sum(float(number) * _UNITS[unit] for number, unit in found)


def _midnight(local: datetime, *, first_of_month: bool = False) -> datetime:
    """The beginning of that local day, or of its month, as a moment."""
    day = 1 if first_of_month else local.day
    return local.replace(day=day, hour=0, minute=0, second=0, microsecond=0, fold=0).astimezone(UTC)
