"""When a Service's load balancer is looked at again: the service controller's tables, and what is told of each change."""

from copy import deepcopy
from typing import Any

import pytest

from simulator.cloud.service_changes import SILENT, Change, change_for_balancer
from simulator.cloud.service_controller import needs_cleanup
from tests.proof.follows import follows

Obj = dict[str, Any]
_TESTS = "staging/src/k8s.io/cloud-provider/controllers/service/controller_test.go"
FINALIZERS = ["service.kubernetes.io/load-balancer-cleanup"]
TCP = {"name": "http", "protocol": "TCP", "port": 80, "nodePort": 30123, "targetPort": 80}


def service(type: str = "LoadBalancer", **spec: Any) -> Obj:
    known = {"type": type, "ports": [TCP], "sessionAffinity": "None", "externalTrafficPolicy": "Cluster"}
    return {"metadata": {"name": "s", "uid": "123"}, "spec": {**known, **spec}}


def annotated(**annotations: str) -> Obj:
    one = service()
    one["metadata"]["annotations"] = annotations
    return one


def port(**more: Any) -> list[Obj]:
    return [{**TCP, **more}]


def numbered(*numbers: int) -> list[Obj]:
    return [{"port": number} for number in numbers]


RENEWED = service()
RENEWED["metadata"]["uid"] = "124"

CHANGES: list[Any] = [
    pytest.param(service(), service("ClusterIP"), Change("Type", "LoadBalancer -> ClusterIP"), id="no more"),
    pytest.param(service("NodePort"), service(), Change("Type", "NodePort -> LoadBalancer"), id="from now on"),
    pytest.param(service("NodePort"), service("ClusterIP"), None, id="neither before nor after"),
    pytest.param(
        service(loadBalancerClass="x"), service(loadBalancerClass="x", ports=port(port=81)), None, id="another's"
    ),
    pytest.param(
        service(ports=numbered(8000, 9000, 10000)), service(ports=numbered(8001, 9001, 10001)), SILENT, id="ports"
    ),
    pytest.param(service(), service(ports=[]), SILENT, id="fewer ports"),
    pytest.param(service(), service(ports=port(targetPort=21)), SILENT, id="target port"),
    pytest.param(service(), service(ports=port(targetPort="dns")), SILENT, id="named target port"),
    pytest.param(service(), service(ports=port(appProtocol="http")), SILENT, id="appProtocol set"),
    pytest.param(
        service(ports=port(appProtocol="http")), service(ports=port(appProtocol="tcp")), SILENT, id="appProtocol"
    ),
    pytest.param(service(ports=port(appProtocol="http")), service(ports=port(appProtocol="http")), None, id="the same"),
    pytest.param(service(), service(sessionAffinity="ClientIP"), SILENT, id="affinity"),
    pytest.param(
        service(sessionAffinityConfig={"clientIP": {"timeoutSeconds": 5}}),
        service(sessionAffinityConfig={"clientIP": {"timeoutSeconds": 6}}),
        SILENT,
        id="how long affinity lasts",
    ),
    pytest.param(
        service(externalIPs=["old.IP.1"]),
        service(externalIPs=["new.IP.1", "new.IP.2"]),
        Change("ExternalIP", "Count: 1 -> 2"),
        id="number of external addresses",
    ),
    pytest.param(
        service(externalIPs=["old.IP.1", "old.IP.2"]),
        service(externalIPs=["new.IP.1", "new.IP.2"]),
        Change("ExternalIP", "Added: new.IP.1"),
        id="external addresses",
    ),
    pytest.param(
        service(),
        service(loadBalancerSourceRanges=["10.0.0.0/8", "1.2.3.4/32"]),
        Change("LoadBalancerSourceRanges", "[] -> [10.0.0.0/8 1.2.3.4/32]"),
        id="source ranges",
    ),
    pytest.param(
        service(), service(loadBalancerIP="8.8.8.8"), Change("LoadbalancerIP", " -> 8.8.8.8"), id="wished address"
    ),
    pytest.param(annotated(a="b"), annotated(a="c"), SILENT, id="annotations"),
    pytest.param(service(), RENEWED, Change("UID", "123 -> 124"), id="uid"),
    pytest.param(
        service(),
        service(externalTrafficPolicy="Local", healthCheckNodePort=30123),
        Change("ExternalTrafficPolicy", "Cluster -> Local"),
        id="traffic policy before health check",
    ),
    pytest.param(
        service(), service(healthCheckNodePort=30123), Change("HealthCheckNodePort", "0 -> 30123"), id="health check"
    ),
    pytest.param(
        service(ipFamilies=["IPv4"]),
        service(ipFamilies=["IPv4", "IPv6"]),
        Change("IPFamilies", "Count: 1 -> 2"),
        id="another family",
    ),
    pytest.param(
        service(ipFamilies=["IPv4", "IPv6"]),
        service(ipFamilies=["IPv4"]),
        Change("IPFamilies", "Count: 2 -> 1"),
        id="one family less",
    ),
    pytest.param(service(ipFamilies=["IPv4"]), service(ipFamilies=["IPv4"]), None, id="the same families"),
]


@follows("service-controller", f"{_TESTS}: TestNeedsUpdate")
@pytest.mark.parametrize(("old", "new", "change"), CHANGES)
def test_what_is_a_reason_to_look_again(old: Obj, new: Obj, change: Change | None) -> None:
    assert change_for_balancer(old, new) == change


def test_status_and_finalizers_are_no_reason() -> None:
    old = service()
    new = deepcopy(old)
    new["status"] = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
    new["metadata"]["finalizers"] = FINALIZERS
    assert change_for_balancer(old, new) is None


@follows("service-controller", f"{_TESTS}: TestNeedsCleanup")
@pytest.mark.parametrize(
    ("type", "metadata", "expected"),
    [
        pytest.param("ClusterIP", {}, False, id="no finalizer"),
        pytest.param("NodePort", {"finalizers": FINALIZERS}, True, id="not wanted"),
        pytest.param("LoadBalancer", {"finalizers": FINALIZERS}, False, id="wanted"),
        pytest.param("ClusterIP", {"finalizers": FINALIZERS, "deletionTimestamp": "now"}, True, id="leaving"),
        pytest.param(
            "LoadBalancer", {"finalizers": FINALIZERS, "deletionTimestamp": "now"}, True, id="wanted, leaving"
        ),
        pytest.param("LoadBalancer", {"deletionTimestamp": "now"}, False, id="leaving without finalizer"),
    ],
)
def test_what_needs_a_cleanup(type: str, metadata: Obj, expected: bool) -> None:
    assert needs_cleanup({"metadata": metadata, "spec": {"type": type}}) is expected
