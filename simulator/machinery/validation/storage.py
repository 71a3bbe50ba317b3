"""Rules for persistent volumes, storage classes, attachments and what nodes know of drivers.

Follows `ValidatePersistentVolume` of `pkg/apis/core/validation/validation.go` and `pkg/apis/storage/validation/validation.go` (1.33).
"""

from __future__ import annotations

from typing import Any

from simulator.machinery import names, quantities
from simulator.machinery.validation.claims import access_modes, volume_mode
from simulator.machinery.validation.field_errors import (
    IMMUTABLE,
    FieldError,
    duplicate,
    forbidden,
    go_struct,
    immutable,
    invalid,
    not_negative,
    not_supported,
    required,
    too_long,
)
from simulator.machinery.validation.resource_names import positive
from simulator.machinery.validation.scheduling import validate_node_selector
from simulator.machinery.validation.volume_sources import SHARED, driver_name

Obj = dict[str, Any]
Errors = list[FieldError]

_RECLAIMS = ("Delete", "Recycle", "Retain")
_BINDINGS = ("Immediate", "WaitForFirstConsumer")
_TOO_MANY = "may not specify more than 1 volume type"
_MAX_PARAMETERS, _MAX_PARAMETER_BYTES = 512, 256 * 1024
_NODE_ID_MAX = 256
_SECRETS = ("controllerPublishSecretRef", "controllerExpandSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef")
#: In the order in which upstream looks for them; the first that is given counts.
_ORDER = (
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "glusterfs",
    "flocker",
    "nfs",
    "rbd",
    "quobyte",
    "cephfs",
    "iscsi",
    "cinder",
    "fc",
    "flexVolume",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "scaleIO",
    "local",
    "storageos",
    "csi",
)


def _spec(obj: Obj) -> Obj:
    return obj.get("spec") or {}


# Volumes


def validate_volume(volume: Obj) -> Errors:
    spec = _spec(volume)
    errors = [] if spec.get("accessModes") else [required("spec.accessModes")]
    errors += access_modes(spec, "spec") + _capacity(spec.get("capacity") or {})
    policy = spec.get("persistentVolumeReclaimPolicy")
    if policy and policy not in _RECLAIMS:
        errors.append(not_supported("spec.persistentVolumeReclaimPolicy", policy, _RECLAIMS))
    affinity = spec.get("nodeAffinity")
    if affinity is not None:
        errors += _node_affinity(affinity)
    errors += _sources(spec, has_affinity=affinity is not None)
    root = (spec.get("hostPath") or {}).get("path", "")
    if root and not root.strip("/.") and policy == "Recycle":
        says = "may not be 'recycle' for a hostPath mount of '/'"
        errors.append(forbidden("spec.persistentVolumeReclaimPolicy", says))
    if name := spec.get("storageClassName"):
        errors += [invalid("spec.storageClassName", name, says) for says in names.dns_subdomain(name)]
    return errors + volume_mode(spec, "spec")


def _capacity(capacity: Obj) -> Errors:
    path = "spec.capacity"
    errors = [] if capacity else [required(path)]
    if "storage" not in capacity or len(capacity) > 1:
        errors.append(not_supported(path, go_struct("core.ResourceList"), ("storage",)))
    for name, amount in capacity.items():
        here, found = f"{path}[{name}]", quantities.parse(amount)
        if found.value < 0:
            errors.append(invalid(here, found.value, "must be a valid resource quantity"))
        errors += positive(amount, here)
    return errors


def _node_affinity(affinity: Obj) -> Errors:
    path = "spec.nodeAffinity.required"
    if affinity.get("required") is None:
        return [required(path, "must specify required node constraints")]
    return validate_node_selector(affinity["required"], path)


def _sources(spec: Obj, *, has_affinity: bool) -> Errors:
    given = [kind for kind in _ORDER if spec.get(kind) is not None]
    if not given:
        return [required("spec", "must specify a volume type")]
    first, path = spec[given[0]], f"spec.{given[0]}"
    if given[0] == "csi":
        errors = _csi(first, path)
    elif given[0] == "local":
        errors = _local(first, path)
        if not has_affinity:
            errors.append(required(f"{path}.nodeAffinity", "Local volume requires node affinity"))
    else:
        errors = SHARED[given[0]](first, path) if given[0] in SHARED else []
    return errors + [forbidden(f"spec.{kind}", _TOO_MANY) for kind in given[1:]]


def _local(source: Obj, path: str) -> Errors:
    where = source.get("path", "")
    if not where:
        return [required(f"{path}.path")]
    return [invalid(f"{path}.path", where, "must not contain '..'")] if ".." in where.split("/") else []


def _csi(source: Obj, path: str) -> Errors:
    errors = driver_name(source.get("driver", ""), f"{path}.driver")
    if not source.get("volumeHandle"):
        errors.append(required(f"{path}.volumeHandle"))
    for key in _SECRETS:
        if (secret := source.get(key)) is None:
            continue
        for part, rule in (("name", names.dns_subdomain), ("namespace", names.dns_label)):
            here, value = f"{path}.{key}.{part}", secret.get(part, "")
            errors += [invalid(here, value, says) for says in rule(value)] if value else [required(here)]
    return errors


def validate_volume_update(new: Obj, old: Obj) -> Errors:
    """The difference between the two sources, which Go prints below the sentence, is left out."""
    now, before = _spec(new), _spec(old)
    if now is before:
        return []
    errors = validate_volume(new)
    if _source_of(now, before) != _source_of(before, before):
        says = "spec.persistentvolumesource is immutable after creation"
        errors.append(forbidden("spec.persistentvolumesource", says))
    errors += immutable("volumeMode", now.get("volumeMode"), before.get("volumeMode"))
    if before.get("nodeAffinity") is not None and now.get("nodeAffinity") != before["nodeAffinity"]:
        says = f"{IMMUTABLE}, except for updating from beta label to GA"
        errors.append(invalid("nodeAffinity", go_struct("core.VolumeNodeAffinity"), says))
    return errors


