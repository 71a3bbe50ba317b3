"""Why anything is as it is: from a write, an event or a single field back to the person, the fault or the timer that led to it."""

import statistics
from collections.abc import Callable
from typing import Any

import pytest

from simulator.cluster import Cluster
from simulator.engine.trail import ROOT_TYPES

SECOND = 1_000_000
SCREEN = 12
Scenario = list[str | float | tuple[str, str]]

#: Lines of the terminal, waits in seconds, faults.
SCENARIOS: dict[str, Scenario] = {
    "a rollout": [
        "kubectl create deployment web --image=nginx:1.27 --replicas=4", 20, "kubectl expose deployment web --port=80",
        "kubectl set image deployment/web nginx=nginx:1.28", 60, "kubectl rollout undo deployment/web", 60,
    ],
    "jobs on time": [
        "kubectl create job once --image=busybox:1.36 -- sleep 5", 20,
        "kubectl create cronjob often --image=busybox:1.36 --schedule='* * * * *' -- sleep 5", 200,
    ],
    "a lost node": [
        "kubectl create deployment web --image=nginx:1.27 --replicas=6", 20, ("node-power-off", "book-worker"), 500,
        ("node-power-on", "book-worker"), 100,
    ],
    "a brain that stops": [
        "kubectl create deployment web --image=nginx:1.27 --replicas=3", 20, ("component-stop", "kube-controller-manager"), 20,
        "kubectl delete pods --all --wait=false", 20, ("component-start", "kube-controller-manager"), 60,
        ("component-stop", "kube-apiserver"), 60, ("component-start", "kube-apiserver"), 60,
    ],
    "a namespace that goes": [
        "kubectl create namespace shop", "kubectl run web -n shop --image=nginx:1.27", 10,
        "kubectl delete namespace shop --wait=false", 60, 3_700,
    ],
}  # fmt: skip


def play(cluster: Cluster, scenario: Scenario) -> Cluster:
    for step in scenario:
        if isinstance(step, str):
            assert cluster.apply({"kind": "shell", "line": step})["exit"] == 0
        elif isinstance(step, tuple):
            assert cluster.apply({"kind": "fault", "fault": step[0], "target": step[1]})["ok"]
        else:
            until = cluster.now + int(step * SECOND)
            while not cluster.advance(until):
                continue
    return cluster


@pytest.fixture
def lab() -> Callable[[str], Cluster]:
    def make(scenario: str) -> Cluster:
        nodes = [{"role": "control-plane"}, {"role": "worker", "count": 3}]
        return play(Cluster.create({"name": "book", "nodes": nodes}), SCENARIOS[scenario])

    return make


def test_every_write_of_every_scenario_reaches_a_root_on_one_screen(lab: Callable[[str], Cluster]) -> None:
    lengths: list[int] = []
    for name in SCENARIOS:
        cluster = lab(name)
        trail = cluster.engine.trail
        for row in trail.rows():
            if row.type != "write":
                continue
            chain = trail.chain(row.ev)
            assert chain[-1].type in ROOT_TYPES, (name, row)
            assert chain[-1].because == 0, (name, row)
            lengths.append(len(chain))
        longest = max(trail.rows(), key=lambda row: row.hop)
        assert len(cluster.apply({"kind": "because", "ev": longest.ev})["hops"]) <= SCREEN
    assert len(lengths) > 1_000
    assert statistics.median(lengths) <= 6


def says(cluster: Cluster, path: str, **of: str) -> list[str]:
    reply: dict[str, Any] = cluster.apply({"kind": "because", "path": path, **of})
    assert reply["changed"] is False
    assert reply["exact"] is True
    return [hop["say"] for hop in reply["hops"]]


def test_a_field_answers_for_itself_and_not_for_the_last_write_of_its_object(lab: Callable[[str], Cluster]) -> None:
    cluster = lab("a rollout")
    web = {"resource": "deployments.apps", "namespace": "default", "name": "web"}
    assert says(cluster, "spec.template.spec.containers[nginx].image", **web)[-1] == (
        "You ran: kubectl rollout undo deployment/web"
    )
    assert says(cluster, "spec.replicas", **web) == [
        "You create Deployment web.",
        "You ran: kubectl create deployment web --image=nginx:1.27 --replicas=4",
    ]
    assert (
        says(cluster, "status.readyReplicas", **web)[0]
        == "The deployment controller counts 4 of 4 ready for Deployment web."
    )


def test_a_pods_node_and_a_pods_readiness_have_different_authors(lab: Callable[[str], Cluster]) -> None:
    cluster = lab("a rollout")
    pod = next(pod for pod in cluster.registry.objects("pods") if pod["metadata"]["namespace"] == "default")
    uid, name = pod["metadata"]["uid"], pod["metadata"]["name"]
    assert says(cluster, "spec.nodeName", uid=uid)[0] == f"The scheduler binds Pod {name} to {pod['spec']['nodeName']}."
    assert says(cluster, "status.conditions[Ready].status", uid=uid)[0].startswith("The kubelet on book-worker")
    assert says(cluster, 'metadata.labels["pod-template-hash"]', uid=uid)[-1].startswith("You ran: ")


def test_every_field_names_its_writer(lab: Callable[[str], Cluster]) -> None:
    cluster = lab("a rollout")
    wanted = {"resource": "pods", "namespace": "default"}
    name = next(
        p["metadata"]["name"] for p in cluster.registry.objects("pods") if p["metadata"]["namespace"] == "default"
    )
    fields = cluster.apply({"kind": "fields", **wanted, "name": name})["fields"]
    writers = {field["path"]: field["by"] for field in fields}
    assert writers["spec.containers[nginx].image"] == "replicaset-controller"
    assert writers["spec.nodeName"] == "default-scheduler"
    assert writers["status.phase"].startswith("kubelet/")
    assert all(field["by"] for field in fields)


def test_after_a_restore_a_fields_cause_is_said_to_be_a_bound(lab: Callable[[str], Cluster]) -> None:
    cluster = Cluster.load(lab("a rollout").dump())
    web = {"resource": "deployments.apps", "namespace": "default", "name": "web"}
    reply = cluster.apply({"kind": "because", "path": "spec.replicas", **web})
    assert reply["exact"] is False
    assert reply["hops"][-1]["say"] == "You ran: kubectl create deployment web --image=nginx:1.27 --replicas=4"


def test_a_field_that_is_not_there_has_no_value(lab: Callable[[str], Cluster]) -> None:
    cluster = lab("jobs on time")
    reply = cluster.apply(
        {"kind": "because", "path": "spec.nothing", "resource": "jobs", "namespace": "default", "name": "once"}
    )
    assert reply["value"] is None
