"""What a cloud's two node controllers make of a node: tables of what the node says, what the cloud says, and what becomes of the node."""

from collections.abc import Callable
from typing import Any

import pytest

from simulator.client import Client, Process
from simulator.cloud.errors import CloudRefused
from simulator.cloud.node_controller import SHUTDOWN, UNINITIALIZED, CloudNodeController, CloudNodeLifecycleController
from tests.proof.follows import follows
from tests.simulator.controllers.conftest import World

Obj = dict[str, Any]
_TESTS = "staging/src/k8s.io/cloud-provider/controllers"
OTHER = {"key": "ImproveCoverageTaint", "value": "true", "effect": "NoSchedule"}
MACHINE = {"name": "node0", "type": "t1.micro", "region": "us-west", "zone": "", "providerID": "fake://12345"}
RUNNING, STOPPED = {**MACHINE, "state": "running"}, {**MACHINE, "state": "stopped"}


class Sky:
    """A cloud of one machine, of none, or one that does not answer."""

    def __init__(self, machine: Obj | None, *, is_down: bool = False) -> None:
        self.observers: list[Callable[[str], None]] = []
        self._machine, self._is_down = machine, is_down

    def machine(self, name: str) -> Obj | None:
        if self._is_down:
            raise CloudRefused("Unavailable", "err!")
        return self._machine if self._machine is not None and self._machine["name"] == name else None


def under(sky: Any, kind: Any) -> World:
    class Here(kind):  # type: ignore[misc]
        def __init__(self, process: Process, client: Client) -> None:
            super().__init__(process, client, sky)

    world = World(Here)
    world.manager.stop()
    return world


def node(ready: str, *taints: Obj, labels: dict[str, str] | None = None) -> Obj:
    status = {"conditions": [{"type": "Ready", "status": ready}]} if ready else {}
    metadata = {"name": "node0", "labels": labels or {}}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": metadata,
        "spec": {"taints": list(taints)} if taints else {},
        "status": status,
    }


def outcome(world: World, seconds: float) -> list[Obj] | str:
    """The node's taints but for the one that every new node is given, or that it is deleted."""
    world.act(seconds)
    left = world.find("nodes", "node0", "")
    if left is None:
        return "deleted"
    return [taint for taint in left["spec"].get("taints") or () if taint["key"] != "node.kubernetes.io/not-ready"]


@follows(
    "cloud-node-lifecycle-controller",
    f"{_TESTS}/nodelifecycle/node_lifecycle_controller_test.go: Test_NodesDeleted",
    f"{_TESTS}/nodelifecycle/node_lifecycle_controller_test.go: Test_NodesShutdown",
)
@pytest.mark.parametrize(
    ("given", "sky", "expected"),
    [
        pytest.param(node("False"), Sky(None), "deleted", id="not ready and gone"),
        pytest.param(node("False"), Sky(None, is_down=True), [], id="not ready and the cloud does not answer"),
        pytest.param(node("False"), Sky(RUNNING), [], id="not ready and there"),
        pytest.param(node("Unknown"), Sky(None), "deleted", id="unknown and gone"),
        pytest.param(node("Unknown"), Sky(RUNNING), [], id="unknown and there"),
        pytest.param(node(""), Sky(None), "deleted", id="without a condition and gone"),
        pytest.param(node("True"), Sky(None), [], id="ready although the cloud knows it not"),
        pytest.param(node("False"), Sky(STOPPED), [SHUTDOWN], id="not ready and shut down"),
        pytest.param(node("Unknown"), Sky(STOPPED), [SHUTDOWN], id="unknown and shut down"),
        pytest.param(node("False", OTHER), Sky(STOPPED), [OTHER, SHUTDOWN], id="shut down with another taint"),
        pytest.param(node("False", SHUTDOWN), Sky(STOPPED), [SHUTDOWN], id="shut down and tainted already"),
        pytest.param(node("True"), Sky(STOPPED), [], id="ready although the cloud says it is shut down"),
        pytest.param(node("True", SHUTDOWN, OTHER), Sky(RUNNING), [OTHER], id="ready again"),
        pytest.param(node("False", SHUTDOWN), Sky(RUNNING), [SHUTDOWN], id="started and not yet ready"),
        pytest.param(node("False", SHUTDOWN), Sky(None), "deleted", id="shut down and gone"),
    ],
)
def test_what_becomes_of_a_node(given: Obj, sky: Sky, expected: list[Obj] | str) -> None:
    world = under(sky, CloudNodeLifecycleController)
    world.put("nodes", given)
    assert outcome(world, 12) == expected
    said = world.events("node0")
    message = "Deleting node node0 because it does not exist in the cloud provider"
    assert said == ([("DeletingNode", message)] if expected == "deleted" else [])


ZONED = {**RUNNING, "zone": "us-west-1a"}
TYPES = {"beta.kubernetes.io/instance-type": "t1.micro", "node.kubernetes.io/instance-type": "t1.micro"}
REGIONS = {"failure-domain.beta.kubernetes.io/region": "us-west", "topology.kubernetes.io/region": "us-west"}
ZONES = {"failure-domain.beta.kubernetes.io/zone": "us-west-1a", "topology.kubernetes.io/zone": "us-west-1a"}


@follows("cloud-node-controller", f"{_TESTS}/node/node_controller_test.go: Test_syncNode, Test_reconcileNodeLabels")
@pytest.mark.parametrize(
    ("given", "sky", "taints", "labels", "provider_id"),
    [
        pytest.param(node("", UNINITIALIZED), Sky(RUNNING), [], {**TYPES, **REGIONS}, "fake://12345", id="a new node"),
        pytest.param(node(""), Sky(RUNNING), [], {}, None, id="a node that needs nothing"),
        pytest.param(node("True", OTHER), Sky(RUNNING), [OTHER], {}, None, id="a taint of somebody else"),
        pytest.param(
            node("Unknown", UNINITIALIZED),
            Sky(ZONED),
            [],
            {**TYPES, **REGIONS, **ZONES},
            "fake://12345",
            id="a machine in a zone",
        ),
        pytest.param(
            node("Unknown", OTHER, UNINITIALIZED),
            Sky(RUNNING),
            [OTHER],
            {**TYPES, **REGIONS},
            "fake://12345",
            id="another taint stays",
        ),
        pytest.param(
            node("", UNINITIALIZED, labels={"topology.kubernetes.io/region": "east", "a": "b"}),
            Sky(RUNNING),
            [],
            {**TYPES, **REGIONS, "a": "b"},
            "fake://12345",
            id="the cloud's labels win",
        ),
        pytest.param(
            node("", OTHER, UNINITIALIZED), Sky(None), [OTHER, UNINITIALIZED], {}, None, id="a machine nobody knows"
        ),
        pytest.param(
            node("", UNINITIALIZED), Sky(RUNNING, is_down=True), [UNINITIALIZED], {}, None, id="a cloud that is down"
        ),
    ],
)
def test_what_a_new_node_is_given(
    given: Obj, sky: Sky, taints: list[Obj], labels: dict[str, str], provider_id: str | None
) -> None:
    world = under(sky, CloudNodeController)
    world.put("nodes", given)
    assert outcome(world, 2) == taints
    made = world.get("nodes", "node0", "")
    assert (made["metadata"].get("labels") or {}) == labels
    assert made["spec"].get("providerID") == provider_id
    assert world.events("node0") == ([("Synced", "Node synced successfully")] if provider_id else [])
