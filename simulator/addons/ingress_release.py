"""The release file of ingress-nginx (`deploy/static/provider/…/deploy.yaml`), as far as it has an effect here."""

from typing import Any

from simulator.addons.ingress_nginx import CONTROLLER, IMAGE

Obj = dict[str, Any]
_LABELS = {
    "app.kubernetes.io/component": "controller",
    "app.kubernetes.io/instance": "ingress-nginx",
    "app.kubernetes.io/name": "ingress-nginx",
}


def ingress_nginx(version: str, provider: str) -> list[Obj]:
    name, space = "ingress-nginx-controller", "ingress-nginx"
    where = {"name": name, "namespace": space, "labels": _LABELS}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {**where, "name": "ingress-nginx"}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": where, "data": {}},
        {"apiVersion": "v1", "kind": "Service", "metadata": where, "spec": _service(provider)},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": where, "spec": _deployment(version, provider)},
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "IngressClass",
            "metadata": {"name": "nginx", "labels": _LABELS},
            "spec": {"controller": CONTROLLER},
        },
    ]


def _service(provider: str) -> Obj:
    ports = [
        {"name": name, "port": port, "targetPort": name, "protocol": "TCP", "appProtocol": name}
        for name, port in (("http", 80), ("https", 443))
    ]
    if provider == "cloud":
        return {"type": "LoadBalancer", "externalTrafficPolicy": "Local", "selector": _LABELS, "ports": ports}
    return {"type": "NodePort", "selector": _LABELS, "ports": ports}


def _deployment(version: str, provider: str) -> Obj:
    arguments = ["/nginx-ingress-controller", f"--controller-class={CONTROLLER}", "--ingress-class=nginx"]
    if provider == "kind":
        arguments += ["--watch-ingress-without-class=true", "--publish-status-address=localhost"]
    else:
        arguments.append("--publish-service=$(POD_NAMESPACE)/ingress-nginx-controller")
    container = {
        "name": "controller",
        "image": f"{IMAGE}:{version}",
        "args": arguments,
        "ports": [{"name": "http", "containerPort": 80}, {"name": "https", "containerPort": 443}],
    }
    template = {
        "metadata": {"labels": _LABELS},
        "spec": {"serviceAccountName": "ingress-nginx", "containers": [container]},
    }
    return {"replicas": 1, "selector": {"matchLabels": _LABELS}, "template": template}
