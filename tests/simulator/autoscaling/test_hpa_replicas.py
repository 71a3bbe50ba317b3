"""The autoscaler's arithmetic, case by case, as `replica_calculator_test.go` has them."""

from typing import Any

import pytest

from simulator.controllers.hpa_metrics import MetricsError, PodMetric
from simulator.controllers.hpa_replicas import Clock, Proposal, by_average, by_utilization, by_value, by_value_per_pod
from tests.proof.follows import follows

SECOND = 1_000_000
NOW = 3_600 * SECOND
Obj = dict[str, Any]


def micros(text: str) -> int:
    """Timestamps here are plain seconds."""
    return int(text) * SECOND


CLOCK = Clock(NOW, micros)


def pod(
    name: str, *, phase: str = "Running", ready: bool = True, started: int = 0, changed: int = 10, cpu: str = "1"
) -> Obj:
    container = {"name": "c", "resources": {"requests": {"cpu": cpu} if cpu else {}}}
    condition = {"type": "Ready", "status": str(ready), "lastTransitionTime": str(changed)}
    status = {"phase": phase, "startTime": str(started), "conditions": [condition]}
    return {"metadata": {"name": name}, "spec": {"containers": [container]}, "status": status}


def measured(*values: int) -> dict[str, PodMetric]:
    """Milli-CPU of p0, p1 …; -1 was not measured."""
    return {f"p{n}": PodMetric(v, NOW - SECOND, 15 * SECOND) for n, v in enumerate(values) if v >= 0}


def pods(count: int, **more: Any) -> list[Obj]:
    return [pod(f"p{n}", **more) for n in range(count)]


UNREADY: Obj = {"ready": False, "started": 3_500, "changed": 3_510}
CASES = [
    pytest.param(3, 30, (300, 500, 700), {}, 5, 50, id="scale up"),
    pytest.param(3, 30, (300, 500, 700), {0: UNREADY}, 4, 60, id="scale up with an unready pod"),
    pytest.param(
        3, 30, (300, 500, 700), {0: {"phase": "Pending"}, 1: UNREADY, 2: UNREADY}, None, 0, id="nobody counts"
    ),
    pytest.param(5, 50, (100, 300, 500, 250, 250), {}, 3, 28, id="scale down"),
    pytest.param(4, 100, (1010, 1030, 1020, -1), {}, 4, 102, id="within the tolerance"),
    pytest.param(3, 50, (500, 560, 600), {}, 3, 55, id="55 of 50 is just within"),
    pytest.param(3, 50, (500, 590, 600), {}, 4, 56, id="56 of 50 is not"),
    pytest.param(5, 50, (100, 300, 500, 250, -1), {}, 5, 28, id="scale down, a missing pod counts as full"),
    pytest.param(4, 50, (1000, 1000, 1000, -1), {}, 6, 100, id="scale up, a missing pod counts as idle"),
    pytest.param(2, 50, (1000, -1), {}, 2, 100, id="a missing pod takes the change away"),
]


@follows("horizontal-pod-autoscaler-controller", "pkg/controller/podautoscaler/replica_calculator_test.go")
@pytest.mark.parametrize(("current", "target", "values", "other", "replicas", "utilization"), CASES)
def test_utilization(
    current: int, target: int, values: tuple[int, ...], other: dict[int, Obj], replicas: int | None, utilization: int
) -> None:
    given = [pod(f"p{n}", **other.get(n, {})) for n in range(current)]

    def ask() -> Proposal:
        return by_utilization(current, target, given, measured(*values), resource="cpu", container="", clock=CLOCK)

    if replicas is None:
        with pytest.raises(MetricsError, match="did not receive metrics for targeted pods"):
            ask()
        return
    found = ask()
    assert (found.replicas, found.utilization) == (replicas, utilization)


def test_no_request_is_an_error_that_names_container_and_pod() -> None:
    with pytest.raises(MetricsError, match="missing request for cpu in container c of Pod p0"):
        by_utilization(1, 50, pods(1, cpu=""), measured(100), resource="cpu", container="", clock=CLOCK)


