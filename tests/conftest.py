"""For all tests: what a component loop cannot bear fails the test instead of being noted. Folders whose tests are many worlds long rather
than units are marked `suites`, so that the units stay quick by themselves.

No test can hang: after `timeout` seconds (pyproject.toml) it fails and shows the stacks of all threads. Tests with processes have longer;
tests/e2e/guard.py says how those in a browser end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.client import crashes

_HERE = Path(__file__).parent
_PROCESSES_S = 240
_SUITES = tuple(_HERE / folder for folder in ("conformance", "fuzzing", "simulator/simulation", "simulator/concepts"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(folder in item.path.parents for folder in _SUITES):
            item.add_marker("suites")
        if item.get_closest_marker("processes") or item.get_closest_marker("e2e"):
            item.add_marker(pytest.mark.timeout(_PROCESSES_S))


@pytest.fixture(autouse=True)
def _loops_fail_loudly(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(crashes, "are_raised", True)
    return
