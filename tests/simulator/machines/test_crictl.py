"""`crictl` on a machine: what runs there is seen when no API server answers. Tables of cri-tools 1.33."""

from typing import Any

import pytest

from simulator.cluster import Cluster
from simulator.kubeadm.crictl import _duration, _size

PLANE = "docker exec kind-control-plane"
MANIFEST = "/etc/kubernetes/manifests/kube-apiserver.yaml"


class Lab:
    def __init__(self) -> None:
        self.cluster = Cluster.create(profile="instant")

    def shell(self, line: str) -> str:
        reply = self.cluster.apply({"kind": "shell", "line": line, "stdin": ""})
        return str(reply["stdout"]) + str(reply["stderr"])

    def run(self, seconds: float) -> None:
        until = self.cluster.now + int(seconds * 1e6)
        while not self.cluster.advance(until):
            pass

    def rows(self, line: str) -> list[list[str]]:
        """Cells are at least three spaces apart."""
        return [[cell.strip() for cell in row.split("   ") if cell] for row in self.shell(line).splitlines()]


@pytest.fixture
def lab() -> Any:
    return Lab()


def test_containers_and_pods_are_seen_without_an_api_server(lab: Lab) -> None:
    before = {row[4] for row in lab.rows(f"{PLANE} crictl ps")}
    assert before >= {"NAME", "etcd", "kube-apiserver", "kube-scheduler", "kube-controller-manager", "kube-proxy"}
    lab.shell(f"{PLANE} mv {MANIFEST} /tmp/")
    lab.run(40)
    assert "was refused" in lab.shell("kubectl get nodes")
    assert "was refused" in lab.shell(f"{PLANE} kubectl get nodes")
    assert {row[4] for row in lab.rows(f"{PLANE} crictl ps")} == before - {"kube-apiserver"}
    pods = {row[3]: row[2] for row in lab.rows(f"{PLANE} crictl pods --namespace kube-system")}
    assert pods["etcd-kind-control-plane"] == "Ready"
    assert "kube-apiserver-kind-control-plane" not in pods
    lab.shell(f"{PLANE} mv /tmp/kube-apiserver.yaml {MANIFEST}")
    lab.run(60)
    assert "kind-worker3" in lab.shell(f"{PLANE} kubectl get nodes")
    assert "localhost:8080 was refused" in lab.shell("docker exec kind-worker kubectl get nodes")


def test_an_ended_instance_stays_beside_the_next_and_has_its_log(lab: Lab) -> None:
    lab.shell("kubectl run app --image=busybox:1.36 -- sh -c 'echo hello; sleep 20; exit 3'")
    lab.run(30)
    node = lab.shell("kubectl get pod app -o jsonpath='{.spec.nodeName}'")
    shown = lab.rows(f"docker exec {node} crictl ps -a --name app")[1:]
    assert [(row[3], row[5]) for row in shown] == [("Running", "1"), ("Exited", "0")]
    id = lab.shell("kubectl get pod app -o jsonpath='{.status.containerStatuses[0].containerID}'")
    assert id.removeprefix("containerd://").startswith(shown[0][0])
    assert len(lab.rows(f"docker exec {node} crictl ps --name app")) == 2
    for row in shown:
        assert lab.shell(f"docker exec {node} crictl logs {row[0]}") == "hello\n"
    lab.shell(f"docker exec {node} systemctl stop kubelet")
    assert len(lab.rows(f"docker exec {node} crictl ps --name app")) == 2, "the runtime is another program"


def test_pulled_images_lie_on_the_machine(lab: Lab) -> None:
    lab.shell("kubectl run app --image=nginx:1.27")
    lab.run(20)
    node = lab.shell("kubectl get pod app -o jsonpath='{.spec.nodeName}'")
    head, *rows = lab.rows(f"docker exec {node} crictl images")
    assert head == ["IMAGE", "TAG", "IMAGE ID", "SIZE"]
    found = {row[0]: row for row in rows}
    name, tag, id, size = found["docker.io/library/nginx"]
    assert (tag, len(id), size.endswith("MB")) == ("1.27", 13, True)
    known = lab.shell("kubectl get pod app -o jsonpath='{.status.containerStatuses[0].imageID}'")
    assert known.startswith(f"{name}@sha256:{id}")


@pytest.mark.parametrize(
    ("line", "text"),
    [
        pytest.param(
            "logs abc",
            'FATA[0000] rpc error: code = NotFound desc = an error occurred when try to find container "abc": not found\n',
            id="no container",
        ),
        pytest.param("logs", "FATA[0000] ID cannot be empty\n", id="no ID"),
        pytest.param("ps --colour", "flag provided but not defined: -colour\n", id="unknown flag"),
        pytest.param("rm abc", "crictl: wanted crictl ps, pods, images or logs CONTAINER\n", id="left out"),
    ],
)
def test_what_is_refused(lab: Lab, line: str, text: str) -> None:
    assert lab.shell(f"{PLANE} crictl {line}") == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "Less than a second"),
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "About a minute"),
        (179, "2 minutes"),
        (3600, "About an hour"),
        (5400, "2 hours"),
        (172_800, "2 days"),
        (1_209_600, "2 weeks"),
        (7_776_000, "3 months"),
        (63_072_000, "2 years"),
    ],
)
def test_how_long_ago(seconds: int, text: str) -> None:
    assert _duration(seconds * 1_000_000) == text


@pytest.mark.parametrize(("size", "text"), [(999, "999B"), (364_000, "364kB"), (58_100_000, "58.1MB"), (2e9, "2GB")])
def test_how_large(size: float, text: str) -> None:
    assert _size(size) == text
