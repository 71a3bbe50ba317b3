"""Which pods keep a node from being removed, and why.

Follows `cluster-autoscaler/simulator/drain.go`, its drainability rules and `simulator/cluster.go` (UnremovableReason).
"""

from collections.abc import Iterable

from simulator.engine.plain import Obj
from simulator.machinery import selectors

_SAFE = "cluster-autoscaler.kubernetes.io/safe-to-evict"
_MIRROR = "kubernetes.io/config.mirror"


def is_left_alone(pod: Obj) -> bool:
    """Mirror pods, pods of DaemonSets and finished ones go with the node."""
    if _MIRROR in (pod["metadata"].get("annotations") or {}):
        return True
    return _owner(pod) == "DaemonSet" or (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def blocking_reason(pod: Obj, budgets: Iterable[Obj]) -> str:
    """Why this pod may not be moved; empty when it may."""
    safe = (pod["metadata"].get("annotations") or {}).get(_SAFE)
    if safe == "false":
        return "NotSafeToEvictAnnotation"
    guards = [one for one in budgets if _selects(one, pod)]
    if safe != "true":
        if not _owner(pod):
            return "NotReplicated"
        if pod["metadata"]["namespace"] == "kube-system" and not guards:
            return "UnmovableKubeSystemPod"
        if any(_is_local(volume) for volume in pod["spec"].get("volumes") or ()):
            return "LocalStorageRequested"
    if any((one.get("status") or {}).get("disruptionsAllowed", 0) < 1 for one in guards):
        return "NotEnoughPdb"
    return ""


def _owner(pod: Obj) -> str:
    references = pod["metadata"].get("ownerReferences") or ()
    return next((str(one["kind"]) for one in references if one.get("controller")), "")


def _selects(budget: Obj, pod: Obj) -> bool:
    if budget["metadata"]["namespace"] != pod["metadata"]["namespace"]:
        return False
    chosen = selectors.from_label_selector(budget["spec"].get("selector"))
    return chosen.matches(pod["metadata"].get("labels") or {})


def _is_local(volume: Obj) -> bool:
    return "hostPath" in volume or ("emptyDir" in volume and (volume["emptyDir"] or {}).get("medium") != "Memory")
