"""A node's rules in the three modes: names, odds and verdicts as kube-proxy computes them.

Chains follow `pkg/proxy/iptables/`, `ipvs/` and `nftables/proxier.go` (1.33); `ipvsadm -Ln` prints as in `pkg/proxy/ipvs/README.md`.
"""

from typing import Any

import pytest

from simulator.network.rule_text import rule_lines
from simulator.network.rule_text.names import Machine, chain
from simulator.network.service_rules import NodeView, rules


def text(town: Any, mode: str, node: str = "node-1") -> list[str]:
    table = [rule for rule in rules(town.services, town.slices, NodeView(node)) if rule.namespace == "default"]
    return rule_lines(mode, table, Machine("172.18.0.2", ("10.244.0.0/16",), ("10.96.0.0/16",)))


def web(town: Any, **spec: Any) -> None:
    for index in range(3):
        town.pod(f"web-{index}", f"10.244.1.{index}", node=f"node-{index % 2 + 1}")
    town.service("web", "10.96.1.1", **spec)
    town.endpoints("web", "10.244.1.0", "10.244.1.1", "10.244.1.2")


@pytest.mark.parametrize(
    ("name", "protocol", "found"),
    [
        pytest.param("default/kubernetes:https", "tcp", "KUBE-SVC-NPX46M4PTMTKRN6Y", id="the API server's service"),
        pytest.param("kube-system/kube-dns:dns", "udp", "KUBE-SVC-TCOU7JCQXEZGVUNU", id="cluster DNS over UDP"),
        pytest.param("kube-system/kube-dns:dns-tcp", "tcp", "KUBE-SVC-ERIFXISQEP7F7OF4", id="cluster DNS over TCP"),
    ],
)
def test_chains_have_the_names_every_cluster_has(name: str, protocol: str, found: str) -> None:
    assert chain("KUBE-SVC", name, protocol) == found


def test_iptables_draws_with_the_odds_of_the_rest(town: Any) -> None:
    web(town)
    service = chain("KUBE-SVC", "default/web", "tcp")
    drawn = [line for line in text(town, "iptables") if line.startswith(f"-A {service}")]
    assert drawn[0].startswith(f"-A {service} ! -s 10.244.0.0/16 -d 10.96.1.1/32 ")
    assert drawn[0].endswith("-j KUBE-MARK-MASQ")
    assert [line.partition("--probability ")[2].split(" ")[0] for line in drawn[1:]] == [
        "0.33333333349",
        "0.50000000000",
        "",
    ]
    assert (
        f'-A KUBE-SERVICES -d 10.96.1.1/32 -p tcp -m comment --comment "default/web cluster IP" -m tcp --dport 80 -j {service}'
        in text(town, "iptables")
    )
    assert any(line.endswith("-m tcp -j DNAT --to-destination 10.244.1.2:8080") for line in text(town, "iptables"))


def test_iptables_rejects_what_has_nobody_and_drops_what_is_elsewhere(town: Any) -> None:
    town.service("empty", "10.96.1.2")
    web(town, internalTrafficPolicy="Local")
    filters = text(town, "iptables", node="node-3")
    assert filters[:3] == [
        "*filter",
        '-A KUBE-SERVICES -d 10.96.1.2/32 -p tcp -m comment --comment "default/empty has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable',
        '-A KUBE-SERVICES -d 10.96.1.1/32 -p tcp -m comment --comment "default/web has no local endpoints" -m tcp --dport 80 -j DROP',
    ]


def test_iptables_remembers_clients_by_endpoint(town: Any) -> None:
    web(town, sessionAffinity="ClientIP", sessionAffinityConfig={"clientIP": {"timeoutSeconds": 60}})
    sticky = [line for line in text(town, "iptables") if "--rcheck --seconds 60 --reap" in line]
    assert len(sticky) == 3


def test_external_traffic_local_keeps_pods_and_the_node_on_all_endpoints(town: Any) -> None:
    web(town, externalTrafficPolicy="Local", ports=[{"port": 80, "protocol": "TCP", "nodePort": 30080}])
    external, service, local = (chain(f"KUBE-{kind}", "default/web", "tcp") for kind in ("EXT", "SVC", "SVL"))
    lines = [line for line in text(town, "iptables") if line.startswith(f"-A {external}")]
    assert [line.rpartition(" ")[2] for line in lines] == [service, "KUBE-MARK-MASQ", service, local]
    assert lines[0].startswith(f"-A {external} -s 10.244.0.0/16 ")


def test_source_ranges_make_a_firewall_chain(town: Any) -> None:
    web(town, loadBalancerSourceRanges=["192.0.2.0/24"])
    town.services[-1]["status"] = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
    firewall = chain("KUBE-FW", "default/web", "tcp")
    lines = text(town, "iptables")
    assert any(line.startswith(f"-A {firewall} -s 192.0.2.0/24 ") for line in lines)
    assert any(line.startswith("-A KUBE-PROXY-FIREWALL -d 192.0.2.1/32") and line.endswith("-j DROP") for line in lines)


def test_ipvs_has_a_virtual_server_an_address(town: Any) -> None:
    web(town, ports=[{"port": 80, "protocol": "TCP", "nodePort": 30080}])
    lines = [line.rstrip() for line in text(town, "ipvs")]
    at = lines.index("TCP  10.96.1.1:80 rr")
    assert lines[at + 1] == "  -> 10.244.1.0:8080              Masq    1      0          0"
    assert "TCP  172.18.0.2:30080 rr" in lines
    assert "kube-ipvs0 inet 10.96.1.1/32" in lines
    assert lines[lines.index("Name: KUBE-CLUSTER-IP") + 3] == "10.96.1.1,tcp:80"


def test_nftables_looks_up_an_address_and_draws_once(town: Any) -> None:
    web(town)
    lines = text(town, "nftables")
    assert lines[0] == "table ip kube-proxy {"
    [drawn] = [line for line in lines if "numgen random mod 3 vmap" in line]
    assert drawn.count("goto endpoint-") == 3
    assert any("10.96.1.1 . tcp . 80 : goto service-" in line for line in lines)


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        pytest.param("iptables", "connection timed out", id="iptables lets it pass by"),
        pytest.param("ipvs", "connection refused", id="the address is the machine's own"),
        pytest.param("nftables", "connection refused", id="other ports of cluster IPs are rejected"),
    ],
)
def test_a_port_the_service_does_not_have_by_mode(town: Any, mode: str, error: str) -> None:
    web(town)
    town.mode = mode
    assert town.network().request(town.client(), "10.96.1.1", 81).error == error
