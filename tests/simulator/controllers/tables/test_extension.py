"""What extends the API: names of definitions, and whether what an APIService points at answers."""

from typing import Any

import pytest

from simulator.apiserver.aggregation import API_SERVICES
from simulator.controllers.apiservice_availability import ApiServiceAvailabilityController
from simulator.controllers.custom_resource_definition import CustomResourceDefinitionController
from simulator.machinery.custom.definitions import RESOURCE as DEFINITIONS
from tests.proof.follows import follows

Obj = dict[str, Any]
NAMING = "staging/src/k8s.io/apiextensions-apiserver/pkg/controller/status/naming_controller_test.go"
FIELDS = ("plural", "singular", "kind", "listKind")
ALFA = ("alfa", "delta-singular", "Echo", "EchoFoxtrot", "golf", "hotel")


def named(*given: str) -> Obj:
    short = list(given[4:])
    return dict(zip(FIELDS, given, strict=False)) | ({"shortNames": short} if short else {})


def put_definition(world: Any, group: str, names: Obj, accepted: Obj | None = None) -> None:
    schema = {"openAPIV3Schema": {"type": "object"}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    metadata = {"name": f"{names['plural']}.{group}"}
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}
    kind = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    status = {} if accepted is None else {"acceptedNames": accepted, "conditions": [], "storedVersions": ["v1"]}
    world.put(DEFINITIONS, {**kind, "metadata": metadata, "spec": spec, "status": status})


def without(names: Obj, field: str) -> Obj:
    return {key: value for key, value in names.items() if key != field}


@follows("crd-controller", f"{NAMING}: TestSync")
@pytest.mark.parametrize(
    ("group", "other", "before", "left_out", "reason", "clash"),
    [
        pytest.param("", (), None, "", "", "", id="first resource"),
        pytest.param("charlie.com", ALFA, None, "", "", "", id="different groups"),
        pytest.param(
            "bravo.com",
            ("india", "alfa", "India", "IndiaList"),
            None,
            "plural",
            "PluralConflict",
            "alfa",
            id="plural to singular",
        ),
        pytest.param(
            "bravo.com",
            ("india", "indias", "India", "IndiaList", "delta-singular"),
            None,
            *("singular", "SingularConflict", "delta-singular"),
            id="singular to short name",
        ),
        pytest.param(
            "bravo.com",
            ("india", "indias", "India", "IndiaList", "hotel"),
            None,
            *("shortNames", "ShortNamesConflict", "hotel"),
            id="short name to short name",
        ),
        pytest.param(
            "bravo.com",
            ("india", "indias", "India", "Echo"),
            None,
            "kind",
            "KindConflict",
            "Echo",
            id="kind to list kind",
        ),
        pytest.param(
            "bravo.com",
            ("india", "indias", "EchoFoxtrot", "IndiaList"),
            None,
            *("listKind", "ListKindConflict", "EchoFoxtrot"),
            id="list kind to kind",
        ),
        pytest.param(
            "bravo.com", ("india", "echo", "India", "IndiaList"), None, "", "", "", id="a resource named like a kind"
        ),
        pytest.param("", (), ALFA, "", "", "", id="no conflict with itself"),
        pytest.param("", (), (*ALFA, "more"), "", "", "", id="a short name less"),
    ],
)
def test_names_that_are_free_are_accepted(
    stage: Any,
    group: str,
    other: tuple[str, ...],
    before: tuple[str, ...] | None,
    left_out: str,
    reason: str,
    clash: str,
) -> None:
    world = stage(CustomResourceDefinitionController)
    if other:
        put_definition(world, group, named(*other), named(*other))
    put_definition(world, "bravo.com", named(*ALFA), None if before is None else named(*before))
    world.act(0.2)
    status = world.get(DEFINITIONS, "alfa.bravo.com", "")["status"]
    assert status["acceptedNames"] == without(named(*ALFA), left_out)
    found = {one["type"]: (one["status"], one["reason"], one["message"]) for one in status["conditions"]}
    if reason:
        assert found["NamesAccepted"] == ("False", reason, f'"{clash}" is already in use')
        assert found["Established"] == ("False", "NotAccepted", "not all names are accepted")
        return
    if before != ALFA:
        assert found["NamesAccepted"] == ("True", "NoConflicts", "no conflicts found")
        assert found["Established"] == ("True", "InitialNamesAccepted", "the initial names have been accepted")


