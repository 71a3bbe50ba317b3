"""What a deletion makes of an object: gone at once, or marked and kept until its time or its finalizers are over.

Follows `apiserver/pkg/registry/rest/delete.go` and `registry/generic/registry/store.go`
(https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/).
"""

from simulator.engine.plain import Obj

_ORPHAN, _FOREGROUND = "orphan", "foregroundDeletion"


def marked(obj: Obj, options: Obj, at: str, *, outlives: bool) -> tuple[Obj, bool]:
    """The object as it goes, and whether it stays for a while: for its finalizers, its grace, or because its kind `outlives` a deletion.

    `options` are DeleteOptions, `at` is the time of the mark.
    """
    metadata = dict(obj["metadata"])
    finalizers = _finalizers(metadata, options)
    if finalizers:
        metadata["finalizers"] = finalizers
    else:
        metadata.pop("finalizers", None)
    waits = bool(finalizers) or metadata.get("deletionGracePeriodSeconds", 0) > 0 or outlives
    if waits and "deletionTimestamp" not in metadata:
        metadata["deletionTimestamp"] = at
        metadata.setdefault("deletionGracePeriodSeconds", 0)
    return {**obj, "metadata": metadata}, waits


def is_released(obj: Obj) -> bool:
    """Marked for deletion, and nothing holds it any more."""
    metadata = obj["metadata"]
    if "deletionTimestamp" not in metadata or metadata.get("finalizers"):
        return False
    return not metadata.get("deletionGracePeriodSeconds") and not obj.get("spec", {}).get("finalizers")


def _finalizers(metadata: Obj, options: Obj) -> list[str]:
    """With those that the deletion policy adds or takes away (`store.go: deletionFinalizersForGarbageCollection`)."""
    finalizers = [f for f in metadata.get("finalizers") or () if f not in (_ORPHAN, _FOREGROUND)]
    policy = options.get("propagationPolicy")
    if policy is None and options.get("orphanDependents"):
        policy = "Orphan"
    if policy == "Orphan":
        finalizers.append(_ORPHAN)
    elif policy == "Foreground":
        finalizers.append(_FOREGROUND)
    elif policy is None:
        finalizers = list(metadata.get("finalizers") or ())
    return finalizers
