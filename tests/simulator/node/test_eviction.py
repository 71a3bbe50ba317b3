"""Node-pressure eviction: who is ended when a machine runs out of memory or disk, and what is said.

Words and ranking follow `evictionMessage`, `rankMemoryPressure` and `rankDiskPressureFunc` of `pkg/kubelet/eviction/helpers.go` (1.33).
"""

from typing import Any

import pytest

from simulator.node.eviction import EvictionManager
from tests.proof.follows import follows

MIB = 1 << 20


def eater(machines: Any, name: str, mib: int, *, priority: int = 0, request: str = "0") -> None:
    if priority:
        metadata = {"name": f"class-{priority}"}
        made = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": metadata, "value": priority}
        machines.create("priorityclasses.scheduling.k8s.io", made)
    machines.start(
        name,
        image="polinux/stress",
        command=["stress", "--vm", "1", "--vm-bytes", f"{mib}M"],
        resources={"requests": {"memory": request}},
        spec={"priorityClassName": f"class-{priority}"} if priority else {},
    )


def node_condition(machines: Any, type: str) -> tuple[str, str]:
    found = machines.registry.get("test", "nodes", "", "node-0")["status"]["conditions"]
    return next((one["status"], one["reason"]) for one in found if one["type"] == type)


def test_the_largest_eater_goes_when_memory_is_short(machines: Any) -> None:
    eater(machines, "small", 3_000)
    eater(machines, "large", 5_100)
    machines.run(15)
    assert machines.status("large")["phase"] == "Failed"
    assert machines.status("large")["reason"] == "Evicted"
    available = 8_192 * MIB - 8_100 * MIB - 4_000_000
    assert machines.status("large")["message"] == (
        f"The node was low on resource: memory. Threshold quantity: 100Mi, available: {available // 1024}Ki. "
        f"Container web was using {(5_100 * MIB + 2_000_000) // 1024}Ki, request is 0, has larger consumption of memory. "
    )
    assert machines.condition("DisruptionTarget", "large")["reason"] == "TerminationByKubelet"
    assert machines.reasons("large")[-2:] == ["Evicted", "Killing"]
    assert machines.said("EvictionThresholdMet", "node-0") == ["Attempting to reclaim memory"]
    assert machines.status("small")["phase"] == "Running"


def test_the_request_is_told_as_it_was_written(machines: Any) -> None:
    eater(machines, "large", 8_150, request="1000M")
    machines.run(15)
    assert "Ki, request is 1G, has larger consumption of memory. " in machines.status("large")["message"]


def test_pressure_stays_for_five_minutes(machines: Any) -> None:
    eater(machines, "large", 8_150)
    machines.run(15)
    assert node_condition(machines, "MemoryPressure") == ("True", "KubeletHasInsufficientMemory")
    machines.start("late")
    machines.run(1)
    assert machines.status("late")["reason"] == "Evicted"
    assert machines.status("late")["message"] == "Pod was rejected: The node had condition: [MemoryPressure]. "
    machines.run(320)
    assert node_condition(machines, "MemoryPressure") == ("False", "KubeletHasSufficientMemory")


@follows(
    "Eviction",
    "pkg/kubelet/eviction/helpers_test.go: TestOrderedByPriority, TestOrderedByExceedsRequestMemory, TestOrderedByPriorityMemory",
)
@pytest.mark.parametrize(
    ("first", "second", "gone"),
    [
        pytest.param({"priority": 1_000}, {"priority": 0}, "second", id="low priority goes first"),
        pytest.param({"request": "5Gi"}, {}, "second", id="within its request it stays"),
        pytest.param({"request": "4Gi"}, {"request": "3Gi"}, "second", id="the further above its request goes first"),
        pytest.param({"priority": 2_000_000_000}, {"priority": 2_000_001_000}, "", id="critical pods stay"),
    ],
)
def test_who_goes_first(machines: Any, first: dict[str, Any], second: dict[str, Any], gone: str) -> None:
    eater(machines, "first", 4_060, **first)
    eater(machines, "second", 4_060, **second)
    machines.run(15)
    phases = {name: machines.status(name)["phase"] for name in ("first", "second")}
    assert [name for name, phase in phases.items() if phase == "Failed"] == ([gone] if gone else [])


def test_a_full_disk_costs_unused_images_first_and_then_the_largest_pod(machines: Any) -> None:
    machines.script("sleep 1d")
    machines.start("gone", image="redis:7")
    machines.run(1)
    machines.delete("gone", grace_s=0)
    machines.run(5)
    machines.kubelets.commands.execute(machines.pod(), "web", ("fallocate", "-l", "57G", "/tmp/big"))
    machines.run(25)
    images = [
        name
        for one in machines.registry.get("test", "nodes", "", "node-0")["status"]["images"]
        for name in one["names"]
    ]
    assert not any("redis" in name for name in images)
    assert node_condition(machines, "DiskPressure") == ("True", "KubeletHasDiskPressure")
    assert machines.status()["reason"] == "Evicted"
    assert machines.status()["message"].startswith(
        "The node was low on resource: ephemeral-storage. Threshold quantity: "
    )
    assert (
        "Container web was using 57Gi, request is 0, has larger consumption of ephemeral-storage. "
        in machines.status()["message"]
    )


