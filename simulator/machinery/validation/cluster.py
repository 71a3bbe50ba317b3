"""Rules for config maps, secrets, nodes, events, storage, quotas, roles, budgets, autoscalers and leases.

Follows the `validation.go` of each group (1.33). What is not named here has no rules beyond its metadata.
"""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from simulator.machinery import names, quantities
from simulator.machinery.validation.field_errors import (
    FieldError,
    GoText,
    duplicate,
    forbidden,
    immutable,
    int_or_string,
    invalid,
    not_negative,
    not_supported,
    required,
    too_long,
)
from simulator.machinery.validation.selectors import validate_label_selector
from simulator.machinery.validation.workloads import positive_int_or_percent

Obj = dict[str, Any]
Errors = list[FieldError]

_MAX_BYTES = 1024 * 1024
_ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def _spec(obj: Obj) -> Obj:
    return obj.get("spec") or {}


# -- Config maps and secrets --------------------------------------------------------------------------------------


def validate_config_map(config_map: Obj) -> Errors:
    data, binary = config_map.get("data") or {}, config_map.get("binaryData") or {}
    errors: Errors = []
    for key in data:
        errors += [invalid(f"data[{key}]", key, says) for says in names.config_key(key)]
        if key in binary:
            errors.append(invalid(f"data[{key}]", key, f"duplicate of key present in binaryData: {key}"))
    for key in binary:
        errors += [invalid(f"binaryData[{key}]", key, says) for says in names.config_key(key)]
    size = sum(len(value.encode()) for value in data.values()) + sum(len(b64decode(value)) for value in binary.values())
    return [*errors, too_long("[]", _MAX_BYTES)] if size > _MAX_BYTES else errors


def validate_config_map_update(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    if old.get("immutable"):
        errors += _still_immutable(new)
        for key in ("data", "binaryData"):
            if (new.get(key) or {}) != (old.get(key) or {}):
                errors.append(forbidden(key, "field is immutable when `immutable` is set"))
    return errors + validate_config_map(new)


def _still_immutable(new: Obj) -> Errors:
    return [] if new.get("immutable") else [forbidden("immutable", "field is immutable when `immutable` is set")]


_SECRET_KEYS: dict[str, tuple[str, ...]] = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}


def validate_secret(secret: Obj) -> Errors:
    data, kind = secret.get("data") or {}, secret.get("type", "Opaque")
    errors: Errors = []
    for key in data:
        errors += [invalid(f"data[{key}]", key, says) for says in names.config_key(key)]
    if sum(len(b64decode(value)) for value in data.values()) > _MAX_BYTES:
        errors.append(too_long("data", _MAX_BYTES))
    for key in _SECRET_KEYS.get(kind, ()):
        if key not in data:
            errors.append(required(f"data[{key}]"))
    if kind == "kubernetes.io/basic-auth" and "username" not in data and "password" not in data:
        errors += [required("data[username]"), required("data[password]")]
    if kind == "kubernetes.io/service-account-token":
        annotations = secret["metadata"].get("annotations") or {}
        if not annotations.get("kubernetes.io/service-account.name"):
            errors.append(required("metadata.annotations[kubernetes.io/service-account.name]"))
    return errors


def validate_secret_update(new: Obj, old: Obj) -> Errors:
    errors = immutable("type", new.get("type"), old.get("type"))
    if old.get("immutable"):
        errors += _still_immutable(new)
        if (new.get("data") or {}) != (old.get("data") or {}):
            errors.append(forbidden("data", "field is immutable when `immutable` is set"))
    return errors + validate_secret(new)


# -- Nodes and events ---------------------------------------------------------------------------------------------


def validate_node(node: Obj) -> Errors:
    errors: Errors = []
    seen: list[tuple[str, str]] = []
    for index, taint in enumerate(_spec(node).get("taints") or ()):
        here, key, effect = f"metadata.taints[{index}]", taint.get("key", ""), taint.get("effect", "")
        errors += [invalid(f"{here}.key", key, says) for says in names.qualified_name(key)]
        value = taint.get("value", "")
        errors += [invalid(f"{here}.value", value, says) for says in names.label_value(value)]
        if not effect:
            errors.append(required(f"{here}.effect"))
        elif effect not in _EFFECTS:
            errors.append(not_supported(f"{here}.effect", effect, _EFFECTS))
        if (key, effect) in seen:
            shown = f'core.Taint{{Key:"{key}", Value:"{value}", Effect:"{effect}", TimeAdded:<nil>}}'
            says = "taints must be unique by key and effect pair"
            errors.append(FieldError("FieldValueDuplicate", here, GoText(shown), says))
        seen.append((key, effect))
    return errors


