"""Endpoints and slices that nobody selects: by hand, mirrored, in more than one slice, by zone, and while pods leave."""

from typing import Any

import pytest

from simulator.cluster import Cluster
from tests.simulator.concepts.conftest import Lab

SLICES = "endpointslices -l kubernetes.io/service-name="
BARE = "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {ports: [{name: http, port: 80}]}\n"


def endpoints(*addresses: str, more: str = "", labels: str = "") -> str:
    listed = ", ".join(f"{{ip: {address}}}" for address in addresses)
    return (
        f"---\napiVersion: v1\nkind: Endpoints\nmetadata: {{name: db, labels: {{{labels}}}}}\n"
        f"subsets: [{{addresses: [{listed}], {more}ports: [{{name: http, port: 80}}]}}]\n"
    )


def path(lab: Any, host: str, source: Any) -> dict[str, Any]:
    return dict(lab.cluster.apply({"kind": "request-path", "from": source, "host": host, "port": 80}))


@pytest.fixture
def shop(lab: Any) -> Any:
    lab.pin("one", "book-worker")
    lab.pin("two", "book-worker2")
    lab.wait(20)
    return lab


def test_endpoints_by_hand_are_mirrored_into_a_slice_that_is_served(shop: Any) -> None:
    address = shop.value("pod one", "{.status.podIP}")
    shop.run("kubectl apply -f -", BARE + endpoints(address, more="notReadyAddresses: [{ip: 10.244.9.9}], "))
    shop.wait(2)
    assert shop.value(f"{SLICES}db", "{.items[*].endpoints[*].addresses[0]}") == f"{address} 10.244.9.9"
    assert shop.value(f"{SLICES}db", "{.items[*].endpoints[*].conditions.ready}") == "true false"
    labels = "{.items[0].metadata.labels.endpointslice\\.kubernetes\\.io/managed-by}"
    assert shop.value(f"{SLICES}db", labels) == "endpointslicemirroring-controller.k8s.io"
    assert shop.value(f"{SLICES}db", "{.items[0].metadata.ownerReferences[0].kind}") == "Endpoints"
    assert path(shop, shop.value("svc db", "{.spec.clusterIP}"), {"node": "book-worker2"})["ok"]


def test_the_mirror_follows_changes_and_goes_with_its_endpoints(shop: Any) -> None:
    one, two = (shop.value(f"pod {name}", "{.status.podIP}") for name in ("one", "two"))
    shop.run("kubectl apply -f -", BARE + endpoints(one))
    shop.wait(2)
    name = shop.column(f"kubectl get {SLICES}db", "NAME")
    shop.run("kubectl apply -f -", BARE + endpoints(one, two))
    shop.wait(2)
    assert shop.column(f"kubectl get {SLICES}db", "NAME") == name
    assert sorted(shop.value(f"{SLICES}db", "{.items[*].endpoints[*].addresses[0]}").split()) == sorted((one, two))
    shop.run(f"kubectl delete endpointslice {name[0]}")
    shop.wait(2)
    assert len(shop.column(f"kubectl get {SLICES}db", "NAME")) == 1
    shop.run("kubectl delete endpoints db")
    shop.wait(2)
    assert shop.column(f"kubectl get {SLICES}db", "NAME") == []


@pytest.mark.parametrize(
    ("service", "labels"),
    [
        pytest.param(BARE, "endpointslice.kubernetes.io/skip-mirror: 'true'", id="told to skip"),
        pytest.param(BARE.replace("{ports", "{selector: {app: db}, ports"), "", id="the service has a selector"),
        pytest.param("", "", id="no service"),
    ],
)
def test_what_is_not_mirrored(shop: Any, service: str, labels: str) -> None:
    shop.run("kubectl apply -f -", service + endpoints("10.244.9.9", labels=labels))
    shop.wait(2)
    owners = shop.value("endpointslices", "{.items[*].metadata.ownerReferences[*].kind}")
    assert "Endpoints" not in owners.split()


