"""EndpointSlices and Endpoints: https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/."""

from typing import Any

import pytest

from simulator.controllers.endpoints import EndpointsController
from simulator.controllers.endpointslice import EndpointSliceController

World = Any
Obj = dict[str, Any]
SLICES = "endpointslices.discovery.k8s.io"


@pytest.fixture
def network(world: Any) -> World:
    return world(EndpointSliceController, EndpointsController)


def service(name: str = "web", **spec: Any) -> Obj:
    ports = [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default", "labels": {"tier": "front"}},
        "spec": {"selector": {"app": "web"}, "ports": ports, "type": "ClusterIP", **spec},
    }


def add_pod(world: World, name: str, ip: str, *, ready: bool = True, port_name: str = "", port: int = 8080) -> Obj:
    container: Obj = {"name": "main", "image": "nginx:1.27"}
    if port_name:
        container["ports"] = [{"name": port_name, "containerPort": port, "protocol": "TCP"}]
    pod: Obj = world.client.create(
        "pods",
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "default", "labels": {"app": "web"}},
            "spec": {"containers": [container], "terminationGracePeriodSeconds": 30},
        },
    )
    world.client.bind("default", name, "node-1")
    world.make_ready(pod, ready=ready, ip=ip)
    return pod


def slices(world: World) -> list[Obj]:
    found: list[Obj] = world.all(SLICES)
    return found


def conditions(world: World) -> dict[str, tuple[bool, bool, bool]]:
    return {
        endpoint["addresses"][0]: (
            endpoint["conditions"]["ready"],
            endpoint["conditions"]["serving"],
            endpoint["conditions"]["terminating"],
        )
        for one in slices(world)
        for endpoint in one["endpoints"]
    }


