"""A request's way, hop by hop, and each way in which it can end early."""

from typing import Any

import pytest

from simulator.network.datapath import REFUSED, RESOLVE, TIMEOUT, Source


def web(town: Any, count: int = 2, **spec: Any) -> None:
    addresses = [f"10.244.1.{index + 20}" for index in range(count)]
    for index, address in enumerate(addresses):
        town.pod(f"web-{index}", address, node=f"node-{index % 2 + 1}")
    town.service("web", "10.96.1.1", **spec)
    town.endpoints("web", *addresses)


def kinds(trace: Any) -> list[str]:
    return [hop.kind for hop in trace.hops]


def test_a_request_by_name_takes_every_hop(town: Any) -> None:
    web(town)
    trace = town.network().request(town.client(), "web", 80, "/")
    way = ["resolv.conf", "dns", "virtual-ip", "rule", "endpoint", "container", "reply"]
    assert [kind for kind in kinds(trace) if kind != "link"] == way
    assert (trace.ok, trace.status, trace.address) == (True, 200, "10.96.1.1")
    assert trace.hops[1].say == "web.default.svc.cluster.local is 10.96.1.1"
    assert trace.hops[2].say == "10.96.1.1:80 is service default/web"
    assert trace.backend in ("default/web-0", "default/web-1")


def test_a_pods_own_address_needs_no_rule(town: Any) -> None:
    web(town)
    trace = town.network().request(town.client(), "10.244.1.20", 8080)
    assert kinds(trace) == ["endpoint", "container"]


@pytest.mark.parametrize(
    ("host", "port", "error", "why"),
    [
        pytest.param("nobody", 80, RESOLVE, "no such name", id="unknown name"),
        pytest.param("empty", 80, REFUSED, "service default/empty has no endpoints", id="no endpoints"),
        pytest.param(
            "web",
            81,
            TIMEOUT,
            "service default/web has nothing for port 81 here",
            id="a port the service does not have",
        ),
        pytest.param("10.244.1.20", 81, REFUSED, "no process in default/web-0 listens on port 81", id="nobody listens"),
        pytest.param("10.244.7.7", 80, TIMEOUT, "nobody has the address 10.244.7.7", id="nobody there"),
    ],
)
def test_how_a_request_ends_early(town: Any, host: str, port: int, error: str, why: str) -> None:
    web(town)
    town.service("empty", "10.96.1.2")
    trace = town.network().request(town.client(), host, port)
    assert (trace.ok, trace.error) == (False, error)
    assert why in trace.hops[-1].say
    assert not trace.hops[-1].ok


def test_a_dark_machine_does_not_answer(town: Any) -> None:
    web(town, count=1)
    town.dark.append("node-1")
    trace = town.network().request(Source(node="node-2"), "10.96.1.1", 80)
    assert (trace.error, trace.hops[-1].say) == (TIMEOUT, "node-1, where 10.244.1.20 was, does not answer")
    assert trace.took_us == 5_000_000


def test_without_cluster_dns_names_fail_and_addresses_work(town: Any) -> None:
    web(town)
    del town.sockets["10.244.9.9", 53, "UDP"]
    network, client = town.network(), town.client()
    assert network.request(client, "web", 80).error == RESOLVE
    assert network.request(client, "10.96.1.1", 80).ok


def test_a_node_port_is_open_on_every_machine_from_outside(town: Any) -> None:
    web(town, ports=[{"port": 80, "protocol": "TCP", "nodePort": 30080}])
    for address in ("172.18.0.2", "172.18.0.3"):
        trace = town.network().request(Source(), address, 30080)
        way = ["link", "node-port", "rule", "endpoint", "container", "reply"]
        assert [kind for index, kind in enumerate(kinds(trace)) if kind != "link" or index == 0] == way


def test_a_node_port_on_a_dark_machine_times_out(town: Any) -> None:
    web(town, ports=[{"port": 80, "protocol": "TCP", "nodePort": 30080}])
    town.dark.append("node-2")
    assert town.network().request(Source(), "172.18.0.3", 30080).error == TIMEOUT


def test_local_external_traffic_stays_on_its_machine(town: Any) -> None:
    web(town, ports=[{"port": 80, "protocol": "TCP", "nodePort": 30080}], externalTrafficPolicy="Local")
    network = town.network()
    assert {network.request(Source(), "172.18.0.3", 30080).backend for _ in range(10)} == {"default/web-1"}


def test_backends_are_drawn_evenly_and_the_same_way_for_the_same_seed(town: Any) -> None:
    web(town, count=4)
    network, client = town.network(), town.client()
    drawn = [network.request(client, "10.96.1.1", 80).backend for _ in range(400)]
    counts = {name: drawn.count(name) for name in sorted(dict.fromkeys(drawn))}
    assert list(counts) == [f"default/web-{index}" for index in range(4)]
    assert all(70 <= count <= 130 for count in counts.values())


def test_client_ip_affinity_keeps_to_one_backend_for_its_time(town: Any) -> None:
    affinity = {"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 60}}}
    web(town, count=4, **affinity)
    network, client = town.network(), town.client()
    first = network.request(client, "10.96.1.1", 80).backend
    assert {network.request(client, "10.96.1.1", 80).backend for _ in range(20)} == {first}
    assert network.dump() == [["node-1/default/web/TCP/10.244.1.5", "10.244.1." + str(20 + int(first[-1])), 60_000_000]]
    town.engine.run(61_000_000)
    later = {network.request(town.client(f"10.244.1.{n}"), "10.96.1.1", 80).backend for n in range(100, 130)}
    assert len(later) > 1


def test_a_look_at_the_way_changes_nothing(town: Any) -> None:
    web(town)
    network = town.network()
    before = town.engine.rng("datapath").state
    trace = network.plan(town.client(), "web", 80)
    assert trace.ok
    assert town.engine.rng("datapath").state == before
    assert all(client == "" for _, _, _, client in town.requests)


def test_localhost_is_the_pod_itself(town: Any) -> None:
    town.pod("client", "10.244.1.5")
    assert town.network().request(town.client(), "localhost", 8080).ok
