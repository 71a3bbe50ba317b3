"""Moments in formats of Go's that are not RFC 3339."""

from datetime import UTC, datetime


def month_day(seconds: int) -> str:
    """`Jan 02, 2006 15:04 MST`, of seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%b %d, %Y %H:%M UTC")
