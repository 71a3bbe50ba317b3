"""What stands behind a service: slices, Endpoints, and slices that mirror Endpoints made by hand."""

from typing import Any

import pytest

from simulator.controllers.endpoints import EndpointsController
from simulator.controllers.endpoints import wanted as wanted_endpoints
from simulator.controllers.endpointslice import EndpointSliceController, planned
from simulator.controllers.endpointslice_mirroring import EndpointSliceMirroringController
from simulator.controllers.kinds.service_members import ServiceMembers
from tests.proof.follows import follows

Obj = dict[str, Any]
SLICES = "endpointslices.discovery.k8s.io"
RECONCILER = "staging/src/k8s.io/endpointslice/reconciler_test.go"


def service(**spec: Any) -> Obj:
    ports = [{"name": "http", "port": 80, "targetPort": 80, "protocol": "TCP"}]
    metadata = {"name": "foo", "namespace": "default", "uid": "u", "labels": spec.pop("labels", {})}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"selector": {"app": "foo"}, "ports": ports, "ipFamilies": ["IPv4"], "clusterIP": "10.96.0.9", **spec},
    }


def pod(number: int, *, ready: bool = True) -> Obj:
    condition = {"type": "Ready", "status": str(ready)}
    ip = f"10.0.{number // 250}.{number % 250 + 1}"
    return {
        "metadata": {"name": f"p{number:03}", "namespace": "default", "uid": f"u{number}", "labels": {"app": "foo"}},
        "spec": {"containers": [{"name": "c"}], "nodeName": "node-1"},
        "status": {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}], "conditions": [condition]},
    }


class Pods:
    """A lister of nothing but these."""

    def __init__(self, pods: list[Obj]) -> None:
        self.pods = pods

    def get(self, resource: str, namespace: str, name: str) -> Obj | None:
        return None

    def list(self, resource: str, namespace: str | None = None) -> list[Obj]:
        return self.pods


def slices_of(made: Obj, groups: list[list[int]]) -> list[Obj]:
    """Slices as an earlier sync left them, each with the pods of one group."""
    found = []
    for number, group in enumerate(groups):
        plan = planned(made, [], ServiceMembers(Pods([pod(one) for one in group])).of(made))
        metadata = {**plan.create[0]["metadata"], "name": f"foo-{number}"}
        found.append({**plan.create[0], "metadata": metadata})
    return found


