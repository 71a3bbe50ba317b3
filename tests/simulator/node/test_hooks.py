"""Hooks: a container counts as running when its postStart hook is over, and gets its signal when its preStop hook is.

Words follow `pkg/kubelet/lifecycle/handlers.go` and `pkg/kubelet/kuberuntime/kuberuntime_container.go` (1.33).
"""

from typing import Any

import pytest

from tests.proof.follows import follows


@follows("Lifecycle hooks", "pkg/kubelet/kuberuntime/kuberuntime_container.go: startContainer")
@pytest.mark.parametrize(
    ("hook", "seconds"),
    [
        pytest.param({"exec": {"command": ["sh", "-c", "sleep 5; echo ready > /tmp/ready"]}}, 5, id="a command"),
        pytest.param({"sleep": {"seconds": 7}}, 7, id="sleep"),
    ],
)
def test_a_container_runs_when_its_hook_is_over(machines: Any, hook: dict[str, Any], seconds: int) -> None:
    machines.script("sleep 1d", lifecycle={"postStart": hook})
    machines.run(seconds - 1)
    assert machines.container()["state"] == {"waiting": {"reason": "ContainerCreating"}}
    machines.run(2)
    assert "running" in machines.container()["state"]
    if "exec" in hook:
        assert machines.kubelets.commands.execute(machines.pod(), "web", ("cat", "/tmp/ready")).stdout == "ready\n"


@follows("Lifecycle hooks", "pkg/kubelet/lifecycle/handlers.go", "pkg/kubelet/kuberuntime/kuberuntime_container.go")
@pytest.mark.parametrize(
    ("hook", "words"),
    [
        pytest.param(
            {"exec": {"command": ["sh", "-c", "echo no >&2; exit 3"]}},
            'Exec lifecycle hook ([sh -c echo no >&2; exit 3]) for Container "web" in Pod "{pod}" failed - error: '
            "command 'sh -c echo no >&2; exit 3' exited with 3: no\n, message: \"no\\n\"",
            id="a status",
        ),
        pytest.param(
            {"exec": {"command": ["nonsense"]}},
            'Exec lifecycle hook ([nonsense]) for Container "web" in Pod "{pod}" failed - error: rpc error: code = Unknown '
            "desc = failed to exec in container: failed to start exec: OCI runtime exec failed: exec failed: unable to start "
            'container process: exec: "nonsense": executable file not found in $PATH: unknown, message: ""',
            id="no such program",
        ),
        pytest.param(
            {"httpGet": {"port": 8080, "path": "/"}},
            'HTTP lifecycle hook (/) for Container "web" in Pod "{pod}" failed - error: Get "http://{ip}:8080/": '
            "dial tcp {ip}:8080: connect: connection refused",
            id="nobody listens",
        ),
    ],
)
def test_a_hook_that_fails_kills_its_container(machines: Any, hook: dict[str, Any], words: str) -> None:
    machines.script("trap 'exit 0' TERM; sleep 1d & wait", lifecycle={"postStart": hook})
    seen = []
    for _ in range(100):
        machines.run(0.05)
        seen += [one.why for pod in machines.kubelets.fleet.pods.values() for one in pod.containers.values() if one.why]
    assert machines.reasons()[:6] == ["Pulling", "Pulled", "Created", "Started", "FailedPostStartHook", "Killing"]
    assert machines.said("FailedPostStartHook") == ["PostStartHook failed"]
    assert machines.said("Killing")[0] == "FailedPostStartHook"
    pod = f"web_default({machines.pod()['metadata']['uid']})"
    assert ("PostStartHookError", words.format(pod=pod, ip=machines.status()["podIP"])) in seen
    machines.run(40)
    assert machines.container()["restartCount"] >= 1


@follows("Lifecycle hooks", "pkg/kubelet/kuberuntime/kuberuntime_container.go: executePreStopHook, killContainer")
@pytest.mark.parametrize(
    ("hook", "seconds", "failed"),
    [
        pytest.param({"exec": {"command": ["sh", "-c", "sleep 5"]}}, 5, [], id="a command that sleeps"),
        pytest.param({"exec": {"command": ["sh", "-c", "for i in 1 2 3; do sleep 1; done"]}}, 3, [], id="a loop"),
        pytest.param({"sleep": {"seconds": 7}}, 7, [], id="sleep"),
        pytest.param({"exec": {"command": ["false"]}}, 0, ["PreStopHook failed"], id="a command that fails"),
        pytest.param(
            {"httpGet": {"port": 8080, "path": "/bye"}}, 0, ["PreStopHook failed"], id="a request that nobody answers"
        ),
        pytest.param({"exec": {"command": ["sh", "-c", "while true; do sleep 1; done"]}}, 30, [], id="one without end"),
    ],
)
def test_the_signal_comes_when_the_last_hook_is_over(
    machines: Any, hook: dict[str, Any], seconds: int, failed: list[str]
) -> None:
    machines.script("trap 'exit 0' TERM; sleep 1d & wait", lifecycle={"preStop": hook})
    machines.run(10)
    machines.delete()
    if seconds > 1:
        machines.run(seconds - 1)
        assert machines.container()["state"].get("running")
    machines.run(4)
    assert machines.said("FailedPreStopHook") == failed
    assert not machines.exists()


def stopping(
    machines: Any, hook: dict[str, Any], script: str = "trap 'exit 0' TERM; sleep 1d & wait", **more: Any
) -> Any:
    """A pod with a preStop hook that is being deleted."""
    machines.script(script, lifecycle={"preStop": hook}, **more)
    machines.run(2)
    machines.delete()
    return machines


def test_a_pre_stop_hook_does_its_work_before_the_signal(machines: Any) -> None:
    hook = {"exec": {"command": ["sh", "-c", "echo bye > /v/last; sleep 5"]}}
    mount = {"volumeMounts": [{"name": "v", "mountPath": "/v"}], "spec": {"volumes": [{"name": "v", "emptyDir": {}}]}}
    stopping(machines, hook, **mount)
    machines.run(4)
    assert machines.kubelets.commands.execute(machines.pod(), "web", ("cat", "/v/last")).stdout == "bye\n"
    assert "running" in machines.container()["state"]
    machines.run(2)
    assert not machines.exists()


def test_a_program_that_ignores_the_signal_has_two_seconds_after_a_hook_that_took_all(machines: Any) -> None:
    stopping(machines, {"sleep": {"seconds": 30}}, "trap '' TERM; while true; do sleep 1; done")
    machines.run(31.5)
    assert machines.exists()
    machines.run(1)
    assert not machines.exists()


def test_a_server_sees_the_request_of_a_hook(machines: Any) -> None:
    machines.start(lifecycle={"preStop": {"httpGet": {"port": 80, "path": "/leaving"}}})
    machines.run(2)
    uid = machines.pod()["metadata"]["uid"]
    machines.delete()
    machines.run(0)
    record = machines.kubelets.fleet.pods[uid]
    extra = [text for _, text in record.containers["web"].run.extra]
    assert any('"GET /leaving HTTP/1.1" 404' in text and '"kube-lifecycle/1.33"' in text for text in extra)
    machines.run(5)
    assert "FailedPreStopHook" not in machines.reasons()
