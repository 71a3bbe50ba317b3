"""Statements of sig-network about slices, names, packets between pods, host ports and the proxies of the API server (`test/e2e/network`)."""

import json
from typing import Any

import pytest

from tests.conformance.conftest import AGNHOST, CORE, PODS, Suite
from tests.conformance.statements import conforms

Obj = dict[str, Any]
SIG = "[sig-network]"
SERVICES, ENDPOINTS = f"{CORE}/services", f"{CORE}/endpoints"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
JESSIE = "registry.k8s.io/e2e-test-images/jessie-dnsutils:1.7"


def _slices(suite: Suite, service: str, path: str = SLICES) -> list[Obj]:
    return list(suite.do("GET", path, labelSelector=f"kubernetes.io/service-name={service}")["items"])


def _is_served(suite: Suite) -> None:
    groups = [one["name"] for one in suite.do("GET", "/apis")["groups"]]
    assert "discovery.k8s.io" in groups
    versions = [one["version"] for one in suite.do("GET", "/apis/discovery.k8s.io")["versions"]]
    assert "v1" in versions
    assert "endpointslices" in [one["name"] for one in suite.do("GET", "/apis/discovery.k8s.io/v1")["resources"]]


# EndpointSlices


@conforms(f"{SIG} EndpointSlice should have Endpoints and EndpointSlices pointing to API Server [Conformance]")
def test_slices_lead_to_the_api_server(suite: Suite) -> None:
    _is_served(suite)
    assert suite.do("GET", f"{SERVICES}/kubernetes")["spec"]["clusterIP"]
    subsets = suite.do("GET", f"{ENDPOINTS}/kubernetes")["subsets"]
    old = [one["ip"] for subset in subsets for one in subset["addresses"]]
    new = [address for one in _slices(suite, "kubernetes") for end in one["endpoints"] for address in end["addresses"]]
    nodes = suite.do("GET", "/api/v1/nodes", labelSelector="node-role.kubernetes.io/control-plane")["items"]
    masters = [one["address"] for node in nodes for one in node["status"]["addresses"] if one["type"] == "InternalIP"]
    assert old == new == masters


@conforms(
    f"{SIG} EndpointSlice should create and delete Endpoints and EndpointSlices for a Service with a selector specified "
    "[Conformance]"
)
def test_slices_come_and_go_with_the_service(suite: Suite) -> None:
    _is_served(suite)
    ports = [{"name": "example", "port": 80, "protocol": "TCP"}]
    suite.made(SERVICES, "example-empty-selector", spec={"selector": {"does-not-match-anything": "x"}, "ports": ports})
    suite.wait()
    assert suite.do("GET", f"{ENDPOINTS}/example-empty-selector").get("subsets") in (None, [])
    assert len(_slices(suite, "example-empty-selector")) == 1
    suite.do("DELETE", f"{SERVICES}/example-empty-selector")
    suite.wait(60)
    assert suite.ask("GET", f"{ENDPOINTS}/example-empty-selector")["status"] == 404
    assert _slices(suite, "example-empty-selector") == []


