"""Columns as a snapshot holds them."""

from itertools import accumulate

import pytest

from simulator.engine.columns import backs, from_backs, numbered, steps


def test_numbers_that_grow_are_told_as_differences() -> None:
    assert steps([7, 7, 9, 4]) == [7, 0, 2, -5]
    assert list(accumulate(steps([7, 7, 9, 4]))) == [7, 7, 9, 4]


def test_what_repeats_is_told_by_its_number() -> None:
    assert numbered("abacb") == ([0, 1, 0, 2, 1], ["a", "b", "c"])


@pytest.mark.parametrize(
    ("values", "told"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("abc", [0, 0, 0], id="all new"),
        pytest.param("aab", [0, 1, 0], id="the newest again"),
        pytest.param("abcacb", [0, 0, 0, 3, 1, 2], id="older ones again"),
    ],
)
def test_what_repeats_is_told_by_how_many_were_new_since(values: str, told: list[int]) -> None:
    found, distinct = backs(values)
    assert found == told
    assert "".join(distinct[number] for number in from_backs(found)) == values
