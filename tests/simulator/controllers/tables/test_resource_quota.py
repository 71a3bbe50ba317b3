"""What the quota controller counts (`pkg/controller/resourcequota/resource_quota_controller_test.go`)."""

from typing import Any

import pytest

from simulator.controllers.resource_quota import ResourceQuotaController
from tests.proof.follows import follows
from tests.simulator.admission.conftest import World

Obj = dict[str, Any]
HARD = {"cpu": "3", "memory": "100Gi", "pods": "5"}
NONE = {"cpu": "0", "memory": "0", "pods": "0"}
ASKS = {"cpu": "100m", "memory": "1Gi"}


def put(world: World, name: str, requests: Obj, phase: str, priority: str = "") -> None:
    one = {"name": "ctr", "image": "image", "resources": {"requests": requests}}
    spec: Obj = {"containers": [one], **({"priorityClassName": priority} if priority else {})}
    metadata = {"name": name, "namespace": "shop"}
    made = world.client.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    world.client.update_status("pods", {**made, "status": {**made["status"], "phase": phase}})


def plain(world: World) -> None:
    put(world, "running", ASKS, "Running")
    put(world, "running-2", ASKS, "Running")
    put(world, "failed", ASKS, "Failed")


def best_effort(world: World) -> None:
    put(world, "running", {}, "Running")
    put(world, "running-2", {}, "Running")
    put(world, "failed", ASKS, "Failed")


def with_classes(world: World) -> None:
    for name in ("high", "low"):
        body = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": 10}
        world.create("/apis/scheduling.k8s.io/v1/priorityclasses", body)
    put(world, "running", {"cpu": "500m", "memory": "50Gi"}, "Running", "high")
    put(world, "running-2", ASKS, "Running", "low")
    put(world, "failed", ASKS, "Failed")


def by_class(operator: str, *values: str) -> Obj:
    term: Obj = {"scopeName": "PriorityClass", "operator": operator}
    if values:
        term["values"] = list(values)
    return {"scopeSelector": {"matchExpressions": [term]}}


BEST = {"scopes": ["BestEffort"]}
SMALL = {"cpu": "100m", "memory": "1Gi", "pods": "1"}
TWO_SMALL = {"cpu": "200m", "memory": "2Gi", "pods": "2"}
BOTH = {"cpu": "600m", "memory": "51Gi", "pods": "2"}


@follows("ResourceQuota", "pkg/controller/resourcequota/resource_quota_controller_test.go: TestSyncResourceQuota")
@pytest.mark.parametrize(
    ("pods", "spec", "hard", "wanted"),
    [
        pytest.param(plain, {"scopes": ["BestEffort"]}, {"pods": "5"}, {"pods": "0"}, id="non-matching-best-effort"),
        pytest.param(best_effort, BEST, {"pods": "5"}, {"pods": "2"}, id="matching-best-effort"),
        pytest.param(plain, by_class("Exists"), HARD, NONE, id="non-matching-priorityclass-OpExists"),
        pytest.param(with_classes, by_class("Exists"), HARD, BOTH, id="matching-priorityclass-OpExists"),
        pytest.param(with_classes, by_class("In", "high", "low"), HARD, BOTH, id="matching-priorityclass-OpIn"),
        pytest.param(
            with_classes,
            by_class("In", "high"),
            HARD,
            {"cpu": "500m", "memory": "50Gi", "pods": "1"},
            id="matching-priorityclass-OpIn-high",
        ),
        pytest.param(with_classes, by_class("In", "low"), HARD, SMALL, id="matching-priorityclass-OpIn-low"),
        pytest.param(with_classes, by_class("NotIn", "high"), HARD, SMALL, id="matching-priorityclass-OpNotIn-low"),
        pytest.param(with_classes, by_class("In", "random"), HARD, NONE, id="non-matching-priorityclass-OpIn"),
        pytest.param(plain, by_class("NotIn", "random"), HARD, TWO_SMALL, id="non-matching-priorityclass-OpNotIn"),
        pytest.param(plain, by_class("DoesNotExist"), HARD, TWO_SMALL, id="matching-priorityclass-OpDoesNotExist"),
        pytest.param(plain, {}, HARD, TWO_SMALL, id="pods"),
        pytest.param(lambda world: None, {}, {"cpu": "4"}, {"cpu": "0"}, id="quota-unchanged"),
    ],
)
def test_what_is_counted(pods: Any, spec: Obj, hard: Obj, wanted: Obj) -> None:
    world = World(ResourceQuotaController)
    pods(world)
    body = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "quota"}, "spec": {"hard": hard, **spec}}
    world.create("/api/v1/namespaces/shop/resourcequotas", body)
    world.run()
    status = world.registry.get("test", "resourcequotas", "shop", "quota")["status"]
    assert status == {"hard": hard, "used": wanted}


@follows("ResourceQuota", "pkg/quota/v1/evaluator/core/pods_test.go: TestPodEvaluatorUsage")
@pytest.mark.parametrize("is_stopped", [False, True], ids=["goes on", "starts again"])
def test_a_pod_that_does_not_end_in_time_is_given_back(is_stopped: bool) -> None:
    """As on a node that is lost: the new pods of a ReplicaSet find room again."""
    world = World(ResourceQuotaController)
    body = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "quota"}}
    world.create("/api/v1/namespaces/shop/resourcequotas", {**body, "spec": {"hard": {"pods": "1", "count/pods": "9"}}})
    world.run()
    put(world, "stuck", {}, "Running")
    found = world.registry.get("test", "pods", "shop", "stuck")
    world.client.update("pods", {**found, "spec": {**found["spec"], "nodeName": "lost"}})
    world.call("DELETE", "/api/v1/namespaces/shop/pods/stuck")
    world.run(50)
    quota = world.registry.get("test", "resourcequotas", "shop", "quota")
    assert quota["status"]["used"] == {"pods": "1", "count/pods": "1"}
    if is_stopped:
        world.manager.stop()
        world.manager.start()
    world.run(260)
    quota = world.registry.get("test", "resourcequotas", "shop", "quota")
    assert quota["status"]["used"] == {"pods": "0", "count/pods": "1"}
    world.create(
        "/api/v1/namespaces/shop/pods",
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "next"},
            "spec": {"containers": [{"name": "c", "image": "nginx"}]},
        },
    )
    world.call("DELETE", "/api/v1/namespaces/shop/pods/stuck", gracePeriodSeconds="0")
    world.run()
    quota = world.registry.get("test", "resourcequotas", "shop", "quota")
    assert quota["status"]["used"] == {"pods": "1", "count/pods": "1"}
