"""Namespaces that come and go: https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/."""

from typing import Any

from simulator.controllers.namespace import NamespaceController
from simulator.controllers.root_ca import RootCaPublisher
from simulator.controllers.service_account import ServiceAccountController

World = Any


def conditions(world: World, name: str) -> dict[str, tuple[str, str, str]]:
    found = world.get("namespaces", name, "")["status"].get("conditions", ())
    return {one["type"]: (one["status"], one["reason"], one["message"]) for one in found}


def test_a_new_namespace_gets_its_account_and_the_root_certificate(world: Any) -> None:
    here = world(ServiceAccountController, RootCaPublisher)
    here.namespace("shop")
    here.run()
    assert here.find("serviceaccounts", "default", "shop") is not None
    certificate = here.get("configmaps", "kube-root-ca.crt", "shop")["data"]["ca.crt"]
    assert certificate.startswith("-----BEGIN CERTIFICATE-----\n")
    assert here.get("configmaps", "kube-root-ca.crt", "default")["data"]["ca.crt"] == certificate


def test_a_deleted_account_comes_back_and_a_changed_certificate_is_put_right(world: Any) -> None:
    here = world(ServiceAccountController, RootCaPublisher)
    here.run()
    here.client.delete("serviceaccounts", "default", "default")
    here.client.patch("configmaps", "default", "kube-root-ca.crt", {"data": {"ca.crt": "x"}})
    here.run()
    assert here.find("serviceaccounts", "default") is not None
    assert here.get("configmaps", "kube-root-ca.crt")["data"]["ca.crt"] != "x"


def test_an_empty_namespace_goes_after_five_seconds(world: Any) -> None:
    here = world(NamespaceController)
    here.namespace("shop")
    here.client.delete("namespaces", "", "shop")
    here.run(4.9)
    assert here.get("namespaces", "shop", "")["status"]["phase"] == "Terminating"
    here.run(0.2)
    assert here.find("namespaces", "shop", "") is None


def test_everything_inside_is_deleted_first(world: Any) -> None:
    here = world(NamespaceController, ServiceAccountController, RootCaPublisher)
    here.namespace("shop")
    here.client.create(
        "configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "shop"}}
    )
    here.run()
    here.client.delete("namespaces", "", "shop")
    here.run(11)
    assert here.find("namespaces", "shop", "") is None
    assert here.all("configmaps", "shop") == []
    assert here.all("serviceaccounts", "shop") == []


def test_a_pod_in_its_grace_period_holds_the_namespace_which_says_so(world: Any, pod_template: Any) -> None:
    here = world(NamespaceController)
    here.namespace("shop")
    here.client.create(
        "pods", {"apiVersion": "v1", "kind": "Pod", **pod_template(), "metadata": {"name": "web", "namespace": "shop"}}
    )
    here.client.bind("shop", "web", "node-1")
    here.client.delete("namespaces", "", "shop")
    here.run(6)
    assert conditions(here, "shop") == {
        "NamespaceDeletionDiscoveryFailure": ("False", "ResourcesDiscovered", "All resources successfully discovered"),
        "NamespaceDeletionGroupVersionParsingFailure": (
            "False",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        "NamespaceDeletionContentFailure": (
            "False",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
        "NamespaceContentRemaining": (
            "True",
            "SomeResourcesRemain",
            "Some resources are remaining: pods. has 1 resource instances",
        ),
        "NamespaceFinalizersRemaining": (
            "False",
            "ContentHasNoFinalizers",
            "All content-preserving finalizers finished",
        ),
    }
    here.finish_deletions()
    here.run(17)
    assert here.find("namespaces", "shop", "") is None


def test_a_finalizer_inside_is_named(world: Any) -> None:
    here = world(NamespaceController)
    here.namespace("shop")
    metadata = {"name": "a", "namespace": "shop", "finalizers": ["example.com/hold"]}
    here.client.create("configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    here.client.delete("namespaces", "", "shop")
    here.run(60)
    assert conditions(here, "shop")["NamespaceFinalizersRemaining"] == (
        "True",
        "SomeFinalizersRemain",
        "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
    )
    here.client.patch("configmaps", "shop", "a", {"metadata": {"finalizers": None}})
    here.run(10)
    assert here.find("namespaces", "shop", "") is None
