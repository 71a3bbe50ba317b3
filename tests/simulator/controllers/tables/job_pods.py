"""Jobs and their pods, as the tables of Jobs write them."""

from typing import Any

from simulator.controllers.kinds.objects import controller_reference

Obj = dict[str, Any]
FINALIZER = "batch.kubernetes.io/job-tracking"
INDEX = "batch.kubernetes.io/job-completion-index"
FAILURES = "batch.kubernetes.io/job-index-failure-count"
IGNORED_FAILURES = "batch.kubernetes.io/job-index-ignored-failure-count"
LONG_AGO = "2025-01-01T00:00:01Z"
BACKOFF = ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
REACHED = ("CompletionsReached", "Reached expected number of succeeded pods")
FAILED = [("FailureTarget", *BACKOFF), ("Failed", *BACKOFF)]
COMPLETE = [("SuccessCriteriaMet", *REACHED), ("Complete", *REACHED)]
SUSPENDED = [("Suspended", "JobSuspended", "Job suspended")]


def job(template: Any, parallelism: int, completions: int | None, backoff: int, mode: str, **spec: Any) -> Obj:
    pod = template("work")
    spec = {
        "parallelism": parallelism,
        "backoffLimit": backoff,
        "completionMode": mode,
        "suspend": False,
        "podReplacementPolicy": "TerminatingOrFailed",
        "template": {**pod, "spec": {**pod["spec"], "restartPolicy": "Never"}},
        **spec,
    }
    if completions is not None:
        spec["completions"] = completions
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "work"}, "spec": spec}


def pod_of(text: str, name: str = "p0") -> Obj:
    """A pod in a few words: `1 Failed f2 i1 main=5 DisruptionTarget`.

    Index (`-` for none) and phase; `f` and `i` count failures of the index before; `main=5` is the exit code of a container,
    `init:x=5` that of an init container; a word that ends on `Target` or `Exceeded` is a condition, False after `!`, Unknown after `?`;
    `free` has no finalizer; `restarts=2` is told of the container.
    """
    index, phase, *words = text.split()
    metadata: Obj = {"name": name, "namespace": "default", "annotations": {}, "finalizers": [FINALIZER]}
    status: Obj = {"phase": phase, "conditions": [], "containerStatuses": [], "initContainerStatuses": []}
    if index != "-":
        metadata["annotations"][INDEX] = index
    for word in words:
        key, _, value = word.partition("=")
        if word == "free":
            metadata["finalizers"] = []
        elif key == "restarts":
            status["containerStatuses"].append({"name": "work", "restartCount": int(value), "state": {}})
        elif value:
            ended = {"terminated": {"exitCode": int(value), "finishedAt": LONG_AGO}}
            kind, _, container = key.rpartition(":")
            status["initContainerStatuses" if kind else "containerStatuses"].append({"name": container, "state": ended})
        elif word[0] in "fi" and word[1:].isdigit():
            metadata["annotations"][FAILURES if word[0] == "f" else IGNORED_FAILURES] = word[1:]
        else:
            says = {"!": "False", "?": "Unknown"}.get(word[0], "True")
            status["conditions"].append({"type": word.lstrip("!?"), "status": says})
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": []}, "status": status}


class Pods:
    """Puts pods of a Job in place, named p0, p1 …"""

    def __init__(self, world: Any, owner: Obj) -> None:
        self.world, self.owner, self.count = world, owner, 0

    def put(self, phase: str, index: str = "", *, ready: bool = False, ending: bool = False) -> None:
        pod = pod_of(f"{index or '-'} {phase}")
        if ready:
            pod["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
        if phase in ("Succeeded", "Failed"):
            ended = {"terminated": {"exitCode": int(phase == "Failed"), "finishedAt": LONG_AGO}}
            pod["status"]["containerStatuses"] = [{"name": "work", "state": ended}]
        self._put(pod, ending=ending)

    def put_all(self, texts: list[str]) -> None:
        """Pods as `pod_of` writes them, `ending` when that is among the words."""
        for text in texts:
            words = text.split()
            self._put(pod_of(" ".join(word for word in words if word != "ending")), ending="ending" in words)

    def _put(self, pod: Obj, *, ending: bool) -> None:
        pod["metadata"] |= {
            "name": f"p{self.count}",
            "labels": dict(self.owner["spec"]["template"]["metadata"]["labels"]),
            "ownerReferences": [controller_reference(self.owner)],
        }
        pod["spec"] = {"nodeName": "node-1", **self.owner["spec"]["template"]["spec"]}
        self.world.put("pods", pod, ending=ending)
        self.count += 1


def short(condition: Obj) -> tuple[str, str, str]:
    suffix = "" if condition["status"] == "True" else f"={condition['status']}"
    return f"{condition['type']}{suffix}", condition["reason"], condition["message"]


def conditions_of(status: Obj) -> list[tuple[str, str, str]]:
    return [short(one) for one in status.get("conditions") or ()]
