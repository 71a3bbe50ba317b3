"""A service mesh in small: proxies beside the containers of pods, put there by a webhook, that encrypt what passes between them.

After the sidecar meshes of life (Istio's `istio-injection`, Linkerd's `linkerd.io/inject`), under names of our own. The injector is a mutating
webhook (https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/); like theirs, its process writes the CA that
vouches for it into the configuration. Left out: policies, retries, metrics; plain clients are let in (permissive mode).
"""

from base64 import b64encode
from typing import Any, ClassVar

from simulator.client import Controller
from simulator.engine.plain import Obj
from simulator.machinery.json_text import compact

IMAGE = "docker.io/drydock/mesh-injector"
LABEL = "mesh-injection"
_NAME, _SPACE = "mesh-injector", "mesh-system"
_HOOKS, _MAPS = "mutatingwebhookconfigurations.admissionregistration.k8s.io", "configmaps"
_PROXY: Obj = {
    "name": "mesh-proxy",
    "image": "docker.io/drydock/mesh-proxy:1.0",
    "ports": [{"name": "mesh", "containerPort": 15001, "protocol": "TCP"}],
    "resources": {"requests": {"cpu": "10m", "memory": "20Mi"}},
}


class MeshController(Controller):
    """Vouches for the injector: without the cluster's CA in the configuration the API server does not believe it."""

    name: ClassVar[str] = "mesh-controller"
    watches = {_HOOKS: "on_hooks", _MAPS: "on_root"}
    writes = (_HOOKS,)

    def on_hooks(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and new["metadata"]["name"] == _NAME:
            self.enqueue(_NAME)

    def on_root(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and new["metadata"]["name"] == "kube-root-ca.crt":
            self.enqueue(_NAME)

    def reconcile(self, key: str) -> None:
        hooks = self.cache.get(_HOOKS, "", key)
        root = self.cache.get(_MAPS, _SPACE, "kube-root-ca.crt")
        if hooks is None or root is None:
            return
        bundle = b64encode(root["data"]["ca.crt"].encode()).decode()
        webhooks = [{**one, "clientConfig": {**one["clientConfig"], "caBundle": bundle}} for one in hooks["webhooks"]]
        if webhooks != hooks["webhooks"]:
            self.client.update(_HOOKS, {**hooks, "webhooks": webhooks})


def mesh() -> list[Obj]:
    """`mesh.yaml`: the injector, its rule, and the webhook that asks it."""
    labels = {"app": _NAME}
    where = {"name": _NAME, "namespace": _SPACE, "labels": labels}
    container: dict[str, Any] = {
        "name": _NAME,
        "image": f"{IMAGE}:1.0",
        "ports": [{"containerPort": 8443}],
        "volumeMounts": [{"name": "policy", "mountPath": "/etc/mesh"}],
    }
    pod = {"containers": [container], "volumes": [{"name": "policy", "configMap": {"name": _NAME}}]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    service = {"selector": labels, "ports": [{"port": 443, "targetPort": 8443, "protocol": "TCP"}]}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _SPACE}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": where, "data": {"policy.yaml": compact(_policy())}},
        {"apiVersion": "v1", "kind": "Service", "metadata": where, "spec": service},
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": where,
            "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
        },
        _webhooks(),
    ]


def _policy() -> Obj:
    rule = {
        "name": "inject",
        "path": "/inject",
        "when": "!object.spec.containers.exists(one, one.name == 'mesh-proxy')",
        "patch": [{"op": "add", "path": "/spec/containers/-", "value": _PROXY}],
    }
    return {"rules": [rule]}


def _webhooks() -> Obj:
    hook = {
        "name": "inject.mesh.drydock.example",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "failurePolicy": "Fail",
        "namespaceSelector": {"matchLabels": {LABEL: "enabled"}},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
        "clientConfig": {"service": {"name": _NAME, "namespace": _SPACE, "path": "/inject", "port": 443}},
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": _NAME},
        "webhooks": [hook],
    }
