"""Limits, phases, sidecars and identities, as kubectl shows them."""

from typing import Any

import pytest

from simulator.cluster import Cluster

SECOND = 1_000_000


@pytest.fixture
def cluster() -> Cluster:
    return Cluster.create("kind: Cluster\nnodes: [{role: control-plane}, {role: worker}]\n")


def said(cluster: Cluster, line: str, stdin: str = "") -> str:
    reply: dict[str, Any] = cluster.apply({"kind": "shell", "line": line, "stdin": stdin})
    return str(reply["stdout"] + reply["stderr"])


def pod(name: str, containers: str, more: str = "") -> str:
    return f"{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{containers: [{containers}]{more}}}}}"


def box(name: str, script: str, more: str = "") -> str:
    return f"{{name: {name}, image: 'busybox:1.36', command: [sh, -c, '{script}']{more}}}"


@pytest.mark.parametrize(
    ("manifest", "phase", "status"),
    [
        pytest.param(
            pod("a", "{name: c, image: 'nginx:1.99'}"),
            "Pending",
            ("ImagePullBackOff", "ErrImagePull"),
            id="no such image",
        ),
        pytest.param(
            pod("a", "{name: c, image: 'nginx:1.27', envFrom: [{configMapRef: {name: nope}}]}"),
            "Pending",
            ("CreateContainerConfigError",),
            id="no such config",
        ),
        pytest.param(
            pod("a", "{name: c, image: 'nginx:1.27', resources: {requests: {cpu: 100}}}"),
            "Pending",
            ("Pending",),
            id="no such node",
        ),
        pytest.param(pod("a", box("c", "exit 1")), "Running", ("CrashLoopBackOff", "Error"), id="a crash loop"),
        pytest.param(
            pod("a", box("c", "exit 1"), ", restartPolicy: Never"), "Failed", ("Error",), id="a failure for good"
        ),
        pytest.param(
            pod("a", box("c", "exit 0"), ", restartPolicy: Never"), "Succeeded", ("Completed",), id="a success"
        ),
        pytest.param(
            pod("a", box("c", "exit 1") + "," + box("d", "sleep 1d")),
            "Running",
            ("CrashLoopBackOff", "Error"),
            id="one of two",
        ),
        pytest.param(
            pod("a", box("c", "sleep 1d"), ", initContainers: [" + box("i", "exit 1") + "]"),
            "Pending",
            ("Init:CrashLoopBackOff", "Init:Error"),
            id="a broken init container",
        ),
    ],
)
def test_phase_and_the_status_column(cluster: Cluster, manifest: str, phase: str, status: tuple[str, ...]) -> None:
    said(cluster, "kubectl apply -f -", manifest)
    cluster.advance(90 * SECOND)
    assert said(cluster, "kubectl get pod a -o jsonpath={.status.phase}") == phase
    assert said(cluster, "kubectl get pod a --no-headers").split()[2] in status


@pytest.mark.parametrize(
    ("resources", "qos"),
    [
        pytest.param("{}", "BestEffort", id="nothing"),
        pytest.param("{requests: {cpu: 100m}}", "Burstable", id="a request"),
        pytest.param("{limits: {cpu: 100m, memory: 64Mi}}", "Guaranteed", id="limits are requests too"),
    ],
)
def test_the_class_of_service_follows_from_requests_and_limits(cluster: Cluster, resources: str, qos: str) -> None:
    said(cluster, "kubectl apply -f -", pod("a", f"{{name: c, image: 'nginx:1.27', resources: {resources}}}"))
    assert said(cluster, "kubectl get pod a -o jsonpath={.status.qosClass}") == qos


