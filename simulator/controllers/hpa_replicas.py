"""How many replicas a metric asks for: the autoscaler's arithmetic, without state.

Follows `pkg/controller/podautoscaler/replica_calculator.go` and `metrics/utilization.go` of v1.33, floating point included
(https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from simulator.controllers.hpa_metrics import MetricsError, PodMetric
from simulator.engine.plain import Obj
from simulator.machinery.quantities import milli

TOLERANCE = 0.1
#: `--horizontal-pod-autoscaler-cpu-initialization-period`, `--horizontal-pod-autoscaler-initial-readiness-delay`.
CPU_INITIALIZATION_US = 300_000_000
READINESS_DELAY_US = 30_000_000


class Proposal(NamedTuple):
    replicas: int
    utilization: int
    """Percent of the request; 0 for metrics that know none."""
    raw: int
    """The average a pod, in thousandths."""


class Groups(NamedTuple):
    ready: int
    unready: list[str]
    missing: list[str]


class Clock(NamedTuple):
    now: int
    micros: Callable[[str], int]
    """The moment a timestamp names."""


def is_within_tolerance(ratio: float) -> bool:
    return (1.0 - TOLERANCE) <= ratio <= (1.0 + TOLERANCE)


def by_utilization(
    current: int,
    target: int,
    pods: Sequence[Obj],
    metrics: Mapping[str, PodMetric],
    *,
    resource: str,
    container: str,
    clock: Clock,
) -> Proposal:
    """For a target in percent of what pods request. Raises MetricsError."""
    if not pods:
        raise MetricsError("no pods returned by selector while calculating replica count")
    groups = group_pods(pods, metrics, resource, clock)
    values = {name: metric.value for name, metric in metrics.items() if name not in groups.unready}
    requests = pod_requests(pods, resource, container)
    if not values:
        raise MetricsError("did not receive metrics for targeted pods (pods might be unready)")
    ratio, utilization, raw = _utilization(values, requests, target)

    def again(filled: dict[str, int]) -> float:
        return _utilization(filled, requests, target)[0]

    replicas = _rebalanced(current, ratio, values, groups, again, missing_value=requests)
    return Proposal(replicas, utilization, raw)


def by_average(
    current: int, target: int, pods: Sequence[Obj], metrics: Mapping[str, PodMetric], *, resource: str, clock: Clock
) -> Proposal:
    """For a target in plain thousandths a pod. Raises MetricsError."""
    if not pods:
        raise MetricsError("no pods returned by selector while calculating replica count")
    groups = group_pods(pods, metrics, resource, clock)
    values = {name: metric.value for name, metric in metrics.items() if name not in groups.unready}
    if not values:
        raise MetricsError("did not receive metrics for targeted pods (pods might be unready)")
    ratio, raw = _average(values, target)

    def again(filled: dict[str, int]) -> float:
        return _average(filled, target)[0]

    replicas = _rebalanced(current, ratio, values, groups, again, missing_value=dict.fromkeys(groups.missing, target))
    return Proposal(replicas, 0, raw)


def by_value(current: int, target: int, value: int, pods: Sequence[Obj]) -> Proposal:
    """For one value of an object or of something outside, against a target for the whole. Raises MetricsError."""
    ratio = value / target
    if current == 0:
        return Proposal(math.ceil(ratio), 0, value)
    if is_within_tolerance(ratio):
        return Proposal(current, 0, value)
    if not pods:
        raise MetricsError(
            "unable to calculate ready pods: no pods returned by selector while calculating replica count"
        )
    return Proposal(math.ceil(ratio * sum(_is_running_and_ready(pod) for pod in pods)), 0, value)


def by_value_per_pod(current: int, target: int, value: int) -> Proposal:
    """For one value that the replicas share; `current` is what the target's status counts."""
    replicas = current
    ratio = value / (target * replicas) if replicas else math.inf
    if not is_within_tolerance(ratio):
        replicas = math.ceil(value / target)
    return Proposal(replicas, 0, math.ceil(value / current) if current else value)


