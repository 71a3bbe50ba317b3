"""Who reaches whom among three namespaces of three pods: the cases of `test/e2e/network/netpol/network_policy.go`, pair by pair.

What a case does not mention is reachable; later lines of a case win. Pods reach themselves always and are not asked.
"""

from fnmatch import fnmatch
from itertools import product
from typing import Any

import pytest

from simulator.network.datapath import TIMEOUT, Source
from tests.proof.follows import follows

Obj = dict[str, Any]
Lines = list[tuple[str, str, bool]]
_TESTS = "test/e2e/network/netpol/network_policy.go"
PODS = [f"{namespace}/{name}" for namespace in "xyz" for name in "abc"]
ADDRESSES = {pod: f"10.244.1.{10 + index}" for index, pod in enumerate(PODS)}
CLOSED = ("*", "x/a", False)
Y_ONLY: Lines = [("x/*", "x/a", False), ("z/*", "x/a", False)]


def labelled(**labels: str) -> Obj:
    return {"matchLabels": labels}


def expression(key: str, operator: str, *values: str) -> Obj:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


def ingress(*rules: Obj, of: Obj | None = None) -> Obj:
    return {"podSelector": labelled(pod="a") if of is None else of, "policyTypes": ["Ingress"], "ingress": list(rules)}


def egress(*rules: Obj, of: Obj | None = None) -> Obj:
    return {"podSelector": labelled(pod="a") if of is None else of, "policyTypes": ["Egress"], "egress": list(rules)}


def of(pods: Obj | None = None, namespaces: Obj | None = None) -> Obj:
    named = (("podSelector", pods), ("namespaceSelector", namespaces))
    return {key: value for key, value in named if value is not None}


OTHERS = expression("ns", "NotIn", "x")
Y81: Obj = {"from": [of(namespaces=labelled(ns="y"))], "ports": [{"protocol": "TCP", "port": 81}]}
Y80: Obj = {"from": [of(namespaces=labelled(ns="y"))], "ports": [{"protocol": "TCP", "port": 80}]}
Y_NAMED: Obj = {"from": [of(namespaces=labelled(ns="y"))], "ports": [{"protocol": "TCP", "port": "serve-80-tcp"}]}


def case(id: str, *policies: Obj, port: int = 80, then: Lines) -> Any:
    return pytest.param(list(policies), port, then, id=id)


