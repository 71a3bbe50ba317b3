"""What the diagram is told about waiting: image pulls and grace periods, from when to when."""

from typing import Any

import pytest

from simulator.cluster import Cluster

SECOND = 1_000_000
TWO_MACHINES = "kind: Cluster\nnodes: [{role: control-plane}, {role: worker}]"


def pods_of(cluster: Cluster) -> list[dict[str, Any]]:
    table = cluster.picture()["Pod"]
    rows = [dict(zip(table["cols"], row, strict=True)) for row in table["rows"]]
    return [row for row in rows if row["app"] == "web"]


def heard_about(cluster: Cluster, uid: str, field: str, seconds: float) -> list[Any]:
    """The values a field is set to, as a browser hears of them."""
    since, values = cluster.ev, []
    cluster.advance(cluster.now + round(seconds * SECOND))
    for item in cluster.changes(since) or []:
        if item[0] == "set" and item[1] == uid and field in item[2]:
            values.append(item[2][field])
    return values


def test_a_bar_runs_from_the_beginning_of_the_pull_to_its_end() -> None:
    cluster = Cluster.create(TWO_MACHINES)
    cluster.picture()
    cluster.apply({"kind": "shell", "line": "kubectl create deployment web --image=nginx --replicas=2"})
    cluster.advance(cluster.now + SECOND // 2)
    [first, second] = sorted(pods_of(cluster), key=lambda row: row["bar"] is None)
    began, ends = first["bar"]
    assert 0 < began < SECOND // 2 < ends
    assert second["bar"] is None, "a node pulls one image at a time"
    assert heard_about(cluster, first["uid"], "bar", ends / SECOND - 0.5 + 0.1) == [None]
    [waited] = [row["bar"] for row in pods_of(cluster) if row["uid"] == second["uid"]]
    assert waited[0] == ends


def test_a_bar_goes_with_the_power() -> None:
    cluster = Cluster.create(TWO_MACHINES)
    cluster.picture()
    cluster.apply({"kind": "shell", "line": "kubectl create deployment web --image=nginx"})
    cluster.advance(cluster.now + SECOND // 2)
    [pod] = pods_of(cluster)
    cluster.apply({"kind": "fault", "fault": "node-power-off", "target": pod["node"]})
    assert [row["bar"] for row in pods_of(cluster)] == [None]


def test_grace_runs_from_the_wish_to_the_time_the_kubelet_waits_for() -> None:
    cluster = Cluster.create(TWO_MACHINES)
    cluster.picture()
    cluster.apply({"kind": "shell", "line": "kubectl create deployment web --image=nginx"})
    cluster.advance(10 * SECOND)
    [pod] = pods_of(cluster)
    assert pod["grace"] is None
    cluster.apply({"kind": "shell", "line": "kubectl delete deployment web --wait=false"})
    assert heard_about(cluster, pod["uid"], "grace", 0.5) == [[10 * SECOND, 40 * SECOND]]


def test_a_browser_that_comes_new_is_told_of_the_marks_before() -> None:
    cluster = Cluster.create(TWO_MACHINES)
    cluster.picture()
    cluster.apply({"kind": "shell", "line": "kubectl create namespace shop"})
    cluster.advance(SECOND)
    cluster.apply({"kind": "shell", "line": "kubectl create namespace shop"})
    table = cluster.picture()["Cluster"]
    marks = dict(zip(table["cols"], table["rows"][0], strict=True))["marks"]
    assert [(mark["at"], mark["type"], mark["text"]) for mark in marks] == [
        (0, "command", "kubectl create namespace shop"),
        (SECOND, "command", "kubectl create namespace shop"),
    ]


def test_a_pod_keeps_the_name_of_its_workload_when_that_has_gone_before_it() -> None:
    cluster = Cluster.create(TWO_MACHINES)
    cluster.picture()
    cluster.apply({"kind": "shell", "line": "kubectl create deployment web --image=nginx"})
    cluster.advance(10 * SECOND)
    cluster.apply({"kind": "shell", "line": "kubectl delete deployment web --wait=false"})
    cluster.advance(cluster.now + SECOND // 2)
    assert [row["phase"] for row in pods_of(cluster)] == ["Terminating"]


def test_a_pod_says_how_much_memory_its_containers_ask_for() -> None:
    cluster = Cluster.create(TWO_MACHINES)
    container = "{name: %s, image: nginx, resources: {requests: {memory: %s}}}"
    containers = f"[{container % ('a', '64Mi')}, {container % ('b', '1Gi')}, {{name: c, image: nginx}}]"
    cluster.apply(
        {
            "kind": "apply-yaml",
            "text": f"{{apiVersion: v1, kind: Pod, metadata: {{name: web}}, spec: {{containers: {containers}}}}}",
        }
    )
    assert [row["mem"] for row in pods_of(cluster)] == [(64 + 1024) * 1024 * 1024]


@pytest.mark.parametrize(
    ("strategy", "batch"),
    [
        pytest.param("{}", 5, id="a quarter more, rounded up, and a quarter fewer, rounded down"),
        pytest.param("{rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}", 1, id="one after the other"),
        pytest.param("{rollingUpdate: {maxSurge: 0, maxUnavailable: 50%}}", 5, id="half of them"),
        pytest.param("{type: Recreate}", 10, id="all at once"),
    ],
)
def test_a_deployment_says_how_many_pods_a_rollout_replaces_at_a_time(strategy: str, batch: int) -> None:
    cluster = Cluster.create(TWO_MACHINES)
    template = "{metadata: {labels: {app: web}}, spec: {containers: [{name: a, image: nginx}]}}"
    spec = f"{{replicas: 10, strategy: {strategy}, selector: {{matchLabels: {{app: web}}}}, template: {template}}}"
    text = f"{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: web}}, spec: {spec}}}"
    cluster.apply({"kind": "apply-yaml", "text": text})
    table = cluster.picture()["Deployment"]
    rows = [dict(zip(table["cols"], row, strict=True)) for row in table["rows"]]
    assert [row["batch"] for row in rows if row["name"] == "web"] == [batch]
