"""`…/proxy` of pods, services and nodes: who is asked, and what is said when nobody answers."""

from typing import Any

import pytest

from simulator import KubeCluster

CONFIG = "kind: Cluster\nnodes: [{role: control-plane}, {role: worker}]"
POD = "/api/v1/namespaces/default/pods"
SERVICE = "/api/v1/namespaces/default/services"
NODE = "/api/v1/nodes/kind-worker"


@pytest.fixture(scope="module")
def cluster() -> KubeCluster:
    cluster = KubeCluster.create(CONFIG)
    cluster.kubectl("run web --image=nginx:1.27 --port=80 --labels=app=web")
    cluster.kubectl("run bare --image=redis:7")
    spec = {"nodeSelector": {"a": "b"}, "containers": [{"name": "waits", "image": "nginx:1.27"}]}
    cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "waits"}, "spec": spec})
    cluster.kubectl("expose pod web --port=8080 --target-port=80")
    cluster.kubectl("create service clusterip empty --tcp=80:80")
    cluster.advance("1m")
    return cluster


def get(cluster: KubeCluster, path: str, **query: str) -> dict[str, Any]:
    return cluster.cluster.apply({"kind": "request", "method": "GET", "path": path, "query": query})


@pytest.mark.parametrize(
    "path",
    [
        f"{POD}/web/proxy/",
        f"{POD}/web:80/proxy/",
        f"{POD}/http:web:80/proxy/",
        f"{SERVICE}/web/proxy/",
        f"{SERVICE}/web:8080/proxy/",
    ],
)
def test_a_server_in_the_cluster_answers(cluster: KubeCluster, path: str) -> None:
    found = get(cluster, path)
    assert (found["status"], found["headers"]["content-type"]) == (200, "text/html")
    assert "Welcome to nginx!" in found["body"]


def test_the_server_sees_path_and_query_and_who_asked(cluster: KubeCluster) -> None:
    assert get(cluster, f"{SERVICE}/web/proxy/shop/cart/", id="7")["status"] == 404
    last = cluster.kubectl("logs web --tail=1").stdout
    assert '"GET /shop/cart/?id=7 HTTP/1.1" 404' in last
    assert last.startswith("172.18.0.2 - - ")


def test_without_a_path_the_client_is_sent_to_the_root(cluster: KubeCluster) -> None:
    found = get(cluster, f"{POD}/web/proxy", a="1")
    assert (found["status"], found["headers"]["location"]) == (301, f"{POD}/web/proxy/?a=1")


def address(cluster: KubeCluster, pod: str) -> str:
    return str(cluster.get("Pod", pod)["status"]["podIP"])


@pytest.mark.parametrize(
    ("path", "code", "reason", "message"),
    [
        (f"{POD}/web:81/proxy/", 503, "ServiceUnavailable", "error trying to reach service: dial tcp {web}:81: connect: connection refused"),
        (f"{POD}/bare/proxy/", 503, "ServiceUnavailable", "error trying to reach service: dial tcp {bare}:80: connect: connection refused"),
        (f"{POD}/bare:6379/proxy/", 503, "ServiceUnavailable", "error trying to reach service: EOF"),
        (f"{POD}/web:http/proxy/", 503, "ServiceUnavailable", "error trying to reach service: dial tcp: lookup tcp/http: unknown port"),
        (f"{POD}/https:web:80/proxy/", 503, "ServiceUnavailable",
         "error trying to reach service: http: server gave HTTP response to HTTPS client"),
        (f"{POD}/a:b:c:d/proxy/", 400, "BadRequest", 'invalid pod request "a:b:c:d"'),
        (f"{POD}/ftp:web:80/proxy/", 400, "BadRequest", 'invalid pod request "ftp:web:80"'),
        (f"{POD}/waits/proxy/", 400, "BadRequest", "address not allowed"),
        (f"{POD}/gone/proxy/", 404, "NotFound", 'pods "gone" not found'),
        (f"{SERVICE}/web:81/proxy/", 503, "ServiceUnavailable", 'no service port 81 found for service "web"'),
        (f"{SERVICE}/web:http/proxy/", 503, "ServiceUnavailable", 'no endpoints available for service "web:http"'),
        (f"{SERVICE}/empty/proxy/", 503, "ServiceUnavailable", 'no endpoints available for service "empty"'),
        (f"{SERVICE}/gone:80/proxy/", 404, "NotFound", 'services "gone" not found'),
        (f"{SERVICE}/gone/proxy/", 404, "NotFound", 'endpoints "gone" not found'),
        ("/api/v1/nodes/gone/proxy/healthz", 404, "NotFound", 'nodes "gone" not found'),
        (f"{NODE}:81/proxy/", 503, "ServiceUnavailable", "error trying to reach service: dial tcp 172.18.0.3:81: connect: connection refused"),
        (f"{NODE}/proxy/metrics", 501, None, "the kubelets of this cluster do not answer /metrics: it is not simulated"),
    ],
)  # fmt: skip
def test_refusals_are_those_of_kubernetes(
    cluster: KubeCluster, path: str, code: int, reason: str | None, message: str
) -> None:
    message = message.format(web=address(cluster, "web"), bare=address(cluster, "bare")) if "{" in message else message
    found = get(cluster, path)
    assert (found["status"], found["body"].get("reason"), found["body"]["message"]) == (code, reason, message)


