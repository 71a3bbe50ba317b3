"""Rules for one container: its names, ports, mounts, devices, and how it is pulled, resized and secured.

Follows `validateContainerCommon` and what it calls in `pkg/apis/core/validation/validation.go` (1.33), in its order and with its
paths, which are not always those one would expect.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from simulator.machinery import names
from simulator.machinery.validation.environment import validate_environment, validate_environment_sources
from simulator.machinery.validation.field_errors import (
    FieldError,
    GoText,
    duplicate,
    forbidden,
    invalid,
    not_found,
    not_supported,
    required,
)
from simulator.machinery.validation.paths import validate_local_path, validate_no_backsteps
from simulator.machinery.validation.resource_names import requirements
from simulator.machinery.validation.security import validate_container_security

Obj = dict[str, Any]
Errors = list[FieldError]

PROTOCOLS = ("SCTP", "TCP", "UDP")
PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
_RESIZED = ("cpu", "memory")
_RESIZES = ("NotRequired", "RestartContainer")
_PROPAGATIONS = ("Bidirectional", "HostToContainer", "None")
_RECURSIVE = ("Disabled", "Enabled", "IfPossible")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What of its pod a container's rules look at."""

    volumes: Mapping[str, Obj]
    claims: tuple[str, ...] = ()
    restart_policy: str = "Always"
    host_users: bool = True
    is_pod: bool = True
    """A pod itself, not a template of some."""


@lru_cache(maxsize=4096)
def _label_problems(name: str) -> tuple[str, ...]:
    return tuple(names.dns_label(name))


def validate_container(container: Obj, path: str, around: Surroundings) -> Errors:
    """What holds for regular, init and ephemeral containers alike."""
    errors: Errors = []
    name = container.get("name", "")
    if not name:
        errors.append(required(f"{path}.name"))
    else:
        errors += [invalid(f"{path}.name", name, says) for says in _label_problems(name)]
    if not container.get("image"):
        errors.append(required(f"{path}.image"))
    policy = container.get("terminationMessagePolicy", "File")
    if policy not in _MESSAGE_POLICIES:
        errors.append(not_supported(f"{path}.terminationMessagePolicy", policy, _MESSAGE_POLICIES))
    if ports := container.get("ports"):
        errors += _ports(ports, f"{path}.ports")
    if env := container.get("env"):
        errors += validate_environment(env, f"{path}.env")
    if sources := container.get("envFrom"):
        errors += validate_environment_sources(sources, f"{path}.envFrom")
    if mounts := container.get("volumeMounts"):
        errors += _mounts(mounts, f"{path}.volumeMounts", container, around)
    if devices := container.get("volumeDevices"):
        errors += _devices(devices, f"{path}.volumeDevices", container, around)
    errors += pull_policy(container.get("imagePullPolicy", ""), f"{path}.imagePullPolicy")
    if resources := container.get("resources"):
        errors += requirements(resources, f"{path}.resources", claims=around.claims)
    if policies := container.get("resizePolicy"):
        errors += _resize_policies(policies, f"{path}.resizePolicy", around.restart_policy)
    if security := container.get("securityContext"):
        errors += validate_container_security(security, f"{path}.securityContext", host_users=around.host_users)
    return errors


def pull_policy(policy: str, path: str) -> Errors:
    if policy in PULL_POLICIES:
        return []
    return [not_supported(path, policy, PULL_POLICIES) if policy else required(path)]


def image_without_padding(container: Obj, path: str) -> Errors:
    """Only asked of pods; templates may carry such images."""
    image = container.get("image", "")
    if image == image.strip():
        return []
    return [invalid(f"{path}.image", image, "must not have leading or trailing whitespace")]


# Ports


def _ports(ports: list[Obj], path: str) -> Errors:
    errors: Errors = []
    seen: list[str] = []
    for index, port in enumerate(ports):
        here = f"{path}[{index}]"
        if name := port.get("name"):
            problems = names.port_name(name)
            errors += [invalid(f"{here}.name", name, says) for says in problems]
            if not problems and name in seen:
                errors.append(duplicate(f"{here}.name", name))
            seen.append(name)
        errors += _port_numbers(port, here)
        protocol = port.get("protocol", "")
        if not protocol:
            errors.append(required(f"{here}.protocol"))
        elif protocol not in PROTOCOLS:
            errors.append(not_supported(f"{here}.protocol", protocol, PROTOCOLS))
    return errors


def _port_numbers(port: Obj, path: str) -> Errors:
    number, host = port.get("containerPort", 0), port.get("hostPort", 0)
    errors = [required(f"{path}.containerPort")] if number == 0 else []
    if number:
        errors += [invalid(f"{path}.containerPort", number, says) for says in names.port_number(number)]
    if host:
        errors += [invalid(f"{path}.hostPort", host, says) for says in names.port_number(host)]
    return errors


def host_port_conflicts(containers: list[Obj], path: str) -> Errors:
    """Ports of the machine that two of these containers want."""
    errors: Errors = []
    seen: list[str] = []
    for index, container in enumerate(containers):
        for place, port in enumerate(container.get("ports") or ()):
            if not port.get("hostPort"):
                continue
            taken = f"{port.get('protocol', 'TCP')}/{port.get('hostIP', '')}/{port['hostPort']}"
            if taken in seen:
                errors.append(duplicate(f"{path}[{index}].ports[{place}].hostPort", taken))
            seen.append(taken)
    return errors