@follows(
    "endpointslice-controller",
    f"{RECONCILER}: TestReconcileEmpty, TestReconcile1EndpointSlice, TestReconcileManyPods, TestReconcileEndpointSlicesSomePreexisting, TestReconcileEndpointSlicesSomePreexistingWorseAllocation, TestReconcileEndpointSlicesUpdating, TestReconcileEndpointSlicesServicesLabelsUpdating, TestReconcileEndpointSlicesRecycling, TestReconcileEndpointSlicesUpdatePacking",
)
@pytest.mark.parametrize(
    ("pods", "known", "change", "writes", "lengths"),
    [
        pytest.param(range(0), [], {}, (1, 0, 0), [0], id="no pods: one slice without endpoints"),
        pytest.param(range(50), [], {}, (1, 0, 0), [50], id="fifty pods"),
        pytest.param(range(50), [range(50)], {}, (0, 0, 0), [50], id="fifty pods, all there"),
        pytest.param(range(250), [], {}, (3, 0, 0), [50, 100, 100], id="two slices are filled"),
        pytest.param(
            range(250),
            [range(1, 246, 4), range(3, 246, 4)],
            {},
            (1, 1, 0),
            [61, 89, 100],
            id="the fuller one takes the rest",
        ),
        pytest.param(
            range(300),
            [range(1, 296, 4), range(3, 296, 4)],
            {},
            (2, 0, 0),
            [52, 74, 74, 100],
            id="a slice more, not two writes",
        ),
        pytest.param(
            range(250),
            [range(100), range(100, 200), range(200, 250)],
            {"port": 81},
            (0, 3, 0),
            [50, 100, 100],
            id="another port: slices are written anew",
        ),
        pytest.param(
            range(250),
            [range(100), range(100, 200), range(200, 250)],
            {"labels": {"foo": "bar"}},
            (0, 3, 0),
            [50, 100, 100],
            id="another label of the service",
        ),
        pytest.param(
            range(250),
            [range(100), range(100, 200), range(200, 250)],
            {"labels": {"kubernetes.io/service-name": "bad", "endpointslice.kubernetes.io/managed-by": "actor"}},
            (0, 0, 0),
            [50, 100, 100],
            id="labels that are the controller's own",
        ),
        pytest.param(
            range(300),
            [range(at, at + 30) for at in range(0, 300, 30)],
            {},
            (0, 0, 0),
            [30] * 10,
            id="ten slices of thirty stay as they are",
        ),
        pytest.param(
            range(300),
            [range(at, at + 30) for at in range(0, 300, 30)],
            {"port": 81},
            (0, 3, 7),
            [100, 100, 100],
            id="another port: ten slices become three",
        ),
        pytest.param(
            [*range(80), *range(100, 120), *range(200, 215)],
            [range(80), range(100, 120)],
            {"unready": range(0, 120, 10)},
            (0, 2, 0),
            [20, 95],
            id="both are written: the fuller one takes what is new",
        ),
        pytest.param(range(80, 85), [range(80), range(80, 90)], {}, (0, 1, 1), [5], id="what is empty goes"),
    ],
)
def test_slices(pods: Any, known: list[Any], change: Obj, writes: tuple[int, int, int], lengths: list[int]) -> None:
    before = slices_of(service(), [list(group) for group in known])
    port = {"name": "http", "port": 80, "targetPort": change.get("port", 80), "protocol": "TCP"}
    made = service(ports=[port], labels=change.get("labels", {}))
    unready = set(change.get("unready", ()))
    members = ServiceMembers(Pods([pod(one, ready=one not in unready) for one in pods])).of(made)
    plan = planned(made, before, members)
    assert (len(plan.create), len(plan.update), len(plan.delete)) == writes
    touched = {one["metadata"]["name"] for one in (*plan.update, *plan.delete)}
    left = [one for one in before if one["metadata"]["name"] not in touched]
    assert sorted(len(one["endpoints"]) for one in (*plan.create, *plan.update, *left)) == lengths
    assert {one["ports"][0]["port"] for one in (*plan.create, *plan.update) if one["endpoints"]} <= {
        change.get("port", 80)
    }


def put_pod(
    world: Any, name: str, ip: str = "1.2.3.4", *, ready: bool = True, phase: str = "Running", **more: Any
) -> None:
    spec: Obj = {
        "containers": [{"name": "c", "image": "x", "ports": more.pop("ports", [])}],
        "terminationGracePeriodSeconds": 30,
    }
    ending = more.pop("ending", False)
    spec |= {"nodeName": "node-1", **more}
    metadata = {"name": name, "labels": {"app": "foo"}}
    status = {"phase": phase, "conditions": [{"type": "Ready", "status": str(ready)}]}
    status |= {"podIP": ip, "podIPs": [{"ip": ip}]} if ip else {}
    world.put(
        "pods", {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}, ending=ending
    )


def put_service(world: Any, **spec: Any) -> None:
    made = service(**spec)
    del made["metadata"]["uid"]
    world.put("services", made)


ENDPOINTS_TEST = "pkg/controller/endpoint/endpoints_controller_test.go"


