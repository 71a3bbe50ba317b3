"""Graceful node shutdown: who ends when, what is said, and when the machine is off.

Words and groups follow `pkg/kubelet/nodeshutdown/nodeshutdown_manager.go` (1.33).
"""

from typing import Any

import pytest

from simulator.node.kubelet_configuration import CRITICAL, KubeletConfigurationError, migrated, read
from simulator.node.node_shutdown import grouped
from tests.proof.follows import follows

MESSAGE = "Pod was terminated in response to imminent node shutdown."
#: Programs that end two seconds after SIGTERM, and one that does not listen.
HEEDS, DEAF = "trap 'sleep 2; exit 0' TERM; sleep 1d & wait", "sleep 1d"


def configuration(**fields: Any) -> str:
    head = {"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration"}
    return "\n".join(f"{key}: {value}" for key, value in {**head, **fields}.items())


def configured(machines: Any, **fields: Any) -> None:
    machines.kubelets.configure("node-0", configuration(**fields))
    machines.kubelets.stop_kubelet("node-0")
    machines.kubelets.start_kubelet("node-0")
    machines.run(0)


def pod(machines: Any, name: str, script: str = DEAF, *, priority: int = 0, grace: int = 30) -> None:
    if priority:
        metadata = {"name": f"class-{priority}"}
        made = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": metadata, "value": priority}
        machines.create("priorityclasses.scheduling.k8s.io", made)
    more = {"priorityClassName": f"class-{priority}"} if priority else {}
    machines.script(script, name, spec={"terminationGracePeriodSeconds": grace, **more})


def ready(machines: Any) -> tuple[str, str, str]:
    found = machines.registry.get("test", "nodes", "", "node-0")["status"]["conditions"]
    return next((one["status"], one["reason"], one["message"]) for one in found if one["type"] == "Ready")


def ended(machines: Any, *names: str, until: int = 60) -> dict[str, int]:
    """Pod → the second at which its end was reported."""
    found: dict[str, int] = {}
    for second in range(until):
        for name in names:
            if name not in found and machines.status(name)["phase"] == "Failed":
                found[name] = second
        machines.run(1)
    return found


@follows("Node shutdown", "pkg/kubelet/nodeshutdown/nodeshutdown_manager_test.go: Test_migrateConfig")
@pytest.mark.parametrize(
    ("requested", "critical", "wanted"),
    [
        pytest.param(300, 120, [[0, 180], [CRITICAL, 120]], id="both"),
        pytest.param(100, 0, [[0, 100], [CRITICAL, 0]], id="only shutdownGracePeriod"),
        pytest.param(0, 0, [], id="nothing"),
        pytest.param(1, 100, [], id="more for critical pods than for all"),
    ],
)
def test_two_periods_become_periods_by_priority(requested: int, critical: int, wanted: list[list[int]]) -> None:
    assert migrated(requested, critical) == wanted


@follows("Node shutdown", "pkg/kubelet/nodeshutdown/nodeshutdown_manager_test.go: Test_groupByPriority")
@pytest.mark.parametrize(
    ("periods", "pods", "wanted"),
    [
        pytest.param(
            migrated(300, 120),
            [("normal", 0), ("highest of a user", 1_000_000_000), ("critical", CRITICAL)],
            [[180, ["normal", "highest of a user"]], [120, ["critical"]]],
            id="two periods",
        ),
        pytest.param(
            [[1, 10], [2, 20], [3, 30], [4, 40]],
            [(f"pod-{priority}", priority) for priority in range(6)],
            [[10, ["pod-0", "pod-1"]], [20, ["pod-2"]], [30, ["pod-3"]], [40, ["pod-4", "pod-5"]]],
            id="by priority",
        ),
        pytest.param([[5, 10], [9, 20]], [("between", 7)], [[10, ["between"]], [20, []]], id="between two periods"),
        pytest.param([[5, 10]], [("below", -3), ("above", 8)], [[10, ["below", "above"]]], id="one period for all"),
    ],
)
def test_pods_end_in_groups(periods: list[list[int]], pods: list[tuple[str, int]], wanted: list[Any]) -> None:
    assert grouped(periods, pods) == wanted


