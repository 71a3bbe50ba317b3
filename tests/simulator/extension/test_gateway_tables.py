"""Gateway API's own rules as tables: who may attach where, which hostnames meet, what a grant lets in, which match wins."""

from typing import Any

import pytest

from simulator.addons.gateway_api import graph
from simulator.network.http_paths import HttpPath
from simulator.network.l7_matching import choose, host_rank
from tests.proof.follows import follows
from tests.simulator.extension.gateways import at, gateway, route, to

Obj = dict[str, Any]
TYPES = "kubernetes-sigs/gateway-api/apis/v1"
FABRIC = "nginx/nginx-gateway-fabric/internal/controller/state/graph"


class Known:
    """A cache of what a test put there."""

    def __init__(self, *objects: tuple[str, Obj]) -> None:
        self._objects = objects

    def get(self, resource: str, namespace: str, name: str) -> Obj | None:
        found = (one for kind, one in self._objects if kind == resource)
        return next((one for one in found if self._name(one) == (namespace, name)), None)

    def list(self, resource: str, namespace: str | None = None) -> list[Obj]:
        found = [one for kind, one in self._objects if kind == resource]
        return [one for one in found if namespace in (None, one["metadata"].get("namespace", ""))]

    @staticmethod
    def _name(obj: Obj) -> tuple[str, str]:
        return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def namespace(name: str, **labels: str) -> tuple[str, Obj]:
    return "namespaces", {"metadata": {"name": name, "labels": labels}}


def listener(name: str = "http", **spec: Any) -> Obj:
    return {"name": name, "port": 80, "protocol": "HTTP", **spec}


# Listeners

CERTIFICATE = (
    "secrets",
    {
        "metadata": {"namespace": "default", "name": "cert"},
        "type": "kubernetes.io/tls",
        "data": {"tls.crt": "x", "tls.key": "x"},
    },
)
OPAQUE = ("secrets", {"metadata": {"namespace": "default", "name": "plain"}, "type": "Opaque"})
EMPTY = (
    "secrets",
    {"metadata": {"namespace": "default", "name": "empty"}, "type": "kubernetes.io/tls", "data": {"tls.crt": "x"}},
)


def tls(**reference: str) -> Obj:
    return listener(port=443, protocol="HTTPS", tls={"certificateRefs": [reference]} if reference else {})


