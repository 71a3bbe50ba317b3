"""Restart policies, crash backoff, out of memory, init containers and sidecars."""

from itertools import pairwise
from typing import Any

import pytest

from tests.proof.follows import follows


@follows("Sync of a pod", "pkg/kubelet/container/helpers_test.go: TestShouldContainerBeRestarted")
@pytest.mark.parametrize(
    ("policy", "code", "phase", "restarts"),
    [
        pytest.param("Always", 0, "Running", True, id="Always restarts a success"),
        pytest.param("Always", 1, "Running", True, id="Always restarts a failure"),
        pytest.param("OnFailure", 0, "Succeeded", False, id="OnFailure leaves a success"),
        pytest.param("OnFailure", 1, "Running", True, id="OnFailure restarts a failure"),
        pytest.param("Never", 0, "Succeeded", False, id="Never leaves a success"),
        pytest.param("Never", 1, "Failed", False, id="Never leaves a failure"),
    ],
)
def test_restart_policy(machines: Any, policy: str, code: int, phase: str, restarts: bool) -> None:
    machines.script(f"sleep 1; exit {code}", spec={"restartPolicy": policy})
    machines.run(5)
    assert machines.status()["phase"] == phase
    assert (machines.container()["restartCount"] > 0) is restarts


def test_a_crashing_container_starts_at_once_then_after_ten_twenty_forty_seconds(machines: Any) -> None:
    machines.script("exit 1")
    starts, seen = [], -1
    for second in range(1_400):
        machines.run(min(second, 1))
        if machines.container()["restartCount"] > seen:
            seen = machines.container()["restartCount"]
            starts.append(second)
    assert [after - before for before, after in pairwise(starts)] == [10, 20, 40, 80, 160, 300, 300, 300]


def test_crash_loop_back_off_says_how_long_and_keeps_the_last_state(machines: Any) -> None:
    machines.script("echo boom; exit 3")
    machines.run(1)
    uid = machines.pod()["metadata"]["uid"]
    assert machines.container()["state"] == {
        "waiting": {
            "reason": "CrashLoopBackOff",
            "message": f"back-off 10s restarting failed container=web pod=web_default({uid})",
        }
    }
    last = machines.container()["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"]) == (3, "Error")
    assert machines.said("BackOff") == [f"Back-off restarting failed container web in pod web_default({uid})"]
    assert machines.status()["phase"] == "Running"


def test_the_backoff_is_forgotten_after_ten_good_minutes(machines: Any) -> None:
    machines.script("sleep 700; exit 1")
    machines.run(3 * 700 + 5)
    assert machines.container()["restartCount"] == 3
    assert "BackOff" not in machines.reasons()


def test_a_killed_process_comes_back_in_the_same_pod(machines: Any) -> None:
    machines.start()
    machines.run(1)
    address = machines.status()["podIP"]
    machines.kubelets.kill_process("default", "web", "web")
    machines.run(1)
    assert (machines.container()["restartCount"], machines.status()["podIP"]) == (1, address)
    assert machines.container()["lastState"]["terminated"]["exitCode"] == 137


def test_more_memory_than_the_limit_is_oom_killed(machines: Any) -> None:
    args = ["--vm", "1", "--vm-bytes", "250M", "--vm-hang", "1"]
    machines.start(image="polinux/stress", command=["stress"], args=args, resources={"limits": {"memory": "100Mi"}})
    machines.run(2)
    last = machines.container()["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"]) == (137, "OOMKilled")


def test_one_container_dies_and_its_sibling_goes_on(machines: Any) -> None:
    machines.start(spec={"containers": [_container("good", "sleep 1d"), _container("bad", "sleep 1; exit 1")]})
    machines.run(5)
    good, bad = machines.container(index=0), machines.container(index=1)
    assert (good["restartCount"], good["ready"]) == (0, True)
    assert bad["ready"] is False
    assert machines.condition("Ready")["message"] == "containers with unready status: [bad]"


def test_init_containers_run_one_after_the_other(machines: Any) -> None:
    machines.start(spec={"initContainers": [_container("one", "sleep 5"), _container("two", "sleep 5")]})
    machines.run(2)
    assert machines.condition("Initialized")["message"] == "containers with incomplete status: [one two]"
    assert machines.container()["state"] == {"waiting": {"reason": "PodInitializing"}}
    machines.run(5)
    assert machines.condition("Initialized")["message"] == "containers with incomplete status: [two]"
    machines.run(5)
    assert machines.status()["phase"] == "Running"
    assert [one["ready"] for one in machines.status()["initContainerStatuses"]] == [True, True]


@follows(
    "Sync of a pod", "pkg/kubelet/kuberuntime/kuberuntime_manager_test.go: TestComputePodActionsWithInitContainers"
)
@pytest.mark.parametrize(
    ("policy", "phase"),
    [
        pytest.param("Never", "Failed", id="Never fails the pod"),
        pytest.param("Always", "Pending", id="Always tries again"),
    ],
)
def test_a_failing_init_container(machines: Any, policy: str, phase: str) -> None:
    machines.start(spec={"restartPolicy": policy, "initContainers": [_container("init", "exit 1")]})
    machines.run(15)
    assert machines.status()["phase"] == phase
    assert (machines.status()["initContainerStatuses"][0]["restartCount"] > 0) is (policy == "Always")
    assert machines.container()["restartCount"] == 0


