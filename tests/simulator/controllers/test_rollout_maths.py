"""The arithmetic of rollouts.

https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#max-unavailable and #proportional-scaling.
"""

from typing import Any

import pytest

from simulator.controllers.rollout_maths import Bounds, Size, bounds, new_size, old_sizes, proportional_sizes


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "wanted"),
    [
        pytest.param(10, "25%", "25%", Bounds(10, 3, 2), id="surge is rounded up and unavailability down"),
        pytest.param(3, "25%", "25%", Bounds(3, 1, 0), id="three replicas never lose one"),
        pytest.param(1, "0%", "25%", Bounds(1, 0, 1), id="both zero would never move"),
        pytest.param(4, 0, 0, Bounds(4, 0, 1), id="absolute zeros too"),
        pytest.param(2, 1, 5, Bounds(2, 1, 2), id="no more can be unavailable than there are"),
        pytest.param(7, "100%", "100%", Bounds(7, 7, 7), id="everything at once"),
    ],
)
def test_bounds(replicas: int, surge: Any, unavailable: Any, wanted: Bounds) -> None:
    assert bounds(replicas, surge, unavailable) == wanted


@pytest.mark.parametrize(
    ("limits", "new", "old", "wanted"),
    [
        pytest.param(Bounds(3, 1, 0), Size("new", 0, 0), [Size("old", 3, 3)], 1, id="grows into the surge"),
        pytest.param(Bounds(3, 1, 0), Size("new", 1, 1), [Size("old", 3, 3)], 1, id="not while everything is in use"),
        pytest.param(Bounds(3, 1, 0), Size("new", 1, 1), [Size("old", 2, 2)], 2, id="one more when one went"),
        pytest.param(Bounds(3, 1, 0), Size("new", 0, 0), [], 3, id="at once when there is nothing old"),
    ],
)
def test_new_size(limits: Bounds, new: Size, old: list[Size], wanted: int) -> None:
    assert new_size(limits, new, [*old, new]) == wanted


@pytest.mark.parametrize(
    ("limits", "new", "old", "wanted"),
    [
        pytest.param(
            Bounds(10, 3, 2), Size("new", 3, 0), [Size("old", 10, 10)], [("old", 8)], id="within unavailability"
        ),
        pytest.param(
            Bounds(3, 1, 0), Size("new", 1, 0), [Size("old", 3, 3)], [], id="new pods that are not available hold it"
        ),
        pytest.param(
            Bounds(3, 1, 0),
            Size("new", 1, 1),
            [Size("old", 3, 3)],
            [("old", 2)],
            id="an available new pod frees an old one",
        ),
        pytest.param(
            Bounds(10, 3, 2),
            Size("new", 5, 0),
            [Size("old", 8, 7)],
            [],
            id="upstream's first case: a crash loop stops everything",
        ),
        pytest.param(
            Bounds(10, 3, 2),
            Size("new", 8, 7),
            [Size("bad", 5, 0)],
            [("bad", 1)],
            id="unhealthy old pods go first, as far as availability allows",
        ),
        pytest.param(
            Bounds(4, 1, 1),
            Size("new", 1, 1),
            [Size("b", 2, 2, created="2"), Size("a", 2, 2, created="1")],
            [("a", 0)],
            id="older sets go first",
        ),
    ],
)
def test_old_sizes(limits: Bounds, new: Size, old: list[Size], wanted: list[tuple[str, int]]) -> None:
    ordered = sorted(old, key=lambda one: one.created)
    assert [(one.name, one.replicas) for one in old_sizes(limits, new, ordered)] == wanted


def test_proportional_scaling_as_in_the_documentation() -> None:
    """10 replicas, surge 3, unavailable 2, scaled to 15 while 8 are old and 5 new: 3 more old, 2 more new."""
    sets = [Size("old", 8, 8, "1", max_replicas=13), Size("new", 5, 0, "2", max_replicas=13)]
    sizes = proportional_sizes(Bounds(15, 3, 2), sets, status_replicas=13)
    assert {one.name: one.replicas for one in sizes} == {"old": 11, "new": 7}


def test_scaling_down_to_nothing_empties_every_set() -> None:
    sets = [Size("old", 8, 8, "1", max_replicas=13), Size("new", 5, 0, "2", max_replicas=13)]
    sizes = proportional_sizes(Bounds(0, 0, 0), sets, status_replicas=13)
    assert {one.name: one.replicas for one in sizes} == {"old": 0, "new": 0}
