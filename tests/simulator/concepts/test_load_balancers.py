"""Services of type LoadBalancer: pending in kind, made by a provider, sent to nodes, healthy or not, and taken away again."""

from typing import Any

import pytest

from simulator.cluster import Cluster
from tests.simulator.concepts.conftest import Lab

ADDRESS = "172.18.255.10"
PROVIDER = "cloud-provider-kind"


@pytest.fixture
def shop(lab: Any) -> Any:
    lab.run("kubectl create deployment web --image=nginx:1.27 --replicas=2 --port=80")
    lab.run("kubectl run jump --image=busybox:1.36 -- sleep 36000")
    lab.run("kubectl expose deployment web --port=80 --type=LoadBalancer")
    lab.wait(40)
    return lab


@pytest.fixture
def balanced(shop: Any) -> Any:
    shop.fault("component-start", PROVIDER)
    shop.wait(10)
    return shop


def ask(lab: Any, host: str, port: int = 80, source: Any = "outside") -> dict[str, Any]:
    return dict(lab.cluster.apply({"kind": "request-path", "from": source, "host": host, "port": port}))


def start(lab: Any, *hosts: str, port: int = 80, rate: int = 30) -> str:
    command = {"kind": "traffic", "op": "start", "from": "outside", "hosts": list(hosts), "port": port, "rate": rate}
    return str(lab.cluster.apply(command)["id"])


def meter(lab: Any, id: str) -> dict[str, Any]:
    return next(dict(flow) for flow in lab.cluster.apply({"kind": "traffic"})["flows"] if flow["id"] == id)


def events(lab: Any, name: str = "web") -> list[tuple[str, str]]:
    rows = lab.run(
        f"kubectl get events --field-selector involvedObject.kind=Service,involvedObject.name={name} -o jsonpath='{{range .items[*]}}{{.reason}}|{{.message}}{{\"\\n\"}}{{end}}'"
    )
    return [tuple(row.split("|", 1)) for row in rows.splitlines()]


def test_without_a_provider_the_address_stays_pending_and_is_explained(shop: Any) -> None:
    assert shop.column("kubectl get svc web", "EXTERNAL-IP") == ["<pending>"]
    assert events(shop) == []
    [finding] = shop.cluster.apply({"kind": "diagnose", "service": "web"})["findings"]
    assert (finding["left"]["value"], finding["right"]["value"]) == ("LoadBalancer", "none")
    port = int(shop.value("svc web", "{.spec.ports[0].nodePort}"))
    assert ask(shop, "172.18.0.3", port)["ok"]


def test_a_provider_gives_an_address_that_builds_on_node_port_and_cluster_ip(balanced: Any) -> None:
    assert balanced.column("kubectl get svc web", "EXTERNAL-IP") == [ADDRESS]
    assert events(balanced) == [
        ("EnsuringLoadBalancer", "Ensuring load balancer"),
        ("EnsuredLoadBalancer", "Ensured load balancer"),
    ]
    assert balanced.value("svc web", "{.metadata.finalizers[*]}") == "service.kubernetes.io/load-balancer-cleanup"
    port = int(balanced.value("svc web", "{.spec.ports[0].nodePort}"))
    assert balanced.value("svc web", "{.spec.clusterIP}").startswith("10.96.")
    reply = ask(balanced, ADDRESS)
    assert [hop["kind"] for hop in reply["hops"] if hop["kind"] != "link"] == [
        "load-balancer",
        "node-port",
        "rule",
        "endpoint",
        "container",
        "reply",
    ]
    assert reply["hops"][0]["target"].endswith(f":{port}")
    assert (reply["ok"], reply["hops"][0]["node"]) == (True, "")
    assert balanced.cluster.apply({"kind": "diagnose", "service": "web"})["findings"] == []


def test_inside_the_cluster_the_address_needs_no_way_out(balanced: Any) -> None:
    reply = ask(balanced, ADDRESS, source={"pod": "default/jump"})
    assert reply["hops"][0]["say"] == f"{ADDRESS}:80 is service default/web"
    assert reply["ok"]


