"""Gateway API as an add-on: what each missing part does, what the controller says, and where requests go.

https://gateway-api.sigs.k8s.io/; reasons are those of kubernetes-sigs/gateway-api, messages those of NGINX Gateway Fabric.
"""

from typing import Any

import pytest

from simulator.cluster import Cluster
from tests.simulator.extension.conftest import Lab, Obj
from tests.simulator.extension.gateways import NODES, STANDARD, GatewayLab, at, gateway, route, snapshot, to

SECRET = {
    "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "cafe-tls", "namespace": "default"}, "type": "kubernetes.io/tls",
    "data": {"tls.crt": "Y2VydA==", "tls.key": "a2V5"},
}  # fmt: skip


@pytest.fixture(scope="module")
def settled() -> bytes:
    return snapshot()


@pytest.fixture
def fabric(settled: bytes) -> GatewayLab:
    return GatewayLab(Cluster.load(settled))


@pytest.fixture
def cafe(fabric: GatewayLab) -> GatewayLab:
    """With a Gateway that has an address."""
    fabric.put(gateway(), seconds=10)
    fabric.give_address()
    return fabric


# Installing


def test_the_kinds_are_absent_until_they_are_installed(lab: Lab) -> None:
    assert 'no matches for kind "Gateway" in version "gateway.networking.k8s.io/v1"' in lab.refusal(
        "kubectl apply -f -", "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: cafe}\n"
    )
    lab.run(f"kubectl apply -f {STANDARD}")
    lab.wait(3)
    named = lab.run("kubectl api-resources --api-group=gateway.networking.k8s.io --no-headers -o name").split()
    assert named == [f"{plural}.gateway.networking.k8s.io" for plural in (
        "backendtlspolicies", "gatewayclasses", "gateways", "grpcroutes", "httproutes", "referencegrants", "tcproutes", "tlsroutes",
        "udproutes",
    )]  # fmt: skip


def test_tcp_and_udp_routes_came_to_the_standard_channel_with_release_1_6(lab: Lab) -> None:
    lab.run(f"kubectl apply -f {STANDARD.replace('v1.6.0', 'v1.5.1')}")
    lab.wait(3)
    assert "doesn't have a resource type" in lab.refusal("kubectl get tcproutes")
    lab.run(f"kubectl apply -f {STANDARD.replace('v1.6.0', 'v1.5.1').replace('standard', 'experimental')}")
    lab.wait(3)
    version = "{.spec.versions[0].name} {.metadata.annotations.gateway\\.networking\\.k8s\\.io/channel}"
    assert lab.value("crd tcproutes.gateway.networking.k8s.io", version) == "v1alpha2 experimental"
    lab.run(
        f"kubectl delete -f {STANDARD.replace('v1.6.0', 'v1.5.1').replace('standard', 'experimental')} --wait=false"
    )
    lab.wait(10)
    lab.run(f"kubectl apply -f {STANDARD}")
    lab.wait(3)
    assert lab.value("crd tcproutes.gateway.networking.k8s.io", version) == "v1 standard"


def test_an_unknown_address_is_out_of_reach(lab: Lab) -> None:
    assert lab.refusal("kubectl apply -f https://example.com/x.yaml") == (
        'error: unable to read URL "https://example.com/x.yaml": this workstation reaches no network but the cluster\'s\n'
    )


def test_without_a_controller_everything_stays_unknown(lab: Lab) -> None:
    lab.run(f"kubectl apply -f {STANDARD}")
    lab.wait(3)
    lab.request("POST", "/apis/gateway.networking.k8s.io/v1/namespaces/default/gateways", gateway())
    lab.wait(60)
    status = lab.object("gateways.gateway.networking.k8s.io", "cafe")["status"]
    assert [(one["type"], one["status"], one["reason"], one["message"]) for one in status["conditions"]] == [
        ("Accepted", "Unknown", "Pending", "Waiting for controller"),
        ("Programmed", "Unknown", "Pending", "Waiting for controller"),
    ]
    assert lab.run("kubectl get gateway cafe --no-headers").split()[:3] == ["cafe", "nginx", "Unknown"]
    assert lab.run("kubectl get svc --no-headers -o name") == "service/kubernetes\n"