def configured(machines: Any, **fields: Any) -> None:
    head = {"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration"}
    text = "\n".join(f"{key}: {value}" for key, value in {**head, **fields}.items())
    machines.kubelets.configure("node-0", text)
    machines.kubelets.stop_kubelet("node-0")
    machines.kubelets.start_kubelet("node-0")
    machines.run(0)


@follows("Eviction", "pkg/kubelet/eviction/eviction_manager_test.go: TestMemoryPressure, TestAdmitUnderNodeConditions")
@pytest.mark.parametrize(
    ("condition", "qos", "spec", "is_admitted"),
    [
        pytest.param("memory", "BestEffort", {}, False, id="memory: nothing asked for"),
        pytest.param("memory", "Burstable", {}, True, id="memory: something asked for"),
        pytest.param(
            "memory",
            "BestEffort",
            {"tolerations": [{"key": "node.kubernetes.io/memory-pressure", "effect": "NoSchedule"}]},
            True,
            id="memory: tolerated",
        ),
        pytest.param(
            "memory",
            "BestEffort",
            {"tolerations": [{"key": "node.kubernetes.io/disk-pressure", "effect": "NoSchedule"}]},
            False,
            id="memory: something else tolerated",
        ),
        pytest.param("memory", "BestEffort", {"priorityClassName": "critical"}, True, id="memory: critical"),
        pytest.param("disk", "BestEffort", {}, False, id="disk: nothing asked for"),
        pytest.param("disk", "Burstable", {}, False, id="disk: something asked for"),
        pytest.param(
            "disk",
            "BestEffort",
            {"tolerations": [{"key": "node.kubernetes.io/disk-pressure", "effect": "NoSchedule"}]},
            False,
            id="disk: tolerated",
        ),
        pytest.param("disk", "BestEffort", {"priorityClassName": "critical"}, True, id="disk: critical"),
    ],
)
def test_who_is_taken_in_under_pressure(
    machines: Any, condition: str, qos: str, spec: dict[str, Any], is_admitted: bool
) -> None:
    made = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "critical"}}
    machines.create("priorityclasses.scheduling.k8s.io", {**made, "value": 2_000_000_000})
    if condition == "memory":
        eater(machines, "large", 8_150)
    else:
        machines.script("sleep 1d", "large")
        machines.run(1)
        machines.kubelets.commands.execute(machines.pod("large"), "web", ("fallocate", "-l", "57G", "/tmp/big"))
    machines.run(15)
    asked = {"requests": {"memory": "1Mi"}} if qos == "Burstable" else {}
    machines.script("sleep 1d", "late", spec=spec, resources=asked)
    machines.run(1)
    assert machines.status("late")["qosClass"] == qos
    assert (machines.status("late")["phase"] == "Running") is is_admitted


def test_a_soft_threshold_waits_for_its_grace_period_and_gives_pods_time(machines: Any) -> None:
    """`TestMemoryPressure` of `pkg/kubelet/eviction/eviction_manager_test.go`: the condition at once, the pod after two minutes."""
    configured(
        machines,
        evictionHard="{memory.available: 1Gi}",
        evictionSoft="{memory.available: 2Gi}",
        evictionSoftGracePeriod="{memory.available: 2m}",
        evictionMaxPodGracePeriod=5,
    )
    machines.run(1)
    eater(machines, "small", 2_000)
    eater(machines, "large", 4_500, request="1Gi")
    machines.run(15)
    assert node_condition(machines, "MemoryPressure") == ("True", "KubeletHasInsufficientMemory")
    assert machines.said("NodeHasInsufficientMemory", "node-0") == [
        "Node node-0 status is now: NodeHasInsufficientMemory"
    ]
    machines.run(110)
    assert machines.status("large")["phase"] == "Running"
    machines.run(20)
    assert machines.status("large")["reason"] == "Evicted"
    assert "Threshold quantity: 2Gi, available: " in machines.status("large")["message"]
    assert machines.status("small")["phase"] == "Running"
    machines.run(320)
    assert node_condition(machines, "MemoryPressure") == ("False", "KubeletHasSufficientMemory")
    assert machines.said("NodeHasSufficientMemory", "node-0") == ["Node node-0 status is now: NodeHasSufficientMemory"]