def test_the_load_balancer_checks_nodes_so_that_clients_need_not(balanced: Any) -> None:
    port = int(balanced.value("svc web", "{.spec.ports[0].nodePort}"))
    balanced.run("kubectl cordon book-worker2")
    balanced.run("kubectl drain book-worker2 --ignore-daemonsets --force --delete-emptydir-data")
    balanced.wait(40)
    by_node, by_balancer = start(balanced, "172.18.0.3", "172.18.0.4", port=port), start(balanced, ADDRESS)
    balanced.wait(10)
    assert (meter(balanced, by_node)["failed"], meter(balanced, by_balancer)["failed"]) == (0, 0)
    balanced.fault("node-power-off", "book-worker2")
    balanced.wait(22)
    before = meter(balanced, by_balancer)["failed"]
    balanced.wait(60)
    assert before > 0
    assert meter(balanced, by_balancer)["failed"] == before
    assert 1_150 <= meter(balanced, by_node)["failed"] <= 1_300
    balanced.fault("node-power-on", "book-worker2")
    balanced.wait(120)
    assert meter(balanced, by_balancer)["failed"] == before


def test_without_its_controller_a_load_balancer_is_not_made_nor_taken_away(balanced: Any) -> None:
    balanced.fault("component-stop", PROVIDER)
    balanced.run("kubectl expose deployment web --name=late --port=80 --type=LoadBalancer")
    balanced.run("kubectl delete service web --wait=false")
    balanced.wait(60)
    assert balanced.column("kubectl get svc late", "EXTERNAL-IP") == ["<pending>"]
    assert balanced.value("svc web", "{.metadata.deletionTimestamp}") != ""
    assert ask(balanced, ADDRESS)["ok"]
    balanced.fault("component-start", PROVIDER)
    balanced.wait(20)
    assert balanced.column("kubectl get svc late", "EXTERNAL-IP") == ["172.18.255.11"]
    assert balanced.column("kubectl get svc", "NAME") == ["kubernetes", "late"]
    assert events(balanced)[-2:] == [
        ("DeletingLoadBalancer", "Deleting load balancer"),
        ("DeletedLoadBalancer", "Deleted load balancer"),
    ]
    assert not ask(balanced, ADDRESS)["ok"]


def test_a_service_that_is_a_load_balancer_no_more_loses_it(balanced: Any) -> None:
    balanced.run('kubectl patch svc web -p \'{"spec":{"type":"ClusterIP"}}\'')
    balanced.wait(10)
    assert balanced.column("kubectl get svc web", "EXTERNAL-IP") == ["<none>"]
    assert balanced.value("svc web", "{.metadata.finalizers}") == ""
    assert balanced.value("svc web", "{.status.loadBalancer}") == "{}"


def test_a_load_balancer_may_do_without_node_ports(balanced: Any) -> None:
    balanced.run(
        "kubectl apply -f -",
        "apiVersion: v1\nkind: Service\nmetadata: {name: direct}\nspec: {type: LoadBalancer, allocateLoadBalancerNodePorts: false,"
        " selector: {app: web}, ports: [{port: 80}]}\n",
    )
    balanced.wait(10)
    [row] = balanced.run("kubectl get svc direct --no-headers").splitlines()
    assert row.split()[3:5] == ["172.18.255.11", "80/TCP"]
    assert balanced.value("svc direct", "{.spec.ports[0].nodePort}") == ""
    reply = ask(balanced, "172.18.255.11")
    assert "node-port" not in [hop["kind"] for hop in reply["hops"]]
    assert reply["ok"]


def test_a_class_of_its_own_is_for_somebody_else(balanced: Any) -> None:
    balanced.run(
        "kubectl apply -f -",
        "apiVersion: v1\nkind: Service\nmetadata: {name: other}\nspec: {type: LoadBalancer, loadBalancerClass: example.com/mine,"
        " selector: {app: web}, ports: [{port: 80}]}\n",
    )
    balanced.wait(20)
    assert balanced.column("kubectl get svc other", "EXTERNAL-IP") == ["<pending>"]
    assert events(balanced, "other") == []