@follows(
    "Node shutdown",
    "pkg/kubelet/apis/config/validation/validation_test.go: TestValidateKubeletConfiguration",
    "pkg/kubelet/apis/config/validation/validation.go",
)
@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        pytest.param(
            {"shutdownGracePeriod": "10s", "shutdownGracePeriodCriticalPods": "40s"},
            "shutdownGracePeriodCriticalPods {40s} must be <= shutdownGracePeriod {10s}",
            id="more for critical pods",
        ),
        pytest.param(
            {"shutdownGracePeriod": "200ms"},
            "shutdownGracePeriod {200ms} must be either zero or otherwise >= 1 sec",
            id="less than a second",
        ),
        pytest.param(
            {"shutdownGracePeriod": "10s", "shutdownGracePeriodCriticalPods": "500ms"},
            "shutdownGracePeriodCriticalPods {500ms} must be either zero or otherwise >= 1 sec",
            id="less than a second for critical pods",
        ),
        pytest.param(
            {
                "shutdownGracePeriod": "10s",
                "shutdownGracePeriodByPodPriority": "[{priority: 0, shutdownGracePeriodSeconds: 10}]",
            },
            "Cannot specify both shutdownGracePeriodByPodPriority and shutdownGracePeriod at the same time",
            id="both ways at once",
        ),
    ],
)
def test_what_cannot_be_configured(fields: dict[str, str], wanted: str) -> None:
    with pytest.raises(KubeletConfigurationError) as refusal:
        read(configuration(**fields))
    assert str(refusal.value) == (
        f"failed to validate kubelet configuration, error: invalid configuration: {wanted}, path: /var/lib/kubelet/config.yaml"
    )


@follows("Node shutdown", "pkg/kubelet/nodeshutdown/nodeshutdown_manager_linux_test.go: TestManager")
@pytest.mark.parametrize(
    ("given", "graces", "wanted", "off"),
    [
        pytest.param(
            ("30s", "10s"),
            {"normal": 1_000, "critical": 1_000},
            {"normal": 20, "critical": 30},
            31,
            id="20 s, then 10 s",
        ),
        pytest.param(
            ("30s", "10s"),
            {"normal": 1_000, "short": 3, "critical": 3},
            {"normal": 20, "short": 3, "critical": 23},
            24,
            id="less where a pod asks for less",
        ),
        pytest.param(
            ("30s", "0s"), {"normal": 1_000, "critical": 1_000}, {"normal": 30}, 31, id="nothing for critical pods"
        ),
        pytest.param(
            ("5s", "5s"),
            {"normal": 1_000, "critical": 1_000},
            {"normal": 2, "critical": 5},
            6,
            id="everything for critical pods",
        ),
        pytest.param(
            ("30s", "10s"), {"critical": 1_000}, {"critical": 10}, 11, id="a group without pods takes no time"
        ),
    ],
)
def test_pods_end_by_importance(
    machines: Any, given: tuple[str, str], graces: dict[str, int], wanted: dict[str, int], off: int
) -> None:
    configured(machines, shutdownGracePeriod=given[0], shutdownGracePeriodCriticalPods=given[1])
    for name, grace in graces.items():
        pod(machines, name, priority=CRITICAL if name == "critical" else 0, grace=grace)
    machines.run(1)
    machines.kubelets.shut_down("node-0")
    seen, went = {}, -1
    for second in range(60):
        seen |= {name: second for name in graces if name not in seen and machines.status(name)["phase"] == "Failed"}
        if went < 0 and not machines.kubelets.is_powered("node-0"):
            went = second
        machines.run(1)
    assert (seen, went) == (wanted, off)


