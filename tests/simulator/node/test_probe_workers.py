"""When a probe asks, how often it must hear the same, and what follows from it.

Cases of `pkg/kubelet/prober/worker_test.go`, `prober_manager_test.go` and `scale_test.go` (1.33), told by what a pod shows from second to second.
"""

from typing import Any

import pytest

from tests.proof.follows import follows

WELL = {"exec": {"command": ["test", "-f", "/tmp/well"]}}


def script(*turns: int) -> str:
    """Well at first, then ill, then well …, each for so many seconds; the last for ever."""
    lines = []
    for index, seconds in enumerate(turns):
        lines.append("rm -f /tmp/well" if index % 2 else "touch /tmp/well")
        lines.append(f"sleep {seconds}")
    return "; ".join([*lines, "rm -f /tmp/well" if len(turns) % 2 else "touch /tmp/well", "sleep 1d"])


def readiness(machines: Any, seconds: int) -> str:
    """One sign a second: `+` ready, `-` not ready, `.` not running."""
    signs = []
    for _ in range(seconds):
        machines.run(1)
        one = machines.container()
        signs.append("." if "running" not in one["state"] else "+" if one["ready"] else "-")
    return "".join(signs)


@follows(
    "Probes",
    "pkg/kubelet/prober/worker_test.go: TestFailureThreshold, TestSuccessThreshold, TestInitialDelay",
    "pkg/kubelet/prober/prober_manager.go: UpdatePodStatus",
)
@pytest.mark.parametrize(
    ("probe", "turns", "wanted"),
    [
        pytest.param({"periodSeconds": 1}, (5, 4), "++++" + "++--" + "++++", id="three failures and one success"),
        pytest.param(
            {"periodSeconds": 1, "failureThreshold": 1}, (5, 4), "++++" + "----" + "++++", id="one failure is enough"
        ),
        pytest.param(
            {"periodSeconds": 1, "failureThreshold": 3}, (5, 2), "++++" + "++++" + "++++", id="two failures are not"
        ),
        pytest.param(
            {"periodSeconds": 1, "successThreshold": 3, "failureThreshold": 1},
            (5, 3),
            "-+++" + "----" + "-+++",
            id="three successes",
        ),
        pytest.param({"periodSeconds": 2, "failureThreshold": 1}, (5, 4), "+++++----+++", id="every two seconds"),
        pytest.param({"periodSeconds": 1, "initialDelaySeconds": 3}, (99,), "--++++++++++", id="after a delay"),
        pytest.param(
            {"periodSeconds": 5, "initialDelaySeconds": 3}, (99,), "----++++++++", id="at the first tick after a delay"
        ),
        pytest.param({"periodSeconds": 10}, (99,), "++++++++++++", id="the first report asks at once"),
    ],
)
def test_readiness(machines: Any, probe: dict[str, int], turns: tuple[int, ...], wanted: str) -> None:
    machines.script(script(*turns), readinessProbe={**WELL, **probe})
    assert readiness(machines, len(wanted)) == wanted


@follows(
    "Probes",
    "pkg/kubelet/prober/worker_test.go: TestOnHoldOnLivenessOrStartupCheckFailure, TestResultRunOnLivenessCheckFailure, "
    "TestResultRunOnStartupCheckFailure",
)
@pytest.mark.parametrize(
    ("kind", "probe", "killed_at"),
    [
        pytest.param("liveness", {"periodSeconds": 1}, 7, id="three failures"),
        pytest.param("liveness", {"periodSeconds": 1, "failureThreshold": 1}, 5, id="one failure"),
        pytest.param("liveness", {"periodSeconds": 3, "failureThreshold": 2}, 9, id="two at three seconds"),
        pytest.param("liveness", {"periodSeconds": 1, "initialDelaySeconds": 8}, 10, id="after a delay"),
        pytest.param("startup", {"periodSeconds": 1}, None, id="a startup probe that has succeeded asks no more"),
        pytest.param("startup", {"periodSeconds": 1, "initialDelaySeconds": 6}, 8, id="a startup probe after a delay"),
    ],
)
def test_a_container_is_killed(machines: Any, kind: str, probe: dict[str, int], killed_at: int | None) -> None:
    """It is well for five seconds; while it is stopped nobody asks any more."""
    machines.script(script(5), spec={"terminationGracePeriodSeconds": 4}, **{f"{kind}Probe": {**WELL, **probe}})
    seen: int | None = None
    for second in range(13):
        if seen is None and "Killing" in machines.reasons():
            seen = second
        machines.run(1)
    assert seen == killed_at
    if killed_at is not None:
        failures = probe.get("failureThreshold", 3)
        word = kind.capitalize()
        assert (f"{word} probe failed: ", failures) in [
            (message, count) for reason, message, count in machines.events() if reason == "Unhealthy"
        ]
        assert machines.said("Killing") == [f"Container web failed {kind} probe, will be restarted"]


