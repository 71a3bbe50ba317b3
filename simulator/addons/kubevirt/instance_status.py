"""What a VirtualMachineInstance says of itself, from its launcher pod.

Follows kubevirt/kubevirt: `pkg/virt-controller/watch/vmi/lifecycle.go`, and `pkg/virt-handler` for what it tells of a guest that runs.
"""

from simulator.addons.kubevirt.conditions import of_pod, told, updated, without
from simulator.engine.plain import Obj

_READY, _SCHEDULED, _SYNCHRONIZED = "Ready", "PodScheduled", "Synchronized"
_FINAL = ("Succeeded", "Failed")
_PULLING = ("ErrImagePull", "ImagePullBackOff")
_COMPUTE = "compute"
_NOT_MASQUERADE = (
    "cannot migrate VMI which does not use masquerade, bridge with kubevirt.io/allow-pod-bridge-network-live-migration "
    "VM annotation or a migratable plugin to connect to the pod network"
)


def is_final(instance: Obj) -> bool:
    return (instance.get("status") or {}).get("phase") in _FINAL


def ready(phase: str, pod: Obj | None, now: str) -> Obj:
    """`phase` is what the instance was in before this look."""
    if pod is None:
        return told(_READY, "False", "PodNotExists", "virt-launcher pod has not yet been scheduled", now)
    if is_down(pod):
        return told(_READY, "False", "PodTerminating", "virt-launcher pod is terminating", now)
    if phase != "Running":
        return told(_READY, "False", "GuestNotRunning", "Guest VM is not reported as running", now)
    found = _condition(pod, _READY)
    if found is not None:
        return of_pod(found)
    return told(_READY, "False", "PodConditionMissing", "virt-launcher pod is missing the Ready condition", now)


def next_phase(phase: str, pod: Obj | None) -> str:
    if phase in _FINAL:
        return phase
    if phase in ("", "Pending"):
        return "Pending" if pod is None else "Scheduling"
    if pod is None:
        return "Failed"
    if phase == "Scheduling":
        return "Scheduled" if is_pod_ready(pod) else "Failed" if is_down(pod) else phase
    ended = (pod.get("status") or {}).get("phase")
    return ended if ended in _FINAL else "Running"


def conditions(instance: Obj, pod: Obj | None, problem: tuple[str, str] | None, now: str) -> list[Obj]:
    """`problem` is why something could not be done: reason and message."""
    status = instance.get("status") or {}
    phase = status.get("phase", "")
    found = updated(list(status.get("conditions") or ()), ready(phase, pod, now))
    if phase == "Scheduling" and pod is not None:
        place = _condition(pod, _SCHEDULED)
        if place is None or place["status"] != "False":
            found = without(found, _SCHEDULED)
        elif not any(one["type"] == _SCHEDULED for one in found):
            found = [*found, of_pod(place)]
        problem = image_problem(pod) or problem
    if phase not in ("Scheduled", "Running"):
        found = _synchronized(found, problem, now)
    return found


def _synchronized(found: list[Obj], problem: tuple[str, str] | None, now: str) -> list[Obj]:
    known = next((one for one in found if one["type"] == _SYNCHRONIZED), None)
    if problem is None:
        return without(found, _SYNCHRONIZED)
    if known is not None and (known["status"], known.get("reason")) == ("False", problem[0]):
        return found
    return [*without(found, _SYNCHRONIZED), told(_SYNCHRONIZED, "False", *problem, at=now)]


def migratable(instance: Obj) -> list[Obj]:
    """What virt-handler says once the guest runs; without interfaces of its own it is bridged to the pod's network."""
    spec = instance["spec"]
    devices = (spec.get("domain") or {}).get("devices") or {}
    interfaces = devices.get("interfaces") or ()
    is_alone = not interfaces and devices.get("autoattachPodInterface") is False
    if is_alone or any("masquerade" in one for one in interfaces):
        return [told("LiveMigratable", "True"), told("StorageLiveMigratable", "True")]
    reason = "InterfaceNotLiveMigratable"
    return [
        told("LiveMigratable", "False", reason, _NOT_MASQUERADE),
        told("StorageLiveMigratable", "False", "NotMigratable", f"{reason}: {_NOT_MASQUERADE}"),
    ]


# The pod


def is_down(pod: Obj) -> bool:
    """It has ended or is about to."""
    status = pod.get("status") or {}
    compute: Obj = next((one for one in status.get("containerStatuses") or () if one["name"] == _COMPUTE), {})
    has_ended = "terminated" in (compute.get("state") or {})
    return "deletionTimestamp" in pod["metadata"] or status.get("phase") in _FINAL or has_ended


def is_pod_ready(pod: Obj) -> bool:
    """Runs, and all but `compute` are ready: that one's probe is the guest's."""
    status = pod.get("status") or {}
    if is_down(pod) or status.get("phase") != "Running":
        return False
    return all(
        "running" in (one.get("state") or {}) if one["name"] == _COMPUTE else one.get("ready")
        for one in status.get("containerStatuses") or ()
    )


def image_problem(pod: Obj) -> tuple[str, str] | None:
    status = pod.get("status") or {}
    for one in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        waiting = (one.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") in _PULLING:
            return waiting["reason"], waiting.get("message", "")
    return None


def _condition(pod: Obj, kind: str) -> Obj | None:
    found = (pod.get("status") or {}).get("conditions") or ()
    return next((one for one in found if one["type"] == kind), None)
