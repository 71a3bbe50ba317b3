"""What a visitor waits for: from the click on "Try it" to the first picture of a cluster, in a real Chromium."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from benchmarks.report import Report, percentile
from tests.chaos.fleet import REAL, embedded
from tests.e2e.conftest import ARGUMENTS, CHROMIUM
from tests.e2e.lab_page import try_it

_VISITS = 9


def run(report: Report) -> None:
    """Each visitor comes with an empty browser."""
    if CHROMIUM is None:
        sys.stderr.write("bench: browser left out: chromium is not installed\n")
        return
    with (
        tempfile.TemporaryDirectory(prefix="dd-") as folder,
        embedded(Path(folder), simulator=REAL) as fleet,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        took = [_visit(browser, f"http://127.0.0.1:{fleet.ports[0]}") for _ in range(_VISITS)]
        browser.close()
    report.add("first_diagram_ms", min(took), "ms", "the quietest visit")
    report.add("first_diagram_p50_ms", percentile(took, 0.5), "ms")


def _visit(browser: Browser, url: str) -> float:
    context = browser.new_context(base_url=url, viewport={"width": 1440, "height": 900})
    try:
        return try_it(context.new_page()).first_diagram_ms()
    finally:
        context.close()
