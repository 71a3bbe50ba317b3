"""What a kubelet answers over HTTP on port 10250, as far as it is simulated: `kubectl get --raw /api/v1/nodes/<node>/proxy/…`.

https://kubernetes.io/docs/reference/node/kubelet-authn-authz/ names the paths; answers follow `pkg/kubelet/server/server.go`, `metrics/collectors/
resource_metrics.go` and the types of `kubelet/pkg/apis/stats/v1alpha1`. Promises: reading changes nothing; CPU and memory are those of
`usage.py`; a path that is real and not simulated says so (501), any other one is a 404 as from the kubelet.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from simulator.apiserver.errors import StatusError, not_found
from simulator.apiserver.registry import Registry
from simulator.apiserver.request import Response
from simulator.engine.plain import Obj
from simulator.machinery.go_text import shortest_float
from simulator.machinery.quantities import value
from simulator.node.fleet import Fleet
from simulator.node.records import NodeRecord, PodRecord
from simulator.node.timing import SECOND
from simulator.node.usage import Usage, Use

_TEXT = {"content-type": "text/plain; charset=utf-8"}
_METRICS = {"content-type": "text/plain; version=0.0.4; charset=utf-8; escaping=values"}
_HEALTH = ("", "ping", "log", "syncloop")
#: Real paths of a kubelet that nothing here answers.
_ELSEWHERE = frozenset(
    {"attach", "checkpoint", "configz", "debug", "exec", "flagz", "logs", "metrics", "portForward", "run", "runningpods",
     "stats", "statusz"}
)  # fmt: skip
_SWITCHED_OFF = 501
#: Everything that a machine has used since the cluster began.
_ALWAYS = 1 << 62

Logs = Callable[[Obj, str, Mapping[str, str]], str]


class _Measured(NamedTuple):
    record: PodRecord
    pod: Obj
    uses: list[Use]
    totals: list[Use]
    """Over the whole life of each container."""


class KubeletApi:
    def __init__(self, fleet: Fleet, registry: Registry, usage: Usage, logs: Logs) -> None:
        self._fleet, self._registry, self._usage, self._logs = fleet, registry, usage, logs

    def answer(self, node: NodeRecord, path: str, query: Mapping[str, str]) -> Response:
        """Raises StatusError."""
        match path.partition("?")[0].strip("/").split("/"):
            case ["healthz", *rest] if "/".join(rest) in _HEALTH:
                return Response(200, "ok", headers=_TEXT)
            case ["pods"]:
                return Response(200, self._pods(node))
            case ["stats", "summary"]:
                return Response(200, self._summary(node))
            case ["metrics", "resource"]:
                return Response(200, self._resources(node), headers=_METRICS)
            case ["containerLogs", namespace, pod, container]:
                return Response(200, self._container_log(namespace, pod, container, query), headers=_TEXT)
            case [first, *_] if first in _ELSEWHERE:
                what = path.partition("?")[0]
                raise StatusError(
                    _SWITCHED_OFF, "", f"the kubelets of this cluster do not answer {what}: it is not simulated"
                )
        return Response(404, "404 page not found\n", headers=_TEXT)

    def _pods(self, node: NodeRecord) -> Obj:
        items = [
            {key: part for key, part in pod.items() if key not in ("kind", "apiVersion")} for _, pod in self._on(node)
        ]
        return {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items}

    def _on(self, node: NodeRecord) -> Iterator[tuple[PodRecord, Obj]]:
        found = ((self._fleet.pods[uid], self._fleet.pod(self._fleet.pods[uid])) for uid in node.pods)
        present = [(record, pod) for record, pod in found if pod is not None]
        return iter(sorted(present, key=lambda one: (one[1]["metadata"]["namespace"], one[1]["metadata"]["name"])))

    def _container_log(self, namespace: str, name: str, container: str, query: Mapping[str, str]) -> str:
        pod = self._registry.store.get("pods", (namespace, name))
        if pod is None:
            raise not_found("", "pods", name)
        return self._logs(pod, container, query)

    # Numbers

    def _measured(self, node: NodeRecord) -> Iterator[_Measured]:
        now = self._fleet.engine.now
        for record, pod in self._on(node):
            uses = self._usage.of_pod(record.uid, now, 10 * SECOND)
            if uses:
                yield _Measured(record, pod, uses, self._usage.of_pod(record.uid, now, _ALWAYS))

    def _summary(self, node: NodeRecord) -> Obj:
        now = self._fleet.engine.now
        cpu, memory = self._usage.of_node(node.name, now, 10 * SECOND)
        total, _ = self._usage.of_node(node.name, now, max(now, 1))
        capacity = value(node.spec["memory"])
        stats = {
            "nodeName": node.name,
            "startTime": self._time(0),
            "cpu": self._cpu(cpu, total * now // SECOND),
            "memory": {"time": self._time(now), "availableBytes": max(capacity - memory, 0), "workingSetBytes": memory},
        }
        return {"node": stats, "pods": [self._pod_stats(one) for one in self._measured(node)]}

    def _pod_stats(self, one: _Measured) -> Obj:
        now, metadata = self._fleet.engine.now, one.pod["metadata"]
        containers = [
            {
                "name": use.container,
                "startTime": self._time(now - total.window_us),
                "cpu": self._cpu(use.cpu, _spent(total)),
                "memory": {"time": self._time(now), "workingSetBytes": use.memory},
            }
            for use, total in zip(one.uses, one.totals, strict=True)
        ]
        return {
            "podRef": {name: metadata[name] for name in ("name", "namespace", "uid")},
            "startTime": (one.pod.get("status") or {}).get("startTime"),
            "containers": containers,
            "cpu": self._cpu(sum(use.cpu for use in one.uses), sum(map(_spent, one.totals))),
            "memory": {"time": self._time(now), "workingSetBytes": sum(use.memory for use in one.uses)},
        }

    def _cpu(self, nano_cores: int, nano_seconds: int) -> Obj:
        time = self._time(self._fleet.engine.now)
        return {"time": time, "usageNanoCores": nano_cores, "usageCoreNanoSeconds": nano_seconds}

    def _time(self, at_us: int) -> str:
        return self._fleet.strftime(at_us, "%Y-%m-%dT%H:%M:%SZ")

    def _resources(self, node: NodeRecord) -> str:
        now = self._fleet.engine.now
        epoch_us = self._fleet.engine.epoch_s * SECOND
        stamp = (epoch_us + now) // 1_000
        total, memory = self._usage.of_node(node.name, now, max(now, 1))
        samples: dict[str, list[str]] = {name: [] for name in _FAMILIES}

        def note(family: str, labels: str, number: float, *, timed: bool = True) -> None:
            text = f"{family}{labels} {shortest_float(number)}"
            samples[family].append(f"{text} {stamp}" if timed else text)

        for one in self._measured(node):
            where = f'namespace="{one.pod["metadata"]["namespace"]}",pod="{one.pod["metadata"]["name"]}"'
            for use, whole in zip(one.uses, one.totals, strict=True):
                labels = f'{{container="{use.container}",{where}}}'
                note("container_cpu_usage_seconds_total", labels, _spent(whole) / 1e9)
                note("container_memory_working_set_bytes", labels, use.memory)
                began = (epoch_us + now - whole.window_us) / SECOND
                note("container_start_time_seconds", labels, began, timed=False)
            note("pod_cpu_usage_seconds_total", f"{{{where}}}", sum(map(_spent, one.totals)) / 1e9)
            note("pod_memory_working_set_bytes", f"{{{where}}}", sum(use.memory for use in one.uses))
        note("node_cpu_usage_seconds_total", "", total * now / SECOND / 1e9)
        note("node_memory_working_set_bytes", "", memory)
        note("resource_scrape_error", "", 0, timed=False)
        return "".join(
            f"# HELP {name} [STABLE] {_FAMILIES[name][1]}\n# TYPE {name} {_FAMILIES[name][0]}\n"
            + "".join(f"{line}\n" for line in sorted(lines))
            for name, lines in sorted(samples.items())
            if lines
        )


def _spent(total: Use) -> int:
    """Nanoseconds of CPU time."""
    return total.cpu * total.window_us // SECOND


_FAMILIES = {
    "container_cpu_usage_seconds_total": (
        "counter",
        "Cumulative cpu time consumed by the container in core-seconds",
    ),
    "container_memory_working_set_bytes": ("gauge", "Current working set of the container in bytes"),
    "container_start_time_seconds": ("gauge", "Start time of the container since unix epoch in seconds"),
    "node_cpu_usage_seconds_total": ("counter", "Cumulative cpu time consumed by the node in core-seconds"),
    "node_memory_working_set_bytes": ("gauge", "Current working set of the node in bytes"),
    "pod_cpu_usage_seconds_total": ("counter", "Cumulative cpu time consumed by the pod in core-seconds"),
    "pod_memory_working_set_bytes": ("gauge", "Current working set of the pod in bytes"),
    "resource_scrape_error": ("gauge", "1 if there was an error while getting container metrics, 0 otherwise"),
}
