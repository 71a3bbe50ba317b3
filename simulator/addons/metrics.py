"""Metrics servers to install: metrics-server, and the adapter that serves custom and external metrics.

Promises: `released(name)` is what the project's own manifest says, as far as it has an effect here; `objects(name)` is the same in working
order, as a cluster's configuration (`addons: [metrics-server]`) installs it.
"""

from functools import cache
from importlib.resources import files

from simulator.engine.plain import Obj
from simulator.machinery import yaml_documents

ADDONS = ("metrics-server", "prometheus-adapter", "vertical-pod-autoscaler")
#: What one has to change where kubelets sign their own certificates, as kind's and kubeadm's do.
_INSECURE = "--kubelet-insecure-tls"


@cache
def released(name: str) -> tuple[Obj, ...]:
    text = (files("simulator.addons") / f"{name}.yaml").read_text("utf-8")
    return tuple(document.value for document in yaml_documents.read(text) if document.value)


@cache
def objects(name: str) -> tuple[Obj, ...]:
    """As an administrator installs it who knows this cluster: in working order."""
    return tuple(_working(obj) for obj in released(name))


def _working(obj: Obj) -> Obj:
    if obj["kind"] != "Deployment" or obj["metadata"]["name"] != "metrics-server":
        return obj
    template = obj["spec"]["template"]
    (container,) = template["spec"]["containers"]
    changed = {**container, "args": [*container["args"], _INSECURE]}
    spec = {**template["spec"], "containers": [changed]}
    return {**obj, "spec": {**obj["spec"], "template": {**template, "spec": spec}}}
