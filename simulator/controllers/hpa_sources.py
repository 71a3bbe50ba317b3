"""What each metric of an autoscaler asks for: five kinds of sources, and in which words each of them fails.

Follows `computeReplicasForMetric` and `computeStatusFor…Metric` in `pkg/controller/podautoscaler/horizontal.go` of v1.33. Leaves to others: the arithmetic
(`hpa_replicas`), which of several metrics counts (`horizontal_pod_autoscaler`).
"""

from typing import NamedTuple

from simulator.controllers import hpa_replicas
from simulator.controllers.hpa_metrics import MetricsClient, MetricsError
from simulator.controllers.hpa_replicas import Clock, Proposal
from simulator.engine import Engine
from simulator.engine.plain import Obj
from simulator.machinery import quantities


class Found(NamedTuple):
    """What a metric says: the replicas it asks for, its name in a reason, its entry in status.currentMetrics."""

    replicas: int
    name: str
    status: Obj


class InvalidMetric(Exception):
    """A metric that says nothing, with the event's reason and the condition's message."""

    def __init__(self, reason: str, message: str, wrapped: str = "") -> None:
        super().__init__(wrapped or message)
        self.reason = reason
        self.message = message


class MetricSources:
    def __init__(self, client: MetricsClient, engine: Engine) -> None:
        self._client = client
        self._engine = engine

    def of(self, hpa: Obj, spec: Obj, pods: list[Obj], current: int, counted: int) -> Found:
        """`current`: replicas wanted so far; `counted`: those there are. Raises InvalidMetric."""
        match spec["type"]:
            case "Resource":
                return self._of_resource(hpa, spec["resource"], pods, current, container="")
            case "ContainerResource":
                source = spec["containerResource"]
                return self._of_resource(hpa, source, pods, current, container=source["container"])
            case "Pods":
                return self._of_pods(hpa, spec["pods"], pods, current)
            case "Object":
                return self._of_object(hpa, spec["object"], pods, current, counted)
        return self._of_external(hpa, spec["external"], pods, current, counted)

    def _of_resource(self, hpa: Obj, source: Obj, pods: list[Obj], current: int, *, container: str) -> Found:
        name, target = source["name"], source["target"]
        clock = Clock(self._engine.now, self._engine.micros)
        try:
            metrics = self._client.resource(hpa["metadata"]["namespace"], pods, name, container)
        except MetricsError as error:
            raise _resource_error(source, container, f"unable to get metrics for resource {name}: {error}") from error
        try:
            if target.get("averageValue") is not None:
                wanted = quantities.milli(target["averageValue"])
                found = hpa_replicas.by_average(current, wanted, pods, metrics, resource=name, clock=clock)
                now: Obj = {"averageValue": quantities.from_milli(found.raw)}
                told = f"{name} resource"
            else:
                found = hpa_replicas.by_utilization(
                    current,
                    target["averageUtilization"],
                    pods,
                    metrics,
                    resource=name,
                    container=container,
                    clock=clock,
                )
                now = {"averageUtilization": found.utilization, "averageValue": quantities.from_milli(found.raw)}
                told = f"{name} {'container ' if container else ''}resource utilization (percentage of request)"
        except MetricsError as error:
            raise _resource_error(source, container, str(error)) from error
        part = {"name": name, **({"container": container} if container else {}), "current": now}
        if container:
            return Found(found.replicas, told, {"type": "ContainerResource", "containerResource": part})
        return Found(found.replicas, told, {"type": "Resource", "resource": part})

    def _of_pods(self, hpa: Obj, source: Obj, pods: list[Obj], current: int) -> Found:
        name, target = source["metric"]["name"], quantities.milli(source["target"]["averageValue"])
        try:
            try:
                metrics = self._client.of_pods(hpa["metadata"]["namespace"], pods, name)
            except MetricsError as error:
                raise MetricsError(f"unable to get metric {name}: {error}") from error
            found = hpa_replicas.by_average(
                current, target, pods, metrics, resource="", clock=Clock(self._engine.now, self._engine.micros)
            )
        except MetricsError as error:
            raise InvalidMetric(
                "FailedGetPodsMetric", str(error), f"failed to get pods metric value: {error}"
            ) from error
        part = {"metric": source["metric"], "current": {"averageValue": quantities.from_milli(found.raw)}}
        return Found(found.replicas, f"pods metric {name}", {"type": "Pods", "pods": part})

    def _of_object(self, hpa: Obj, source: Obj, pods: list[Obj], current: int, counted: int) -> Found:
        name, about = source["metric"]["name"], source["describedObject"]
        namespace = hpa["metadata"]["namespace"]
        try:
            value = self._client.of_object(namespace, about, name)
        except MetricsError as error:
            message = f"unable to get metric {name}: {about['kind']} on {namespace} {about['name']}/{error}"
            raise _object_error(source, message) from error
        try:
            found, now = _shared(source["target"], value, pods, current, counted)
        except MetricsError as error:
            raise _object_error(source, str(error)) from error
        part: Obj = {"metric": source["metric"], "describedObject": about, "current": now}
        told = f"{about['kind']} metric {name}" if "value" in now else f"external metric {name}(nil)"
        return Found(found.replicas, told, {"type": "Object", "object": part})

    def _of_external(self, hpa: Obj, source: Obj, pods: list[Obj], current: int, counted: int) -> Found:
        name, selector = source["metric"]["name"], source["metric"].get("selector")
        namespace = hpa["metadata"]["namespace"]
        try:
            value = sum(self._client.external(namespace, name, selector))
        except MetricsError as error:
            message = f"unable to get external metric {namespace}/{name}/{_go_selector(selector)}: {error}"
            raise _external_error(source, message) from error
        try:
            found, now = _shared(source["target"], value, pods, current, counted)
        except MetricsError as error:
            raise _external_error(source, str(error)) from error
        part = {"metric": source["metric"], "current": now}
        return Found(
            found.replicas, f"external metric {name}({_go_selector(selector)})", {"type": "External", "external": part}
        )


