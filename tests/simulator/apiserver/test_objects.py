"""Create, read, change, delete: what the generic registry promises for every kind.

https://kubernetes.io/docs/reference/using-api/api-concepts/; texts from apimachinery `pkg/api/errors`.
"""

from typing import Any

import pytest

PODS = "/api/v1/namespaces/default/pods"
MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def pod(name: str, **spec: Any) -> dict[str, Any]:
    containers = [{"name": "c", "image": "nginx"}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": containers, **spec}}


def deployment(name: str, replicas: int = 1) -> dict[str, Any]:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def test_a_created_object_gets_its_system_fields(api: Any) -> None:
    made = api.create(MAPS, config_map("web", key="value"))
    metadata = made["metadata"]
    assert metadata["namespace"] == "default"
    assert metadata["creationTimestamp"] == "2025-10-09T08:53:20Z"
    assert metadata["resourceVersion"] == "3"
    assert len(metadata["uid"]) == 36
    assert metadata["uid"][14] == "4"
    assert "generation" not in metadata
    assert api.create(DEPLOYMENTS, deployment("web"))["metadata"]["generation"] == 1


def test_the_same_name_twice_is_refused_and_another_namespace_is_not(api: Any) -> None:
    api.create(MAPS, config_map("web"))
    again = api("POST", MAPS, config_map("web"))
    assert (again.status, again.body["reason"], again.body["message"]) == (
        409,
        "AlreadyExists",
        'configmaps "web" already exists',
    )
    api.create("/api/v1/namespaces/shop/configmaps", config_map("web"))


@pytest.mark.parametrize(
    ("method", "path", "code", "reason", "message"),
    [
        pytest.param("GET", f"{PODS}/x", 404, "NotFound", 'pods "x" not found', id="unknown name"),
        pytest.param(
            "GET",
            "/apis/apps/v1/namespaces/default/deployments/x",
            404,
            "NotFound",
            'deployments.apps "x" not found',
            id="group",
        ),
        pytest.param(
            "GET",
            "/api/v1/foos",
            404,
            "NotFound",
            "the server could not find the requested resource",
            id="unknown kind",
        ),
        pytest.param(
            "GET",
            "/apis/apps/v1beta1/deployments",
            404,
            "NotFound",
            "the server could not find the requested resource",
            id="removed",
        ),
        pytest.param(
            "POST", "/api/v1/namespaces/nope/configmaps", 404, "NotFound", 'namespaces "nope" not found', id="namespace"
        ),
        pytest.param("PUT", PODS, 405, "MethodNotAllowed", None, id="method"),
    ],
)
def test_a_refusal_is_a_status(api: Any, method: str, path: str, code: int, reason: str, message: str | None) -> None:
    response = api(method, path, config_map("web") if method == "POST" else None)
    assert (response.status, response.body["kind"], response.body["status"]) == (code, "Status", "Failure")
    assert (response.body["code"], response.body["reason"]) == (code, reason)
    if message is not None:
        assert response.body["message"] == message


def test_generated_names_use_five_letters_of_the_kubernetes_alphabet(api: Any) -> None:
    body = pod("")
    body["metadata"] = {"generateName": "web-"}
    names = {api.create(PODS, body)["metadata"]["name"] for _ in range(20)}
    assert len(names) == 20
    assert all(len(name) == 9 and set(name[4:]) <= set("bcdfghjklmnpqrstvwxz2456789") for name in names)


def test_a_stale_resource_version_is_a_conflict_and_nothing_is_written(api: Any) -> None:
    first = api.create(MAPS, config_map("web", a="1"))
    api("PUT", f"{MAPS}/web", {**first, "data": {"a": "2"}})
    late = api("PUT", f"{MAPS}/web", {**first, "data": {"a": "3"}})
    assert late.status == 409
    assert late.body["message"] == (
        'Operation cannot be fulfilled on configmaps "web": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    assert api("GET", f"{MAPS}/web").body["data"] == {"a": "2"}


def test_a_write_that_changes_nothing_makes_no_revision(api: Any) -> None:
    first = api.create(DEPLOYMENTS, deployment("web"))
    revision = api.registry.store.revision
    second = api("PUT", f"{DEPLOYMENTS}/web", first).body
    assert second == first
    assert api.registry.store.revision == revision


def test_generation_grows_with_spec_only(api: Any) -> None:
    api.create(DEPLOYMENTS, deployment("web"))
    assert api.merge(f"{DEPLOYMENTS}/web", {"metadata": {"labels": {"a": "b"}}}).body["metadata"]["generation"] == 1
    assert api.merge(f"{DEPLOYMENTS}/web", {"spec": {"replicas": 4}}).body["metadata"]["generation"] == 2
    assert api.merge(f"{DEPLOYMENTS}/web/status", {"status": {"replicas": 4}}).body["metadata"]["generation"] == 2


def test_status_and_spec_have_separate_doors(api: Any) -> None:
    api.create(DEPLOYMENTS, deployment("web"))
    through_spec = api.merge(f"{DEPLOYMENTS}/web", {"spec": {"replicas": 2}, "status": {"replicas": 9}}).body
    assert (through_spec["spec"]["replicas"], through_spec["status"]) == (2, {})
    through_status = api.merge(f"{DEPLOYMENTS}/web/status", {"spec": {"replicas": 7}, "status": {"replicas": 2}}).body
    assert (through_status["spec"]["replicas"], through_status["status"]) == (2, {"replicas": 2})


def test_dry_run_answers_and_writes_nothing(api: Any) -> None:
    revision = api.registry.store.revision
    response = api("POST", MAPS, config_map("web"), dryRun="All")
    assert response.status == 201
    assert api.registry.store.revision == revision
    assert api("GET", f"{MAPS}/web").status == 404


def test_a_finalizer_holds_a_deleted_object_until_it_is_taken_away(api: Any) -> None:
    body = config_map("web")
    body["metadata"]["finalizers"] = ["example.com/hold"]
    api.create(MAPS, body)
    left = api("DELETE", f"{MAPS}/web").body
    assert left["metadata"]["deletionTimestamp"] == "2025-10-09T08:53:20Z"
    assert api("GET", f"{MAPS}/web").status == 200
    api.merge(f"{MAPS}/web", {"metadata": {"finalizers": None}})
    assert api("GET", f"{MAPS}/web").status == 404


@pytest.mark.parametrize(
    ("policy", "finalizers"),
    [("Foreground", ["foregroundDeletion"]), ("Orphan", ["orphan"]), ("Background", None)],
    ids=str,
)
def test_the_propagation_policy_becomes_a_finalizer(api: Any, policy: str, finalizers: list[str] | None) -> None:
    api.create(DEPLOYMENTS, deployment("web"))
    api("DELETE", f"{DEPLOYMENTS}/web", {"propagationPolicy": policy})
    left = api("GET", f"{DEPLOYMENTS}/web")
    if finalizers is None:
        assert left.status == 404
    else:
        assert left.body["metadata"]["finalizers"] == finalizers


def test_a_pod_without_a_node_goes_at_once_and_a_bound_one_gets_its_grace(api: Any) -> None:
    api.create(PODS, pod("floating"))
    assert api("DELETE", f"{PODS}/floating").status == 200
    assert api("GET", f"{PODS}/floating").status == 404
    api.create(PODS, pod("bound"))
    api("POST", f"{PODS}/bound/binding", {"target": {"name": "node-1"}})
    api("DELETE", f"{PODS}/bound")
    metadata = api("GET", f"{PODS}/bound").body["metadata"]
    assert (metadata["deletionTimestamp"], metadata["deletionGracePeriodSeconds"]) == ("2025-10-09T08:53:50Z", 30)
    api("DELETE", f"{PODS}/bound", {"gracePeriodSeconds": 5})
    metadata = api("GET", f"{PODS}/bound").body["metadata"]
    assert (metadata["deletionTimestamp"], metadata["deletionGracePeriodSeconds"]) == ("2025-10-09T08:53:25Z", 5)
    api("DELETE", f"{PODS}/bound", {"gracePeriodSeconds": 0})
    assert api("GET", f"{PODS}/bound").status == 404


def test_a_pod_is_bound_once_and_for_ever(api: Any) -> None:
    api.create(PODS, pod("web"))
    api("POST", f"{PODS}/web/binding", {"target": {"name": "node-1"}})
    again = api("POST", f"{PODS}/web/binding", {"target": {"name": "node-2"}})
    assert again.status == 409
    assert again.body["message"].endswith('pod web is already assigned to node "node-1"')
    assert api("GET", f"{PODS}/web").body["spec"]["nodeName"] == "node-1"


def test_nothing_new_enters_a_namespace_that_is_being_deleted(api: Any) -> None:
    api("DELETE", "/api/v1/namespaces/shop")
    assert api("GET", "/api/v1/namespaces/shop").body["status"]["phase"] == "Terminating"
    refused = api("POST", "/api/v1/namespaces/shop/configmaps", config_map("late"))
    assert refused.status == 403
    assert refused.body["message"] == (
        'configmaps "late" is forbidden: unable to create new content in namespace shop because it is being terminated'
    )
    assert refused.body["details"]["causes"][0]["reason"] == "NamespaceTerminating"


def test_chunks_of_a_list_show_one_revision(api: Any) -> None:
    for number in range(5):
        api.create(MAPS, config_map(f"m{number}"))
    first = api("GET", MAPS, limit="2").body
    assert [item["metadata"]["name"] for item in first["items"]] == ["m0", "m1"]
    assert first["metadata"]["remainingItemCount"] == 3
    api("DELETE", f"{MAPS}/m2")
    api.create(MAPS, config_map("m9"))
    rest = api("GET", MAPS, limit="10", **{"continue": first["metadata"]["continue"]}).body
    assert [item["metadata"]["name"] for item in rest["items"]] == ["m2", "m3", "m4"]
    assert rest["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


def test_a_list_is_sorted_and_filtered_by_labels_and_fields(api: Any) -> None:
    for name, app in (("b", "web"), ("a", "web"), ("c", "db")):
        body = pod(name)
        body["metadata"]["labels"] = {"app": app}
        api.create(PODS, body)
    assert [p["metadata"]["name"] for p in api("GET", PODS, labelSelector="app in (web)").body["items"]] == ["a", "b"]
    assert [p["metadata"]["name"] for p in api("GET", PODS, fieldSelector="metadata.name!=a").body["items"]] == [
        "b",
        "c",
    ]
    assert api("GET", PODS, labelSelector="app in web").status == 400


def test_scale_is_a_view_of_replicas(api: Any) -> None:
    api.create(DEPLOYMENTS, deployment("web", 3))
    scale = api("GET", f"{DEPLOYMENTS}/web/scale").body
    assert (scale["kind"], scale["spec"], scale["status"]["selector"]) == ("Scale", {"replicas": 3}, "app=web")
    assert api.merge(f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": 0}}).body["spec"] == {}
    assert api("GET", f"{DEPLOYMENTS}/web").body["spec"]["replicas"] == 0


def test_more_replicas_than_an_int32_holds_are_refused(api: Any) -> None:
    api.create(DEPLOYMENTS, deployment("web", 3))
    refused = api.merge(f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": 99_999_999_999}})
    assert refused.status == 400
    assert "cannot unmarshal number 99999999999 into Go struct field ScaleSpec.spec.replicas" in refused.body["message"]
    assert api("GET", f"{DEPLOYMENTS}/web").body["spec"]["replicas"] == 3


def test_without_a_majority_of_etcd_nothing_is_read_or_written(api: Any) -> None:
    api.etcd.stop("cp-2")
    api.create(MAPS, config_map("still-works"))
    api.etcd.stop("cp-3")
    refused = api("POST", MAPS, config_map("lost"))
    assert (refused.status, refused.body["message"]) == (500, "etcdserver: request timed out")
    api.etcd.start("cp-3")
    api.engine.run(10_000_000)
    api.create(MAPS, config_map("back"))


def test_each_write_knows_who_and_because_of_what(api: Any) -> None:
    api.engine.cause = root = api.engine.record("command", "you", because=0, note="kubectl create")
    api.create(MAPS, config_map("web"))
    row = api.engine.trail.get(api.engine.trail.ev)
    assert (row.actor, row.verb, row.resource, row.name, row.because, row.root) == (
        "kubernetes-admin",
        "create",
        "configmaps",
        "web",
        root,
        root,
    )
