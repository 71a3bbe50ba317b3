"""Rows A19 and R2: a cloud that makes machines in its own time, and the manager that tells Kubernetes of them."""

from collections.abc import Callable
from typing import Any

import pytest

from simulator.cloud.errors import CloudRefused
from simulator.cloud.ledger import Ledger
from simulator.cluster import Cluster

Make = Callable[..., Any]
UNINITIALIZED = "node.cloudprovider.kubernetes.io/uninitialized"


def grow(lab: Any, count: int = 1) -> list[str]:
    names: list[str] = lab.cluster.cloud.grow(lab.cloud()["groups"][0]["name"], count)
    return names


def state(lab: Any, name: str) -> str:
    return str(next(one["state"] for one in lab.cloud()["machines"] if one["name"] == name))


def test_a_machine_is_made_boots_registers_gets_a_network_and_is_ready(cloud: Make) -> None:
    lab = cloud()
    (name,) = grow(lab)
    requested = lab.cluster.now
    seen: list[tuple[str, str]] = []
    for _ in range(150):
        now = (state(lab, name), lab.nodes().get(name, ""))
        if not seen or seen[-1] != now:
            seen.append(now)
        lab.wait(1)
    assert seen == [("pending", ""), ("booting", ""), ("running", "NotReady"), ("running", "Ready")]
    node = lab.cluster.registry.get("test", "nodes", "", name)
    made = lab.cluster.engine.micros(node["metadata"]["creationTimestamp"]) - lab.cluster.zero
    assert made - requested > 50_000_000
    assert node["spec"]["providerID"] == next(
        one["providerID"] for one in lab.cloud()["machines"] if one["name"] == name
    )
    assert "Node synced successfully" in lab.run("kubectl get events --field-selector=reason=Synced")


def test_a_node_stays_uninitialized_while_the_cloud_manager_is_down(cloud: Make) -> None:
    lab = cloud()
    assert lab.fault("component-stop", "cloud-controller-manager")["ok"]
    (name,) = grow(lab)
    lab.wait(150)
    assert lab.value(f"node {name}", "{.spec.taints[*].key}") == UNINITIALIZED
    assert lab.value(f"node {name}", "{.spec.providerID}") == ""
    assert lab.fault("component-start", "cloud-controller-manager")["ok"]
    lab.wait(30)
    assert lab.value(f"node {name}", "{.spec.taints}") == ""
    assert lab.value(f"node {name}", "{.spec.providerID}").startswith("aws:///us-east-2")


def test_a_machine_that_is_lost_takes_its_node_along_and_is_replaced(cloud: Make) -> None:
    lab = cloud()
    lost = next(iter(lab.nodes()))
    assert lab.fault("cloud-machine-lost", lost)["said"] == f"The machine {lost} was lost"
    lab.wait(45)
    assert lost in lab.nodes()
    lab.wait(30)
    assert lost not in lab.nodes()
    assert f"Deleting node {lost} because it does not exist in the cloud provider" in lab.run("kubectl get events")
    lab.wait(90)
    assert list(lab.nodes().values()) == ["Ready", "Ready"]


def test_a_machine_that_is_stopped_keeps_its_node_with_a_taint(cloud: Make) -> None:
    lab = cloud()
    node = next(iter(lab.nodes()))
    lab.fault("node-power-off", node)
    lab.wait(90)
    assert "node.cloudprovider.kubernetes.io/shutdown" in lab.value(f"node {node}", "{.spec.taints[*].key}")
    lab.fault("node-power-on", node)
    lab.wait(60)
    assert lab.nodes()[node] == "Ready"
    assert lab.value(f"node {node}", "{.spec.taints}") == ""


