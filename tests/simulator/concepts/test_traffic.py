"""Continuous traffic: what clients notice of rollouts, failures and stale addresses, and that the meter costs nothing while nothing changes."""

from typing import Any

import pytest

from simulator.cluster import Cluster

JUMP = "kubectl run jump --image=busybox:1.36 -- sleep 36000"
READY = (
    ", readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}, lifecycle: {preStop: {sleep: {seconds: 5}}}"
)


def deployment(name: str = "web", *, image: str = "drydock/slow:1.0", more: str = "", replicas: int = 3) -> str:
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  replicas: {replicas}\n"
        f"  selector: {{matchLabels: {{app: {name}}}}}\n  strategy: {{rollingUpdate: {{maxSurge: 1, maxUnavailable: 0}}}}\n"
        f'  template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: [{{name: c, image: "{image}"{more}}}]}}}}\n'
    )


def expose(lab: Any, name: str) -> None:
    lab.run(f"kubectl expose deployment {name} --port=80 --target-port=8080")


def start(lab: Any, *hosts: str, source: Any = None, port: int = 80, rate: int = 50, path: str = "/") -> str:
    command = {"kind": "traffic", "op": "start", "from": source or {"pod": "default/jump"}, "hosts": list(hosts)}
    reply = lab.cluster.apply({**command, "port": port, "rate": rate, "path": path})
    assert reply["changed"] is True, reply
    return str(reply["id"])


def meter(lab: Any, id: str) -> dict[str, Any]:
    reply = lab.cluster.apply({"kind": "traffic"})
    assert reply["changed"] is False
    return next(dict(flow) for flow in reply["flows"] if flow["id"] == id)


@pytest.fixture
def shop(lab: Any) -> Any:
    lab.run("kubectl apply -f -", deployment(more=READY))
    expose(lab, "web")
    lab.run(JUMP)
    lab.wait(60)
    return lab


def test_a_rollout_with_probes_and_grace_loses_no_request(shop: Any) -> None:
    flow = start(shop, "web")
    shop.run("kubectl rollout restart deployment/web")
    shop.wait(180)
    found = meter(shop, flow)
    assert (found["sent"], found["failed"], found["errors"]) == (9_000, 0, {})
    assert len(found["backends"]) == 6


def test_a_rollout_without_a_readiness_probe_loses_some(lab: Any) -> None:
    lab.run("kubectl apply -f -", deployment())
    expose(lab, "web")
    lab.run(JUMP)
    lab.wait(60)
    flow = start(lab, "web")
    lab.run("kubectl rollout restart deployment/web")
    lab.wait(60)
    found = meter(lab, flow)
    assert found["failed"] > 500
    assert list(found["errors"]) == ["connection refused"]


def test_requests_are_spread_evenly_and_add_up(shop: Any) -> None:
    flow = start(shop, "web", rate=100)
    shop.wait(30)
    found = meter(shop, flow)
    counts = list(found["backends"].values())
    assert (len(counts), sum(counts), found["sent"]) == (3, 3_000, 3_000)
    assert all(950 <= count <= 1_050 for count in counts)


def test_a_client_with_a_pods_address_fails_where_one_with_the_services_does_not(shop: Any) -> None:
    address = shop.value("pods -l app=web", "{.items[0].status.podIP}")
    by_address, by_name = start(shop, address, port=8080), start(shop, "web")
    shop.run("kubectl rollout restart deployment/web")
    shop.wait(180)
    assert meter(shop, by_name)["failed"] == 0
    lost = meter(shop, by_address)
    assert (lost["failed"] > 1_000, "connection timed out" in lost["errors"]) == (True, True)
    histories = [addresses for _, _, _, addresses in meter(shop, by_name)["history"]]
    assert (len(histories[0]), len(histories[-1])) == (3, 3)
    assert not set(histories[0]) & set(histories[-1])


def test_of_three_services_in_a_row_only_the_callers_of_the_dead_one_notice(lab: Any) -> None:
    lab.run(JUMP)
    for name in ("front", "api", "store"):
        lab.run("kubectl apply -f -", deployment(name, image="drydock/web:2.0", replicas=1))
        expose(lab, name)
    lab.wait(40)
    pods = {name: lab.column(f"kubectl get pods -l app={name}", "NAME")[0] for name in ("front", "api", "store")}
    flows = {
        "outside → front": start(lab, "front"),
        "front → api": start(lab, "api", source={"pod": f"default/{pods['front']}"}),
        "api → store": start(lab, "store", source={"pod": f"default/{pods['api']}"}),
    }
    lab.run("kubectl scale deployment store --replicas=0")
    lab.wait(60)
    failed = {name: meter(lab, flow)["failed"] > 0 for name, flow in flows.items()}
    assert failed == {"outside → front": False, "front → api": False, "api → store": True}


