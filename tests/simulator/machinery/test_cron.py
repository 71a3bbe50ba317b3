"""Cron schedules: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax."""

import re
from datetime import UTC, datetime

import pytest

from simulator.machinery.cron import parse


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("schedule", "zone", "now", "following"),
    [
        pytest.param("* * * * *", "", "2025-10-09T08:53:20", "2025-10-09T08:54:00", id="every-minute"),
        pytest.param("*/15 * * * *", "", "2025-10-09T08:45:00", "2025-10-09T09:00:00", id="step"),
        pytest.param("5/20 * * * *", "", "2025-10-09T08:26:00", "2025-10-09T08:45:00", id="step-from"),
        pytest.param("0 22 * * 1-5", "", "2025-10-10T22:00:00", "2025-10-13T22:00:00", id="over-the-weekend"),
        pytest.param("0 0 13 * 5", "", "2025-10-09T00:00:00", "2025-10-10T00:00:00", id="friday-or-13th"),
        pytest.param("0 0 */2 * 5", "", "2025-10-10T00:00:00", "2025-10-11T00:00:00", id="a-step-is-no-star"),
        pytest.param("0 0 29 2 *", "", "2025-10-09T00:00:00", "2028-02-29T00:00:00", id="leap-day"),
        pytest.param("0 0 1 JAN ?", "", "2025-10-09T00:00:00", "2026-01-01T00:00:00", id="month-by-name"),
        pytest.param("@hourly", "", "2025-10-09T08:00:00", "2025-10-09T09:00:00", id="hourly"),
        pytest.param("@weekly", "", "2025-10-09T08:00:00", "2025-10-12T00:00:00", id="weekly"),
        pytest.param("@every 1h30m", "", "2025-10-09T08:00:10", "2025-10-09T09:30:10", id="every"),
        pytest.param("0 9 * * *", "Europe/Berlin", "2025-10-09T08:00:00", "2025-10-10T07:00:00", id="summer-time"),
        pytest.param("0 9 * * *", "Europe/Berlin", "2025-12-09T06:00:00", "2025-12-09T08:00:00", id="winter-time"),
        pytest.param("30 2 * * *", "Europe/Berlin", "2025-03-29T12:00:00", "2025-03-31T00:30:00", id="skipped-hour"),
        pytest.param("30 2 * * *", "Europe/Berlin", "2025-10-26T00:30:00", "2025-10-26T01:30:00", id="repeated-hour"),
    ],
)
def test_the_time_that_follows(schedule: str, zone: str, now: str, following: str) -> None:
    assert parse(schedule, zone).after(at(now)) == at(following)


def test_a_day_that_never_comes() -> None:
    assert parse("0 0 31 2 *").after(at("2025-10-09T00:00:00")) is None


@pytest.mark.parametrize(
    ("schedule", "says"),
    [
        pytest.param("* * *", "expected exactly 5 fields, found 3: [* * *]", id="too-few"),
        pytest.param("61 * * * *", "end of range (61) above maximum (59): 61", id="too-high"),
        pytest.param("@often", "unrecognized descriptor: @often", id="unknown-macro"),
    ],
)
def test_what_cannot_be_read(schedule: str, says: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(says)}$"):
        parse(schedule)
