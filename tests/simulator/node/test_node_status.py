"""What a kubelet says of its machine: conditions and when they change, events, images, the lease.

Cases of `pkg/kubelet/nodestatus/setters_test.go` and `staging/src/k8s.io/component-helpers/apimachinery/lease/controller_test.go` (1.33).
"""

from typing import Any

import pytest

from simulator.node.node_status import conditions, images, why_not_ready
from simulator.node.records import NodeRecord
from tests.proof.follows import follows

BEFORE, NOW = "2025-10-09T08:53:19Z", "2025-10-09T08:53:20Z"
NO_NETWORK = (
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
    "message:Network plugin returns error: cni plugin not initialized"
)


def said(type: str, status: str) -> list[dict[str, str]]:
    return [{"type": type, "status": status, "lastHeartbeatTime": BEFORE, "lastTransitionTime": BEFORE}]


def found(type: str, given: list[dict[str, Any]]) -> tuple[str, str, str, str]:
    one = next(each for each in given if each["type"] == type)
    assert one["lastHeartbeatTime"] == NOW
    return one["status"], one["reason"], one["message"], one["lastTransitionTime"]


@follows("Node status", "pkg/kubelet/nodestatus/setters_test.go: TestReadyCondition")
@pytest.mark.parametrize(
    ("record", "before", "wanted"),
    [
        pytest.param(
            {"ready": True}, [], ("True", "KubeletReady", "kubelet is posting ready status", NOW), id="new, ready"
        ),
        pytest.param({}, [], ("False", "KubeletNotReady", NO_NETWORK, NOW), id="new, no network"),
        pytest.param(
            {"ready": True, "shutdown": "poweroff"},
            [],
            ("False", "KubeletNotReady", "node is shutting down", NOW),
            id="new, shutdown active",
        ),
        pytest.param(
            {"shutdown": "reboot"},
            [],
            ("False", "KubeletNotReady", f"[{NO_NETWORK}, node is shutting down]", NOW),
            id="new, no network and shutdown active",
        ),
        pytest.param(
            {"ready": True},
            said("Ready", "False"),
            ("True", "KubeletReady", "kubelet is posting ready status", NOW),
            id="transition to ready",
        ),
        pytest.param(
            {}, said("Ready", "True"), ("False", "KubeletNotReady", NO_NETWORK, NOW), id="transition to not ready"
        ),
        pytest.param(
            {"ready": True},
            said("Ready", "True"),
            ("True", "KubeletReady", "kubelet is posting ready status", BEFORE),
            id="ready, no transition",
        ),
        pytest.param(
            {}, said("Ready", "False"), ("False", "KubeletNotReady", NO_NETWORK, BEFORE), id="not ready, no transition"
        ),
    ],
)
def test_ready(record: dict[str, Any], before: list[dict[str, str]], wanted: tuple[str, str, str, str]) -> None:
    node = NodeRecord("node-0", {}, **record)
    given = conditions(why_not_ready(node), NOW, before)
    assert found("Ready", given) == wanted
    assert [one["type"] for one in given] == ["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"]


MEMORY_SHORT = ("True", "KubeletHasInsufficientMemory", "kubelet has insufficient memory available")
MEMORY_WELL = ("False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available")
DISK_SHORT = ("True", "KubeletHasDiskPressure", "kubelet has disk pressure")
DISK_WELL = ("False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure")
PID_WELL = ("False", "KubeletHasSufficientPID", "kubelet has sufficient PID available")


@follows(
    "Node status",
    "pkg/kubelet/nodestatus/setters_test.go: TestMemoryPressureCondition, TestDiskPressureCondition, TestPIDPressureCondition",
)
@pytest.mark.parametrize(
    ("type", "pressure", "before", "wanted"),
    [
        pytest.param("MemoryPressure", (), [], (*MEMORY_WELL, NOW), id="memory: new, no pressure"),
        pytest.param("MemoryPressure", ("MemoryPressure",), [], (*MEMORY_SHORT, NOW), id="memory: new, pressure"),
        pytest.param(
            "MemoryPressure",
            ("MemoryPressure",),
            said("MemoryPressure", "False"),
            (*MEMORY_SHORT, NOW),
            id="memory: transition to pressure",
        ),
        pytest.param(
            "MemoryPressure", (), said("MemoryPressure", "True"), (*MEMORY_WELL, NOW), id="memory: transition to none"
        ),
        pytest.param(
            "MemoryPressure",
            ("MemoryPressure",),
            said("MemoryPressure", "True"),
            (*MEMORY_SHORT, BEFORE),
            id="memory: pressure, no transition",
        ),
        pytest.param(
            "MemoryPressure",
            (),
            said("MemoryPressure", "False"),
            (*MEMORY_WELL, BEFORE),
            id="memory: no pressure, no transition",
        ),
        pytest.param("DiskPressure", (), [], (*DISK_WELL, NOW), id="disk: new, no pressure"),
        pytest.param("DiskPressure", ("DiskPressure",), [], (*DISK_SHORT, NOW), id="disk: new, pressure"),
        pytest.param(
            "DiskPressure",
            ("DiskPressure",),
            said("DiskPressure", "False"),
            (*DISK_SHORT, NOW),
            id="disk: transition to pressure",
        ),
        pytest.param(
            "DiskPressure", (), said("DiskPressure", "True"), (*DISK_WELL, NOW), id="disk: transition to none"
        ),
        pytest.param(
            "DiskPressure",
            ("DiskPressure",),
            said("DiskPressure", "True"),
            (*DISK_SHORT, BEFORE),
            id="disk: pressure, no transition",
        ),
        pytest.param("PIDPressure", (), [], (*PID_WELL, NOW), id="processes: new, no pressure"),
        pytest.param(
            "PIDPressure",
            (),
            said("PIDPressure", "False"),
            (*PID_WELL, BEFORE),
            id="processes: no pressure, no transition",
        ),
    ],
)
def test_pressure(
    type: str, pressure: tuple[str, ...], before: list[dict[str, str]], wanted: tuple[str, str, str, str]
) -> None:
    assert found(type, conditions("", NOW, before, pressure)) == wanted


