"""Groups D, I, K, N, R and T where they are about the network: the way of packets, rules on nodes, names of pods."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.cluster import Cluster
from simulator.network.tools import NetworkTools
from tests.simulator.concepts.conftest import Lab

JUMP = "kubectl run jump --image=busybox:1.36 -- sleep 36000"


@pytest.fixture
def shop(lab: Any) -> Any:
    lab.run("kubectl create deployment shop --image=nginx:1.27 --replicas=3 --port=80")
    lab.run("kubectl expose deployment shop --port=80")
    lab.run(JUMP)
    lab.wait(20)
    return lab


def path(lab: Any, host: str, port: int = 80, *, source: Any = None, **more: Any) -> dict[str, Any]:
    command = {"kind": "request-path", "from": source or {"pod": "default/jump"}, "host": host, "port": port, **more}
    reply = lab.cluster.apply(command)
    assert "error" not in reply or isinstance(reply["error"], str), reply
    assert reply["changed"] is False
    return dict(reply)


def kinds(reply: dict[str, Any]) -> list[str]:
    return [hop["kind"] for hop in reply["hops"]]


def rules_of(lab: Any, node: str) -> dict[str, Any]:
    return dict(lab.cluster.apply({"kind": "node-rules", "node": node}))


def backends(lab: Any, node: str, service: str) -> list[str]:
    rules = rules_of(lab, node)["rules"]
    return [one["address"] for rule in rules if rule["service"] == service for one in rule["backends"]]


def ready(lab: Any, selector: str = "app=shop") -> list[str]:
    found = lab.value(f"pods -l {selector}", '{.items[?(@.status.phase=="Running")].status.podIP}')
    return sorted(found.split())


def test_a_packet_between_pods_keeps_its_addresses_over_the_wire(shop: Any) -> None:
    node = shop.value("pod jump", "{.spec.nodeName}")
    rows = [
        line.split()
        for line in shop.run("kubectl get pods -l app=shop -o wide --no-headers").splitlines()
        if node not in line
    ]
    address, there = rows[0][5], rows[0][6]
    reply = path(shop, address)
    assert kinds(reply) == ["link", "endpoint", "container"]
    own = shop.value("pod jump", "{.status.podIP}")
    assert {(hop["source"], hop["target"]) for hop in reply["hops"]} == {(own, f"{address}:80")}
    assert reply["hops"][0]["say"] == f"from {node} to {there}, addresses unchanged"


def test_a_near_miss_names_the_label_that_fails(shop: Any) -> None:
    pod = shop.column("kubectl get pods -l app=shop", "NAME")[0]
    shop.run(f"kubectl label pod {pod} tier=front")
    reply = shop.cluster.apply({"kind": "select", "namespace": "default", "selector": "app=shop,tier=front"})
    assert reply["matches"] == [shop.value(f"pod {pod}", "{.metadata.uid}")]
    assert {tuple(map(tuple, near["fails"])) for near in reply["near"]} == {(("tier=front", "no label tier"),)}
    assert len(reply["near"]) == 2


def test_a_service_without_endpoints_is_mended_by_a_label_alone(shop: Any) -> None:
    shop.run("kubectl run lone --image=nginx:1.27 --labels=app=lonely")
    shop.run("kubectl create service clusterip lone --tcp=80:80")
    shop.wait(20)
    [finding] = shop.cluster.apply({"kind": "diagnose", "service": "lone"})["findings"]
    assert finding["say"] == "The selector wants app=lone, but pod lone has app=lonely."
    shop.run("kubectl label pod lone app=lone --overwrite")
    shop.wait(2)
    assert shop.cluster.apply({"kind": "diagnose", "service": "lone"})["findings"] == []
    assert path(shop, "lone")["ok"]


def test_slices_and_rules_follow_the_pods_within_a_moment(shop: Any) -> None:
    shop.run("kubectl scale deployment shop --replicas=5")
    shop.wait(20)
    for _ in range(20):
        listed = shop.value(
            "endpointslices -l kubernetes.io/service-name=shop",
            "{.items[*].endpoints[?(@.conditions.ready)].addresses[*]}",
        )
        assert sorted(listed.split()) == ready(shop)
        assert sorted(backends(shop, "book-worker", "shop")) == ready(shop)
        shop.wait(1)
    assert len(ready(shop)) == 5


def test_a_cluster_ip_is_refused_from_outside_and_served_inside(shop: Any) -> None:
    address = shop.value("svc shop", "{.spec.clusterIP}")
    outside = path(shop, address, source="outside")
    assert (outside["ok"], outside["error"], outside["findings"][0]["link"]) == (
        False,
        "connection timed out",
        "no-route",
    )
    assert path(shop, address)["ok"]


def test_two_protocols_share_a_port_number_and_each_is_answered_by_its_own(shop: Any) -> None:
    shop.run("kubectl delete service shop")
    ports = (
        "[{name: tcp, port: 53, protocol: TCP, targetPort: 80}, {name: udp, port: 53, protocol: UDP, targetPort: 53}]"
    )
    shop.run(
        "kubectl apply -f -",
        f"apiVersion: v1\nkind: Service\nmetadata: {{name: both}}\nspec: {{selector: {{app: shop}}, ports: {ports}}}\n",
    )
    shop.wait(2)
    assert path(shop, "both", 53)["ok"]
    refused = path(shop, "both", 53, protocol="UDP")
    assert (refused["error"], refused["hops"][-1]["say"].split(" listens")[1]) == ("connection refused", " on port 53")
    dns = shop.value("svc kube-dns -n kube-system", "{.spec.clusterIP}")
    assert path(shop, dns, 53, protocol="UDP")["ok"]
    assert path(shop, dns, 53)["ok"]


def test_local_traffic_fails_on_a_node_without_pods_and_keeps_the_clients_address(shop: Any) -> None:
    shop.pin("solo", "book-worker")
    shop.run("kubectl expose pod solo --port=80 --type=NodePort")
    shop.wait(20)
    port = int(shop.value("svc solo", "{.spec.ports[0].nodePort}"))
    addresses = {node: shop.cluster.kubelets.address(node) for node in ("book-worker", "book-worker2")}
    cluster = [path(shop, address, port, source="outside") for address in addresses.values()]
    assert [(one["ok"], one["client"]) for one in cluster] == [(True, "172.18.0.3"), (True, "172.18.0.4")]
    shop.run('kubectl patch svc solo -p \'{"spec":{"externalTrafficPolicy":"Local"}}\'')
    shop.wait(2)
    local = [path(shop, address, port, source="outside") for address in addresses.values()]
    assert [(one["ok"], one["client"]) for one in local] == [(True, "172.18.0.1"), (False, "")]
    assert local[1]["findings"][0]["link"] == "no-local-endpoints"


def test_a_stateful_pods_name_leads_to_its_present_address(lab: Any) -> None:
    lab.run(JUMP)
    lab.run(
        "kubectl apply -f -",
        "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {clusterIP: None, selector: {app: db}, ports: [{name: http, port: 80}]}\n"
        "---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec: {serviceName: db, replicas: 3, selector: {matchLabels: {app: db}},"
        ' template: {metadata: {labels: {app: db}}, spec: {containers: [{name: c, image: "nginx:1.27", ports: [{containerPort: 80}]}]}}}\n',
    )
    lab.wait(60)
    name = "db-1.db.default.svc.cluster.local"
    before, uid = lab.value("pod db-1", "{.status.podIP}"), lab.value("pod db-1", "{.metadata.uid}")
    assert f"Address: {before}" in lab.run(f"kubectl exec jump -- nslookup {name}")
    assert path(lab, name)["hops"][1]["say"] == f"{name} is {before}"
    assert "rule" not in kinds(path(lab, name))
    assert "virtual-ip" not in kinds(path(lab, "db"))
    lab.run("kubectl delete pod db-1")
    lab.wait(60)
    after = lab.value("pod db-1", "{.status.podIP}")
    assert (after != before, lab.value("pod db-1", "{.metadata.uid}") != uid) == (True, True)
    assert f"Address: {after}" in lab.run(f"kubectl exec jump -- nslookup {name}")
    lab.run("kubectl delete service db")
    lab.wait(5)
    assert lab.column("kubectl get pods -l app=db", "STATUS") == ["Running"] * 3
    gone = path(lab, name)
    assert (gone["error"], gone["findings"][0]["say"]) == (
        "could not resolve host",
        "Pod names need the headless Service db, which does not exist.",
    )


def test_srv_records_list_every_pod_of_a_headless_service_with_its_port(lab: Any) -> None:
    lab.run("kubectl run tools --image=nicolaka/netshoot:v0.13 -- sleep 36000")
    lab.run(
        "kubectl apply -f -",
        "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {clusterIP: None, selector: {app: db}, ports: [{name: http, port: 80}]}\n"
        "---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec: {serviceName: db, replicas: 3, selector: {matchLabels: {app: db}},"
        ' template: {metadata: {labels: {app: db}}, spec: {containers: [{name: c, image: "nginx:1.27", ports: [{containerPort: 80}]}]}}}\n',
    )
    lab.wait(60)
    answer = lab.run("kubectl exec tools -- dig +short SRV _http._tcp.db.default.svc.cluster.local")
    assert sorted(answer.splitlines()) == [f"0 33 80 db-{n}.db.default.svc.cluster.local." for n in range(3)]


def test_without_kube_proxy_a_nodes_rules_stand_still_and_its_address_stays(shop: Any) -> None:
    node = shop.value("pod jump", "{.spec.nodeName}")
    address = shop.cluster.kubelets.address(node)
    shop.fault("kube-proxy-stop", node)
    before = backends(shop, node, "shop")
    shop.run("kubectl delete pods -l app=shop")
    shop.wait(60)
    assert backends(shop, node, "shop") == before
    assert not set(before) & set(ready(shop))
    assert not path(shop, "shop")["ok"]
    assert "so its rules still name" in path(shop, "shop")["findings"][0]["say"]
    assert path(shop, address, 10256, source={"node": node})["error"] != "could not resolve host"
    assert address in shop.run(f"kubectl get node {node} -o wide")
    shop.fault("kube-proxy-start", node)
    assert path(shop, "shop")["ok"]


def test_a_node_without_kube_proxys_pod_gets_no_rules(shop: Any) -> None:
    other = '{"spec":{"template":{"spec":{"nodeSelector":{"kubernetes.io/hostname":"book-worker"}}}}}'
    shop.run(f"kubectl patch daemonset kube-proxy -n kube-system -p '{other}'")
    shop.wait(40)
    assert rules_of(shop, "book-worker")["running"] is True
    assert rules_of(shop, "book-worker2")["running"] is False
    shop.fault("node-power-off", "book-worker2")
    shop.fault("node-power-on", "book-worker2")
    shop.wait(60)
    assert rules_of(shop, "book-worker2")["rules"] == []


def test_the_traffic_goes_on_without_the_api_server(shop: Any) -> None:
    shop.fault("component-stop", "kube-apiserver")
    assert path(shop, "shop", source={"node": "book-worker"})["error"] == "could not resolve host"
    assert path(shop, "shop")["ok"]


def test_a_cut_wire_and_a_slow_one(shop: Any) -> None:
    shop.pin("far", "book-worker")
    shop.wait(20)
    address = shop.value("pod far", "{.status.podIP}")
    source = {"node": "book-worker2"}
    shop.fault("network-cut", "book-worker,book-worker2")
    assert (
        path(shop, address, source=source)["hops"][-1]["say"] == "the wire between book-worker and book-worker2 is cut"
    )
    shop.fault("network-mend", "book-worker2,book-worker")
    quick = path(shop, address, source=source)["took_us"]
    shop.fault("network-delay", "book-worker,book-worker2,200")
    assert path(shop, address, source=source)["took_us"] == quick + 400_000


def cni(plugin_image: str) -> str:
    return (
        "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: cni, namespace: kube-system}\nspec: {selector: {matchLabels: {app: cni}},"
        " template: {metadata: {labels: {app: cni}}, spec: {hostNetwork: true, tolerations: [{operator: Exists}],"
        f' containers: [{{name: agent, image: "{plugin_image}"}}]}}}}}}\n'
    )


def test_without_a_network_plugin_nodes_are_not_ready_until_one_is_applied() -> None:
    lab = Lab(
        Cluster.create(
            {
                "nodes": [{"role": "control-plane"}, {"role": "worker"}],
                "networking": {"disableDefaultCNI": True},
            }
        )
    )
    lab.run("kubectl run web --image=nginx:1.27")
    assert lab.column("kubectl get nodes", "STATUS") == ["NotReady", "NotReady"]
    message = lab.value("node kind-worker", '{.status.conditions[?(@.type=="Ready")].message}')
    assert message == (
        "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
        "message:Network plugin returns error: cni plugin not initialized"
    )
    assert lab.column("kubectl get pods", "STATUS") == ["Pending"]
    lab.run("kubectl apply -f -", cni("ghcr.io/flannel-io/flannel:v0.27.0"))
    lab.wait(60)
    assert lab.column("kubectl get nodes", "STATUS") == ["Ready", "Ready"]
    assert lab.column("kubectl get pods", "STATUS") == ["Running"]


def test_a_removed_network_plugin_holds_new_pods_and_leaves_old_ones(shop: Any) -> None:
    shop.fault("cni-remove", "book-worker")
    shop.wait(15)
    assert shop.column("kubectl get nodes", "STATUS") == ["Ready", "NotReady", "Ready"]
    reasons = shop.run(
        "kubectl get events --field-selector involvedObject.name=book-worker -o jsonpath='{.items[*].reason}'"
    )
    assert reasons.split()[-1] == "NodeNotReady"
    shop.pin("stuck", "book-worker")
    shop.wait(20)
    assert shop.column("kubectl get pod stuck", "STATUS") == ["ContainerCreating"]
    assert path(shop, "shop")["ok"]
    shop.fault("cni-install", "book-worker")
    shop.wait(30)
    assert shop.column("kubectl get pod stuck", "STATUS") == ["Running"]


@pytest.mark.parametrize(
    ("plugin", "ok"),
    [pytest.param("kindnet", False, id="held"), pytest.param("flannel", True, id="accepted and not held")],
)
def test_a_policy_holds_only_where_the_plugin_holds_policies(plugin: str, ok: bool) -> None:
    nodes = [{"role": "control-plane"}, {"role": "worker"}]
    lab = Lab(Cluster.create({"nodes": nodes, "networking": {"cni": plugin}}))
    lab.run("kubectl run web --image=nginx:1.27 --labels=app=web")
    lab.run(JUMP)
    lab.run(
        "kubectl apply -f -",
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: wall}\nspec: {podSelector: {matchLabels: {app: web}}}\n",
    )
    lab.wait(20)
    assert path(lab, lab.value("pod web", "{.status.podIP}"))["ok"] is ok


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    host=st.one_of(
        st.sampled_from(
            ("", ".", "..", "::1", "fe80::1%eth0", "127.0.0.1", "0.0.0.0", "1.2.3.4", "a" * 253, "_http._tcp.web")
        ),
        st.text(max_size=30),
        st.ip_addresses().map(str),
    ),
    port=st.integers(-1, 70_000),
    protocol=st.sampled_from(("TCP", "UDP", "SCTP")),
)
def test_any_host_is_answered_and_changes_nothing(quiet: Any, host: str, port: int, protocol: str) -> None:
    before = quiet.cluster.state_hash()
    for source in ("outside", {"node": "book-worker"}, {"pod": "default/jump"}):
        command = {"kind": "request-path", "from": source, "host": host, "port": port, "protocol": protocol}
        reply = quiet.cluster.apply(command)
        assert reply["changed"] is False
        assert "hops" in reply or reply["error"]["code"] == "BadCommand"
        assert "hops" not in reply or reply["ok"] or reply["findings"]
    assert quiet.cluster.state_hash() == before
    pod = quiet.cluster.sources.find({"pod": "default/jump"}).pod
    tools = NetworkTools(quiet.cluster.datapath)
    for argv in (
        ("nslookup", host),
        ("nslookup", "-type=srv", host),
        ("dig", "-x", host),
        ("dig", host, "SRV"),
        ("curl", host),
    ):
        status, lines, took_us = tools.ask(pod, argv)
        assert status in (0, 1, 6, 7, 9, 28), lines
        assert took_us >= 0


@pytest.fixture(scope="module")
def quiet() -> Any:
    made = Lab(
        Cluster.create(
            {
                "name": "book",
                "nodes": [{"role": "control-plane"}, {"role": "worker"}],
                "networking": {"ipFamily": "dual"},
            }
        )
    )
    made.run("kubectl run jump --image=nicolaka/netshoot:v0.13 -- sleep 36000")
    made.run("kubectl create service clusterip web --tcp=80:80")
    made.run(
        "kubectl apply -f -",
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: some}\n"
        "spec: {podSelector: {}, egress: [{to: [{ipBlock: {cidr: '0.0.0.0/0'}}]}, {ports: [{port: 53, protocol: UDP}]}]}\n",
    )
    made.wait(20)
    return made
