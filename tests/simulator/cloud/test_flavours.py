"""Row A30 and A28: how one gets a cluster decides what its nodes look like, and nothing of how pods behave."""

from collections.abc import Callable
from typing import Any

import pytest

from simulator.cloud.machine_types import reserved
from simulator.cluster import Cluster
from simulator.config import read_config
from simulator.config_checks import ConfigError

Make = Callable[..., Any]
GIB, MIB = 1 << 30, 1 << 20


@pytest.mark.parametrize(
    ("flavour", "more", "count", "first", "zone", "region", "type", "arch"),
    [
        pytest.param("kind", {}, 1, "kind://docker/kind/book-control-plane", "", "", "", "amd64", id="kind"),
        pytest.param("desktop", {}, 1, "", "", "", "", "amd64", id="desktop"),
        pytest.param("raspberry-pi", {}, 4, "", "", "", "raspberry-pi-5", "arm64", id="raspberry-pi"),
        pytest.param(
            "cloud",
            {"cloud": {"provider": "aws"}},
            3,
            "aws:///us-east-2a/i-0",
            "us-east-2a",
            "us-east-2",
            "m5.large",
            "amd64",
            id="aws",
        ),
        pytest.param(
            "cloud",
            {"cloud": {"provider": "google"}},
            3,
            "gce://book-project/us-central1-",
            "us-central1-",
            "us-central1",
            "e2-standard-2",
            "amd64",
            id="google",
        ),
        pytest.param(
            "cloud",
            {"cloud": {"provider": "linode"}},
            3,
            "linode://",
            "",
            "us-east",
            "g6-standard-2",
            "amd64",
            id="linode",
        ),
    ],
)
def test_flavours_differ_in_nodes_zones_types_and_provider_ids(
    make_lab: Make,
    flavour: str,
    more: dict[str, Any],
    count: int,
    first: str,
    zone: str,
    region: str,
    type: str,
    arch: str,
) -> None:
    lab = make_lab(flavour, **more)
    assert list(lab.nodes().values()) == ["Ready"] * count
    node = lab.cluster.registry.list("test", "nodes")[0]
    labels = node["metadata"]["labels"]
    assert node["spec"].get("providerID", "").startswith(first)
    assert bool(first) is ("providerID" in node["spec"])
    assert labels.get("topology.kubernetes.io/zone", "").startswith(zone)
    assert labels.get("topology.kubernetes.io/region", "") == region
    assert labels.get("node.kubernetes.io/instance-type", "") == type
    assert labels["kubernetes.io/arch"] == node["status"]["nodeInfo"]["architecture"] == arch
    assert lab.cluster.picture()["Cluster"]["rows"][0][6] == flavour


@pytest.mark.parametrize("provider", ["aws", "google", "linode"])
def test_a_managed_control_plane_works_and_is_not_seen(cloud: Make, provider: str) -> None:
    lab = cloud(provider)
    assert "control-plane" not in lab.run("kubectl get nodes")
    pods = lab.run("kubectl get pods -n kube-system -o name")
    assert "coredns" in pods
    assert "etcd" not in pods
    assert "kube-apiserver" not in pods
    lab.run("kubectl create deployment web --image=nginx:1.27 --replicas=3")
    lab.wait(20)
    assert lab.value("deploy web", "{.status.readyReplicas}") == "3"


@pytest.mark.parametrize(
    ("config", "nodes"),
    [
        pytest.param({"flavour": "desktop"}, ["docker-desktop"], id="desktop"),
        pytest.param({"flavour": "kind"}, ["kind-control-plane"], id="kind"),
    ],
)
def test_a_lone_node_takes_everybodys_pods(config: dict[str, Any], nodes: list[str]) -> None:
    cluster = Cluster.create(config)
    found = cluster.registry.list("test", "nodes")
    assert [node["metadata"]["name"] for node in found] == nodes
    assert "taints" not in found[0]["spec"]


@pytest.mark.parametrize(
    ("machine", "cpu", "memory", "arch"),
    [
        pytest.param("physical", "16", "64Gi", "amd64", id="physical"),
        pytest.param("vm", "2", "4Gi", "amd64", id="vm"),
        pytest.param("m5.xlarge", "4", "16Gi", "amd64", id="cloud instance"),
        pytest.param("raspberry-pi-4", "4", "4Gi", "arm64", id="raspberry"),
    ],
)
def test_the_same_pod_runs_on_every_kind_of_machine(
    make_lab: Make, machine: str, cpu: str, memory: str, arch: str
) -> None:
    lab = make_lab(nodes=[{"role": "control-plane"}, {"role": "worker", "machine": machine}])
    node = "node/book-worker"
    assert lab.value(node, "{.metadata.labels.node\\.kubernetes\\.io/instance-type}") == machine
    assert lab.value(node, "{.metadata.labels.kubernetes\\.io/arch}") == arch
    assert lab.value(node, "{.status.capacity.cpu} {.status.capacity.memory}") == f"{cpu} {memory}"
    lab.run("kubectl run web --image=nginx:1.27")
    lab.wait(15)
    assert lab.value("pod web", "{.status.phase} {.spec.nodeName}") == "Running book-worker"