@follows(
    "Node status", "pkg/kubelet/nodestatus/setters_test.go: TestImages", "pkg/kubelet/nodestatus/setters.go: Images"
)
@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        pytest.param({}, [], id="none"),
        pytest.param({"r/a:1": 1, "r/b:1": 3, "r/c:1": 2}, [3, 2, 1], id="the largest first"),
        pytest.param({f"r/a{index}:1": index for index in range(60)}, list(range(59, 9, -1)), id="at most fifty"),
    ],
)
def test_images(given: dict[str, int], wanted: list[int]) -> None:
    shown = images(NodeRecord("node-0", {}, images=given))
    assert [one["sizeBytes"] for one in shown] == wanted
    for one in shown:
        digest, tag = one["names"]
        assert (digest.split("@sha256:")[0], given[tag]) == (tag.rpartition(":")[0], one["sizeBytes"])


FIRST = [
    "Starting",
    "NodeAllocatableEnforced",
    "NodeHasSufficientMemory",
    "NodeHasNoDiskPressure",
    "NodeHasSufficientPID",
]


@follows(
    "Node status",
    "pkg/kubelet/kubelet.go: BirthCry",
    "pkg/kubelet/kubelet_node_status.go: registerWithAPIServer, initialNode",
)
@pytest.mark.parametrize(
    ("deed", "wanted"),
    [
        pytest.param("nothing", dict.fromkeys([*FIRST, "NodeReady"], 1), id="a new machine"),
        pytest.param("restart", {**dict.fromkeys(FIRST, 2), "NodeReady": 1}, id="its kubelet starts again"),
        pytest.param(
            "reboot", {**dict.fromkeys(FIRST, 2), "NodeReady": 2, "Rebooted": 1, "NodeNotReady": 1}, id="it reboots"
        ),
        pytest.param("network", {**dict.fromkeys([*FIRST, "NodeNotReady"], 1), "NodeReady": 2}, id="its network goes"),
    ],
)
def test_what_is_said_of_a_node(machines: Any, deed: str, wanted: dict[str, int]) -> None:
    if deed == "restart":
        machines.kubelets.stop_kubelet("node-0")
        machines.kubelets.start_kubelet("node-0")
    elif deed == "reboot":
        machines.kubelets.power_off("node-0")
        machines.kubelets.power_on("node-0")
    elif deed == "network":
        machines.kubelets.set_network("node-0", "")
        machines.run(1)
        machines.kubelets.set_network("node-0", "kindnet")
    machines.run(1)
    assert {reason: count for reason, _, count in machines.events("node-0")} == wanted


@follows(
    "Node lease",
    "staging/src/k8s.io/component-helpers/apimachinery/lease/controller_test.go: TestNewNodeLease, TestRetryUpdateLease",
    "pkg/kubelet/util/nodelease.go: SetNodeOwnerFunc",
    "pkg/kubelet/apis/config/v1beta1/defaults.go",
)
@pytest.mark.parametrize(
    ("seconds", "renewed"),
    [
        pytest.param(0, "2025-10-09T08:53:20.000000Z", id="when it registers"),
        pytest.param(9, "2025-10-09T08:53:20.000000Z", id="before its quarter is over"),
        pytest.param(10, "2025-10-09T08:53:30.000000Z", id="after a quarter of its duration"),
        pytest.param(25, "2025-10-09T08:53:40.000000Z", id="after two"),
        pytest.param(3_600, "2025-10-09T09:53:20.000000Z", id="after an hour"),
    ],
)
def test_a_lease_is_renewed_every_ten_seconds(machines: Any, seconds: int, renewed: str) -> None:
    machines.run(seconds)
    lease = machines.get("leases.coordination.k8s.io", "node-0", "kube-node-lease")
    node = machines.get("nodes", "node-0", "")
    assert lease["spec"] == {"holderIdentity": "node-0", "leaseDurationSeconds": 40, "renewTime": renewed}
    owner = {"apiVersion": "v1", "kind": "Node", "name": "node-0", "uid": node["metadata"]["uid"]}
    assert lease["metadata"]["ownerReferences"] == [owner]


@follows(
    "Node lease",
    "pkg/kubelet/kubelet.go: Run",
    "https://kubernetes.io/docs/concepts/architecture/leases/#node-heart-beats",
)
@pytest.mark.parametrize(
    ("deed", "goes_on"),
    [
        pytest.param("stop_kubelet", False, id="its kubelet stops"),
        pytest.param("power_off", False, id="its power is cut"),
        pytest.param("shut_down", False, id="it shuts down"),
        pytest.param("is_powered", True, id="nothing happens"),
    ],
)
def test_a_lease_stops_with_its_kubelet(machines: Any, deed: str, goes_on: bool) -> None:
    machines.run(25)
    getattr(machines.kubelets, deed)("node-0")
    machines.run(5)
    before = machines.get("leases.coordination.k8s.io", "node-0", "kube-node-lease")["spec"]["renewTime"]
    machines.run(60)
    after = machines.get("leases.coordination.k8s.io", "node-0", "kube-node-lease")["spec"]["renewTime"]
    assert (after != before) is goes_on
