"""Hooks: a container counts as running when its postStart hook is over, and gets its signal when its preStop hook is.

Words follow `pkg/kubelet/lifecycle/handlers.go` and `pkg/kubelet/kuberuntime/kuberuntime_container.go` (1.33).
"""

from typing import Any

import pytest


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
        assert machines.kubelets.execute(machines.pod(), "web", ("cat", "/tmp/ready")).stdout == "ready\n"


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