@pytest.mark.parametrize(
    ("provider", "code", "message"),
    [
        pytest.param("aws", "VcpuLimitExceeded", "your current vCPU limit of 4 allows", id="aws"),
        pytest.param(
            "google", "QUOTA_EXCEEDED", "Quota 'CPUS' exceeded.  Limit: 4.0 in region us-central1.", id="google"
        ),
        pytest.param("linode", "LimitReached", "Account Limit reached. Please open a support ticket.", id="linode"),
    ],
)
def test_a_quota_that_is_used_up_is_told_in_the_providers_words(
    cloud: Make, provider: str, code: str, message: str
) -> None:
    lab = cloud(provider)
    assert lab.fault("cloud-quota", "cpus=4")["ok"]
    with pytest.raises(CloudRefused) as refused:
        grow(lab)
    assert refused.value.code == code
    assert message in refused.value.message
    assert lab.cloud()["quota"]["cpus"] == [4, 4]
    assert len(lab.cloud()["machines"]) == 2


def test_an_outage_makes_nothing_and_deletes_no_node_until_it_is_over(cloud: Make) -> None:
    lab = cloud()
    lab.fault("cloud-outage", "machines")
    assert lab.cloud()["outages"] == ["machines"]
    with pytest.raises(CloudRefused):
        grow(lab)
    lost = next(iter(lab.nodes()))
    lab.fault("cloud-machine-lost", lost)
    lab.wait(120)
    assert lab.nodes()[lost] == "NotReady"
    lab.fault("cloud-recovery", "machines")
    lab.wait(10)
    assert lost not in lab.nodes()


@pytest.mark.parametrize(
    ("fault", "target", "said"),
    [
        pytest.param("cloud-outage", "moon", "target: found 'moon', wanted one of machines, disks", id="service"),
        pytest.param("cloud-recovery", "disks", "target: found disks, which is working already", id="working"),
        pytest.param("cloud-quota", "cpus", "target: found 'cpus', wanted cpus=NUMBER", id="quota"),
        pytest.param("cloud-machine-lost", "x", "target: found 'x', wanted one of the machines ip-", id="machine"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(cloud: Make, fault: str, target: str, said: str) -> None:
    assert cloud().fault(fault, target)["error"]["message"].startswith(said)


def test_a_cluster_without_a_cloud_says_so(make_lab: Make) -> None:
    lab = make_lab()
    assert lab.cluster.apply({"kind": "cloud"}) == {"cloud": None, "changed": False}
    assert lab.fault("cloud-quota", "cpus=1")["error"]["message"] == (
        "fault: found a cluster without a cloud, wanted one whose configuration says `flavour: cloud`"
    )


def test_a_ledger_rents_out_up_to_its_quota_and_nothing_during_an_outage() -> None:
    ledger = Ledger("disks", quota=1)
    ledger.open("vol-1", {"size": "1Gi"})
    ledger.open("vol-1", {"size": "2Gi"})
    assert ledger.rows() == [{"id": "vol-1", "size": "1Gi"}]
    with pytest.raises(CloudRefused, match="quota of disks exceeded: 1 of 1 in use"):
        ledger.open("vol-2", {})
    ledger.is_out = True
    with pytest.raises(CloudRefused, match="the disks service is currently unavailable"):
        ledger.close("vol-1")
    ledger.is_out = False
    ledger.close("vol-1")
    assert ledger.rows() == []


@pytest.mark.parametrize("cut", [0, 20, 50, 90, 130])
def test_a_restored_cloud_has_the_same_future(cloud: Make, cut: int) -> None:
    lab = cloud("google")
    straight = lab.cluster
    grow(lab)
    lab.fault("cloud-machine-lost", next(iter(lab.nodes())))
    lab.wait(cut)
    restored = Cluster.load(straight.dump())
    for one in (straight, restored):
        while not one.advance(160_000_000):
            continue
    assert restored.state_hash() == straight.state_hash()


def test_a_settled_cloud_plans_nothing(cloud: Make) -> None:
    lab = cloud()
    lab.wait(120)
    before = lab.cluster.ev
    lab.wait(3_000)
    assert lab.cluster.ev == before