def validate_node_update(new: Obj, old: Obj) -> Errors:
    errors = validate_node(new)
    now, before = _spec(new), _spec(old)
    if before.get("providerID") and now.get("providerID") != before["providerID"]:
        errors.append(forbidden("spec.providerID", 'node updates may not change providerID except from "" to valid'))
    if before.get("podCIDRs") and now.get("podCIDRs") != before["podCIDRs"]:
        errors.append(forbidden("spec.podCIDRs", 'node updates may not change podCIDR except from "" to valid'))
    return errors


def validate_event(event: Obj) -> Errors:
    about = (event.get("involvedObject") or {}).get("namespace", "")
    namespace = event["metadata"].get("namespace", "")
    if (about and about != namespace) or (not about and namespace not in ("default", "kube-system")):
        return [invalid("involvedObject.namespace", about, "does not match event.namespace")]
    return []


# -- Storage ------------------------------------------------------------------------------------------------------


def validate_claim(claim: Obj) -> Errors:
    spec = _spec(claim)
    errors = _access_modes(spec, required_says="at least 1 access mode is required")
    storage = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    path = "spec.resources[storage]"
    if storage is None:
        errors.append(required(path))
    elif quantities.parse(storage).nanos <= 0:
        errors.append(invalid(path, storage, "must be greater than zero"))
    if name := spec.get("storageClassName"):
        errors += [invalid("spec.storageClassName", name, says) for says in names.dns_subdomain(name)]
    return errors + _volume_mode(spec)


def _access_modes(spec: Obj, *, required_says: str) -> Errors:
    modes = spec.get("accessModes") or []
    if not modes:
        return [required("spec.accessModes", required_says)]
    errors = [not_supported("spec.accessModes", mode, _ACCESS_MODES) for mode in modes if mode not in _ACCESS_MODES]
    if "ReadWriteOncePod" in modes and len(modes) > 1:
        errors.append(forbidden("spec.accessModes", "may not use ReadWriteOncePod with other access modes"))
    return errors


def _volume_mode(spec: Obj) -> Errors:
    mode = spec.get("volumeMode", "Filesystem")
    return [] if mode in ("Block", "Filesystem") else [not_supported("spec.volumeMode", mode, ("Block", "Filesystem"))]


_CLAIM_MUTABLE = ("resources", "volumeName", "volumeAttributesClassName")


def validate_claim_update(new: Obj, old: Obj) -> Errors:
    now, before = _spec(new), _spec(old)
    errors = validate_claim(new)
    mutable = (*_CLAIM_MUTABLE, "storageClassName") if before.get("storageClassName") is None else _CLAIM_MUTABLE
    frozen = [{k: v for k, v in spec.items() if k not in mutable} for spec in (now, before)]
    bound_elsewhere = before.get("volumeName") and now.get("volumeName") != before["volumeName"]
    if frozen[0] != frozen[1] or bound_elsewhere:
        says = (
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
        )
        errors.append(forbidden("spec", says))
    wanted, had = (((s.get("resources") or {}).get("requests") or {}).get("storage") for s in (now, before))
    there = ((old.get("status") or {}).get("capacity") or {}).get("storage", "0")
    shrinks = wanted and had and quantities.parse(wanted).nanos < quantities.parse(had).nanos
    if shrinks and (there == "0" or quantities.parse(wanted).nanos <= quantities.parse(there).nanos):
        says = "field can not be less than status.capacity"
        errors.append(forbidden("spec.resources.requests.storage", says))
    return errors


