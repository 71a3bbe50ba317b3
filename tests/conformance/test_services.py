"""Statements of sig-network about Services, their endpoints and the nodes' ports (`test/e2e/network/service.go`)."""

from typing import Any

import pytest

from simulator.cluster import Cluster
from tests.conformance.conftest import AGNHOST, CORE, PAUSE, PODS, Suite
from tests.conformance.statements import conforms

Obj = dict[str, Any]
SIG = "[sig-network]"
SERVICES = f"{CORE}/services"


def _serving(suite: Suite, name: str, replicas: int = 2) -> None:
    """Pods that answer with their name."""
    labels = {"name": name}
    container = {"name": "c", "image": AGNHOST, "args": ["serve-hostname"], "ports": [{"containerPort": 9376}]}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": labels, "template": template}
    suite.made(f"{CORE}/replicationcontrollers", name, spec=spec)
    suite.wait()


def _service(suite: Suite, name: str, kind: str = "ClusterIP", **more: Any) -> Obj:
    ports = [{"port": 80, "targetPort": 9376, "protocol": "TCP"}]
    return suite.made(SERVICES, name, spec={"type": kind, "selector": {"name": name}, "ports": ports, **more})


def _client(suite: Suite) -> None:
    suite.pod("execpod", {"name": "agnhost-container", "image": AGNHOST, "args": ["pause"]})


def _changed(suite: Suite, name: str, spec: Obj) -> Obj:
    """The service with another spec, sent whole as a client does."""
    found = suite.do("GET", f"{SERVICES}/{name}")
    kept = {key: value for key, value in found["spec"].items() if value is not None}
    wanted = {key: value for key, value in {**kept, **spec}.items() if value is not None}
    return suite.do("PUT", f"{SERVICES}/{name}", {**found, "spec": wanted})


def _nodes(suite: Suite) -> list[str]:
    addresses = [one for node in suite.do("GET", "/api/v1/nodes")["items"] for one in node["status"]["addresses"]]
    return [one["address"] for one in addresses if one["type"] == "InternalIP"]


def _asked(suite: Suite, host: str, port: int, times: int = 1) -> list[str]:
    script = f"for i in $(seq 1 {times}); do curl -q -s --connect-timeout 2 http://{host}:{port}/; done"
    return suite.inside("execpod", script).split()


def _reachable(suite: Suite, name: str, service: Obj) -> None:
    """By its name, by its address, and by every node where it has a port of theirs."""
    places = [(name, 80), (service["spec"]["clusterIP"], 80)]
    node_port = service["spec"]["ports"][0].get("nodePort")
    places += [(address, node_port) for address in _nodes(suite)] if node_port else []
    for host, port in places:
        suite.inside("execpod", f"echo hostName | nc -v -t -w 2 {host} {port}")
        assert _asked(suite, host, port)[0].startswith(f"{name}-")


# Found and deleted


@conforms(
    f"{SIG} Services should provide secure master service [Conformance]",
    f"{SIG} Services should find a service from listing all namespaces [Conformance]",
)
def test_the_service_of_the_api_server_is_there(suite: Suite) -> None:
    assert suite.do("GET", f"{SERVICES}/kubernetes")["spec"]["ports"][0]["port"] == 443
    listed = suite.do("GET", "/api/v1/services")["items"]
    assert ("default", "kubernetes") in [(one["metadata"]["namespace"], one["metadata"]["name"]) for one in listed]


@conforms(f"{SIG} Services should delete a collection of services [Conformance]")
def test_services_are_deleted_together(suite: Suite) -> None:
    suite.do("POST", "/api/v1/namespaces", {"metadata": {"name": "services"}})
    path = "/api/v1/namespaces/services/services"
    for number, label in ((1, "yes"), (2, "yes"), (3, "no")):
        ports = [{"name": "http", "protocol": "TCP", "port": 2000 + number}]
        suite.made(path, f"e2e-svc-{number}", metadata={"labels": {"delete": label}}, spec={"ports": ports})
    assert len(suite.do("GET", path)["items"]) == 3
    suite.do("DELETE", path, labelSelector="delete=yes")
    assert [one["metadata"]["name"] for one in suite.do("GET", path)["items"]] == ["e2e-svc-3"]


