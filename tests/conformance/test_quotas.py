"""sig-api-machinery: statements about ResourceQuota."""

from typing import Any

import pytest

from tests.conformance.conftest import CORE, PAUSE, PODS, Suite
from tests.conformance.statements import conforms

Obj = dict[str, Any]
SIG = "[sig-api-machinery] ResourceQuota"
QUOTAS = f"{CORE}/resourcequotas"
EXTENDED = "requests.example.com/dongle"
#: `newTestResourceQuota`.
HARD = {
    "pods": "5",
    "services": "10",
    "services.nodeports": "1",
    "services.loadbalancers": "1",
    "replicationcontrollers": "10",
    "resourcequotas": "1",
    "cpu": "1",
    "memory": "500Mi",
    "configmaps": "10",
    "secrets": "10",
    "persistentvolumeclaims": "10",
    "requests.storage": "10Gi",
    "ephemeral-storage": "50Gi",
    "count/replicasets.apps": "5",
    EXTENDED: "3",
}
TEMPLATE = {"metadata": {"labels": {"name": "x"}}, "spec": {"containers": [{"name": "c", "image": PAUSE}]}}


def quota(suite: Suite, hard: Obj, name: str = "test-quota", **spec: object) -> Obj:
    """A new quota, once its status is there."""
    suite.made(QUOTAS, name, spec={"hard": hard, **spec})
    suite.wait()
    return suite.do("GET", f"{QUOTAS}/{name}")


def used(suite: Suite, name: str = "test-quota") -> Obj:
    suite.wait(40)
    status = suite.do("GET", f"{QUOTAS}/{name}")["status"]
    return dict(status["used"])


@conforms(f"{SIG} should create a ResourceQuota and ensure its status is promptly calculated. [Conformance]")
def test_a_new_quota_counts_what_is_there(suite: Suite) -> None:
    there = len(suite.do("GET", QUOTAS)["items"])
    made = quota(suite, HARD)
    assert made["status"]["hard"] == HARD
    assert made["status"]["used"]["resourcequotas"] == str(there + 1)
    assert {name for name, count in made["status"]["used"].items() if count != "0"} == {
        "resourcequotas",
        "configmaps",
        "services",
    }


@conforms(
    f"{SIG} should create a ResourceQuota and capture the life of a configMap. [Conformance]",
    f"{SIG} should create a ResourceQuota and capture the life of a secret. [Conformance]",
    f"{SIG} should create a ResourceQuota and capture the life of a replication controller. [Conformance]",
    f"{SIG} should create a ResourceQuota and capture the life of a replica set. [Conformance]",
)
@pytest.mark.parametrize(
    ("path", "name", "rest"),
    [
        pytest.param(f"{CORE}/configmaps", "configmaps", {"data": {"a": "b"}}, id="configMap"),
        pytest.param(f"{CORE}/secrets", "secrets", {"stringData": {"a": "b"}}, id="secret"),
        pytest.param(
            f"{CORE}/replicationcontrollers",
            "replicationcontrollers",
            {"spec": {"replicas": 0, "selector": {"name": "x"}, "template": TEMPLATE}},
            id="replication controller",
        ),
        pytest.param(
            "/apis/apps/v1/namespaces/default/replicasets",
            "count/replicasets.apps",
            {"spec": {"replicas": 0, "selector": {"matchLabels": {"name": "x"}}, "template": TEMPLATE}},
            id="replica set",
        ),
    ],
)
def test_an_object_is_counted_while_it_lives(suite: Suite, path: str, name: str, rest: Obj) -> None:
    before = int(quota(suite, HARD)["status"]["used"][name])
    suite.made(path, "test-object", **rest)
    assert used(suite)[name] == str(before + 1)
    suite.do("DELETE", f"{path}/test-object")
    assert used(suite)[name] == str(before)