@follows(
    "Gateway API: Gateway", f"{TYPES}/gateway_types.go: ListenerConditionReason", f"{FABRIC}/gateway_listener_test.go"
)
@pytest.mark.parametrize(
    ("listeners", "wanted"),
    [
        pytest.param([listener()], {}, id="fine"),
        pytest.param(
            [listener(protocol="SCTP")], {"Accepted": "UnsupportedProtocol"}, id="a protocol that nobody speaks"
        ),
        pytest.param(
            [listener(allowedRoutes={"kinds": [{"kind": "HTTPRoute"}]})], {}, id="a kind that fits the protocol"
        ),
        pytest.param(
            [listener(allowedRoutes={"kinds": [{"kind": "TCPRoute"}]})],
            {"ResolvedRefs": "InvalidRouteKinds"},
            id="a kind that does not",
        ),
        pytest.param(
            [listener(allowedRoutes={"kinds": [{"kind": "HTTPRoute", "group": "example.com"}]})],
            {"ResolvedRefs": "InvalidRouteKinds"},
            id="a kind of another group",
        ),
        pytest.param([tls(name="cert")], {}, id="a certificate"),
        pytest.param(
            [tls()], {"Accepted": "InvalidCertificateRef", "ResolvedRefs": "InvalidCertificateRef"}, id="no certificate"
        ),
        pytest.param(
            [tls(name="none")],
            {"Accepted": "InvalidCertificateRef", "ResolvedRefs": "InvalidCertificateRef"},
            id="a secret that is not there",
        ),
        pytest.param(
            [tls(name="plain")],
            {"Accepted": "InvalidCertificateRef", "ResolvedRefs": "InvalidCertificateRef"},
            id="a secret of another type",
        ),
        pytest.param(
            [tls(name="empty")],
            {"Accepted": "InvalidCertificateRef", "ResolvedRefs": "InvalidCertificateRef"},
            id="a secret without key",
        ),
        pytest.param(
            [tls(name="cert", kind="ConfigMap")],
            {"Accepted": "InvalidCertificateRef", "ResolvedRefs": "InvalidCertificateRef"},
            id="no secret at all",
        ),
        pytest.param(
            [tls(name="cert", namespace="vault")],
            {"Accepted": "RefNotPermitted", "ResolvedRefs": "RefNotPermitted"},
            id="a certificate that nobody grants",
        ),
        pytest.param(
            [listener(), listener("tcp", protocol="TCP")],
            {"Accepted": "ProtocolConflict", "Conflicted": "ProtocolConflict"},
            id="two protocols on a port",
        ),
        pytest.param([listener(), listener("udp", protocol="UDP")], {}, id="TCP and UDP are two ports"),
        pytest.param(
            [listener(hostname="a.com"), listener("b", hostname="a.com")],
            {"Accepted": "HostnameConflict", "Conflicted": "HostnameConflict"},
            id="one hostname twice",
        ),
        pytest.param(
            [listener(hostname="a.com"), listener("b", hostname="*.a.com"), listener("c")],
            {},
            id="hostnames of different reach",
        ),
        pytest.param(
            [listener(hostname="a.com"), listener("b", port=81, hostname="a.com")], {}, id="one hostname on two ports"
        ),
    ],
)
def test_what_a_listener_says(listeners: list[Obj], wanted: dict[str, str]) -> None:
    found = graph.listeners(gateway("cafe", *listeners), Known(CERTIFICATE, OPAQUE, EMPTY))[0]
    fine = {
        "Accepted": "Accepted",
        "Programmed": "Programmed",
        "ResolvedRefs": "ResolvedRefs",
        "Conflicted": "NoConflicts",
    }
    expected = {**fine, **wanted, **({"Programmed": "Invalid"} if wanted else {})}
    assert {type: reason for type, _, reason, _ in found.all_conditions} == expected
    statuses = {type: status for type, status, _, _ in found.all_conditions}
    assert all((statuses[type] == "True") is (type == "Conflicted") for type in wanted)


# Attachment

HERE = namespace("default", team="a")


@follows(
    "Gateway API: HTTPRoute",
    f"{TYPES}/shared_types.go: RouteConditionReason",
    f"{FABRIC}/route_common_test.go: TestBindRouteToListeners",
)
@pytest.mark.parametrize(
    ("listeners", "spec", "reason", "names"),
    [
        pytest.param([listener()], {}, "Accepted", ("http",), id="the only listener"),
        pytest.param([listener(), listener("b", port=81)], {}, "Accepted", ("http", "b"), id="all listeners"),
        pytest.param([listener(), listener("b", port=81)], {"sectionName": "b"}, "Accepted", ("b",), id="by name"),
        pytest.param([listener(), listener("b", port=81)], {"port": 81}, "Accepted", ("b",), id="by port"),
        pytest.param([listener()], {"sectionName": "none"}, "NoMatchingParent", (), id="no listener of that name"),
        pytest.param([listener()], {"port": 8080}, "NoMatchingParent", (), id="no listener on that port"),
        pytest.param(
            [listener(), listener("b", port=443)],
            {"sectionName": "http", "port": 443},
            "NoMatchingParent",
            (),
            id="name and port of two listeners",
        ),
        pytest.param(
            [listener("bad", protocol="SCTP"), listener()],
            {"sectionName": "bad"},
            "InvalidListener",
            (),
            id="a listener that is not valid",
        ),
        pytest.param(
            [listener("tcp", protocol="TCP")], {}, "NotAllowedByListeners", (), id="a listener for other kinds"
        ),
        pytest.param(
            [listener(hostname="a.com")],
            {"hostnames": ["b.com"]},
            "NoMatchingListenerHostname",
            (),
            id="no hostname in common",
        ),
        pytest.param(
            [listener(hostname="*.a.com")],
            {"hostnames": ["x.a.com"]},
            "Accepted",
            ("http",),
            id="a hostname under a wildcard",
        ),
        pytest.param(
            [listener(hostname="a.com"), listener("b", hostname="b.com")],
            {"hostnames": ["b.com"]},
            "Accepted",
            ("b",),
            id="those that fit",
        ),
    ],
)
def test_where_a_route_is_attached(listeners: list[Obj], spec: Obj, reason: str, names: tuple[str, ...]) -> None:
    parent: Obj = {"name": "cafe", **{key: spec[key] for key in ("sectionName", "port") if key in spec}}
    hosts: Obj = {"hostnames": spec["hostnames"]} if "hostnames" in spec else {}
    made = route("r", parentRefs=[parent], **hosts)
    owner, objects = gateway("cafe", *listeners), Known(HERE)
    found = graph.attach(made, parent, owner, graph.listeners(owner, objects), objects)
    assert (found.accepted[2], found.listeners) == (reason, names)
    assert found.accepted[1] == ("True" if reason == "Accepted" else "False")