@conforms(f"{SIG} Services should complete a service status lifecycle [Conformance]")
def test_the_status_of_a_service_is_written(suite: Suite) -> None:
    labels = {"test-service-static": "true"}
    start = suite.do("GET", SERVICES)["metadata"]["resourceVersion"]
    ports = [{"name": "http", "protocol": "TCP", "port": 80, "targetPort": 80}]
    suite.made(SERVICES, "test-service", metadata={"labels": labels}, spec={"type": "LoadBalancer", "ports": ports})
    path = f"{SERVICES}/test-service/status"
    assert suite.do("GET", path)["status"]["loadBalancer"] == {}
    ingress = {"loadBalancer": {"ingress": [{"ip": "203.0.113.1"}]}}
    patch = {"metadata": {"annotations": {"patchedstatus": "true"}}, "status": ingress}
    patched = suite.do("PATCH", path, patch)
    assert patched["metadata"]["annotations"]["patchedstatus"] == "true"
    assert patched["status"]["loadBalancer"]["ingress"][0]["ip"] == "203.0.113.1"
    condition = {
        "type": "StatusUpdate",
        "status": "True",
        "reason": "E2E",
        "message": "Set from e2e test",
        "lastTransitionTime": "2025-10-09T08:53:20Z",
    }
    found = suite.do("GET", path)
    found["status"]["conditions"] = [*found["status"].get("conditions", ()), condition]
    put = suite.do("PUT", path, found)
    assert condition in put["status"]["conditions"]
    suite.do("PATCH", f"{SERVICES}/test-service", {"metadata": {"labels": {"test-service": "patched"}}})
    assert suite.do("GET", f"{SERVICES}/test-service")["metadata"]["labels"]["test-service"] == "patched"
    suite.do("DELETE", f"{SERVICES}/test-service")
    suite.wait()
    told = [kind for kind, _ in suite.watch(SERVICES, start, labelSelector="test-service-static=true")]
    assert (told[0], set(told[1:-1]), told[-1]) == ("ADDED", {"MODIFIED"}, "DELETED")


@conforms(f"{SIG} Services should test the lifecycle of an Endpoint [Conformance]")
def test_endpoints_live_and_end(suite: Suite) -> None:
    path, selector = f"{CORE}/endpoints", "test-endpoint-static=true"
    start = suite.do("GET", path)["metadata"]["resourceVersion"]
    ports = [{"name": "http", "port": 80, "protocol": "TCP"}]
    subsets = [{"addresses": [{"ip": "10.0.0.24"}], "ports": ports}]
    suite.made(path, "testservice", metadata={"labels": {"test-endpoint-static": "true"}}, subsets=subsets)
    found = suite.do("GET", path, labelSelector=selector)["items"]
    assert [one["metadata"]["name"] for one in found] == ["testservice"]
    made = suite.do("GET", f"{path}/testservice")
    made["metadata"]["labels"]["test-service"] = "updated"
    suite.do("PUT", f"{path}/testservice", made)
    assert suite.do("GET", f"{path}/testservice")["metadata"]["labels"]["test-service"] == "updated"
    other = [{"addresses": [{"ip": "10.0.0.25"}], "ports": [{"name": "http-test", "port": 8080, "protocol": "TCP"}]}]
    suite.do("PATCH", f"{path}/testservice", {"metadata": {"labels": {"test-service": "patched"}}, "subsets": other})
    patched = suite.do("GET", f"{path}/testservice")
    assert patched["metadata"]["labels"]["test-service"] == "patched"
    assert patched["subsets"][0]["addresses"][0]["ip"] == "10.0.0.25"
    assert patched["subsets"][0]["ports"][0] == {"name": "http-test", "port": 8080, "protocol": "TCP"}
    suite.do("DELETE", path, labelSelector=selector)
    assert suite.do("GET", path, labelSelector=selector)["items"] == []
    assert ("DELETED", "testservice") in suite.watch(path, start, labelSelector=selector)


# Endpoints


def _pausing(suite: Suite, name: str, *ports: tuple[str, int]) -> None:
    container = {
        "name": "c",
        "image": AGNHOST,
        "args": ["netexec", f"--http-port={ports[0][1]}"],
        "ports": [{"name": name, "containerPort": port} for name, port in ports],
    }
    suite.pod(name, container, metadata={"labels": {"name": name, "app": "served"}})


def _endpoints(suite: Suite, service: str) -> dict[str, list[int]]:
    """The ports of each pod, as Endpoints and as EndpointSlices; they must agree."""
    suite.wait()
    subsets = suite.do("GET", f"{CORE}/endpoints/{service}").get("subsets") or []
    old = {
        address["targetRef"]["name"]: [port["port"] for port in subset["ports"]]
        for subset in subsets
        for address in subset.get("addresses") or ()
    }
    path = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
    slices = suite.do("GET", path, labelSelector=f"kubernetes.io/service-name={service}")["items"]
    new = {
        endpoint["targetRef"]["name"]: [port["port"] for port in one["ports"] or ()]
        for one in slices
        for endpoint in one["endpoints"] or ()
    }
    assert old == new
    return dict(sorted(old.items()))


