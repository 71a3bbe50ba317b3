"""node-driver-registrar and the kubelet's node info manager: what a node says of the driver that runs on it."""

from typing import Any

import pytest

from simulator.node.csi_registration import CsiRegistration
from tests.proof.follows import follows
from tests.simulator.lab_builders import Lab, managed_lab

Obj = dict[str, Any]
MANAGER = "pkg/volume/csi/nodeinfomanager/nodeinfomanager_test.go"
SOURCE = "pkg/volume/csi/nodeinfomanager/nodeinfomanager.go"


def a_lab() -> tuple[Lab, str]:
    lab = managed_lab("aws", {"size": 1})
    lab.wait(60)
    return lab, next(iter(lab.nodes()))


def drivers(lab: Lab, node: str) -> list[Obj]:
    found: list[Obj] = lab.cluster.registry.get("test", "csinodes.storage.k8s.io", "", node)["spec"]["drivers"]
    return found


def ebs(node: str, **other: Any) -> Obj:
    key = "topology.kubernetes.io/zone"
    return {"name": "ebs.csi.aws.com", "nodeID": node, "topologyKeys": [key], "allocatable": {"count": 25}, **other}


def test_a_node_of_a_cloud_tells_of_its_driver() -> None:
    lab, node = a_lab()
    assert drivers(lab, node) == [ebs(node)]
    (owner,) = lab.cluster.registry.get("test", "csinodes.storage.k8s.io", "", node)["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"]) == ("Node", node)
    mark = r"{.metadata.annotations.csi\.volume\.kubernetes\.io/nodeid}"
    assert lab.value(f"node {node}", mark) == f'{{"ebs.csi.aws.com":"{node}"}}'


@follows("node-driver-registrar", f"{MANAGER}: TestInstallCSIDriver", f"{SOURCE}: installDriverToCSINode")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(None, ["ebs"], id="no CSINode yet"),
        pytest.param([], ["ebs"], id="no driver yet"),
        pytest.param(
            [{"name": "other.example", "nodeID": "x"}], ["other.example", "ebs"], id="another driver, which stays"
        ),
        pytest.param(["ebs"], ["ebs"], id="the same driver"),
        pytest.param([{"nodeID": "old"}], ["ebs"], id="the same driver with another node id"),
        pytest.param([{"topologyKeys": ["old"]}], ["ebs"], id="the same driver with another topology"),
        pytest.param([{"allocatable": {"count": 1}}], ["ebs"], id="the same driver with another limit"),
    ],
)
def test_a_driver_registers(before: list[Any] | None, after: list[str]) -> None:
    lab, node = a_lab()
    client = lab.cluster.kubelets.fleet.client(node)
    known = client.get("csinodes.storage.k8s.io", "", node)
    if before is None:
        client.delete("csinodes.storage.k8s.io", "", node)
    else:
        there = [ebs(node) if one == "ebs" else ebs(node, **one) for one in before]
        lab.cluster.registry.update("test", "csinodes.storage.k8s.io", {**known, "spec": {"drivers": there}})
    registration: CsiRegistration = lab.cluster.kubelets.volumes.driver
    registration.register(lab.cluster.kubelets.fleet.nodes[node])
    wanted = [ebs(node) if one == "ebs" else ebs(node, name=one, nodeID="x") for one in after]
    assert drivers(lab, node) == wanted