def validate_volume(volume: Obj) -> Errors:
    spec = _spec(volume)
    errors = _access_modes(spec, required_says="")
    capacity = spec.get("capacity") or {}
    if not capacity:
        errors.append(required("spec.capacity"))
    elif list(capacity) != ["storage"]:
        errors.append(not_supported("spec.capacity", GoText("core.ResourceList"), ("storage",)))
    for name, amount in capacity.items():
        if quantities.parse(amount).nanos <= 0:
            errors.append(invalid(f"spec.capacity[{name}]", amount, "must be greater than zero"))
    policy = spec.get("persistentVolumeReclaimPolicy", "")
    if policy not in ("Delete", "Recycle", "Retain"):
        errors.append(not_supported("spec.persistentVolumeReclaimPolicy", policy, ("Delete", "Recycle", "Retain")))
    sources = [key for key in spec if key in _VOLUME_SOURCES]
    if not sources:
        errors.append(required("spec", "must specify a volume type"))
    errors += [forbidden(f"spec.{key}", "may not specify more than 1 volume type") for key in sources[1:]]
    return errors + _volume_mode(spec)


_VOLUME_SOURCES = frozenset(
    [
        "awsElasticBlockStore",
        "azureDisk",
        "azureFile",
        "cephfs",
        "cinder",
        "csi",
        "fc",
        "flexVolume",
        "flocker",
        "gcePersistentDisk",
        "glusterfs",
        "hostPath",
        "iscsi",
        "local",
        "nfs",
        "photonPersistentDisk",
        "portworxVolume",
        "quobyte",
        "rbd",
        "scaleIO",
        "storageos",
        "vsphereVolume",
    ]
)


def validate_storage_class(storage_class: Obj) -> Errors:
    errors: Errors = []
    if not storage_class.get("provisioner"):
        errors.append(required("provisioner"))
    policy = storage_class.get("reclaimPolicy", "")
    if policy not in ("Delete", "Retain"):
        errors.append(not_supported("reclaimPolicy", policy, ("Delete", "Retain")))
    mode = storage_class.get("volumeBindingMode", "")
    if mode not in ("Immediate", "WaitForFirstConsumer"):
        errors.append(not_supported("volumeBindingMode", mode, ("Immediate", "WaitForFirstConsumer")))
    return errors


