"""Which autoscaler speaks for which pod."""

from collections.abc import Iterable

from simulator.engine.plain import Obj

VPAS = "verticalpodautoscalers.autoscaling.k8s.io"
RESOURCES = ("cpu", "memory")


def owners(pod: Obj) -> list[tuple[str, str]]:
    """(kind, name) of a pod's controller, and of the Deployment behind a ReplicaSet."""
    metadata = pod["metadata"]
    found = []
    for reference in metadata.get("ownerReferences") or ():
        if reference.get("controller"):
            found.append((reference["kind"], reference["name"]))
            hash_ = (metadata.get("labels") or {}).get("pod-template-hash")
            if reference["kind"] == "ReplicaSet" and hash_:
                found.append(("Deployment", reference["name"].removesuffix(f"-{hash_}")))
    return found


def is_target(vpa: Obj, pod: Obj) -> bool:
    target = vpa["spec"]["targetRef"]
    return vpa["metadata"]["namespace"] == pod["metadata"]["namespace"] and (target["kind"], target["name"]) in owners(
        pod
    )


def speaking_for(vpas: Iterable[Obj], pod: Obj) -> Obj | None:
    return next((vpa for vpa in vpas if is_target(vpa, pod)), None)


def mode(vpa: Obj) -> str:
    return str((vpa["spec"].get("updatePolicy") or {}).get("updateMode") or "Auto")


def policy_of(vpa: Obj, container: str) -> Obj:
    """The container's policy, or the one for all (`*`)."""
    policies = (vpa["spec"].get("resourcePolicy") or {}).get("containerPolicies") or ()
    named = {one.get("containerName"): one for one in policies}
    found: Obj = named.get(container) or named.get("*") or {}
    return found


def recommended(vpa: Obj) -> dict[str, Obj]:
    """Container → its recommendation."""
    found = ((vpa.get("status") or {}).get("recommendation") or {}).get("containerRecommendations") or ()
    return {one["containerName"]: one for one in found}
