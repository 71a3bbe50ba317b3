"""What a workstation can install by `kubectl apply -f https://…`: well-known release URLs, and what stands behind each.

The documented list is `docs/add-ons.md`. Promises: a URL of the list gives the objects of that release in the shape that they have there, as
far as they have an effect here; every other URL is unknown, as from a machine without a network.
"""

import re
from collections.abc import Callable
from typing import Any

from simulator.addons import metrics
from simulator.addons.functions_release import kourier, serving_core, serving_kinds, virt_install, virt_operator
from simulator.addons.gateway_api.controller import CONTROLLER, IMAGE
from simulator.addons.gateway_api.definitions import definitions
from simulator.addons.ingress_release import ingress_nginx
from simulator.addons.mesh import mesh
from simulator.addons.rules_definition import rule_controller
from simulator.addons.secrets_store import definitions as secrets_store
from simulator.addons.snapshots.definitions import definition, snapshot_account, snapshot_controller

Obj = dict[str, Any]


def _gateway_api(found: re.Match[str]) -> list[Obj]:
    return definitions(int(found["minor"]), int(found["patch"]), found["channel"])


def _nginx_gateway(found: re.Match[str]) -> list[Obj]:
    """`deploy/default/deploy.yaml` of NGINX Gateway Fabric: the controller and its class, not the kinds."""
    labels = {"app.kubernetes.io/instance": "nginx-gateway", "app.kubernetes.io/name": "nginx-gateway"}
    gateway_class = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": {"name": "nginx", "labels": labels},
        "spec": {"controllerName": CONTROLLER},
    }
    return [
        namespace("nginx-gateway"),
        *controller("nginx-gateway", "nginx-gateway", f"{IMAGE}:{found['release'].removeprefix('v')}", labels),
        gateway_class,
    ]


def namespace(name: str) -> Obj:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def controller(name: str, space: str, image: str, labels: dict[str, str], **container: Any) -> list[Obj]:
    """A ServiceAccount and a Deployment of one pod."""
    where = {"name": name, "namespace": space, "labels": labels}
    spec = {"serviceAccountName": name, "containers": [{"name": name, "image": image, **container}]}
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": where},
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": where,
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": spec},
            },
        },
    ]


