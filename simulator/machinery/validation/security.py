"""Rules for the security contexts of pods and containers.

Follows `validatePodSpecSecurityContext`, `ValidateSecurityContext`, `validateHostUsers` and `validateOS` of
`pkg/apis/core/validation/validation.go` (1.33).
"""

from __future__ import annotations

import re
from typing import Any

from simulator.machinery import names
from simulator.machinery.validation.field_errors import (
    FieldError,
    duplicate,
    forbidden,
    go_struct,
    invalid,
    not_supported,
    required,
    too_long,
)
from simulator.machinery.validation.paths import validate_local_path

Obj = dict[str, Any]
Errors = list[FieldError]

_MAX_ID = (1 << 32) - 1
_PROFILES = ("Localhost", "RuntimeDefault", "Unconfined")
_PATH_MAX = 4095
_SYSCTL_MAX = 253
_SYSCTL_PART = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SYSCTL = rf"({_SYSCTL_PART}[\./])*{_SYSCTL_PART}"
_SYSCTL_SHOWN = rf"^({_SYSCTL_PART}[\./])*{_SYSCTL_PART}$"
_IPC_SYSCTLS = ("kernel.sem",)
_IPC_PREFIXES = ("kernel.shm", "kernel.msg", "fs.mqueue.")
_NOT_ON_WINDOWS = "cannot be set for a windows pod"
_POD_LINUX_ONLY = (
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "fsGroup",
    "fsGroupChangePolicy",
    "sysctls",
    "runAsUser",
    "runAsGroup",
    "supplementalGroups",
    "supplementalGroupsPolicy",
    "seLinuxChangePolicy",
)
_CONTAINER_LINUX_ONLY = (
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "capabilities",
    "readOnlyRootFilesystem",
    "privileged",
    "allowPrivilegeEscalation",
    "procMount",
    "runAsUser",
    "runAsGroup",
)


def user_or_group(number: int | None, path: str) -> Errors:
    """A Unix user or group id, if one is given."""
    if number is None or 0 <= number <= _MAX_ID:
        return []
    return [invalid(path, number, names.outside(0, _MAX_ID))]


def validate_pod_security(spec: Obj, path: str) -> Errors:
    """`securityContext` of a pod; `path` is the pod's spec."""
    context, here = spec.get("securityContext") or {}, f"{path}.securityContext"
    errors: Errors = []
    for key in ("fsGroup", "runAsUser", "runAsGroup"):
        errors += user_or_group(context.get(key), f"{here}.{key}")
    for index, group in enumerate(context.get("supplementalGroups") or ()):
        errors += user_or_group(group, f"{here}.supplementalGroups[{index}]")
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        says = "ShareProcessNamespace and HostPID cannot both be enabled"
        errors.append(invalid(f"{here}.shareProcessNamespace", True, says))
    errors += _sysctls(context.get("sysctls") or (), spec, f"{here}.sysctls")
    for key, values in (
        ("fsGroupChangePolicy", ("Always", "OnRootMismatch")),
        ("supplementalGroupsPolicy", ("Merge", "Strict")),
        ("seLinuxChangePolicy", ("MountOption", "Recursive")),
    ):
        if context.get(key) is not None and context[key] not in values:
            errors.append(not_supported(f"{here}.{key}", context[key], values))
    errors += _seccomp(context.get("seccompProfile"), f"{here}.seccompProfile")
    return errors + _app_armor(context.get("appArmorProfile"), f"{here}.appArmorProfile")


def validate_container_security(context: Obj, path: str, *, host_users: bool) -> Errors:
    errors: Errors = []
    for key in ("runAsUser", "runAsGroup"):
        errors += user_or_group(context.get(key), f"{path}.{key}")
    mount = context.get("procMount")
    if mount is not None:
        if mount not in ("Default", "Unmasked"):
            errors.append(not_supported(f"{path}.procMount", mount, ("Default", "Unmasked")))
        if host_users and mount == "Unmasked":
            errors.append(invalid(f"{path}.procMount", mount, "`hostUsers` must be false to use `Unmasked`"))
    errors += _seccomp(context.get("seccompProfile"), f"{path}.seccompProfile")
    if context.get("allowPrivilegeEscalation") is False:
        says = "cannot set `allowPrivilegeEscalation` to false and "
        if context.get("privileged"):
            errors.append(invalid(path, go_struct("core.SecurityContext"), says + "`privileged` to true"))
        if "CAP_SYS_ADMIN" in ((context.get("capabilities") or {}).get("add") or ()):
            says += "`capabilities.Add` CAP_SYS_ADMIN"
            errors.append(invalid(path, go_struct("core.SecurityContext"), says))
    return errors + _app_armor(context.get("appArmorProfile"), f"{path}.appArmorProfile")


