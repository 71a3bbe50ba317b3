"""Which pods keep a node from being removed, and why.

Follows `cluster-autoscaler/simulator/drainability/rules` in their order, `utils/drain/drain.go` and `simulator/cluster.go`
(UnremovableReason).
"""

from collections.abc import Iterable

from simulator.engine.plain import Obj
from simulator.machinery import selectors

_SAFE = "cluster-autoscaler.kubernetes.io/safe-to-evict"
_SAFE_VOLUMES = f"{_SAFE}-local-volumes"
_MIRROR = "kubernetes.io/config.mirror"


def is_left_alone(pod: Obj) -> bool:
    """Mirror pods, pods of DaemonSets and finished ones go with the node."""
    if _MIRROR in (pod["metadata"].get("annotations") or {}):
        return True
    return _owner(pod) == "DaemonSet" or (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def blocking_reason(pod: Obj, budgets: Iterable[Obj]) -> str:
    """Why this pod may not be moved; empty when it may. Who is called safe to evict is asked nothing more."""
    marks = pod["metadata"].get("annotations") or {}
    if marks.get(_SAFE) == "true":
        return ""
    guards = [one for one in budgets if _selects(one, pod)]
    if not _owner(pod):
        return "NotReplicated"
    if pod["metadata"]["namespace"] == "kube-system" and not guards:
        return "UnmovableKubeSystemPod"
    if marks.get(_SAFE) == "false":
        return "NotSafeToEvictAnnotation"
    given_up = (marks.get(_SAFE_VOLUMES) or "").split(",")
    if any(_is_local(volume) and volume["name"] not in given_up for volume in pod["spec"].get("volumes") or ()):
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
