"""Names of services, headless services, pods and the outside, by each pod's own search list."""

from typing import Any

import pytest

from simulator.network.dns import hosts_file, resolver_of


def answer(town: Any, name: str, namespace: str = "default") -> tuple[str, tuple[str, ...]]:
    found, _ = town.network().resolve(town.client(namespace=namespace), name)
    assert found is not None
    return found.name, found.addresses


@pytest.mark.parametrize(
    ("name", "namespace", "addresses"),
    [
        pytest.param("web", "default", ("10.96.1.1",), id="short name in its namespace"),
        pytest.param("web", "other", (), id="short name elsewhere"),
        pytest.param("web.default", "other", ("10.96.1.1",), id="name and namespace"),
        pytest.param("web.default.svc.cluster.local", "other", ("10.96.1.1",), id="full name"),
        pytest.param("web.default.svc.cluster.local.", "other", ("10.96.1.1",), id="full name with a dot"),
        pytest.param("db", "default", ("10.244.2.0", "10.244.2.1"), id="headless: every ready pod"),
        pytest.param("db-1.db", "default", ("10.244.2.1",), id="one pod of a headless service"),
        pytest.param("outside", "default", ("23.215.0.136",), id="ExternalName"),
        pytest.param("10-244-2-1.default.pod.cluster.local", "default", ("10.244.2.1",), id="a pod by its address"),
        pytest.param("example.com", "default", ("23.215.0.136",), id="the world outside"),
    ],
)
def test_a_name(town: Any, name: str, namespace: str, addresses: tuple[str, ...]) -> None:
    town.service("web", "10.96.1.1")
    for index in range(2):
        town.pod(f"db-{index}", f"10.244.2.{index}")
    town.service("db", "None")
    town.endpoints("db", "10.244.2.0", "10.244.2.1", hostnames=True)
    town.service("outside", "", type="ExternalName", externalName="example.com")
    assert answer(town, name, namespace)[1] == addresses


def test_short_names_go_through_the_search_list_first(town: Any) -> None:
    found, _ = town.network().resolve(town.client(namespace="shop"), "db.default")
    assert found.tried == (
        "db.default.shop.svc.cluster.local",
        "db.default.svc.cluster.local",
        "db.default.cluster.local",
        "db.default",
    )


def test_pods_that_are_not_ready_have_no_record(town: Any) -> None:
    town.pod("db-0", "10.244.2.0")
    town.service("db", "None")
    town.endpoints("db", "10.244.2.0", conditions={"ready": False})
    assert answer(town, "db")[1] == ()


def test_resolv_conf_of_an_ordinary_pod(town: Any) -> None:
    text = resolver_of(town.client(namespace="shop").pod, "10.96.0.10").text
    assert (
        text
        == "search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n"
    )


def test_a_pod_on_the_host_network_asks_the_machines_server(town: Any) -> None:
    assert resolver_of(town.client(hostNetwork=True).pod, "10.96.0.10").nameserver == "172.18.0.1"


def test_a_pod_on_the_network_of_its_machine_has_the_hosts_file_of_the_machine() -> None:
    aliases = [{"ip": "10.0.0.9", "hostnames": ["db", "db.local"]}]
    spec = {"hostNetwork": True, "nodeName": "kind-worker", "hostAliases": aliases}
    lines = hosts_file({"metadata": {"name": "web", "namespace": "default"}, "spec": spec}, "172.18.0.3").splitlines()
    assert lines[0] == "# Kubernetes-managed hosts file (host network)."
    assert lines[-4:] == ["172.18.0.3\tkind-worker", "", "# Entries added by HostAliases.", "10.0.0.9\tdb\tdb.local"]
