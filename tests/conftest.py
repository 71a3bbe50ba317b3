"""For all tests: what a component loop cannot bear fails the test instead of being noted."""

from collections.abc import Iterator

import pytest

from simulator.client import crashes


@pytest.fixture(autouse=True)
def _loops_fail_loudly(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(crashes, "are_raised", True)
    return
