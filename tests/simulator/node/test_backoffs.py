"""Backoff of containers that end and of images that cannot be had: when the next try comes, and when the waiting is forgotten.

Follows `doBackOff` of `pkg/kubelet/kuberuntime/kuberuntime_manager.go`, `pkg/kubelet/images/image_manager.go` and
`staging/src/k8s.io/client-go/util/flowcontrol/backoff_test.go` (1.33).
"""

from itertools import pairwise
from typing import Any

import pytest

from tests.proof.follows import follows


def starts(machines: Any, seconds: int, container: str = "web") -> list[int]:
    """Seconds at which the container was started."""
    found: list[int] = []
    uid = machines.pod()["metadata"]["uid"]
    machines.run(0)
    for second in range(seconds):
        record = machines.kubelets.fleet.pods[uid]
        instance = record.containers[container].instance
        if instance > len(found):
            found += [second] * (instance - len(found))
        machines.run(1)
    return found


@follows(
    "Restart backoff",
    "staging/src/k8s.io/client-go/util/flowcontrol/backoff_test.go: TestSlowBackoff, TestBackoffReset, TestBackoffHighWaterMark, TestBackoffGC",
    "pkg/kubelet/kuberuntime/kuberuntime_manager.go: doBackOff",
)
@pytest.mark.parametrize(
    ("script", "seconds", "gaps"),
    [
        pytest.param("exit 1", 700, [0, 10, 20, 40, 80, 160, 300], id="a failure"),
        pytest.param("exit 0", 330, [0, 10, 20, 40, 80, 160], id="a success counts as well"),
        pytest.param("sleep 5; exit 1", 200, [5, 15, 25, 45, 85], id="after some seconds of work"),
        pytest.param("sleep 60; exit 1", 480, [60, 70, 80, 100, 140], id="after a minute of work"),
        pytest.param("sleep 599; exit 1", 1_900, [599, 609, 619], id="after almost ten minutes"),
        pytest.param("sleep 601; exit 1", 2_500, [601, 601, 601, 601], id="forgotten after more than ten minutes"),
    ],
)
def test_when_a_container_starts_again(machines: Any, script: str, seconds: int, gaps: list[int]) -> None:
    machines.script(script)
    found = starts(machines, seconds)
    assert [after - before for before, after in pairwise(found)] == gaps


@follows(
    "Restart backoff",
    "pkg/kubelet/kuberuntime/helpers_test.go: TestStableKey",
    "pkg/kubelet/kuberuntime/helpers.go: getStableKey",
)
@pytest.mark.parametrize(
    ("change", "starts_at_once"),
    [
        pytest.param({"image": "busybox:1.37"}, True, id="another image"),
        pytest.param({}, False, id="nothing"),
    ],
)
def test_the_backoff_is_of_one_container_as_it_is(machines: Any, change: dict[str, str], starts_at_once: bool) -> None:
    machines.script("exit 1")
    machines.run(35)
    before = machines.container()["restartCount"]
    pod = machines.pod()
    if change:
        spec = {**pod["spec"], "containers": [{**pod["spec"]["containers"][0], **change}]}
        machines.registry.update("test", "pods", {**pod, "spec": spec})
    machines.run(2)
    assert (machines.container()["restartCount"] > before) is starts_at_once


@follows("Restart backoff", "pkg/kubelet/kuberuntime/kuberuntime_manager.go: doBackOff, SyncPod")
@pytest.mark.parametrize(
    ("seconds", "delay", "count"),
    [
        pytest.param(1, "10s", 1, id="first"),
        pytest.param(12, "20s", 2, id="second"),
        pytest.param(33, "40s", 3, id="third"),
        pytest.param(80, "1m20s", 4, id="fourth"),
        pytest.param(165, "2m40s", 5, id="fifth"),
        pytest.param(330, "5m0s", 6, id="sixth"),
        pytest.param(700, "5m0s", 7, id="never more than five minutes"),
    ],
)
def test_what_is_said_of_a_container_that_waits(machines: Any, seconds: int, delay: str, count: int) -> None:
    machines.script("exit 7")
    machines.run(seconds)
    uid = machines.pod()["metadata"]["uid"]
    one = machines.container()
    assert one["state"]["waiting"] == {
        "reason": "CrashLoopBackOff",
        "message": f"back-off {delay} restarting failed container=web pod=web_default({uid})",
    }
    assert one["lastState"]["terminated"]["exitCode"] == 7
    assert one["restartCount"] == count
    assert machines.said("BackOff") == [f"Back-off restarting failed container web in pod web_default({uid})"]


def test_each_container_has_a_backoff_of_its_own(machines: Any) -> None:
    made = [
        {"name": name, "image": "busybox:1.36", "command": ["sh", "-c", script]}
        for name, script in (("often", "exit 1"), ("seldom", "sleep 100; exit 1"))
    ]
    machines.start(spec={"containers": made})
    machines.run(101)
    counts = {one["name"]: one["restartCount"] for one in machines.status()["containerStatuses"]}
    assert counts == {"often": 4, "seldom": 1}


@follows(
    "Images",
    "pkg/kubelet/images/image_manager_test.go: pullerTestCases, TestEvalCRIPullErr",
    "pkg/kubelet/images/image_manager.go: EnsureImageExists",
)
@pytest.mark.parametrize(
    ("seconds", "pulls"),
    [
        pytest.param(1, 1, id="it has just failed"),
        pytest.param(9, 1, id="it waits for ten seconds"),
        pytest.param(11, 2, id="and tries again"),
        pytest.param(29, 2, id="for twenty"),
        pytest.param(31, 3, id="and again"),
        pytest.param(69, 3, id="for forty"),
        pytest.param(71, 4, id="and again after that"),
        pytest.param(151, 5, id="for eighty"),
        pytest.param(311, 6, id="for a hundred and sixty"),
        pytest.param(612, 7, id="for three hundred"),
        pytest.param(913, 8, id="never longer than that"),
    ],
)
def test_when_an_image_is_pulled_again(machines: Any, seconds: int, pulls: int) -> None:
    machines.start(image="nginx:1.99")
    machines.run(seconds)
    assert list(machines.events_by_reason("Pulling").values()) == [pulls]
    assert machines.container()["state"]["waiting"]["reason"] == "ImagePullBackOff"
