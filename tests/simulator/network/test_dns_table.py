"""CoreDNS' own world of services, question by question: `plugin/kubernetes/handler_test.go` and its neighbours."""

from typing import Any

import pytest

from tests.proof.follows import follows

Obj = dict[str, Any]
_TESTS = "coredns/coredns/plugin/kubernetes"
NS = "testns.svc.cluster.local"
HTTP = {"name": "http", "protocol": "TCP", "port": 80}
PODS = "10-240-0-1.podns.pod.cluster.local"


def slice_of(service: str, ports: list[Obj], *endpoints: tuple[str, str]) -> Obj:
    """Endpoints are (address, hostname)."""
    labels = {"kubernetes.io/service-name": service}
    made = [{"addresses": [at], **({"hostname": host} if host else {})} for at, host in endpoints]
    family = "v6" if ":" in endpoints[0][0] else "v4"
    return {
        "metadata": {"name": f"{service}-{family}", "namespace": "testns", "labels": labels},
        "endpoints": made,
        "ports": ports,
    }


@pytest.fixture
def world(town: Any) -> Any:
    town.corefile = with_pods("insecure")
    town.namespaces.update({"testns": {}, "podns": {}})

    def service(name: str, *addresses: str, ports: list[Obj] | None = None, **spec: Any) -> None:
        more = {"clusterIPs": list(addresses)} if addresses else {}
        town.service(
            name,
            addresses[0] if addresses else "",
            namespace="testns",
            ports=[HTTP] if ports is None else ports,
            **more,
            **spec,
        )

    service("svc1", "10.0.0.1")
    service("svcempty", "10.0.0.1")
    service("svc6", "1234:abcd::1")
    service("svc-dual-stack", "10.0.0.3", "10::3")
    service("hdls1", "None")
    service("hdlsprtls", "None", ports=[])
    service("external", type="ExternalName", externalName="ext.interwebs.test")
    service("external-to-service", type="ExternalName", externalName=f"svc1.{NS}")
    four = [("172.0.0.2", ""), ("172.0.0.3", ""), ("172.0.0.4", "dup-name"), ("172.0.0.5", "dup-name")]
    town.slices += [
        slice_of("hdls1", [HTTP], *four),
        slice_of("hdls1", [HTTP], ("5678:abcd::1", ""), ("5678:abcd::2", "")),
        slice_of("hdlsprtls", [], ("172.0.0.20", "")),
    ]
    town.pod("p", "10.240.0.1", namespace="podns")
    return town


def srv(name: str, target: str, weight: int) -> str:
    return f"{name} 5 SRV 0 {weight} 80 {target}.{NS}."


CASES: list[Any] = [
    (f"svc1.{NS}", "A", [f"svc1.{NS} 5 A 10.0.0.1"]),
    (f"svcempty.{NS}", "A", [f"svcempty.{NS} 5 A 10.0.0.1"]),
    (f"svc1.{NS}", "SRV", [srv(f"svc1.{NS}", "svc1", 100), f"svc1.{NS} 5 A 10.0.0.1"]),
    (f"svc6.{NS}", "SRV", [srv(f"svc6.{NS}", "svc6", 100), f"svc6.{NS} 5 AAAA 1234:abcd::1"]),
    (f"_http._tcp.svc1.{NS}", "SRV", [srv(f"_http._tcp.svc1.{NS}", "svc1", 100), f"svc1.{NS} 5 A 10.0.0.1"]),
    (f"hdls1.{NS}", "A", [f"hdls1.{NS} 5 A 172.0.0.{last}" for last in (2, 3, 4, 5)]),
    (f"hdlsprtls.{NS}", "A", [f"hdlsprtls.{NS} 5 A 172.0.0.20"]),
    (f"hdlsprtls.{NS}", "SRV", []),
    (f"172-0-0-20.hdlsprtls.{NS}", "A", [f"172-0-0-20.hdlsprtls.{NS} 5 A 172.0.0.20"]),
    (f"172-0-0-2.hdls1.{NS}", "A", [f"172-0-0-2.hdls1.{NS} 5 A 172.0.0.2"]),
    (f"172-0-0-3.hdls1.{NS}", "A", [f"172-0-0-3.hdls1.{NS} 5 A 172.0.0.3"]),
    (f"dup-name.hdls1.{NS}", "A", [f"dup-name.hdls1.{NS} 5 A 172.0.0.{last}" for last in (4, 5)]),
    (
        f"_http._tcp.hdls1.{NS}",
        "SRV",
        [
            *(
                srv(f"_http._tcp.hdls1.{NS}", f"{host}.hdls1", 16)
                for host in ("172-0-0-2", "172-0-0-3", "5678-abcd--1", "5678-abcd--2", "dup-name")
            ),
            f"172-0-0-2.hdls1.{NS} 5 A 172.0.0.2",
            f"172-0-0-3.hdls1.{NS} 5 A 172.0.0.3",
            f"dup-name.hdls1.{NS} 5 A 172.0.0.4",
            f"dup-name.hdls1.{NS} 5 A 172.0.0.5",
            f"5678-abcd--1.hdls1.{NS} 5 AAAA 5678:abcd::1",
            f"5678-abcd--2.hdls1.{NS} 5 AAAA 5678:abcd::2",
        ],
    ),
    (f"5678-abcd--2.hdls1.{NS}", "AAAA", [f"5678-abcd--2.hdls1.{NS} 5 AAAA 5678:abcd::2"]),
    (f"external.{NS}", "CNAME", [f"external.{NS} 5 CNAME ext.interwebs.test."]),
    (
        f"external-to-service.{NS}",
        "A",
        [f"external-to-service.{NS} 5 CNAME svc1.{NS}.", f"svc1.{NS} 5 A 10.0.0.1"],
    ),
    (f"svc1.{NS}", "AAAA", []),
    (f"svc0.{NS}", "AAAA", None),
    (f"svc0.{NS}", "A", None),
    ("svc0.svc-nons.svc.cluster.local", "A", None),
    ("dns-version.cluster.local", "TXT", ['dns-version.cluster.local 28800 TXT "1.1.0"']),
    (f"bogusendpoint.hdls1.{NS}", "A", None),
    (f"bogusendpoint.svc0.{NS}", "A", None),
    (f"svc6.{NS}", "AAAA", [f"svc6.{NS} 5 AAAA 1234:abcd::1"]),
    (f"hdls1.{NS}", "AAAA", [f"hdls1.{NS} 5 AAAA 5678:abcd::{last}" for last in (1, 2)]),
    ("svc.cluster.local", "A", []),
    ("pod.cluster.local", "A", []),
    (NS, "A", []),
    (NS, "NS", []),
    ("foo.cluster.local", "NS", None),
    ("foo.svc.cluster.local", "NS", None),
    (f"svc-dual-stack.{NS}", "A", [f"svc-dual-stack.{NS} 5 A 10.0.0.3"]),
    (f"svc-dual-stack.{NS}", "AAAA", [f"svc-dual-stack.{NS} 5 AAAA 10::3"]),
    (
        f"svc-dual-stack.{NS}",
        "SRV",
        [
            srv(f"svc-dual-stack.{NS}", "svc-dual-stack", 50),
            f"svc-dual-stack.{NS} 5 A 10.0.0.3",
            f"svc-dual-stack.{NS} 5 AAAA 10::3",
        ],
    ),
    (f"svc1.{NS}", "SOA", []),
    (f"endpoint.external.{NS}", "CNAME", None),
]


