"""Rules for claims of storage and for templates of such claims.

Follows `ValidatePersistentVolumeClaim`, `ValidatePersistentVolumeClaimUpdate` and `ValidatePersistentVolumeClaimTemplate` of
`pkg/apis/core/validation/validation.go` (1.33).
"""

from __future__ import annotations

from typing import Any

from simulator.machinery import names, quantities
from simulator.machinery.validation.field_errors import (
    FieldError,
    forbidden,
    immutable,
    invalid,
    not_supported,
    required,
)
from simulator.machinery.validation.metadata import validate_annotations, validate_labels
from simulator.machinery.validation.resource_names import positive
from simulator.machinery.validation.selectors import validate_label_selector

Obj = dict[str, Any]
Errors = list[FieldError]

_ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_MODES = ("Block", "Filesystem")
_MUTABLE = ("volumeName",)
_FROZEN = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"


def _spec(obj: Obj) -> Obj:
    return obj.get("spec") or {}


def validate_claim(claim: Obj) -> Errors:
    return _claim_spec(_spec(claim), "spec")


def validate_claim_template(template: Obj, path: str) -> Errors:
    """Of its metadata only labels and annotations count, and nothing else may be set."""
    metadata = template.get("metadata") or {}
    errors = validate_annotations(metadata.get("annotations") or {}, f"{path}.metadata.annotations")
    errors += validate_labels(metadata.get("labels") or {}, f"{path}.metadata.labels")
    for key, value in metadata.items():
        if key not in ("annotations", "labels") and value:
            errors.append(forbidden(f"{path}.metadata.{key}", "cannot be set"))
    return errors + _claim_spec(template.get("spec") or {}, f"{path}.spec")


def _claim_spec(spec: Obj, path: str) -> Errors:
    errors: Errors = []
    if not spec.get("accessModes"):
        errors.append(required(f"{path}.accessModes", "at least 1 access mode is required"))
    if "selector" in spec:
        errors += validate_label_selector(spec["selector"], f"{path}.selector")
    errors += access_modes(spec, path)
    storage = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    here = f"{path}.resources[storage]"
    errors += [required(here)] if storage is None else positive(storage, here)
    if name := spec.get("storageClassName"):
        errors += [invalid(f"{path}.storageClassName", name, says) for says in names.dns_subdomain(name)]
    errors += volume_mode(spec, path)
    return errors + _sources(spec, path)


def access_modes(spec: Obj, path: str) -> Errors:
    modes, here = spec.get("accessModes") or (), f"{path}.accessModes"
    errors = [not_supported(here, mode, _ACCESS_MODES) for mode in modes if mode not in _ACCESS_MODES]
    if "ReadWriteOncePod" in modes and any(mode in _ACCESS_MODES[:3] for mode in modes):
        errors.append(forbidden(here, "may not use ReadWriteOncePod with other access modes"))
    return errors


def volume_mode(spec: Obj, path: str) -> Errors:
    mode = spec.get("volumeMode", "Filesystem")
    return [] if mode in _MODES else [not_supported(f"{path}.volumeMode", mode, _MODES)]


def _sources(spec: Obj, path: str) -> Errors:
    errors: Errors = []
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    for key, one in (("dataSource", source), ("dataSourceRef", reference)):
        if one is not None:
            errors += _source(one, f"{path}.{key}")
    if source is None or reference is None:
        return errors
    if reference.get("namespace"):
        says = "may not be specified when dataSourceRef.namespace is specified"
        errors.append(invalid(path, f"{path}.dataSource", says))
    elif any((source.get(key) or "") != (reference.get(key) or "") for key in ("apiGroup", "kind", "name")):
        errors.append(invalid(path, f"{path}.dataSource", "must match dataSourceRef"))
    return errors


def _source(source: Obj, path: str) -> Errors:
    kind, group, namespace = source.get("kind", ""), source.get("apiGroup") or "", source.get("namespace")
    errors = [required(f"{path}.{key}") for key in ("name", "kind") if not source.get(key)]
    if not group and kind != "PersistentVolumeClaim":
        says = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
        errors.append(invalid(path, kind, says))
    if group:
        errors += [invalid(f"{path}.apiGroup", group, says) for says in names.dns_subdomain(group)]
    if namespace:
        errors += [invalid(f"{path}.namespace", namespace, says) for says in names.dns_label(namespace)]
    return errors


def validate_claim_update(new: Obj, old: Obj) -> Errors:
    """The difference between the two specs, which Go prints below the sentence, is left out."""
    now, before = _spec(new), _spec(old)
    if now is before:
        return []
    errors = validate_claim(new)
    mutable = set(_MUTABLE) if not before.get("volumeName") else set()
    if before.get("storageClassName") is None and now.get("storageClassName") is not None:
        mutable.add("storageClassName")
    compared = now
    if (new.get("status") or {}).get("phase") == "Bound":
        mutable.add("volumeAttributesClassName")
        compared = {**now, "resources": _with_storage_of(before, now)}
    if _without(compared, mutable) != _without(before, mutable):
        errors.append(forbidden("spec", _FROZEN))
    wanted, had = (((s.get("resources") or {}).get("requests") or {}).get("storage") for s in (now, before))
    there = ((old.get("status") or {}).get("capacity") or {}).get("storage", "0")
    shrinks = wanted and had and quantities.parse(wanted).nanos < quantities.parse(had).nanos
    if wanted and shrinks and quantities.parse(wanted).nanos <= quantities.parse(there).nanos:
        errors.append(forbidden("spec.resources.requests.storage", "field can not be less than status.capacity"))
    return errors + immutable("volumeMode", now.get("volumeMode"), before.get("volumeMode"))


def _with_storage_of(before: Obj, now: Obj) -> Obj:
    resources = now.get("resources") or {}
    storage = ((before.get("resources") or {}).get("requests") or {}).get("storage")
    return {**resources, "requests": {**(resources.get("requests") or {}), "storage": storage}}


def _without(spec: Obj, keys: set[str]) -> Obj:
    return {key: value for key, value in spec.items() if key not in keys}
