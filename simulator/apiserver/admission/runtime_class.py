"""The admission plugin RuntimeClass: what a class adds to a pod, and which pods it refuses.

Follows `plugin/pkg/admission/runtimeclass/admission.go`, word for word. Leaves to others: whether a node has the handler (the kubelet).
"""

from collections.abc import Sequence

from simulator.apiserver import errors
from simulator.engine.plain import Obj
from simulator.machinery.quantities import milli
from simulator.machinery.store import Store

RESOURCE = "runtimeclasses.node.k8s.io"


def find(store: Store, spec: Obj) -> Obj | None:
    """The class that a pod names, if there is one."""
    name = spec.get("runtimeClassName")
    return store.table(RESOURCE).get(("", name)) if name else None


def apply(spec: Obj, found: Obj | None, pod_name: str) -> None:
    """Sets overhead, node selector and tolerations. Raises StatusError Forbidden."""
    name = spec.get("runtimeClassName")
    if name and found is None:
        raise errors.forbidden("", "pods", pod_name, f'pod rejected: RuntimeClass "{name}" not found')
    overhead = ((found or {}).get("overhead") or {}).get("podFixed")
    if overhead is None and spec.get("overhead"):
        says = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"
        raise errors.forbidden("", "pods", pod_name, says)
    if overhead is not None:
        if spec.get("overhead") and not _same(overhead, spec["overhead"]):
            says = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"
            raise errors.forbidden("", "pods", pod_name, says)
        spec["overhead"] = dict(overhead)
    _schedule(spec, (found or {}).get("scheduling") or {}, pod_name)


def _same(one: Obj, other: Obj) -> bool:
    return {name: milli(amount) for name, amount in one.items()} == {
        name: milli(amount) for name, amount in other.items()
    }


def _schedule(spec: Obj, scheduling: Obj, pod_name: str) -> None:
    wanted = scheduling.get("nodeSelector") or {}
    selector = spec.get("nodeSelector") or {}
    for key in sorted(wanted):
        if selector.get(key, wanted[key]) != wanted[key]:
            says = (
                f"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {wanted[key]}; "
                f"pod.spec.nodeSelector[{key}] = {selector[key]}"
            )
            raise errors.forbidden("", "pods", pod_name, says)
    if wanted:
        spec["nodeSelector"] = {**selector, **wanted}
    if more := scheduling.get("tolerations"):
        spec["tolerations"] = merged_tolerations(spec.get("tolerations") or [], more)


def merged_tolerations(first: Sequence[Obj], second: Sequence[Obj]) -> list[Obj]:
    """`pkg/util/tolerations: MergeTolerations`: of two of which one covers the other, that one stays."""
    everything = [*first, *second]
    kept: list[Obj] = []
    for index, one in enumerate(everything):
        later = (other for other in everything[index + 1 :] if other != one)
        if not any(covers(other, one) for other in (*kept, *later)):
            kept.append(one)
    return kept


def covers(wide: Obj, narrow: Obj) -> bool:
    """Whether all that the second tolerates is tolerated by the first (`isSuperset`)."""
    if wide == narrow:
        return True
    is_open = wide.get("operator") == "Exists"
    if narrow.get("key", "") != wide.get("key", "") and (wide.get("key") or not is_open):
        return False
    if wide.get("effect") and narrow.get("effect") != wide["effect"]:
        return False
    limit, seconds = wide.get("tolerationSeconds"), narrow.get("tolerationSeconds")
    if wide.get("effect") == "NoExecute" and limit is not None and (seconds is None or seconds > limit):
        return False
    return is_open or (narrow.get("operator") == "Equal" and narrow.get("value", "") == wide.get("value", ""))