def _source_of(spec: Obj, before: Obj) -> Obj:
    """A secret for growing may be added where there was none."""
    found = {kind: spec[kind] for kind in _ORDER if kind in spec}
    if "csi" in found and "controllerExpandSecretRef" not in (before.get("csi") or {}):
        found["csi"] = {key: value for key, value in found["csi"].items() if key != "controllerExpandSecretRef"}
    return found


# Classes


def validate_storage_class(storage_class: Obj) -> Errors:
    provisioner, parameters = storage_class.get("provisioner", ""), storage_class.get("parameters") or {}
    errors: Errors = []
    if not provisioner:
        errors.append(required("provisioner"))
    else:
        errors += [invalid("provisioner", provisioner, says) for says in names.qualified_name(provisioner.lower())]
    errors += _parameters(parameters)
    policy, mode = storage_class.get("reclaimPolicy", ""), storage_class.get("volumeBindingMode")
    if policy and policy not in ("Delete", "Retain"):
        errors.append(not_supported("reclaimPolicy", policy, ("Delete", "Retain")))
    if mode not in _BINDINGS:
        path = "volumeBindingMode"
        errors.append(required(path) if mode is None else not_supported(path, mode, _BINDINGS))
    return errors + _topologies(storage_class.get("allowedTopologies") or ())


def _parameters(parameters: Obj) -> Errors:
    if len(parameters) > _MAX_PARAMETERS:
        return [too_long("parameters", _MAX_PARAMETERS)]
    errors = [invalid("parameters", "", "field can not be empty.")] if "" in parameters else []
    size = sum(len(key.encode()) + len(value.encode()) for key, value in parameters.items())
    return [*errors, too_long("parameters", _MAX_PARAMETER_BYTES)] if size > _MAX_PARAMETER_BYTES else errors


def _topologies(topologies: Any) -> Errors:
    errors: Errors = []
    for index, term in enumerate(topologies):
        seen: list[str] = []
        here = f"allowedTopologies[{index}].matchLabelExpressions"
        for place, expression in enumerate(term.get("matchLabelExpressions") or ()):
            key, values = expression.get("key", ""), expression.get("values") or ()
            errors += [] if values else [required(f"{here}[{place}].values")]
            for rank, value in enumerate(values):
                if value in values[:rank]:
                    errors.append(duplicate(f"{here}[{place}].values[{rank}]", value))
            errors += [invalid(f"{here}[{place}].key", key, says) for says in names.qualified_name(key)]
            if key in seen:
                errors.append(duplicate(f"{here}[{place}].key", key))
            seen.append(key)
        if term in topologies[:index]:
            errors.append(duplicate(here, ""))
    return errors


def validate_storage_class_update(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    for key in ("parameters", "provisioner", "reclaimPolicy"):
        if (new.get(key) or {}) != (old.get(key) or {}):
            errors.append(forbidden(key, f"updates to {key} are forbidden."))
    return errors + immutable("volumeBindingMode", new.get("volumeBindingMode"), old.get("volumeBindingMode"))


# Attachments and drivers


def validate_attachment(attachment: Obj) -> Errors:
    spec = _spec(attachment)
    source, node = spec.get("source") or {}, spec.get("nodeName", "")
    errors = [] if spec.get("attacher") else [required("spec.attacher")]
    name, inline = source.get("persistentVolumeName"), source.get("inlineVolumeSpec")
    says = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
    if name is None and inline is None:
        errors.append(required("spec.source", says))
    elif name is not None and inline is not None:
        errors.append(forbidden("spec.source", says))
    elif name == "":
        errors.append(required("spec.source.persistentVolumeName", "must specify non empty persistentVolumeName"))
    elif name is not None:
        here = "spec.source.persistentVolumeName"
        errors += [invalid(here, name, problem) for problem in names.dns_subdomain(name)]
    return errors + [invalid("spec.nodeName", node, problem) for problem in names.dns_subdomain(node)]


def validate_attachment_update(new: Obj, old: Obj) -> Errors:
    if _spec(new) == _spec(old):
        return []
    shown = go_struct("storage.VolumeAttachmentSpec")
    return [*validate_attachment(new), invalid("spec", shown, IMMUTABLE)]


def validate_csi_node(node: Obj) -> Errors:
    errors: Errors = []
    drivers = _spec(node).get("drivers") or ()
    for index, driver in enumerate(drivers):
        here, name, identity = f"spec.drivers[{index}]", driver.get("name", ""), driver.get("nodeID", "")
        errors += driver_name(name, f"{here}.name")
        if not identity:
            errors.append(required(f"{here}.nodeID"))
        if len(identity) > _NODE_ID_MAX:
            says = f"must be {_NODE_ID_MAX} characters or less"
            errors.append(invalid(f"{here}.nodeID", identity, says))
        count = (driver.get("allocatable") or {}).get("count")
        errors += not_negative(f"{here}.allocatable.count", count)
        if any(other.get("name") == name for other in drivers[:index]):
            errors.append(duplicate(f"{here}.name", name))
        for key in driver.get("topologyKeys") or ():
            errors += [invalid(here, key, says) for says in names.qualified_name(key)]
    return errors


def validate_csi_driver_update(new: Obj, old: Obj) -> Errors:
    now, before = _spec(new), _spec(old)
    return immutable("spec.attachedRequired", now.get("attachRequired"), before.get("attachRequired")) + immutable(
        "spec.volumeLifecycleModes", now.get("volumeLifecycleModes"), before.get("volumeLifecycleModes")
    )
