"""HorizontalPodAutoscaler in autoscaling/v1: what v1 has no field for travels in annotations.

`pkg/apis/autoscaling/v1/conversion.go`, `pkg/apis/autoscaling/annotations.go` (1.33). Stored is v2.
"""

import json
from collections.abc import Iterable
from typing import Any

from simulator.apiserver.errors import bad_request
from simulator.engine.plain import Obj
from simulator.machinery.decoding import check
from simulator.machinery.schemas import schema_for

RESOURCE = "horizontalpodautoscalers.autoscaling"
OLD, NEW = "autoscaling/v1", "autoscaling/v2"
_PREFIX = "autoscaling.alpha.kubernetes.io/"
_METRICS, _CURRENT, _CONDITIONS, _BEHAVIOR = (
    f"{_PREFIX}{name}" for name in ("metrics", "current-metrics", "conditions", "behavior")
)
_ANNOTATIONS = (_METRICS, _CURRENT, _CONDITIONS, _BEHAVIOR)
_DEFAULT_CPU = 80


def served(obj: Obj, version: str) -> Obj:
    """A stored autoscaler under the version that was asked for."""
    return _old(obj) if version == OLD and obj["apiVersion"] == NEW else obj


def stored(obj: Obj) -> Obj:
    """What was written under v1, as it is kept. Raises StatusError when its annotations hold something else than metrics."""
    if obj.get("apiVersion") != OLD:
        return obj
    read, problems = check(_new(obj), schema_for(NEW, "HorizontalPodAutoscaler"))
    wrong = next((problem for problem in problems if problem.sort == "type"), None)
    if wrong is not None:
        raise bad_request(
            f'HorizontalPodAutoscaler in version "v1" cannot be handled as a HorizontalPodAutoscaler: {wrong.message}'
        )
    return read


# v2 → v1


def _old(obj: Obj) -> Obj:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    metrics, current = spec.get("metrics") or [], status.get("currentMetrics") or []
    annotations = {
        key: text for key, text in (obj["metadata"].get("annotations") or {}).items() if key not in _ANNOTATIONS
    }
    others = [_old_metric(one) for one in metrics if _cpu_target(one) is None]
    for key, value in (
        (_METRICS, others),
        (_CURRENT, [_old_status(one) for one in current]),
        (_CONDITIONS, status.get("conditions") or []),
        (_BEHAVIOR, _old_behavior(spec.get("behavior"))),
    ):
        if value:
            annotations[key] = json.dumps(value, separators=(",", ":"))
    kept = {key: spec[key] for key in ("scaleTargetRef", "minReplicas", "maxReplicas") if key in spec}
    target = next((found for one in metrics if (found := _cpu_target(one)) is not None), None)
    kept |= {"targetCPUUtilizationPercentage": target} if target is not None else {}
    seen = {
        key: status[key]
        for key in ("observedGeneration", "lastScaleTime", "currentReplicas", "desiredReplicas")
        if key in status
    }
    used = next((found for one in current if (found := _cpu_use(one)) is not None), None)
    seen |= {"currentCPUUtilizationPercentage": used} if used is not None else {}
    metadata = {key: value for key, value in obj["metadata"].items() if key != "annotations"}
    metadata |= {"annotations": annotations} if annotations else {}
    return {**obj, "apiVersion": OLD, "metadata": metadata, "spec": kept, "status": seen}


def _cpu_target(metric: Obj) -> int | None:
    resource = metric.get("resource") or {}
    is_cpu = metric.get("type") == "Resource" and resource.get("name") == "cpu"
    return (resource.get("target") or {}).get("averageUtilization") if is_cpu else None


def _cpu_use(metric: Obj) -> int | None:
    resource = metric.get("resource") or {}
    is_cpu = metric.get("type") == "Resource" and resource.get("name") == "cpu"
    return (resource.get("current") or {}).get("averageUtilization") if is_cpu else None


#: Type of a metric → (field, what v2 calls a value → what v1 calls it).
_TARGETS: dict[str, tuple[str, dict[str, str]]] = {
    "Resource": ("resource", {"averageUtilization": "targetAverageUtilization", "averageValue": "targetAverageValue"}),
    "ContainerResource": (
        "containerResource",
        {"averageUtilization": "targetAverageUtilization", "averageValue": "targetAverageValue"},
    ),
    "Pods": ("pods", {"averageValue": "targetAverageValue"}),
    "Object": ("object", {"value": "targetValue", "averageValue": "averageValue"}),
    "External": ("external", {"value": "targetValue", "averageValue": "targetAverageValue"}),
}
_CURRENTS: dict[str, dict[str, str]] = {
    "Resource": {"averageUtilization": "currentAverageUtilization", "averageValue": "currentAverageValue"},
    "ContainerResource": {"averageUtilization": "currentAverageUtilization", "averageValue": "currentAverageValue"},
    "Pods": {"averageValue": "currentAverageValue"},
    "Object": {"value": "currentValue", "averageValue": "averageValue"},
    "External": {"value": "currentValue", "averageValue": "currentAverageValue"},
}