def _rebalanced(
    current: int,
    ratio: float,
    values: dict[str, int],
    groups: Groups,
    again: Callable[[dict[str, int]], float],
    *,
    missing_value: Mapping[str, int],
) -> int:
    """Pods without a usable measurement are counted so that they damp the change: full on the way down, idle on the way up."""
    rebalance = bool(groups.unready) and ratio > 1.0
    if not rebalance and not groups.missing:
        return current if is_within_tolerance(ratio) else math.ceil(ratio * groups.ready)
    filled = dict(values)
    if ratio < 1.0:
        filled.update({name: missing_value[name] for name in groups.missing})
    elif ratio > 1.0:
        filled.update(dict.fromkeys(groups.missing, 0))
    if rebalance:
        filled.update(dict.fromkeys(groups.unready, 0))
    fresh = again(filled)
    if is_within_tolerance(fresh) or (ratio < 1.0 < fresh) or (fresh < 1.0 < ratio):
        return current
    replicas = math.ceil(fresh * len(filled))
    if (fresh < 1.0 and replicas > current) or (fresh > 1.0 and replicas < current):
        return current
    return replicas


def _utilization(values: Mapping[str, int], requests: Mapping[str, int], target: int) -> tuple[float, int, int]:
    known = [(value, requests[name]) for name, value in values.items() if name in requests]
    total, asked = sum(value for value, _ in known), sum(request for _, request in known)
    if asked == 0:
        raise MetricsError("no metrics returned matched known pods")
    percent = total * 100 // asked
    return percent / target, percent, total // len(known)


def _average(values: Mapping[str, int], target: int) -> tuple[float, int]:
    mean = sum(values.values()) // len(values)
    return mean / target, mean


# Pods


def group_pods(pods: Sequence[Obj], metrics: Mapping[str, PodMetric], resource: str, clock: Clock) -> Groups:
    """Who counts, who is too young or unready to count, and who was not measured."""
    ready, unready, missing = 0, [], []
    for pod in pods:
        name, status = pod["metadata"]["name"], pod.get("status") or {}
        if "deletionTimestamp" in pod["metadata"] or status.get("phase") == "Failed":
            continue
        if status.get("phase", "Pending") == "Pending":
            unready.append(name)
        elif name not in metrics:
            missing.append(name)
        elif resource == "cpu" and _is_ignored(status, metrics[name], clock):
            unready.append(name)
        else:
            ready += 1
    return Groups(ready, unready, missing)


def _is_ignored(status: Obj, metric: PodMetric, clock: Clock) -> bool:
    """CPU of a pod that still starts says nothing of what it will need."""
    condition = next((one for one in status.get("conditions") or () if one["type"] == "Ready"), None)
    if condition is None or not status.get("startTime"):
        return True
    started, changed = clock.micros(status["startTime"]), clock.micros(condition["lastTransitionTime"])
    is_unready = condition["status"] == "False"
    if started + CPU_INITIALIZATION_US > clock.now:
        return is_unready or metric.at < changed + metric.window_us
    return is_unready and started + READINESS_DELAY_US > changed


def pod_requests(pods: Sequence[Obj], resource: str, container: str) -> dict[str, int]:
    """Thousandths each pod requests. Raises MetricsError when a container requests nothing."""
    return {pod["metadata"]["name"]: _requested(pod, resource, container) for pod in pods}


def _requested(pod: Obj, resource: str, wanted: str) -> int:
    sidecars = [one for one in pod["spec"].get("initContainers") or () if one.get("restartPolicy") == "Always"]
    total = 0
    for container in (*pod["spec"]["containers"], *sidecars):
        if wanted and container["name"] != wanted:
            continue
        requests = (container.get("resources") or {}).get("requests") or {}
        if resource not in requests:
            name = pod["metadata"]["name"]
            raise MetricsError(f"missing request for {resource} in container {container['name']} of Pod {name}")
        total += milli(requests[resource])
    return total


def _is_running_and_ready(pod: Obj) -> bool:
    status = pod.get("status") or {}
    conditions = status.get("conditions") or ()
    return status.get("phase") == "Running" and any(
        one["type"] == "Ready" and one["status"] == "True" for one in conditions
    )