@follows(
    "crd-controller",
    "staging/src/k8s.io/apiextensions-apiserver/pkg/controller/finalizer/crd_finalizer.go: sync, deleteInstances",
)
@pytest.mark.parametrize(
    ("objects", "held", "wait", "said"),
    [
        pytest.param(0, False, 1, None, id="no objects"),
        pytest.param(2, False, 20, None, id="objects are deleted first"),
        pytest.param(
            1,
            True,
            30,
            ("True", "InstanceDeletionInProgress", "CustomResource deletion is in progress"),
            id="one has a finalizer",
        ),
        pytest.param(
            1,
            True,
            70,
            (
                "True",
                "InstanceDeletionCheck",
                "could not confirm zero CustomResources remaining: timed out waiting for the condition",
            ),
            id="one has a finalizer for more than a minute",
        ),
    ],
)
def test_a_definition_waits_for_its_objects(stage: Any, objects: int, held: bool, wait: int, said: Any) -> None:
    world = stage(CustomResourceDefinitionController)
    put_definition(world, "bravo.com", named(*ALFA))
    world.act(1)
    for number in range(objects):
        metadata: Obj = {"name": f"o{number}", "namespace": "default"}
        if held:
            metadata["finalizers"] = ["example.com/hold"]
        world.client.create("alfa.bravo.com", {"apiVersion": "bravo.com/v1", "kind": "Echo", "metadata": metadata})
    world.client.delete(DEFINITIONS, "", "alfa.bravo.com")
    world.run(wait)
    found = world.find(DEFINITIONS, "alfa.bravo.com", "")
    assert (found is None) is (said is None)
    if found is not None:
        (ending,) = [one for one in found["status"]["conditions"] if one["type"] == "Terminating"]
        assert (ending["status"], ending["reason"], ending["message"]) == said


def put_service(world: Any, name: str, port: int, port_name: str = "testPort") -> None:
    spec = {
        "ports": [{"name": port_name, "port": port, "protocol": "TCP"}],
        "clusterIP": "10.96.0.7",
        "type": "ClusterIP",
    }
    world.put("services", {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec})


def put_slice(world: Any, port_name: str, *, empty: bool = False, ready: bool = True) -> None:
    kind = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4"}
    metadata = {"name": "bar-1", "labels": {"kubernetes.io/service-name": "bar"}}
    endpoints = [] if empty else [{"addresses": ["10.0.0.1"], "conditions": {"ready": ready}}]
    ports = [] if empty else [{"name": port_name, "port": 1234, "protocol": "TCP"}]
    world.put("endpointslices.discovery.k8s.io", {**kind, "metadata": metadata, "endpoints": endpoints, "ports": ports})


MISSING = 'endpointslices for service/bar in "default" have no addresses with port name "testPort"'


@follows(
    "apiservice-availability-controller",
    "staging/src/k8s.io/kube-aggregator/pkg/controllers/status/remote/remote_available_controller_test.go: TestSync",
)
@pytest.mark.parametrize(
    ("service", "endpoints", "wanted"),
    [
        pytest.param(
            ("not-bar", 1234),
            None,
            ("False", "ServiceNotFound", 'service/bar in "default" is not present'),
            id="no service",
        ),
        pytest.param(
            ("bar", 6443),
            {"port_name": "testPort"},
            ("False", "ServicePortError", 'service/bar in "default" is not listening on port 1234'),
            id="service on another port",
        ),
        pytest.param(
            ("bar", 1234),
            None,
            ("False", "EndpointsNotFound", 'cannot find endpointslices for service/bar in "default"'),
            id="no endpoints",
        ),
        pytest.param(
            ("bar", 1234),
            {"port_name": "testPort", "empty": True},
            ("False", "MissingEndpoints", MISSING),
            id="empty endpoints",
        ),
        pytest.param(
            ("bar", 1234), {"port_name": "wrong"}, ("False", "MissingEndpoints", MISSING), id="another port's name"
        ),
        pytest.param(
            ("bar", 1234),
            {"port_name": "testPort", "ready": False},
            ("False", "MissingEndpoints", MISSING),
            id="nobody is ready",
        ),
        pytest.param(
            ("bar", 1234),
            {"port_name": "testPort"},
            (
                "False",
                "FailedDiscoveryCheck",
                "failing or missing response from https://10.96.0.7:1234/apis/remote/v1: "
                "bad status from https://10.96.0.7:1234/apis/remote/v1: 404",
            ),
            id="a bad answer",
        ),
        pytest.param(
            ("bar", 1234),
            {"port_name": "testPort", "group": "metrics.k8s.io"},
            ("True", "Passed", "all checks passed"),
            id="remote",
        ),
    ],
)
def test_what_an_api_service_points_at(
    stage: Any, service: tuple[str, int], endpoints: Obj | None, wanted: tuple[str, str, str]
) -> None:
    world = stage(ApiServiceAvailabilityController)
    given = dict(endpoints or {})
    group = given.pop("group", "remote")
    version = "v1beta1" if group == "metrics.k8s.io" else "v1"
    put_service(world, *service)
    if endpoints is not None:
        put_slice(world, **given)
    spec = {
        "group": group,
        "version": version,
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
        "insecureSkipTLSVerify": True,
    }
    spec["service"] = {"namespace": "default", "name": "bar", "port": 1234}
    kind = {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService"}
    world.put(API_SERVICES, {**kind, "metadata": {"name": f"{version}.{group}"}, "spec": spec})
    world.act()
    (condition,) = world.get(API_SERVICES, f"{version}.{group}", "")["status"]["conditions"]
    assert condition["type"] == "Available"
    assert (condition["status"], condition["reason"], condition["message"]) == wanted
