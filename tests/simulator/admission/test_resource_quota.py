"""ResourceQuota: what is charged, what is refused and what is given back.

https://kubernetes.io/docs/concepts/policy/resource-quotas/; texts from `apiserver/pkg/admission/plugin/resourcequota/controller.go`.
"""

from typing import Any

import pytest

from simulator.apiserver.errors import StatusError
from simulator.controllers.resource_quota import ResourceQuotaController
from tests.proof.follows import follows

Obj = dict[str, Any]
PODS = "/api/v1/namespaces/shop/pods"
QUOTAS = "/api/v1/namespaces/shop/resourcequotas"


@pytest.fixture
def world(make_world: Any) -> Any:
    return make_world(ResourceQuotaController)


def quota(name: str = "team", *, scopes: list[str] | None = None, selector: Obj | None = None, **hard: str) -> Obj:
    names = {key.replace("__", "/").replace("_", "."): value for key, value in hard.items()}
    spec: Obj = {"hard": names}
    if scopes:
        spec["scopes"] = scopes
    if selector:
        spec["scopeSelector"] = {"matchExpressions": [selector]}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": name}, "spec": spec}


def pod(name: str, *, requests: Obj | None = None, limits: Obj | None = None, **spec: Any) -> Obj:
    resources = {key: value for key, value in (("requests", requests), ("limits", limits)) if value}
    containers = [{"name": "c", "image": "nginx", "resources": resources}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": containers, **spec}}


def used(world: Any, name: str = "team") -> Obj:
    world.run()
    found: Obj = world.registry.get("test", "resourcequotas", "shop", name)["status"]["used"]
    return found


def test_a_new_quota_counts_what_is_there(world: Any) -> None:
    world.create(PODS, pod("a", requests={"cpu": "250m", "memory": "1Gi"}))
    world.create(QUOTAS, quota(pods="5", requests_cpu="2", memory="4Gi", count__secrets="3"))
    world.run()
    status = world.registry.get("test", "resourcequotas", "shop", "team")["status"]
    assert status == {
        "hard": {"pods": "5", "requests.cpu": "2", "memory": "4Gi", "count/secrets": "3"},
        "used": {"pods": "1", "requests.cpu": "250m", "memory": "1Gi", "count/secrets": "0"},
    }


@follows(
    "ResourceQuota",
    "staging/src/k8s.io/apiserver/pkg/admission/plugin/resourcequota/admission_test.go",
    "pkg/quota/v1/evaluator/core/pods_test.go",
)
@pytest.mark.parametrize(
    ("hard", "one", "says"),
    [
        pytest.param(
            {"pods": "0"},
            pod("p"),
            "exceeded quota: team, requested: pods=1, used: pods=0, limited: pods=0",
            id="objects",
        ),
        pytest.param(
            {"requests_cpu": "1", "requests_memory": "1Gi"},
            pod("p", requests={"cpu": "1500m", "memory": "2Gi"}),
            "exceeded quota: team, requested: requests.cpu=1500m,requests.memory=2Gi, "
            "used: requests.cpu=0,requests.memory=0, limited: requests.cpu=1,requests.memory=1Gi",
            id="every exceeded name",
        ),
        pytest.param(
            {"limits_cpu": "1", "requests_cpu": "1"},
            pod("p"),
            "failed quota: team: must specify limits.cpu for: c; requests.cpu for: c",
            id="compute must be set",
        ),
        pytest.param(
            {"requests_nvidia.com__gpu": "1"},
            pod("p", requests={"nvidia.com/gpu": "2"}, limits={"nvidia.com/gpu": "2"}),
            "exceeded quota: team, requested: requests.nvidia.com/gpu=2, used: requests.nvidia.com/gpu=0, "
            "limited: requests.nvidia.com/gpu=1",
            id="extended resource",
        ),
    ],
)
def test_what_does_not_fit_is_refused_word_for_word(world: Any, hard: Obj, one: Obj, says: str) -> None:
    world.create(QUOTAS, quota(**hard))
    world.run()
    assert world.refusal(PODS, one) == f'pods "p" is forbidden: {says}'


def test_a_limit_stands_for_a_missing_request(world: Any) -> None:
    world.create(QUOTAS, quota(requests_cpu="1"))
    world.run()
    world.create(PODS, pod("p", limits={"cpu": "400m"}))
    assert used(world) == {"requests.cpu": "400m"}


def test_a_quota_not_yet_counted_holds_nobody_back(world: Any) -> None:
    world.create(QUOTAS, quota(pods="0"))
    world.create(PODS, pod("p"))
    assert used(world) == {"pods": "1"}


def test_pods_of_controllers_are_held_to_it(world: Any) -> None:
    world.create(QUOTAS, quota(pods="1"))
    world.run()
    made = {**pod("web-1"), "metadata": {"name": "web-1", "namespace": "shop"}}
    world.client.create("pods", made)
    with pytest.raises(StatusError) as refusal:
        world.client.create("pods", {**made, "metadata": {"name": "web-2", "namespace": "shop"}})
    assert str(refusal.value) == (
        'pods "web-2" is forbidden: exceeded quota: team, requested: pods=1, used: pods=1, limited: pods=1'
    )


def test_another_namespace_is_free(world: Any) -> None:
    world.create(QUOTAS, quota(pods="0"))
    world.run()
    world.create("/api/v1/namespaces/default/pods", pod("p"))


def test_deleted_and_finished_pods_are_given_back(world: Any) -> None:
    world.create(QUOTAS, quota(pods="2", count__pods="9", requests_cpu="2"))
    world.run()
    for name in ("a", "b"):
        world.create(PODS, pod(name, requests={"cpu": "500m"}))
    assert used(world) == {"pods": "2", "count/pods": "2", "requests.cpu": "1"}
    world.call("DELETE", f"{PODS}/a")
    assert used(world) == {"pods": "1", "count/pods": "1", "requests.cpu": "500m"}
    found = world.registry.get("test", "pods", "shop", "b")
    world.client.update_status("pods", {**found, "status": {**found["status"], "phase": "Succeeded"}})
    assert used(world) == {"pods": "0", "count/pods": "1", "requests.cpu": "0"}


def test_a_dry_run_is_checked_and_not_charged(world: Any) -> None:
    world.create(QUOTAS, quota(pods="1"))
    world.run()
    assert world.call("POST", PODS, pod("a"), dryRun="All").status == 201
    assert used(world) == {"pods": "0"}


def test_changing_the_limits_counts_again(world: Any) -> None:
    world.create(QUOTAS, quota(pods="1"))
    world.run()
    world.create(PODS, pod("a"))
    world.call("PATCH", f"{QUOTAS}/team", {"spec": {"hard": {"pods": "3", "configmaps": "1"}}})
    assert used(world) == {"pods": "1", "configmaps": "0"}


@follows("ResourceQuota", "pkg/quota/v1/evaluator/core/pods_test.go: TestPodEvaluatorMatchingScopes")
@pytest.mark.parametrize(
    ("scope", "inside", "outside"),
    [
        pytest.param("BestEffort", pod("a"), pod("b", requests={"cpu": "1"}), id="best effort"),
        pytest.param("NotBestEffort", pod("a", requests={"cpu": "1"}), pod("b"), id="not best effort"),
        pytest.param("Terminating", pod("a", activeDeadlineSeconds=60), pod("b"), id="terminating"),
        pytest.param("NotTerminating", pod("a"), pod("b", activeDeadlineSeconds=60), id="not terminating"),
    ],
)
def test_scopes_choose_the_pods(world: Any, scope: str, inside: Obj, outside: Obj) -> None:
    world.create(QUOTAS, quota(pods="9", scopes=[scope]))
    world.run()
    world.create(PODS, inside)
    world.create(PODS, outside)
    assert used(world) == {"pods": "1"}


def test_a_scope_selector_chooses_by_priority_class(world: Any) -> None:
    for name in ("high", "low"):
        body = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": 10}
        world.create("/apis/scheduling.k8s.io/v1/priorityclasses", body)
    selector = {"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}
    world.create(QUOTAS, quota(pods="1", selector=selector))
    world.run()
    world.create(PODS, pod("a", priorityClassName="low"))
    world.create(PODS, pod("b", priorityClassName="high"))
    assert used(world) == {"pods": "1"}
    assert "exceeded quota: team" in world.refusal(PODS, pod("c", priorityClassName="high"))


def test_a_service_is_charged_again_when_its_type_changes(world: Any) -> None:
    path = "/api/v1/namespaces/shop/services"
    world.create(QUOTAS, quota(services="5", services_nodeports="1"))
    world.run()
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80}]}
    for name in ("a", "b"):
        world.create(path, {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec})
        response = world.call("PATCH", f"{path}/{name}", {"spec": {"type": "NodePort"}})
    assert used(world) == {"services": "2", "services.nodeports": "1"}
    assert response.body["message"] == (
        'services "b" is forbidden: exceeded quota: team, requested: services.nodeports=1, '
        "used: services.nodeports=1, limited: services.nodeports=1"
    )


def test_claims_are_charged_to_their_class_too(world: Any) -> None:
    world.create(
        QUOTAS, quota(requests_storage="10Gi", **{"gold_storageclass_storage_k8s_io__persistentvolumeclaims": "1"})
    )
    world.run()
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "4Gi"}},
        "storageClassName": "gold",
    }
    path = "/api/v1/namespaces/shop/persistentvolumeclaims"
    world.create(path, {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "a"}, "spec": spec})
    assert used(world) == {"requests.storage": "4Gi", "gold.storageclass.storage.k8s.io/persistentvolumeclaims": "1"}


def test_names_of_any_kind_can_be_counted(world: Any) -> None:
    world.create(QUOTAS, quota(count__deployments_apps="0"))
    world.run()
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    assert world.refusal("/apis/apps/v1/namespaces/shop/deployments", body) == (
        'deployments.apps "web" is forbidden: exceeded quota: team, requested: count/deployments.apps=1, '
        "used: count/deployments.apps=0, limited: count/deployments.apps=0"
    )
