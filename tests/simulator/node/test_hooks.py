"""postStart hooks: a container counts as running when its hook is over."""

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
    "hook",
    [
        pytest.param({"exec": {"command": ["false"]}}, id="a status"),
        pytest.param({"exec": {"command": ["nonsense"]}}, id="no such program"),
        pytest.param({"httpGet": {"port": 8080, "path": "/"}}, id="nobody listens"),
    ],
)
def test_a_hook_that_fails_kills_its_container(machines: Any, hook: dict[str, Any]) -> None:
    machines.script("trap 'exit 0' TERM; sleep 1d & wait", lifecycle={"postStart": hook})
    machines.run(5)
    assert machines.reasons()[:6] == ["Pulling", "Pulled", "Created", "Started", "FailedPostStartHook", "Killing"]
    assert machines.said("FailedPostStartHook") == ["PostStartHook failed"]
    assert machines.said("Killing")[0] == "FailedPostStartHook"
    machines.run(40)
    assert machines.container()["restartCount"] >= 1
