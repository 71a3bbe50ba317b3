"""What the autoscaler's metrics client finds behind the aggregation layer, and the words of what it does not find.

Follows `pkg/controller/podautoscaler/metrics/client.go` of v1.33 and the clients of k8s.io/metrics it uses.
"""

from collections.abc import Mapping

from simulator.apiserver.aggregation import Aggregator
from simulator.controllers.hpa_metrics import MetricsError, PodMetric
from simulator.engine.plain import Obj
from simulator.machinery.quantities import NANO
from simulator.node.custom_metrics import CustomMetrics
from simulator.node.resource_metrics import ResourceMetrics

_NOT_THERE = "the server could not find the requested resource"
_DOWN = "the server is currently unable to handle the request"
_MINUTE_US = 60_000_000


class MetricsApis:
    def __init__(self, aggregator: Aggregator, resource: ResourceMetrics, custom: CustomMetrics) -> None:
        self._aggregator = aggregator
        self._resource = resource
        self._custom = custom

    def resource(self, namespace: str, pods: list[Obj], name: str, container: str) -> dict[str, PodMetric]:
        self._need("metrics.k8s.io", "resource metrics API", "pods.metrics.k8s.io")
        found: dict[str, PodMetric] = {}
        measured = False
        for pod in pods:
            sample = self._resource.sample(pod)
            if sample is None:
                continue
            measured = True
            uses = [use for use in sample.uses if container in ("", use.container)]
            if container and not uses:
                continue
            each = [use.cpu if name == "cpu" else use.memory * NANO for use in uses]
            value = sum(-(-amount // (NANO // 1000)) for amount in each)
            found[pod["metadata"]["name"]] = PodMetric(value, sample.at, sample.window_us)
        if not measured:
            raise MetricsError("no metrics returned from resource metrics API")
        return found

    def used(self, namespace: str, pods: list[Obj], name: str, container: str) -> dict[str, int]:
        """Measured pod's name → milli-CPU or bytes of its container, for who only wants to know."""
        try:
            found = self.resource(namespace, pods, name, container)
        except MetricsError:
            return {}
        return {pod: one.value if name == "cpu" else one.value // 1_000 for pod, one in found.items()}

    def of_pods(self, namespace: str, pods: list[Obj], metric: str) -> dict[str, PodMetric]:
        self._need_custom()
        values = {pod["metadata"]["name"]: self._custom.of_pod(pod, metric) for pod in pods}
        now = self._custom.engine.now
        found = {name: PodMetric(value, now, _MINUTE_US) for name, value in values.items() if value is not None}
        if not found:
            why = f"the server could not find the metric {metric} for pods"
            raise MetricsError(f"unable to fetch metrics from custom metrics API: {why}")
        return found

    def of_object(self, namespace: str, about: Mapping[str, str], metric: str) -> int:
        self._need_custom()
        value = self._custom.of_object(namespace, about["kind"], about["name"], metric)
        if value is None:
            why = f"the server could not find the metric {metric} for {about['kind'].lower()}s {about['name']}"
            raise MetricsError(f"unable to fetch metrics from custom metrics API: {why}")
        return value

    def external(self, namespace: str, metric: str, selector: Obj | None) -> list[int]:
        self._need("external.metrics.k8s.io", "external metrics API", f"{metric}.external.metrics.k8s.io")
        value = self._custom.external(namespace, metric)
        if value is None:
            raise MetricsError("no metrics returned from external metrics API")
        return [value]

    def _need(self, group: str, called: str, what: str) -> None:
        if not self._aggregator.is_available(group, "v1beta1"):
            why = _DOWN if self._aggregator.is_registered(group, "v1beta1") else _NOT_THERE
            raise MetricsError(f"unable to fetch metrics from {called}: {why} (get {what})")

    def _need_custom(self) -> None:
        group = "custom.metrics.k8s.io"
        if not self._aggregator.is_registered(group, "v1beta1"):
            raise MetricsError(
                f"unable to fetch metrics from custom metrics API: no custom metrics API ({group}) registered"
            )
        self._need(group, "custom metrics API", f"*.{group}")