def test_an_outside_client_must_know_which_nodes_live(shop: Any) -> None:
    shop.run("kubectl expose deployment web --name=out --port=80 --target-port=8080 --type=NodePort")
    shop.wait(5)
    port = int(shop.value("svc out", "{.spec.ports[0].nodePort}"))
    addresses = [shop.cluster.kubelets.address(node) for node in ("book-control-plane", "book-worker", "book-worker2")]
    flow = start(shop, *addresses, source="outside", port=port, rate=30)
    shop.wait(10)
    assert meter(shop, flow)["failed"] == 0
    slices = "endpointslices -l kubernetes.io/service-name=out"
    before = shop.value(slices, "{.items[*].endpoints[*].conditions.ready}")
    shop.run("kubectl cordon book-worker2")
    shop.run("kubectl drain book-worker2 --ignore-daemonsets --force --delete-emptydir-data")
    shop.wait(60)
    clean = meter(shop, flow)["failed"]
    shop.fault("node-power-off", "book-worker2")
    shop.wait(30)
    found = meter(shop, flow)
    assert (clean, list(found["errors"])) == (0, ["connection timed out"])
    assert 295 <= found["failed"] <= 305
    assert shop.value(slices, "{.items[*].endpoints[*].conditions.ready}") == before


def test_a_flow_costs_nothing_while_nothing_changes(shop: Any) -> None:
    flow = start(shop, "web", rate=1_000)
    shop.wait(5)
    tickets = shop.cluster.engine.tickets
    shop.wait(3_000)
    assert shop.cluster.engine.tickets - tickets < 60
    assert meter(shop, flow)["sent"] == 3_005_000


def test_reading_the_meter_does_not_change_what_it_shows_later(shop: Any) -> None:
    flow = start(shop, "web", rate=7)
    other = Cluster.load(shop.cluster.dump())
    for _ in range(10):
        shop.wait(1.3)
        meter(shop, flow)
    other.advance(other.now + 13_000_000)
    assert other.apply({"kind": "traffic"}) == shop.cluster.apply({"kind": "traffic"})
    assert other.state_hash() == shop.cluster.state_hash()


def test_a_restored_flow_has_the_same_future(shop: Any) -> None:
    start(shop, "web", rate=40)
    shop.run("kubectl rollout restart deployment/web")
    shop.wait(7)
    other = Cluster.load(shop.cluster.dump())
    shop.wait(100)
    until = other.now + 100_000_000
    while not other.advance(until):
        continue
    assert other.apply({"kind": "traffic"}) == shop.cluster.apply({"kind": "traffic"})
    assert other.state_hash() == shop.cluster.state_hash()


def test_a_flow_ends_with_its_client_and_can_be_stopped_and_forgotten(shop: Any) -> None:
    first, second = start(shop, "web"), start(shop, "web", source="outside")
    shop.run("kubectl delete pod jump --now")
    shop.wait(60)
    assert meter(shop, first)["running"] is False
    assert meter(shop, second)["errors"] == {"could not resolve host": meter(shop, second)["sent"]}
    shop.cluster.apply({"kind": "traffic", "op": "stop", "id": second})
    sent = meter(shop, second)["sent"]
    shop.wait(10)
    assert meter(shop, second)["sent"] == sent
    assert shop.cluster.apply({"kind": "traffic", "op": "forget", "id": second})["changed"] is True
    assert [flow["id"] for flow in shop.cluster.apply({"kind": "traffic"})["flows"]] == [first]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        pytest.param({"op": "go"}, "op: found 'go', wanted one of start, stop, forget, list", id="no such deed"),
        pytest.param({"op": "stop", "id": "9"}, "id: found '9', wanted a flow that was started", id="no such flow"),
        pytest.param(
            {"op": "start", "host": "web", "rate": 0},
            "rate: found 0, wanted a whole number of requests a second up to 10000",
            id="no rate",
        ),
        pytest.param(
            {"op": "start", "host": ""}, "hosts: found [''], wanted one to 20 names or addresses", id="no host"
        ),
        pytest.param(
            {"op": "start", "host": "web", "from": {"pod": "default/nobody"}},
            'from: found {\'pod\': \'default/nobody\'}, wanted "outside", {"pod": "namespace/name"} or {"node": name} of one that exists',
            id="no client",
        ),
    ],
)
def test_a_bad_command_is_answered(lab: Any, command: dict[str, Any], message: str) -> None:
    reply = lab.cluster.apply({"kind": "traffic", **command})
    assert (reply["error"]["message"], reply["changed"]) == (message, False)
