"""Bounds, policies and windows of an autoscaler, case by case, as `horizontal_test.go` has them."""

from typing import Any

import pytest

from simulator.controllers.hpa_behaviour import Bounds, Past, down_limit, normalized, up_limit
from tests.proof.follows import follows

SECOND = 1_000_000
NOW = 10_000 * SECOND
Obj = dict[str, Any]
UP: Obj = {
    "stabilizationWindowSeconds": 0,
    "selectPolicy": "Max",
    "policies": [
        {"type": "Pods", "value": 4, "periodSeconds": 15},
        {"type": "Percent", "value": 100, "periodSeconds": 15},
    ],
}
DOWN: Obj = {"selectPolicy": "Max", "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]}


def past(
    recs: list[list[int]] | None = None, ups: list[list[int]] | None = None, downs: list[list[int]] | None = None
) -> Past:
    """[replicas, seconds ago] pairs."""

    def moments(pairs: list[list[int]] | None) -> list[list[int]]:
        return [[value, NOW - ago * SECOND] for value, ago in pairs or []]

    return Past(moments(recs), moments(ups), moments(downs), NOW)


@follows("horizontal-pod-autoscaler-controller", "pkg/controller/podautoscaler/horizontal_test.go")
@pytest.mark.parametrize(
    ("current", "desired", "recs", "replicas", "able", "limited"),
    [
        pytest.param(3, 3, [], 3, "ReadyForNewScale", ("False", "DesiredWithinRange"), id="as it is"),
        pytest.param(1, 9, [], 4, "ReadyForNewScale", ("True", "ScaleUpLimit"), id="at most four from one"),
        pytest.param(5, 30, [], 10, "ReadyForNewScale", ("True", "ScaleUpLimit"), id="at most twice as many"),
        pytest.param(8, 14, [], 12, "ReadyForNewScale", ("True", "TooManyReplicas"), id="at most max"),
        pytest.param(5, 1, [], 2, "ReadyForNewScale", ("True", "TooFewReplicas"), id="at least min"),
        pytest.param(
            5, 3, [[5, 299]], 5, "ScaleDownStabilized", ("False", "DesiredWithinRange"), id="held for five minutes"
        ),
        pytest.param(5, 3, [[5, 301]], 3, "ReadyForNewScale", ("False", "DesiredWithinRange"), id="not longer"),
        pytest.param(
            5,
            3,
            [[4, 10], [5, 301]],
            4,
            "ScaleDownStabilized",
            ("False", "DesiredWithinRange"),
            id="the highest of the window",
        ),
    ],
)
def test_without_behaviour(
    current: int, desired: int, recs: list[list[int]], replicas: int, able: str, limited: tuple[str, str]
) -> None:
    verdict = normalized(desired, Bounds(current, 2, 12), past(recs), None)
    assert (verdict.replicas, verdict.able[1], verdict.limited[:2]) == (replicas, able, limited)


@follows("horizontal-pod-autoscaler-controller", "pkg/controller/podautoscaler/horizontal_test.go")
@pytest.mark.parametrize(
    ("current", "ups", "rules", "most"),
    [
        pytest.param(3, [], UP, 7, id="four pods"),
        pytest.param(10, [], UP, 20, id="a hundred percent"),
        pytest.param(7, [[4, 10]], UP, 7, id="the period's share is used up"),
        pytest.param(7, [[4, 16]], UP, 14, id="the period is over"),
        pytest.param(10, [], {**UP, "selectPolicy": "Min"}, 14, id="the smaller change"),
        pytest.param(10, [], {**UP, "selectPolicy": "Disabled"}, 10, id="never"),
        pytest.param(
            3, [], {**UP, "policies": [{"type": "Percent", "value": 10, "periodSeconds": 60}]}, 4, id="rounded up"
        ),
    ],
)
def test_scale_up_policies(current: int, ups: list[list[int]], rules: Obj, most: int) -> None:
    assert up_limit(current, past(ups=ups), rules) == most


@follows("horizontal-pod-autoscaler-controller", "pkg/controller/podautoscaler/horizontal_test.go")
@pytest.mark.parametrize(
    ("current", "downs", "rules", "fewest"),
    [
        pytest.param(10, [], DOWN, 0, id="everything at once"),
        pytest.param(
            10, [], {**DOWN, "policies": [{"type": "Pods", "value": 3, "periodSeconds": 60}]}, 7, id="three a minute"
        ),
        pytest.param(
            8, [[2, 30]], {**DOWN, "policies": [{"type": "Pods", "value": 3, "periodSeconds": 60}]}, 7, id="one is left"
        ),
        pytest.param(
            10, [], {**DOWN, "policies": [{"type": "Percent", "value": 15, "periodSeconds": 60}]}, 8, id="rounded down"
        ),
        pytest.param(10, [], {**DOWN, "selectPolicy": "Disabled"}, 10, id="never"),
    ],
)
def test_scale_down_policies(current: int, downs: list[list[int]], rules: Obj, fewest: int) -> None:
    assert down_limit(current, past(downs=downs), rules) == fewest


@follows("horizontal-pod-autoscaler-controller", "pkg/controller/podautoscaler/horizontal_test.go")
@pytest.mark.parametrize(
    ("current", "desired", "recs", "up_s", "down_s", "replicas", "able"),
    [
        pytest.param(3, 6, [[4, 30]], 60, 300, 4, "ScaleUpStabilized", id="the lowest of the window on the way up"),
        pytest.param(3, 6, [[4, 61]], 60, 300, 6, "ReadyForNewScale", id="an old one does not matter"),
        pytest.param(6, 2, [[4, 30]], 0, 60, 4, "ScaleDownStabilized", id="the highest of the window on the way down"),
        pytest.param(6, 2, [[4, 61]], 0, 60, 2, "ReadyForNewScale", id="an old high one does not matter"),
        pytest.param(6, 2, [[6, 200]], 0, None, 6, "ScaleDownStabilized", id="five minutes by default"),
    ],
)
def test_windows(
    current: int, desired: int, recs: list[list[int]], up_s: int, down_s: int | None, replicas: int, able: str
) -> None:
    down = DOWN if down_s is None else {**DOWN, "stabilizationWindowSeconds": down_s}
    behaviour = {"scaleUp": {**UP, "stabilizationWindowSeconds": up_s}, "scaleDown": down}
    verdict = normalized(desired, Bounds(current, 1, 20), past(recs), behaviour)
    assert (verdict.replicas, verdict.able[1]) == (replicas, able)