@conforms(f"{SIG} EndpointSlice should create Endpoints and EndpointSlices for Pods matching a Service [Conformance]")
def test_slices_hold_the_pods_of_a_service(suite: Suite) -> None:
    _is_served(suite)
    labels = {"foo": "bar"}
    addresses = []
    for name, own in (("pod1", {"shared": "1"}), ("pod2", {"shared": "2"})):
        ports = [{"name": "example-name", "containerPort": 3000 if name == "pod1" else 3001}]
        container = {"name": "c", "image": AGNHOST, "args": ["pause"], "ports": ports}
        addresses.append(suite.pod(name, container, metadata={"labels": {**labels, **own}})["status"]["podIP"])
    ports = [{"name": "example", "port": 80, "targetPort": 3001, "protocol": "TCP"}]
    suite.made(
        SERVICES,
        "example-int-port",
        spec={"selector": {"shared": "1"}, "ports": ports, "publishNotReadyAddresses": True},
    )
    named = [{"name": "http", "port": 80, "targetPort": "example-name", "protocol": "TCP"}]
    suite.made(SERVICES, "example-named-port", spec={"selector": labels, "ports": named})
    suite.wait()
    for service, wanted in (
        ("example-int-port", {addresses[0]: 3001}),
        ("example-named-port", {addresses[0]: 3000, addresses[1]: 3001}),
    ):
        subsets = suite.do("GET", f"{ENDPOINTS}/{service}")["subsets"]
        old = {one["ip"]: subset["ports"][0]["port"] for subset in subsets for one in subset["addresses"]}
        slices = _slices(suite, service)
        new = {end["addresses"][0]: one["ports"][0]["port"] for one in slices for end in one["endpoints"]}
        assert old == new == wanted
        for one in slices:
            assert one["addressType"] == "IPv4"
            assert (
                one["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"] == "endpointslice-controller.k8s.io"
            )
            assert one["metadata"]["ownerReferences"][0]["name"] == service
            for end in one["endpoints"]:
                assert end["conditions"] == {"ready": True, "serving": True, "terminating": False}
                assert end["targetRef"]["name"] in ("pod1", "pod2")


@conforms(
    f"{SIG} EndpointSliceMirroring should mirror a custom Endpoints resource through create update and delete [Conformance]"
)
def test_endpoints_by_hand_are_mirrored(suite: Suite) -> None:
    _is_served(suite)
    suite.made(SERVICES, "example-custom-endpoints", spec={"ports": [{"name": "example", "port": 80}]})
    ports = [{"port": 80, "protocol": "TCP"}]
    made = suite.made(
        ENDPOINTS, "example-custom-endpoints", subsets=[{"addresses": [{"ip": "10.1.2.3"}], "ports": ports}]
    )

    def mirrored() -> list[tuple[list[str], list[int]]]:
        suite.wait()
        found = _slices(suite, "example-custom-endpoints")
        for one in found:
            manager = one["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"]
            assert manager == "endpointslicemirroring-controller.k8s.io"
        return [
            (
                [address for end in one["endpoints"] for address in end["addresses"]],
                [port["port"] for port in one["ports"]],
            )
            for one in found
        ]

    assert mirrored() == [(["10.1.2.3"], [80])]
    subsets = [{"addresses": [{"ip": "10.2.3.4"}], "ports": [{"port": 8080, "protocol": "TCP"}]}]
    suite.do("PUT", f"{ENDPOINTS}/example-custom-endpoints", {**made, "subsets": subsets})
    assert mirrored() == [(["10.2.3.4"], [8080])]
    suite.do("DELETE", f"{ENDPOINTS}/example-custom-endpoints")
    assert mirrored() == []


# Ports of the host


@conforms(
    f"{SIG} HostPort validates that there is no conflict between pods with same hostPort but different hostIP and protocol "
    "[LinuxOnly] [Conformance]"
)
def test_host_ports_differ_by_address_and_protocol(suite: Suite) -> None:
    address = next(
        one["address"]
        for one in suite.do("GET", "/api/v1/nodes/kind-worker")["status"]["addresses"]
        if one["type"] == "InternalIP"
    )
    for name, host_ip, protocol in (("pod1", "127.0.0.1", "TCP"), ("pod2", address, "TCP"), ("pod3", address, "UDP")):
        port = {"containerPort": 8080, "hostPort": 54323, "hostIP": host_ip, "protocol": protocol}
        container = {
            "name": "agnhost",
            "image": AGNHOST,
            "args": ["netexec", "--http-port=8080", "--udp-port=8080"],
            "ports": [port],
        }
        pod = suite.pod(name, container, nodeSelector={"kubernetes.io/hostname": "kind-worker"})
        assert pod["status"]["phase"] == "Running"
    host = {"hostNetwork": True, "nodeSelector": {"kubernetes.io/hostname": "kind-worker"}}
    suite.pod("e2e-host-exec", {"name": "e2e-host-exec", "image": AGNHOST, "args": ["pause"]}, **host)
    for host_ip, wanted in (("127.0.0.1", "pod1"), (address, "pod2")):
        said = suite.inside("e2e-host-exec", f"curl -g --connect-timeout 5 http://{host_ip}:54323/hostname")
        assert said.strip() == wanted
    assert suite.inside("e2e-host-exec", f"echo hostname | nc -u -w 5 {address} 54323").strip() == "pod3"