def test_a_limit_throttles_processor_and_kills_for_memory(cluster: Cluster) -> None:
    hog = "{name: hog, image: 'polinux/stress', command: [stress, --cpu, '2'], resources: {limits: {cpu: 250m}}}"
    eater = "{name: eater, image: 'polinux/stress', command: [stress, --vm, '1', --vm-bytes, 100M], resources: {limits: {memory: 50Mi}}}"
    said(cluster, "kubectl apply -f -", pod("a", f"{hog},{eater}"))
    cluster.advance(60 * SECOND)
    status = "kubectl get pod a -o jsonpath='{.status.containerStatuses[?(@.name==\"%s\")].%s}'"
    assert said(cluster, status % ("eater", "lastState.terminated.reason")) == "OOMKilled"
    assert said(cluster, status % ("eater", "lastState.terminated.exitCode")) == "137"
    assert said(cluster, status % ("hog", "restartCount")) == "0"
    assert cluster.kubelets.container_usage("default", "a")["hog"][0] == 250
    assert cluster.kubelets.usage("default", "a")[0] == 250


def test_a_job_with_a_native_sidecar_completes_and_the_sidecar_begins_first_and_ends_last(cluster: Cluster) -> None:
    job = (
        "{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {template: {spec: {restartPolicy: Never, initContainers: ["
        + box("log", 'trap "exit 0" TERM; sleep 1d & wait', ", restartPolicy: Always")
        + "], containers: ["
        + box("work", "sleep 20")
        + "]}}}}"
    )
    said(cluster, "kubectl apply -f -", job)
    cluster.advance(15 * SECOND)
    assert said(cluster, "kubectl get pods --no-headers").split()[1:3] == ["2/2", "Running"]
    cluster.advance(60 * SECOND)
    assert said(cluster, "kubectl get job a --no-headers").split()[1:3] == ["Complete", "1/1"]
    name = said(cluster, "kubectl get pods -o name").strip()
    times = said(
        cluster,
        f"kubectl get {name} -o jsonpath={{.status.initContainerStatuses[0].state.terminated.startedAt}},"
        "{.status.containerStatuses[0].state.terminated.startedAt},{.status.containerStatuses[0].state.terminated.finishedAt},"
        "{.status.initContainerStatuses[0].state.terminated.finishedAt}",
    ).split(",")
    assert times == sorted(times)
    assert len(set(times)) >= 3


def test_one_pod_for_all_tiers_scales_them_together_and_a_deployment_each_does_not(cluster: Cluster) -> None:
    both = (
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: all}, spec: {replicas: 2, selector: {matchLabels: {app: all}}, template: "
        "{metadata: {labels: {app: all}}, spec: {containers: [{name: web, image: 'nginx:1.27'}, {name: db, image: 'redis:7'}]}}}}"
    )
    said(cluster, "kubectl apply -f -", both)
    for name, image in (("web", "nginx:1.27"), ("db", "redis:7")):
        said(cluster, f"kubectl create deployment {name} --image={image}")
    said(cluster, "kubectl scale deployment web --replicas=3")
    said(cluster, "kubectl scale deployment all --replicas=3")
    cluster.advance(90 * SECOND)
    assert said(cluster, "kubectl get deployments --no-headers -o custom-columns=N:.metadata.name,R:.status.readyReplicas").split() == [
        "all", "3", "db", "1", "web", "3",
    ]  # fmt: skip
    images = said(cluster, "kubectl get pods -l app=all -o jsonpath={.items[*].spec.containers[*].image}").split()
    assert images.count("redis:7") == images.count("nginx:1.27") == 3


def test_a_cron_job_makes_jobs_whose_pods_complete(cluster: Cluster) -> None:
    said(cluster, 'kubectl create cronjob tick --image=busybox:1.36 --schedule="* * * * *" -- echo tick')
    cluster.advance(200 * SECOND)
    assert said(cluster, "kubectl get cronjob tick --no-headers").split()[-2].endswith("s")
    jobs = said(cluster, "kubectl get jobs --no-headers").splitlines()
    assert [row.split()[1:3] for row in jobs] == [["Complete", "1/1"]] * 3
    assert {row.split()[2] for row in said(cluster, "kubectl get pods --no-headers").splitlines()} == {"Completed"}
    assert said(cluster, f"kubectl logs job/{jobs[0].split()[0]}") == "tick\n"
