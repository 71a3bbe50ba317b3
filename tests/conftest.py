"""For all tests: what a component loop cannot bear fails the test instead of being noted. Folders whose tests are many worlds long rather
than units are marked `suites`, so that the units stay quick by themselves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.client import crashes

_HERE = Path(__file__).parent
_SUITES = tuple(_HERE / folder for folder in ("conformance", "fuzzing", "simulator/simulation", "simulator/concepts"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(folder in item.path.parents for folder in _SUITES):
            item.add_marker("suites")


@pytest.fixture(autouse=True)
def _loops_fail_loudly(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(crashes, "are_raised", True)
    return