# Packets


@conforms(
    f"{SIG} Networking Granular Checks: Pods should function for intra-pod communication: http [NodeConformance] [Conformance]",
    f"{SIG} Networking Granular Checks: Pods should function for intra-pod communication: udp [NodeConformance] [Conformance]",
    f"{SIG} Networking Granular Checks: Pods should function for node-pod communication: http [LinuxOnly] [NodeConformance] "
    "[Conformance]",
    f"{SIG} Networking Granular Checks: Pods should function for node-pod communication: udp [LinuxOnly] [NodeConformance] "
    "[Conformance]",
)
@pytest.mark.parametrize("protocol", ["http", "udp"])
def test_pods_and_nodes_reach_every_pod(suite: Suite, protocol: str) -> None:
    servers = {}
    for number, node in enumerate(("kind-worker", "kind-worker2")):
        ports = [{"containerPort": 8083, "protocol": "TCP"}, {"containerPort": 8081, "protocol": "UDP"}]
        container = {
            "name": "webserver",
            "image": AGNHOST,
            "args": ["netexec", "--http-port=8083", "--udp-port=8081"],
            "ports": ports,
            "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8083}},
        }
        pod = suite.pod(f"netserver-{number}", container, nodeSelector={"kubernetes.io/hostname": node})
        assert pod["status"]["phase"] == "Running"
        servers[pod["status"]["podIP"]] = f"netserver-{number}"
    dialler = {"name": "webserver", "image": AGNHOST, "args": ["netexec", "--http-port=8080", "--udp-port=-1"]}
    own = suite.pod("test-container-pod", dialler)["status"]["podIP"]
    host = {"name": "agnhost-container", "image": AGNHOST, "args": ["pause"]}
    suite.pod("host-test-container-pod", host, hostNetwork=True)
    port = 8083 if protocol == "http" else 8081
    for address, name in servers.items():
        dial = f"request=hostname&protocol={protocol}&host={address}&port={port}&tries=1"
        said = suite.inside("test-container-pod", f"curl -g -q -s 'http://{own}:8080/dial?{dial}'")
        assert json.loads(said) == {"responses": [name]}
        from_node = {
            "http": f"curl -g -q -s --max-time 15 --connect-timeout 1 http://{address}:{port}/hostName",
            "udp": f"echo hostName | nc -w 1 -u {address} {port}",
        }
        assert suite.inside("host-test-container-pod", from_node[protocol]).strip() == name


# The proxies


_VERBS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


@conforms(
    f"{SIG} Proxy version v1 A set of valid responses are returned for both pod and service Proxy [Conformance]",
    f"{SIG} Proxy version v1 A set of valid responses are returned for both pod and service ProxyWithPath [Conformance]",
)
@pytest.mark.parametrize("through", ["pods/agnhost", "services/test-service"])
def test_every_method_goes_through_the_proxies(suite: Suite, through: str) -> None:
    container = {
        "name": "agnhost",
        "image": AGNHOST,
        "command": ["/agnhost", "porter", "--json-response"],
        "env": [{"name": "SERVE_PORT_80", "value": "foo"}],
    }
    suite.pod("agnhost", container, restartPolicy="Never", metadata={"labels": {"test": "response"}})
    suite.made(
        SERVICES, "test-service", spec={"selector": {"test": "response"}, "ports": [{"port": 80, "targetPort": 80}]}
    )
    suite.wait()
    for verb in _VERBS:
        reply = suite.ask(verb, f"{CORE}/{through}/proxy/some/path/with/{verb}")
        assert reply["status"] == 200, reply["body"]
        if verb != "HEAD":
            assert json.loads(reply["body"]) == {"Method": verb, "Body": "foo"}
        reply = suite.ask(verb, f"{CORE}/{through}/proxy", verb=verb)
        if verb in ("GET", "HEAD"):
            assert reply["status"] == 301
        else:
            assert (reply["status"], json.loads(reply["body"])) == (200, {"Method": verb, "Body": "foo"})


