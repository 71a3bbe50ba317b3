"""From the home page to a living diagram: one click, one second, no account."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.lab_page import LabPage, try_it
from tests.e2e.machine import is_idle

pytestmark = pytest.mark.e2e
Visit = Callable[..., Page]
PROMISED_MS = 1_000
BUSY_MS = 2_500
"""What a machine with other work may take: enough to be no accident, little enough to catch what makes the page slow."""
ATTEMPTS = 5


def test_the_first_diagram_is_there_within_a_second_of_the_click(
    visit: Visit, record_property: Callable[[str, object], None]
) -> None:
    limit = PROMISED_MS if is_idle() else BUSY_MS
    spent = [try_it(visit()).first_diagram_ms() for _ in range(ATTEMPTS)]
    record_property("first_diagram_ms", round(min(spent)))
    assert min(spent) <= limit, [round(each) for each in spent]


def test_a_guest_keeps_the_work_under_an_address(visit: Visit) -> None:
    page = visit()
    try_it(page)
    lab = page.url
    page.get_by_role("link", name="Keep my work").click()
    page.get_by_label("Your name").fill("Mei Tanaka")
    page.get_by_label("Email address").fill(f"mei-{time.monotonic_ns()}@example.org")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Keep my work").click()
    expect(page.get_by_text("Your work is kept under your address")).to_be_visible()
    page.goto(lab)
    LabPage(page)