@pytest.mark.parametrize(
    ("provider", "cpu_milli", "memory", "pods", "kept"),
    [
        pytest.param("aws", 2_000, 8 * GIB, 29, (70, (255 + 11 * 29 + 100) * MIB), id="m5.large"),
        pytest.param("google", 4_000, 16 * GIB, 110, (80, 2_662 * MIB + 100 * MIB + 419_430), id="e2-standard-4"),
        pytest.param("linode", 2_000, 4 * GIB, 110, (0, 100 * MIB), id="g6-standard-2"),
        pytest.param("", 4_000, 8 * GIB, 110, (0, 0), id="kind"),
    ],
)
def test_managed_nodes_keep_a_part_for_themselves(
    provider: str, cpu_milli: int, memory: int, pods: int, kept: tuple[int, int]
) -> None:
    cpu, bytes_ = reserved(provider, cpu_milli=cpu_milli, memory=memory, pods=pods)
    assert cpu == kept[0]
    assert abs(bytes_ - kept[1]) < MIB


@pytest.mark.parametrize(
    ("config", "said"),
    [
        pytest.param(
            {"flavour": "moon"},
            "flavour: found moon, wanted one of kind, desktop, cloud, raspberry-pi",
            id="flavour",
        ),
        pytest.param(
            {"nodeGroups": [{"size": 2}]},
            "nodeGroups: found a list of 1, wanted `flavour: cloud` beside it",
            id="groups",
        ),
        pytest.param(
            {"flavour": "cloud", "nodeGroups": [{"machine": "e2-medium"}]},
            "nodeGroups[0].machine: found e2-medium",
            id="sold",
        ),
        pytest.param(
            {"flavour": "cloud", "nodes": [{"role": "worker"}]},
            "nodes[0]: found 'a worker in a managed cluster', wanted nodeGroups instead of nodes",
            id="own machine",
        ),
        pytest.param(
            {"nodes": [{"role": "control-plane", "os": "windows"}]},
            "nodes[0].os: found windows, wanted linux: the control plane runs on Linux only",
            id="windows control plane",
        ),
    ],
)
def test_a_flavour_that_cannot_be_is_refused_with_its_field(config: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_config(config)
    assert str(refused.value).replace("'", "").startswith(said.replace("'", ""))


@pytest.mark.parametrize("flavour", ["kind", "desktop", "raspberry-pi", "cloud"])
def test_a_configuration_written_down_reads_back_as_itself(flavour: str) -> None:
    config = read_config({"name": "book", "flavour": flavour})
    assert read_config(config.dump()) == config


@pytest.mark.parametrize(
    ("flavour", "more", "classes", "is_given", "zone"),
    [
        pytest.param("kind", {}, {"standard"}, False, "", id="kind"),
        pytest.param("desktop", {}, {"hostpath"}, False, "", id="desktop"),
        pytest.param("cloud", {"cloud": {"provider": "aws"}}, {"gp3"}, True, "us-east-2a", id="aws"),
        pytest.param(
            "cloud",
            {"cloud": {"provider": "google"}},
            {"standard-rwo", "premium-rwo"},
            True,
            "us-central1-",
            id="google",
        ),
        pytest.param(
            "cloud",
            {"cloud": {"provider": "linode"}},
            {"linode-block-storage", "linode-block-storage-retain"},
            True,
            "",
            id="linode",
        ),
    ],
)
def test_flavours_differ_in_storage_classes_addresses_and_zones(
    make_lab: Make, flavour: str, more: dict[str, Any], classes: set[str], is_given: bool, zone: str
) -> None:
    lab = make_lab(flavour, **more)
    assert set(lab.value("storageclasses", "{.items[*].metadata.name}").split()) == classes
    lab.run("kubectl create deployment web --image=nginx:1.27 --port=80")
    lab.run("kubectl expose deployment web --type=LoadBalancer --port=80")
    lab.wait(180)
    address = lab.run("kubectl get service web --no-headers").split()[3]
    assert (address != "<pending>") is is_given
    node = next(iter(lab.nodes()))
    assert lab.value(f"node {node}", "{.metadata.labels.topology\\.kubernetes\\.io/zone}").startswith(zone)
