"""Rows A6 and A22: one more machine, and which it may be; images that were built for another kind of machine."""

from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]


def join(lab: Any, **node: Any) -> dict[str, Any]:
    reply: dict[str, Any] = lab.cluster.apply({"kind": "join", "node": node})
    return reply


def test_a_joined_machine_registers_becomes_ready_and_takes_pending_pods(make_lab: Make) -> None:
    lab = make_lab(nodes=[{"role": "control-plane"}, {"role": "worker", "cpu": "1"}])
    lab.run("kubectl create deployment web --image=nginx:1.27 --replicas=4")
    lab.run("kubectl set resources deployment web --requests=cpu=600m")
    lab.wait(20)
    assert lab.run("kubectl get pods --field-selector=status.phase=Pending -o name").count("pod/") > 0

    assert join(lab, cpu="4") == {"ok": True, "name": "book-worker2", "changed": True}

    lab.wait(5)
    assert "book-worker2" not in lab.nodes()
    for _ in range(20):
        lab.wait(1)
        if "book-worker2" in lab.nodes():
            break
    assert lab.nodes()["book-worker2"] == "NotReady"
    lab.wait(30)
    assert lab.nodes()["book-worker2"] == "Ready"
    assert lab.value("node book-worker2", "{.status.capacity.cpu}") == "4"
    assert lab.value("deploy web", "{.status.readyReplicas}") == "4"
    assert "to book-worker2" in lab.run("kubectl get events --field-selector=reason=Scheduled")


@pytest.mark.parametrize(
    ("node", "said"),
    [
        pytest.param(
            {"role": "control-plane", "os": "windows"},
            "node.os: found 'windows', wanted linux: the control plane runs on Linux only",
            id="windows control plane",
        ),
        pytest.param(
            {"name": "book-control-plane"},
            "node.name: found 'book-control-plane', wanted a name that no machine has yet",
            id="taken",
        ),
        pytest.param(
            {"speed": 3}, "node: found the unknown field 'speed', wanted one of role, name", id="unknown field"
        ),
    ],
)
def test_a_machine_that_cannot_join_is_refused_with_a_reason(make_lab: Make, node: dict[str, Any], said: str) -> None:
    lab = make_lab(nodes=[{"role": "control-plane"}, {"role": "worker"}])
    reply = join(lab, **node)
    assert reply["error"]["message"].startswith(said)
    assert reply["changed"] is False


def test_a_managed_cluster_takes_no_machine_of_ones_own(cloud: Make) -> None:
    reply = join(cloud(), name="mine")
    assert reply["error"]["message"] == (
        "node: found a machine of one's own, wanted a larger node group: a managed cluster takes no other machines"
    )


def test_a_windows_node_runs_windows_images_and_says_so_to_others(make_lab: Make) -> None:
    lab = make_lab(nodes=[{"role": "control-plane"}, {"role": "worker", "os": "windows"}])
    assert lab.value("node book-worker", "{.metadata.labels.kubernetes\\.io/os}") == "windows"
    assert lab.value("node book-worker", "{.status.nodeInfo.osImage}") == "Windows Server 2022 Datacenter"
    lab.run("kubectl run web --image=nginx:1.27")
    lab.run("kubectl run iis --image=mcr.microsoft.com/windows/servercore/iis:windowsservercore-ltsc2022")
    lab.wait(200)
    assert lab.value("pod iis", "{.status.phase}") == "Running"
    assert lab.value("pod web", "{.status.containerStatuses[0].state.waiting.reason}") in (
        "ErrImagePull",
        "ImagePullBackOff",
    )
    assert (
        'Failed to pull image "nginx:1.27": rpc error: code = NotFound desc = failed to pull and unpack image '
        '"docker.io/library/nginx:1.27": no match for platform in manifest: not found'
    ) in lab.run("kubectl get events")
    assert lab.value("ds kube-proxy -n kube-system", "{.status.desiredNumberScheduled}") == "1"


@pytest.mark.parametrize(
    ("image", "phase"),
    [
        pytest.param("nginx:1.27", "Running", id="built for both"),
        pytest.param("mysql:5.7", "Pending", id="amd64 only"),
    ],
)
def test_a_raspberry_pi_runs_what_was_built_for_arm(make_lab: Make, image: str, phase: str) -> None:
    lab = make_lab("raspberry-pi")
    lab.run(f"kubectl run app --image={image} --env=MYSQL_ROOT_PASSWORD=x")
    lab.wait(30)
    assert lab.value("pod app", "{.status.phase}") == phase
