"""Which namespaces of the kernel the containers of a pod share (kubernetes.io/docs/concepts/workloads/pods/)."""

from typing import Any

import pytest

from simulator.cluster import Cluster
from simulator.pod_sandbox import HOST, OWN, POD, sandbox

NETWORK, NAME, QUEUES, PROCESSES, FILES = range(5)


def pod(**spec: Any) -> dict[str, Any]:
    containers = [{"name": "a"}, {"name": "b"}]
    status = {"podIP": "10.244.1.7"}
    return {
        "metadata": {"name": "web"},
        "spec": {"containers": containers, "nodeName": "worker", **spec},
        "status": status,
    }


@pytest.mark.parametrize(
    ("spec", "row", "whose", "means"),
    [
        pytest.param({}, NETWORK, POD, "the address 10.244.1.7; they reach each other", id="one network for all"),
        pytest.param({"hostNetwork": True}, NETWORK, HOST, "which is the node's", id="the network of the machine"),
        pytest.param({}, NAME, POD, "web", id="the host name is the pod's name"),
        pytest.param({"hostname": "shop"}, NAME, POD, "shop", id="or what it asks for"),
        pytest.param({"hostNetwork": True}, NAME, HOST, "worker", id="the name of the machine"),
        pytest.param({}, QUEUES, POD, "semaphores", id="one ipc for all"),
        pytest.param({"hostIPC": True}, QUEUES, HOST, "semaphores", id="the ipc of the machine"),
        pytest.param({}, PROCESSES, OWN, "process 1 is the container's own", id="processes apart"),
        pytest.param({"shareProcessNamespace": True}, PROCESSES, POD, "pause", id="processes together"),
        pytest.param({"hostPID": True}, PROCESSES, HOST, "every process of the node", id="processes of the machine"),
        pytest.param({}, FILES, OWN, "no volume in common", id="files apart"),
    ],
)
def test_each_view_says_whose_it_is(spec: dict[str, Any], row: int, whose: str, means: str) -> None:
    told = sandbox(pod(**spec))[row]
    assert told[1] == whose
    assert means in told[2]


def test_volumes_that_two_containers_mount_are_named() -> None:
    containers = [{"name": name, "volumeMounts": [{"name": "cache"}]} for name in ("a", "b")]
    told = sandbox(pod(containers=containers, volumes=[{"name": "cache"}, {"name": "logs"}]))
    assert told[FILES] == ["Files (mnt)", OWN, "but volumes in common: cache"]


def test_the_inspector_has_it_for_pods_only() -> None:
    sim = Cluster.create({})
    sim.apply({"kind": "shell", "line": "kubectl run web --image=nginx"})
    assert (
        sim.apply({"kind": "inspect", "resource": "pods", "namespace": "default", "name": "web"})["sandbox"][NETWORK][1]
        == POD
    )
    assert "sandbox" not in sim.apply({"kind": "inspect", "resource": "namespaces", "name": "default"})