def test_what_is_said_of_a_pod_and_its_node(machines: Any) -> None:
    configured(machines, shutdownGracePeriod="30s", shutdownGracePeriodCriticalPods="10s")
    pod(machines, "web", HEEDS)
    machines.run(1)
    machines.kubelets.shut_down("node-0")
    machines.run(1)
    assert ready(machines) == ("False", "KubeletNotReady", "node is shutting down")
    assert machines.said("NodeShutdown", "node-0") == ["Shutdown manager detected shutdown event"]
    assert machines.said("NodeNotReady", "node-0") == ["Node node-0 status is now: NodeNotReady"]
    assert machines.status()["phase"] == "Running"
    assert machines.said("Killing") == ["Stopping container web"]
    machines.run(2)
    status = machines.status()
    assert (status["phase"], status["reason"], status["message"]) == ("Failed", "Terminated", MESSAGE)
    target = machines.condition("DisruptionTarget")
    assert (target["status"], target["reason"], target["message"]) == ("True", "TerminationByKubelet", MESSAGE)
    assert machines.container()["state"]["terminated"]["exitCode"] == 0
    assert not machines.kubelets.is_powered("node-0")


def test_a_machine_that_goes_down_takes_no_pods(machines: Any) -> None:
    configured(machines, shutdownGracePeriod="30s")
    pod(machines, "web")
    machines.run(1)
    machines.kubelets.shut_down("node-0")
    pod(machines, "late")
    machines.run(1)
    status = machines.status("late")
    assert (status["phase"], status["reason"]) == ("Failed", "NodeShutdown")
    assert status["message"] == "Pod was rejected: Pod was rejected as the node is shutting down."
    assert machines.said("NodeShutdown", "late") == ["Pod was rejected as the node is shutting down."]


def test_without_a_period_a_machine_goes_down_at_once(machines: Any) -> None:
    pod(machines, "web")
    machines.run(1)
    machines.kubelets.shut_down("node-0")
    machines.run(1)
    assert not machines.kubelets.is_powered("node-0")
    assert machines.status()["phase"] == "Running"
    assert machines.said("NodeShutdown", "node-0") == []


def test_periods_by_priority_follow_each_other(machines: Any) -> None:
    periods = "[{priority: 0, shutdownGracePeriodSeconds: 4}, {priority: 1000, shutdownGracePeriodSeconds: 6}, {priority: 100000, shutdownGracePeriodSeconds: 8}]"
    configured(machines, shutdownGracePeriodByPodPriority=periods)
    pod(machines, "least")
    pod(machines, "middle", priority=5_000)
    pod(machines, "most", priority=200_000)
    machines.run(1)
    machines.kubelets.shut_down("node-0")
    assert ended(machines, "least", "middle", "most") == {"least": 4, "middle": 10, "most": 18}


def test_a_machine_that_reboots_is_ready_again_and_its_pods_stay_over(machines: Any) -> None:
    configured(machines, shutdownGracePeriod="30s")
    pod(machines, "web", HEEDS)
    machines.run(1)
    machines.kubelets.shut_down("node-0", reboots=True)
    machines.run(10)
    assert machines.kubelets.is_kubelet_running("node-0")
    assert ready(machines)[:2] == ("True", "KubeletReady")
    assert "Rebooted" in machines.reasons("node-0")
    assert (machines.status()["phase"], machines.status()["reason"]) == ("Failed", "Terminated")
    pod(machines, "fresh")
    machines.run(1)
    assert machines.status("fresh")["phase"] == "Running"


def test_a_kubelet_that_stops_holds_the_machine_no_longer(machines: Any) -> None:
    configured(machines, shutdownGracePeriod="30s")
    pod(machines, "web")
    machines.run(1)
    machines.kubelets.shut_down("node-0")
    machines.run(1)
    machines.kubelets.stop_kubelet("node-0")
    machines.run(0)
    assert not machines.kubelets.is_powered("node-0")


def test_a_shutdown_goes_on_after_a_restore(machines: Any, many: Any) -> None:
    configured(machines, shutdownGracePeriod="30s", shutdownGracePeriodCriticalPods="10s")
    pod(machines, "web")
    machines.run(1)
    machines.kubelets.shut_down("node-0")
    machines.run(5)
    before = machines.snapshot()
    machines.kubelets.load(machines.kubelets.dump())
    assert machines.snapshot() == before
    assert ended(machines, "web") == {"web": 15}
    assert not machines.kubelets.is_powered("node-0")
