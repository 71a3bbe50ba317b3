"""HorizontalPodAutoscaler in autoscaling/v1 and v2: `pkg/apis/autoscaling/v1/conversion.go`."""

import json
from typing import Any

import pytest

from simulator.apiserver.autoscalers import served, stored
from simulator.cluster import Cluster

Obj = dict[str, Any]
PATH = "/apis/autoscaling/{}/namespaces/default/horizontalpodautoscalers"
TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
PREFIX = "autoscaling.alpha.kubernetes.io/"


def metric(kind: str, field: str, **rest: Any) -> Obj:
    return {"type": kind, field: rest}


CPU = metric("Resource", "resource", name="cpu", target={"type": "Utilization", "averageUtilization": 60})
OTHERS = {
    "memory": metric("Resource", "resource", name="memory", target={"type": "AverageValue", "averageValue": "64Mi"}),
    "container": metric(
        "ContainerResource",
        "containerResource",
        name="cpu",
        container="main",
        target={"type": "Utilization", "averageUtilization": 30},
    ),
    "pods": metric("Pods", "pods", metric={"name": "hits"}, target={"type": "AverageValue", "averageValue": "10"}),
    "object": metric(
        "Object",
        "object",
        describedObject={"kind": "Service", "name": "web"},
        metric={"name": "rate"},
        target={"type": "Value", "value": "2k"},
    ),
    "external": metric(
        "External",
        "external",
        metric={"name": "queue", "selector": {"matchLabels": {"a": "b"}}},
        target={"type": "AverageValue", "averageValue": "5"},
    ),
}


def autoscaler(*metrics: Obj, **spec: Any) -> Obj:
    body = {"scaleTargetRef": TARGET, "minReplicas": 1, "maxReplicas": 5, "metrics": list(metrics), **spec}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": body,
    }


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
def test_what_v1_has_no_field_for_travels_in_an_annotation_and_comes_back(other: Obj) -> None:
    behavior = {"scaleDown": {"stabilizationWindowSeconds": 60, "policies": [{"type": "Pods", "value": 1}]}}
    given = autoscaler(CPU, other, behavior=behavior)
    old = served(given, "autoscaling/v1")
    assert old["spec"] == {
        "scaleTargetRef": TARGET,
        "minReplicas": 1,
        "maxReplicas": 5,
        "targetCPUUtilizationPercentage": 60,
    }
    assert json.loads(old["metadata"]["annotations"][f"{PREFIX}metrics"])[0]["type"] == other["type"]
    assert stored(old)["spec"] == given["spec"]
    assert "annotations" not in stored(old)["metadata"]


def test_a_memory_target_reads_as_in_v1() -> None:
    old = served(autoscaler(OTHERS["memory"]), "autoscaling/v1")
    text = '[{"type":"Resource","resource":{"name":"memory","targetAverageValue":"64Mi"}}]'
    assert old["metadata"]["annotations"] == {f"{PREFIX}metrics": text}


class Lab:
    def __init__(self) -> None:
        self.cluster = Cluster.create(profile="instant")

    def ask(self, method: str, path: str, body: object = None) -> Obj:
        headers = {"content-type": "application/merge-patch+json" if method == "PATCH" else "application/json"}
        command = {"kind": "request", "method": method, "path": path, "query": {}, "headers": headers, "body": body}
        return self.cluster.apply(command)


def test_an_autoscaler_written_in_v1_is_one_of_v2() -> None:
    lab = Lab()
    spec = {"scaleTargetRef": TARGET, "maxReplicas": 5, "targetCPUUtilizationPercentage": 70}
    body = {
        "apiVersion": "autoscaling/v1",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": spec,
    }
    made = lab.ask("POST", PATH.format("v1"), body)
    assert made["status"] == 201
    assert made["body"]["spec"] == {**spec, "minReplicas": 1}
    new = lab.ask("GET", PATH.format("v2") + "/web")["body"]
    assert new["spec"]["metrics"] == [
        {**CPU, "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}
    ]
    patched = lab.ask("PATCH", PATH.format("v1") + "/web", {"spec": {"targetCPUUtilizationPercentage": 20}})
    assert patched["body"]["spec"]["targetCPUUtilizationPercentage"] == 20
    listed = lab.ask("GET", PATH.format("v1"))["body"]
    assert listed["items"][0]["spec"]["targetCPUUtilizationPercentage"] == 20
    said = lab.cluster.apply({"kind": "shell", "line": "kubectl get hpa.v1.autoscaling --no-headers"})["stdout"]
    assert "cpu: <unknown>/20%" in said


def test_without_any_target_eighty_percent_of_cpu_are_meant() -> None:
    spec = {"scaleTargetRef": TARGET, "maxReplicas": 5}
    body = {
        "apiVersion": "autoscaling/v1",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": spec,
    }
    lab = Lab()
    assert lab.ask("POST", PATH.format("v1"), body)["body"]["spec"]["targetCPUUtilizationPercentage"] == 80


def test_conditions_and_what_was_measured_travel_too() -> None:
    condition = {"type": "AbleToScale", "status": "True", "reason": "ReadyForNewScale"}
    used = metric("Resource", "resource", name="cpu", current={"averageUtilization": 40, "averageValue": "40m"})
    status = {"currentReplicas": 2, "desiredReplicas": 2, "currentMetrics": [used], "conditions": [condition]}
    old = served({**autoscaler(CPU), "status": status}, "autoscaling/v1")
    assert old["status"] == {"currentReplicas": 2, "desiredReplicas": 2, "currentCPUUtilizationPercentage": 40}
    annotations = old["metadata"]["annotations"]
    current = [
        {"type": "Resource", "resource": {"name": "cpu", "currentAverageUtilization": 40, "currentAverageValue": "40m"}}
    ]
    assert json.loads(annotations[f"{PREFIX}current-metrics"]) == current
    assert json.loads(annotations[f"{PREFIX}conditions"]) == [condition]
    assert stored(old)["status"] == status
