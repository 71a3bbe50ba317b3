"""The pods of a Job: which have failed and when, what makes up a new one, and which finalizer keeps them counted.

https://kubernetes.io/docs/concepts/workloads/controllers/job/; upstream's job_controller.go, indexed_job_utils.go and
backoff_utils.go. Pure questions; `job` does the writing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from simulator.controllers.job_policies import judge
from simulator.controllers.kinds.conditions import condition
from simulator.controllers.kinds.objects import annotations_of, controller_reference, is_ending
from simulator.controllers.kinds.pods import from_template, is_terminal, phase
from simulator.engine import Engine
from simulator.engine.plain import Obj

FINALIZER = "batch.kubernetes.io/job-tracking"
INDEX = "batch.kubernetes.io/job-completion-index"
INDEX_VARIABLE = "JOB_COMPLETION_INDEX"
FAILURES = "batch.kubernetes.io/job-index-failure-count"
IGNORED_FAILURES = "batch.kubernetes.io/job-index-ignored-failure-count"

#: Waits before the replacement of failed pods: 10 s, doubled with each failure in a row.
_BACKOFF_US = 10_000_000
_MAX_BACKOFF_US = 600_000_000
_LONGEST_GENERATED = 58
_LARGEST_COUNT = 2**31 - 1


def is_indexed(job: Obj) -> bool:
    return bool(job["spec"].get("completionMode") == "Indexed")


def limits_by_index(job: Obj) -> bool:
    return job["spec"].get("backoffLimitPerIndex") is not None


def replaces_only_failed(job: Obj) -> bool:
    return job["spec"].get("podReplacementPolicy") == "Failed" or "podFailurePolicy" in job["spec"]


def is_tracked(pod: Obj) -> bool:
    return FINALIZER in (pod["metadata"].get("finalizers") or ())


def without_tracking(pod: Obj) -> list[str] | None:
    """The pod's finalizers but for ours, as a patch wants them."""
    return [one for one in pod["metadata"].get("finalizers") or () if one != FINALIZER] or None


def is_failed(job: Obj, pod: Obj) -> bool:
    """A pod that is being deleted counts as failed, unless only failed ones are replaced."""
    if phase(pod) == "Failed":
        return True
    return not replaces_only_failed(job) and is_ending(pod) and phase(pod) != "Succeeded"


def is_terminating(pod: Obj) -> bool:
    return is_ending(pod) and not is_terminal(pod)


def index_of(pod: Obj) -> int | None:
    text = annotations_of(pod).get(INDEX, "")
    return int(text) if text.isdigit() else None


def has_valid_index(job: Obj, pod: Obj) -> bool:
    index = index_of(pod)
    return index is not None and index < job["spec"]["completions"]


def failures(pod: Obj) -> int:
    """How many pods of this index failed before this one and counted."""
    return _count(pod, FAILURES)


def all_failures(pod: Obj) -> int:
    return _count(pod, FAILURES) + _count(pod, IGNORED_FAILURES)


def _count(pod: Obj, annotation: str) -> int:
    text = annotations_of(pod).get(annotation, "")
    count = int(text) if text.isdigit() else 0
    return count if count <= _LARGEST_COUNT else 0


def failures_after(job: Obj, pod: Obj | None) -> tuple[int, int]:
    """(counted, ignored) failures of an index before its next pod; `pod` was the last of it that failed."""
    if pod is None:
        return 0, 0
    counted, ignored = _count(pod, FAILURES), _count(pod, IGNORED_FAILURES)
    counts = judge(job["spec"].get("podFailurePolicy"), pod).counts
    return (counted + 1, ignored) if counts else (counted, ignored + 1)


# Backoff