def test_without_a_class_or_with_anothers_the_controller_leaves_a_gateway_alone(fabric: GatewayLab) -> None:
    fabric.put(gateway("stray", gatewayClassName="missing"))
    other = {
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass", "metadata": {"name": "other"},
        "spec": {"controllerName": "example.com/other"},
    }  # fmt: skip
    fabric.put(other, gateway("foreign", gatewayClassName="other"), seconds=20)
    assert fabric.condition("Accepted", "gateways", "stray")[:2] == ("Unknown", "Pending")
    assert fabric.condition("Accepted", "gateways", "foreign")[:2] == ("Unknown", "Pending")
    assert fabric.condition("Accepted", "gatewayclasses", "other", "") == (
        "Unknown",
        "Pending",
        "Waiting for controller",
    )
    assert fabric.condition("Accepted", "gatewayclasses", "nginx", "") == (
        "True",
        "Accepted",
        "GatewayClass is accepted",
    )


# Gateways


def test_a_gateway_gets_a_data_plane_and_is_programmed_with_its_address(fabric: GatewayLab) -> None:
    fabric.put(gateway(), seconds=10)
    assert fabric.condition("Accepted", "gateways", "cafe") == ("True", "Accepted", "Gateway is accepted")
    assert fabric.condition("Programmed", "gateways", "cafe") == (
        "False", "AddressNotAssigned", "No addresses have been assigned to the Gateway",
    )  # fmt: skip
    fabric.give_address()
    assert fabric.condition("Programmed", "gateways", "cafe") == ("True", "Programmed", "Gateway is programmed")
    assert fabric.run("kubectl get gateway cafe --no-headers").split()[:4] == ["cafe", "nginx", "172.18.255.1", "True"]
    assert fabric.object("services", "cafe-nginx")["spec"]["type"] == "LoadBalancer"
    fabric.put(gateway("second"), seconds=10)
    balanced = fabric.run("kubectl get svc -o jsonpath='{.items[?(@.spec.type==\"LoadBalancer\")].metadata.name}'")
    assert balanced == "cafe-nginx second-nginx"
    assert "Created Deployment cafe-nginx" in fabric.run("kubectl events --for gateway/cafe")


def test_every_condition_tells_the_generation_that_it_is_about(cafe: GatewayLab) -> None:
    cafe.run(
        'kubectl patch gateway cafe --type=json -p \'[{"op":"add","path":"/spec/listeners/-","value":{"name":"alt","port":8080,"protocol":"HTTP"}}]\''
    )
    cafe.wait(10)
    status = cafe.object("gateways.gateway.networking.k8s.io", "cafe")["status"]
    seen = [one["observedGeneration"] for part in (status, *status["listeners"]) for one in part["conditions"]]
    assert seen == [2] * 10
    assert [port["port"] for port in cafe.object("services", "cafe-nginx")["spec"]["ports"]] == [80, 8080]


