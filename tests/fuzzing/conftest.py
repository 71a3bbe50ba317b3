"""A door for a test, and a last look at its cluster."""

from collections.abc import Iterator

import pytest

from tests.fuzzing.door import Door


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    made = Door()
    yield made
    made.check_copy()
    made.close()
