"""The selector and the labels by which a new Job knows its pods.

https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-selector; `pkg/registry/batch/job/strategy.go`. The labels
without a prefix are older than those with one; both are set. With `manualSelector: true` nothing is added.
"""

from simulator.engine.plain import Obj

NAME_LABELS = ("job-name", "batch.kubernetes.io/job-name")
UID_LABELS = ("controller-uid", "batch.kubernetes.io/controller-uid")


def with_selector(job: Obj) -> Obj:
    """The Job, its metadata complete, with what the server generates in selector and template."""
    spec = job["spec"]
    if spec.get("manualSelector"):
        return job
    metadata, template = job["metadata"], spec["template"]
    about = template.get("metadata") or {}
    generated = {
        **dict.fromkeys(NAME_LABELS, metadata["name"]),
        **dict.fromkeys(UID_LABELS, metadata["uid"]),
    }
    labels = {**generated, **(about.get("labels") or {})}
    selector = spec.get("selector") or {}
    wanted = {UID_LABELS[1]: metadata["uid"], **(selector.get("matchLabels") or {})}
    return {
        **job,
        "spec": {
            **spec,
            "selector": {**selector, "matchLabels": wanted},
            "template": {**template, "metadata": {**about, "labels": labels}},
        },
    }
