"""Graceful termination, forced deletion, and the last status of a pod."""

from typing import Any

import pytest


def test_a_server_that_heeds_sigterm_is_gone_at_once(machines: Any) -> None:
    machines.start()
    machines.run(1)
    machines.delete()
    machines.run(1)
    assert not machines.exists()
    assert machines.said("Killing") == ["Stopping container web"]


def test_a_process_that_ignores_sigterm_lives_as_long_as_the_grace_period(machines: Any) -> None:
    machines.script("sleep 1d")
    machines.run(1)
    machines.delete()
    machines.run(29)
    assert machines.exists()
    assert machines.container()["state"].keys() == {"running"}
    machines.run(2)
    assert not machines.exists()


@pytest.mark.parametrize(
    ("grace", "alive_for"),
    [pytest.param(5, 4, id="five seconds"), pytest.param(1, 1, id="one second is rounded up to two")],
)
def test_the_deletion_may_shorten_the_grace_period(machines: Any, grace: int, alive_for: int) -> None:
    machines.script("sleep 1d")
    machines.run(1)
    machines.delete(grace_s=grace)
    machines.run(alive_for)
    assert machines.exists()
    machines.run(2)
    assert not machines.exists()


def test_a_second_deletion_can_only_hurry(machines: Any) -> None:
    machines.script("sleep 1d")
    machines.run(1)
    machines.delete()
    machines.run(5)
    machines.delete(grace_s=3)
    machines.run(4)
    assert not machines.exists()


def test_pre_stop_takes_its_time_before_sigterm(machines: Any) -> None:
    machines.start(lifecycle={"preStop": {"exec": {"command": ["sh", "-c", "sleep 10"]}}})
    machines.run(1)
    machines.delete()
    machines.run(9)
    assert machines.exists()
    machines.run(2)
    assert not machines.exists()


def test_a_forced_deletion_leaves_the_containers_two_seconds(machines: Any) -> None:
    machines.script("sleep 1d")
    machines.run(1)
    uid = machines.pod()["metadata"]["uid"]
    machines.delete(grace_s=0)
    assert not machines.exists()
    machines.run(1)
    assert uid in machines.kubelets.fleet.pods
    machines.run(2)
    assert uid not in machines.kubelets.fleet.pods
    assert machines.kubelets.fleet.nodes["node-0"].active == 0


@pytest.mark.parametrize(
    ("script", "phase", "code"),
    [
        pytest.param("trap 'exit 0' TERM; sleep 1d & wait", "Succeeded", 0, id="a clean end is a success"),
        pytest.param("sleep 1d", "Failed", 137, id="a killed process is a failure"),
    ],
)
def test_the_last_status_says_how_it_ended(machines: Any, script: str, phase: str, code: int) -> None:
    machines.script(script)
    machines.run(1)
    machines.delete(grace_s=3)
    machines.run(10)
    last = [row.new or row.old for row in machines.registry.store.log if row.resource == "pods"][-1]["status"]
    assert last["phase"] == phase
    assert last["containerStatuses"][0]["state"]["terminated"]["exitCode"] == code
    ready = next(one for one in last["conditions"] if one["type"] == "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "PodCompleted" if phase == "Succeeded" else "PodFailed")


def test_a_pod_that_never_started_is_deleted_without_waiting(machines: Any) -> None:
    machines.start(image="nginx:1.99")
    machines.run(1)
    machines.delete()
    machines.run(0)
    assert not machines.exists()


def test_a_finished_pod_is_deleted_at_once(machines: Any) -> None:
    machines.script("exit 0", spec={"restartPolicy": "Never"})
    machines.run(3)
    assert machines.condition("PodReadyToStartContainers")["status"] == "False"
    machines.delete()
    machines.run(0)
    assert not machines.exists()


def test_nothing_is_left_of_a_deleted_pod(machines: Any) -> None:
    machines.start()
    machines.run(1)
    machines.delete()
    machines.run(5)
    node = machines.kubelets.fleet.nodes["node-0"]
    assert (machines.kubelets.fleet.pods, node.pods, node.addresses, node.cpu_milli, node.active) == ({}, {}, {}, 0, 0)
