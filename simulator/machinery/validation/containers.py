"""Rules for containers of all three sorts: names, images, ports, environment, resources, mounts, probes.

Follows `pkg/apis/core/validation/validation.go` (1.33), in its order. `path` is where the container stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from simulator.machinery import names, quantities
from simulator.machinery.validation.field_errors import (
    FieldError,
    GoText,
    duplicate,
    forbidden,
    invalid,
    not_found,
    not_negative,
    not_supported,
    required,
)

Obj = dict[str, Any]
Errors = list[FieldError]

_MAX_ID = (1 << 32) - 1
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_MESSAGE_POLICIES = ("FallbackToLogsOnError", "File")
_ENV_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
_KNOWN_FIELDS = frozenset((*_ENV_FIELDS, "spec.restartPolicy", "spec.schedulerName", "status.phase"))
_KEYED_FIELD = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")
_STANDARD_RESOURCES = ("cpu", "memory", "ephemeral-storage")
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef")


@lru_cache(maxsize=4096)
def _label_problems(name: str) -> tuple[str, ...]:
    return tuple(names.dns_label(name))


def validate_container(container: Obj, path: str, volumes: Iterable[str]) -> Errors:
    """What holds for regular, init and ephemeral containers alike."""
    errors: Errors = []
    name, image = container.get("name", ""), container.get("image", "")
    if not name:
        errors.append(required(f"{path}.name"))
    else:
        errors += [invalid(f"{path}.name", name, says) for says in _label_problems(name)]
    if not image:
        errors.append(required(f"{path}.image"))
    elif image != image.strip():
        errors.append(invalid(f"{path}.image", image, "must not have leading or trailing whitespace"))
    policy = container.get("terminationMessagePolicy", "File")
    if policy not in _MESSAGE_POLICIES:
        errors.append(not_supported(f"{path}.terminationMessagePolicy", policy, _MESSAGE_POLICIES))
    if ports := container.get("ports"):
        errors += _ports(ports, f"{path}.ports")
    if env := container.get("env"):
        errors += _environment(env, f"{path}.env")
    if sources := container.get("envFrom"):
        errors += _environment_sources(sources, f"{path}.envFrom")
    if mounts := container.get("volumeMounts"):
        errors += _mounts(mounts, f"{path}.volumeMounts", volumes)
    pull = container.get("imagePullPolicy", "")
    if pull not in _PULL_POLICIES:
        errors.append(
            not_supported(f"{path}.imagePullPolicy", pull, _PULL_POLICIES)
            if pull
            else required(f"{path}.imagePullPolicy")
        )
    if resources := container.get("resources"):
        errors += validate_resources(resources, f"{path}.resources")
    if security := container.get("securityContext"):
        for key in ("runAsUser", "runAsGroup"):
            errors += user_or_group(security.get(key), f"{path}.securityContext.{key}")
    return errors


def user_or_group(number: int | None, path: str) -> Errors:
    """A Unix user or group id, if one is given."""
    if number is None or 0 <= number <= _MAX_ID:
        return []
    return [invalid(path, number, names.outside(0, _MAX_ID))]


def validate_lifetime(container: Obj, path: str) -> Errors:
    """Lifecycle hooks and probes, which only long-running containers may have."""
    errors: Errors = []
    if hooks := container.get("lifecycle"):
        for name in ("postStart", "preStop"):
            if name in hooks:
                errors += _handler(hooks[name], f"{path}.lifecycle.{name}", (*_HANDLERS[:3], "sleep"))
    for kind in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe := container.get(kind):
            errors += _probe(probe, f"{path}.{kind}")
            if kind != "readinessProbe" and probe.get("successThreshold", 1) != 1:
                errors.append(invalid(f"{path}.{kind}.successThreshold", probe["successThreshold"], "must be 1"))
    return errors


# -- Ports and environment ----------------------------------------------------------------------------------------


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
        elif protocol not in _PROTOCOLS:
            errors.append(not_supported(f"{here}.protocol", protocol, _PROTOCOLS))
    return errors


def _port_numbers(port: Obj, path: str) -> Errors:
    number, host = port.get("containerPort", 0), port.get("hostPort", 0)
    errors = [required(f"{path}.containerPort")] if number == 0 else []
    if number:
        errors += [invalid(f"{path}.containerPort", number, says) for says in names.port_number(number)]
    if host:
        errors += [invalid(f"{path}.hostPort", host, says) for says in names.port_number(host)]
    return errors


def _environment(env: list[Obj], path: str) -> Errors:
    errors: Errors = []
    for index, variable in enumerate(env):
        here, name = f"{path}[{index}]", variable.get("name", "")
        if not name:
            errors.append(required(f"{here}.name"))
        else:
            errors += [invalid(f"{here}.name", name, says) for says in names.environment_variable(name)]
        if (source := variable.get("valueFrom")) is not None:
            errors += _value_source(source, variable, f"{here}.valueFrom")
    return errors


def _value_source(source: Obj, variable: Obj, path: str) -> Errors:
    errors: Errors = []
    given = [kind for kind in _SOURCES if source.get(kind) is not None]
    if "fieldRef" in given:
        errors += validate_field_reference(source["fieldRef"], f"{path}.fieldRef", _ENV_FIELDS)
    for kind in ("configMapKeyRef", "secretKeyRef"):
        if kind in given:
            errors += _key_reference(source[kind], f"{path}.{kind}")
    if not given:
        says = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
        errors.append(invalid(path, "", says))
    elif variable.get("value"):
        errors.append(invalid(path, "", "may not be specified when `value` is not empty"))
    elif len(given) > 1:
        errors.append(invalid(path, "", "may not have more than one field specified at a time"))
    return errors


def validate_field_reference(reference: Obj, path: str, supported: Iterable[str]) -> Errors:
    """A downward API field: known at all, and allowed here."""
    field = reference.get("fieldPath", "")
    if not field:
        return [required(f"{path}.fieldPath")]
    if keyed := _KEYED_FIELD.fullmatch(field):
        return [invalid(path, keyed[2], says) for says in names.qualified_name(keyed[2].lower())]
    if field not in _KNOWN_FIELDS and field not in tuple(supported):
        says = f"error converting fieldPath: field label not supported: {field}"
        return [invalid(f"{path}.fieldPath", field, says)]
    if field not in tuple(supported):
        return [not_supported(f"{path}.fieldPath", field, sorted(supported))]
    return []


def _key_reference(reference: Obj, path: str) -> Errors:
    key = reference.get("key", "")
    if not key:
        return [required(f"{path}.key")]
    return [invalid(f"{path}.key", key, says) for says in names.config_key(key)]


def _environment_sources(sources: list[Obj], path: str) -> Errors:
    errors: Errors = []
    for index, source in enumerate(sources):
        here = f"{path}[{index}]"
        if prefix := source.get("prefix"):
            errors += [invalid(f"{here}.prefix", prefix, says) for says in names.environment_variable(prefix)]
        given = [kind for kind in ("configMapRef", "secretRef") if source.get(kind) is not None]
        for kind in given:
            if not source[kind].get("name"):
                errors.append(required(f"{here}.{kind}.name"))
        if not given:
            errors.append(invalid(here, "", "must specify one of: `configMapRef` or `secretRef`"))
        elif len(given) > 1:
            errors.append(invalid(here, "", "may not have more than one field specified at a time"))
    return errors


# -- Mounts and resources -----------------------------------------------------------------------------------------


def _mounts(mounts: list[Obj], path: str, volumes: Iterable[str]) -> Errors:
    errors: Errors = []
    known = tuple(volumes)
    used: list[str] = []
    for index, mount in enumerate(mounts):
        here, name, where = f"{path}[{index}]", mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            errors.append(required(f"{here}.name"))
        if name not in known:
            errors.append(not_found(f"{here}.name", name))
        if not where:
            errors.append(required(f"{here}.mountPath"))
        if where in used:
            errors.append(invalid(f"{here}.mountPath", where, "must be unique"))
        used.append(where)
        if sub := mount.get("subPath"):
            errors += validate_local_path(sub, f"{here}.subPath")
        if mount.get("subPathExpr"):
            if sub:
                errors.append(
                    invalid(
                        f"{here}.subPathExpr", mount["subPathExpr"], "subPathExpr and subPath are mutually exclusive"
                    )
                )
            errors += validate_local_path(mount["subPathExpr"], f"{here}.subPathExpr")
    return errors


def validate_local_path(value: str, path: str) -> Errors:
    """A path inside a volume: relative, and never upwards."""
    if value.startswith("/"):
        return [invalid(path, value, "must be a relative path")]
    return [invalid(path, value, "must not contain '..'")] if ".." in value.split("/") else []


def validate_resources(resources: Obj, path: str) -> Errors:
    """Requests and limits of a container or a pod."""
    errors: Errors = []
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for name, amount in limits.items():
        errors += _resource_amount(name, amount, f"{path}.limits")
    for name, amount in requests.items():
        errors += _resource_amount(name, amount, f"{path}.requests")
        limit = limits.get(name)
        if limit is not None and amount != limit:
            errors += _request_and_limit(name, amount, limit, f"{path}.requests")
        elif limit is None and _is_extended(name):
            errors.append(required(f"{path}.limits", "Limit must be set for non overcommitable resources"))
    return errors


def _resource_amount(name: str, amount: str, path: str) -> Errors:
    errors: Errors = []
    here = f"{path}[{name}]"
    if name not in _STANDARD_RESOURCES:
        errors += _resource_name(name, here)
    if quantities.parse(amount).nanos < 0:
        errors.append(invalid(here, amount, "must be greater than or equal to 0"))
    if _is_extended(name) and quantities.parse(amount).nanos % quantities.NANO:
        errors.append(invalid(here, amount, "must be an integer"))
    return errors


def _resource_name(name: str, path: str) -> Errors:
    shown = GoText(name)  # a ResourceName knows how to print itself, so it stands without quotes
    errors = [invalid(path, shown, says) for says in names.qualified_name(name)]
    if errors or name.startswith("hugepages-") or "/" in name:
        return errors
    return [
        invalid(path, shown, "must be a standard resource type or fully qualified"),
        invalid(path, shown, "must be a standard resource for containers"),
    ]


def _is_extended(name: str) -> bool:
    return "/" in name and "kubernetes.io/" not in name


def _request_and_limit(name: str, amount: str, limit: str, path: str) -> Errors:
    wanted, ceiling = quantities.parse(amount).nanos, quantities.parse(limit).nanos
    if wanted != ceiling and (_is_extended(name) or name.startswith("hugepages-")):
        return [invalid(path, amount, f"must be equal to {name} limit of {limit}")]
    if wanted > ceiling:
        return [invalid(path, amount, f"must be less than or equal to {name} limit of {limit}")]
    return []


# -- Probes and hooks ---------------------------------------------------------------------------------------------


def _probe(probe: Obj, path: str) -> Errors:
    errors = _handler(probe, path, _HANDLERS)
    for key in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"):
        if probe.get(key, 0) < 0:
            errors += not_negative(f"{path}.{key}", probe[key])
    return errors


def _handler(handler: Obj, path: str, kinds: tuple[str, ...]) -> Errors:
    given = [kind for kind in kinds if handler.get(kind) is not None]
    if not given:
        return [required(path, "must specify a handler type")]
    errors = _HANDLER_RULES[given[0]](handler[given[0]], f"{path}.{given[0]}")
    return errors + [forbidden(f"{path}.{kind}", "may not specify more than 1 handler type") for kind in given[1:]]


def _exec(action: Obj, path: str) -> Errors:
    return [] if action.get("command") else [required(f"{path}.command")]


def _http(action: Obj, path: str) -> Errors:
    errors = [] if action.get("path") else [required(f"{path}.path")]
    errors += port_number_or_name(action.get("port", 0), f"{path}.port")
    if action.get("scheme", "HTTP") not in ("HTTP", "HTTPS"):
        errors.append(not_supported(f"{path}.scheme", action["scheme"], ("HTTP", "HTTPS")))
    for index, header in enumerate(action.get("httpHeaders") or ()):
        name = header.get("name", "")
        errors += [invalid(f"{path}.httpHeaders[{index}].name", name, says) for says in names.http_header(name)]
    return errors


def _tcp(action: Obj, path: str) -> Errors:
    return port_number_or_name(action.get("port", 0), f"{path}.port")


def _grpc(action: Obj, path: str) -> Errors:
    return port_number_or_name(action.get("port", 0), f"{path}.port")


def _sleep(action: Obj, path: str) -> Errors:
    return not_negative(path, action.get("seconds", 0))


_HANDLER_RULES: dict[str, Callable[[Obj, str], Errors]] = {
    "exec": _exec,
    "httpGet": _http,
    "tcpSocket": _tcp,
    "grpc": _grpc,
    "sleep": _sleep,
}


def port_number_or_name(port: Any, path: str) -> Errors:
    """An IntOrString that names a port."""
    problems = names.port_name(port) if isinstance(port, str) else names.port_number(port)
    return [invalid(path, port, says) for says in problems]
