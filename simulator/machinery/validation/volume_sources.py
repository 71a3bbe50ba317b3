"""Rules for the volume sources that pods and persistent volumes share.

Follows `validateVolumeSource` and `ValidatePersistentVolumeSpec` of `pkg/apis/core/validation/validation.go` (1.33). Of the disks of
clouds that have moved to CSI only what must be named is checked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.machinery import names, quantities
from simulator.machinery.validation.field_errors import (
    FieldError,
    forbidden,
    invalid,
    not_supported,
    required,
    too_long,
)
from simulator.machinery.validation.paths import validate_no_backsteps

Obj = dict[str, Any]
Errors = list[FieldError]

_HOST_PATH_TYPES = (
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
)
_MODE_SAYS = "must be a number between 0 and 0777 (octal), both inclusive"
_DRIVER_MAX = 63


def file_mode(source: Obj, path: str, key: str = "defaultMode") -> Errors:
    mode = source.get(key)
    return [invalid(f"{path}.{key}", mode, _MODE_SAYS)] if mode is not None and not 0 <= mode <= 0o777 else []


def driver_name(name: str, path: str) -> Errors:
    errors = [] if name else [required(path)]
    if len(name) > _DRIVER_MAX:
        errors.append(too_long(path, _DRIVER_MAX))
    return errors + [invalid(path, name, says) for says in names.dns_subdomain(name.lower())]


def _empty_dir(source: Obj, path: str) -> Errors:
    limit = source.get("sizeLimit")
    if limit is not None and quantities.parse(limit).nanos < 0:
        return [forbidden(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity")]
    return []


def _host_path(source: Obj, path: str) -> Errors:
    where = source.get("path", "")
    if not where:
        return [required(f"{path}.path")]
    errors = validate_no_backsteps(where, f"{path}.path")
    kind = source.get("type", "")
    return errors if kind in _HOST_PATH_TYPES else [*errors, not_supported(f"{path}.type", kind, _HOST_PATH_TYPES)]


def _nfs(source: Obj, path: str) -> Errors:
    errors = [required(f"{path}.{key}") for key in ("server", "path") if not source.get(key)]
    where = source.get("path", "")
    if not where.startswith("/"):
        errors.append(invalid(f"{path}.path", where, "must be an absolute path"))
    return errors


def _iscsi(source: Obj, path: str) -> Errors:
    errors = [] if source.get("targetPortal") else [required(f"{path}.targetPortal")]
    name, lun = source.get("iqn", ""), source.get("lun", 0)
    if not name:
        errors.append(required(f"{path}.iqn"))
    elif not name.startswith(("iqn", "eui", "naa")):
        errors.append(invalid(f"{path}.iqn", name, "must be valid format starting with iqn, eui, or naa"))
    if not 0 <= lun <= 255:
        errors.append(invalid(f"{path}.lun", lun, names.outside(0, 255)))
    return errors


def _needs(*keys: str) -> Callable[[Obj, str], Errors]:
    return lambda source, path: [required(f"{path}.{key}") for key in keys if not source.get(key)]


SHARED: dict[str, Callable[[Obj, str], Errors]] = {
    "emptyDir": _empty_dir,
    "hostPath": _host_path,
    "nfs": _nfs,
    "iscsi": _iscsi,
    "gitRepo": _needs("repository"),
    "gcePersistentDisk": _needs("pdName"),
    "awsElasticBlockStore": _needs("volumeID"),
    "glusterfs": _needs("endpoints", "path"),
    "rbd": _needs("monitors", "image"),
    "cinder": _needs("volumeID"),
    "cephfs": _needs("monitors"),
    "flexVolume": _needs("driver"),
    "azureFile": _needs("secretName", "shareName"),
    "azureDisk": _needs("diskName", "diskURI"),
    "vsphereVolume": _needs("volumePath"),
    "portworxVolume": _needs("volumeID"),
}