def test_a_sidecar_starts_first_and_stops_last(machines: Any) -> None:
    sidecar = {**_container("proxy", "trap 'exit 0' TERM; sleep 1d & wait"), "restartPolicy": "Always"}
    machines.start(spec={"initContainers": [sidecar, _container("init", "sleep 2")]})
    machines.run(5)
    assert machines.status()["phase"] == "Running"
    assert [message for reason, message, _ in machines.events() if reason == "Started"] == [
        "Started container proxy",
        "Started container init",
        "Started container web",
    ]
    machines.delete()
    machines.run(10)
    assert machines.said("Killing") == ["Stopping container web", "Stopping container proxy"]
    assert not machines.exists()


def test_a_sidecar_restarts_even_where_the_pod_never_does(machines: Any) -> None:
    sidecar = {**_container("proxy", "sleep 3; exit 1"), "restartPolicy": "Always"}
    machines.start(spec={"restartPolicy": "Never", "initContainers": [sidecar]})
    machines.run(8)
    assert machines.status()["initContainerStatuses"][0]["restartCount"] >= 1
    assert machines.status()["phase"] == "Running"


def test_an_active_deadline_ends_the_pod(machines: Any) -> None:
    machines.start(spec={"activeDeadlineSeconds": 20})
    machines.run(25)
    status = machines.status()
    text = "Pod was active on the node longer than the specified deadline"
    assert (status["phase"], status["reason"], status["message"]) == ("Failed", "DeadlineExceeded", text)
    assert machines.said("DeadlineExceeded") == [text]


def test_a_termination_message_is_read_from_its_file(machines: Any) -> None:
    machines.script("echo out of ideas > /dev/termination-log; exit 1", spec={"restartPolicy": "Never"})
    machines.run(2)
    assert machines.container()["state"]["terminated"]["message"] == "out of ideas\n"


@follows(
    "Sync of a pod",
    "pkg/kubelet/kuberuntime/kuberuntime_container_linux_test.go",
    "pkg/kubelet/kuberuntime/kuberuntime_container.go: getTerminationMessage, readLastStringFromContainerLogs",
    "pkg/kubelet/status/status_manager.go: normalizeStatus",
)
@pytest.mark.parametrize(
    ("script", "policy", "others", "size"),
    [
        pytest.param("echo why > /dev/termination-log; exit 1", "File", 0, 4, id="what was written"),
        pytest.param(
            "for i in $(seq 1000); do echo 0123456; done > /dev/termination-log; exit 1",
            "File",
            0,
            4096,
            id="4 KiB of a file",
        ),
        pytest.param(
            "for i in $(seq 1000); do echo 0123456; done > /dev/termination-log; exit 1",
            "File",
            3,
            3072,
            id="12 KiB of a pod",
        ),
        pytest.param(
            "for i in $(seq 70); do echo 0123456; done; exit 1", "FallbackToLogsOnError", 0, 560, id="the log"
        ),
        pytest.param(
            "for i in $(seq 100); do echo 0123456; done; exit 1",
            "FallbackToLogsOnError",
            0,
            640,
            id="80 lines of a log",
        ),
        pytest.param(
            "for i in $(seq 80); do echo 0123456789012345678901234567890; done; exit 1",
            "FallbackToLogsOnError",
            0,
            2048,
            id="2 KiB of a log",
        ),
        pytest.param("echo said; exit 0", "FallbackToLogsOnError", 0, 0, id="nothing went wrong"),
        pytest.param("echo said; exit 1", "File", 0, 0, id="the log is not asked for"),
    ],
)
def test_how_much_of_a_termination_message_is_kept(
    machines: Any, script: str, policy: str, others: int, size: int
) -> None:
    more = [{"name": f"x{at}", "image": "busybox:1.36", "command": ["true"]} for at in range(others)]
    one = {"name": "web", "image": "busybox:1.36", "command": ["sh", "-c", script], "terminationMessagePolicy": policy}
    machines.start(spec={"restartPolicy": "Never", "containers": [one, *more]})
    machines.run(3)
    ended = next(each for each in machines.status()["containerStatuses"] if each["name"] == "web")["state"][
        "terminated"
    ]
    assert len(ended.get("message", "")) == size


def test_fallback_to_logs_takes_the_last_words_of_a_failure(machines: Any) -> None:
    machines.script(
        "echo first; echo last; exit 1",
        spec={"restartPolicy": "Never"},
        terminationMessagePolicy="FallbackToLogsOnError",
    )
    machines.run(2)
    assert machines.container()["state"]["terminated"]["message"] == "first\nlast\n"


def _container(name: str, script: str) -> dict[str, Any]:
    return {"name": name, "image": "busybox:1.36", "imagePullPolicy": "IfNotPresent", "command": ["sh", "-c", script]}