@follows(
    "endpoints-controller",
    f"{ENDPOINTS_TEST}: TestSyncEndpointsItems, TestSyncEndpointsProtocolUDP, TestSyncEndpointsItemsEmptySelectorSelectsAll, TestSyncEndpointsHeadlessService, TestShouldPodBeInEndpoints, TestSyncEndpointsHeadlessWithoutPort",
)
@pytest.mark.parametrize(
    ("spec", "pods", "wanted"),
    [
        pytest.param({}, [], [], id="no pods"),
        pytest.param({}, [{}], [("1.2.3.4",), (), ("http", 80, "TCP")], id="one pod"),
        pytest.param({}, [{"ready": False}], [(), ("1.2.3.4",), ("http", 80, "TCP")], id="not ready"),
        pytest.param({}, [{"ip": ""}], [], id="no address yet"),
        pytest.param({}, [{"phase": "Succeeded", "restartPolicy": "Never"}], [], id="has ended"),
        pytest.param({}, [{"ending": True}], [], id="is being deleted"),
        pytest.param(
            {"publishNotReadyAddresses": True},
            [{"ready": False}],
            [("1.2.3.4",), (), ("http", 80, "TCP")],
            id="published all the same",
        ),
        pytest.param(
            {"publishNotReadyAddresses": True},
            [{"ending": True}],
            [("1.2.3.4",), (), ("http", 80, "TCP")],
            id="published though it ends",
        ),
        pytest.param(
            {"ports": [{"port": 80, "targetPort": 8080, "protocol": "UDP"}]},
            [{}],
            [("1.2.3.4",), (), ("", 8080, "UDP")],
            id="UDP",
        ),
        pytest.param(
            {"ports": [{"port": 80, "targetPort": "web", "protocol": "TCP"}]},
            [{"ports": [{"name": "web", "containerPort": 88, "protocol": "TCP"}]}],
            [("1.2.3.4",), (), ("", 88, "TCP")],
            id="a named port",
        ),
        pytest.param({"ports": [], "clusterIP": "None"}, [{}], [("1.2.3.4",), ()], id="headless without ports"),
        pytest.param(
            {"ports": [{"port": 80, "targetPort": "no", "protocol": "TCP"}]},
            [{}],
            [],
            id="a named port that it has not",
        ),
    ],
)
def test_endpoints(stage: Any, spec: Obj, pods: list[Obj], wanted: list[Any]) -> None:
    world = stage(EndpointsController)
    put_service(world, labels={"a": "b"}, **spec)
    for number, one in enumerate(pods):
        put_pod(world, f"p{number}", **one)
    world.act()
    found = world.get("endpoints", "foo")
    subsets = found.get("subsets") or []
    assert [
        (
            tuple(one["ip"] for one in subset.get("addresses") or ()),
            tuple(one["ip"] for one in subset.get("notReadyAddresses") or ()),
            *((port.get("name", ""), port["port"], port["protocol"]) for port in subset.get("ports") or [()] if port),
        )
        for subset in subsets
    ] == ([tuple(wanted)] if wanted else [])
    labels = {"a": "b", "endpoints.kubernetes.io/managed-by": "endpoint-controller"}
    headless = {"service.kubernetes.io/headless": ""} if spec.get("clusterIP") == "None" else {}
    assert found["metadata"]["labels"] == labels | headless


@follows("endpoints-controller", f"{ENDPOINTS_TEST}: TestSyncServiceOverCapacity, TestTruncateEndpoints")
@pytest.mark.parametrize(
    ("ready", "unready", "kept", "marked"),
    [
        pytest.param(1000, 0, (1000, 0), False, id="as many as fit"),
        pytest.param(1002, 0, (1000, 0), True, id="two too many"),
        pytest.param(900, 200, (900, 100), True, id="those that are ready come first"),
    ],
)
def test_more_than_a_thousand_addresses_are_cut(ready: int, unready: int, kept: tuple[int, int], marked: bool) -> None:
    pods = [pod(number, ready=number < ready) for number in range(ready + unready)]
    found = wanted_endpoints(service(), ServiceMembers(Pods(pods)).of(service()))
    subset = found["subsets"][0]
    assert (len(subset["addresses"]), len(subset.get("notReadyAddresses") or ())) == kept
    annotations = found["metadata"].get("annotations") or {}
    assert (annotations.get("endpoints.kubernetes.io/over-capacity") == "truncated") is marked


