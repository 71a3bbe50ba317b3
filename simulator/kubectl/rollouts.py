"""How far a rollout is, and which revisions a workload had: the reading half of `kubectl rollout`.

Pure functions of objects, with the sentences of `kubectl rollout status` and the tables of `rollout history`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simulator.engine.plain import Obj

REVISION = "deployment.kubernetes.io/revision"
CHANGE_CAUSE = "kubernetes.io/change-cause"


@dataclass(frozen=True, slots=True)
class Progress:
    """A sentence, whether it is the last one, and whether the rollout failed."""

    text: str
    done: bool = False
    failed: bool = False


def progress_of(obj: Obj, revision: int = 0) -> Progress:
    """The sentence `rollout status` prints about an object now."""
    return {"Deployment": _deployment, "DaemonSet": _daemon_set, "StatefulSet": _stateful_set}[obj["kind"]](
        obj, revision
    )


def _deployment(obj: Obj, revision: int) -> Progress:
    name, spec, status = obj["metadata"]["name"], obj["spec"], obj.get("status") or {}
    if revision > 0:
        found = int((obj["metadata"].get("annotations") or {}).get(REVISION, 0))
        if found != revision:
            return Progress(
                f"desired revision ({revision}) is different from the running revision ({found})", failed=True
            )
    if status.get("observedGeneration", 0) < obj["metadata"].get("generation", 0):
        return Progress("Waiting for deployment spec update to be observed...\n")
    for condition in status.get("conditions") or ():
        if condition["type"] == "Progressing" and condition.get("reason") == "ProgressDeadlineExceeded":
            return Progress(f'deployment "{name}" exceeded its progress deadline', failed=True)
    wanted, updated = spec.get("replicas"), status.get("updatedReplicas", 0)
    have, available = status.get("replicas", 0), status.get("availableReplicas", 0)
    waiting = f'Waiting for deployment "{name}" rollout to finish: '
    if wanted is not None and updated < wanted:
        return Progress(f"{waiting}{updated} out of {wanted} new replicas have been updated...\n")
    if have > updated:
        return Progress(f"{waiting}{have - updated} old replicas are pending termination...\n")
    if available < updated:
        return Progress(f"{waiting}{available} of {updated} updated replicas are available...\n")
    return Progress(f'deployment "{name}" successfully rolled out\n', done=True)


def _daemon_set(obj: Obj, revision: int) -> Progress:
    name, status = obj["metadata"]["name"], obj.get("status") or {}
    if (obj["spec"].get("updateStrategy") or {}).get("type") != "RollingUpdate":
        return Progress("rollout status is only available for RollingUpdate strategy type", failed=True)
    if obj["metadata"].get("generation", 0) > status.get("observedGeneration", 0):
        return Progress("Waiting for daemon set spec update to be observed...\n")
    wanted, updated = status.get("desiredNumberScheduled", 0), status.get("updatedNumberScheduled", 0)
    waiting = f'Waiting for daemon set "{name}" rollout to finish: '
    if updated < wanted:
        return Progress(f"{waiting}{updated} out of {wanted} new pods have been updated...\n")
    if status.get("numberAvailable", 0) < wanted:
        return Progress(f"{waiting}{status.get('numberAvailable', 0)} of {wanted} updated pods are available...\n")
    return Progress(f'daemon set "{name}" successfully rolled out\n', done=True)


def _stateful_set(obj: Obj, revision: int) -> Progress:
    spec, status = obj["spec"], obj.get("status") or {}
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type") != "RollingUpdate":
        return Progress("rollout status is only available for RollingUpdate strategy type", failed=True)
    observed = status.get("observedGeneration", 0)
    if observed == 0 or obj["metadata"].get("generation", 0) > observed:
        return Progress("Waiting for statefulset spec update to be observed...\n")
    wanted, ready, updated = spec.get("replicas", 0), status.get("readyReplicas", 0), status.get("updatedReplicas", 0)
    if ready < wanted:
        return Progress(f"Waiting for {wanted - ready} pods to be ready...\n")
    partition = (strategy.get("rollingUpdate") or {}).get("partition")
    if partition is not None:
        if updated < wanted - partition:
            return Progress(
                f"Waiting for partitioned roll out to finish: {updated} out of {wanted - partition} new pods have been updated...\n"
            )
        return Progress(f"partitioned roll out complete: {updated} new pods have been updated...\n", done=True)
    if status.get("updateRevision") != status.get("currentRevision"):
        return Progress(
            f"waiting for statefulset rolling update to complete {updated} pods at revision {status.get('updateRevision', '')}...\n"
        )
    return Progress(
        f"statefulset rolling update complete {status.get('currentReplicas', 0)} pods at revision "
        f"{status.get('currentRevision', '')}...\n",
        done=True,
    )


def revisions_of(replica_sets: Sequence[Obj]) -> dict[int, Obj]:
    """ReplicaSets of a Deployment by revision, oldest first."""
    found: dict[int, Obj] = {}
    for replica_set in replica_sets:
        text = (replica_set["metadata"].get("annotations") or {}).get(REVISION, "")
        if text.isdecimal():
            found[int(text)] = replica_set
    return dict(sorted(found.items()))


def templates_of(obj: Obj, controller_revisions: Sequence[Obj]) -> dict[int, Obj]:
    """Former states of a DaemonSet or StatefulSet by revision, oldest first, in the form of ReplicaSets.

    A ControllerRevision carries the pod template as a patch; what describes a revision reads templates.
    """
    found: dict[int, Obj] = {}
    for revision in owned_by(obj, controller_revisions):
        template = ((revision.get("data") or {}).get("spec") or {}).get("template") or {}
        template = {key: value for key, value in template.items() if key != "$patch"}
        found[int(revision["revision"])] = {**obj, "metadata": revision["metadata"], "spec": {"template": template}}
    return dict(sorted(found.items()))


def owned_by(obj: Obj, objects: Sequence[Obj]) -> list[Obj]:
    """Those objects whose controller `obj` is."""
    uid = obj["metadata"].get("uid")
    return [
        other
        for other in objects
        if any(
            ref.get("controller") and ref.get("uid") == uid for ref in other["metadata"].get("ownerReferences") or ()
        )
    ]