def host_network_ports(spec: Obj, path: str, *, is_pod: bool) -> Errors:
    """With the machine's network, a port of the machine is the container's; in a template it may still be missing."""
    if not spec.get("hostNetwork"):
        return []
    errors: Errors = []
    for index, container in enumerate(spec.get("containers") or ()):
        for place, port in enumerate(container.get("ports") or ()):
            own, host = port.get("containerPort", 0), port.get("hostPort", 0)
            if (is_pod or host) and host != own:
                here = f"{path}.containers[{index}].ports[{place}].hostPort"
                errors.append(invalid(here, host, "must match `containerPort` when `hostNetwork` is true"))
    return errors


# Mounts and devices


def _mounts(mounts: list[Obj], path: str, container: Obj, around: Surroundings) -> Errors:
    errors: Errors = []
    devices = container.get("volumeDevices") or ()
    used: list[str] = []
    for index, mount in enumerate(mounts):
        here, name, where = f"{path}[{index}]", mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            errors.append(required(f"{here}.name"))
        if name not in around.volumes:
            errors.append(not_found(f"{here}.name", name))
        if not where:
            errors.append(required(f"{here}.mountPath"))
        if where in used:
            errors.append(invalid(f"{here}.mountPath", where, "must be unique"))
        used.append(where)
        if any(device.get("name") == name for device in devices):
            errors.append(invalid(f"{here}.name", name, "must not already exist in volumeDevices"))
        if any(device.get("devicePath") == where for device in devices):
            says = "must not already exist as a path in volumeDevices"
            errors.append(invalid(f"{here}.mountPath", where, says))
        errors += _sub_paths(mount, path, here, around.volumes.get(name) or {})
        if (propagation := mount.get("mountPropagation")) is not None:
            errors += _propagation(propagation, container, f"{path}.mountPropagation")
        errors += _recursive(mount, f"{path}.recursiveReadOnly")
    return errors


def _sub_paths(mount: Obj, path: str, here: str, volume: Obj) -> Errors:
    """Upstream leaves the index out of the path of a bad sub-path."""
    errors: Errors = []
    sub, expression = mount.get("subPath"), mount.get("subPathExpr")
    if "image" in volume:
        for key in ("subPath", "subPathExpr"):
            if mount.get(key):
                errors.append(invalid(f"{here}.{key}", mount[key], "not allowed in image volume sources"))
    if sub:
        errors += validate_local_path(sub, f"{path}.subPath")
    if expression:
        if sub:
            says = "subPathExpr and subPath are mutually exclusive"
            errors.append(invalid(f"{here}.subPathExpr", expression, says))
        errors += validate_local_path(expression, f"{path}.subPathExpr")
    return errors


def _propagation(propagation: str, container: Obj, path: str) -> Errors:
    errors = [] if propagation in _PROPAGATIONS else [not_supported(path, propagation, _PROPAGATIONS)]
    if propagation == "Bidirectional" and not (container.get("securityContext") or {}).get("privileged"):
        says = "Bidirectional mount propagation is available only to privileged containers"
        errors.append(forbidden(path, says))
    return errors


def _recursive(mount: Obj, path: str) -> Errors:
    wanted = mount.get("recursiveReadOnly")
    if wanted in (None, "Disabled"):
        return []
    if wanted not in _RECURSIVE:
        return [not_supported(path, wanted, _RECURSIVE)]
    errors = [] if mount.get("readOnly") else [forbidden(path, "may only be specified when readOnly is true")]
    if mount.get("mountPropagation", "None") != "None":
        errors.append(forbidden(path, "may only be specified when mountPropagation is None or not specified"))
    return errors


def _devices(devices: list[Obj], path: str, container: Obj, around: Surroundings) -> Errors:
    errors: Errors = []
    mounts = container.get("volumeMounts") or ()
    used: list[str] = []
    seen: list[str] = []
    for index, device in enumerate(devices):
        here, name, where = f"{path}[{index}]", device.get("name", ""), device.get("devicePath", "")
        volume = around.volumes.get(name)
        if not name:
            errors.append(required(f"{here}.name"))
        if name in seen:
            errors.append(invalid(f"{here}.name", name, "must be unique"))
        if volume is None:
            errors.append(not_found(f"{here}.name", name))
        elif "persistentVolumeClaim" not in volume and "ephemeral" not in volume:
            says = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
            errors.append(invalid(f"{here}.name", name, says))
        errors += _device_path(where, here, used)
        if any(mount.get("name") == name for mount in mounts):
            errors.append(invalid(f"{here}.name", name, "must not already exist in volumeMounts"))
        if any(mount.get("mountPath") == where for mount in mounts):
            says = "must not already exist as a path in volumeMounts"
            errors.append(invalid(f"{here}.devicePath", where, says))
        seen.append(name)
    return errors


def _device_path(where: str, path: str, used: list[str]) -> Errors:
    here = f"{path}.devicePath"
    errors = [] if where else [required(here)]
    if where in used:
        errors.append(invalid(here, where, "must be unique"))
    if where and validate_no_backsteps(where, here):
        return [*errors, invalid(here, where, "can not contain backsteps ('..')")]
    used.append(where)
    return errors


# Resizing


def _resize_policies(policies: list[Obj], path: str, restart_policy: str) -> Errors:
    errors: Errors = []
    seen: list[str] = []
    for index, policy in enumerate(policies):
        name, restart = policy.get("resourceName", ""), policy.get("restartPolicy", "")
        if name in seen:
            errors.append(duplicate(f"{path}[{index}]", GoText(name)))
        seen.append(name)
        if name not in _RESIZED:
            errors.append(not_supported(path, GoText(name), _RESIZED) if name else required(path))
        if restart not in _RESIZES:
            errors.append(not_supported(path, restart, _RESIZES) if restart else required(path))
        if restart_policy == "Never" and restart != "NotRequired":
            says = "must be 'NotRequired' when `restartPolicy` is 'Never'"
            errors.append(invalid(path, restart, says))
    return errors
