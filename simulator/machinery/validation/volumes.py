"""Rules for the volumes of a pod: one source each, and what each source needs.

Follows `ValidateVolumes` of `pkg/apis/core/validation/validation.go` (1.33).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.machinery import names, quantities
from simulator.machinery.validation.containers import validate_local_path
from simulator.machinery.validation.field_errors import (
    FieldError,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
)

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


def validate_volumes(volumes: list[Obj], path: str) -> Errors:
    errors: Errors = []
    seen: list[str] = []
    for index, volume in enumerate(volumes):
        here, name = f"{path}[{index}]", volume.get("name", "")
        errors += _source(volume, here)
        if not name:
            errors.append(required(f"{here}.name"))
            continue
        problems = names.dns_label(name)
        errors += [invalid(f"{here}.name", name, says) for says in problems]
        if not problems and name in seen:
            errors.append(duplicate(f"{here}.name", name))
        seen.append(name)
    return errors


def _source(volume: Obj, path: str) -> Errors:
    given = [kind for kind in volume if kind != "name"]
    if not given:
        return [required(path, "must specify a volume type")]
    rule = _RULES.get(given[0])
    errors = rule(volume[given[0]], f"{path}.{given[0]}") if rule is not None else []
    return errors + [forbidden(f"{path}.{kind}", "may not specify more than 1 volume type") for kind in given[1:]]


def _mode(source: Obj, path: str, key: str = "defaultMode") -> Errors:
    mode = source.get(key)
    return [invalid(f"{path}.{key}", mode, _MODE_SAYS)] if mode is not None and not 0 <= mode <= 0o777 else []


def _items(source: Obj, path: str) -> Errors:
    errors: Errors = []
    for index, item in enumerate(source.get("items") or ()):
        here = f"{path}.items[{index}]"
        if not item.get("key"):
            errors.append(required(f"{here}.key"))
        if not item.get("path"):
            errors.append(required(f"{here}.path"))
        else:
            errors += validate_local_path(item["path"], f"{here}.path")
        errors += _mode(item, here, "mode")
    return errors


def _config_map(source: Obj, path: str) -> Errors:
    errors = [] if source.get("name") else [required(f"{path}.name")]
    return errors + _mode(source, path) + _items(source, path)


def _secret(source: Obj, path: str) -> Errors:
    errors = [] if source.get("secretName") else [required(f"{path}.secretName")]
    return errors + _mode(source, path) + _items(source, path)


def _host_path(source: Obj, path: str) -> Errors:
    where = source.get("path", "")
    if not where:
        return [required(f"{path}.path")]
    errors = [invalid(f"{path}.path", where, "must not contain '..'")] if ".." in where.split("/") else []
    kind = source.get("type", "")
    return errors if kind in _HOST_PATH_TYPES else [*errors, not_supported(f"{path}.type", kind, _HOST_PATH_TYPES)]


def _empty_dir(source: Obj, path: str) -> Errors:
    limit = source.get("sizeLimit")
    if limit is not None and quantities.parse(limit).nanos < 0:
        return [forbidden(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity")]
    return []


def _claim(source: Obj, path: str) -> Errors:
    return [] if source.get("claimName") else [required(f"{path}.claimName")]


def _nfs(source: Obj, path: str) -> Errors:
    errors = [required(f"{path}.{key}") for key in ("server", "path") if not source.get(key)]
    where = source.get("path", "")
    return (
        [*errors, invalid(f"{path}.path", where, "must be an absolute path")] if where and where[0] != "/" else errors
    )


def _projected(source: Obj, path: str) -> Errors:
    errors = _mode(source, path)
    for index, part in enumerate(source.get("sources") or ()):
        here = f"{path}.sources[{index}]"
        for kind in ("secret", "configMap"):
            if part.get(kind) is not None:
                if not part[kind].get("name"):
                    errors.append(required(f"{here}.{kind}.name"))
                errors += _items(part[kind], f"{here}.{kind}")
        if len(part) > 1:
            errors.append(forbidden(f"{here}.{list(part)[1]}", "may not specify more than 1 volume type"))
    return errors


_RULES: dict[str, Callable[[Obj, str], Errors]] = {
    "configMap": _config_map,
    "secret": _secret,
    "hostPath": _host_path,
    "emptyDir": _empty_dir,
    "persistentVolumeClaim": _claim,
    "nfs": _nfs,
    "projected": _projected,
}
