"""What a VirtualMachine says of itself, from its instance, and when it is started again.

Follows kubevirt/kubevirt `pkg/virt-controller/watch/vm/vm.go`: setPrintableStatus, syncConditions, syncStartFailureStatus.
"""

from collections.abc import Callable

from simulator.addons.kubevirt.conditions import find, told, updated
from simulator.addons.kubevirt.instance_status import is_final
from simulator.engine.plain import Obj

#: Conditions of a machine that are not its instance's.
_OWN = ("Ready", "Failure", "RestartRequired")
_KEPT_UP = ("Always", "RerunOnFailure", "Once")
_UNTIL_STARTED = ("", "Pending", "Scheduling", "Scheduled")
_LONGEST_S = 300


def strategy(machine: Obj) -> str:
    spec = machine["spec"]
    return str(spec.get("runStrategy") or ("Always" if spec.get("running") else "Halted"))


def conditions(machine: Obj, instance: Obj | None, now: str) -> list[Obj]:
    found = list((machine.get("status") or {}).get("conditions") or ())
    found = updated(found, _ready(instance, now))
    if instance is None:
        return found
    told_by_instance = (instance.get("status") or {}).get("conditions") or ()
    for one in told_by_instance:
        if one["type"] not in _OWN:
            found = updated(found, one)
    kinds = {*_OWN, *(one["type"] for one in told_by_instance)}
    return [one for one in found if one["type"] in kinds]


def _ready(instance: Obj | None, now: str) -> Obj:
    if instance is None:
        return told("Ready", "False", "VMINotExists", "VMI does not exist", now)
    return find(instance, "Ready") or told(
        "Ready", "False", "VMIConditionMissing", "VMI is missing the Ready condition", now
    )


def printable(machine: Obj, instance: Obj | None, *, is_starting: bool, is_stopping: bool) -> str:
    """The first that fits; `is_starting` and `is_stopping`: an instance was just made or deleted, which is yet to be seen."""
    phase = ((instance or {}).get("status") or {}).get("phase", "")
    if "deletionTimestamp" in machine["metadata"]:
        return "Terminating"
    if instance is not None and not is_final(instance):
        if is_stopping or "deletionTimestamp" in instance["metadata"]:
            return "Stopping"
        if phase == "Running":
            return "Running"
        if why := _stuck(instance):
            return why
        if phase in _UNTIL_STARTED:
            return "Starting"
    if instance is None and is_starting:
        return "Starting"
    failures = ((machine.get("status") or {}).get("startFailure") or {}).get("consecutiveFailCount", 0)
    if failures and strategy(machine) in _KEPT_UP:
        return "CrashLoopBackOff"
    return "Stopped"


def _stuck(instance: Obj) -> str:
    place, work = find(instance, "PodScheduled"), find(instance, "Synchronized")
    if place is not None and (place["status"], place.get("reason")) == ("False", "Unschedulable"):
        return "ErrorUnschedulable"
    if work is not None and work["status"] == "False" and work.get("reason") in ("ErrImagePull", "ImagePullBackOff"):
        return str(work["reason"])
    return ""


def start_failure(machine: Obj, instance: Obj | None, after: Callable[[int], str]) -> Obj | None:
    """What to remember of instances that never ran: how many in a row, and when the next is made. `after` tells the time in so many seconds."""
    known: Obj | None = (machine.get("status") or {}).get("startFailure")
    phases = ((instance or {}).get("status") or {}).get("phaseTransitionTimestamps") or ()
    if any(one["phase"] == "Running" for one in phases) or strategy(machine) not in _KEPT_UP:
        return None
    if instance is None or not is_final(instance):
        return known
    if known is not None and known["lastFailedVMIUID"] == instance["metadata"]["uid"]:
        return known
    count = (known or {}).get("consecutiveFailCount", 0) + 1
    return {
        "consecutiveFailCount": count,
        "lastFailedVMIUID": instance["metadata"]["uid"],
        "retryAfterTimestamp": after(backoff_s(count)),
    }


def backoff_s(failures: int) -> int:
    """Upstream adds up to a half at random, so that machines do not start together."""
    return min(_LONGEST_S // 30 * max(failures, 1) ** 2, _LONGEST_S)
