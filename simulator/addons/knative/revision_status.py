"""What a Revision says of itself, from its Deployment, one of its pods, and how many there are to be.

Follows knative/serving: `pkg/reconciler/revision/reconcile_resources.go`, `pkg/apis/serving/v1/revision_lifecycle.go`,
`pkg/apis/serving/k8s_lifecycle.go`, and `pkg/reconciler/autoscaling/kpa` for what the PodAutoscaler between them would say.
"""

from dataclasses import dataclass

from simulator.addons.knative.conditions import Conditions
from simulator.addons.knative.kinds import user_container
from simulator.engine.plain import Obj

DEPENDENTS = ("ResourcesAvailable", "ContainerHealthy")
_TIMED_OUT = "ProgressDeadlineExceeded"
_QUEUED = "Requests to the target are being buffered as resources are provisioned."


@dataclass(frozen=True, slots=True)
class Scale:
    want: int
    """Pods that there are to be."""
    got: int
    """Pods that are ready."""
    least: int = 1
    """So many are needed for the revision to be active (`min-scale`)."""
    is_initialized: bool = False
    """There were once as many as needed."""


def begin(conditions: Conditions) -> None:
    """The Deployment is being made."""
    conditions.unknown("ResourcesAvailable", "Deploying")
    conditions.unknown("ContainerHealthy", "Deploying")
    conditions.unknown("Active", "Deploying")


def tell_deployment(conditions: Conditions, deployment: Obj) -> None:
    """It fails when pods cannot be made or do not become ready in time; as long as it progresses, resources are there."""
    known = {one["type"]: one for one in (deployment.get("status") or {}).get("conditions") or ()}
    progress, refusal = known.get("Progressing"), known.get("ReplicaFailure")
    if refusal is not None and refusal["status"] == "True":
        conditions.false("ResourcesAvailable", refusal.get("reason", ""), refusal.get("message", ""))
    elif progress is None:
        conditions.unknown("ResourcesAvailable", "Deploying")
    else:
        conditions.copy("ResourcesAvailable", progress)


def tell_pod(conditions: Conditions, revision: Obj, deployment: Obj, pod: Obj) -> None:
    """Why none is available though some are wanted, as one of the pods shows it."""
    status = pod.get("status") or {}
    for one in status.get("conditions") or ():
        if one["type"] == "PodScheduled" and one["status"] == "False":
            conditions.false("ResourcesAvailable", one.get("reason", ""), one.get("message", ""))
    name = user_container(revision)
    container: Obj = next((one for one in status.get("containerStatuses") or () if one["name"] == name), {})
    ended = (container.get("lastState") or {}).get("terminated")
    waiting = (container.get("state") or {}).get("waiting")
    if ended is not None:
        code, says = ended["exitCode"], ended.get("message", "")
        if code == 0 and not says:
            says = "container exited with no error"
        conditions.false("ContainerHealthy", f"ExitCode{code}", f"Container failed with: {says}")
    elif waiting is not None and has_timed_out(deployment):
        conditions.false("ResourcesAvailable", waiting.get("reason", ""), waiting.get("message", ""))


def has_timed_out(deployment: Obj) -> bool:
    return any(
        (one["type"], one["status"], one.get("reason")) == ("Progressing", "False", _TIMED_OUT)
        for one in (deployment.get("status") or {}).get("conditions") or ()
    )


def tell_scale(conditions: Conditions, scale: Scale) -> None:
    is_lacking = conditions.status("ResourcesAvailable") == "False"
    if scale.is_initialized and not is_lacking:
        _tell_healthy(conditions)
    if scale.want == 0:
        if not scale.is_initialized and not is_lacking:
            conditions.false("ResourcesAvailable", _TIMED_OUT, "Initial scale was never achieved")
        if conditions.status("Active") == "Unknown":
            conditions.false("Active", "TimedOut", "The target could not be activated.")
        else:
            conditions.false("Active", "NoTraffic", "The target is not receiving traffic.")
    elif scale.got < scale.least:
        conditions.unknown("Active", "Queued", _QUEUED)
    else:
        conditions.true("Active")
        _tell_healthy(conditions)


def _tell_healthy(conditions: Conditions) -> None:
    conditions.true("ResourcesAvailable")
    conditions.true("ContainerHealthy")