def test_source_ranges_are_held_outside_and_on_the_nodes(balanced: Any) -> None:
    balanced.run('kubectl patch svc web -p \'{"spec":{"loadBalancerSourceRanges":["192.0.2.0/24"]}}\'')
    balanced.wait(10)
    outside = ask(balanced, ADDRESS)
    assert (outside["error"], outside["findings"][0]["right"]["value"]) == ("connection timed out", "172.18.0.1")
    assert outside["findings"][0]["left"]["value"] == "192.0.2.0/24"
    assert ask(balanced, ADDRESS, source={"pod": "default/jump"})["error"] == "connection timed out"
    balanced.run('kubectl patch svc web -p \'{"spec":{"loadBalancerSourceRanges":["172.18.0.0/16"]}}\'')
    balanced.wait(10)
    assert ask(balanced, ADDRESS)["ok"]


def test_under_policy_local_the_health_check_port_leaves_nodes_without_pods_out(balanced: Any) -> None:
    balanced.pin("solo", "book-worker")
    balanced.run("kubectl expose pod solo --port=80 --type=LoadBalancer")
    balanced.wait(20)
    assert balanced.value("svc solo", "{.spec.healthCheckNodePort}") == ""
    balanced.run('kubectl patch svc solo -p \'{"spec":{"externalTrafficPolicy":"Local"}}\'')
    balanced.wait(30)
    check = int(balanced.value("svc solo", "{.spec.healthCheckNodePort}"))
    assert 30_000 <= check <= 32_767
    trace = balanced.cluster.datapath.request(balanced.cluster.sources.find("outside"), "172.18.0.3", check)
    assert (trace.status, trace.body) == (
        200,
        '{"service":{"namespace":"default","name":"solo"},"localEndpoints":1,"serviceProxyHealthy":true}\n',
    )
    assert ask(balanced, "172.18.0.4", check)["status"] == 503
    address = balanced.value("svc solo", "{.status.loadBalancer.ingress[0].ip}")
    reply = ask(balanced, address)
    assert (reply["ok"], reply["client"], reply["backend"]) == (True, "172.18.0.1", "default/solo")
    flow = start(balanced, address)
    balanced.wait(20)
    assert meter(balanced, flow)["failed"] == 0


def test_more_nodes_are_told_of(balanced: Any) -> None:
    balanced.run("kubectl label node book-worker2 node.kubernetes.io/exclude-from-external-load-balancers=")
    balanced.wait(2)
    assert events(balanced)[-1] == ("UpdatedLoadBalancer", "Updated load balancer with new hosts")
    assert {row["nodes"][0] for row in balanced.cluster.balancers.rows()} == {"book-worker"}
    balanced.run("kubectl label node book-worker node.kubernetes.io/exclude-from-external-load-balancers=")
    balanced.wait(2)
    assert events(balanced)[-1] == ("UnAvailableLoadBalancer", "There are no available nodes for LoadBalancer")
    assert ask(balanced, ADDRESS)["findings"][0]["link"] == "load-balancer"


def test_what_changed_is_told_before_the_load_balancer_is_looked_at(balanced: Any) -> None:
    balanced.run('kubectl patch svc web -p \'{"spec":{"externalTrafficPolicy":"Local"}}\'')
    balanced.wait(5)
    assert events(balanced)[2][0] == "ExternalTrafficPolicy"
    assert ("ExternalTrafficPolicy", "Cluster -> Local") in events(balanced)
    balanced.run('kubectl patch svc web -p \'{"spec":{"type":"NodePort","externalTrafficPolicy":"Cluster"}}\'')
    balanced.wait(10)
    assert events(balanced)[-3:] == [
        ("Type", "LoadBalancer -> NodePort"),
        ("DeletingLoadBalancer", "Deleting load balancer"),
        ("DeletedLoadBalancer", "Deleted load balancer"),
    ]
    assert balanced.value("svc web", "{.status.loadBalancer}") in ("", "{}")


def test_hosts_that_a_provider_would_not_take_are_told_to_it_again(balanced: Any) -> None:
    balancers = balanced.cluster.balancers
    balancers.ledger.is_out = True
    balanced.run("kubectl label node book-worker2 node.kubernetes.io/exclude-from-external-load-balancers=")
    balanced.wait(3)
    assert "UpdateLoadBalancerFailed" in [reason for reason, _ in events(balanced)]
    balancers.ledger.is_out = False
    balanced.wait(60)
    assert [row["nodes"] for row in balancers.rows()] == [["book-worker"]]


