"""The binding subresource: a pod gets its node, once and for ever (`pkg/registry/core/pod/storage/storage.go: setPodHostAndAnnotations`)."""

from simulator.apiserver import errors
from simulator.engine.plain import Obj


def bound(pod: Obj, node: str, at: str) -> Obj:
    """The pod on its node, scheduled since `at`. Raises Conflict for one that goes, has a node, or is held back by a gate."""
    name = pod["metadata"]["name"]
    if pod["metadata"].get("deletionTimestamp"):
        raise errors.conflict("", "pods/binding", name, f"pod {name} is being deleted, cannot be assigned to a host")
    if pod["spec"].get("nodeName"):
        raise errors.conflict(
            "", "pods/binding", name, f'pod {name} is already assigned to node "{pod["spec"]["nodeName"]}"'
        )
    if pod["spec"].get("schedulingGates"):
        raise errors.conflict("", "pods/binding", name, f"pod {name} has non-empty .spec.schedulingGates")
    status = pod.get("status") or {}
    conditions = [c for c in status.get("conditions") or () if c["type"] != "PodScheduled"]
    conditions.append(
        {
            "type": "PodScheduled",
            "status": "True",
            "lastProbeTime": None,
            "lastTransitionTime": at,
        }
    )
    return {**pod, "spec": {**pod["spec"], "nodeName": node}, "status": {**status, "conditions": conditions}}