def test_no_pods_is_an_error() -> None:
    with pytest.raises(MetricsError, match="no pods returned by selector while calculating replica count"):
        by_utilization(1, 50, [], {}, resource="cpu", container="", clock=CLOCK)


@follows("horizontal-pod-autoscaler-controller", "pkg/controller/podautoscaler/replica_calculator_test.go")
@pytest.mark.parametrize(
    ("started", "changed", "ready", "at", "counts"),
    [
        pytest.param(3_400, 3_500, True, 3_599, True, id="young and measured since"),
        pytest.param(3_400, 3_590, True, 3_599, False, id="young and not measured for a whole window since"),
        pytest.param(3_400, 3_410, False, 3_599, False, id="young and unready"),
        pytest.param(1_000, 1_100, False, 3_599, True, id="old, was ready once"),
        pytest.param(1_000, 1_020, False, 3_599, False, id="old, never ready"),
    ],
)
def test_cpu_of_a_pod_that_starts_does_not_count(
    started: int, changed: int, ready: bool, at: int, counts: bool
) -> None:
    given = [pod("p0"), pod("p1", started=started, changed=changed, ready=ready)]
    metrics = {
        "p0": PodMetric(500, NOW, 15 * SECOND),
        "p1": PodMetric(1500, at * SECOND, 15 * SECOND),
    }
    found = by_utilization(2, 100, given, metrics, resource="cpu", container="", clock=CLOCK)
    assert found.utilization == (100 if counts else 50)
    memory = by_average(2, 1_000, given, metrics, resource="memory", clock=CLOCK)
    assert memory.raw == 1_000


@follows("horizontal-pod-autoscaler-controller", "pkg/controller/podautoscaler/replica_calculator_test.go")
@pytest.mark.parametrize(
    ("current", "target", "values", "replicas", "raw"),
    [
        pytest.param(3, 15_000, (20_000, 10_000, 30_000), 4, 20_000, id="scale up"),
        pytest.param(5, 20_000, (12_000, 12_000, 12_000, 12_000, 12_000), 3, 12_000, id="scale down"),
        pytest.param(3, 20_000, (20_000, 19_000, 21_000), 3, 20_000, id="within the tolerance"),
    ],
)
def test_averages(current: int, target: int, values: tuple[int, ...], replicas: int, raw: int) -> None:
    found = by_average(current, target, pods(current), measured(*values), resource="", clock=CLOCK)
    assert (found.replicas, found.raw) == (replicas, raw)


@follows("horizontal-pod-autoscaler-controller", "pkg/controller/podautoscaler/replica_calculator_test.go")
@pytest.mark.parametrize(
    ("current", "target", "value", "replicas"),
    [
        pytest.param(3, 15_000, 20_000, 4, id="up"),
        pytest.param(3, 20_000, 12_000, 2, id="down"),
        pytest.param(3, 20_000, 21_000, 3, id="within"),
        pytest.param(0, 10_000, 25_000, 3, id="from zero"),
    ],
)
def test_one_value_for_all(current: int, target: int, value: int, replicas: int) -> None:
    assert by_value(current, target, value, pods(current)).replicas == replicas


@follows("horizontal-pod-autoscaler-controller", "pkg/controller/podautoscaler/replica_calculator_test.go")
@pytest.mark.parametrize(
    ("current", "target", "value", "replicas", "raw"),
    [
        pytest.param(5, 50_000, 500_000, 10, 100_000, id="up"),
        pytest.param(5, 50_000, 100_000, 2, 20_000, id="down"),
        pytest.param(5, 50_000, 255_000, 5, 51_000, id="within"),
    ],
)
def test_one_value_that_the_replicas_share(current: int, target: int, value: int, replicas: int, raw: int) -> None:
    assert by_value_per_pod(current, target, value) == Proposal(replicas, 0, raw)