@follows("Gateway API: HTTPRoute", f"{TYPES}/shared_types.go: FromNamespaces, RouteNamespaces")
@pytest.mark.parametrize(
    ("namespaces", "where", "lets_in"),
    [
        pytest.param(None, "default", True, id="the Gateway's own by default"),
        pytest.param(None, "shop", False, id="no other by default"),
        pytest.param({"from": "Same"}, "shop", False, id="Same"),
        pytest.param({"from": "All"}, "shop", True, id="All"),
        pytest.param(
            {"from": "Selector", "selector": {"matchLabels": {"team": "b"}}},
            "shop",
            True,
            id="a namespace with the label",
        ),
        pytest.param(
            {"from": "Selector", "selector": {"matchLabels": {"team": "b"}}},
            "default",
            False,
            id="one without it, even the Gateway's own",
        ),
    ],
)
def test_from_which_namespaces_routes_come(namespaces: Obj | None, where: str, lets_in: bool) -> None:
    allowed: Obj = {} if namespaces is None else {"allowedRoutes": {"namespaces": namespaces}}
    owner, objects = gateway("cafe", listener(**allowed)), Known(HERE, namespace("shop", team="b"))
    parent = {"name": "cafe", "namespace": "default"}
    found = graph.attach(route("r", namespace=where), parent, owner, graph.listeners(owner, objects), objects)
    assert found.accepted[2] == ("Accepted" if lets_in else "NotAllowedByListeners")


@follows(
    "Gateway API: HTTPRoute",
    f"{TYPES}/httproute_types.go: HTTPRouteSpec.hostnames",
    f"{FABRIC}/route_common_test.go: TestFindAcceptedHostnames",
)
@pytest.mark.parametrize(
    ("listener_host", "hosts", "common"),
    [
        pytest.param("", ["a.com"], ["a.com"], id="a listener for all"),
        pytest.param("a.com", ["a.com"], ["a.com"], id="the same"),
        pytest.param("a.com", ["b.com", "a.com"], ["a.com"], id="one of two"),
        pytest.param(
            "*.a.com", ["x.a.com", "x.y.a.com", "a.com"], ["x.a.com", "x.y.a.com"], id="under a wildcard, at any depth"
        ),
        pytest.param("x.a.com", ["*.a.com"], ["x.a.com"], id="a wildcard of the route takes the listener's name"),
        pytest.param("*.a.com", ["*.a.com"], ["*.a.com"], id="two wildcards"),
        pytest.param("*.x.a.com", ["*.a.com"], ["*.x.a.com"], id="the narrower wildcard"),
        pytest.param("a.com", ["*.a.com"], [], id="a wildcard does not hold its own domain"),
    ],
)
def test_hostnames_in_common(listener_host: str, hosts: list[str], common: list[str]) -> None:
    assert graph.common_hosts(listener_host, hosts) == common


# References


def grant(*, to_kind: str = "Service", name: str | None = None, **source: str) -> tuple[str, Obj]:
    comes = {"group": graph.GROUP, "kind": "HTTPRoute", "namespace": "default", **source}
    goes = {"group": "", "kind": to_kind} | ({} if name is None else {"name": name})
    return graph.GRANTS, {"metadata": {"namespace": "shop", "name": "g"}, "spec": {"from": [comes], "to": [goes]}}