_SNAPSHOTTER = (
    r"https://raw\.githubusercontent\.com/kubernetes-csi/external-snapshotter/(?P<release>v8\.\d{1,2}\.\d{1,2})"
)
_SECRETS_STORE = (
    r"https://raw\.githubusercontent\.com/kubernetes-sigs/secrets-store-csi-driver/(?P<release>v1\.\d{1,2}\.\d{1,2})"
)
_VPA_PARTS = dict(
    zip(
        ("vpa-v1-crd-gen", "recommender-deployment", "updater-deployment", "admission-controller-deployment"),
        metrics.released("vertical-pod-autoscaler"),
        strict=True,
    )
)
_RELEASES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], list[Obj]]], ...] = (
    (
        re.compile(
            r"https://github\.com/kubernetes-sigs/gateway-api/releases/download/"
            r"v1\.(?P<minor>\d{1,2})\.(?P<patch>\d{1,2})/(?P<channel>standard|experimental)-install\.yaml"
        ),
        _gateway_api,
    ),
    (
        re.compile(
            r"https://raw\.githubusercontent\.com/(?:nginx|nginxinc)/nginx-gateway-fabric/(?P<release>v2\.\d{1,2}\.\d{1,2})/deploy/default/deploy\.yaml"
        ),
        _nginx_gateway,
    ),
    (
        re.compile(
            rf"{_SNAPSHOTTER}/client/config/crd/snapshot\.storage\.k8s\.io_(?P<plural>volumesnapshot(?:s|classes|contents))\.yaml"
        ),
        lambda found: [definition(found["plural"])],
    ),
    (
        re.compile(rf"{_SNAPSHOTTER}/deploy/kubernetes/snapshot-controller/setup-snapshot-controller\.yaml"),
        lambda found: snapshot_controller(found["release"]),
    ),
    (
        re.compile(rf"{_SNAPSHOTTER}/deploy/kubernetes/snapshot-controller/rbac-snapshot-controller\.yaml"),
        lambda found: snapshot_account(),
    ),
    (
        re.compile(
            r"https://github\.com/kubernetes-sigs/metrics-server/releases/"
            r"(?:latest/download|download/v0\.8\.\d{1,2})/components\.yaml"
        ),
        lambda found: list(metrics.released("metrics-server")),
    ),
    (
        re.compile(
            r"https://raw\.githubusercontent\.com/kubernetes/autoscaler/vpa-release-1\.4/vertical-pod-autoscaler/deploy/"
            r"(?P<part>vpa-v1-crd-gen|recommender-deployment|updater-deployment|admission-controller-deployment)\.yaml"
        ),
        lambda found: [_VPA_PARTS[found["part"]]],
    ),
    (
        re.compile(
            r"https://raw\.githubusercontent\.com/kubernetes/ingress-nginx/controller-(?P<release>v1\.\d{1,2}\.\d{1,2})/deploy/static/provider/(?P<provider>cloud|kind)/deploy\.yaml"
        ),
        lambda found: ingress_nginx(found["release"], found["provider"]),
    ),
    (
        re.compile(
            r"https://github\.com/knative/serving/releases/download/knative-(?P<release>v1\.\d{1,2}\.\d{1,2})/serving-crds\.yaml"
        ),
        lambda found: serving_kinds(),
    ),
    (
        re.compile(
            r"https://github\.com/knative/serving/releases/download/knative-(?P<release>v1\.\d{1,2}\.\d{1,2})/serving-core\.yaml"
        ),
        lambda found: serving_core(found["release"]),
    ),
    (
        re.compile(
            r"https://github\.com/knative(?:-extensions)?/net-kourier/releases/download/knative-v1\.\d{1,2}\.\d{1,2}/kourier\.yaml"
        ),
        lambda found: kourier(),
    ),
    (
        re.compile(
            r"https://github\.com/kubevirt/kubevirt/releases/download/(?P<release>v1\.\d{1,2}\.\d{1,2})/kubevirt-operator\.yaml"
        ),
        lambda found: virt_operator(found["release"]),
    ),
    (
        re.compile(
            r"https://github\.com/kubevirt/kubevirt/releases/download/(?P<release>v1\.\d{1,2}\.\d{1,2})/kubevirt-cr\.yaml"
        ),
        lambda found: virt_install(found["release"]),
    ),
    (re.compile(rf"{_SECRETS_STORE}/deploy/rbac-secretproviderclass\.yaml"), lambda found: secrets_store.account()),
    (re.compile(rf"{_SECRETS_STORE}/deploy/csidriver\.yaml"), lambda found: secrets_store.csi_driver()),
    (
        re.compile(
            rf"{_SECRETS_STORE}/deploy/secrets-store\.csi\.x-k8s\.io_(?P<plural>secretproviderclasses|secretproviderclasspodstatuses)\.yaml"
        ),
        lambda found: [secrets_store.definition(found["plural"])],
    ),
    (
        re.compile(rf"{_SECRETS_STORE}/deploy/secrets-store-csi-driver\.yaml"),
        lambda found: secrets_store.driver(found["release"]),
    ),
    (
        re.compile(
            r"https://raw\.githubusercontent\.com/hashicorp/vault-csi-provider/v(?P<release>1\.\d{1,2}\.\d{1,2})/deployment/vault-csi-provider\.yaml"
        ),
        lambda found: secrets_store.provider(found["release"]),
    ),
    (re.compile(r"https://drydock\.example/mesh\.yaml"), lambda found: mesh()),
    (re.compile(r"https://drydock\.example/rule-controller\.yaml"), lambda found: rule_controller()),
)


def released(url: str) -> list[Obj] | None:
    """The objects behind a URL, in the order of the file; None for a URL that nobody knows."""
    for pattern, make in _RELEASES:
        if (found := pattern.fullmatch(url)) is not None:
            return make(found)
    return None
