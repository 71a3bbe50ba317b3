"""The whole product as one process tree with data of its own, and a real Chromium to visit it with."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright, expect, sync_playwright

from tests.e2e import guard
from tests.servers import Program, free_port

ROOT = Path(__file__).resolve().parents[2]
# The first is the same engine without windows of its own, which is a quarter of the work.
CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((path for path in map(shutil.which, CHROMIUMS) if path), None)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DEMO_S = 60
# Two products and two browsers share a machine of two cores: what is owed is seen, not timed (`test_class.py` has the promises in seconds).
expect.set_options(timeout=15_000)
UP = "import sys; from config.drydock import main; sys.exit(main())"


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> bool | None:
    if not item.get_closest_marker("e2e"):
        return None
    guard.begin(item, settings.timeout)
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_cancel_timer(item: pytest.Item) -> bool | None:
    if not item.get_closest_marker("e2e"):
        return None
    guard.end()
    return True


@dataclass(frozen=True)
class Site:
    """A running Drydock."""

    url: str
    data: Path
    environment: dict[str, str] = field(repr=False)

    def demo(self) -> dict[str, Any]:
        """The demonstration class: `class` with its code, `people` with addresses and passwords."""
        command = [sys.executable, "manage.py", "demo", "--json"]
        said = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, check=True, text=True, timeout=DEMO_S
        )
        demo: dict[str, Any] = json.loads(said.stdout)
        return demo


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if not (ROOT / "build" / "ui" / "manifest.json").exists():
        pytest.skip("the front end is not built: make ui")
    data, port = tmp_path_factory.mktemp("site"), free_port()
    environment = {**os.environ, "DRYDOCK_DATA": str(data), "DJANGO_SETTINGS_MODULE": "config.settings.local"}
    environment |= {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "platform")]), "DJANGO_SECRET_KEY": "e2e"}
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-c", UP, "up", "--port", str(port), "--data", str(data)]
    program = Program(command, lambda: _answers(f"{url}/healthz"), data / "log", environment)
    program.start()
    yield Site(url=url, data=data, environment=environment)
    program.kill(signal.SIGINT)


class Chromium:
    """One browser for all tests, started anew after its driver was killed."""

    def __init__(self) -> None:
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None

    def new_context(self, **options: Any) -> BrowserContext:
        """A browser of one person."""
        if self._browser is not None:
            try:
                return self._browser.new_context(**options)
            except Error as gone:
                if "closed" not in gone.message:
                    raise
                self.end()
        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        return self._browser.new_context(**options)

    def end(self) -> None:
        """Leave nothing behind."""
        if self._browser is not None:
            with suppress(Error):
                self._browser.close()
        if self._playwright is not None:
            self._playwright.stop()
        self._browser = self._playwright = None


@pytest.fixture(scope="session")
def browser() -> Iterator[Chromium]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    chromium = Chromium()
    yield chromium
    chromium.end()


@pytest.fixture
def visit(browser: Chromium, site: Site) -> Iterator[Callable[..., Page]]:
    """`visit()` is a page in a browser of its own. The test fails when any of them met an error in a script."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def open_page(**options: Any) -> Page:
        context = browser.new_context(base_url=site.url, viewport={"width": 1440, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=1) as answer:
            return bool(answer.status == 200)
    except (URLError, TimeoutError, ConnectionError):
        return False