@conforms(f"{SIG} Services should serve a basic endpoint from pods [Conformance]")
def test_endpoints_follow_the_pods(suite: Suite) -> None:
    ports = [{"port": 80, "targetPort": 80}]
    service = suite.made(SERVICES, "endpoint-test2", spec={"selector": {"app": "served"}, "ports": ports})
    assert service["spec"]["clusterIP"]
    assert _endpoints(suite, "endpoint-test2") == {}
    _client(suite)
    steps: list[tuple[str, str, dict[str, list[int]]]] = [
        ("create", "pod1", {"pod1": [80]}),
        ("create", "pod2", {"pod1": [80], "pod2": [80]}),
        ("delete", "pod1", {"pod2": [80]}),
        ("delete", "pod2", {}),
    ]
    for verb, name, wanted in steps:
        if verb == "create":
            _pausing(suite, name, ("http", 80))
        else:
            suite.do("DELETE", f"{PODS}/{name}", gracePeriodSeconds="0")
        assert _endpoints(suite, "endpoint-test2") == wanted
        for host in ("endpoint-test2", service["spec"]["clusterIP"]) if wanted else ():
            suite.inside("execpod", f"echo hostName | nc -v -t -w 2 {host} 80")


@conforms(f"{SIG} Services should serve multiport endpoints from pods [Conformance]")
def test_endpoints_follow_the_ports_of_the_pods(suite: Suite) -> None:
    ports = [
        {"name": "portname1", "port": 80, "targetPort": "svc1"},
        {"name": "portname2", "port": 81, "targetPort": "svc2"},
    ]
    service = suite.made(SERVICES, "multi-endpoint-test", spec={"selector": {"app": "served"}, "ports": ports})
    assert service["spec"]["clusterIP"]
    assert _endpoints(suite, "multi-endpoint-test") == {}
    _client(suite)
    _pausing(suite, "pod1", ("svc1", 100))
    assert _endpoints(suite, "multi-endpoint-test") == {"pod1": [100]}
    _pausing(suite, "pod2", ("svc2", 101))
    assert _endpoints(suite, "multi-endpoint-test") == {"pod1": [100], "pod2": [101]}
    for port, pod in ((80, "pod1"), (81, "pod2")):
        assert suite.inside("execpod", f"curl -q -s http://multi-endpoint-test:{port}/hostname").strip() == pod
    suite.do("DELETE", f"{PODS}/pod1", gracePeriodSeconds="0")
    assert _endpoints(suite, "multi-endpoint-test") == {"pod2": [101]}
    suite.do("DELETE", f"{PODS}/pod2", gracePeriodSeconds="0")
    assert _endpoints(suite, "multi-endpoint-test") == {}


@conforms(f"{SIG} Services should serve endpoints on same port and different protocols [Conformance]")
def test_one_port_of_two_protocols(suite: Suite) -> None:
    container = {
        "name": "c",
        "image": AGNHOST,
        "args": ["netexec", "--http-port=80", "--udp-port=80"],
        "ports": [{"containerPort": 80, "protocol": "TCP"}, {"containerPort": 80, "protocol": "UDP"}],
    }
    suite.pod("server", container, metadata={"labels": {"app": "both"}})
    tcp = {"name": "tcp-port", "port": 80, "protocol": "TCP"}
    udp = {"name": "udp-port", "port": 80, "protocol": "UDP"}
    service = suite.made(SERVICES, "multiprotocol-test", spec={"selector": {"app": "both"}, "ports": [tcp, udp]})
    _client(suite)
    address = service["spec"]["clusterIP"]

    def answers() -> tuple[bool, bool]:
        suite.wait()
        over_tcp = f"curl -q -s --connect-timeout 2 http://{address}:80/hostname || true"
        over_udp = f"echo hostname | nc -u -w 2 {address} 80 || true"
        said = [suite.inside("execpod", script).strip() for script in (over_tcp, over_udp)]
        return said[0] == "server", said[1] == "server"

    assert answers() == (True, True)
    for ports, wanted in (([tcp], (True, False)), ([udp], (False, True))):
        _changed(suite, "multiprotocol-test", {"ports": ports})
        assert answers() == wanted


# Types


@conforms(f"{SIG} Services should be able to create a functioning NodePort service [Conformance]")
def test_a_node_port_service_is_reached_at_every_node(suite: Suite) -> None:
    _serving(suite, "nodeport-test")
    service = _service(suite, "nodeport-test", "NodePort")
    _client(suite)
    assert service["spec"]["ports"][0]["nodePort"] >= 30_000
    _reachable(suite, "nodeport-test", service)


def _external(suite: Suite) -> str:
    """A service that another name can stand for."""
    _serving(suite, "externalsvc")
    _service(suite, "externalsvc")
    return "externalsvc.default.svc.cluster.local"


