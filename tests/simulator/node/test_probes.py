"""Startup, liveness and readiness probes: thresholds, words, consequences, and silence once nothing can change."""

from typing import Any

import pytest

from tests.proof.follows import follows


def test_a_pod_without_probes_is_ready_as_soon_as_it_runs(machines: Any) -> None:
    machines.start()
    machines.run(0)
    assert machines.container()["ready"] is True


def test_readiness_keeps_a_slow_pod_out_until_it_listens(machines: Any) -> None:
    machines.start(
        image="drydock/slow:1.0", readinessProbe={"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 5}
    )
    machines.run(19)
    assert (machines.container()["ready"], machines.condition("Ready")["status"]) == (False, "False")
    refused = 'Readiness probe failed: Get "http://10.244.0.2:8080/healthz": dial tcp 10.244.0.2:8080: connect: connection refused'
    assert ("Unhealthy", refused, 4) in machines.events()
    machines.run(2)
    assert (machines.container()["ready"], machines.condition("Ready")["status"]) == (True, "True")


def test_the_liveness_example_of_the_documentation(machines: Any) -> None:
    """https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/"""
    probe = {"exec": {"command": ["cat", "/tmp/healthy"]}, "initialDelaySeconds": 5, "periodSeconds": 5}
    machines.script("touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600", livenessProbe=probe)
    machines.run(29)
    assert "Unhealthy" not in machines.reasons()
    machines.run(12)
    assert (
        "Unhealthy",
        "Liveness probe failed: cat: can't open '/tmp/healthy': No such file or directory",
        3,
    ) in machines.events()
    assert machines.said("Killing") == ["Container web failed liveness probe, will be restarted"]
    assert machines.container()["restartCount"] == 0
    machines.run(31)
    assert machines.container()["restartCount"] == 1


def test_a_liveness_probe_sees_the_server_turn_bad(machines: Any) -> None:
    probe = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 3, "failureThreshold": 2}
    machines.start(image="drydock/fragile:1.0", livenessProbe=probe)
    machines.run(29)
    assert machines.reasons().count("Unhealthy") == 0
    machines.run(6)
    assert ("Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 500", 2) in machines.events()
    assert machines.container()["restartCount"] == 1


def test_a_startup_probe_holds_the_others_back(machines: Any) -> None:
    get = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 10}
    machines.start(
        image="drydock/slow:1.0",
        startupProbe={**get, "failureThreshold": 3},
        livenessProbe={**get, "failureThreshold": 1},
    )
    machines.run(15)
    assert (machines.container()["started"], machines.container()["ready"]) == (False, False)
    machines.run(10)
    assert (machines.container()["started"], machines.container()["ready"], machines.container()["restartCount"]) == (
        True,
        True,
        0,
    )


def test_a_startup_probe_that_never_succeeds_restarts_the_container(machines: Any) -> None:
    machines.start(startupProbe={"tcpSocket": {"port": 81}, "periodSeconds": 1, "failureThreshold": 3})
    machines.run(3)
    assert machines.said("Killing") == ["Container web failed startup probe, will be restarted"]
    refused = "Startup probe failed: dial tcp 10.244.0.2:81: connect: connection refused"
    assert machines.said("Unhealthy") == [refused]


@follows("Probes", "pkg/probe/http/http.go", "pkg/probe/tcp/tcp.go", "pkg/probe/grpc/grpc.go", "pkg/probe/exec/exec.go")
@pytest.mark.parametrize(
    ("probe", "text"),
    [
        pytest.param(
            {"httpGet": {"path": "/nope", "port": 80}},
            "Readiness probe failed: HTTP probe failed with statuscode: 404",
            id="http status",
        ),
        pytest.param(
            {"tcpSocket": {"port": 81}},
            "Readiness probe failed: dial tcp 10.244.0.2:81: connect: connection refused",
            id="closed port",
        ),
        pytest.param(
            {"grpc": {"port": 9000}},
            'Readiness probe failed: timeout: failed to connect service "10.244.0.2:9000" within 1s: context deadline exceeded',
            id="grpc",
        ),
        pytest.param({"exec": {"command": ["false"]}}, "Readiness probe failed: ", id="exec"),
    ],
)
def test_what_a_failed_probe_says(machines: Any, probe: dict[str, Any], text: str) -> None:
    machines.start(readinessProbe={**probe, "initialDelaySeconds": 1, "periodSeconds": 2})
    machines.run(3)
    assert machines.said("Unhealthy") == [text]
    assert machines.container()["ready"] is False


def test_a_named_port_is_looked_up_in_the_container(machines: Any) -> None:
    machines.start(ports=[{"name": "http", "containerPort": 80}], readinessProbe={"httpGet": {"port": "http"}})
    machines.run(12)
    assert machines.container()["ready"] is True


def test_a_database_is_asked_by_its_own_client(machines: Any) -> None:
    env = [{"name": "POSTGRES_PASSWORD", "value": "x"}]
    machines.start(
        image="postgres:16",
        env=env,
        readinessProbe={"exec": {"command": ["pg_isready", "-U", "postgres"]}, "periodSeconds": 1},
    )
    machines.run(1)
    assert machines.container()["ready"] is False
    machines.run(3)
    assert machines.container()["ready"] is True


def test_probes_that_cannot_change_plan_nothing(machines: Any) -> None:
    get = {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 1}
    machines.start(livenessProbe=get, readinessProbe=get)
    machines.run(120)
    assert machines.container()["ready"] is True
    due = machines.engine.peek()
    assert due is None or due - machines.engine.now > 600_000_000


def test_a_command_that_takes_too_long_is_told_with_its_timeout(machines: Any) -> None:
    command = ["sh", "-c", "sleep 10"]
    probe = {"exec": {"command": command}, "initialDelaySeconds": 1, "periodSeconds": 2, "timeoutSeconds": 2}
    machines.start(readinessProbe=probe)
    machines.run(3)
    assert machines.said("Unhealthy") == [
        'Readiness probe failed: command timed out: "sh -c sleep 10" timed out after 2s'
    ]
