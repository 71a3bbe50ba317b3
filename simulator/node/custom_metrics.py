"""Metrics beyond CPU and memory, as an adapter serves them: of pods and objects (custom.metrics.k8s.io) and of the world outside.

Values are set by a person or a lesson; `http_requests` of pods follows from the load that is modelled. An adapter must be installed for
anybody to be answered (https://github.com/kubernetes/metrics, `custom_metrics` and `external_metrics`).
"""

from collections.abc import Callable, Mapping

from simulator.apiserver import aggregation
from simulator.apiserver.errors import StatusError
from simulator.apiserver.registry import Registry
from simulator.apiserver.request import Request
from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.machinery import quantities, resources, selectors
from simulator.node.fleet import Fleet
from simulator.node.loads import Loads

_REQUESTS = "http_requests"


class CustomMetrics:
    name = "custom-metrics"

    def __init__(self, fleet: Fleet, loads: Loads, registry: Registry) -> None:
        self.observers: list[Callable[[str], None]] = []
        """Called with a namespace when a value in it has changed; wired at assembly."""
        self.registry = registry
        self.engine = fleet.engine
        self._loads = loads
        self._values: dict[str, int] = {}
        """`namespace/metric` (external) or `namespace/kind/name/metric`, in thousandths."""
        self.backends: tuple[aggregation.Backend, ...] = (_Custom(self), _External(self))
        fleet.engine.register(self)

    def set(self, path: str, value: int) -> None:
        self._values[path] = value
        for observer in self.observers:
            observer(path.partition("/")[0])

    def of_pod(self, pod: Obj, metric: str) -> int | None:
        """A pod's own value, or its share of its workload's."""
        namespace = pod["metadata"]["namespace"]
        for kind, name in self._loads.owners(pod):
            value = self._values.get(f"{namespace}/{kind}/{name}/{metric}")
            if value is not None:
                return value if kind == "pod" else value // max(self._peers(pod, kind, name), 1)
        return self._loads.requests(pod["metadata"]["uid"], self.engine.now) if metric == _REQUESTS else None

    def of_object(self, namespace: str, kind: str, name: str, metric: str) -> int | None:
        return self._values.get(f"{namespace}/{kind.lower()}/{name}/{metric}")

    def external(self, namespace: str, metric: str) -> int | None:
        return self._values.get(f"{namespace}/{metric}")

    def _peers(self, pod: Obj, kind: str, name: str) -> int:
        """How many running pods share their workload's value."""
        pods = self.registry.list("custom-metrics", "pods", pod["metadata"]["namespace"])
        return sum((kind, name) in self._loads.owners(one) and _is_running(one) for one in pods)

    def dump(self) -> Plain:
        return self._values

    def load(self, state: Plain) -> None:
        self._values = dict(state)


class _Custom:
    group, version = "custom.metrics.k8s.io", "v1beta1"
    resources: tuple[Mapping[str, object], ...] = ()

    def __init__(self, metrics: CustomMetrics) -> None:
        self._metrics = metrics

    def answer(self, rest: list[str], request: Request) -> Obj:
        """`namespaces/NS/RESOURCE/NAME or */METRIC`."""
        if len(rest) != 5 or rest[0] != "namespaces":
            raise aggregation.no_such_path()
        _, namespace, plural, name, metric = rest
        if plural == "pods":
            found = [
                (pod["metadata"]["name"], self._metrics.of_pod(pod, metric))
                for pod in self._chosen(namespace, name, request)
            ]
            kind = "Pod"
        else:
            resource = resources.lookup(plural)
            kind = resource.kind if resource is not None else plural
            found = [(name, self._metrics.of_object(namespace, kind, name, metric))]
        items = [self._item(namespace, kind, each, metric, value) for each, value in found if value is not None]
        if not items:
            message = f"the server could not find the metric {metric} for {plural}"
            raise StatusError(404, "NotFound", message)
        return {"kind": "MetricValueList", "apiVersion": f"{self.group}/{self.version}", "metadata": {}, "items": items}

    def _chosen(self, namespace: str, name: str, request: Request) -> list[Obj]:
        chosen = selectors.parse(request.query.get("labelSelector", ""))
        pods = self._metrics.registry.list("custom-metrics", "pods", namespace)
        return [
            pod
            for pod in pods
            if name in ("*", pod["metadata"]["name"]) and chosen.matches(pod["metadata"].get("labels") or {})
        ]

    def _item(self, namespace: str, kind: str, name: str, metric: str, value: int) -> Obj:
        about = {"kind": kind, "namespace": namespace, "name": name, "apiVersion": "/v1"}
        now = self._metrics.engine.timestamp()
        return {
            "describedObject": about,
            "metricName": metric,
            "timestamp": now,
            "value": quantities.from_milli(value),
            "selector": None,
        }


class _External:
    group, version = "external.metrics.k8s.io", "v1beta1"
    resources: tuple[Mapping[str, object], ...] = ()

    def __init__(self, metrics: CustomMetrics) -> None:
        self._metrics = metrics

    def answer(self, rest: list[str], request: Request) -> Obj:
        """`namespaces/NS/METRIC`."""
        if len(rest) != 3 or rest[0] != "namespaces":
            raise aggregation.no_such_path()
        value = self._metrics.external(rest[1], rest[2])
        now = self._metrics.engine.timestamp()
        item = {"metricName": rest[2], "metricLabels": {}, "timestamp": now, "value": quantities.from_milli(value or 0)}
        items = [] if value is None else [item]
        return {
            "kind": "ExternalMetricValueList",
            "apiVersion": f"{self.group}/{self.version}",
            "metadata": {},
            "items": items,
        }


def _is_running(pod: Obj) -> bool:
    return (pod.get("status") or {}).get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"]