@follows("Probes", "pkg/kubelet/kuberuntime/kuberuntime_container.go: setTerminationGracePeriod")
@pytest.mark.parametrize(
    ("pod", "probe", "seconds"),
    [
        pytest.param(10, None, 10, id="the pod's"),
        pytest.param(10, 4, 4, id="the probe's own"),
        pytest.param(3, 20, 20, id="the probe's own, though it is longer"),
        pytest.param(0, None, 2, id="two seconds at least"),
    ],
)
def test_how_long_a_container_has_that_a_probe_condemns(
    machines: Any, pod: int, probe: int | None, seconds: int
) -> None:
    own = {} if probe is None else {"terminationGracePeriodSeconds": probe}
    check = {"exec": {"command": ["false"]}, "periodSeconds": 1, "failureThreshold": 1, **own}
    machines.script("sleep 1d", spec={"terminationGracePeriodSeconds": pod}, livenessProbe=check)
    while "Killing" not in machines.reasons():
        machines.run(0.5)
    machines.run(seconds - 1)
    assert machines.container()["restartCount"] == 0
    assert "running" in machines.container()["state"]
    machines.run(2)
    assert machines.container()["restartCount"] == 1
    assert machines.container()["lastState"]["terminated"]["exitCode"] == 137


@follows(
    "Probes",
    "pkg/kubelet/prober/worker_test.go: TestLivenessProbeDisabledByStarted, TestStartupProbeDisabledByStarted, "
    "TestStartupProbeUndefined",
    "pkg/kubelet/prober/prober_manager_test.go: TestUpdatePodStatus",
)
@pytest.mark.parametrize(
    ("probes", "wanted"),
    [
        pytest.param({}, "RRRRRR", id="none"),
        pytest.param({"startup": 1}, "nnnRRR", id="startup"),
        pytest.param({"readiness": 1}, "ssssRR", id="readiness"),
        pytest.param({"liveness": 1}, "RRRRRR", id="liveness"),
        pytest.param({"startup": 1, "readiness": 1}, "nnnsRR", id="startup, then readiness"),
        pytest.param({"startup": 2, "readiness": 2}, "nnnssR", id="both every two seconds"),
        pytest.param({"startup": 5, "readiness": 100}, "nnnnRR", id="who has started is asked at once"),
        pytest.param({"startup": 1, "liveness": 1}, "nnnRRR", id="liveness waits for startup"),
    ],
)
def test_started_and_ready(machines: Any, probes: dict[str, int], wanted: str) -> None:
    """`n` not started, `s` started, `R` ready: it has started after 3.5 s, is ready after 4.5 s, and lives until 6 s (or is not asked)."""
    text = "sleep 3.5; touch /tmp/startup; sleep 1; touch /tmp/readiness; sleep 1d"
    fields = {
        f"{kind}Probe": {
            "exec": {"command": ["test", "-f", f"/tmp/{'startup' if kind == 'liveness' else kind}"]},
            "periodSeconds": period,
            "failureThreshold": 10,
        }
        for kind, period in probes.items()
    }
    machines.script(text, **fields)
    signs = []
    for _ in range(6):
        machines.run(1)
        one = machines.container()
        signs.append("R" if one["ready"] else "s" if one["started"] else "n")
    assert "".join(signs) == wanted


