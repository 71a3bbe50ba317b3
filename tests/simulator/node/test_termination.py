"""The end of a pod's containers: who gets its signal when, and how long it has.

Cases of `pkg/kubelet/kuberuntime/kuberuntime_termination_order_test.go` and `kuberuntime_container_test.go` (1.33).
"""

from typing import Any

import pytest

from tests.proof.follows import follows

DEAF = "sleep 1d"


def ends(seconds: float) -> str:
    """A program that ends so long after its signal."""
    return f"trap 'sleep {seconds}; exit 0' TERM; sleep 1d & wait"


def one(name: str, script: str, *, sidecar: bool = False, pre_stop: int = 0) -> dict[str, Any]:
    return {
        "name": name,
        "image": "busybox:1.36",
        "command": ["sh", "-c", script],
        **({"restartPolicy": "Always"} if sidecar else {}),
        **({"lifecycle": {"preStop": {"sleep": {"seconds": pre_stop}}}} if pre_stop else {}),
    }


def ended(machines: Any, name: str = "web", until: float = 45) -> dict[str, float]:
    """Container → half seconds after which it was seen to have ended."""
    record = machines.kubelets.fleet.pods[machines.pod(name)["metadata"]["uid"]]
    found: dict[str, float] = {}
    for step in range(round(2 * until)):
        for each in record.containers.values():
            if each.state == "exited":
                found.setdefault(each.name, step / 2)
        machines.run(0.5)
    return found


@follows(
    "Termination",
    "pkg/kubelet/kuberuntime/kuberuntime_termination_order_test.go: TestTerminationOrderingSidecarStopAfterMain, "
    "TestTerminationOrderingSidecarsInReverseOrder, TestTerminationOrderingObeysGrace",
    "pkg/kubelet/kuberuntime/kuberuntime_container.go: killContainer",
)
@pytest.mark.parametrize(
    ("sidecars", "apps", "grace", "wanted"),
    [
        pytest.param(
            [one("sc", ends(1), sidecar=True)], [one("main", ends(1))], 30, {"main": 1, "sc": 2}, id="after the app"
        ),
        pytest.param(
            [one(name, ends(1), sidecar=True) for name in ("sc1", "sc2", "sc3")],
            [one("main", ends(1))],
            30,
            {"main": 1, "sc3": 2, "sc2": 3, "sc1": 4},
            id="in reverse order",
        ),
        pytest.param(
            [one(name, ends(1), sidecar=True) for name in ("sc1", "sc2", "sc3")],
            [one("main", ends(1))],
            2,
            {"main": 1, "sc3": 2, "sc2": 3, "sc1": 3},
            id="as long as there is time",
        ),
        pytest.param(
            [one("sc", ends(1), sidecar=True)],
            [one("fast", ends(1)), one("slow", ends(4))],
            30,
            {"fast": 1, "slow": 4, "sc": 5},
            id="after all apps",
        ),
        pytest.param(
            [one("sc", DEAF, sidecar=True)], [one("main", DEAF)], 5, {"main": 5, "sc": 7}, id="nobody listens"
        ),
        pytest.param(
            [one("sc", ends(1), sidecar=True, pre_stop=4)],
            [one("main", ends(1))],
            30,
            {"main": 1, "sc": 5},
            id="its hook runs meanwhile, and is longer",
        ),
        pytest.param(
            [one("sc", ends(1), sidecar=True, pre_stop=2)],
            [one("main", ends(4))],
            30,
            {"main": 4, "sc": 5},
            id="its hook runs meanwhile, and is shorter",
        ),
        pytest.param(
            [one("sc", DEAF, sidecar=True)],
            [one("main", ends(4))],
            10,
            {"main": 4, "sc": 10},
            id="what it has waited is taken from its time",
        ),
        pytest.param([], [one("a", ends(3)), one("b", ends(1))], 30, {"b": 1, "a": 3}, id="apps wait for nobody"),
    ],
)
def test_the_order_in_which_containers_end(
    machines: Any, sidecars: list[Any], apps: list[Any], grace: int, wanted: dict[str, float]
) -> None:
    machines.start(spec={"initContainers": sidecars, "containers": apps, "terminationGracePeriodSeconds": grace})
    machines.run(3)
    machines.delete()
    machines.run(0)
    said = machines.said("Killing")
    assert sorted(said) == sorted(f"Stopping container {name}" for name in wanted), "all are told at once"
    assert ended(machines) == wanted


