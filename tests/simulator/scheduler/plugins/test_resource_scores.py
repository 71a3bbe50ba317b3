"""LeastAllocated and balance: `noderesources/least_allocated_test.go`, `balanced_allocation_test.go`, worlds and points.

For v1.33 the balance of two resources is 1 less half of the difference of their shares.
"""

from typing import Any

import pytest

from simulator.scheduler.plugins.balanced_allocation import BalancedAllocation
from simulator.scheduler.plugins.resources_fit import NodeResourcesFit
from simulator.scheduler.pod_info import pod_info
from tests.proof.follows import follows

Obj = dict[str, Any]
#: CPU and memory of a node, or of each container of a pod.
Pair = tuple[str, str]


def a_pod(*containers: Pair) -> Obj:
    found = [
        {"name": f"c{index}", "image": "i", "resources": {"requests": {"cpu": cpu, "memory": memory}}}
        for index, (cpu, memory) in enumerate(containers)
    ]
    return {"metadata": {"name": "p", "namespace": "default"}, "spec": {"containers": found}}


def world(view: Any, first: Pair, second: Pair, on_first: list[Obj], on_second: list[Obj]) -> Any:
    found = view({})
    for name, (cpu, memory) in (("1", first), ("2", second)):
        status = {"allocatable": {"cpu": cpu, "memory": memory, "pods": "100"}}
        found.put_node({"kind": "Node", "metadata": {"name": name}, "status": status})
    for name, pods in (("1", on_first), ("2", on_second)):
        for index, pod in enumerate(pods):
            found.add_pod(name, f"{name}-{index}", pod_info(pod))
    return found


CPU, BOTH = a_pod(("3000", "0")), a_pod(("3000", "5000"))
TWO = a_pod(("1000", "2000"), ("2000", "3000"))
NOTHING = a_pod()

CASES: list[Any] = [
    pytest.param(
        NOTHING, ("4000", "10000"), ("4000", "10000"), [], [], (100, 100), None, id="nothing wanted, nothing there"
    ),
    pytest.param(TWO, ("4000", "10000"), ("6000", "10000"), [], [], (37, 50), (87, 100), id="nodes of two sizes"),
    pytest.param(
        NOTHING, ("10000", "20000"), ("10000", "20000"), [CPU, CPU], [CPU, BOTH], (70, 57), None, id="nothing wanted"
    ),
    pytest.param(
        TWO, ("10000", "20000"), ("10000", "20000"), [CPU], [BOTH], (57, 45), (82, 95), id="some taken on both"
    ),
    pytest.param(
        TWO, ("10000", "20000"), ("10000", "50000"), [CPU], [BOTH], (57, 60), (82, 80), id="some taken, two sizes"
    ),
    pytest.param(
        CPU,
        ("4000", "10000"),
        ("4000", "10000"),
        [CPU],
        [BOTH],
        (50, 25),
        (50, 75),
        id="more than there is counts as all",
    ),
    pytest.param(NOTHING, ("0", "0"), ("0", "0"), [CPU], [BOTH], (0, 0), None, id="nodes that offer nothing"),
    pytest.param(TWO, ("0", "0"), ("6000", "10000"), [], [], (0, 50), (100, 100), id="a node that offers nothing"),
]


@follows(
    "NodeResourcesFit",
    "pkg/scheduler/framework/plugins/noderesources/least_allocated_test.go: TestLeastAllocatedScoringStrategy",
)
@follows(
    "NodeResourcesBalancedAllocation",
    "pkg/scheduler/framework/plugins/noderesources/balanced_allocation_test.go: TestNodeResourcesBalancedAllocation",
)
@pytest.mark.parametrize(("pod", "first", "second", "on_first", "on_second", "least", "balance"), CASES)
def test_points(
    scores: Any,
    view: Any,
    pod: Obj,
    first: Pair,
    second: Pair,
    on_first: list[Obj],
    on_second: list[Obj],
    least: tuple[int, int],
    balance: tuple[int, int] | None,
) -> None:
    found = world(view, first, second, on_first, on_second)
    info = pod_info(pod)
    assert tuple(scores(NodeResourcesFit(), info, found).values()) == least
    balanced = scores(BalancedAllocation(), info, found)
    assert (None if balanced is None else tuple(balanced.values())) == balance


def test_a_container_without_a_request_counts_for_a_little_when_nodes_are_compared() -> None:
    """`pkg/scheduler/util/pod_resources.go`: 100m of CPU and 200MB of memory a container, 0 only when it says 0."""
    said = a_pod(("0", "0"))
    silent = {**said, "spec": {"containers": [{"name": "c", "image": "i"}, {"name": "d", "image": "i"}]}}
    assert [(pod_info(one).nonzero_cpu, pod_info(one).nonzero_memory) for one in (said, silent)] == [
        (0, 0),
        (200, 400 * 1024 * 1024),
    ]