@pytest.mark.parametrize(
    ("listeners", "number", "kind", "found"),
    [
        pytest.param([{"name": "a", "port": 80, "protocol": "SCTP"}], 0, "Accepted", ("False", "UnsupportedProtocol"), id="protocol"),
        pytest.param([{"name": "a", "port": 80, "protocol": "HTTP", "allowedRoutes": {"kinds": [{"kind": "TCPRoute"}]}}], 0, "ResolvedRefs", ("False", "InvalidRouteKinds"), id="kinds"),
        pytest.param([{"name": "a", "port": 443, "protocol": "HTTPS", "tls": {"certificateRefs": [{"name": "cafe-tls"}]}}], 0, "ResolvedRefs", ("False", "InvalidCertificateRef"), id="certificate"),
        pytest.param([{"name": "a", "port": 443, "protocol": "HTTPS", "tls": {"certificateRefs": [{"name": "x", "namespace": "kube-system"}]}}], 0, "ResolvedRefs", ("False", "RefNotPermitted"), id="foreign-certificate"),
        pytest.param([{"name": "a", "port": 80, "protocol": "HTTP"}, {"name": "b", "port": 80, "protocol": "TCP"}], 1, "Conflicted", ("True", "ProtocolConflict"), id="protocols"),
        pytest.param([{"name": "a", "port": 80, "protocol": "HTTP", "hostname": "x.com"}, {"name": "b", "port": 80, "protocol": "HTTP", "hostname": "x.com"}], 0, "Conflicted", ("True", "HostnameConflict"), id="hostnames"),
        pytest.param([{"name": "a", "port": 80, "protocol": "HTTP"}], 0, "Programmed", ("True", "Programmed"), id="fine"),
    ],
)  # fmt: skip
def test_a_listener_says_what_is_wrong_with_it(
    fabric: GatewayLab, listeners: list[Obj], number: int, kind: str, found: tuple[str, str]
) -> None:
    fabric.put(gateway("cafe", *listeners))
    assert fabric.verdict(kind, number) == found


def test_a_certificate_makes_a_listener_valid_when_it_comes(fabric: GatewayLab) -> None:
    https = {"name": "https", "port": 443, "protocol": "HTTPS", "tls": {"certificateRefs": [{"name": "cafe-tls"}]}}
    fabric.put(gateway("cafe", https))
    assert fabric.condition("Accepted", "gateways", "cafe") == (
        "False",
        "ListenersNotValid",
        "Gateway has no valid listeners",
    )
    fabric.put(SECRET, seconds=10)
    assert fabric.verdict("ResolvedRefs") == ("True", "ResolvedRefs")
    fabric.give_address()
    fabric.put(route("coffee", at("/", to("coffee"))))
    assert fabric.app(port=443, scheme="https") == "coffee"
    assert fabric.app(port=443, scheme="http") == "400"


@pytest.mark.parametrize(
    ("spec", "reason", "message"),
    [
        pytest.param({"parentRefs": [{"name": "cafe", "sectionName": "tls"}]}, "NoMatchingParent", "Listener is not found for this parent ref", id="section"),
        pytest.param({"hostnames": ["tea.other.org"]}, "NoMatchingListenerHostname", "Listener hostname does not match the Route hostnames", id="hostname"),
        pytest.param({"hostnames": ["cafe.example.com"]}, "Accepted", "The route is accepted", id="fine"),
    ],
)  # fmt: skip
def test_a_route_says_why_it_is_not_attached(fabric: GatewayLab, spec: Obj, reason: str, message: str) -> None:
    fabric.put(gateway("cafe", {"name": "http", "port": 80, "protocol": "HTTP", "hostname": "*.example.com"}))
    fabric.put(route("coffee", at("/", to("coffee")), **spec))
    status = "True" if reason == "Accepted" else "False"
    assert fabric.condition("Accepted", "httproutes", "coffee") == (status, reason, message)
    assert fabric.listener()["attachedRoutes"] == (1 if reason == "Accepted" else 0)


def test_a_route_of_another_namespace_needs_the_listeners_leave(cafe: GatewayLab) -> None:
    cafe.run("kubectl create namespace shop")
    cafe.put(route("coffee", at("/", to("coffee")), namespace="shop"))
    refused = ("False", "NotAllowedByListeners", "Route is not allowed by any listener")
    assert cafe.condition("Accepted", "httproutes", "coffee", "shop") == refused
    cafe.run(
        'kubectl patch gateway cafe --type=json -p \'[{"op":"replace","path":"/spec/listeners/0/allowedRoutes/namespaces","value":{"from":"Selector","selector":{"matchLabels":{"cafe":"yes"}}}}]\''
    )
    cafe.wait(2)
    assert cafe.condition("Accepted", "httproutes", "coffee", "shop") == refused
    cafe.run("kubectl label namespace shop cafe=yes")
    cafe.wait(2)
    assert cafe.condition("Accepted", "httproutes", "coffee", "shop")[:2] == ("True", "Accepted")
    assert cafe.condition("ResolvedRefs", "httproutes", "coffee", "shop")[:2] == ("False", "BackendNotFound")


