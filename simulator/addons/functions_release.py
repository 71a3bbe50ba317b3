"""The release files of Knative Serving, Kourier and KubeVirt, as far as they have an effect here."""

from typing import Any

from simulator.addons.knative import kinds as knative
from simulator.addons.kubevirt import kinds as kubevirt

Obj = dict[str, Any]
_FREE: Obj = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def _column(name: str, path: str, kind: str = "string") -> Obj:
    return {"name": name, "type": kind, "jsonPath": path}


_READY = _column("Ready", ".status.conditions[?(@.type=='Ready')].status")
_REASON = _column("Reason", ".status.conditions[?(@.type=='Ready')].reason")
_SERVING: tuple[tuple[str, str, list[str], list[Obj]], ...] = (
    (
        "Service",
        "services",
        ["kservice", "ksvc"],
        [
            _column("URL", ".status.url"),
            _column("LatestCreated", ".status.latestCreatedRevisionName"),
            _column("LatestReady", ".status.latestReadyRevisionName"),
            _READY,
            _REASON,
        ],
    ),
    ("Configuration", "configurations", ["config", "cfg"], [_READY, _REASON]),
    (
        "Revision",
        "revisions",
        ["rev"],
        [
            _column("Config Name", ".metadata.labels['serving\\.knative\\.dev/configuration']"),
            _column("Generation", ".metadata.labels['serving\\.knative\\.dev/configurationGeneration']"),
            _READY,
            _REASON,
            _column("Actual Replicas", ".status.actualReplicas", "integer"),
            _column("Desired Replicas", ".status.desiredReplicas", "integer"),
        ],
    ),
    ("Route", "routes", ["rt"], [_column("URL", ".status.url"), _READY, _REASON]),
)


def serving_kinds() -> list[Obj]:
    """`serving-crds.yaml`."""
    found = []
    for kind, plural, short, columns in _SERVING:
        version = {
            "name": "v1",
            "served": True,
            "storage": True,
            "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": _FREE, "status": _FREE}}},
            "additionalPrinterColumns": columns,
            "subresources": {"status": {}},
        }
        names = {
            "kind": kind,
            "plural": plural,
            "singular": kind.lower(),
            "shortNames": short,
            "categories": ["all", "knative", "serving"],
        }
        found.append(
            {
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": {"name": f"{plural}.{knative.GROUP}"},
                "spec": {"group": knative.GROUP, "scope": "Namespaced", "names": names, "versions": [version]},
            }
        )
    return found


def serving_core(version: str) -> list[Obj]:
    """`serving-core.yaml`: the controller; autoscaler and activator are part of it here."""
    return [_namespace("knative-serving"), _deployment("controller", "knative-serving", f"{knative.IMAGE}:{version}")]


def kourier() -> list[Obj]:
    """`kourier.yaml`: the proxy in front of all functions, and its load balancer."""
    space, name = "kourier-system", "3scale-kourier-gateway"
    labels = {"app": name}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kourier", "namespace": space},
        "spec": {
            "type": "LoadBalancer",
            "selector": labels,
            "ports": [{"name": "http2", "port": 80, "targetPort": 8080, "protocol": "TCP"}],
        },
    }
    proxy = _deployment(name, space, "docker.io/envoyproxy/envoy:v1.34-latest", port=8080)
    return [_namespace(space), proxy, service]


def virt_operator(version: str) -> list[Obj]:
    """`kubevirt-operator.yaml`."""
    return [
        _namespace("kubevirt"),
        kubevirt.INSTALL_DEFINITION,
        _deployment("virt-operator", "kubevirt", f"{kubevirt.OPERATOR_IMAGE}:{version}"),
    ]


def virt_install(version: str) -> list[Obj]:
    """`kubevirt-cr.yaml`."""
    where = {"name": "kubevirt", "namespace": "kubevirt"}
    return [{"apiVersion": "kubevirt.io/v1", "kind": "KubeVirt", "metadata": where, "spec": {"imageTag": version}}]


def _namespace(name: str) -> Obj:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _deployment(name: str, space: str, image: str, *, port: int = 0) -> Obj:
    labels = {"app": name}
    container: Obj = {"name": name, "image": image}
    if port:
        container["ports"] = [{"containerPort": port}]
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": space, "labels": labels},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
    }
