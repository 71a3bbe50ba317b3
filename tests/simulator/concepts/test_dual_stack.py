"""Two address families: nodes, pods and Services with both, one slice for each, and the refusals of a cluster with one."""

from typing import Any

import pytest

from simulator.cluster import Cluster
from simulator.node.addresses import first_address, second_address, second_cidr
from tests.simulator.concepts.conftest import Lab


def service(**spec: str) -> str:
    more = "".join(f"{key}: {value}, " for key, value in spec.items())
    return f"apiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec: {{{more}selector: {{run: one}}, ports: [{{port: 80}}]}}\n"


@pytest.fixture
def both() -> Lab:
    nodes = [{"role": "control-plane"}, {"role": "worker", "count": 2}]
    lab = Lab(Cluster.create({"name": "book", "nodes": nodes, "networking": {"ipFamily": "dual"}}))
    lab.pin("one", "book-worker")
    lab.run("kubectl run jump --image=busybox:1.36 -- sleep 36000")
    lab.wait(20)
    return lab


def path(lab: Any, host: str, source: Any = None) -> dict[str, Any]:
    command = {"kind": "request-path", "from": source or {"pod": "default/jump"}, "host": host, "port": 80}
    return dict(lab.cluster.apply(command))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("10.244.3.7", "fd00:10:244:3::7", id="a pod"),
        pytest.param("10.244.0.2", "fd00:10:244::2", id="a pod of the first node"),
        pytest.param("172.18.0.4", "fc00:f853:ccd:e793::4", id="a machine"),
    ],
)
def test_addresses_come_in_pairs(first: str, second: str) -> None:
    assert (second_address(first), first_address(second)) == (second, first)


def test_nobody_has_any_other_address() -> None:
    assert first_address("2001:db8::1") == ""
    assert second_cidr("10.244.3.0/24") == "fd00:10:244:3::/64"


def test_nodes_and_pods_have_an_address_of_each_family(both: Lab) -> None:
    addresses = both.value("node book-worker", '{.status.addresses[?(@.type=="InternalIP")].address}')
    assert addresses == "172.18.0.3 fc00:f853:ccd:e793::3"
    assert both.value("node book-worker", "{.spec.podCIDRs[*]}") == "10.244.1.0/24 fd00:10:244:1::/64"
    assert both.value("pod one", "{.status.podIPs[*].ip}") == "10.244.1.2 fd00:10:244:1::2"
    assert both.value("pod one", "{.status.podIP}") == "10.244.1.2"


@pytest.mark.parametrize(
    ("spec", "families", "addresses"),
    [
        pytest.param({}, "IPv4", 1, id="one family unless asked"),
        pytest.param({"ipFamilyPolicy": "PreferDualStack"}, "IPv4 IPv6", 2, id="both where there are both"),
        pytest.param({"ipFamilyPolicy": "RequireDualStack"}, "IPv4 IPv6", 2, id="both or nothing"),
        pytest.param({"ipFamilies": "[IPv6]"}, "IPv6", 1, id="the second alone"),
        pytest.param(
            {"ipFamilyPolicy": "PreferDualStack", "ipFamilies": "[IPv6]"}, "IPv6 IPv4", 2, id="the second one first"
        ),
    ],
)
def test_a_services_families(both: Lab, spec: dict[str, str], families: str, addresses: int) -> None:
    both.run("kubectl apply -f -", service(**spec))
    both.wait(2)
    assert both.value("svc web", "{.spec.ipFamilies[*]}") == families
    found = both.value("svc web", "{.spec.clusterIPs[*]}").split()
    assert [("IPv6" if ":" in one else "IPv4") for one in found] == families.split()
    assert len(found) == addresses
    slices = both.value("endpointslices -l kubernetes.io/service-name=web", "{.items[*].addressType}")
    assert sorted(slices.split()) == sorted(families.split())
    for address in found:
        assert path(both, address)["ok"], address


def test_every_hop_stays_in_its_family(both: Lab) -> None:
    both.run("kubectl apply -f -", service(ipFamilyPolicy="PreferDualStack"))
    both.wait(2)
    second = both.value("svc web", "{.spec.clusterIPs[1]}")
    reply = path(both, second)
    assert reply["hops"][-2]["target"] == "[fd00:10:244:1::2]:80"
    assert reply["client"] == second_address(both.value("pod jump", "{.status.podIP}"))
    answer = both.run("kubectl exec jump -- nslookup web").splitlines()
    assert [line for line in answer if line.startswith("Address: ")] == [
        f"Address: {both.value('svc web', '{.spec.clusterIPs[0]}')}",
        f"Address: {second}",
    ]
    rules = both.cluster.apply({"kind": "node-rules", "node": "book-worker"})["rules"]
    assert {rule["family"] for rule in rules if rule["service"] == "web"} == {"IPv4", "IPv6"}


def test_a_second_family_can_come_and_go(both: Lab) -> None:
    both.run("kubectl apply -f -", service())
    first = both.value("svc web", "{.spec.clusterIP}")
    both.run('kubectl patch svc web -p \'{"spec":{"ipFamilyPolicy":"PreferDualStack"}}\'')
    both.wait(2)
    assert both.value("svc web", "{.spec.clusterIPs[0]}") == first
    assert both.value("svc web", "{.spec.clusterIPs[1]}").startswith("fd00:10:96::")
    both.run('kubectl patch svc web -p \'{"spec":{"ipFamilyPolicy":"SingleStack"}}\'')
    both.wait(2)
    assert both.value("svc web", "{.spec.clusterIPs[*]}") == first
    assert both.value("endpointslices -l kubernetes.io/service-name=web", "{.items[*].addressType}") == "IPv4"


def test_policies_see_the_family_that_is_used(both: Lab) -> None:
    both.run(
        "kubectl apply -f -",
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: six}\n"
        "spec: {podSelector: {matchLabels: {run: one}}, ingress: [{from: [{ipBlock: {cidr: 'fd00:10:244::/56'}}]}]}\n",
    )
    both.wait(2)
    assert path(both, "fd00:10:244:1::2")["ok"]
    assert path(both, "10.244.1.2")["error"] == "connection timed out"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param(
            {"ipFamilyPolicy": "RequireDualStack"},
            'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
            id="both required",
        ),
        pytest.param(
            {"ipFamilies": "[IPv6]"},
            'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster',
            id="IPv6",
        ),
    ],
)
def test_a_cluster_of_one_family_refuses_the_other(lab: Any, spec: dict[str, str], message: str) -> None:
    assert message in lab.refusal("kubectl apply -f -", service(**spec))
    lab.run("kubectl apply -f -", service(ipFamilyPolicy="PreferDualStack"))
    assert lab.value("svc web", "{.spec.ipFamilies[*]}") == "IPv4"


def test_a_restored_dual_stack_cluster_has_the_same_future(both: Lab) -> None:
    both.run("kubectl apply -f -", service(ipFamilyPolicy="PreferDualStack"))
    other = Cluster.load(both.cluster.dump())
    assert other.dump() == both.cluster.dump()
    both.wait(5)
    other.advance(other.now + 5_000_000)
    assert other.state_hash() == both.cluster.state_hash()
