"""Mode ipvs as the kernel's tools show it, held to upstream's proxier; and where a packet goes that iptables would drop."""

from typing import Any

import pytest

from simulator.network.rule_text import rule_lines
from simulator.network.rule_text.names import Machine
from simulator.network.service_rules import NodeView, rules
from tests.proof.follows import follows
from tests.simulator.network.test_proxy_world import HOME, STICKY, endpoints, service, written

Obj = dict[str, Any]
PROXIER = "pkg/proxy/ipvs/proxier.go"
TESTS = "pkg/proxy/ipvs/proxier_test.go"
NODE = Machine("192.168.0.2", ("10.0.0.0/8",), ("172.30.0.0/16",), "test-node")


def ipvs(services: list[Obj], slices: list[Obj], node: str = "test-node") -> list[str]:
    table = rules(services, slices, NodeView(node))
    return [line.rstrip() for line in rule_lines("ipvs", table, NODE)]


def servers(lines: list[str]) -> dict[str, list[str]]:
    """Virtual server → its real servers."""
    found: dict[str, list[str]] = {}
    for line in lines[3:]:
        if line.startswith("  -> "):
            found[next(reversed(found))].append(line.split()[1])
        elif " rr" in line:
            found[line] = []
    return found


def sets(lines: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in lines:
        if line.startswith("Name: "):
            found[line.removeprefix("Name: ")] = []
        elif found and not line.startswith(("Type: ", "Members:")):
            found[next(reversed(found))].append(line)
    return found


@follows(
    "kube-proxy: ipvs",
    f"{TESTS}: TestClusterIPEndpointsMore, TestNodePortIPv4, TestExternalIPs, TestLoadBalancer",
    f"{PROXIER}: syncProxyRules",
)
def test_the_world_of_six_services() -> None:
    lines = [line.rstrip() for line in written("ipvs")]
    assert servers(lines) == {
        "TCP  172.30.0.41:80 rr": ["10.180.0.1:80"],
        "TCP  172.30.0.42:80 rr": ["10.180.0.2:80"],
        "TCP  192.168.0.2:3001 rr": ["10.180.0.2:80"],
        "TCP  192.168.99.22:80 rr": ["10.180.0.2:80"],
        "TCP  1.2.3.4:80 rr": ["10.180.0.2:80"],
        "TCP  172.30.0.43:80 rr": ["10.180.0.3:80"],
        "TCP  192.168.0.2:3003 rr": ["10.180.0.3:80"],
        "TCP  172.30.0.44:80 rr": ["10.180.0.4:80", "10.180.0.5:80"],
        "TCP  192.168.99.33:80 rr": ["10.180.0.4:80", "10.180.0.5:80"],
        "TCP  172.30.0.45:80 rr persistent 10800": ["10.180.0.3:80"],
        "TCP  192.168.0.2:3002 rr persistent 10800": ["10.180.0.3:80"],
        "TCP  5.6.7.8:80 rr persistent 10800": ["10.180.0.3:80"],
        "TCP  172.30.0.46:80 rr": [],
    }
    assert sets(lines)["KUBE-IPVS-IPS"] == [
        line.split()[2].removesuffix("/32") for line in lines if line.startswith("kube-ipvs0 ")
    ]
    assert HOME.address not in sets(lines)["KUBE-IPVS-IPS"]


AT, BAL = "172.30.0.41", "1.2.3.4"
HERE, AWAY = endpoints(1, n1="test-node"), endpoints(1, n2="other")
LB: Obj = {"type": "LoadBalancer"}


@follows(
    "kube-proxy: ipvs",
    f"{TESTS}: TestIPSetEntries, TestLoadBalancerSourceRanges, TestOnlyLocalNodePorts, TestOnlyLocalExternalIPs, TestOnlyLocalLoadBalancing, TestHealthCheckNodePort",
    "pkg/proxy/ipvs/ipset.go",
)
@pytest.mark.parametrize(
    ("made", "slices", "wanted"),
    [
        pytest.param(service(1, AT), [AWAY], {"KUBE-CLUSTER-IP": [f"{AT},tcp:80"]}, id="a cluster IP"),
        pytest.param(
            service(1, AT),
            [HERE],
            {"KUBE-LOOP-BACK": ["10.180.0.1,tcp:80,10.180.0.1"], "KUBE-CLUSTER-IP": [f"{AT},tcp:80"]},
            id="an endpoint here",
        ),
        pytest.param(service(1, AT, 3001, type="NodePort"), [AWAY], {"KUBE-NODE-PORT-TCP": ["3001"]}, id="a node port"),
        pytest.param(
            service(1, AT, 3001, type="NodePort", externalTrafficPolicy="Local"),
            [AWAY],
            {"KUBE-NODE-PORT-TCP": ["3001"], "KUBE-NODE-PORT-LOCAL-TCP": ["3001"]},
            id="a node port with policy Local",
        ),
        pytest.param(
            service(1, AT, externalIPs=["9.9.9.9"]),
            [AWAY],
            {"KUBE-EXTERNAL-IP": ["9.9.9.9,tcp:80"]},
            id="an external IP",
        ),
        pytest.param(
            service(1, AT, externalIPs=["9.9.9.9"], externalTrafficPolicy="Local"),
            [AWAY],
            {"KUBE-EXTERNAL-IP-LOCAL": ["9.9.9.9,tcp:80"]},
            id="an external IP with policy Local",
        ),
        pytest.param(
            service(1, AT, 0, BAL, **LB), [AWAY], {"KUBE-LOAD-BALANCER": [f"{BAL},tcp:80"]}, id="a load balancer"
        ),
        pytest.param(
            service(1, AT, 0, BAL, externalTrafficPolicy="Local", healthCheckNodePort=30000, **LB),
            [AWAY],
            {
                "KUBE-LOAD-BALANCER": [f"{BAL},tcp:80"],
                "KUBE-LOAD-BALANCER-LOCAL": [f"{BAL},tcp:80"],
                "KUBE-HEALTH-CHECK-NODE-PORT": ["30000"],
            },
            id="a load balancer with policy Local",
        ),
        pytest.param(
            service(1, AT, 0, BAL, loadBalancerSourceRanges=["203.0.113.0/25"], **LB),
            [AWAY],
            {
                "KUBE-LOAD-BALANCER": [f"{BAL},tcp:80"],
                "KUBE-LOAD-BALANCER-FW": [f"{BAL},tcp:80"],
                "KUBE-LOAD-BALANCER-SOURCE-CIDR": [f"{BAL},tcp:80,203.0.113.0/25"],
            },
            id="a load balancer with source ranges",
        ),
        pytest.param(
            service(1, AT, 0, BAL, loadBalancerSourceRanges=["192.168.0.0/16"], **LB),
            [AWAY],
            {
                "KUBE-LOAD-BALANCER": [f"{BAL},tcp:80"],
                "KUBE-LOAD-BALANCER-FW": [f"{BAL},tcp:80"],
                "KUBE-LOAD-BALANCER-SOURCE-CIDR": [f"{BAL},tcp:80,192.168.0.0/16"],
                "KUBE-LOAD-BALANCER-SOURCE-IP": [f"{BAL},tcp:80,{BAL}"],
            },
            id="source ranges with the node among them",
        ),
    ],
)
def test_members_of_the_sets(made: Obj, slices: list[Obj], wanted: dict[str, list[str]]) -> None:
    found = sets(ipvs([made], slices))
    assert {name: members for name, members in found.items() if name in wanted} == wanted
    always = {"KUBE-CLUSTER-IP", "KUBE-IPVS-IPS"}
    assert set(found) - always == set(wanted) - always


@follows("kube-proxy: ipvs", f"{PROXIER}: syncProxyRules, syncEndpoint")
@pytest.mark.parametrize(
    ("made", "slices", "wanted"),
    [
        pytest.param(service(1, AT), [], {f"TCP  {AT}:80 rr": []}, id="no endpoints"),
        pytest.param(
            service(1, AT, **STICKY),
            [HERE],
            {f"TCP  {AT}:80 rr persistent 10800": ["10.180.0.1:80"]},
            id="session affinity",
        ),
        pytest.param(
            service(1, AT, internalTrafficPolicy="Local"),
            [HERE],
            {f"TCP  {AT}:80 rr": ["10.180.0.1:80"]},
            id="policy Local, an endpoint here",
        ),
        pytest.param(
            service(1, AT, internalTrafficPolicy="Local"),
            [AWAY],
            {f"TCP  {AT}:80 rr": ["10.180.0.2:80"]},
            id="policy Local, none here: those of others",
        ),
        pytest.param(
            service(1, AT, 3001, type="NodePort", externalTrafficPolicy="Local"),
            [AWAY],
            {f"TCP  {AT}:80 rr": ["10.180.0.2:80"], "TCP  192.168.0.2:3001 rr": ["10.180.0.2:80"]},
            id="a node port with policy Local, none here",
        ),
    ],
)
def test_virtual_servers(made: Obj, slices: list[Obj], wanted: dict[str, list[str]]) -> None:
    assert servers(ipvs([made], slices)) == wanted


def test_an_address_of_the_machine_is_not_bound_again() -> None:
    lines = ipvs([service(1, AT, externalIPs=["192.168.0.2"])], [AWAY])
    assert "TCP  192.168.0.2:80 rr" in lines
    assert [line for line in lines if line.startswith("kube-ipvs0")] == [f"kube-ipvs0 inet {AT}/32"]


def test_six_addresses_have_sets_and_brackets_of_their_own() -> None:
    six = service(1, "fd00::1")
    six["spec"]["clusterIPs"] = ["fd00::1"]
    lines = ipvs([six], [])
    assert "TCP  [fd00::1]:80 rr" in lines
    assert "kube-ipvs0 inet6 fd00::1/128" in lines
    assert sets(lines) == {"KUBE-6-CLUSTER-IP": ["fd00::1,tcp:80"], "KUBE-6-IPVS-IPS": ["fd00::1"]}


@follows("kube-proxy: ipvs", f"{PROXIER}: syncEndpoint")
@pytest.mark.parametrize(
    ("mode", "error"),
    [
        pytest.param("iptables", "connection timed out", id="iptables drops it"),
        pytest.param("nftables", "connection timed out", id="nftables drops it"),
        pytest.param("ipvs", "", id="ipvs takes another node's endpoint"),
    ],
)
def test_policy_local_without_an_endpoint_here(town: Any, mode: str, error: str) -> None:
    town.pod("web", "10.244.2.1", node="node-2")
    town.service("web", "10.96.1.1", internalTrafficPolicy="Local")
    town.endpoints("web", "10.244.2.1")
    town.mode = mode
    assert town.network().request(town.client(), "10.96.1.1", 80).error == error