SHOP = ("services", {"metadata": {"namespace": "shop", "name": "tea"}, "spec": {"ports": [{"port": 80}]}})
OWN = ("services", {"metadata": {"namespace": "default", "name": "tea"}, "spec": {"ports": [{"port": 80}]}})


@follows(
    "Gateway API: ReferenceGrant",
    "kubernetes-sigs/gateway-api/apis/v1beta1/referencegrant_types.go",
    f"{FABRIC}/reference_grant_test.go",
)
@pytest.mark.parametrize(
    ("grants", "permitted"),
    [
        pytest.param([], False, id="none"),
        pytest.param([grant()], True, id="for all Services"),
        pytest.param([grant(name="tea")], True, id="for this Service"),
        pytest.param([grant(name="coffee")], False, id="for another Service"),
        pytest.param([grant(to_kind="Secret")], False, id="for another kind"),
        pytest.param([grant(kind="GRPCRoute")], False, id="for another kind of route"),
        pytest.param([grant(namespace="other")], False, id="for another namespace"),
        pytest.param([grant(group="example.com")], False, id="for another group"),
        pytest.param([grant(name="coffee"), grant()], True, id="one of two is enough"),
    ],
)
def test_what_a_grant_lets_in(grants: list[tuple[str, Obj]], permitted: bool) -> None:
    made = route("r", at("/", to("tea", namespace="shop")))
    found = graph.resolved(made, Known(SHOP, *grants))
    message = "Backend ref to Service shop/tea not permitted by any ReferenceGrant"
    assert found[2:] == (("ResolvedRefs", "All references are resolved") if permitted else ("RefNotPermitted", message))


MIRROR = {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "milk", "port": 80}}}


@follows(
    "Gateway API: HTTPRoute",
    f"{TYPES}/shared_types.go: RouteReasonResolvedRefs, RouteReasonInvalidKind, RouteReasonBackendNotFound",
    f"{FABRIC}/backend_refs_test.go",
)
@pytest.mark.parametrize(
    ("rule", "reason", "message"),
    [
        pytest.param(at("/", to("tea")), "ResolvedRefs", "All references are resolved", id="fine"),
        pytest.param(
            at("/", to("milk")),
            "BackendNotFound",
            'spec.rules[0].backendRefs[0].name: Not found: "milk"',
            id="no such Service",
        ),
        pytest.param(
            at("/", to("tea", port=81)),
            "BackendNotFound",
            "no matching port for Service tea and port 81",
            id="no such port",
        ),
        pytest.param(
            at("/", to("tea", kind="Bucket")),
            "InvalidKind",
            'spec.rules[0].backendRefs[0].kind: Unsupported value: "Bucket": supported values: "Service"',
            id="no Service",
        ),
        pytest.param(
            at("/", to("tea"), to("milk")),
            "BackendNotFound",
            'spec.rules[0].backendRefs[1].name: Not found: "milk"',
            id="the second one",
        ),
        pytest.param(
            {**at("/", to("tea")), "filters": [MIRROR]},
            "BackendNotFound",
            'spec.rules[0].filters[0].requestMirror.backendRef.name: Not found: "milk"',
            id="a mirror",
        ),
    ],
)
def test_references_of_a_route(rule: Obj, reason: str, message: str) -> None:
    found = graph.resolved(route("r", rule), Known(OWN))
    assert found == ("ResolvedRefs", "True" if reason == "ResolvedRefs" else "False", reason, message)


# Precedence


def taking(name: str, match: Obj, *, hosts: tuple[str, ...] = (), created: str = "2025-01-01") -> Obj:
    rule = {"matches": [match], "filters": [], "backends": []}
    return {"namespace": "default", "name": name, "created": created, "hostnames": list(hosts), "rules": [rule]}


def path(value: str, kind: str = "PathPrefix", **more: Any) -> Obj:
    return {"path": {"type": kind, "value": value}, **more}


HEADER: Obj = {"headers": [{"name": "A", "value": "b"}]}
QUERY: Obj = {"queryParams": [{"name": "q", "value": "1"}]}


