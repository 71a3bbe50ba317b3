"""kube-proxy's table as data."""

from typing import Any

import pytest

from simulator.network.service_rules import NodeView, rules


def table(town: Any, node: str = "") -> list[Any]:
    return [rule for rule in rules(town.services, town.slices, NodeView(node)) if rule.namespace == "default"]


def three(town: Any, **spec: Any) -> None:
    for index in range(3):
        town.pod(f"web-{index}", f"10.244.1.{index}", node=f"node-{index % 2 + 1}")
    town.service("web", "10.96.1.1", **spec)


def test_probabilities_are_those_of_a_chain_of_iptables_rules(town: Any) -> None:
    three(town)
    town.endpoints("web", "10.244.1.0", "10.244.1.1", "10.244.1.2")
    [rule] = table(town)
    assert [(one.address, one.probability) for one in rule.backends] == [
        ("10.244.1.0", 0.3333333333),
        ("10.244.1.1", 0.5),
        ("10.244.1.2", 1.0),
    ]
    assert rule.name == "default/web"


def test_a_service_without_endpoints_rejects(town: Any) -> None:
    town.service("web", "10.96.1.1")
    [rule] = table(town)
    assert (rule.refusal, rule.backends) == ("reject", ())


@pytest.mark.parametrize(
    ("conditions", "count"),
    [
        pytest.param({"ready": False, "serving": False}, 0, id="not ready"),
        pytest.param(
            {"ready": False, "serving": True, "terminating": True}, 1, id="terminating but serving, and nobody else"
        ),
    ],
)
def test_which_endpoints_serve(town: Any, conditions: dict[str, bool], count: int) -> None:
    three(town)
    town.endpoints("web", "10.244.1.0", conditions=conditions)
    assert len(table(town)[0].backends) == count


def test_terminating_endpoints_step_back_while_one_is_ready(town: Any) -> None:
    three(town)
    town.endpoints("web", "10.244.1.0", conditions={"ready": False, "serving": True, "terminating": True})
    town.endpoints("web", "10.244.1.1")
    assert [one.address for one in table(town)[0].backends] == ["10.244.1.1"]


def test_one_rule_a_port_and_way_in(town: Any) -> None:
    ports = [
        {"name": "http", "port": 80, "protocol": "TCP", "nodePort": 30080},
        {"name": "admin", "port": 81, "protocol": "TCP"},
    ]
    three(town, ports=ports, externalIPs=["1.2.3.4"])
    found = [(rule.name, rule.kind, rule.address, rule.port) for rule in table(town)]
    assert found == [
        ("default/web:http", "clusterIP", "10.96.1.1", 80),
        ("default/web:http", "nodePort", "", 30080),
        ("default/web:http", "externalIP", "1.2.3.4", 80),
        ("default/web:admin", "clusterIP", "10.96.1.1", 81),
        ("default/web:admin", "externalIP", "1.2.3.4", 81),
    ]


@pytest.mark.parametrize(
    "spec",
    [pytest.param({"clusterIP": "None"}, id="headless"), pytest.param({"type": "ExternalName"}, id="ExternalName")],
)
def test_services_without_a_virtual_ip_have_no_rules(town: Any, spec: dict[str, str]) -> None:
    town.service("web", "10.96.1.1")["spec"].update(spec)
    assert table(town) == []


def test_internal_local_traffic_drops_where_no_endpoint_is(town: Any) -> None:
    three(town, internalTrafficPolicy="Local")
    town.endpoints("web", "10.244.1.0")
    assert [rule.refusal for rule in table(town, "node-2")] == ["drop"]
    assert [rule.refusal for rule in table(town, "node-1")] == [""]
