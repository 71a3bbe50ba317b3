"""A managed cluster whose node groups may grow and shrink, with a terminal and a clock."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.simulator.lab_builders import Lab, any_lab, managed_lab


@pytest.fixture
def make_lab() -> Callable[..., Lab]:
    return any_lab


@pytest.fixture
def cloud() -> Callable[..., Lab]:
    """A managed cluster of one node group."""

    def make(provider: str = "aws", *, size: int = 2, **more: Any) -> Lab:
        bounds = {"min": more.pop("min", 1), "max": more.pop("max", 5)}
        return managed_lab(provider, {"size": size, **bounds, **more.pop("group", {})}, **more)

    return make