def test_beyond_the_quota_the_refusal_is_an_event_and_tried_again(balanced: Any) -> None:
    balanced.cluster.balancers.ledger.quota = 1
    balanced.run("kubectl expose deployment web --name=second --port=80 --type=LoadBalancer")
    balanced.wait(3)
    assert events(balanced, "second") == [
        ("EnsuringLoadBalancer", "Ensuring load balancer"),
        (
            "SyncLoadBalancerFailed",
            "Error syncing load balancer: failed to ensure load balancer: quota of load balancers exceeded: 1 of 1 in use",
        ),
    ]
    balanced.run("kubectl delete service web --wait=false")
    balanced.wait(60)
    assert balanced.column("kubectl get svc second", "EXTERNAL-IP") == ["172.18.255.11"]


def test_a_restored_cluster_has_the_same_load_balancers_and_future(balanced: Any) -> None:
    balanced.run("kubectl expose deployment web --name=second --port=80 --type=LoadBalancer")
    balanced.fault("node-power-off", "book-worker2")
    balanced.wait(1.5)
    other = Cluster.load(balanced.cluster.dump())
    assert other.dump() == balanced.cluster.dump()
    balanced.wait(60)
    until = other.now + 60_000_000
    while not other.advance(until):
        continue
    assert other.state_hash() == balanced.cluster.state_hash()


def test_a_cluster_without_load_balancers_pays_nothing_for_the_provider(lab: Any) -> None:
    lab.fault("component-start", PROVIDER)
    lab.wait(5)
    tickets = lab.cluster.engine.tickets
    lab.wait(600)
    assert lab.cluster.engine.tickets - tickets < 10


@pytest.mark.parametrize(
    ("provider", "field", "shown"),
    [
        pytest.param("aws", "hostname", ".elb.cloud.example", id="by a name"),
        pytest.param("google", "ip", "203.0.113.10", id="by an address"),
    ],
)
def test_a_managed_cluster_has_load_balancers_from_the_start(provider: str, field: str, shown: str) -> None:
    lab = Lab(Cluster.create({"flavour": "cloud", "cloud": {"provider": provider}}))
    lab.run("kubectl create deployment web --image=nginx:1.27 --replicas=2 --port=80")
    lab.run("kubectl run jump --image=busybox:1.36 -- sleep 36000")
    lab.run("kubectl expose deployment web --port=80 --type=LoadBalancer")
    lab.wait(9)
    assert lab.column("kubectl get svc web", "EXTERNAL-IP") == ["<pending>"]
    lab.wait(25)
    host = lab.value("svc web", f"{{.status.loadBalancer.ingress[0].{field}}}")
    assert shown in host
    outside, inside = ask(lab, host), ask(lab, host, source={"pod": "default/jump"})
    assert (outside["ok"], outside["status"], inside["ok"]) == (True, 200, True)
    assert ("load-balancer" in [hop["kind"] for hop in inside["hops"]]) is (field == "hostname")
    assert len(lab.cluster.cloud.load_balancers.rows()) == 1


def test_a_clouds_outage_holds_new_load_balancers_and_leaves_those_that_send() -> None:
    lab = Lab(Cluster.create({"flavour": "cloud", "cloud": {"provider": "google"}}))
    lab.run("kubectl create deployment web --image=nginx:1.27 --port=80")
    lab.run("kubectl expose deployment web --port=80 --type=LoadBalancer")
    lab.wait(40)
    lab.fault("cloud-outage", "load-balancers")
    lab.run("kubectl expose deployment web --name=late --port=80 --type=LoadBalancer")
    lab.wait(20)
    assert events(lab, "late")[-1] == (
        "SyncLoadBalancerFailed",
        "Error syncing load balancer: failed to ensure load balancer: "
        "the load balancers service is currently unavailable, try again later",
    )
    assert ask(lab, "203.0.113.10")["ok"]
    lab.fault("cloud-recovery", "load-balancers")
    lab.wait(120)
    assert lab.column("kubectl get svc late", "EXTERNAL-IP") == ["203.0.113.11"]
