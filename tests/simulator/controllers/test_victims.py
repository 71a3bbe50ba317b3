"""Who goes first when a ReplicaSet is scaled down.

https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#scaling-a-replicaset.
"""

from typing import Any

import pytest

from simulator.controllers.victims import victims
from simulator.engine import Engine

Obj = dict[str, Any]


def a_pod(name: str, *, node: str = "n", phase: str = "Running", ready: int | None = 0, **more: Any) -> Obj:
    """`ready`: seconds since cluster start at which it became ready, None for not ready."""
    engine = Engine(epoch_s=1_760_000_000)
    status: Obj = {"phase": phase, "containerStatuses": [{"restartCount": more.get("restarts", 0)}]}
    if ready is not None:
        status["conditions"] = [
            {"type": "Ready", "status": "True", "lastTransitionTime": engine.timestamp(ready * 1_000_000)}
        ]
    metadata: Obj = {
        "name": name,
        "uid": name,
        "creationTimestamp": engine.timestamp(more.get("created", 0) * 1_000_000),
    }
    if cost := more.get("cost"):
        metadata["annotations"] = {"controller.kubernetes.io/pod-deletion-cost": cost}
    return {"metadata": metadata, "spec": {"nodeName": node} if node else {}, "status": status}


CASES: list[Any] = [
    pytest.param([a_pod("a"), a_pod("z", node="")], "z", id="unassigned before assigned"),
    pytest.param([a_pod("a", ready=None), a_pod("z", phase="Pending", ready=None)], "z", id="pending before running"),
    pytest.param([a_pod("a"), a_pod("z", ready=None)], "z", id="not ready before ready"),
    pytest.param([a_pod("a"), a_pod("z", cost="-5")], "z", id="lower deletion cost first"),
    pytest.param(
        [a_pod("a", cost="nonsense"), a_pod("z", cost="5")], "a", id="a cost that is no number counts as zero"
    ),
    pytest.param([a_pod("a", node="m"), a_pod("y"), a_pod("z")], "y", id="from the node with more alike pods"),
    pytest.param([a_pod("a", ready=0), a_pod("z", ready=900)], "z", id="ready for a shorter time first"),
    pytest.param([a_pod("a", ready=100), a_pod("z", ready=110)], "a", id="times of one order of magnitude are equal"),
    pytest.param([a_pod("a"), a_pod("z", restarts=3)], "z", id="more restarts first"),
    pytest.param([a_pod("a", created=0), a_pod("z", created=900)], "z", id="younger first"),
]


@pytest.mark.parametrize(("pods", "first"), CASES)
def test_the_first_to_go(pods: list[Obj], first: str) -> None:
    engine = Engine(epoch_s=1_760_000_000)
    engine.run(1_000_000_000)
    assert [pod["metadata"]["name"] for pod in victims(pods, pods, 1, engine)] == [first]
