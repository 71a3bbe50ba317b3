"""The sentence a learner reads when a pod is pending.

Follows `FitError.Error` of `pkg/scheduler/framework/types.go` (1.33).
"""

from typing import Any

import pytest

from simulator.scheduler.fit_error import available, fit_error
from simulator.scheduler.framework import Status

TAINT = Status("TaintToleration", ("node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }",), False)
CPU = Status("NodeResourcesFit", ("Insufficient cpu",), True)
BOTH = Status("NodeResourcesFit", ("Insufficient cpu", "Insufficient memory"), True)
NONE = available(3, {"No preemption victims found for incoming pod": 3})

CASES: list[Any] = [
    pytest.param(
        3,
        {TAINT: [0], CPU: [1, 2]},
        NONE,
        "0/3 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 Insufficient cpu. "
        "preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.",
        id="taint and resources",
    ),
    pytest.param(
        4,
        {CPU: [0], BOTH: [1, 2], TAINT: [3]},
        "",
        "0/4 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 Insufficient memory, "
        "3 Insufficient cpu.",
        id="a node counts for each of its reasons",
    ),
    pytest.param(0, {}, NONE, "no nodes available to schedule pods", id="no nodes at all"),
]


@pytest.mark.parametrize(("nodes", "rejected", "preemption", "message"), CASES)
def test_fit_error(nodes: int, rejected: dict[Status, list[int]], preemption: str, message: str) -> None:
    assert fit_error(nodes, rejected, preemption) == message