@conforms(f"{SIG} Proxy version v1 should proxy through a service and a pod [Conformance]")
def test_the_proxies_reach_every_port(suite: Suite) -> None:
    link, tls_link = '<a href="/rewriteme">test</a>', '<a href="/tlsrewriteme">test</a>'
    env = {
        "SERVE_PORT_80": link, "SERVE_PORT_1080": link, "SERVE_PORT_160": "foo", "SERVE_PORT_162": "bar",
        "SERVE_TLS_PORT_443": tls_link, "SERVE_TLS_PORT_460": "tls baz", "SERVE_TLS_PORT_462": "tls qux",
    }  # fmt: skip
    ports = {"dest1": 160, "dest2": 162, "tlsdest1": 460, "tlsdest2": 462}
    container = {
        "name": "proxy-service",
        "image": AGNHOST,
        "command": ["/agnhost", "porter"],
        "env": [{"name": name, "value": value} for name, value in env.items()],
        "ports": [{"name": name, "containerPort": port} for name, port in ports.items()],
        "readinessProbe": {"httpGet": {"port": 80}, "initialDelaySeconds": 1, "timeoutSeconds": 5, "periodSeconds": 10},
    }
    suite.pod("target", container, metadata={"labels": {"proxy-service-target": "true"}})
    wanted = [
        ("portname1", 80, "dest1"),
        ("portname2", 81, 162),
        ("tlsportname1", 443, "tlsdest1"),
        ("tlsportname2", 444, 462),
    ]
    spec = {
        "selector": {"proxy-service-target": "true"},
        "ports": [{"name": name, "port": port, "targetPort": target} for name, port, target in wanted],
    }
    suite.made(SERVICES, "proxy-service", spec=spec)
    suite.wait(20)

    def at(kind: str, scheme: str, port: str) -> str:
        name = "proxy-service" if kind == "services" else "target"
        return (
            f"{CORE}/{kind}/{f'{scheme}:' if scheme else ''}{name}{f':{port}' if port else ':' if scheme else ''}/proxy"
        )

    cases = {
        at("services", "", "portname1"): "foo",
        at("services", "http", "portname1"): "foo",
        at("services", "", "portname2"): "bar",
        at("services", "http", "portname2"): "bar",
        at("services", "https", "tlsportname1"): "tls baz",
        at("services", "https", "tlsportname2"): "tls qux",
        at("pods", "", "160"): "foo",
        at("pods", "http", "160"): "foo",
        at("pods", "", "162"): "bar",
        at("pods", "http", "162"): "bar",
        at("pods", "https", "460"): "tls baz",
        at("pods", "https", "462"): "tls qux",
    }
    for scheme, port, path in (
        ("", "1080", "rewriteme"),
        ("http", "1080", "rewriteme"),
        ("https", "443", "tlsrewriteme"),
    ):
        place = at("pods", scheme, port)
        cases[place] = f'<a href="{place}/{path}">test</a>'
    for place, body in cases.items():
        assert suite.do_text("GET", f"{place}/") == body, place


# Names