@follows("CoreDNS: records", f"{_TESTS}/handler_test.go: TestServeDNS")
@pytest.mark.parametrize(
    ("name", "type", "answers"), [pytest.param(*case, id=f"{case[1]} {case[0]}") for case in CASES]
)
def test_what_is_answered(world: Any, name: str, type: str, answers: list[str] | None) -> None:
    """None: there is no such name."""
    reply = world.network().ask(world.client(), name, type)
    assert reply.code == ("NXDOMAIN" if answers is None else "NOERROR")
    assert reply.authoritative
    shown = [f"{one.name} {one.ttl} {one.type} {one.data}" for one in reply.answers]
    assert sorted(shown) == sorted(answers or [])
    assert shown or reply.soa == "cluster.local"


def with_pods(mode: str) -> str:
    return f".:53 {{\n kubernetes cluster.local {{\n  pods {mode}\n }}\n}}\n"


@follows(
    "CoreDNS: records",
    f"{_TESTS}/handler_pod_disabled_test.go: TestServeDNSModeDisabled",
    f"{_TESTS}/handler_pod_insecure_test.go: TestServeDNSModeInsecure",
    f"{_TESTS}/handler_pod_verified_test.go: TestServeDNSModeVerified",
)
@pytest.mark.parametrize(
    ("mode", "name", "answers"),
    [
        pytest.param("disabled", PODS, None, id="disabled: a pod"),
        pytest.param("disabled", "172-0-0-2.podns.pod.cluster.local", None, id="disabled: no pod"),
        pytest.param("disabled", "podns.pod.cluster.local", None, id="disabled: a namespace"),
        pytest.param("insecure", PODS, ["10.240.0.1"], id="insecure: a pod"),
        pytest.param("insecure", "172-0-0-2.podns.pod.cluster.local", ["172.0.0.2"], id="insecure: no pod"),
        pytest.param("insecure", "blah.podns.pod.cluster.local", None, id="insecure: no address"),
        pytest.param("insecure", "blah.pod-nons.pod.cluster.local", None, id="insecure: neither"),
        pytest.param("insecure", "10-240-0-1.pod-nons.pod.cluster.local", None, id="insecure: no namespace"),
        pytest.param("insecure", "podns.pod.cluster.local", [], id="insecure: a namespace"),
        pytest.param("verified", PODS, ["10.240.0.1"], id="verified: a pod"),
        pytest.param("verified", "172-0-0-2.podns.pod.cluster.local", None, id="verified: no pod"),
        pytest.param("verified", "10-240-0-1.testns.pod.cluster.local", None, id="verified: another's pod"),
        pytest.param("verified", "podns.pod.cluster.local", [], id="verified: a namespace"),
        pytest.param("verified", "pod-nons.pod.cluster.local", None, id="verified: no namespace"),
        pytest.param("verified", "testns.svc.cluster.local", [], id="verified: a namespace of services"),
    ],
)
def test_what_names_of_pods_stand_for(world: Any, mode: str, name: str, answers: list[str] | None) -> None:
    world.corefile = with_pods(mode)
    reply = world.network().ask(world.client(), name, "A")
    assert reply.code == ("NXDOMAIN" if answers is None else "NOERROR")
    assert list(reply.data("A")) == (answers or [])