def test_a_backend_of_another_namespace_needs_a_grant(cafe: GatewayLab) -> None:
    cafe.run("kubectl create namespace shop")
    cafe.run("kubectl create deployment cake -n shop --image=drydock/web:1.0")
    cafe.run("kubectl expose deployment cake -n shop --port=80 --target-port=8080")
    cafe.put(route("cake", at("/", to("cake", namespace="shop"))), seconds=20)
    assert cafe.condition("ResolvedRefs", "httproutes", "cake") == (
        "False", "RefNotPermitted", "Backend ref to Service shop/cake not permitted by any ReferenceGrant",
    )  # fmt: skip
    assert cafe.app() == "500"
    grant = {
        "apiVersion": "gateway.networking.k8s.io/v1beta1", "kind": "ReferenceGrant", "metadata": {"name": "cafe", "namespace": "shop"},
        "spec": {
            "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "default"}],
            "to": [{"group": "", "kind": "Service"}],
        },
    }  # fmt: skip
    cafe.put(grant)
    assert cafe.condition("ResolvedRefs", "httproutes", "cake")[:2] == ("True", "ResolvedRefs")
    assert cafe.app() == "cake"


@pytest.mark.parametrize(
    ("backend", "reason", "message"),
    [
        pytest.param(to("milk"), "BackendNotFound", 'spec.rules[0].backendRefs[0].name: Not found: "milk"', id="missing"),
        pytest.param(to("coffee", kind="Bucket"), "InvalidKind", 'spec.rules[0].backendRefs[0].kind: Unsupported value: "Bucket": supported values: "Service"', id="kind"),
    ],
)  # fmt: skip
def test_a_reference_that_leads_nowhere_breaks_its_share_of_requests(
    cafe: GatewayLab, backend: Obj, reason: str, message: str
) -> None:
    cafe.put(route("coffee", at("/", backend)))
    assert cafe.condition("ResolvedRefs", "httproutes", "coffee") == ("False", reason, message)
    assert cafe.app() == "500"


# Requests


def test_one_address_serves_many_hosts_and_paths(cafe: GatewayLab) -> None:
    cafe.put(
        route("coffee", at("/", to("coffee")), hostnames=["coffee.example.com"]),
        route("tea", at("/", to("tea")), hostnames=["tea.example.com"]),
        route("menu", at("/hot", to("coffee")), at("/hot/tea", to("tea")), at("/hot/tea/cold", to("coffee"), kind="Exact"), hostnames=["*.example.com"]),
    )  # fmt: skip
    assert cafe.app(host="coffee.example.com") == "coffee"
    assert cafe.app(host="tea.example.com") == "tea"
    assert cafe.app("/hot/tea/green", host="menu.example.com") == "tea"
    assert cafe.app("/hot/tea/cold", host="menu.example.com") == "coffee"
    assert cafe.app("/hotel", host="menu.example.com") == "404"
    assert cafe.app("/hot", host="other.org") == "404"
    assert cafe.listener()["attachedRoutes"] == 3