@conforms(f"{SIG} should create a ResourceQuota and capture the life of a service. [Conformance]")
def test_services_are_counted_by_their_type(suite: Suite) -> None:
    path = f"{CORE}/services"
    before = int(quota(suite, HARD)["status"]["used"]["services"])

    def counted() -> tuple[int, str, str]:
        found = used(suite)
        return int(found["services"]) - before, found["services.nodeports"], found["services.loadbalancers"]

    ports = [{"port": 80, "targetPort": 80}]
    suite.made(path, "test-service", spec={"type": "ClusterIP", "ports": ports})
    suite.made(path, "test-service-np", spec={"type": "NodePort", "ports": ports})
    balanced = {
        "metadata": {"name": "test-service-lb"},
        "spec": {"type": "LoadBalancer", "ports": ports},
    }
    refused = suite.ask("POST", path, balanced)
    assert refused["status"] == 403, "a balancer takes a second node port"
    assert counted() == (2, "1", "0")
    for name in ("test-service", "test-service-np"):
        suite.do("DELETE", f"{path}/{name}")
    assert counted() == (0, "0", "0")


@conforms(f"{SIG} should create a ResourceQuota and capture the life of a pod. [Conformance]")
def test_what_a_pod_asks_for_is_counted_while_it_lives(suite: Suite) -> None:
    quota(suite, HARD)

    def made(name: str, cpu: str, memory: str, **limits: str) -> Obj:
        requests = {"cpu": cpu, "memory": memory, "ephemeral-storage": "30Gi", **limits}
        container = {"name": "c", "image": PAUSE, "resources": {"requests": requests, "limits": limits}}
        return {"metadata": {"name": name}, "spec": {"containers": [container]}}

    dongle = {"example.com/dongle": "2"}
    suite.do("POST", PODS, made("test-pod", "500m", "252Mi", **dongle))
    counted = {"pods": "1", "cpu": "500m", "memory": "252Mi", "ephemeral-storage": "30Gi", EXTENDED: "2"}
    found = used(suite)
    assert {name: found[name] for name in counted} == counted
    assert suite.ask("POST", PODS, made("too-much", "600m", "100Mi"))["status"] == 403
    assert suite.ask("POST", PODS, made("too-many", "100m", "100Mi", **dongle))["status"] == 403
    change = {"spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "100m"}}}]}}
    kind = "application/strategic-merge-patch+json"
    assert suite.ask("PATCH", f"{PODS}/test-pod", change, kind=kind)["status"] == 422
    found = used(suite)
    assert {name: found[name] for name in counted} == counted
    suite.do("DELETE", f"{PODS}/test-pod", {"gracePeriodSeconds": 0})
    found = used(suite)
    assert {name: found[name] for name in counted} == dict.fromkeys(counted, "0")


@conforms(f"{SIG} should verify ResourceQuota with best effort scope. [Conformance]")
def test_scopes_divide_pods_by_whether_they_ask_for_anything(suite: Suite) -> None:
    quota(suite, {"pods": "5"}, "best", scopes=["BestEffort"])
    quota(suite, {"pods": "5"}, "not-best", scopes=["NotBestEffort"])
    assert (used(suite, "best"), used(suite, "not-best")) == ({"pods": "0"}, {"pods": "0"})
    resources = {"requests": {"cpu": "500m", "memory": "200Mi"}, "limits": {"cpu": "500m", "memory": "200Mi"}}
    for name, container, counts in (
        ("best-effort-pod", {}, ("1", "0")),
        ("not-best-effort-pod", {"resources": resources}, ("0", "1")),
    ):
        suite.pod(name, {"name": "c", "image": PAUSE, **container})
        assert (used(suite, "best")["pods"], used(suite, "not-best")["pods"]) == counts
        suite.do("DELETE", f"{PODS}/{name}", {"gracePeriodSeconds": 0})
        assert (used(suite, "best")["pods"], used(suite, "not-best")["pods"]) == ("0", "0")


@conforms(f"{SIG} should verify ResourceQuota with terminating scopes. [Conformance]")
def test_scopes_divide_pods_by_whether_they_must_end(suite: Suite) -> None:
    hard = {"pods": "5", "requests.cpu": "1", "requests.memory": "500Mi", "limits.cpu": "2", "limits.memory": "1Gi"}
    none = dict.fromkeys(hard, "0")
    quota(suite, hard, "terminating", scopes=["Terminating"])
    quota(suite, hard, "not-terminating", scopes=["NotTerminating"])
    assert (used(suite, "terminating"), used(suite, "not-terminating")) == (none, none)
    resources = {"requests": {"cpu": "500m", "memory": "200Mi"}, "limits": {"cpu": "1", "memory": "400Mi"}}
    asked = {
        "pods": "1",
        "requests.cpu": "500m",
        "requests.memory": "200Mi",
        "limits.cpu": "1",
        "limits.memory": "400Mi",
    }
    for name, spec, counts in (
        ("test-pod", {}, (none, asked)),
        ("terminating-pod", {"activeDeadlineSeconds": 3600}, (asked, none)),
    ):
        suite.pod(name, {"name": "c", "image": PAUSE, "resources": resources}, **spec)
        assert (used(suite, "terminating"), used(suite, "not-terminating")) == counts
        suite.do("DELETE", f"{PODS}/{name}", {"gracePeriodSeconds": 0})
        assert (used(suite, "terminating"), used(suite, "not-terminating")) == (none, none)


@conforms(f"{SIG} should be able to update and delete ResourceQuota. [Conformance]")
def test_a_quota_is_updated_and_deleted(suite: Suite) -> None:
    made = quota(suite, {"cpu": "1", "memory": "500Mi"})
    assert made["spec"]["hard"] == {"cpu": "1", "memory": "500Mi"}
    made["spec"]["hard"] = {"cpu": "2", "memory": "1Gi"}
    assert suite.do("PUT", f"{QUOTAS}/test-quota", made)["spec"]["hard"] == {"cpu": "2", "memory": "1Gi"}
    suite.wait()
    found = suite.do("GET", f"{QUOTAS}/test-quota")
    assert (found["spec"]["hard"], found["status"]["hard"]) == ({"cpu": "2", "memory": "1Gi"},) * 2
    suite.do("DELETE", f"{QUOTAS}/test-quota")
    assert suite.ask("GET", f"{QUOTAS}/test-quota")["status"] == 404


@conforms(f"{SIG} should manage the lifecycle of a ResourceQuota [Conformance]")
def test_a_quota_lives_and_ends_with_its_collection(suite: Suite) -> None:
    suite.made(QUOTAS, "e2e-quota", metadata={"labels": {"e2e": "x"}}, spec={"hard": {"cpu": "1", "memory": "500Mi"}})
    assert suite.do("GET", f"{QUOTAS}/e2e-quota")["spec"]["hard"] == {"cpu": "1", "memory": "500Mi"}
    every = suite.do("GET", "/api/v1/resourcequotas", labelSelector="e2e=x")["items"]
    assert [one["metadata"]["name"] for one in every] == ["e2e-quota"]
    change = {"metadata": {"labels": {"e2e-quota": "patched"}}, "spec": {"hard": {"memory": "750Mi"}}}
    patched = suite.do("PATCH", f"{QUOTAS}/e2e-quota", change)
    assert patched["metadata"]["labels"]["e2e-quota"] == "patched"
    assert patched["spec"]["hard"] == {"cpu": "1", "memory": "750Mi"}
    suite.do("DELETE", QUOTAS, labelSelector="e2e-quota=patched")
    assert suite.do("GET", "/api/v1/resourcequotas", labelSelector="e2e-quota=patched")["items"] == []


@conforms(f"{SIG} should apply changes to a resourcequota status [Conformance]")
def test_the_status_of_a_quota_is_written(suite: Suite) -> None:
    place = f"{QUOTAS}/test-quota"
    made = quota(suite, {"cpu": "500m", "memory": "500Mi"})
    updated = suite.do("PUT", f"{place}/status", {**made, "status": {"hard": made["spec"]["hard"]}})
    assert updated["status"]["hard"] == made["spec"]["hard"]
    raised = {"cpu": "1", "memory": "1Gi"}
    assert suite.do("PATCH", place, {"spec": {"hard": raised}})["spec"]["hard"] == raised
    suite.do("PATCH", f"{place}/status", {"status": {"hard": raised}})
    suite.wait()
    assert suite.do("GET", f"{place}/status")["status"]["hard"] == raised
    other = {"cpu": "2", "memory": "2Gi"}
    patched = suite.do("PATCH", f"{place}/status", {"status": {"hard": other}})
    assert (patched["status"]["hard"], patched["spec"]["hard"]) == (other, raised)
    suite.wait()
    assert suite.do("GET", place)["status"]["hard"] == other, "the controller takes no notice of a status"
    suite.wait(5 * 60)
    assert suite.do("GET", place)["status"]["hard"] == raised, "until it looks at every quota again"