def _probe(names: list[str], hosts: list[str], prefix: str, pointer: str = "") -> tuple[str, list[str]]:
    """The script of a prober, and the files that it leaves (`createProbeCommand`)."""
    files, script = [], "for i in `seq 1 600`; do "
    for name in names:
        asked = f"{name} SRV" if name.startswith("_") else f"{name} A"
        for way, flag in (("udp", "+notcp"), ("tcp", "+tcp")):
            files.append(f"{prefix}_{way}@{name}")
            script += f'check="$(dig {flag} +noall +answer +search {asked})" && test -n "$check" && echo OK > /results/{files[-1]};'
    for name in hosts:
        files.append(f"{prefix}_hosts@{name}")
        script += f'test -n "$(getent hosts {name})" && echo OK > /results/{files[-1]};'
    if pointer:
        backwards = ".".join(reversed(pointer.split("."))) + ".in-addr.arpa."
        for way, flag in (("udp", "+notcp"), ("tcp", "+tcp")):
            files.append(f"{pointer}_{way}@PTR")
            script += f'check="$(dig {flag} +noall +answer +search {backwards} PTR)" && test -n "$check" && echo OK > /results/{files[-1]};'
    return f"{script}sleep 1; done", files


def _probed(suite: Suite, names: list[str], hosts: list[str] | None = None, pointer: str = "", **spec: Any) -> None:
    """A pod with two kinds of probers; everything that they leave is read through the proxy of the pod."""
    mounts = {"volumeMounts": [{"name": "results", "mountPath": "/results"}]}
    scripts = {
        image: _probe(names, hosts or [], prefix, pointer)
        for image, prefix in ((AGNHOST, "wheezy"), (JESSIE, "jessie"))
    }
    webserver = {"name": "webserver", "image": AGNHOST, "args": ["test-webserver"], "ports": [{"containerPort": 80}]}
    queriers = [
        {"name": f"querier-{number}", "image": image, "command": ["sh", "-c", script]}
        for number, (image, (script, _)) in enumerate(scripts.items())
    ]
    containers = [{**one, **mounts} for one in (webserver, *queriers)]
    metadata = spec.pop("metadata", None)
    suite.pod(
        "dns-test", *containers, volumes=[{"name": "results", "emptyDir": {}}], metadata=metadata, wait=20, **spec
    )
    for _, files in scripts.values():
        assert files
        for file in files:
            assert suite.do_text("GET", f"{PODS}/dns-test/proxy/results/{file}") == "OK\n", file


@conforms(
    f"{SIG} DNS should provide DNS for the cluster [Conformance]",
    f"{SIG} DNS should provide /etc/hosts entries for the cluster [Conformance]",
)
def test_the_names_of_the_cluster(suite: Suite) -> None:
    _probed(suite, ["kubernetes.default.svc.cluster.local"])
    suite.do("DELETE", f"{PODS}/dns-test")
    suite.wait(60)
    own = "dns-querier-1.dns-test-service.default.svc.cluster.local"
    _probed(suite, [], [own, "dns-querier-1"], hostname="dns-querier-1", subdomain="dns-test-service")


def _named_services(suite: Suite) -> str:
    """A headless service and another one, with a pod behind both; the address of the second."""
    selector, ports = {"dns-test": "true"}, [{"name": "http", "port": 80, "protocol": "TCP"}]
    suite.made(SERVICES, "dns-test-service", spec={"clusterIP": "None", "selector": selector, "ports": ports})
    made = suite.made(SERVICES, "test-service-2", spec={"selector": selector, "ports": ports})
    return str(made["spec"]["clusterIP"])


@conforms(f"{SIG} DNS should provide DNS for services [Conformance]")
def test_the_names_of_services(suite: Suite) -> None:
    address = _named_services(suite)
    domain = "default.svc.cluster.local"
    names = [
        f"dns-test-service.{domain}",
        f"_http._tcp.dns-test-service.{domain}",
        f"_http._tcp.test-service-2.{domain}",
    ]
    _probed(suite, names, pointer=address, metadata={"labels": {"dns-test": "true"}})


