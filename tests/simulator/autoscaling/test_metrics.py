"""Rows H4, D19, E8 and T2: what containers use, who measures it, and what a limit does to it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]
COMPONENTS = "https://github.com/kubernetes-sigs/metrics-server/releases/latest/download/components.yaml"
PATCH = '[{"op":"add","path":"/spec/template/spec/containers/0/args/-","value":"--kubelet-insecure-tls"}]'


def raw(lab: Any, path: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(lab.run(f"kubectl get --raw /apis/metrics.k8s.io/v1beta1/{path}"))
    return found


def listed(lab: Any) -> list[str]:
    """The APIService's row, without its age."""
    return lab.run("kubectl get apiservice v1beta1.metrics.k8s.io --no-headers").split()[:-1]


def cpu_of(lab: Any, pod: str) -> int:
    """Milli-CPU that `kubectl top` shows."""
    return int(lab.run(f"kubectl top pod {pod} --no-headers").split()[1].removesuffix("m"))


def test_without_a_metrics_server_nobody_knows_what_is_used(make_lab: Make) -> None:
    lab = make_lab()
    assert lab.refusal("kubectl top pods") == "error: Metrics API not available\n"
    assert lab.refusal("kubectl top nodes") == "error: Metrics API not available\n"


def test_a_metrics_server_needs_kubelets_it_can_trust(make_lab: Make) -> None:
    """As in kind: kubelets sign their own certificates, so the server never gets ready until it is told not to mind."""
    lab = make_lab()
    lab.run(f"kubectl apply -f {COMPONENTS}")
    lab.wait(90)
    assert lab.value("deploy metrics-server -n kube-system", "{.status.readyReplicas}") == ""
    assert listed(lab) == ["v1beta1.metrics.k8s.io", "kube-system/metrics-server", "False", "(MissingEndpoints)"]
    assert lab.value("apiservice v1beta1.metrics.k8s.io", "{.status.conditions[0].message}") == (
        'endpointslices for service/metrics-server in "kube-system" have no addresses with port name "https"'
    )
    assert lab.refusal("kubectl top nodes") == (
        "Error from server (ServiceUnavailable): the server is currently unable to handle the request (get nodes.metrics.k8s.io)\n"
    )
    lab.run(f"kubectl patch deployment metrics-server -n kube-system --type=json -p '{PATCH}'")
    lab.wait(60)
    assert listed(lab) == ["v1beta1.metrics.k8s.io", "kube-system/metrics-server", "True"]
    assert lab.run("kubectl top nodes").splitlines()[0].split() == [
        "NAME",
        "CPU(cores)",
        "CPU(%)",
        "MEMORY(bytes)",
        "MEMORY(%)",
    ]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        pytest.param("kubectl delete service metrics-server -n kube-system", "ServiceNotFound", id="no service"),
        pytest.param(
            "kubectl scale deployment metrics-server -n kube-system --replicas=0", "MissingEndpoints", id="no pods"
        ),
        pytest.param(
            'kubectl patch service metrics-server -n kube-system -p \'{"spec":{"ports":[{"port":443,"$patch":"delete"},{"name":"x","port":80}]}}\'',
            "ServicePortError",
            id="other port",
        ),
    ],
)
def test_an_api_service_says_why_nobody_answers(lab: Any, line: str, why: str) -> None:
    lab.run(line)
    lab.wait(10)
    assert lab.value("apiservice v1beta1.metrics.k8s.io", "{.status.conditions[0].reason}") == why


def test_metrics_are_of_the_last_fifteen_seconds_and_computed_when_read(lab: Any) -> None:
    lab.serve()
    found = raw(lab, "namespaces/default/pods")
    (pod,) = found["items"]
    assert (found["kind"], found["apiVersion"]) == ("PodMetricsList", "metrics.k8s.io/v1beta1")
    assert pod["window"] == "15s"
    assert [one["name"] for one in pod["containers"]] == ["hpa-example"]
    assert pod["containers"][0]["usage"] == {"cpu": "1000000n", "memory": "11718Ki"}
    before = lab.cluster.ev
    lab.wait(600)
    assert lab.cluster.ev == before
    assert raw(lab, "nodes/book-worker")["window"] == "15s"


def test_a_young_pod_has_no_metrics_yet(lab: Any) -> None:
    lab.run("kubectl run web --image=nginx:1.27")
    lab.wait(4)
    assert lab.refusal("kubectl top pods") == "error: metrics not available yet\n"
    assert lab.refusal("kubectl top pod web") == (
        'Error from server (NotFound): podmetrics.metrics.k8s.io "default/web" not found\n'
    )
    lab.wait(40)
    assert cpu_of(lab, "web") == 1


def test_a_silent_kubelet_has_no_metrics(lab: Any) -> None:
    lab.fault("node-power-off", "book-worker3")
    lab.wait(5)
    row = next(line for line in lab.run("kubectl top nodes").splitlines() if line.startswith("book-worker3"))
    assert row.split() == ["book-worker3", "<unknown>", "<unknown>", "<unknown>", "<unknown>"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param("kubectl top pods --sort-by=disk", "error: --sort-by accepts only cpu or memory\n", id="sort"),
        pytest.param("kubectl top node a -l b=c", "error: only one of NAME or --selector can be provided\n", id="both"),
    ],
)
def test_top_refuses_what_kubectl_refuses(lab: Any, line: str, said: str) -> None:
    assert lab.refusal(line) == said


