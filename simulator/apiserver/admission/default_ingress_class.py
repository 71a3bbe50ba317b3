"""Admission plugin DefaultIngressClass: an Ingress that names no class gets the default one.

https://kubernetes.io/docs/concepts/services-networking/ingress/#default-ingress-class; `plugin/pkg/admission/network/defaultingressclass` (1.33):
of several defaults the newest wins, then the first by name.
"""

from simulator.engine.plain import Obj
from simulator.machinery.store import Store

_DEFAULT = "ingressclass.kubernetes.io/is-default-class"
_OLD_WAY = "kubernetes.io/ingress.class"
_CLASSES = "ingressclasses.networking.k8s.io"


def with_class(store: Store, ingress: Obj) -> Obj:
    spec = ingress.get("spec") or {}
    if spec.get("ingressClassName") is not None or _OLD_WAY in (ingress["metadata"].get("annotations") or {}):
        return ingress
    defaults = [
        one["metadata"]
        for one in store.table(_CLASSES).values()
        if (one["metadata"].get("annotations") or {}).get(_DEFAULT) == "true"
    ]
    if not defaults:
        return ingress
    newest = max(one["creationTimestamp"] for one in defaults)
    name = min(one["name"] for one in defaults if one["creationTimestamp"] == newest)
    return {**ingress, "spec": {**spec, "ingressClassName": name}}
