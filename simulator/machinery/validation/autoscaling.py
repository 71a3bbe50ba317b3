"""Rules for horizontal autoscalers. Follows `pkg/apis/autoscaling/validation/validation.go` (1.33)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.machinery import names, quantities
from simulator.machinery.validation.field_errors import (
    NOT_POSITIVE,
    FieldError,
    forbidden,
    invalid,
    not_supported,
    required,
    shown_quantity,
)
from simulator.machinery.validation.metadata import path_segment
from simulator.machinery.validation.resource_names import container_resource

Obj = dict[str, Any]
Errors = list[FieldError]

_MAX_PERIOD_S, _MAX_WINDOW_S = 1800, 3600
_SELECTIONS = ("Disabled", "Max", "Min")
_POLICIES = ("Percent", "Pods")
_TYPES = ("ContainerResource", "External", "Object", "Pods", "Resource")
#: In the order in which upstream looks at them.
_FIELDS = ("object", "external", "pods", "resource", "containerResource")
_TARGETS = ("Utilization", "Value", "AverageValue")


def validate_autoscaler(autoscaler: Obj) -> Errors:
    return _autoscaler(autoscaler, least_allowed=1)


def validate_autoscaler_update(new: Obj, old: Obj) -> Errors:
    """One that has been allowed to scale to zero goes on."""
    had = (old.get("spec") or {}).get("minReplicas")
    return _autoscaler(new, least_allowed=0 if had == 0 else 1)


def _autoscaler(autoscaler: Obj, *, least_allowed: int) -> Errors:
    spec = autoscaler.get("spec") or {}
    least, most = spec.get("minReplicas"), spec.get("maxReplicas", 0)
    errors: Errors = []
    if least is not None and least < least_allowed:
        says = f"must be greater than or equal to {least_allowed}"
        errors.append(invalid("spec.minReplicas", least, says))
    if most < 1:
        errors.append(invalid("spec.maxReplicas", most, "must be greater than 0"))
    if least is not None and most < least:
        errors.append(invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`"))
    errors += _reference(spec.get("scaleTargetRef") or {}, "spec.scaleTargetRef")
    metrics = spec.get("metrics") or ()
    for index, metric in enumerate(metrics):
        errors += _metric(metric, f"spec.metrics[{index}]")
    if least == 0 and not any(metric.get("type") in ("Object", "External") for metric in metrics):
        says = "must specify at least one Object or External metric to support scaling to zero replicas"
        errors.append(forbidden("spec.metrics", says))
    for direction in ("scaleUp", "scaleDown"):
        if (rules := (spec.get("behavior") or {}).get(direction)) is not None:
            errors += _rules(rules, f"spec.behavior.{direction}")
    return errors


def _reference(reference: Obj, path: str) -> Errors:
    errors: Errors = []
    for key in ("kind", "name"):
        value = reference.get(key, "")
        if not value:
            errors.append(required(f"{path}.{key}"))
        else:
            errors += [invalid(f"{path}.{key}", value, says) for says in path_segment(value)]
    return errors


def _rules(rules: Obj, path: str) -> Errors:
    errors: Errors = []
    window, here = rules.get("stabilizationWindowSeconds"), f"{path}.stabilizationWindowSeconds"
    if window is not None and window < 0:
        errors.append(invalid(here, window, "must be greater than or equal to zero"))
    if window is not None and window > _MAX_WINDOW_S:
        errors.append(invalid(here, window, f"must be less than or equal to {_MAX_WINDOW_S}"))
    if rules.get("selectPolicy") not in (None, *_SELECTIONS):
        errors.append(not_supported(f"{path}.selectPolicy", rules["selectPolicy"], _SELECTIONS))
    policies = rules.get("policies") or ()
    if not policies:
        errors.append(required(f"{path}.policies", "must specify at least one Policy"))
    for index, policy in enumerate(policies):
        errors += _policy(policy, f"{path}.policies[{index}]")
    return errors


def _policy(policy: Obj, path: str) -> Errors:
    errors: Errors = []
    kind, value, period = policy.get("type", ""), policy.get("value", 0), policy.get("periodSeconds", 0)
    if kind not in _POLICIES:
        errors.append(not_supported(f"{path}.type", kind, _POLICIES))
    if value <= 0:
        errors.append(invalid(f"{path}.value", value, NOT_POSITIVE))
    if period <= 0:
        errors.append(invalid(f"{path}.periodSeconds", period, NOT_POSITIVE))
    if period > _MAX_PERIOD_S:
        errors.append(invalid(f"{path}.periodSeconds", period, f"must be less than or equal to {_MAX_PERIOD_S}"))
    return errors


# Metrics


def _metric(metric: Obj, path: str) -> Errors:
    kind = metric.get("type", "")
    errors = [] if kind else [required(f"{path}.type", "must specify a metric source type")]
    if kind not in _TYPES:
        errors.append(not_supported(f"{path}.type", kind, _TYPES))
    given = [field for field in _FIELDS if metric.get(field) is not None]
    if given:
        errors += _SOURCES[given[0]](metric[given[0]], f"{path}.{given[0]}")
    wanted = kind[:1].lower() + kind[1:]
    if kind in _TYPES and wanted not in given:
        errors.append(required(f"{path}.{wanted}", "must populate information for the given metric source"))
    if len(given) != 1:
        errors += [
            forbidden(f"{path}.{field}", "must populate the given metric source only")
            for field in sorted(given)
            if field != wanted
        ]
    return errors


def _object(source: Obj, path: str) -> Errors:
    target = source.get("target") or {}
    errors = _reference(source.get("describedObject") or {}, f"{path}.describedObject")
    errors += _identifier(source.get("metric") or {}, f"{path}.metric") + _target(target, f"{path}.target")
    if "value" not in target and "averageValue" not in target:
        says = "must set either a target value or averageValue"
        errors.append(required(f"{path}.target.averageValue", says))
    return errors


def _external(source: Obj, path: str) -> Errors:
    target = source.get("target") or {}
    errors = _identifier(source.get("metric") or {}, f"{path}.metric") + _target(target, f"{path}.target")
    if "value" not in target and "averageValue" not in target:
        says = "must set either a target value for metric or a per-pod target"
        errors.append(required(f"{path}.target.averageValue", says))
    if "value" in target and "averageValue" in target:
        says = "may not set both a target value for metric and a per-pod target"
        errors.append(forbidden(f"{path}.target.value", says))
    return errors


def _pods(source: Obj, path: str) -> Errors:
    target = source.get("target") or {}
    errors = _identifier(source.get("metric") or {}, f"{path}.metric") + _target(target, f"{path}.target")
    if "averageValue" not in target:
        says = "must specify a positive target averageValue"
        errors.append(required(f"{path}.target.averageValue", says))
    return errors


def _resource(source: Obj, path: str) -> Errors:
    errors = [] if source.get("name") else [required(f"{path}.name", "must specify a resource name")]
    return errors + _resource_target(source, path)


def _container_resource(source: Obj, path: str) -> Errors:
    name, container = source.get("name", ""), source.get("container", "")
    if not name:
        errors = [required(f"{path}.name", "must specify a resource name")]
    else:
        errors = container_resource(name, f"{path}.name")
    if not container:
        errors.append(required(f"{path}.container", "must specify a container"))
    else:
        errors += [invalid(f"{path}.container", container, says) for says in names.dns_label(container)]
    return errors + _resource_target(source, path)


def _resource_target(source: Obj, path: str) -> Errors:
    target = source.get("target") or {}
    errors = _target(target, f"{path}.target")
    if "averageUtilization" not in target and "averageValue" not in target:
        says = "must set either a target raw value or a target utilization"
        errors.append(required(f"{path}.target.averageUtilization", says))
    if "averageUtilization" in target and "averageValue" in target:
        says = "may not set both a target raw value and a target utilization"
        errors.append(forbidden(f"{path}.target.averageValue", says))
    return errors


_SOURCES: dict[str, Callable[[Obj, str], Errors]] = {
    "object": _object,
    "external": _external,
    "pods": _pods,
    "resource": _resource,
    "containerResource": _container_resource,
}


def _target(target: Obj, path: str) -> Errors:
    kind = target.get("type", "")
    errors = [] if kind else [required(f"{path}.type", "must specify a metric target type")]
    if kind not in _TARGETS:
        errors.append(invalid(f"{path}.type", kind, "must be either Utilization, Value, or AverageValue"))
    for key in ("value", "averageValue"):
        if key in target and quantities.parse(target[key]).nanos <= 0:
            errors.append(invalid(f"{path}.{key}", shown_quantity(target[key]), "must be positive"))
    percent = target.get("averageUtilization")
    if percent is not None and percent < 1:
        errors.append(invalid(f"{path}.averageUtilization", percent, "must be greater than 0"))
    return errors


def _identifier(metric: Obj, path: str) -> Errors:
    name = metric.get("name", "")
    if not name:
        return [required(f"{path}.name", "must specify a metric name")]
    return [invalid(f"{path}.name", name, says) for says in path_segment(name)]