@conforms(f"{SIG} DNS should resolve DNS of partial qualified names for services [LinuxOnly] [Conformance]")
def test_parts_of_the_names_of_services(suite: Suite) -> None:
    address = _named_services(suite)
    names = [
        "dns-test-service", "dns-test-service.default", "dns-test-service.default.svc",
        "_http._tcp.dns-test-service.default.svc", "_http._tcp.test-service-2.default.svc",
    ]  # fmt: skip
    _probed(suite, names, pointer=address, metadata={"labels": {"dns-test": "true"}})


@conforms(
    f"{SIG} DNS should provide DNS for pods for Hostname [Conformance]",
    f"{SIG} DNS should provide DNS for pods for Subdomain [Conformance]",
)
def test_the_names_of_pods(suite: Suite) -> None:
    selector = {"dns-test-hostname-attribute": "true"}
    ports = [{"name": "http", "port": 80, "protocol": "TCP"}]
    suite.made(SERVICES, "dns-test-service-2", spec={"clusterIP": "None", "selector": selector, "ports": ports})
    own = "dns-querier-2.dns-test-service-2.default.svc.cluster.local"
    _probed(
        suite, [own], [own, "dns-querier-2"],
        hostname="dns-querier-2", subdomain="dns-test-service-2", metadata={"labels": selector},
    )  # fmt: skip


@conforms(f"{SIG} DNS should provide DNS for ExternalName services [Conformance]")
def test_the_name_of_a_service_that_is_another_name(suite: Suite) -> None:
    path, name = f"{SERVICES}/dns-test-service-3", "dns-test-service-3.default.svc.cluster.local"
    suite.made(SERVICES, "dns-test-service-3", spec={"type": "ExternalName", "externalName": "foo.example.com"})

    def looked_up(kind: str, pod: str) -> list[str]:
        mounts = {"volumeMounts": [{"name": "results", "mountPath": "/results"}]}
        webserver = {"name": "webserver", "image": AGNHOST, "args": ["test-webserver"], **mounts}
        script = f"for i in `seq 1 30`; do dig +short {name} {kind} > /results/PREFIX_udp@{name}; sleep 1; done"
        queriers = [
            {"name": prefix, "image": image, "command": ["sh", "-c", script.replace("PREFIX", prefix)], **mounts}
            for prefix, image in (("wheezy", AGNHOST), ("jessie", JESSIE))
        ]
        suite.pod(pod, webserver, *queriers, volumes=[{"name": "results", "emptyDir": {}}])
        said = [suite.do_text("GET", f"{PODS}/{pod}/proxy/results/{one}_udp@{name}") for one in ("wheezy", "jessie")]
        return [one.strip() for one in said]

    assert looked_up("CNAME", "dns-test-1") == ["foo.example.com."] * 2
    suite.do("PATCH", path, {"spec": {"externalName": "bar.example.com"}})
    assert looked_up("CNAME", "dns-test-2") == ["bar.example.com."] * 2
    ports = [{"port": 80, "name": "http", "protocol": "TCP"}]
    changed = suite.do("PATCH", path, {"spec": {"type": "ClusterIP", "externalName": None, "ports": ports}})
    assert looked_up("A", "dns-test-3") == [changed["spec"]["clusterIP"]] * 2


@conforms(f"{SIG} DNS should support configurable pod DNS nameservers [Conformance]")
def test_a_pod_chooses_its_name_servers(suite: Suite) -> None:
    config = {"nameservers": ["1.1.1.1"], "searches": ["resolv.conf.local"]}
    container = {"name": "agnhost-container", "image": AGNHOST, "args": ["pause"]}
    suite.pod("test-dns-nameservers", container, dnsPolicy="None", dnsConfig=config)
    assert suite.sh("kubectl exec test-dns-nameservers -- /agnhost dns-suffix") == "resolv.conf.local\n"
    assert suite.sh("kubectl exec test-dns-nameservers -- /agnhost dns-server-list") == "1.1.1.1\n"
