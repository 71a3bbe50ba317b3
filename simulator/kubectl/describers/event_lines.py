"""The `Events` at the end of a description, and the texts `kubectl events` shares with it."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.engine.plain import Obj
from simulator.kubectl.describers.page import Page
from simulator.machinery.go_sort import go_sorted
from simulator.machinery.go_text import parse_time_us
from simulator.machinery.tables import human_duration


def describe_events(page: Page, events: Sequence[Obj] | None, now_us: int) -> None:
    """Nothing at all when events were not asked for."""
    if events is None:
        return
    if not events:
        page.raw("Events:\t<none>\n")
        return
    page.settle()
    page.line(0, "Events:")
    page.line(1, "Type\tReason\tAge\tFrom\tMessage")
    page.line(1, "----\t------\t----\t----\t-------")
    for event in in_time(events):
        source = (event.get("source") or {}).get("component") or event.get("reportingComponent", "")
        text = event.get("message", "").strip()
        age = event_interval(event, now_us)
        page.line(1, f"{event.get('type', '')}\t{event.get('reason', '')}\t{age}\t{source}\t{text}")


def since(stamp: str | None, now_us: int) -> str:
    """How long ago a time in an object was."""
    us = parse_time_us(stamp)
    return "<unknown>" if us is None else human_duration(now_us - us)


def event_interval(event: Obj, now_us: int) -> str:
    """`3s`, or `3s (x4 over 2m)` for an event that came more than once."""
    first = since(event.get("eventTime") or event.get("firstTimestamp"), now_us)
    series = event.get("series")
    if series:
        return f"{since(series.get('lastObservedTime'), now_us)} (x{series.get('count', 0)} over {first})"
    if event.get("count", 0) > 1:
        return f"{since(event.get('lastTimestamp'), now_us)} (x{event['count']} over {first})"
    return first


def in_time(events: Sequence[Obj]) -> list[Obj]:
    """In the order in which they are shown: the ones last seen at last."""
    return go_sorted(events, lambda one, other: _event_time(one) < _event_time(other))


def _event_time(event: Obj) -> int:
    series = event.get("series") or {}
    stamp = series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
    return parse_time_us(stamp) or 0
