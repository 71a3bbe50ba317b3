"""The sentence a learner reads when a pod is pending."""

from typing import Any

import pytest

from simulator.scheduler.fit_error import fit_error
from simulator.scheduler.framework import Status
from simulator.scheduler.pod_info import pod_info

TAINT = Status("TaintToleration", ("node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }",), False)
CPU = Status("NodeResourcesFit", ("Insufficient cpu",), True)
BOTH = Status("NodeResourcesFit", ("Insufficient cpu", "Insufficient memory"), True)

CASES: list[Any] = [
    pytest.param(
        3,
        {TAINT: [0], CPU: [1, 2]},
        "0/3 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 Insufficient cpu. "
        "preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.",
        id="taint and resources",
    ),
    pytest.param(
        4,
        {CPU: [0], BOTH: [1, 2], TAINT: [3]},
        "0/4 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 Insufficient memory, "
        "3 Insufficient cpu. preemption: 0/4 nodes are available: 1 Preemption is not helpful for scheduling, "
        "3 No preemption victims found for incoming pod.",
        id="a node counts for each of its reasons",
    ),
    pytest.param(0, {}, "no nodes available to schedule pods", id="no nodes at all"),
]


@pytest.mark.parametrize(("nodes", "rejected", "message"), CASES)
def test_fit_error(pod: Any, nodes: int, rejected: dict[Status, list[int]], message: str) -> None:
    assert fit_error(pod_info(pod()), nodes, rejected) == message


def test_a_pod_that_never_preempts_says_so(pod: Any) -> None:
    info = pod_info(pod(preemptionPolicy="Never"))
    assert (
        fit_error(info, 1, {CPU: [0]})
        == "0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never."
    )
