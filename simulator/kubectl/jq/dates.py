"""Times in jq: seconds since 1970, and "broken down" arrays; all of them UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from simulator.kubectl.jq import values
from simulator.kubectl.jq.errors import JqValueError

_START = datetime(1970, 1, 1, tzinfo=UTC)


def broken_down(value: Any) -> list[Any]:
    """`gmtime`: year, month from 0, day, hours, minutes, seconds, day of the week, day of the year."""
    if not values.is_number(value):
        raise JqValueError("gmtime() requires a number")
    moment = _moment(value)
    seconds = moment.second + value % 1 if isinstance(value, float) else moment.second
    return [
        moment.year, moment.month - 1, moment.day, moment.hour, moment.minute, values.whole(float(seconds)),
        moment.isoweekday() % 7, moment.timetuple().tm_yday - 1,
    ]  # fmt: skip


def _moment(seconds: float) -> datetime:
    try:
        return _START + timedelta(seconds=int(seconds // 1))
    except (OverflowError, ValueError):
        raise JqValueError("error converting number of seconds since epoch to datetime") from None


def seconds_of(value: Any) -> int:
    """`mktime`."""
    if not isinstance(value, list):
        raise JqValueError("mktime requires array of 6 numbers")
    return int((_from_parts(value, "mktime") - _START).total_seconds())


def _from_parts(value: list[Any], name: str) -> datetime:
    if len(value) < 6 or not all(map(values.is_number, value)):
        raise JqValueError(f"{name} requires parsed datetime inputs")
    year, month, day, hours, minutes, seconds = (int(part) for part in value[:6])
    try:
        whole = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
        return whole + timedelta(days=day - 1, hours=hours, minutes=minutes, seconds=seconds)
    except (OverflowError, ValueError):
        raise JqValueError(f"{name}: invalid gmtime representation") from None


def formatted(value: Any, pattern: Any) -> str:
    """`strftime`."""
    if not isinstance(pattern, str):
        raise JqValueError("strftime/1 requires a string format")
    if values.is_number(value):
        return _moment(value).strftime(pattern)
    if not isinstance(value, list):
        raise JqValueError("strftime/1 requires parsed datetime inputs")
    return _from_parts(value, "strftime/1").strftime(pattern)


def parsed(value: Any, pattern: Any) -> list[Any]:
    """`strptime`."""
    if not isinstance(value, str):
        raise JqValueError("strptime/1 requires string inputs and arguments")
    try:
        moment = datetime.strptime(value, pattern)  # noqa: DTZ007 (what has no zone is UTC, below)
    except (ValueError, TypeError):
        raise JqValueError(f'date "{value}" does not match format "{pattern}"') from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return broken_down(int((moment - _START).total_seconds()))
