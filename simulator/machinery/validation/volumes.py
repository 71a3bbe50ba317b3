"""Rules for the volumes of a pod: one source each, and what each source needs.

Follows `ValidateVolumes` of `pkg/apis/core/validation/validation.go` (1.33). The sources that persistent volumes share with it are
in `volume_sources.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.machinery import names
from simulator.machinery.validation.claims import validate_claim_template
from simulator.machinery.validation.containers import pull_policy
from simulator.machinery.validation.environment import (
    VOLUME_FIELDS,
    validate_field_reference,
    validate_resource_reference,
)
from simulator.machinery.validation.field_errors import (
    FieldError,
    duplicate,
    forbidden,
    invalid,
    required,
)
from simulator.machinery.validation.paths import validate_unreserved_path
from simulator.machinery.validation.volume_sources import SHARED, driver_name, file_mode

Obj = dict[str, Any]
Errors = list[FieldError]

_TOO_MANY = "may not specify more than 1 volume type"
_LEAST_TOKEN_S = 600
#: In the order in which upstream looks for them; the first that is given counts.
_ORDER = (
    "emptyDir",
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "flocker",
    "persistentVolumeClaim",
    "rbd",
    "cinder",
    "cephfs",
    "quobyte",
    "downwardAPI",
    "fc",
    "flexVolume",
    "configMap",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "storageos",
    "projected",
    "scaleIO",
    "csi",
    "ephemeral",
    "image",
)


def validate_volumes(volumes: list[Obj], path: str, pod_name: str = "") -> Errors:
    """`pod_name` is that of a pod; templates have none."""
    errors: Errors = []
    seen: list[str] = []
    made = [f"{pod_name}-{one.get('name', '')}" for one in volumes if pod_name and one.get("ephemeral") is not None]
    for index, volume in enumerate(volumes):
        here, name = f"{path}[{index}]", volume.get("name", "")
        found = _source(volume, here, pod_name)
        if not name:
            found.append(required(f"{here}.name"))
        else:
            found += [invalid(f"{here}.name", name, says) for says in names.dns_label(name)]
        if name in seen:
            found.append(duplicate(f"{here}.name", name))
        if not found:
            seen.append(name)
        errors += found
        claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if claim in made:
            says = "must not reference a PVC that gets created for an ephemeral volume"
            errors.append(invalid(f"{here}.persistentVolumeClaim.claimName", claim, says))
    return errors


def _source(volume: Obj, path: str, pod_name: str) -> Errors:
    given = [kind for kind in _ORDER if volume.get(kind) is not None]
    if not given:
        return [required(path, "must specify a volume type")]
    errors: Errors = []
    for place, kind in enumerate(given):
        if place:
            errors.append(forbidden(f"{path}.{'downwarAPI' if kind == 'downwardAPI' else kind}", _TOO_MANY))
        elif kind == "ephemeral":
            errors += _ephemeral(volume[kind], path, volume.get("name", ""), pod_name)
        elif kind == "image":
            errors += _image(volume[kind], f"{path}.image", is_pod=bool(pod_name))
        elif (rule := _RULES.get(kind) or SHARED.get(kind)) is not None:
            errors += rule(volume[kind], f"{path}.{kind}")
    return errors


# Keys of configuration


def _items(source: Obj, path: str) -> Errors:
    errors: Errors = []
    for index, item in enumerate(source.get("items") or ()):
        here = f"{path}.items[{index}]"
        errors += [required(f"{here}.{key}") for key in ("key", "path") if not item.get(key)]
        errors += validate_unreserved_path(item.get("path", ""), f"{here}.path")
        errors += file_mode(item, here, "mode")
    return errors


def _config_map(source: Obj, path: str) -> Errors:
    errors = [] if source.get("name") else [required(f"{path}.name")]
    return errors + file_mode(source, path) + _items(source, path)


def _secret(source: Obj, path: str) -> Errors:
    errors = [] if source.get("secretName") else [required(f"{path}.secretName")]
    return errors + file_mode(source, path) + _items(source, path)


def _downward(source: Obj, path: str) -> Errors:
    errors = file_mode(source, path)
    for item in source.get("items") or ():
        errors += _downward_file(item, path)
    return errors


def _downward_file(item: Obj, path: str) -> Errors:
    errors = [] if item.get("path") else [required(f"{path}.path")]
    errors += validate_unreserved_path(item.get("path", ""), f"{path}.path")
    field, resource = item.get("fieldRef"), item.get("resourceFieldRef")
    if field is not None:
        errors += validate_field_reference(field, f"{path}.fieldRef", VOLUME_FIELDS)
        if resource is not None:
            says = "fieldRef and resourceFieldRef can not be specified simultaneously"
            errors.append(invalid(path, "resource", says))
    elif resource is not None:
        errors += validate_resource_reference(resource, f"{path}.resourceFieldRef", in_volume=True)
    else:
        errors.append(required(path, "one of fieldRef and resourceFieldRef is required"))
    return errors + file_mode(item, path, "mode")


# Projections


def _projected(source: Obj, path: str) -> Errors:
    errors = file_mode(source, path)
    taken: list[str] = []
    for index, part in enumerate(source.get("sources") or ()):
        here = f"{path}.sources[{index}]"
        for kind in ("secret", "configMap"):
            if (one := part.get(kind)) is not None:
                if not one.get("name"):
                    errors.append(required(f"{here}.{kind}.name"))
                errors += _items(one, f"{here}.{kind}")
                files = [item.get("path", "") for item in one.get("items") or ()]
                errors += _conflicts(files, taken, path, shown=one.get("name", ""))
        if (downward := part.get("downwardAPI")) is not None:
            for item in downward.get("items") or ():
                errors += _downward_file(item, f"{here}.downwardAPI")
                errors += _conflicts([item.get("path", "")], taken, path)
        if (token := part.get("serviceAccountToken")) is not None:
            errors += _token(token, path, f"{here}.serviceAccountToken")
        if (bundle := part.get("clusterTrustBundle")) is not None:
            errors += _trust_bundle(bundle, f"{here}.clusterTrustBundle")
            errors += _conflicts([bundle.get("path", "")], taken, path)
        if sum(value is not None for value in part.values()) > 1:
            errors.append(forbidden(here, "may not specify more than 1 volume type per source"))
    return errors


def _conflicts(files: list[str], taken: list[str], path: str, shown: str | None = None) -> Errors:
    errors: Errors = []
    for name in files:
        if name and name in taken:
            errors.append(invalid(path, name if shown is None else shown, "conflicting duplicate paths"))
        taken.append(name)
    return errors


def _token(token: Obj, path: str, here: str) -> Errors:
    errors: Errors = []
    seconds, where = token.get("expirationSeconds", 3600), token.get("path", "")
    if seconds < _LEAST_TOKEN_S:
        says = "may not specify a duration less than 10 minutes"
        errors.append(invalid(f"{here}.expirationSeconds", seconds, says))
    if seconds > 1 << 32:
        says = "may not specify a duration larger than 2^32 seconds"
        errors.append(invalid(f"{here}.expirationSeconds", seconds, says))
    if not where:
        return [*errors, required(f"{path}.path")]
    return errors + validate_unreserved_path(where, f"{path}.path")


def _trust_bundle(bundle: Obj, path: str) -> Errors:
    errors: Errors = []
    if "name" not in bundle and "signerName" not in bundle:
        errors.append(required(path, "either name or signerName must be specified"))
    if not bundle.get("path"):
        errors.append(required(f"{path}.path"))
    return errors + validate_unreserved_path(bundle.get("path", ""), f"{path}.path")


# Claims, drivers and images


def _claim(source: Obj, path: str) -> Errors:
    return [] if source.get("claimName") else [required(f"{path}.claimName")]


def _csi(source: Obj, path: str) -> Errors:
    errors = driver_name(source.get("driver", ""), f"{path}.driver")
    if (secret := source.get("nodePublishSecretRef")) is not None:
        name = secret.get("name", "")
        if not name:
            errors.append(required(f"{path}.nodePublishSecretRef.name"))
        else:
            errors += [invalid(f"{path}.name", name, says) for says in names.dns_subdomain(name)]
    return errors


def _ephemeral(source: Obj, path: str, name: str, pod_name: str) -> Errors:
    template = source.get("volumeClaimTemplate")
    here = f"{path}.ephemeral.volumeClaimTemplate"
    errors = [required(here)] if template is None else validate_claim_template(template, here)
    if pod_name and name:
        claim = f"{pod_name}-{name}"
        for says in names.dns_subdomain(claim):
            errors.append(invalid(f"{path}.name", name, f'PVC name "{claim}": {says}'))
    return errors


def _image(source: Obj, path: str, *, is_pod: bool) -> Errors:
    errors = [required(f"{path}.reference")] if is_pod and not source.get("reference") else []
    return errors + pull_policy(source.get("pullPolicy", ""), f"{path}.pullPolicy")


_RULES: dict[str, Callable[[Obj, str], Errors]] = {
    "configMap": _config_map,
    "secret": _secret,
    "downwardAPI": _downward,
    "persistentVolumeClaim": _claim,
    "projected": _projected,
    "csi": _csi,
}
