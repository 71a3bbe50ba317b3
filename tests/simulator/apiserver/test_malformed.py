"""Requests that random input found: each is refused in words, none raises."""

from typing import Any

import pytest

from simulator.cluster import Cluster

_SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}}
_APPLY = {"content-type": "application/apply-patch+yaml"}
_MERGE = {"content-type": "application/merge-patch+json"}
_JSON_PATCH = {"content-type": "application/json-patch+json"}
_MAPS, _PODS = "/api/v1/namespaces/default/configmaps", "/api/v1/namespaces/default/pods"


def ask(cluster: Cluster, method: str, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
    return cluster.apply({"kind": "request", "method": method, "path": path, "body": body, **more})


@pytest.fixture(scope="module")
def cluster() -> Cluster:
    made = Cluster.create()
    made.apply({"kind": "shell", "line": "kubectl create configmap a --from-literal=x=y"})
    made.apply({"kind": "shell", "line": "kubectl run web --image=nginx:1.27"})
    made.advance(made.now + 20_000_000, max_events=10**6)
    return made


@pytest.mark.parametrize(
    ("method", "path", "body", "more", "status"),
    [
        pytest.param(
            "POST", "/api/v1/namespaces/default/services",
            {**_SERVICE, "spec": {"clusterIP": "{}", "ports": [{"port": 80}]}}, {}, 422, id="an address that is none",
        ),
        pytest.param("GET", f"{_PODS}/web/log", None, {"query": {"sinceTime": "0"}}, 400, id="a time that is none"),
        pytest.param(
            "PATCH", f"{_MAPS}/a", {"metadata": 3}, {"headers": _APPLY, "query": {"fieldManager": "x"}}, 400,
            id="metadata that is no object",
        ),
        pytest.param(
            "PATCH", f"{_MAPS}/a", [{"op": 3, "path": "/data"}], {"headers": _JSON_PATCH}, 400, id="an op that is no text"
        ),
        pytest.param(
            "PATCH", f"{_MAPS}/a", [{"op": "move", "from": "", "path": "/data"}], {"headers": _JSON_PATCH}, 400,
            id="moving the whole object",
        ),
        pytest.param(
            "PATCH", f"{_PODS}/web/resize", {"spec": {"containers": [{"name": 3, "image": []}]}}, {"headers": _MERGE}, 400,
            id="a resize of no containers",
        ),
        pytest.param(
            "PATCH", f"{_PODS}/web/ephemeralcontainers", {"spec": {"ephemeralContainers": [{"image": []}]}},
            {"headers": _MERGE}, 400, id="an ephemeral container without shape",
        ),
        pytest.param(
            "POST", "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers", {}, {}, 422, id="an empty autoscaler of v1"
        ),
        pytest.param("GET", _PODS, None, {"query": {"limit": "9" * 5000}}, 400, id="a limit beyond numbers"),
        pytest.param(
            "GET", _PODS, None, {"query": {"watch": "true", "resourceVersion": "9" * 5000}}, 400, id="a revision beyond numbers"
        ),
        pytest.param("POST", f"{_PODS}/web/eviction", {"metadata": []}, {}, 400, id="an eviction without shape"),
        pytest.param("POST", f"{_PODS}/web/binding", {"target": 5}, {}, 400, id="a binding without shape"),
    ],
)  # fmt: skip
def test_it_is_refused(cluster: Cluster, method: str, path: str, body: Any, more: dict[str, Any], status: int) -> None:
    reply = ask(cluster, method, path, body, **more)
    assert reply["status"] == status, reply
    assert reply["body"]["kind"] == "Status"
    assert reply["body"]["message"]
