"""A machine is told to go down from its own shell; its kubelet's file says how much time the pods have."""

import pytest

from tests.simulator.machines.conftest import CONTROL_PLANE, WORKER, Lab

FILE = "/var/lib/kubelet/config.yaml"
MESSAGE = "Pod was terminated in response to imminent node shutdown."


@pytest.fixture
def lab() -> Lab:
    return Lab({"nodes": [{"role": "control-plane"}, {"role": "worker"}, {"role": "worker"}]})


def configure(lab: Lab, machine: str, text: str) -> None:
    lab.shell(f"docker exec -i {machine} sh -c 'cat > /tmp/x'", text)
    changed = lab.on(machine, f"cat {FILE}").replace("shutdownGracePeriod: 0s\n", text)
    lab.cluster.apply({"kind": "write-host-file", "node": machine, "path": FILE, "text": changed})
    lab.on(machine, "systemctl restart kubelet")


def test_the_kubelets_file_is_there_and_read_when_it_starts(lab: Lab) -> None:
    assert "shutdownGracePeriod: 0s\n" in lab.on(WORKER, f"cat {FILE}")
    assert lab.on(WORKER, "ls /var/lib/kubelet") == "config.yaml\n"
    configure(lab, WORKER, "shutdownGracePeriod: 20s\n")
    assert lab.cluster.kubelets.fleet.nodes[WORKER].config == {"shutdown": [[0, 20], [2_000_000_000, 0]]}


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("systemctl poweroff", id="systemctl poweroff"),
        pytest.param("shutdown -h now", id="shutdown now"),
        pytest.param("poweroff", id="poweroff"),
    ],
)
def test_pods_of_a_deployment_move_on_before_the_machine_is_off(lab: Lab, line: str) -> None:
    configure(lab, WORKER, "shutdownGracePeriod: 20s\n")
    lab.said("kubectl create deployment web --image=nginx:1.27 --replicas=4")
    lab.run(30)
    lab.on(WORKER, line)
    lab.run(8)
    pods = [
        one for one in lab.cluster.registry.store.table("pods").values() if one["metadata"].get("labels", {}).get("app")
    ]
    ended = [one for one in pods if one["status"]["phase"] == "Failed"]
    assert {one["spec"]["nodeName"] for one in ended} == {WORKER}
    assert {(one["status"]["reason"], one["status"]["message"]) for one in ended} == {("Terminated", MESSAGE)}
    assert sum(one["status"]["phase"] == "Running" for one in pods) == 4
    assert "is not running" in lab.refused(f"docker exec {WORKER} hostname")


def test_a_reboot_brings_the_machine_and_its_static_pods_back(lab: Lab) -> None:
    configure(lab, CONTROL_PLANE, "shutdownGracePeriod: 20s\n")
    lab.run(5)
    lab.on(CONTROL_PLANE, "systemctl reboot")
    lab.run(10)
    lab.restore()
    lab.run(60)
    assert "Ready" in lab.said(f"kubectl get node {CONTROL_PLANE}")
    server = lab.get("pods", f"kube-apiserver-{CONTROL_PLANE}", "kube-system")
    assert server is not None
    assert server["status"]["phase"] == "Running"
    assert server["status"]["containerStatuses"][0]["restartCount"] == 1


def test_a_kubelet_with_a_file_that_it_cannot_use_does_not_start(lab: Lab) -> None:
    configure(lab, WORKER, "shutdownGracePeriod: 200ms\n")
    assert lab.shell(f"docker exec {WORKER} systemctl is-active kubelet")["stdout"] == "activating\n"
    status = lab.shell(f"docker exec {WORKER} systemctl status kubelet")
    assert "Active: activating (auto-restart) (Result: exit-code)" in status["stdout"]
    assert "shutdownGracePeriod {200ms} must be either zero or otherwise >= 1 sec" in status["stdout"]
    lab.run(60)
    assert "NotReady" in lab.said(f"kubectl get node {WORKER}")
    text = lab.on(WORKER, f"cat {FILE}").replace("200ms", "2s")
    lab.cluster.apply({"kind": "write-host-file", "node": WORKER, "path": FILE, "text": text})
    lab.run(15)
    assert lab.on(WORKER, "systemctl is-active kubelet") == "active\n"
    assert "NotReady" not in lab.said(f"kubectl get node {WORKER}")
    lab.on(WORKER, f"rm {FILE}")
    lab.on(WORKER, "systemctl restart kubelet")
    status = lab.shell(f"docker exec {WORKER} systemctl status kubelet")
    assert f"open {FILE}: no such file or directory" in status["stdout"]


def test_a_fault_shuts_a_node_down(lab: Lab) -> None:
    said = lab.cluster.apply({"kind": "fault", "fault": "node-shutdown", "target": WORKER})
    assert said["said"] == f"{WORKER} was told to shut down"
    lab.run(2)
    assert not lab.cluster.kubelets.is_powered(WORKER)
    lab.cluster.apply({"kind": "fault", "fault": "node-power-on", "target": WORKER})
    lab.run(60)
    said = lab.cluster.apply({"kind": "fault", "fault": "node-reboot", "target": WORKER})
    assert said["said"] == f"{WORKER} was told to reboot"
    lab.run(60)
    assert "NotReady" not in lab.said(f"kubectl get node {WORKER}")