def _sysctls(sysctls: Any, spec: Obj, path: str) -> Errors:
    errors: Errors = []
    seen: list[str] = []
    for index, one in enumerate(sysctls):
        here, name = f"{path}[{index}].name", one.get("name", "")
        if not name:
            errors.append(required(here))
        elif len(name) > _SYSCTL_MAX or not re.fullmatch(_SYSCTL, name):
            says = f"must have at most {_SYSCTL_MAX} characters and match regex {_SYSCTL_SHOWN}"
            errors.append(invalid(here, name, says))
        elif name in seen:
            errors.append(duplicate(here, name))
        seen.append(name)
        dotted = name.replace("/", ".")
        if spec.get("hostNetwork") and dotted.startswith("net."):
            errors.append(invalid(here, name, "may not be specified when 'hostNetwork' is true"))
        elif spec.get("hostIPC") and (dotted in _IPC_SYSCTLS or dotted.startswith(_IPC_PREFIXES)):
            errors.append(invalid(here, name, "may not be specified when 'hostIPC' is true"))
    return errors


def _seccomp(profile: Obj | None, path: str) -> Errors:
    if profile is None:
        return []
    kind, local = profile.get("type", ""), profile.get("localhostProfile")
    errors: Errors = []
    if not kind:
        errors.append(required(f"{path}.type", "type is required when seccompProfile is set"))
    elif kind not in _PROFILES:
        errors.append(not_supported(f"{path}.type", kind, _PROFILES))
    if kind == "Localhost":
        if local is None:
            return [*errors, required(f"{path}.localhostProfile", "must be set when seccomp type is Localhost")]
        return errors + validate_local_path(local, f"{path}.localhostProfile")
    if local is not None:
        says = "can only be set when seccomp type is Localhost"
        errors.append(invalid(f"{path}.localhostProfile", go_struct("core.SeccompProfile"), says))
    return errors


def _app_armor(profile: Obj | None, path: str) -> Errors:
    if profile is None:
        return []
    kind, local, here = profile.get("type", ""), profile.get("localhostProfile"), f"{path}.localhostProfile"
    if not kind:
        return [required(f"{path}.type", "type is required when appArmorProfile is set")]
    if kind not in _PROFILES:
        return [not_supported(f"{path}.type", kind, _PROFILES)]
    if kind != "Localhost":
        says = "can only be set when AppArmor type is Localhost"
        return [] if local is None else [invalid(here, local, says)]
    if not local:
        return [required(here, "must be set when AppArmor type is Localhost")]
    errors = [invalid(here, local, "must not be padded with whitespace")] if local != local.strip() else []
    return [*errors, too_long(here, _PATH_MAX)] if len(local.encode()) > _PATH_MAX else errors


def validate_host_users(spec: Obj, path: str) -> Errors:
    if spec.get("hostUsers") is not False:
        return []
    return [
        forbidden(f"{path}.{shown}", "when `pod.Spec.HostUsers` is false")
        for key, shown in (("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC"))
        if spec.get(key)
    ]


def validate_os(spec: Obj, path: str) -> Errors:
    """`spec.os`, and what a pod for that system may not set."""
    if (system := spec.get("os")) is None:
        return []
    name = system.get("name", "")
    if not name:
        return [required(f"{path}.os.name", "cannot be empty")]
    if name not in ("linux", "windows"):
        return [not_supported(f"{path}.os", name, ("linux", "windows"))]
    return _windows(spec, path) if name == "windows" else _linux(spec, path)


def _containers(spec: Obj, path: str) -> list[tuple[Obj, str]]:
    return [
        (container.get("securityContext") or {}, f"{path}.{part}[{index}].securityContext")
        for part in ("initContainers", "containers", "ephemeralContainers")
        for index, container in enumerate(spec.get(part) or ())
    ]


def _linux(spec: Obj, path: str) -> Errors:
    contexts = [(spec.get("securityContext") or {}, f"{path}.securityContext"), *_containers(spec, path)]
    says = "windows options cannot be set for a linux pod"
    return [forbidden(f"{here}.windowsOptions", says) for context, here in contexts if context.get("windowsOptions")]


def _windows(spec: Obj, path: str) -> Errors:
    context = spec.get("securityContext") or {}
    errors = [
        forbidden(f"{path}.securityContext.{key}", _NOT_ON_WINDOWS)
        for key in _POD_LINUX_ONLY
        if context.get(key) is not None and context[key] != []
    ]
    errors += [
        forbidden(f"{path}.{key}", _NOT_ON_WINDOWS) for key in ("hostUsers", "shareProcessNamespace") if key in spec
    ]
    errors += [forbidden(f"{path}.{key}", _NOT_ON_WINDOWS) for key in ("hostPID", "hostIPC") if spec.get(key)]
    for own, here in _containers(spec, path):
        errors += [forbidden(f"{here}.{key}", _NOT_ON_WINDOWS) for key in _CONTAINER_LINUX_ONLY if key in own]
    return errors