@follows(
    "Eviction",
    "pkg/kubelet/eviction/eviction_manager.go: synchronize, evictPod",
    "pkg/kubelet/kuberuntime/kuberuntime_container.go: killContainer",
)
@pytest.mark.parametrize(
    ("fields", "own", "seconds"),
    [
        pytest.param({"evictionHard": "{memory.available: 1Gi}"}, 30, 1, id="hard: one second"),
        pytest.param(
            {
                "evictionSoft": "{memory.available: 1Gi}",
                "evictionSoftGracePeriod": "{memory.available: 1s}",
                "evictionMaxPodGracePeriod": 20,
            },
            30,
            20,
            id="soft: as long as configured",
        ),
        pytest.param(
            {
                "evictionSoft": "{memory.available: 1Gi}",
                "evictionSoftGracePeriod": "{memory.available: 1s}",
                "evictionMaxPodGracePeriod": 20,
            },
            5,
            20,
            id="soft: whatever the pod says",
        ),
    ],
)
def test_how_long_an_evicted_pod_has(machines: Any, fields: dict[str, Any], own: int, seconds: int) -> None:
    """Its preStop hook takes all of it, and two seconds are left for the program."""
    configured(machines, **fields)
    machines.start(
        "large",
        image="polinux/stress",
        command=["stress", "--vm", "1", "--vm-bytes", "7500M"],
        lifecycle={"preStop": {"sleep": {"seconds": 100}}},
        spec={"terminationGracePeriodSeconds": own},
    )
    machines.run(5)
    while "Evicted" not in machines.reasons("large"):
        machines.run(1)
    machines.run(seconds - 0.5)
    assert machines.status("large")["phase"] == "Running"
    machines.run(2)
    assert machines.status("large")["phase"] == "Failed"


@follows("Eviction", "pkg/kubelet/eviction/eviction_manager_test.go: TestMinReclaim")
@pytest.mark.parametrize(
    ("fields", "gone"),
    [
        pytest.param({}, 1, id="none"),
        pytest.param({"evictionMinimumReclaim": "{memory.available: 2Gi}"}, 2, id="more than one pod frees"),
        pytest.param({"evictionMinimumReclaim": "{memory.available: 1Gi}"}, 1, id="less than one pod frees"),
        pytest.param({"evictionMinimumReclaim": "{memory.available: 30%}"}, 2, id="in percent"),
    ],
)
def test_minimum_reclaim_goes_on_until_more_is_left_than_the_threshold(
    machines: Any, fields: dict[str, Any], gone: int
) -> None:
    configured(machines, evictionHard="{memory.available: 1Gi}", **fields)
    for name in ("a", "b", "c", "d"):
        eater(machines, name, 1_900)
    machines.run(60)
    phases = [machines.status(name)["phase"] for name in ("a", "b", "c", "d")]
    assert phases.count("Failed") == gone


def test_the_transition_period_may_be_shorter(machines: Any) -> None:
    configured(machines, evictionPressureTransitionPeriod="30s")
    eater(machines, "large", 8_150)
    machines.run(15)
    assert node_condition(machines, "MemoryPressure")[0] == "True"
    machines.run(45)
    assert node_condition(machines, "MemoryPressure")[0] == "False"


def test_a_pod_of_which_nothing_is_known_goes_first(machines: Any) -> None:
    """Its container is not running, so that there are no statistics of it."""
    machines.script("exit 1", "crashing")
    machines.run(3)
    eater(machines, "large", 8_150)
    machines.run(10)
    assert machines.status("crashing")["reason"] == "Evicted"
    available = (42 * MIB - 2_000_000) // 1024
    assert machines.status("crashing")["message"] == (
        f"The node was low on resource: memory. Threshold quantity: 100Mi, available: {available}Ki. "
    )


def test_a_machine_without_pressure_plans_nothing(machines: Any) -> None:
    machines.script("sleep 1d")
    machines.run(15)
    assert machines.engine.peek() is None or machines.engine.peek() > machines.engine.now + 600_000_000


def test_who_starts_where_there_is_room_counts_nobody_else(machines: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another image, or a program that somebody writes into, makes the kubelet look again."""
    walks: list[str] = []
    left = EvictionManager._left
    monkeypatch.setattr(EvictionManager, "_left", lambda self, node: walks.append(node.name) or left(self, node))
    machines.start("first")
    machines.start("second")
    machines.run(15)
    seen = len(walks)
    machines.start("third")
    machines.start("large", image="polinux/stress", command=["stress", "--vm", "1", "--vm-bytes", "100M"])
    machines.run(15)
    assert len(walks) == seen + 1


def test_small_steps_fill_a_machine_as_one_large_step_does(machines: Any) -> None:
    for number in range(82):
        eater(machines, f"eater-{number}", 99)
    machines.run(25)
    assert node_condition(machines, "MemoryPressure") == ("True", "KubeletHasInsufficientMemory")