@follows("Gateway API: HTTPRoute", f"{TYPES}/httproute_types.go: HTTPRouteRule.matches")
@pytest.mark.parametrize(
    ("routes", "taken"),
    [
        pytest.param(
            [taking("prefix", path("/a/b")), taking("exact", path("/a/b", "Exact"))],
            "exact",
            id="an exact path before a prefix",
        ),
        pytest.param([taking("short", path("/a")), taking("long", path("/a/b"))], "long", id="the longer prefix"),
        pytest.param(
            [taking("long", path("/a/b")), taking("method", path("/a/b", method="GET"))], "method", id="a method"
        ),
        pytest.param(
            [taking("longer", path("/a/b")), taking("short", path("/a", method="GET"))],
            "longer",
            id="a method does not outweigh the path",
        ),
        pytest.param(
            [taking("plain", path("/a")), taking("header", path("/a", **HEADER))], "header", id="more headers"
        ),
        pytest.param(
            [taking("method", path("/a", method="GET")), taking("header", path("/a", **HEADER))],
            "method",
            id="a method before headers",
        ),
        pytest.param(
            [taking("query", path("/a", **QUERY)), taking("header", path("/a", **HEADER))],
            "header",
            id="headers before queries",
        ),
        pytest.param([taking("plain", path("/a")), taking("query", path("/a", **QUERY))], "query", id="more queries"),
        pytest.param(
            [taking("new", path("/a"), created="2025-02-01"), taking("old", path("/a"))], "old", id="the older route"
        ),
        pytest.param([taking("b", path("/a")), taking("a", path("/a"))], "a", id="the first by name"),
        pytest.param(
            [taking("wild", path("/a/b", "Exact"), hosts=("*.com",)), taking("name", path("/"), hosts=("x.com",))],
            "name",
            id="the hostname before the path",
        ),
        pytest.param(
            [taking("other", path("/a"), hosts=("y.com",)), taking("any", path("/"))],
            "any",
            id="another hostname takes nothing",
        ),
        pytest.param([taking("other", path("/ab"))], None, id="prefixes are of whole elements"),
        pytest.param([taking("post", path("/a", method="POST"))], None, id="another method"),
    ],
)
def test_which_match_wins(routes: list[Obj], taken: str | None) -> None:
    asked = HttpPath("/a/b?q=1", host="x.com", method="GET", headers={"a": "b"})
    found = choose(routes, asked)
    assert (None if found is None else found.route["name"]) == taken


@follows("Gateway API: GRPCRoute", f"{TYPES}/grpcroute_types.go: GRPCRouteRule.matches, GRPCMethodMatch")
@pytest.mark.parametrize(
    ("match", "fits"),
    [
        pytest.param({"service": "shop.Tea", "method": "Brew"}, True, id="service and method"),
        pytest.param({"service": "shop.Tea"}, True, id="any method of a service"),
        pytest.param({"method": "Brew"}, True, id="a method of any service"),
        pytest.param({}, True, id="everything"),
        pytest.param({"service": "shop.Coffee"}, False, id="another service"),
        pytest.param({"service": "shop"}, False, id="a service's name is whole"),
        pytest.param({"method": "brew"}, False, id="the case counts"),
        pytest.param({"type": "RegularExpression", "service": r"shop\..*", "method": "B.+"}, True, id="patterns"),
    ],
)
def test_methods_of_grpc(match: Obj, fits: bool) -> None:
    asked = HttpPath("/shop.Tea/Brew", host="x.com", method="POST", headers={})
    found = choose([taking("r", {"grpc": match})], asked)
    assert (found is not None) is fits


@pytest.mark.parametrize(
    ("pattern", "host", "fits"),
    [
        pytest.param("*.a.com", "x.y.a.com", True, id="any number of labels"),
        pytest.param("*.a.com", "a.com", False, id="not the domain itself"),
        pytest.param("*.a.com", "xa.com", False, id="whole labels"),
    ],
)
def test_wildcards_of_hostnames(pattern: str, host: str, fits: bool) -> None:
    assert (host_rank(pattern, host) is not None) is fits
