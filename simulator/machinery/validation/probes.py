"""Rules for probes and lifecycle hooks.

Follows `validateProbe`, `validateLifecycle` and `validateHandler` of `pkg/apis/core/validation/validation.go` (1.33).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.machinery import names
from simulator.machinery.validation.field_errors import (
    FieldError,
    forbidden,
    invalid,
    not_negative,
    not_supported,
    required,
)

Obj = dict[str, Any]
Errors = list[FieldError]

_PROBES = ("exec", "httpGet", "tcpSocket", "grpc")
_HOOKS = ("exec", "httpGet", "tcpSocket", "sleep")
_NUMBERS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")


def validate_lifetime(container: Obj, path: str, grace_s: int | None) -> Errors:
    """Lifecycle hooks and probes, which only long-running containers may have."""
    errors: Errors = []
    if hooks := container.get("lifecycle"):
        for name in ("postStart", "preStop"):
            if name in hooks:
                errors += _handler(hooks[name], f"{path}.lifecycle.{name}", _HOOKS, grace_s)
    for kind in ("livenessProbe", "readinessProbe", "startupProbe"):
        if (probe := container.get(kind)) is not None:
            errors += _probe(probe, f"{path}.{kind}", grace_s)
            if kind != "readinessProbe" and probe.get("successThreshold", 1) != 1:
                errors.append(invalid(f"{path}.{kind}.successThreshold", probe["successThreshold"], "must be 1"))
            elif kind == "readinessProbe" and probe.get("terminationGracePeriodSeconds") is not None:
                here = f"{path}.{kind}.terminationGracePeriodSeconds"
                says = "must not be set for readinessProbes"
                errors.append(invalid(here, probe["terminationGracePeriodSeconds"], says))
    return errors


def _probe(probe: Obj, path: str, grace_s: int | None) -> Errors:
    errors = _handler(probe, path, _PROBES, grace_s)
    for key in _NUMBERS:
        errors += not_negative(f"{path}.{key}", probe.get(key))
    own = probe.get("terminationGracePeriodSeconds")
    if own is not None and own <= 0:
        errors.append(invalid(f"{path}.terminationGracePeriodSeconds", own, "must be greater than 0"))
    return errors


def _handler(handler: Obj, path: str, kinds: tuple[str, ...], grace_s: int | None) -> Errors:
    given = [kind for kind in kinds if handler.get(kind) is not None]
    if not given:
        return [required(path, "must specify a handler type")]
    first, here = handler[given[0]], f"{path}.{given[0]}"
    errors = _sleep(first, here, grace_s) if given[0] == "sleep" else _RULES[given[0]](first, here)
    return errors + [forbidden(f"{path}.{kind}", "may not specify more than 1 handler type") for kind in given[1:]]


def _exec(action: Obj, path: str) -> Errors:
    return [] if action.get("command") else [required(f"{path}.command")]


def _http(action: Obj, path: str) -> Errors:
    errors = [] if action.get("path") else [required(f"{path}.path")]
    errors += port_number_or_name(action.get("port", 0), f"{path}.port")
    if action.get("scheme", "HTTP") not in ("HTTP", "HTTPS"):
        errors.append(not_supported(f"{path}.scheme", action["scheme"], ("HTTP", "HTTPS")))
    for header in action.get("httpHeaders") or ():
        name = header.get("name", "")
        errors += [invalid(f"{path}.httpHeaders", name, says) for says in names.http_header(name)]
    return errors


def _port(action: Obj, path: str) -> Errors:
    return port_number_or_name(action.get("port", 0), f"{path}.port")


def _sleep(action: Obj, path: str, grace_s: int | None) -> Errors:
    seconds = action.get("seconds", 0)
    if grace_s is None or 0 <= seconds <= grace_s:
        return []
    return [invalid(path, seconds, f"must be non-negative and less than terminationGracePeriodSeconds ({grace_s})")]


_RULES: dict[str, Callable[[Obj, str], Errors]] = {"exec": _exec, "httpGet": _http, "tcpSocket": _port, "grpc": _port}


def port_number_or_name(port: Any, path: str) -> Errors:
    """An IntOrString that names a port."""
    problems = names.port_name(port) if isinstance(port, str) else names.port_number(port)
    return [invalid(path, port, says) for says in problems]
