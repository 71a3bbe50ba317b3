"""Rows of the storage kinds. Follows `pkg/printers/internalversion/printers.go` (1.33)."""

from __future__ import annotations

from simulator.machinery.tables.columns import (
    NONE,
    UNSET,
    Cells,
    Obj,
    Printer,
    age,
    go_bool,
    name_of,
    printer,
    spec,
    status,
)

_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}
_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


def _modes(modes: list[str] | None) -> str:
    given = modes or []
    return ",".join(short for mode, short in _MODES.items() if mode in given)


def _phase(obj: Obj) -> str:
    return "Terminating" if "deletionTimestamp" in obj["metadata"] else status(obj).get("phase", "")


def _class(obj: Obj) -> str:
    annotations = obj["metadata"].get("annotations") or {}
    return annotations.get(_CLASS_ANNOTATION) or spec(obj).get("storageClassName") or ""


def _volume(obj: Obj, now_us: int) -> Cells:
    claim = spec(obj).get("claimRef")
    return [
        name_of(obj),
        (spec(obj).get("capacity") or {}).get("storage", ""),
        _modes(spec(obj).get("accessModes")),
        spec(obj).get("persistentVolumeReclaimPolicy", ""),
        _phase(obj),
        f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else "",
        _class(obj),
        spec(obj).get("volumeAttributesClassName") or UNSET,
        status(obj).get("reason", ""),
        age(obj, now_us),
        spec(obj).get("volumeMode") or UNSET,
    ]


def _claim(obj: Obj, now_us: int) -> Cells:
    volume = spec(obj).get("volumeName", "")
    return [
        name_of(obj),
        _phase(obj),
        volume,
        (status(obj).get("capacity") or {}).get("storage", "") if volume else "",
        _modes(status(obj).get("accessModes")) if volume else "",
        _class(obj),
        spec(obj).get("volumeAttributesClassName") or UNSET,
        age(obj, now_us),
        spec(obj).get("volumeMode") or UNSET,
    ]


def _storage_class(obj: Obj, now_us: int) -> Cells:
    is_default = (obj["metadata"].get("annotations") or {}).get(_DEFAULT_CLASS) == "true"
    return [
        f"{name_of(obj)} (default)" if is_default else name_of(obj),
        obj.get("provisioner", ""),
        obj.get("reclaimPolicy", "Delete"),
        obj.get("volumeBindingMode", "Immediate"),
        bool(obj.get("allowVolumeExpansion")),
        age(obj, now_us),
    ]


def _attachment(obj: Obj, now_us: int) -> Cells:
    volume = (spec(obj).get("source") or {}).get("persistentVolumeName", "")
    attached = go_bool(status(obj).get("attached"))
    return [
        name_of(obj),
        spec(obj).get("attacher", ""),
        volume,
        spec(obj).get("nodeName", ""),
        attached,
        age(obj, now_us),
    ]


def _driver(obj: Obj, now_us: int) -> Cells:
    audiences = [request.get("audience", "") for request in spec(obj).get("tokenRequests") or ()]
    return [
        name_of(obj),
        bool(spec(obj).get("attachRequired", True)),
        bool(spec(obj).get("podInfoOnMount")),
        bool(spec(obj).get("storageCapacity")),
        ",".join(audiences) or UNSET,
        bool(spec(obj).get("requiresRepublish")),
        ",".join(spec(obj).get("volumeLifecycleModes") or ()) or NONE,
        age(obj, now_us),
    ]


def _node_drivers(obj: Obj, now_us: int) -> Cells:
    return [name_of(obj), len(spec(obj).get("drivers") or ()), age(obj, now_us)]


PRINTERS: dict[str, Printer] = {
    "persistentvolumes": printer(
        "Name | Capacity | Access Modes | Reclaim Policy | Status | Claim | StorageClass | VolumeAttributesClass "
        "| Reason | Age | VolumeMode*",
        _volume,
    ),
    "persistentvolumeclaims": printer(
        "Name | Status | Volume | Capacity | Access Modes | StorageClass | VolumeAttributesClass | Age | VolumeMode*",
        _claim,
    ),
    "storageclasses.storage.k8s.io": printer(
        "Name | Provisioner | ReclaimPolicy | VolumeBindingMode | AllowVolumeExpansion | Age", _storage_class
    ),
    "volumeattachments.storage.k8s.io": printer("Name | Attacher | PV | Node | Attached | Age", _attachment),
    "csidrivers.storage.k8s.io": printer(
        "Name | AttachRequired | PodInfoOnMount | StorageCapacity | TokenRequests | RequiresRepublish | Modes | Age",
        _driver,
        attachrequired="boolean",
        podinfoonmount="boolean",
        storagecapacity="boolean",
        requiresrepublish="boolean",
    ),
    "csinodes.storage.k8s.io": printer("Name | Drivers | Age", _node_drivers, drivers="integer"),
}