@follows(
    "Termination",
    "pkg/kubelet/kuberuntime/kuberuntime_container_test.go: TestSetTerminationGracePeriod, TestKillContainerGracePeriod",
    "pkg/kubelet/kuberuntime/kuberuntime_container.go: setTerminationGracePeriod",
)
@pytest.mark.parametrize(
    ("own", "asked", "seconds"),
    [
        pytest.param(None, None, 30, id="the default"),
        pytest.param(5, None, 5, id="the pod's"),
        pytest.param(5, 8, 8, id="the deletion's, though it is longer"),
        pytest.param(20, 3, 3, id="the deletion's"),
        pytest.param(1, None, 2, id="two seconds at least"),
        pytest.param(0, None, 2, id="nothing is two seconds"),
        pytest.param(20, 1, 2, id="a deletion in a hurry"),
    ],
)
def test_how_long_a_container_has(machines: Any, own: int | None, asked: int | None, seconds: float) -> None:
    spec = {"containers": [one("web", DEAF)]}
    machines.start(spec=spec if own is None else {**spec, "terminationGracePeriodSeconds": own})
    machines.run(2)
    uid = machines.pod()["metadata"]["uid"]
    machines.delete(grace_s=asked)
    machines.run(seconds - 0.5)
    record = machines.kubelets.fleet.pods[uid]
    assert record.containers["web"].state == "running"
    machines.run(0.5)
    assert record.containers["web"].state == "exited"
    assert (record.containers["web"].exit_code, record.containers["web"].exit_reason) == (137, "Error")


@follows("Termination", "pkg/kubelet/kuberuntime/kuberuntime_container_test.go: TestLifeCycleHook, TestKillContainer")
@pytest.mark.parametrize(
    ("grace", "hook", "script", "seconds"),
    [
        pytest.param(30, 5, ends(1), 6, id="a hook, then the signal"),
        pytest.param(10, 4, DEAF, 10, id="the hook's time is taken from the grace"),
        pytest.param(5, 60, ends(1), 6, id="a hook that takes all of it"),
        pytest.param(5, 60, DEAF, 7, id="two seconds for the program after it"),
        pytest.param(0, 5, ends(1), 1, id="no hook without grace"),
    ],
)
def test_a_hook_and_the_time_that_is_left(machines: Any, grace: int, hook: int, script: str, seconds: float) -> None:
    spec = {"containers": [one("web", script, pre_stop=hook)], "terminationGracePeriodSeconds": grace}
    machines.start(spec=spec)
    machines.run(2)
    uid = machines.pod()["metadata"]["uid"]
    machines.delete()
    record = machines.kubelets.fleet.pods[uid]
    machines.run(seconds - 0.5)
    assert record.containers["web"].state == "running"
    machines.run(0.5)
    assert record.containers["web"].state == "exited"


def test_a_waiting_sidecar_has_one_future(machines: Any) -> None:
    sidecars = [one(name, ends(1), sidecar=True) for name in ("sc1", "sc2")]
    machines.start(spec={"initContainers": sidecars, "containers": [one("main", ends(3))]})
    machines.run(3)
    machines.delete()
    machines.run(1)
    before = machines.snapshot()
    machines.kubelets.load(machines.kubelets.dump())
    assert machines.snapshot() == before
    assert ended(machines) == {"main": 2, "sc2": 3, "sc1": 4}