def test_a_hundred_and_fifty_endpoints_are_two_slices_and_all_are_served(make_lab: Any) -> None:
    lab = make_lab(workers=2)
    lab.run("kubectl apply -f -", BARE)
    for number, count in enumerate((100, 50)):
        listed = ", ".join(
            f"{{addresses: [10.9.{number}.{host}], conditions: {{ready: true}}}}" for host in range(1, count + 1)
        )
        lab.run(
            "kubectl apply -f -",
            f"apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {{name: db-{number}, labels: {{kubernetes.io/service-name: db}}}}\n"
            f"addressType: IPv4\nports: [{{name: http, port: 80}}]\nendpoints: [{listed}]\n",
        )
    lab.wait(2)
    rules = lab.cluster.apply({"kind": "node-rules", "node": "book-worker"})["rules"]
    [rule] = [one for one in rules if one["service"] == "db"]
    assert len(rule["backends"]) == 150
    assert (rule["backends"][0]["probability"], rule["backends"][-1]["probability"]) == (round(1 / 150, 10), 1.0)


def test_traffic_prefers_its_zone_and_leaves_it_when_nobody_is_there() -> None:
    nodes = [{"role": "control-plane"}, {"role": "worker", "zone": "a"}, {"role": "worker", "zone": "b"}]
    lab = Lab(Cluster.create({"name": "book", "nodes": nodes}))
    for name, node in (("one", "book-worker"), ("two", "book-worker2")):
        lab.pin(name, node)
        lab.run(f"kubectl label pod {name} app=web")
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, trafficDistribution: PreferClose, ports: [{port: 80}]}\n"
    lab.run("kubectl apply -f -", service)
    lab.wait(20)
    assert sorted(lab.value(f"{SLICES}web", "{.items[*].endpoints[*].hints.forZones[*].name}").split()) == ["a", "b"]
    address = lab.value("svc web", "{.spec.clusterIP}")
    answered = {node: path(lab, address, {"node": node})["backend"] for node in ("book-worker", "book-worker2")}
    assert answered == {"book-worker": "default/one", "book-worker2": "default/two"}
    lab.run("kubectl delete pod one --now")
    lab.wait(5)
    assert path(lab, address, {"node": "book-worker"})["backend"] == "default/two"
    wrong = lab.refusal("kubectl apply -f -", service.replace("PreferClose", "Nearest"))
    assert 'spec.trafficDistribution: Unsupported value: "Nearest": supported values: "PreferClose"' in wrong


def test_a_pod_that_leaves_still_serves_where_nobody_else_is_left(lab: Any) -> None:
    spec = '{name: c, image: "nginx:1.27", lifecycle: {preStop: {sleep: {seconds: 20}}}}'
    lab.run(
        "kubectl apply -f -",
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: last, labels: {{app: last}}}}\nspec: {{containers: [{spec}]}}\n",
    )
    lab.run("kubectl expose pod last --port=80")
    lab.wait(20)
    lab.run("kubectl delete pod last --wait=false")
    lab.wait(5)
    conditions = "{.items[0].endpoints[0].conditions}"
    assert lab.value(f"{SLICES}last", conditions) == '{"ready":false,"serving":true,"terminating":true}'
    address = lab.value("svc last", "{.spec.clusterIP}")
    assert path(lab, address, {"node": "book-worker"})["ok"]
    lab.wait(30)
    assert path(lab, address, {"node": "book-worker"})["error"] == "connection refused"


def test_publish_not_ready_addresses_shows_pods_before_they_are_ready(lab: Any) -> None:
    probe = "readinessProbe: {httpGet: {path: /no, port: 80}}"
    lab.run(
        "kubectl apply -f -",
        f'apiVersion: v1\nkind: Pod\nmetadata: {{name: early, labels: {{app: early}}}}\nspec: {{containers: [{{name: c, image: "nginx:1.27", {probe}}}]}}\n'
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: early}\nspec: {clusterIP: None, publishNotReadyAddresses: true, selector: {app: early}, ports: [{port: 80}]}\n",
    )
    lab.run("kubectl run jump --image=busybox:1.36 -- sleep 36000")
    lab.wait(20)
    address = lab.value("pod early", "{.status.podIP}")
    assert (
        lab.value(f"{SLICES}early", "{.items[0].endpoints[0].conditions}")
        == '{"ready":true,"serving":false,"terminating":false}'
    )
    assert f"Address: {address}" in lab.run("kubectl exec jump -- nslookup early")