@follows("Probes", "pkg/kubelet/prober/worker_test.go: TestDoProbe", "pkg/kubelet/prober/worker.go: doProbe")
@pytest.mark.parametrize(
    ("kind", "is_asked"),
    [
        pytest.param("liveness", False, id="liveness"),
        pytest.param("startup", False, id="startup"),
        pytest.param("readiness", True, id="readiness"),
    ],
)
def test_who_is_asked_while_a_pod_ends(machines: Any, kind: str, is_asked: bool) -> None:
    probe = {"exec": {"command": ["false"]}, "periodSeconds": 1, "failureThreshold": 99}
    machines.script("sleep 1d", **{f"{kind}Probe": probe})
    machines.run(3.5)
    machines.delete()
    before = dict(machines.events_by_reason("Unhealthy"))
    machines.run(5)
    assert (machines.events_by_reason("Unhealthy") != before) is is_asked
    assert machines.container()["ready"] is (kind == "liveness")


@follows("Probes", "pkg/kubelet/prober/prober.go: probe", "pkg/kubelet/prober/prober_test.go: TestProbe")
@pytest.mark.parametrize(
    ("kind", "action", "said"),
    [
        pytest.param(
            "readiness",
            {"exec": {"command": ["nonsense"]}},
            "Readiness probe errored and resulted in unknown state: rpc error: code = Unknown desc = failed to exec in container: "
            'failed to start exec: OCI runtime exec failed: exec failed: unable to start container process: exec: "nonsense": '
            "executable file not found in $PATH: unknown",
            id="no such program",
        ),
        pytest.param(
            "liveness",
            {"httpGet": {"port": "web"}},
            'Liveness probe errored and resulted in unknown state: strconv.Atoi: parsing "web": invalid syntax',
            id="no such port",
        ),
        pytest.param(
            "startup",
            {"exec": {"command": ["sh", "-c", "echo not yet; exit 1"]}},
            "Startup probe failed: not yet",
            id="what it wrote",
        ),
        pytest.param(
            "liveness",
            {"exec": {"command": ["sh", "-c", "echo out; echo err >&2; exit 3"]}},
            "Liveness probe failed: out\nerr",
            id="what it wrote on both ways",
        ),
    ],
)
def test_what_is_said(machines: Any, kind: str, action: dict[str, Any], said: str) -> None:
    machines.script("sleep 1d", **{f"{kind}Probe": {**action, "periodSeconds": 1, "failureThreshold": 5}})
    machines.run(3)
    assert machines.said("Unhealthy") == [said]
    assert machines.container()["restartCount"] == 0


def test_a_probe_that_errs_changes_nothing(machines: Any) -> None:
    """An error is no failure: the container lives, though it was asked far more often than its threshold."""
    machines.script("sleep 1d", livenessProbe={"exec": {"command": ["nonsense"]}, "periodSeconds": 1})
    machines.run(30)
    assert machines.container()["restartCount"] == 0
    assert machines.container()["ready"] is True


def test_a_sidecar_has_probes_of_its_own(machines: Any) -> None:
    """A startup probe of a restartable init container holds the next ones back; its readiness is the pod's."""
    sidecar = {
        "name": "side",
        "image": "busybox:1.36",
        "restartPolicy": "Always",
        "command": ["sh", "-c", "sleep 3; touch /tmp/up; sleep 4; touch /tmp/ready; sleep 1d"],
        "startupProbe": {"exec": {"command": ["test", "-f", "/tmp/up"]}, "periodSeconds": 1, "failureThreshold": 30},
        "readinessProbe": {"exec": {"command": ["test", "-f", "/tmp/ready"]}, "periodSeconds": 1},
    }
    machines.script("sleep 1d", spec={"initContainers": [sidecar]})
    machines.run(2.5)
    assert machines.container()["state"] == {"waiting": {"reason": "PodInitializing"}}
    machines.run(2)
    assert "running" in machines.container()["state"]
    assert machines.condition("Ready")["message"] == "containers with unready status: [side]"
    machines.run(4)
    assert machines.condition("Ready")["status"] == "True"