@pytest.mark.parametrize(
    ("asked", "answers"),
    [
        pytest.param({}, "coffee", id="plain"),
        pytest.param({"headers": {"Version": "two"}}, "tea", id="header"),
        pytest.param({"headers": {"version": "three"}}, "coffee", id="other-value"),
        pytest.param({"headers": {"agent": "curl/8"}}, "tea", id="pattern"),
        pytest.param({"path": "/?want=tea"}, "tea", id="query"),
        pytest.param({"method": "POST"}, "tea", id="method"),
    ],
)
def test_headers_queries_and_methods_decide(cafe: GatewayLab, asked: Any, answers: str) -> None:
    tea = [
        {"headers": [{"name": "version", "value": "two"}]},
        {"headers": [{"name": "agent", "value": "curl.*", "type": "RegularExpression"}]},
        {"queryParams": [{"name": "want", "value": "tea"}]},
        {"method": "POST"},
    ]
    cafe.put(route("split", at("/", to("coffee")), {"matches": tea, "backendRefs": [to("tea")]}))
    assert cafe.app(**asked) == answers


def test_weights_split_requests_and_zero_gets_none(cafe: GatewayLab) -> None:
    cafe.put(route("split", at("/", to("coffee", weight=9), to("tea", weight=1))))
    answered = [cafe.app() for _ in range(1000)]
    assert 70 <= answered.count("tea") <= 130
    assert answered.count("tea") + answered.count("coffee") == 1000
    cafe.run(
        'kubectl patch httproute split --type=json -p \'[{"op":"replace","path":"/spec/rules/0/backendRefs/1/weight","value":0}]\''
    )
    cafe.wait(2)
    assert {cafe.app() for _ in range(50)} == {"coffee"}


def test_filters_redirect_rewrite_and_mirror(cafe: GatewayLab) -> None:
    redirect = {"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}
    rewrite = {"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}}
    mirror = {"type": "RequestMirror", "requestMirror": {"backendRef": to("tea")}}
    header = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "x-cafe", "value": "1"}]}}
    cafe.put(
        route(
            "filters",
            {**at("/old"), "filters": [redirect]},
            {**at("/app", to("coffee")), "filters": [rewrite, header, mirror]},
        )
    )
    assert cafe.ask("/old").status == 301
    trace = cafe.ask("/app/version")
    said = [hop.say for hop in trace.hops if hop.kind == "filter"]
    assert said == [
        "rewritten to cafe.example.com/version",
        "request headers changed: x-cafe",
        "a copy goes to tea, its answer is dropped",
    ]
    assert "GET /version" in cafe.run("kubectl logs deploy/coffee")
    assert "GET /version" in cafe.run("kubectl logs deploy/tea")


def test_the_way_of_a_request_leads_through_listener_route_and_service(cafe: GatewayLab) -> None:
    cafe.put(route("coffee", at("/", to("coffee"))))
    trace = cafe.ask("/")
    kinds = [hop.kind for hop in trace.hops if hop.kind not in ("link", "reply")]
    assert kinds == ["virtual-ip", "rule", "endpoint", "listener", "route", "service", "endpoint", "container", "proxy"]
    assert [hop.say for hop in trace.hops if hop.kind in ("listener", "route")] == [
        "listener http of Gateway default/cafe (HTTP 80)",
        "HTTPRoute default/coffee rule 1: path prefix /",
    ]
    cafe.run("kubectl scale deployment coffee --replicas=0")
    cafe.wait(40)
    assert cafe.ask("/").status == 503


def test_grpc_methods_are_routed(cafe: GatewayLab) -> None:
    match = {"matches": [{"method": {"service": "cafe.Orders", "method": "Add"}}], "backendRefs": [to("tea")]}
    cafe.put(route("grpc", match, kind="GRPCRoute"))
    assert cafe.condition("Accepted", "grpcroutes", "grpc")[:2] == ("True", "Accepted")
    assert [hop.say for hop in cafe.ask("/cafe.Orders/Add", scheme="grpc").hops if hop.kind == "route"] == [
        "GRPCRoute default/grpc rule 1: gRPC method cafe.Orders/Add"
    ]
    assert cafe.ask("/cafe.Orders/Remove", scheme="grpc").status == 404