def test_a_kubelet_tells_its_pods_and_its_numbers(cluster: KubeCluster) -> None:
    assert get(cluster, f"{NODE}/proxy/healthz")["body"] == "ok"
    pods = get(cluster, f"{NODE}:10250/proxy/pods")["body"]
    assert (pods["kind"], [one["metadata"]["name"] for one in pods["items"]][:2]) == ("PodList", ["bare", "web"])
    summary = get(cluster, f"{NODE}/proxy/stats/summary")["body"]
    assert summary["node"]["nodeName"] == "kind-worker"
    web = next(one for one in summary["pods"] if one["podRef"]["name"] == "web")
    assert web["containers"][0]["cpu"]["usageCoreNanoSeconds"] == 60 * web["containers"][0]["cpu"]["usageNanoCores"]
    assert get(cluster, f"{NODE}/proxy/containerLogs/default/bare/bare", tailLines="1")["body"].count("\n") == 1
    found = get(cluster, f"{NODE}/proxy/nothing")
    assert (found["status"], found["body"]) == (404, "404 page not found\n")


def test_resource_metrics_are_in_the_text_format(cluster: KubeCluster) -> None:
    lines = get(cluster, f"{NODE}/proxy/metrics/resource")["body"].splitlines()
    assert lines[:2] == [
        "# HELP container_cpu_usage_seconds_total [STABLE] Cumulative cpu time consumed by the container in core-seconds",
        "# TYPE container_cpu_usage_seconds_total counter",
    ]
    assert any(
        line.startswith('container_memory_working_set_bytes{container="web",namespace="default",pod="web"} 6e+06 ')
        for line in lines
    )
    assert lines[-1] == "resource_scrape_error 0"


def test_a_machine_that_is_off_answers_nothing() -> None:
    cluster = KubeCluster.create(CONFIG)
    cluster.cluster.apply({"kind": "fault", "fault": "node-power-off", "target": "kind-worker"})
    found = get(cluster, f"{NODE}/proxy/healthz")
    assert (
        found["body"]["message"]
        == "error trying to reach service: dial tcp 172.18.0.3:10250: connect: no route to host"
    )


def test_whoever_may_not_use_the_proxy_is_refused(cluster: KubeCluster) -> None:
    headers = {"impersonate-user": "jane"}
    found = cluster.cluster.apply(
        {"kind": "request", "method": "GET", "path": f"{POD}/web:80/proxy/", "headers": headers}
    )
    assert found["body"]["message"] == (
        'pods "web:80" is forbidden: User "jane" cannot get resource "pods/proxy" in API group "" in the namespace "default"'
    )


@pytest.mark.parametrize(
    ("name", "query", "message"),
    [
        ("web", {}, "Upgrade request required"),
        ("web", {"container": "x"}, "container x is not valid for pod web"),
        ("waits", {}, "pod waits does not have a host assigned"),
        ("gone", {}, 'pods "gone" not found'),
    ],
)
def test_exec_without_an_upgrade_is_a_refusal(
    cluster: KubeCluster, name: str, query: dict[str, str], message: str
) -> None:
    assert get(cluster, f"{POD}/{name}/exec", **query)["body"]["message"] == message
