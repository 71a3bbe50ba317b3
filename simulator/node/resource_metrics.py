"""metrics.k8s.io/v1beta1 as metrics-server answers it: how much CPU and memory pods and nodes use.

Follows `kubernetes-sigs/metrics-server` (`pkg/storage/pod.go`, `node.go`): kubelets are asked every 15 s (`--metric-resolution`), CPU is the average
between two answers, a container is first shown once it has run for 10 s at such a moment, and a pod only when all its containers are.
Promises: nothing is asked or stored while nobody looks; the same samples are computed for whoever reads.
"""

from collections.abc import Mapping
from typing import NamedTuple

from simulator.apiserver import aggregation
from simulator.apiserver.registry import Registry
from simulator.apiserver.request import Request
from simulator.apiserver.shapes import wants_table
from simulator.engine.plain import Obj
from simulator.machinery import selectors
from simulator.machinery.quantities import canonical
from simulator.node.durations import go_duration
from simulator.node.fleet import Fleet
from simulator.node.metrics_tables import metrics_table
from simulator.node.timing import SECOND
from simulator.node.usage import Usage, Use

RESOLUTION_US = 15 * SECOND
#: `freshContainerMinMetricsResolution`.
FRESH_US = 10 * SECOND


class Sample(NamedTuple):
    """What is known of a pod: when it was measured, and each container's use."""

    at: int
    window_us: int
    uses: list[Use]


class ResourceMetrics:
    group = "metrics.k8s.io"
    version = "v1beta1"
    resources: tuple[Mapping[str, object], ...] = (
        {"name": "nodes", "singularName": "", "namespaced": False, "kind": "NodeMetrics", "verbs": ["get", "list"]},
        {"name": "pods", "singularName": "", "namespaced": True, "kind": "PodMetrics", "verbs": ["get", "list"]},
    )

    def __init__(self, fleet: Fleet, usage: Usage, registry: Registry) -> None:
        self._fleet = fleet
        self._usage = usage
        self._registry = registry

    # Samples

    def sample(self, pod: Obj) -> Sample | None:
        """The last measurement of a running pod; None while there is none."""
        record = self._fleet.record_of(pod)
        if record is None or not self._fleet.is_up(record) or (pod.get("status") or {}).get("phase") != "Running":
            return None
        at = self._beat()
        running = [one for one in record.containers.values() if one.state == "running" and one.run is not None]
        ages = [at - one.run.started_us for one in running if one.run is not None]
        if not ages or min(ages) < FRESH_US:
            return None
        uses = self._usage.of_pod(record.uid, at, RESOLUTION_US)
        return Sample(at, min(min(ages), RESOLUTION_US), uses)

    def _beat(self) -> int:
        return self._fleet.engine.now // RESOLUTION_US * RESOLUTION_US

    # The API

    def answer(self, rest: list[str], request: Request) -> Obj:
        found = self._found(rest, request)
        return metrics_table(found, _used) if wants_table(request) else found

    def _found(self, rest: list[str], request: Request) -> Obj:
        asked = aggregation.name_and_namespace(rest, "pods")
        if asked is not None:
            return self._pods(asked[0], asked[1], request)
        if rest[:1] == ["nodes"] and len(rest) <= 2:
            return self._nodes(rest[1] if len(rest) == 2 else "", request)
        raise aggregation.no_such_path()

    def _pods(self, namespace: str, name: str, request: Request) -> Obj:
        if name:
            pod = self._registry.find("metrics-server", "pods", namespace, name)
            found = None if pod is None else self._pod(pod)
            if found is None:
                raise aggregation.missing(self.group, "podmetrics", f"{namespace}/{name}")
            return found
        pods = self._registry.list("metrics-server", "pods", namespace or None)
        items = [self._pod(pod) for pod in pods if _selected(pod, request)]
        return _listed("PodMetricsList", [one for one in items if one is not None])

    def _pod(self, pod: Obj) -> Obj | None:
        sample = self.sample(pod)
        if sample is None:
            return None
        metadata = self._metadata(pod)
        containers = [{"name": use.container, "usage": _amounts(use.cpu, use.memory)} for use in sample.uses]
        return {
            "kind": "PodMetrics",
            "apiVersion": "metrics.k8s.io/v1beta1",
            "metadata": {**metadata, "namespace": pod["metadata"]["namespace"]},
            "timestamp": self._fleet.engine.timestamp(sample.at),
            "window": go_duration(sample.window_us),
            "containers": containers,
        }

    def _nodes(self, name: str, request: Request) -> Obj:
        if name:
            node = self._registry.find("metrics-server", "nodes", "", name)
            found = None if node is None else self._node(node)
            if found is None:
                raise aggregation.missing(self.group, "nodemetrics", name)
            return found
        nodes = self._registry.list("metrics-server", "nodes", None)
        items = [self._node(node) for node in nodes if _selected(node, request)]
        return _listed("NodeMetricsList", [one for one in items if one is not None])

    def _node(self, node: Obj) -> Obj | None:
        record = self._fleet.nodes.get(node["metadata"]["name"])
        if record is None or not record.kubelet:
            return None
        at = self._beat()
        cpu, memory = self._usage.of_node(record.name, at, RESOLUTION_US)
        return {
            "kind": "NodeMetrics",
            "apiVersion": "metrics.k8s.io/v1beta1",
            "metadata": self._metadata(node),
            "timestamp": self._fleet.engine.timestamp(at),
            "window": go_duration(RESOLUTION_US),
            "usage": _amounts(cpu, memory),
        }

    def _metadata(self, obj: Obj) -> Obj:
        labels = obj["metadata"].get("labels")
        metadata = {"name": obj["metadata"]["name"], "creationTimestamp": self._fleet.engine.timestamp()}
        return {**metadata, "labels": labels} if labels else metadata


def _used(one: Obj) -> Obj:
    """By all containers of a pod together, or by a node."""
    usages = [one["usage"]] if "usage" in one else [container["usage"] for container in one["containers"]]
    cpu = sum(int(usage["cpu"].removesuffix("n")) for usage in usages)
    memory = sum(int(usage["memory"].removesuffix("Ki")) for usage in usages)
    return {"cpu": canonical(f"{cpu}n"), "memory": canonical(f"{memory}Ki")}


def _selected(obj: Obj, request: Request) -> bool:
    text = request.query.get("labelSelector", "")
    if not text:
        return True
    try:
        return selectors.parse(text).matches(obj["metadata"].get("labels") or {})
    except selectors.SelectorError as error:
        raise aggregation.refuse(str(error)) from error


def _listed(kind: str, items: list[Obj]) -> Obj:
    plain = [{key: value for key, value in one.items() if key not in ("kind", "apiVersion")} for one in items]
    return {"kind": kind, "apiVersion": "metrics.k8s.io/v1beta1", "metadata": {}, "items": plain}


def _amounts(nano_cpu: int, memory: int) -> Obj:
    return {"cpu": f"{nano_cpu}n" if nano_cpu else "0", "memory": f"{memory // 1024}Ki"}