def _shared(target: Obj, value: int, pods: list[Obj], current: int, counted: int) -> tuple[Proposal, Obj]:
    """What one value of the whole workload asks for. Raises MetricsError."""
    if target.get("averageValue") is not None:
        found = hpa_replicas.by_value_per_pod(counted, quantities.milli(target["averageValue"]), value)
        return found, {"averageValue": quantities.from_milli(found.raw)}
    found = hpa_replicas.by_value(current, quantities.milli(target["value"]), value, pods)
    return found, {"value": quantities.from_milli(value)}


def _resource_error(source: Obj, container: str, why: str) -> InvalidMetric:
    what = "usage" if source["target"].get("averageValue") is not None else "utilization"
    message = f"failed to get {source['name']} {what}: {why}"
    if container:
        wrapped = f"failed to get {container} container metric value: {message}"
        return InvalidMetric("FailedGetContainerResourceMetric", message, wrapped)
    return InvalidMetric(
        "FailedGetResourceMetric", message, f"failed to get {source['name']} resource metric value: {message}"
    )


def _object_error(source: Obj, message: str) -> InvalidMetric:
    wrapped = message
    if source["target"].get("averageValue") is not None:
        wrapped = f"failed to get {source['metric']['name']} object metric: {message}"
    return InvalidMetric("FailedGetObjectMetric", message, f"failed to get object metric value: {wrapped}")


def _external_error(source: Obj, message: str) -> InvalidMetric:
    name = source["metric"]["name"]
    wrapped = f"failed to get external metric {name}: {message}"
    if source["target"].get("averageValue") is not None:
        wrapped = f"failed to get {name} external metric: {message}"
    return InvalidMetric("FailedGetExternalMetric", message, f"failed to get {name} external metric value: {wrapped}")


def _go_selector(selector: Obj | None) -> str:
    """A *metav1.LabelSelector as Go's %+v prints it."""
    if selector is None:
        return "nil"
    labels = selector.get("matchLabels") or {}
    inside = " ".join(f"{key}:{labels[key]}" for key in sorted(labels))
    return (
        f"&LabelSelector{{MatchLabels:map[string]string{{{inside}}},MatchExpressions:[]LabelSelectorRequirement{{}},}}"
    )
