"""The whole way of a request from outside: load balancer, node, gateway, application (rows J12 and R15)."""

from typing import Any

import pytest

from simulator.cluster import Cluster
from tests.simulator.extension.gateways import GatewayLab, at, gateway, route, snapshot, to


@pytest.fixture(scope="module")
def settled() -> bytes:
    return snapshot()


@pytest.fixture
def lab(settled: bytes) -> GatewayLab:
    """A Gateway in a cluster whose load balancers somebody provides."""
    lab = GatewayLab(Cluster.load(settled))
    lab.cluster.apply({"kind": "fault", "fault": "component-start", "target": "cloud-provider-kind"})
    lab.put(gateway(), route("coffee", at("/coffee", to("coffee")), hostnames=["cafe.example.com"]), seconds=60)
    return lab


def ask(lab: GatewayLab, path: str = "/coffee") -> dict[str, Any]:
    address = lab.value("gateway cafe", "{.status.addresses[0].value}")
    command = {"kind": "request-path", "from": "outside", "host": address, "port": 80, "path": path}
    return dict(lab.cluster.apply({**command, "headers": {"Host": "cafe.example.com"}}))


def test_a_request_passes_balancer_node_gateway_and_application(lab: GatewayLab) -> None:
    assert lab.condition("Programmed", "gateways", "cafe") == ("True", "Programmed", "Gateway is programmed")
    found = ask(lab)
    assert found["status"] == 200 or found["backend"].startswith("default/coffee-")
    kinds = [hop["kind"] for hop in found["hops"]]
    wanted = ["load-balancer", "rule", "endpoint", "listener", "route", "service", "endpoint", "container", "proxy"]
    assert [kind for kind in kinds if kind in wanted] == wanted
    said = {hop["kind"]: hop["say"] for hop in found["hops"]}
    assert "cafe-nginx" in next(hop["say"] for hop in found["hops"] if hop["kind"] == "node-port")
    assert said["route"] == "HTTPRoute default/coffee rule 1: path prefix /coffee"


def test_looking_at_the_way_changes_nothing(lab: GatewayLab) -> None:
    before = lab.cluster.state_hash()
    assert ask(lab)["hops"] == ask(lab)["hops"]
    assert ask(lab, "/tea")["status"] == 404
    assert lab.cluster.state_hash() == before


def test_each_gateway_has_a_load_balancer_of_its_own(lab: GatewayLab) -> None:
    lab.put(gateway("second"), seconds=60)
    shown = lab.run("kubectl get gateways -o jsonpath='{.items[*].status.addresses[0].value}'").split()
    assert len(dict.fromkeys(shown)) == 2
