"""What the API server itself does for claims and volumes: finalizers, the default class, the time of a phase, growing.

Follows the admission plugins StorageObjectInUseProtection, DefaultStorageClass and PersistentVolumeClaimResize, and
`pkg/registry/core/persistentvolume/strategy.go` of v1.33.
"""

from simulator.apiserver import errors
from simulator.engine.plain import Obj
from simulator.machinery.claims import (
    CLAIM_FINALIZER,
    VOLUME_FINALIZER,
    asked_bytes,
    class_name,
    default_class,
    lacks_class,
)
from simulator.machinery.store import Store

_CLASSES = "storageclasses.storage.k8s.io"
_FINALIZERS = {"persistentvolumeclaims": CLAIM_FINALIZER, "persistentvolumes": VOLUME_FINALIZER}
KINDS = frozenset(_FINALIZERS)
_NO_RESIZE = (
    "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"
)


def prepared(resource: str, obj: Obj, store: Store) -> Obj:
    """A new claim or volume as it is stored."""
    metadata, finalizer = obj["metadata"], _FINALIZERS[resource]
    held = metadata.get("finalizers") or []
    if finalizer not in held:
        obj = {**obj, "metadata": {**metadata, "finalizers": [*held, finalizer]}}
    if resource == "persistentvolumeclaims" and lacks_class(obj):
        found = default_class(store.table(_CLASSES).values())
        if found is not None:
            obj = {**obj, "spec": {**obj["spec"], "storageClassName": found["metadata"]["name"]}}
    return obj


def volume_status(status: Obj, old: Obj, now: str) -> Obj:
    """A volume's phase carries the time of its last change."""
    before = old.get("status") or {}
    if status.get("phase") == before.get("phase") and "lastPhaseTransitionTime" in before:
        return {**status, "lastPhaseTransitionTime": before["lastPhaseTransitionTime"]}
    return {**status, "lastPhaseTransitionTime": now}


def refuse_resize(claim: Obj, old: Obj, store: Store) -> None:
    """Raises StatusError Forbidden when a claim may not ask for more than it has."""
    if asked_bytes(claim) <= asked_bytes(old):
        return
    name = claim["metadata"]["name"]
    if (old.get("status") or {}).get("phase") != "Bound":
        raise errors.forbidden(
            "", "persistentvolumeclaims", name, "Only bound persistent volume claims can be expanded"
        )
    storage_class = store.get(_CLASSES, ("", class_name(claim)))
    if storage_class is None or not storage_class.get("allowVolumeExpansion"):
        raise errors.forbidden("", "persistentvolumeclaims", name, _NO_RESIZE)