@conforms(
    f"{SIG} Services should be able to change the type from ClusterIP to ExternalName [Conformance]",
    f"{SIG} Services should be able to change the type from NodePort to ExternalName [Conformance]",
)
@pytest.mark.parametrize("kind", ["ClusterIP", "NodePort"])
def test_a_service_becomes_another_name(suite: Suite, kind: str) -> None:
    target = _external(suite)
    made = _service(suite, "changing", kind)
    assert made["spec"]["clusterIP"]
    assert ("nodePort" in made["spec"]["ports"][0]) == (kind == "NodePort")
    gone = {"clusterIP": None, "clusterIPs": None, "ports": None, "selector": None}
    changed = _changed(suite, "changing", {"type": "ExternalName", "externalName": target, **gone})
    assert not changed["spec"].get("clusterIP")
    assert not changed["spec"].get("ports")
    _client(suite)
    said = suite.inside("execpod", "nslookup changing.default.svc.cluster.local")
    address = suite.do("GET", f"{SERVICES}/externalsvc")["spec"]["clusterIP"]
    assert f"Address: {address}" in said
    if kind == "NodePort":
        # The port has been given back: another service may have it.
        port = {"port": 80, "nodePort": made["spec"]["ports"][0]["nodePort"]}
        suite.made(SERVICES, "next", spec={"type": "NodePort", "ports": [port]})


@conforms(
    f"{SIG} Services should be able to change the type from ExternalName to ClusterIP [Conformance]",
    f"{SIG} Services should be able to change the type from ExternalName to NodePort [Conformance]",
)
@pytest.mark.parametrize("kind", ["ClusterIP", "NodePort"])
def test_another_name_becomes_a_service(suite: Suite, kind: str) -> None:
    made = suite.made(SERVICES, "changing", spec={"type": "ExternalName", "externalName": "example.com"})
    assert "clusterIP" not in made["spec"]
    ports = [{"port": 80, "protocol": "TCP", "targetPort": 9376}]
    spec = {"type": kind, "externalName": None, "ports": ports, "selector": {"name": "changing"}}
    changed = _changed(suite, "changing", spec)
    assert changed["spec"]["clusterIP"]
    assert ("nodePort" in changed["spec"]["ports"][0]) == (kind == "NodePort")
    _serving(suite, "changing")
    _client(suite)
    _reachable(suite, "changing", changed)


# Affinity


@conforms(
    f"{SIG} Services should have session affinity work for service with type clusterIP [LinuxOnly] [Conformance]",
    f"{SIG} Services should have session affinity work for NodePort service [LinuxOnly] [Conformance]",
    f"{SIG} Services should be able to switch session affinity for service with type clusterIP [LinuxOnly] [Conformance]",
    f"{SIG} Services should be able to switch session affinity for NodePort service [LinuxOnly] [Conformance]",
)
@pytest.mark.parametrize("kind", ["ClusterIP", "NodePort"])
def test_a_client_stays_with_its_pod_as_long_as_the_service_says(suite: Suite, kind: str) -> None:
    _serving(suite, "affinity", 3)
    service = _service(suite, "affinity", kind, sessionAffinity="ClientIP")
    _client(suite)
    _reachable(suite, "affinity", service)
    where, port = service["spec"]["clusterIP"], 80
    if kind == "NodePort":
        where, port = _nodes(suite)[0], service["spec"]["ports"][0]["nodePort"]
    assert len(set(_asked(suite, where, port, 16))) == 1
    for affinity in ("None", "ClientIP"):
        more = {"sessionAffinityConfig": None} if affinity == "None" else {}
        _changed(suite, "affinity", {"sessionAffinity": affinity, **more})
        suite.wait()
        assert (len(set(_asked(suite, where, port, 16))) == 1) == (affinity == "ClientIP")


# Endpoints come soon


@conforms(f"{SIG} Service endpoints latency should not be very high [Conformance]")
def test_endpoints_come_soon() -> None:
    suite = Suite()
    suite.cluster = Cluster.create("kind: Cluster\nnodes: [{role: control-plane}, {role: worker}]", profile="lab")
    labels = {"name": "svc-latency-rc"}
    suite.pod("svc-latency-rc", {"name": "c", "image": PAUSE}, metadata={"labels": labels}, wait=60)
    second, path = 1_000_000, f"{CORE}/endpoints"
    took = []
    for number in range(100):
        start, since = suite.cluster.now, suite.do("GET", path)["metadata"]["resourceVersion"]
        suite.made(SERVICES, f"latency-svc-{number}", spec={"selector": labels, "ports": [{"port": 80}]})
        while not suite.watch(path, since):
            suite.wait(0.1)
        took.append(suite.cluster.now - start)
    took.sort()
    assert len(took) == 100
    assert took[50] < 20 * second
    assert took[90] < 50 * second
    assert took[99] < 50 * second