def test_top_sums_sorts_and_names_containers(lab: Any) -> None:
    lab.serve("one")
    lab.serve("two")
    lab.load("default/deployment/two cpu=300m")
    lab.wait(45)
    rows = [line.split() for line in lab.run("kubectl top pods --sort-by=cpu --no-headers").splitlines()]
    assert [row[1] for row in rows] == ["301m", "1m"]
    assert lab.run("kubectl top pods --sum").splitlines()[-1].split() == ["302m", "22Mi"]
    assert lab.run("kubectl top pods --containers").splitlines()[0].split() == [
        "POD",
        "NAME",
        "CPU(cores)",
        "MEMORY(bytes)",
    ]
    assert lab.run("kubectl top pods -A").splitlines()[0].split()[0] == "NAMESPACE"
    assert lab.run("kubectl top pods -l app=one --no-headers").count("\n") == 1


@pytest.mark.parametrize(
    ("limit", "asked", "shown"),
    [
        pytest.param("", "cpu=900m", 901, id="no limit"),
        pytest.param("cpu=500m", "cpu=900m", 500, id="throttled"),
        pytest.param("cpu=500m", "cpu=100m", 101, id="below the limit"),
        pytest.param("cpu=500m", "requests=5", 301, id="60 ms a request"),
        pytest.param("cpu=500m", "requests=200", 500, id="more requests than it can take"),
    ],
)
def test_cpu_follows_the_load_up_to_the_limit(lab: Any, limit: str, asked: str, shown: int) -> None:
    lab.serve(limit=limit)
    lab.load(f"default/deployment/web {asked}")
    lab.wait(45)
    pod = lab.value("pods", "{.items[0].metadata.name}")
    assert cpu_of(lab, pod) == shown
    assert lab.value(f"pod {pod}", "{.status.containerStatuses[0].restartCount}") == "0"


def test_a_busy_program_is_throttled_to_its_limit(lab: Any) -> None:
    container = {"name": "b", "image": "polinux/stress", "args": ["stress", "--cpu", "2"]}
    spec = {"containers": [{**container, "resources": {"limits": {"cpu": "250m"}}}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "busy"}, "spec": spec}
    lab.run("kubectl apply -f -", json.dumps(pod))
    lab.wait(60)
    assert cpu_of(lab, "busy") == 250


def test_the_load_is_shared_by_ready_pods_only(lab: Any) -> None:
    lab.serve(replicas=2)
    lab.load("default/deployment/web cpu=400m")
    lab.wait(45)
    rows = [line.split()[1] for line in lab.run("kubectl top pods --no-headers").splitlines()]
    assert rows == ["201m", "201m"]
    lab.run("kubectl scale deployment web --replicas=4")
    lab.wait(60)
    assert {line.split()[1] for line in lab.run("kubectl top pods --no-headers").splitlines()} == {"101m"}


def test_more_memory_than_the_limit_kills_one_container_and_not_its_neighbour(lab: Any) -> None:
    """Row T2: each container has a cgroup of its own below the pod's."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "two"},
        "spec": {
            "containers": [
                {
                    "name": name,
                    "image": "registry.k8s.io/hpa-example" if name == "hungry" else "redis:7",
                    "resources": {"limits": {"memory": "64Mi", "cpu": "100m"}},
                }
                for name in ("hungry", "calm")
            ]
        },
    }
    lab.run("kubectl apply -f -", json.dumps(pod))
    lab.wait(30)
    lab.load("default/pod/two memory=128Mi")
    lab.wait(3)
    last = '{.status.containerStatuses[?(@.name=="hungry")].lastState.terminated.reason} {.status.containerStatuses[?(@.name=="hungry")].lastState.terminated.exitCode}'
    now = '{.status.containerStatuses[?(@.name=="hungry")].state.terminated.reason}'
    assert "OOMKilled" in lab.value("pod two", last) + lab.value("pod two", now)
    lab.wait(60)
    assert lab.value("pod two", last) == "OOMKilled 137"
    counts = [
        lab.value("pod two", f'{{.status.containerStatuses[?(@.name=="{name}")].restartCount}}')
        for name in ("calm", "hungry")
    ]
    assert counts[0] == "0"
    assert int(counts[1]) >= 1


@pytest.mark.parametrize(
    ("target", "said"),
    [
        pytest.param("web cpu=1", "target: found 'web cpu=1', wanted namespace/kind/name", id="place"),
        pytest.param("a/service/b cpu=x", "target: found 'cpu=x', wanted a quantity", id="amount"),
        pytest.param("a/service/b disk=1", "target: found 'disk=1', wanted cpu, requests, memory", id="what"),
        pytest.param("a/ingress/b cpu=1", "target: found 'ingress', wanted one of pod", id="kind"),
    ],
)
def test_a_load_that_makes_no_sense_is_refused(lab: Any, target: str, said: str) -> None:
    reply = lab.fault("load", target)
    assert reply["error"]["message"].startswith(said)
    assert reply["changed"] is False