def validate_storage_class_update(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    if (new.get("parameters") or {}) != (old.get("parameters") or {}):
        errors.append(forbidden("parameters", "updates to parameters are forbidden."))
    if new.get("provisioner") != old.get("provisioner"):
        errors.append(forbidden("provisioner", "updates to provisioner are forbidden."))
    if new.get("reclaimPolicy") != old.get("reclaimPolicy"):
        errors.append(forbidden("reclaimPolicy", "updates to reclaimPolicy are forbidden."))
    return errors + immutable("volumeBindingMode", new.get("volumeBindingMode"), old.get("volumeBindingMode"))


# -- Policy, access, scaling --------------------------------------------------------------------------------------


def validate_budget(budget: Obj) -> Errors:
    spec = _spec(budget)
    errors: Errors = []
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if least is not None and most is not None:
        shown = GoText("policy.PodDisruptionBudgetSpec")
        errors.append(invalid("spec", shown, "minAvailable and maxUnavailable cannot be both set"))
    for key, value in (("minAvailable", least), ("maxUnavailable", most)):
        if value is None:
            continue
        errors += positive_int_or_percent(value, f"spec.{key}")
        if isinstance(value, str) and not names.percent(value) and int(value[:-1]) > 100:
            errors.append(invalid(f"spec.{key}", int_or_string(value), "must not be greater than 100%"))
    if "selector" in spec:
        errors += validate_label_selector(spec["selector"], "spec.selector")
    return errors


def validate_quota(quota: Obj) -> Errors:
    errors: Errors = []
    for name, amount in (_spec(quota).get("hard") or {}).items():
        errors += [invalid("spec.hard", name, says) for says in names.qualified_name(name)]
        if quantities.parse(amount).nanos < 0:
            errors.append(invalid(f"spec.hard[{name}]", amount, "must be greater than or equal to 0"))
    return errors


def validate_limit_range(limit_range: Obj) -> Errors:
    errors: Errors = []
    seen: list[str] = []
    for index, item in enumerate(_spec(limit_range).get("limits") or ()):
        here, kind = f"spec.limits[{index}]", item.get("type", "")
        if kind in seen:
            errors.append(duplicate(f"{here}.type", kind))
        seen.append(kind)
        least, most = item.get("min") or {}, item.get("max") or {}
        for name in least:
            if name in most and quantities.parse(least[name]).nanos > quantities.parse(most[name]).nanos:
                says = f"min value {least[name]} is greater than max value {most[name]}"
                errors.append(invalid(f"{here}.min[{name}]", least[name], says))
    return errors


def validate_rules(role: Obj) -> Errors:
    errors: Errors = []
    for index, rule in enumerate(role.get("rules") or ()):
        here = f"rules[{index}]"
        if not rule.get("verbs"):
            errors.append(required(f"{here}.verbs", "verbs must contain at least one value"))
        if rule.get("nonResourceURLs"):
            if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
                says = "rules cannot apply to both regular resources and non-resource URLs"
                errors.append(invalid(f"{here}.nonResourceURLs", rule["nonResourceURLs"], says))
            continue
        if not rule.get("apiGroups"):
            errors.append(required(f"{here}.apiGroups", "resource rules must supply at least one api group"))
        if not rule.get("resources"):
            errors.append(required(f"{here}.resources", "resource rules must supply at least one resource"))
    return errors


def validate_binding(binding: Obj) -> Errors:
    role = binding.get("roleRef") or {}
    kinds = ("Role", "ClusterRole") if binding["metadata"].get("namespace") else ("ClusterRole",)
    errors: Errors = []
    if role.get("apiGroup") != "rbac.authorization.k8s.io":
        errors.append(not_supported("roleRef.apiGroup", role.get("apiGroup", ""), ("rbac.authorization.k8s.io",)))
    if role.get("kind") not in kinds:
        errors.append(not_supported("roleRef.kind", role.get("kind", ""), kinds))
    if not role.get("name"):
        errors.append(required("roleRef.name"))
    for index, subject in enumerate(binding.get("subjects") or ()):
        errors += _subject(subject, f"subjects[{index}]")
    return errors


def _subject(subject: Obj, path: str) -> Errors:
    errors = [] if subject.get("name") else [required(f"{path}.name")]
    kind = subject.get("kind", "")
    if kind not in ("ServiceAccount", "User", "Group"):
        return [*errors, not_supported(f"{path}.kind", kind, ("ServiceAccount", "User", "Group"))]
    if kind == "ServiceAccount" and not subject.get("namespace"):
        errors.append(required(f"{path}.namespace"))
    return errors


def validate_binding_update(new: Obj, old: Obj) -> Errors:
    errors = validate_binding(new)
    if new.get("roleRef") != old.get("roleRef"):
        role = new.get("roleRef") or {}
        parts = ", ".join(
            f'{k}:"{role.get(v, "")}"' for k, v in (("APIGroup", "apiGroup"), ("Kind", "kind"), ("Name", "name"))
        )
        errors.append(invalid("roleRef", GoText(f"rbac.RoleRef{{{parts}}}"), "cannot change roleRef"))
    return errors


def validate_autoscaler(autoscaler: Obj) -> Errors:
    spec = _spec(autoscaler)
    errors: Errors = []
    least, most = spec.get("minReplicas"), spec.get("maxReplicas", 0)
    if least is not None and least < 1:
        errors.append(invalid("spec.minReplicas", least, "must be greater than or equal to 1"))
    if most < 1:
        errors.append(invalid("spec.maxReplicas", most, "must be greater than 0"))
    if least is not None and most < least:
        errors.append(invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`"))
    target = spec.get("scaleTargetRef") or {}
    return errors + [required(f"spec.scaleTargetRef.{key}") for key in ("kind", "name") if not target.get(key)]


def validate_priority_class(priority_class: Obj) -> Errors:
    name, value = priority_class["metadata"].get("name", ""), priority_class.get("value", 0)
    if not name.startswith("system-"):
        if value > 1_000_000_000:
            says = "maximum allowed value of a user defined priority is 1000000000"
            return [forbidden("value", says)]
        return []
    says = "priority class names with 'system-' prefix are reserved for system use only. error: "
    if name in ("system-cluster-critical", "system-node-critical"):
        return []
    return [forbidden("metadata.name", f"{says}{name} is not a known system priority class")]


def validate_priority_class_update(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    if new.get("value", 0) != old.get("value", 0):
        errors.append(forbidden("value", "may not be changed in an update."))
    return errors + immutable("preemptionPolicy", new.get("preemptionPolicy"), old.get("preemptionPolicy"))


def validate_lease(lease: Obj) -> Errors:
    spec = _spec(lease)
    seconds = spec.get("leaseDurationSeconds")
    errors: Errors = []
    if seconds is not None and seconds <= 0:
        errors.append(invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0"))
    return errors + not_negative("spec.leaseTransitions", spec.get("leaseTransitions"))
