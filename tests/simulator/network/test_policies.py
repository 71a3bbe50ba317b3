"""NetworkPolicies rule by rule: who may come in, who may go out, and which field is in the way."""

from typing import Any

import pytest

from simulator.network.datapath import TIMEOUT, Source

JUMP = {"app": "jump"}


def web(town: Any) -> None:
    town.namespaces.update({"default": {"kubernetes.io/metadata.name": "default"}, "shop": {"team": "shop"}})
    town.namespaces["kube-system"] = {"kubernetes.io/metadata.name": "kube-system"}
    town.pod(
        "web", "10.244.2.20", node="node-2", labels={"app": "web"}, ports=[{"name": "http", "containerPort": 8080}]
    )
    town.service("web", "10.96.1.1", ports=[{"port": 80, "protocol": "TCP", "nodePort": 30080}])
    town.endpoints("web", "10.244.2.20")


def ingress(*rules: Any) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"], "ingress": list(rules)}


def peer(**fields: Any) -> dict[str, Any]:
    return {"from": [fields]}


@pytest.mark.parametrize(
    ("spec", "allowed"),
    [
        pytest.param(ingress(), False, id="no rule: nothing"),
        pytest.param(ingress({}), True, id="an empty rule: everything"),
        pytest.param(ingress({"from": []}), True, id="no peers: everybody"),
        pytest.param(ingress(peer(podSelector={})), True, id="all pods of the namespace"),
        pytest.param(ingress(peer(podSelector={"matchLabels": JUMP})), True, id="the client's label"),
        pytest.param(ingress(peer(podSelector={"matchLabels": {"app": "x"}})), False, id="another label"),
        pytest.param(
            ingress(peer(podSelector={"matchExpressions": [{"key": "app", "operator": "In", "values": ["jump"]}]})),
            True,
            id="an expression",
        ),
        pytest.param(ingress(peer(namespaceSelector={})), True, id="all namespaces"),
        pytest.param(ingress(peer(namespaceSelector={"matchLabels": {"team": "shop"}})), False, id="another namespace"),
        pytest.param(
            ingress(peer(namespaceSelector={}, podSelector={"matchLabels": {"app": "x"}})), False, id="both must match"
        ),
        pytest.param(
            ingress({"from": [{"podSelector": {"matchLabels": {"app": "x"}}}, {"podSelector": {"matchLabels": JUMP}}]}),
            True,
            id="one of two peers",
        ),
        pytest.param(ingress(peer(ipBlock={"cidr": "10.244.0.0/16"})), True, id="an address range"),
        pytest.param(
            ingress(peer(ipBlock={"cidr": "10.244.0.0/16", "except": ["10.244.1.0/24"]})), False, id="an exception"
        ),
        pytest.param(ingress({"ports": [{"port": 8080}]}), True, id="the pod's port"),
        pytest.param(ingress({"ports": [{"port": 80}]}), False, id="the service's port is not the pod's"),
        pytest.param(ingress({"ports": [{"port": "http"}]}), True, id="a named port"),
        pytest.param(ingress({"ports": [{"port": "admin"}]}), False, id="a name the pod does not have"),
        pytest.param(ingress({"ports": [{"port": 8000, "endPort": 8100}]}), True, id="a range of ports"),
        pytest.param(ingress({"ports": [{"protocol": "UDP", "port": 8080}]}), False, id="another protocol"),
        pytest.param(ingress({"ports": [{"protocol": "TCP"}]}), True, id="a protocol without a port"),
        pytest.param(
            {"podSelector": {"matchLabels": {"app": "other"}}, "policyTypes": ["Ingress"]}, True, id="about others"
        ),
        pytest.param({"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]}, True, id="egress only, open"),
        pytest.param({"podSelector": {}}, False, id="policyTypes default to Ingress"),
    ],
)
def test_who_may_come_in(town: Any, spec: dict[str, Any], allowed: bool) -> None:
    web(town)
    town.policy("wall", **spec)
    trace = town.network().request(town.client(labels=JUMP), "10.96.1.1", 80)
    assert trace.ok is allowed
    if not allowed:
        assert (trace.error, trace.hops[-1].kind) == (TIMEOUT, "policy")
        assert trace.broken.verdict.misses


def test_policies_add_up(town: Any) -> None:
    web(town)
    town.policy("deny", **ingress())
    town.policy("allow", **ingress(peer(podSelector={"matchLabels": JUMP})))
    trace = town.network().request(town.client(labels=JUMP), "10.96.1.1", 80)
    assert trace.ok
    assert "NetworkPolicy default/allow lets it come in" in [hop.say for hop in trace.hops]


def egress(*rules: Any) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": JUMP}, "policyTypes": ["Egress"], "egress": list(rules)}


DNS = {
    "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}],
    "ports": [{"protocol": "UDP", "port": 53}],
}
TO_WEB = {"to": [{"podSelector": {"matchLabels": {"app": "web"}}}]}


@pytest.mark.parametrize(
    ("rules", "by_name", "by_address"),
    [
        pytest.param([], "could not resolve host", "connection timed out", id="nothing"),
        pytest.param([TO_WEB], "could not resolve host", "", id="the DNS trap"),
        pytest.param([DNS], "connection timed out", "connection timed out", id="names only"),
        pytest.param([TO_WEB, DNS], "", "", id="both"),
        pytest.param([{}], "", "", id="everything"),
    ],
)
def test_who_may_go_out(town: Any, rules: list[Any], by_name: str, by_address: str) -> None:
    web(town)
    town.policy("out", **egress(*rules))
    network, client = town.network(), town.client(labels=JUMP)
    assert network.request(client, "web", 80).error == by_name
    assert network.request(client, "10.96.1.1", 80).error == by_address


def test_replies_pass_and_the_other_direction_does_not(town: Any) -> None:
    web(town)
    town.pod("jump", "10.244.1.5", labels=JUMP)
    town.policy("in", **ingress(peer(podSelector={"matchLabels": JUMP})))
    town.policy("closed", podSelector={"matchLabels": JUMP}, policyTypes=["Ingress"])
    network = town.network()
    assert network.request(Source(pod=town.pods["10.244.1.5"]), "10.244.2.20", 8080).ok
    assert network.request(Source(pod=town.pods["10.244.2.20"]), "10.244.1.5", 8080).error == TIMEOUT


def test_a_machine_reaches_its_own_pods_and_others_by_address_only(town: Any) -> None:
    web(town)
    town.policy("wall", **ingress(peer(podSelector={})))
    network = town.network()
    assert network.request(Source(node="node-2"), "10.244.2.20", 8080).ok
    assert network.request(Source(node="node-1"), "10.244.2.20", 8080).error == TIMEOUT


def test_a_node_port_shows_the_machines_address_to_the_policy(town: Any) -> None:
    web(town)
    town.policy("world", **ingress(peer(ipBlock={"cidr": "172.18.0.1/32"})))
    assert town.network().request(Source(), "172.18.0.2", 30080).error == TIMEOUT


def test_without_policy_support_nothing_is_held(town: Any) -> None:
    web(town)
    town.policy("wall", **ingress())
    town.plugin = "flannel"
    assert town.network().request(town.client(), "10.96.1.1", 80).ok
