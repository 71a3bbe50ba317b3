"""As whom a container's processes run.

Follows `pkg/kubelet/kuberuntime/security_context.go` and `security_context_others.go` of v1.33 (verifyRunAsNonRoot), word for word.
"""

from dataclasses import dataclass

from simulator.engine.plain import Obj
from simulator.workloads.image_catalog import Image


@dataclass(frozen=True, slots=True)
class Identity:
    uid: int
    gid: int
    groups: tuple[int, ...]


def identity(pod: Obj, spec: Obj, image: Image) -> Identity:
    """The container's word counts before the pod's, and both before the image's."""
    of_pod, own = pod["spec"].get("securityContext") or {}, spec.get("securityContext") or {}
    uid = own.get("runAsUser", of_pod.get("runAsUser"))
    gid = own.get("runAsGroup", of_pod.get("runAsGroup"))
    if uid is None:
        uid = int(image.user) if image.user.isdigit() else _NAMED.get(image.user, 0)
        gid = uid if gid is None and uid else gid
    groups = [*(of_pod.get("supplementalGroups") or ()), *([of_pod["fsGroup"]] if "fsGroup" in of_pod else [])]
    return Identity(int(uid), int(gid or 0), tuple(int(group) for group in groups))


#: Users that images name.
_NAMED = {"nobody": 65534, "nonroot": 65532, "nginx": 101, "redis": 999, "node": 1000, "app": 1000}


def refusal(pod: Obj, spec: Obj, image: Image) -> str:
    """Why the kubelet does not run this image as this user; "" when it does."""
    of_pod, own = pod["spec"].get("securityContext") or {}, spec.get("securityContext") or {}
    if not own.get("runAsNonRoot", of_pod.get("runAsNonRoot")):
        return ""
    metadata = pod["metadata"]
    about = f'(pod: "{metadata["name"]}_{metadata["namespace"]}({metadata["uid"]})", container: {spec["name"]})'
    uid = own.get("runAsUser", of_pod.get("runAsUser"))
    if uid is not None:
        return f"container's runAsUser breaks non-root policy {about}" if int(uid) == 0 else ""
    if image.user and not image.user.isdigit():
        return f"container has runAsNonRoot and image has non-numeric user ({image.user}), cannot verify user is non-root {about}"
    return f"container has runAsNonRoot and image will run as root {about}" if image.user in ("", "0") else ""
