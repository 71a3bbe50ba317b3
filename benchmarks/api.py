"""Operations of the API server a CPU second: what a real client costs, without HTTP and JSON text (`platform` measures those).

In a cluster of ten nodes with 1,000 ConfigMaps in a namespace, and a pod that a person changes. Each operation goes the whole way: authentication,
authorisation, admission, defaulting, validation, ownership of fields, the store and the watches of every component.
"""

import gc
from collections.abc import Callable
from typing import Any

from benchmarks.report import Report, cpu_s
from simulator import Cluster

_MAPS = 1_000
_PATH = "/api/v1/namespaces/default/configmaps"
_TIMES = 500


def run(report: Report) -> None:
    cluster = Cluster.create({"nodes": [{"role": "control-plane"}, {"role": "worker", "count": 9}]})
    report.add("api_create_per_cpu_s", _rate(_MAPS, lambda: _create(cluster)), "1/s", "ConfigMaps")
    report.add("api_get_per_cpu_s", _rate(_TIMES, lambda: _get(cluster)), "1/s")
    report.add("api_list_500_per_cpu_s", _rate(20, lambda: _list(cluster)), "1/s", "lists of 500 objects")
    report.add("api_patch_per_cpu_s", _rate(_TIMES, lambda: _patch(cluster)), "1/s", "strategic merge patches")
    report.add("api_apply_per_cpu_s", _rate(_TIMES, lambda: _apply(cluster)), "1/s", "server-side applies that change")
    report.add(
        "api_watch_events_per_cpu_s", _rate(_MAPS, lambda: _watch(cluster)), "1/s", "events that a watch delivers"
    )
    report.add("api_delete_per_cpu_s", _rate(_TIMES, lambda: _delete(cluster)), "1/s")


def _rate(operations: int, work: Callable[[], object]) -> float:
    gc.collect()
    return operations / cpu_s(work)


def _call(cluster: Cluster, method: str, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
    reply = cluster.apply({"kind": "request", "method": method, "path": path, "body": body, **more})
    assert reply["status"] in (200, 201), reply
    return reply


def _map(name: str, text: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"key": text}}


def _create(cluster: Cluster) -> None:
    for number in range(_MAPS):
        _call(cluster, "POST", _PATH, _map(f"map-{number}", "first"))


def _get(cluster: Cluster) -> None:
    for number in range(_TIMES):
        _call(cluster, "GET", f"{_PATH}/map-{number}")


def _list(cluster: Cluster) -> None:
    for _ in range(20):
        assert len(_call(cluster, "GET", _PATH, query={"limit": "500"})["body"]["items"]) == 500


def _patch(cluster: Cluster) -> None:
    headers = {"content-type": "application/strategic-merge-patch+json"}
    for number in range(_TIMES):
        _call(cluster, "PATCH", f"{_PATH}/map-{number}", {"data": {"key": "second"}}, headers=headers)


def _apply(cluster: Cluster) -> None:
    headers = {"content-type": "application/apply-patch+yaml"}
    query = {"fieldManager": "bench", "force": "true"}
    for number in range(_TIMES):
        body = _map(f"map-{number}", "third")
        _call(cluster, "PATCH", f"{_PATH}/map-{number}", body, headers=headers, query=query)


def _watch(cluster: Cluster) -> None:
    since = cluster.revision - _MAPS
    query = {"watch": "true", "resourceVersion": str(since)}
    found = _call(cluster, "GET", _PATH, query=query)["body"]
    assert len(found) == _MAPS, len(found)


def _delete(cluster: Cluster) -> None:
    for number in range(_TIMES):
        _call(cluster, "DELETE", f"{_PATH}/map-{number}")