@follows(
    "endpointslice-controller",
    "staging/src/k8s.io/endpointslice/utils_test.go: TestPodToEndpoint, TestServiceControllerKey",
)
@pytest.mark.parametrize(
    ("spec", "pod_spec", "conditions"),
    [
        pytest.param({}, {}, (True, True, False), id="ready"),
        pytest.param({}, {"ready": False}, (False, False, False), id="not ready"),
        pytest.param(
            {"publishNotReadyAddresses": True}, {"ready": False}, (True, False, False), id="not ready, published"
        ),
        pytest.param({}, {"ending": True}, (False, True, True), id="ready, terminating"),
        pytest.param({}, {"ending": True, "ready": False}, (False, False, True), id="not ready, terminating"),
        pytest.param(
            {"publishNotReadyAddresses": True},
            {"ending": True, "ready": False},
            (True, False, True),
            id="not ready, terminating, published",
        ),
    ],
)
def test_conditions_of_an_endpoint(stage: Any, spec: Obj, pod_spec: Obj, conditions: tuple[bool, bool, bool]) -> None:
    world = stage(EndpointSliceController)
    put_service(world, **spec)
    put_pod(world, "p", **pod_spec)
    world.act()
    (endpoint,) = world.all(SLICES)[0]["endpoints"]
    assert endpoint["conditions"] == dict(zip(("ready", "serving", "terminating"), conditions, strict=True))
    assert endpoint["targetRef"]["kind"] == "Pod"
    assert endpoint["nodeName"] == "node-1"


HTTP, HTTPS = {"name": "http", "port": 80, "protocol": "TCP"}, {"name": "https", "port": 443, "protocol": "UDP"}
OTHER = [{"name": "http", "port": 3000, "protocol": "TCP"}, {"name": "https", "port": 3001, "protocol": "UDP"}]


def addresses(*ips: str) -> list[Obj]:
    return [{"ip": ip, "hostname": f"pod-{number}", "nodeName": f"node-{number}"} for number, ip in enumerate(ips)]


MIRRORING = "pkg/controller/endpointslicemirroring/reconciler_test.go"
TWO = [
    {"ports": [HTTP, HTTPS], "addresses": addresses("10.0.0.1", "10.0.0.2")},
    {"ports": OTHER, "addresses": addresses("10.0.1.1", "10.0.1.2", "10.0.1.3")},
]