def test_a_slice_has_name_labels_owner_ports_and_endpoints(network: World) -> None:
    made = network.client.create("services", service())
    pod = add_pod(network, "web-1", "10.244.1.2")
    network.run()
    (one,) = slices(network)
    metadata = one["metadata"]
    assert metadata["name"].startswith("web-")
    assert metadata["labels"] == {
        "tier": "front",
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        "kubernetes.io/service-name": "web",
    }
    assert metadata["ownerReferences"] == [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "name": "web",
            "uid": made["metadata"]["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]
    assert metadata["annotations"] == {"endpoints.kubernetes.io/last-change-trigger-time": "2025-10-09T08:53:20Z"}
    assert (one["addressType"], one["ports"]) == ("IPv4", [{"name": "http", "port": 8080, "protocol": "TCP"}])
    assert one["endpoints"] == [
        {
            "addresses": ["10.244.1.2"],
            "conditions": {"ready": True, "serving": True, "terminating": False},
            "targetRef": {"kind": "Pod", "namespace": "default", "name": "web-1", "uid": pod["metadata"]["uid"]},
            "nodeName": "node-1",
        }
    ]


def test_ready_serving_and_terminating(network: World) -> None:
    network.client.create("services", service())
    add_pod(network, "ready", "10.0.0.1")
    add_pod(network, "not-ready", "10.0.0.2", ready=False)
    add_pod(network, "ending", "10.0.0.3")
    network.client.delete("pods", "default", "ending")
    network.run()
    assert conditions(network) == {
        "10.0.0.1": (True, True, False),
        "10.0.0.2": (False, False, False),
        "10.0.0.3": (False, True, True),
    }


def test_publish_not_ready_addresses_counts_everybody_as_ready(network: World) -> None:
    network.client.create("services", service(publishNotReadyAddresses=True, clusterIP="None"))
    add_pod(network, "not-ready", "10.0.0.2", ready=False)
    network.run()
    assert conditions(network) == {"10.0.0.2": (True, False, False)}
    assert slices(network)[0]["metadata"]["labels"]["service.kubernetes.io/headless"] == ""


def test_a_pod_that_loses_its_label_leaves(network: World) -> None:
    network.client.create("services", service())
    add_pod(network, "a", "10.0.0.1")
    add_pod(network, "b", "10.0.0.2")
    network.run()
    network.client.patch("pods", "default", "a", {"metadata": {"labels": {"app": "other"}}})
    network.run()
    assert list(conditions(network)) == ["10.0.0.2"]


def test_a_service_without_pods_has_one_empty_slice(network: World) -> None:
    network.client.create("services", service())
    network.run()
    assert [(one["endpoints"], one["ports"]) for one in slices(network)] == [([], [])]
    add_pod(network, "a", "10.0.0.1")
    network.run()
    assert [len(one["endpoints"]) for one in slices(network)] == [1]


def test_a_service_without_selector_is_left_to_its_owner(network: World) -> None:
    network.client.create("services", service(selector=None))
    network.run()
    assert (slices(network), network.find("endpoints", "web")) == ([], None)


def test_a_hundred_endpoints_a_slice(network: World) -> None:
    network.client.create("services", service())
    for number in range(205):
        add_pod(network, f"web-{number:03}", f"10.0.{number // 250}.{number % 250}")
    network.run()
    assert sorted(len(one["endpoints"]) for one in slices(network)) == [5, 100, 100]


def test_a_new_pod_goes_into_a_slice_with_room_and_full_slices_stay_untouched(network: World) -> None:
    network.client.create("services", service())
    for number in range(150):
        add_pod(network, f"web-{number:03}", f"10.0.0.{number}")
    network.run()
    before = {
        one["metadata"]["name"]: (len(one["endpoints"]), one["metadata"]["resourceVersion"]) for one in slices(network)
    }
    add_pod(network, "web-new", "10.0.1.1")
    network.run()
    after = {
        one["metadata"]["name"]: (len(one["endpoints"]), one["metadata"]["resourceVersion"]) for one in slices(network)
    }
    full = next(name for name, (count, _) in before.items() if count == 100)
    assert after[full] == before[full]
    assert sorted(count for count, _ in after.values()) == [51, 100]


def test_named_target_ports_that_differ_make_different_slices(network: World) -> None:
    network.client.create("services", service(ports=[{"port": 80, "targetPort": "http", "protocol": "TCP"}]))
    add_pod(network, "a", "10.0.0.1", port_name="http", port=8080)
    add_pod(network, "b", "10.0.0.2", port_name="http", port=9090)
    network.run()
    found = {one["ports"][0]["port"]: one["endpoints"][0]["addresses"] for one in slices(network)}
    assert found == {8080: ["10.0.0.1"], 9090: ["10.0.0.2"]}


def test_the_endpoints_object_lists_ready_and_not_ready_addresses(network: World) -> None:
    network.client.create("services", service())
    ready = add_pod(network, "ready", "10.0.0.9")
    waiting = add_pod(network, "waiting", "10.0.0.1", ready=False)
    add_pod(network, "ending", "10.0.0.3")
    network.client.delete("pods", "default", "ending")
    network.run()

    def address(pod: Obj, ip: str) -> Obj:
        metadata = pod["metadata"]
        reference = {"kind": "Pod", "namespace": "default", "name": metadata["name"], "uid": metadata["uid"]}
        return {"ip": ip, "nodeName": "node-1", "targetRef": reference}

    endpoints = network.get("endpoints", "web")
    assert endpoints["metadata"]["labels"] == {
        "tier": "front",
        "endpoints.kubernetes.io/managed-by": "endpoint-controller",
    }
    assert endpoints["subsets"] == [
        {
            "addresses": [address(ready, "10.0.0.9")],
            "notReadyAddresses": [address(waiting, "10.0.0.1")],
            "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
        }
    ]


def test_endpoints_go_with_their_service(network: World) -> None:
    network.client.create("services", service())
    network.run()
    assert network.find("endpoints", "web") is not None
    network.client.delete("services", "default", "web")
    network.run()
    assert network.find("endpoints", "web") is None


def test_nothing_is_written_when_nothing_changed(network: World) -> None:
    network.client.create("services", service())
    add_pod(network, "a", "10.0.0.1")
    network.run()
    before = network.registry.store.revision
    network.client.patch("pods", "default", "a", {"metadata": {"annotations": {"note": "x"}}})
    network.run()
    assert network.registry.store.revision == before + 1