@dataclass(frozen=True, slots=True)
class Backoff:
    """How many pods failed in a row, and when the last of them did."""

    failures: int = 0
    last_us: int = 0

    def after(self, succeeded: Sequence[Obj], failed: Sequence[Obj], engine: Engine) -> "Backoff":
        """With the pods that have finished since."""
        ends = sorted(finished_at(pod, engine) for pod in failed)
        if not succeeded:
            return Backoff(self.failures + len(ends), ends[-1]) if ends else self
        last_success = max(finished_at(pod, engine) for pod in succeeded)
        later = [end for end in ends if end > last_success]
        return Backoff(len(later), later[-1]) if later else Backoff()

    def left_us(self, now: int) -> int:
        """How long to wait until the next pod may be made."""
        if not self.failures:
            return 0
        return max(self.last_us + min(_BACKOFF_US << min(self.failures - 1, 10), _MAX_BACKOFF_US) - now, 0)


def finished_at(pod: Obj, engine: Engine) -> int:
    """When the last container or sidecar ended; else when the pod stopped being ready, or was deleted, or was made."""
    metadata, status = pod["metadata"], pod.get("status") or {}
    ends = [
        ((one.get("state") or {}).get("terminated") or {}).get("finishedAt")
        for one in (*(status.get("containerStatuses") or ()), *_sidecar_statuses(pod))
    ]
    if ends and all(ends):
        return max(engine.micros(str(end)) for end in ends)
    ready = condition(status.get("conditions"), "Ready")
    if ready is not None and ready["status"] == "False" and ready.get("lastTransitionTime"):
        return engine.micros(ready["lastTransitionTime"])
    if is_ending(pod):
        grace_us: int = metadata.get("deletionGracePeriodSeconds", 0) * 1_000_000
        return engine.micros(metadata["deletionTimestamp"]) - grace_us
    return engine.micros(metadata["creationTimestamp"])


def _sidecar_statuses(pod: Obj) -> list[Obj]:
    """Sidecars end after the containers."""
    sidecars = [one["name"] for one in pod["spec"].get("initContainers") or () if one.get("restartPolicy") == "Always"]
    statuses = (pod.get("status") or {}).get("initContainerStatuses") or ()
    return [one for one in statuses if one["name"] in sidecars] if sidecars else []


# New pods


def tracked_template(job: Obj) -> Obj:
    """The template with the finalizer, and for an Indexed Job with the variable that names the index."""
    template = job["spec"]["template"]
    about = template.get("metadata") or {}
    finalizers = about.get("finalizers") or []
    if FINALIZER not in finalizers:
        about = {**about, "finalizers": [*finalizers, FINALIZER]}
    spec = template["spec"]
    if is_indexed(job):
        spec = dict(spec)
        for part in ("initContainers", "containers"):
            if spec.get(part):
                spec[part] = [_with_variable(container) for container in spec[part]]
    return {**template, "metadata": about, "spec": spec}


def _with_variable(container: Obj) -> Obj:
    env = container.get("env") or []
    if any(one["name"] == INDEX_VARIABLE for one in env):
        return container
    field = {"apiVersion": "v1", "fieldPath": f"metadata.labels['{INDEX}']"}
    return {**container, "env": [*env, {"name": INDEX_VARIABLE, "valueFrom": {"fieldRef": field}}]}


def new_pod(job: Obj, template: Obj) -> Obj:
    metadata = job["metadata"]
    return from_template(template, metadata["namespace"], f"{metadata['name']}-", controller_reference(job))


def new_indexed_pod(job: Obj, template: Obj, index: int, counts: tuple[int, int] | None) -> Obj:
    """`counts`: failures of this index so far, counted and ignored, where they are limited for each index."""
    about, name = template["metadata"], job["metadata"]["name"]
    annotations = {**(about.get("annotations") or {}), INDEX: str(index)}
    if counts is not None:
        annotations[FAILURES] = str(counts[0])
        if counts[1]:
            annotations[IGNORED_FAILURES] = str(counts[1])
    labels = {**(about.get("labels") or {}), INDEX: str(index)}
    pod = new_pod(job, {**template, "metadata": {**about, "annotations": annotations, "labels": labels}})
    tail = f"-{index}-"
    pod["metadata"]["generateName"] = name[: _LONGEST_GENERATED - len(tail)] + tail
    return {**pod, "spec": {**pod["spec"], "hostname": f"{name}-{index}"}}
