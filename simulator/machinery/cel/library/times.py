"""Parts of timestamps and durations; UTC unless a zone is named. `cel/library.go: timeUTCLibrary` of cel-go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from simulator.machinery.cel.declarations import Overload, method
from simulator.machinery.cel.errors import CelError
from simulator.machinery.cel.types import DURATION, INT, STRING, TIMESTAMP
from simulator.machinery.cel.values import Timestamp


def _in_zone(moment: Timestamp, zone: str) -> datetime:
    hours, colon, minutes = zone.partition(":")
    if colon:
        try:
            away = int(hours) * 60 + (-int(minutes) if zone[0] == "-" else int(minutes))
        except ValueError:
            raise CelError(f'strconv.Atoi: parsing "{zone}": invalid syntax') from None
        return moment.time.astimezone(timezone(timedelta(minutes=away)))
    try:
        return moment.time.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        raise CelError(f"unknown time zone {zone}") from None


_PARTS: dict[str, tuple[str, Callable[[datetime], int]]] = {
    "getFullYear": ("timestamp_to_year", lambda at: at.year),
    "getMonth": ("timestamp_to_month", lambda at: at.month - 1),
    "getDayOfYear": ("timestamp_to_day_of_year", lambda at: at.timetuple().tm_yday - 1),
    "getDayOfMonth": ("timestamp_to_day_of_month", lambda at: at.day - 1),
    "getDate": ("timestamp_to_day_of_month_1_based", lambda at: at.day),
    "getDayOfWeek": ("timestamp_to_day_of_week", lambda at: at.isoweekday() % 7),
    "getHours": ("timestamp_to_hours", lambda at: at.hour),
    "getMinutes": ("timestamp_to_minutes", lambda at: at.minute),
    "getSeconds": ("timestamp_to_seconds", lambda at: at.second),
    "getMilliseconds": ("timestamp_to_milliseconds", lambda at: at.microsecond // 1_000),
}
_LENGTHS = {
    "getHours": 3_600_000_000_000,
    "getMinutes": 60_000_000_000,
    "getSeconds": 1_000_000_000,
    "getMilliseconds": 1_000_000,
}


def _part(read: Callable[[datetime], int]) -> Callable[..., int]:
    return lambda moment, zone="UTC": read(_in_zone(moment, zone))


def _length(unit: int) -> Callable[..., int]:
    return lambda span: int(span.nanos / unit)


OVERLOADS: list[Overload] = []
for _name, (_identity, _read) in _PARTS.items():
    OVERLOADS.append(method(_name, _identity, [TIMESTAMP], INT, _part(_read)))
    OVERLOADS.append(method(_name, f"{_identity}_with_tz", [TIMESTAMP, STRING], INT, _part(_read)))
for _name, _unit in _LENGTHS.items():
    OVERLOADS.append(method(_name, f"duration_to_{_name.removeprefix('get').lower()}", [DURATION], INT, _length(_unit)))
