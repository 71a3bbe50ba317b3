"""Time in table cells: RFC 3339 texts against a given now, and durations as people say them.

Follows `apimachinery/pkg/util/duration` (1.33).
"""

from __future__ import annotations

import re
from calendar import timegm
from functools import lru_cache

_RFC_3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)")
_SECOND = 1_000_000
UNKNOWN = "<unknown>"


@lru_cache(maxsize=65536)
def epoch_us(timestamp: str) -> int | None:
    """Microseconds since 1970 of an RFC 3339 text, None when it is none."""
    match = _RFC_3339.fullmatch(timestamp)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    seconds = timegm((year, month, day, hour, minute, second))
    micros = int((match[7] or "").ljust(6, "0")[:6])
    return (seconds - _zone_seconds(match[8])) * _SECOND + micros


def _zone_seconds(zone: str) -> int:
    if zone == "Z":
        return 0
    seconds = int(zone[1:3]) * 3600 + int(zone[4:6]) * 60
    return -seconds if zone[0] == "-" else seconds


def since(timestamp: str | None, now_us: int) -> str:
    """The age of something, `<unknown>` without a time."""
    at = epoch_us(timestamp) if timestamp else None
    return UNKNOWN if at is None else human_duration(now_us - at)


def between(start: str, end: str) -> str:
    first, last = epoch_us(start), epoch_us(end)
    return UNKNOWN if first is None or last is None else human_duration(last - first)


def human_duration(us: int) -> str:
    """`42s`, `3m5s`, `90m`, `5h30m`, `3d4h`, `400d`, `3y12d`: precise while short, coarse when long."""
    seconds = int(us / _SECOND) if us < 0 else us // _SECOND
    if seconds < 120:
        return "<invalid>" if seconds < -1 else f"{max(seconds, 0)}s"
    minutes, hours = seconds // 60, seconds // 3600
    if minutes < 10:
        return _two(minutes, "m", seconds % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    days = hours // 24
    if hours < 192:
        return _two(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    if days < 2920:
        return _two(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _two(large: int, unit: str, small: int, small_unit: str) -> str:
    return f"{large}{unit}{small}{small_unit}" if small else f"{large}{unit}"
