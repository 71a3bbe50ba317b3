"""What a change of a pod means to the scheduler."""

from simulator.engine.plain import Obj

#: Who schedules pods that name no scheduler.
SOURCE = "default-scheduler"
_TERMINAL = ("Succeeded", "Failed")


def node_of(pod: Obj | None) -> str:
    """The node on which the pod takes room; "" when it has none or has finished."""
    if pod is None or is_over(pod):
        return ""
    return pod["spec"].get("nodeName") or ""


def is_ours(pod: Obj) -> bool:
    if pod["spec"].get("nodeName") or is_ending(pod) or is_over(pod):
        return False
    return (pod["spec"].get("schedulerName") or SOURCE) == SOURCE


def is_report(old: Obj, new: Obj) -> bool:
    """Whether a pod on a node has told how it is, and nothing else: most changes of pods are of this kind."""
    if old["spec"] is not new["spec"] or not new["spec"].get("nodeName"):
        return False
    if old["metadata"].get("labels") is not new["metadata"].get("labels") or is_ending(old) != is_ending(new):
        return False
    return not is_over(old) and not is_over(new)


def matters(old: Obj, new: Obj) -> bool:
    """Whether a placed pod changed in what the scheduler counts."""
    if old["spec"] is not new["spec"] and old["spec"] != new["spec"]:
        return True
    return labels(old) != labels(new) or is_ending(old) != is_ending(new)


def is_over(pod: Obj) -> bool:
    return (pod.get("status") or {}).get("phase") in _TERMINAL


def is_ending(pod: Obj) -> bool:
    return "deletionTimestamp" in pod["metadata"]


def labels(pod: Obj) -> Obj:
    return pod["metadata"].get("labels") or {}