def test_tcp_routes_carry_whatever_comes(fabric: GatewayLab) -> None:
    fabric.put(gateway("cafe", {"name": "db", "port": 5432, "protocol": "TCP"}), seconds=10)
    fabric.give_address()
    fabric.put(route("db", {"backendRefs": [to("coffee")]}, kind="TCPRoute"))
    assert fabric.listener()["supportedKinds"] == [{"group": "gateway.networking.k8s.io", "kind": "TCPRoute"}]
    assert (
        fabric.run("kubectl exec client -- sh -c 'nc -zv 172.18.255.1 5432 2>&1'")
        == "172.18.255.1 (172.18.255.1:5432) open\n"
    )


def test_a_stopped_controller_stops_saying_anything_and_the_data_plane_goes_on(cafe: GatewayLab) -> None:
    cafe.put(route("coffee", at("/", to("coffee"))))
    cafe.run("kubectl scale deployment nginx-gateway -n nginx-gateway --replicas=0")
    cafe.wait(40)
    cafe.put(route("tea", at("/tea", to("tea"))))
    assert cafe.app("/tea") == "coffee"
    assert "status" not in cafe.object("httproutes.gateway.networking.k8s.io", "tea")
    cafe.run("kubectl scale deployment nginx-gateway -n nginx-gateway --replicas=1")
    cafe.wait(30)
    assert cafe.app("/tea") == "tea"


def test_a_deleted_gateway_takes_its_data_plane_with_it(cafe: GatewayLab) -> None:
    cafe.run("kubectl delete gateway cafe")
    cafe.wait(60)
    assert cafe.run("kubectl get svc,deploy -o name").split() == [
        "service/coffee", "service/kubernetes", "service/tea", "deployment.apps/coffee", "deployment.apps/tea",
    ]  # fmt: skip


def test_the_controller_shows_among_the_loops_while_it_runs(fabric: GatewayLab, lab: Lab) -> None:
    def loops(of: Lab) -> list[str]:
        found: Any = of.cluster.debugger.loops(0)["loops"]
        return [row["name"] for row in found]

    assert "nginx-gateway-controller" not in loops(lab)
    assert "nginx-gateway-controller" in loops(fabric)


def test_a_restored_cluster_routes_and_answers_the_same(cafe: GatewayLab) -> None:
    cafe.put(route("split", at("/", to("coffee", weight=3), to("tea", weight=1))))
    restored = GatewayLab(Cluster.load(cafe.cluster.dump()))
    for lab in (cafe, restored):
        lab.run(
            'kubectl patch httproute split --type=json -p \'[{"op":"remove","path":"/spec/rules/0/backendRefs/1"}]\''
        )
        lab.wait(5)
    assert [cafe.app() for _ in range(20)] == [restored.app() for _ in range(20)]
    assert restored.cluster.state_hash() == cafe.cluster.state_hash()


def test_a_cluster_without_add_ons_pays_nothing_for_them() -> None:
    cluster = Cluster.create({"name": "t", "nodes": NODES})
    lab = Lab(cluster)
    lab.run("kubectl create deployment web --image=nginx:1.27 --replicas=3")
    lab.wait(20)
    assert cluster.processes["add-ons"].cache.resources() == []


def test_three_applications_need_three_load_balancers_or_one_gateway(cafe: GatewayLab) -> None:
    def balancers() -> int:
        found = cafe.run("kubectl get svc -o jsonpath='{.items[?(@.spec.type==\"LoadBalancer\")].metadata.name}'")
        return len(found.split())

    cafe.put(
        route("coffee", at("/coffee", to("coffee"))),
        route("tea", at("/tea", to("tea"))),
        route("new", at("/", to("tea"), headers=[{"name": "version", "value": "two"}]), at("/", to("coffee"))),
    )
    assert balancers() == 1
    assert [cafe.app("/coffee"), cafe.app("/tea"), cafe.app("/", headers={"version": "two"})] == [
        "coffee",
        "tea",
        "tea",
    ]
    for name in ("one", "two", "three"):
        cafe.run(f"kubectl create service loadbalancer {name} --tcp=80:8080")
    assert balancers() == 4