CASES = [
    case("deny-all ingress", ingress(of={}), then=[("*", "x/*", False)]),
    case(
        "deny-all ingress and egress",
        {"policyTypes": ["Ingress", "Egress"]},
        then=[("*", "x/*", False), ("x/*", "*", False)],
    ),
    case(
        "pods of the namespace by label",
        ingress({"from": [of(labelled(pod="b"))]}),
        then=[CLOSED, ("x/b", "x/a", True)],
    ),
    case(
        "all pods of all namespaces beside deny-all",
        ingress(of={}),
        ingress({"from": [of({}, {})]}),
        then=[("*", "x/*", False), ("*", "x/a", True)],
    ),
    case("all namespaces", ingress({"from": [of(namespaces={})]}), then=[]),
    case("another namespace", ingress({"from": [of(namespaces=labelled(ns="y"))]}), then=Y_ONLY),
    case(
        "pods by expression", ingress({"from": [of(expression("pod", "In", "b"))]}), then=[CLOSED, ("x/b", "x/a", True)]
    ),
    case("namespaces by expression", ingress({"from": [of(namespaces=expression("ns", "In", "y"))]}), then=Y_ONLY),
    case(
        "pods or namespaces",
        ingress({"from": [of(namespaces=OTHERS), of(labelled(pod="b"))]}),
        then=[("x/c", "x/a", False)],
    ),
    case(
        "pods and namespaces",
        ingress({"from": [of(labelled(pod="b"), OTHERS)]}),
        then=[CLOSED, ("y/b", "x/a", True), ("z/b", "x/a", True)],
    ),
    case(
        "several pods of several namespaces",
        ingress({"from": [of(expression("pod", "In", "b", "c"), OTHERS)]}),
        then=[("x/*", "x/a", False), ("y/a", "x/a", False), ("z/a", "x/a", False)],
    ),
    case(
        "any of the pods",
        ingress({"from": [of(labelled(pod="b")), of(labelled(pod="c"))]}),
        then=[CLOSED, ("x/b", "x/a", True), ("x/c", "x/a", True)],
    ),
    case(
        "one pod of another namespace",
        ingress({"from": [of(labelled(pod="a"), labelled(ns="y"))]}),
        then=[CLOSED, ("y/a", "x/a", True)],
    ),
    case("a port", ingress(Y81), port=81, then=Y_ONLY),
    case("the port that is not opened", ingress(Y81), then=[CLOSED]),
    case("stacked policies", ingress(Y81), ingress(Y80), then=Y_ONLY),
    case("allow-all", ingress({}, of={}), port=81, then=[]),
    case("allow-all beside deny-all", ingress(of={}), ingress({}, of={}), then=[]),
    case("a named port", ingress({"ports": [{"port": "serve-81-tcp"}]}, of={}), port=81, then=[]),
    case("all but a named port", ingress({"ports": [{"port": "serve-81-tcp"}]}, of={}), then=[("*", "x/*", False)]),
    case("a namespace on a named port", ingress(Y_NAMED), then=Y_ONLY),
    case("a namespace on another than the named port", ingress(Y_NAMED), port=81, then=[CLOSED]),
    case("out on a named port", egress({"ports": [{"port": "serve-80-tcp"}]}, of={}), then=[]),
    case(
        "out on another port", egress({"ports": [{"port": "serve-80-tcp"}]}, of={}), port=81, then=[("x/*", "*", False)]
    ),
    case(
        "no other namespaces", ingress({"from": [of({})]}, of={}), then=[("y/*", "x/*", False), ("z/*", "x/*", False)]
    ),
    case("labels that nobody has", ingress(of=labelled(target="isolated")), then=[]),
    case(
        "out to a namespace",
        egress({"to": [of(namespaces=labelled(ns="y"))]}),
        then=[("x/a", "*", False), ("x/a", "y/*", True)],
    ),
    case(
        "in and out apart",
        ingress({}, of={}),
        egress({"to": [of(labelled(pod="b"))]}),
        then=[("x/a", "*", False), ("x/a", "x/b", True)],
    ),
    case(
        "an address range",
        egress({"to": [{"ipBlock": {"cidr": f"{ADDRESSES['y/b']}/32"}}]}),
        then=[("x/a", "*", False), ("x/a", "y/b", True)],
    ),
    case(
        "an address range with an exception",
        egress({"to": [{"ipBlock": {"cidr": "10.244.1.0/24", "except": [f"{ADDRESSES['x/b']}/32"]}}]}),
        then=[("x/a", "x/b", False)],
    ),
    case(
        "a range beats the exception of another",
        egress({"to": [{"ipBlock": {"cidr": "10.244.1.0/24", "except": [f"{ADDRESSES['x/b']}/32"]}}]}),
        egress({"to": [{"ipBlock": {"cidr": f"{ADDRESSES['x/b']}/32"}}]}),
        then=[],
    ),
    case("a protocol that is not TCP", ingress({"ports": [{"protocol": "UDP", "port": 80}]}), then=[CLOSED]),
]


@follows("NetworkPolicy", _TESTS)
@pytest.mark.parametrize(("policies", "port", "then"), CASES)
def test_who_reaches_whom(town: Any, policies: list[Obj], port: int, then: Lines) -> None:
    for pod, address in ADDRESSES.items():
        namespace, name = pod.split("/")
        ports = [{"name": f"serve-{number}-tcp", "containerPort": number} for number in (80, 81)]
        town.namespaces[namespace] = {"ns": namespace}
        town.pod(name, address, namespace=namespace, labels={"pod": name}, port=80, ports=ports)
        town.sockets[address, 81, "TCP"] = town.sockets[address, 80, "TCP"]
    for index, spec in enumerate(policies):
        town.policy(f"policy-{index}", namespace="x", **spec)
    network = town.network()
    found, expected = {}, {}
    for client, server in product(PODS, PODS):
        if client != server:
            error = network.request(Source(pod=town.pods[ADDRESSES[client]]), ADDRESSES[server], port).error
            assert error in ("", TIMEOUT)
            found[client, server] = not error
            expected[client, server] = _expected(then, client, server)
    assert {pair for pair, ok in found.items() if ok} == {pair for pair, ok in expected.items() if ok}


def _expected(then: Lines, client: str, server: str) -> bool:
    allowed = [ok for here, there, ok in then if fnmatch(client, here) and fnmatch(server, there)]
    return allowed[-1] if allowed else True