@follows("endpointslice-mirroring-controller", f"{MIRRORING}: TestReconcile")
@pytest.mark.parametrize(
    ("subsets", "ending", "wanted"),
    [
        pytest.param([], False, [], id="no subsets"),
        pytest.param([{"ports": [HTTP]}], False, [], id="no addresses"),
        pytest.param(
            [{"ports": [HTTP], "addresses": addresses("10.0.0.1")}], False, [("IPv4", 1, 1)], id="one address"
        ),
        pytest.param([{"ports": [HTTP], "addresses": addresses("10.0.0.1")}], True, [], id="pending deletion"),
        pytest.param(TWO[:1], False, [("IPv4", 2, 2)], id="two ports, two addresses"),
        pytest.param(TWO, False, [("IPv4", 2, 2), ("IPv4", 2, 3)], id="two subsets"),
        pytest.param(
            [
                {"ports": [HTTP, HTTPS], "addresses": addresses("2001:db8::1", "10.0.0.2")},
                {"ports": OTHER, "addresses": addresses("10.0.1.1", "10.0.1.2", "2001:db8::2")},
            ],
            False,
            [("IPv4", 2, 1), ("IPv4", 2, 2), ("IPv6", 2, 1), ("IPv6", 2, 1)],
            id="two subsets, both families",
        ),
        pytest.param(
            [{"ports": [HTTP], "addresses": addresses("2001:db8::1", "2001:db8::2")}],
            False,
            [("IPv6", 1, 2)],
            id="IPv6 only",
        ),
        pytest.param(
            [{"ports": [HTTP], "addresses": addresses("10.0.0.1"), "notReadyAddresses": addresses("10.0.0.2")}],
            False,
            [("IPv4", 1, 2)],
            id="not ready ones too",
        ),
    ],
)
def test_endpoints_by_hand_are_mirrored(
    stage: Any, subsets: list[Obj], ending: bool, wanted: list[tuple[str, int, int]]
) -> None:
    world = stage(EndpointSliceMirroringController)
    put_service(world, selector=None)
    made = {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"name": "foo", "labels": {"a": "b"}},
        "subsets": subsets,
    }
    world.put("endpoints", made, ending=ending)
    world.act()
    found = world.all(SLICES)
    assert sorted((one["addressType"], len(one["ports"]), len(one["endpoints"])) for one in found) == wanted
    for one in found:
        assert one["metadata"]["labels"] == {
            "a": "b",
            "endpointslice.kubernetes.io/managed-by": "endpointslicemirroring-controller.k8s.io",
            "kubernetes.io/service-name": "foo",
        }
        assert one["metadata"]["ownerReferences"][0]["kind"] == "Endpoints"


@follows(
    "endpointslice-mirroring-controller",
    f"{MIRRORING}: TestReconcile",
    "pkg/controller/endpointslicemirroring/reconciler.go",
)
@pytest.mark.parametrize(
    ("count", "kept", "skipped"), [pytest.param(1000, 1000, 0, id="all"), pytest.param(1013, 1000, 13, id="some")]
)
def test_addresses_beyond_a_thousand_are_skipped_and_said(stage: Any, count: int, kept: int, skipped: int) -> None:
    world = stage(EndpointSliceMirroringController)
    put_service(world, selector=None)
    ips = [f"10.0.{number // 250}.{number % 250 + 1}" for number in range(count)]
    subsets = [{"ports": [HTTP], "addresses": [{"ip": ip} for ip in ips]}]
    world.put("endpoints", {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "foo"}, "subsets": subsets})
    world.act(0.001)
    assert sum(len(one["endpoints"]) for one in world.all(SLICES)) == kept
    message = (
        "A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. "
        f"{skipped} addresses were skipped"
    )
    assert world.events("foo")[:1] == ([("TooManyAddressesToMirror", message)] if skipped else [])


@follows(
    "endpointslice-mirroring-controller",
    "pkg/controller/endpointslicemirroring/endpointslicemirroring_controller_test.go: TestSyncEndpoints, TestShouldMirror",
)
@pytest.mark.parametrize(
    ("labels", "annotations", "selector", "count"),
    [
        pytest.param({}, {}, None, 1, id="by hand"),
        pytest.param({"endpointslice.kubernetes.io/skip-mirror": "true"}, {}, None, 0, id="skipped by its label"),
        pytest.param({"endpointslice.kubernetes.io/skip-mirror": "false"}, {}, None, 1, id="the label says no"),
        pytest.param({}, {"control-plane.alpha.kubernetes.io/leader": ""}, None, 0, id="an election's record"),
        pytest.param({}, {}, {"app": "foo"}, 0, id="the service selects pods"),
    ],
)
def test_what_is_mirrored(stage: Any, labels: Obj, annotations: Obj, selector: Obj | None, count: int) -> None:
    world = stage(EndpointSliceMirroringController)
    put_service(world, selector=selector)
    metadata = {"name": "foo", "labels": labels, "annotations": annotations}
    subsets = [{"ports": [HTTP], "addresses": addresses("10.0.0.1")}]
    world.put("endpoints", {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": subsets})
    world.act()
    assert len(world.all(SLICES)) == count
