"""A cluster of any flavour, with a terminal and a clock."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.simulator.lab_builders import Lab, any_lab, managed_lab


@pytest.fixture
def make_lab() -> Callable[..., Lab]:
    return any_lab


@pytest.fixture
def cloud() -> Callable[..., Lab]:
    """A managed cluster of one node group that keeps its size."""

    def make(provider: str = "aws", *, size: int = 2, **more: Any) -> Lab:
        return managed_lab(provider, {"size": size, "min": size, "max": size, **more.pop("group", {})}, **more)

    return make