def _old_metric(metric: Obj) -> Obj:
    field, names = _TARGETS[metric["type"]]
    return {"type": metric["type"], field: _old_source(metric["type"], metric[field], "target", names)}


def _old_status(metric: Obj) -> Obj:
    kind = metric["type"]
    field = _TARGETS[kind][0]
    return {"type": kind, field: _old_source(kind, metric[field], "current", _CURRENTS[kind])}


def _old_source(kind: str, source: Obj, part: str, names: dict[str, str]) -> Obj:
    found: Obj = {key: source[key] for key in ("name", "container") if key in source}
    if kind == "Object":
        found["target"] = source.get("describedObject") or {}
    metric = source.get("metric") or {}
    if metric:
        found["metricName"] = metric.get("name", "")
        if metric.get("selector"):
            found["metricSelector" if kind == "External" else "selector"] = metric["selector"]
    given = source.get(part) or {}
    return {**found, **{old: given[new] for new, old in names.items() if new in given}}


def _old_behavior(behavior: Obj | None) -> Obj:
    """The rules are called alike in both versions, but for the capital letters of Go's own field names."""
    return {} if not behavior else {key[:1].upper() + key[1:]: _capital(value) for key, value in behavior.items()}


def _capital(rules: Any) -> Any:
    if isinstance(rules, dict):
        return {key[:1].upper() + key[1:]: _capital(value) for key, value in rules.items()}
    return [_capital(one) for one in rules] if isinstance(rules, list) else rules


def _small(rules: Any) -> Any:
    if isinstance(rules, dict):
        return {key[:1].lower() + key[1:]: _small(value) for key, value in rules.items() if value is not None}
    return [_small(one) for one in rules] if isinstance(rules, list) else rules


# v1 → v2


def _new(obj: Obj) -> Obj:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    named = obj.get("metadata") or {}
    given = named.get("annotations") or {}
    kept = {key: spec[key] for key in ("scaleTargetRef", "minReplicas", "maxReplicas") if key in spec}
    target = spec.get("targetCPUUtilizationPercentage")
    metrics = [_cpu(target)] if target is not None else []
    metrics += [_new_metric(one) for one in _listed(given, _METRICS)]
    kept["metrics"] = metrics or [_cpu(_DEFAULT_CPU)]
    behavior = _parsed(given, _BEHAVIOR)
    kept |= {"behavior": _small(behavior)} if isinstance(behavior, dict) else {}
    annotations = {key: text for key, text in given.items() if key not in _ANNOTATIONS}
    metadata = {key: value for key, value in named.items() if key != "annotations"}
    metadata |= {"annotations": annotations} if annotations else {}
    seen = {key: value for key, value in status.items() if key != "currentCPUUtilizationPercentage"}
    current = [_new_status(one) for one in _listed(given, _CURRENT)]
    seen |= {"currentMetrics": current} if current else {}
    conditions = _parsed(given, _CONDITIONS)
    seen |= {"conditions": conditions} if isinstance(conditions, list) else {}
    fresh = {**obj, "apiVersion": NEW, "metadata": metadata, "spec": kept}
    return {**fresh, "status": seen} if "status" in obj else fresh


def _cpu(percent: int) -> Obj:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def _new_metric(metric: Obj) -> Obj:
    kind = metric["type"]
    field, names = _TARGETS[kind]
    source = metric[field]
    target = {new: source[old] for new, old in names.items() if old in source}
    types = {"averageUtilization": "Utilization", "averageValue": "AverageValue", "value": "Value"}
    type = next((types[new] for new in ("averageUtilization", "averageValue", "value") if new in target), "")
    return {"type": kind, field: {**_new_source(kind, source), "target": {"type": type, **target}}}


def _new_status(metric: Obj) -> Obj:
    kind = metric["type"]
    field, names = _TARGETS[kind][0], _CURRENTS[kind]
    source = metric[field]
    current = {new: source[old] for new, old in names.items() if old in source}
    return {"type": kind, field: {**_new_source(kind, source), "current": current}}


def _new_source(kind: str, source: Obj) -> Obj:
    found: Obj = {key: source[key] for key in ("name", "container") if key in source}
    if kind == "Object":
        found["describedObject"] = source.get("target") or {}
    if "metricName" in source:
        selector = source.get("metricSelector" if kind == "External" else "selector")
        found["metric"] = {"name": source["metricName"], **({"selector": selector} if selector else {})}
    return found


def _parsed(annotations: Obj, key: str) -> Any:
    try:
        return json.loads(annotations.get(key) or "null")
    except (ValueError, RecursionError):
        return None


def _listed(annotations: Obj, key: str) -> Iterable[Obj]:
    found = _parsed(annotations, key)
    return [one for one in found if _is_metric(one)] if isinstance(found, list) else []


def _is_metric(one: Any) -> bool:
    field = _TARGETS.get(str(one.get("type")), ("",))[0] if isinstance(one, dict) else ""
    return bool(field) and isinstance(one.get(field), dict)
