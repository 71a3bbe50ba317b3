"""The class of service of a pod: https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/."""

from simulator.engine.plain import Obj
from simulator.machinery.quantities import milli


def qos_class(spec: Obj) -> str:
    """Guaranteed, Burstable or BestEffort (`pkg/apis/core/v1/helper/qos`)."""
    containers = [*spec["containers"], *(spec.get("initContainers") or ())]
    any_set = False
    guaranteed = True
    for container in containers:
        resources = container.get("resources") or {}
        requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
        for name in ("cpu", "memory"):
            limit = milli(limits[name]) if name in limits else 0
            request = milli(requests[name]) if name in requests else 0
            any_set = any_set or request > 0 or limit > 0
            if limit == 0 or request != limit:
                guaranteed = False
    if not any_set:
        return "BestEffort"
    return "Guaranteed" if guaranteed else "Burstable"
