"""sig-api-machinery: statements about the API itself."""

import json
from typing import Any

import pytest

from tests.conformance.conftest import Suite
from tests.conformance.statements import conforms

Obj = dict[str, Any]
CONFIGS = "/api/v1/namespaces/default/configmaps"
SIG = "[sig-api-machinery]"


def config(name: str, labels: Obj | None = None, **data: str) -> Obj:
    metadata: Obj = {"name": name, **({"labels": labels} if labels else {})}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


# Discovery and version


@conforms(f"{SIG} server version should find the server version [Conformance]")
def test_the_server_tells_its_version(suite: Suite) -> None:
    found = suite.do("GET", "/version")
    assert (found["major"].isdecimal(), found["minor"].isdecimal()) == (True, True)


@conforms(
    f"{SIG} Discovery should validate PreferredVersion for each APIGroup [Conformance]",
    f"{SIG} Discovery should locate the groupVersion and a resource within each APIGroup [Conformance]",
)
def test_every_group_has_a_preferred_version_with_resources(suite: Suite) -> None:
    groups = suite.do("GET", "/apis")["groups"]
    assert len(groups) > 15
    for group in groups:
        preferred = group["preferredVersion"]["groupVersion"]
        assert preferred in [version["groupVersion"] for version in group["versions"]]
        listed = suite.do("GET", f"/apis/{preferred}")
        assert listed["groupVersion"] == preferred
        assert listed["resources"]


@conforms(
    f"{SIG} AggregatedDiscovery should support aggregated discovery interface [Conformance]",
    f"{SIG} AggregatedDiscovery should support raw aggregated discovery endpoint Accept headers [Conformance]",
)
@pytest.mark.parametrize("version", ["v2", "v2beta1"])
def test_discovery_comes_in_one_piece(suite: Suite, version: str) -> None:
    accept = f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
    command = {"kind": "request", "method": "GET", "path": "/apis", "headers": {"accept": accept}}
    found = suite.cluster.apply(command)["body"]
    found = json.loads(found) if isinstance(found, bytes) else found
    assert (found["kind"], found["apiVersion"]) == ("APIGroupDiscoveryList", f"apidiscovery.k8s.io/{version}")
    names = [group["metadata"]["name"] for group in found["items"]]
    assert {group["name"] for group in suite.do("GET", "/apis")["groups"]} == set(names)


@conforms(
    f"{SIG} CustomResourceDefinition resources [Privileged:ClusterAdmin] should include custom resource definition resources "
    "in discovery documents [Conformance]",
    f"{SIG} AdmissionWebhook [Privileged:ClusterAdmin] should include webhook resources in discovery documents [Conformance]",
)
@pytest.mark.parametrize(
    ("group", "plurals"),
    [
        ("apiextensions.k8s.io", {"customresourcedefinitions"}),
        ("admissionregistration.k8s.io", {"mutatingwebhookconfigurations", "validatingwebhookconfigurations"}),
    ],
)
def test_discovery_names_the_resources_of_a_group(suite: Suite, group: str, plurals: set[str]) -> None:
    assert group in [one["name"] for one in suite.do("GET", "/apis")["groups"]]
    assert suite.do("GET", f"/apis/{group}")["preferredVersion"]["version"] == "v1"
    assert plurals <= {one["name"] for one in suite.do("GET", f"/apis/{group}/v1")["resources"]}


# Lists


@conforms(
    f"{SIG} Servers with support for API chunking should return chunks of results for list calls [Conformance]",
)
def test_lists_come_in_chunks_of_one_revision(suite: Suite) -> None:
    for number in range(40):
        suite.do("POST", "/api/v1/namespaces/default/podtemplates", _template(f"t{number:02}"))
    path, names, token, revision = "/api/v1/namespaces/default/podtemplates", [], "", ""
    while True:
        page = suite.do("GET", path, limit="17", **({"continue": token} if token else {}))
        assert len(page["items"]) <= 17
        revision = revision or page["metadata"]["resourceVersion"]
        assert page["metadata"]["resourceVersion"] == revision
        names += [item["metadata"]["name"] for item in page["items"]]
        token = page["metadata"].get("continue", "")
        assert page["metadata"].get("remainingItemCount", 0) == 40 - len(names)
        if not token:
            break
        suite.do("POST", path, _template(f"later-{len(names)}"))
    assert names == [f"t{number:02}" for number in range(40)]
    assert len(suite.do("GET", path)["items"]) > 40


def _template(name: str) -> Obj:
    spec = {"containers": [{"name": "test", "image": "test2"}]}
    return {"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": name}, "template": {"spec": spec}}


@conforms(
    f"{SIG} Servers with support for API chunking should support continue listing from the last key if the original version has "
    "been compacted away, though the list is inconsistent [Slow] [Conformance]"
)
def test_a_list_goes_on_inconsistently_when_its_revision_is_compacted(suite: Suite) -> None:
    path = "/api/v1/namespaces/default/podtemplates"
    for number in range(40):
        suite.do("POST", path, _template(f"t{number:02}"))
    first = suite.do("GET", path, limit="17")
    assert len(first["items"]) == 17
    assert first["metadata"]["remainingItemCount"] == 23
    suite.do("POST", path, _template("t99"))
    store = suite.cluster.registry.store
    store.log.clear()
    store.compacted = store.revision
    refused = suite.ask("GET", path, limit="17", **{"continue": first["metadata"]["continue"]})
    assert (refused["status"], refused["body"]["reason"]) == (410, "Expired")
    token, names, revision = refused["body"]["metadata"]["continue"], [], ""
    while token:
        page = suite.do("GET", path, limit="17", **{"continue": token})
        names += [item["metadata"]["name"] for item in page["items"]]
        revision = revision or page["metadata"]["resourceVersion"]
        assert page["metadata"]["resourceVersion"] == revision != first["metadata"]["resourceVersion"]
        assert page["metadata"].get("remainingItemCount", 0) == 24 - len(names)
        token = page["metadata"].get("continue", "")
    assert names == [*(f"t{number:02}" for number in range(17, 40)), "t99"]


@conforms(
    f"{SIG} Servers with support for Table transformation should return a 406 for a backend which does not implement metadata "
    "[Conformance]"
)
def test_a_review_is_no_table(suite: Suite) -> None:
    spec = {"resourceAttributes": {"verb": "list", "resource": "pods"}}
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": spec}
    command = {
        "kind": "request",
        "method": "POST",
        "path": "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        "headers": {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"},
        "body": body,
    }
    assert suite.cluster.apply(command)["status"] == 406


# Watches


@conforms(f"{SIG} Watchers should observe add, update, and delete watch notifications on configmaps [Conformance]")
def test_watchers_hear_of_what_their_selector_matches(suite: Suite) -> None:
    start = suite.do("GET", CONFIGS)["metadata"]["resourceVersion"]
    for label in ("a", "b"):
        suite.do("POST", CONFIGS, config(label, {"watch": label}))
        suite.do("PATCH", f"{CONFIGS}/{label}", {"data": {"mutation": "1"}})
        suite.do("DELETE", f"{CONFIGS}/{label}")
    heard = [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]
    assert suite.watch(CONFIGS, start, labelSelector="watch=a") == heard
    both = suite.watch(CONFIGS, start, labelSelector="watch in (a,b)")
    assert both == [*heard, ("ADDED", "b"), ("MODIFIED", "b"), ("DELETED", "b")]


@conforms(f"{SIG} Watchers should be able to start watching from a specific resource version [Conformance]")
def test_a_watch_begins_at_a_revision(suite: Suite) -> None:
    suite.do("POST", CONFIGS, config("one"))
    first = suite.do("PATCH", f"{CONFIGS}/one", {"data": {"mutation": "1"}})
    suite.do("PATCH", f"{CONFIGS}/one", {"data": {"mutation": "2"}})
    suite.do("DELETE", f"{CONFIGS}/one")
    assert suite.watch(CONFIGS, first["metadata"]["resourceVersion"]) == [("MODIFIED", "one"), ("DELETED", "one")]


@conforms(
    f"{SIG} Watchers should be able to restart watching from the last resource version observed by the previous watch "
    "[Conformance]"
)
def test_a_watch_goes_on_where_the_last_one_ended(suite: Suite) -> None:
    start = suite.do("GET", CONFIGS)["metadata"]["resourceVersion"]
    suite.do("POST", CONFIGS, config("one"))
    suite.do("PATCH", f"{CONFIGS}/one", {"data": {"mutation": "1"}})
    last = suite.events(CONFIGS, start)[-1]["object"]["metadata"]["resourceVersion"]
    suite.do("PATCH", f"{CONFIGS}/one", {"data": {"mutation": "2"}})
    suite.do("DELETE", f"{CONFIGS}/one")
    assert suite.watch(CONFIGS, last) == [("MODIFIED", "one"), ("DELETED", "one")]


@conforms(
    f"{SIG} Watchers should observe an object deletion if it stops meeting the requirements of the selector [Conformance]"
)
def test_leaving_the_selector_is_a_deletion(suite: Suite) -> None:
    start = suite.do("GET", CONFIGS)["metadata"]["resourceVersion"]
    suite.do("POST", CONFIGS, config("one", {"watch": "yes"}))
    suite.do("PATCH", f"{CONFIGS}/one", {"metadata": {"labels": {"watch": "no"}}})
    suite.do("PATCH", f"{CONFIGS}/one", {"data": {"unseen": "1"}})
    suite.do("PATCH", f"{CONFIGS}/one", {"metadata": {"labels": {"watch": "yes"}}})
    suite.do("DELETE", f"{CONFIGS}/one")
    heard = suite.watch(CONFIGS, start, labelSelector="watch=yes")
    assert [kind for kind, _ in heard] == ["ADDED", "DELETED", "ADDED", "DELETED"]


@conforms(f"{SIG} Watchers should receive events on concurrent watches in same order [Conformance]")
def test_all_watches_agree_on_the_order(suite: Suite) -> None:
    start = suite.do("GET", CONFIGS)["metadata"]["resourceVersion"]
    for number in range(10):
        suite.do("POST", CONFIGS, config(f"c{number}"))
        suite.do("PATCH", f"{CONFIGS}/c{number // 2}", {"data": {"n": str(number)}})
    whole = [event["object"]["metadata"]["resourceVersion"] for event in suite.events(CONFIGS, start)]
    for index, revision in enumerate(whole):
        rest = [event["object"]["metadata"]["resourceVersion"] for event in suite.events(CONFIGS, revision)]
        assert rest == whole[index + 1 :]


# Field validation


@conforms(
    f"{SIG} FieldValidation should detect unknown metadata fields of a typed object [Conformance]",
)
def test_unknown_metadata_is_refused(suite: Suite) -> None:
    body = {**config("one"), "metadata": {"name": "one", "unknownMeta": "x"}}
    refused = suite.ask("POST", CONFIGS, body, fieldValidation="Strict")
    assert refused["status"] == 400
    assert 'unknown field "metadata.unknownMeta"' in refused["body"]["message"]


# Namespaces


@conforms(
    f"{SIG} Namespaces [Serial] should patch a Namespace [Conformance]",
    f"{SIG} Namespaces [Serial] should apply an update to a Namespace [Conformance]",
)
def test_a_namespace_is_patched_and_updated(suite: Suite) -> None:
    suite.do("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ns"}})
    suite.do("PATCH", "/api/v1/namespaces/ns", {"metadata": {"labels": {"testLabel": "testValue"}}})
    found = suite.do("GET", "/api/v1/namespaces/ns")
    assert found["metadata"]["labels"]["testLabel"] == "testValue"
    found["metadata"]["labels"]["ns"] = "updated"
    assert suite.do("PUT", "/api/v1/namespaces/ns", found)["metadata"]["labels"]["ns"] == "updated"


@conforms(f"{SIG} Namespaces [Serial] should apply changes to a namespace status [Conformance]")
def test_the_status_of_a_namespace_is_written(suite: Suite) -> None:
    made = suite.do("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ns"}})
    assert suite.do("GET", "/api/v1/namespaces/ns/status")["status"]["phase"] == "Active"
    condition = {"type": "StatusPatch", "status": "True", "reason": "E2E", "message": "Patched by an e2e test"}
    patched = suite.do("PATCH", "/api/v1/namespaces/ns/status", {"status": {"conditions": [condition]}})
    assert patched["status"]["conditions"] == [condition]
    patched["status"]["conditions"].append({**condition, "type": "StatusUpdate"})
    updated = suite.do("PUT", "/api/v1/namespaces/ns/status", patched)
    assert [one["type"] for one in updated["status"]["conditions"]] == ["StatusPatch", "StatusUpdate"]
    assert updated["metadata"]["uid"] == made["metadata"]["uid"]


@conforms(f"{SIG} Namespaces [Serial] should apply a finalizer to a Namespace [Conformance]")
def test_a_namespace_takes_and_loses_a_finalizer(suite: Suite) -> None:
    made = suite.do("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ns"}})
    finalizers = [*made["spec"]["finalizers"], "e2e.example.com/fakeFinalizer"]
    put = suite.do("PUT", "/api/v1/namespaces/ns/finalize", {**made, "spec": {"finalizers": finalizers}})
    assert put["spec"]["finalizers"] == ["kubernetes", "e2e.example.com/fakeFinalizer"]
    put = suite.do("PUT", "/api/v1/namespaces/ns/finalize", {**put, "spec": {"finalizers": ["kubernetes"]}})
    assert put["spec"]["finalizers"] == ["kubernetes"]


@conforms(
    f"{SIG} Namespaces [Serial] should ensure that all services are removed when a namespace is deleted [Conformance]",
    f"{SIG} Namespaces [Serial] should ensure that all pods are removed when a namespace is deleted [Conformance]",
)
def test_a_deleted_namespace_takes_everything_with_it(suite: Suite) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ns"}}
    suite.do("POST", "/api/v1/namespaces", namespace)
    suite.do("POST", "/api/v1/namespaces/ns/services", _service())
    suite.do("POST", "/api/v1/namespaces/ns/pods", _pod("one"))
    suite.wait()
    suite.do("DELETE", "/api/v1/namespaces/ns")
    suite.wait(90)
    suite.do("POST", "/api/v1/namespaces", namespace)
    for plural in ("pods", "services"):
        assert suite.do("GET", f"/api/v1/namespaces/ns/{plural}")["items"] == []


def _service() -> Obj:
    spec = {"selector": {"app": "x"}, "ports": [{"port": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "test-service"}, "spec": spec}


def _pod(name: str, **metadata: object) -> Obj:
    spec = {"containers": [{"name": "nginx", "image": "registry.k8s.io/pause:3.10"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **metadata}, "spec": spec}


# Garbage collector


def _controller(name: str, replicas: int) -> Obj:
    template = {"metadata": {"labels": {"name": name}}, "spec": _pod("x")["spec"]}
    spec = {"replicas": replicas, "selector": {"name": name}, "template": template}
    return {"apiVersion": "v1", "kind": "ReplicationController", "metadata": {"name": name}, "spec": spec}


CONTROLLERS, PODS = "/api/v1/namespaces/default/replicationcontrollers", "/api/v1/namespaces/default/pods"


@conforms(
    f"{SIG} Garbage collector should delete pods created by rc when not orphaning [Conformance]",
    f"{SIG} Garbage collector should orphan pods created by rc if delete options say so [Serial] [Conformance]",
    f"{SIG} Garbage collector should keep the rc around until all its pods are deleted if the deleteOptions says so [Serial] "
    "[Conformance]",
)
@pytest.mark.parametrize(
    ("policy", "at_once", "left"),
    [
        pytest.param("Background", False, 0, id="background"),
        pytest.param("Orphan", False, 3, id="orphan"),
        pytest.param("Foreground", True, 0, id="foreground"),
    ],
)
def test_a_deletion_treats_dependents_as_asked(suite: Suite, policy: str, at_once: bool, left: int) -> None:
    suite.do("POST", CONTROLLERS, _controller("rc", 3))
    suite.wait()
    suite.do("DELETE", f"{CONTROLLERS}/rc", {"propagationPolicy": policy})
    assert (suite.ask("GET", f"{CONTROLLERS}/rc")["status"] == 200) is (at_once or policy == "Orphan")
    suite.wait(60)
    assert suite.ask("GET", f"{CONTROLLERS}/rc")["status"] == 404
    assert len(suite.do("GET", PODS)["items"]) == left


@conforms(
    f"{SIG} Garbage collector should delete RS created by deployment when not orphaning [Conformance]",
    f"{SIG} Garbage collector should orphan RS created by deployment when deleteOptions.PropagationPolicy is Orphan "
    "[Conformance]",
)
@pytest.mark.parametrize(("policy", "left"), [("Background", 0), ("Orphan", 1)])
def test_a_deployment_leaves_its_set_only_as_an_orphan(suite: Suite, policy: str, left: int) -> None:
    path = "/apis/apps/v1/namespaces/default"
    template = {"metadata": {"labels": {"name": "d"}}, "spec": _pod("x")["spec"]}
    spec = {"replicas": 2, "selector": {"matchLabels": {"name": "d"}}, "template": template}
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec}
    suite.do("POST", f"{path}/deployments", body)
    suite.wait()
    suite.do("DELETE", f"{path}/deployments/d", {"propagationPolicy": policy})
    suite.wait(60)
    sets = suite.do("GET", f"{path}/replicasets")["items"]
    assert len(sets) == left
    assert all(not one["metadata"].get("ownerReferences") for one in sets)


@conforms(
    f"{SIG} Garbage collector should not delete dependents that have both valid owner and owner that's waiting for dependents "
    "to be deleted [Serial] [Conformance]"
)
def test_a_second_owner_keeps_a_pod_alive(suite: Suite) -> None:
    suite.do("POST", CONTROLLERS, _controller("rc1", 4))
    other = suite.do("POST", CONTROLLERS, _controller("rc2", 0))
    suite.wait()
    pods = suite.do("GET", PODS)["items"]
    owner = {"apiVersion": "v1", "kind": "ReplicationController", "name": "rc2", "uid": other["metadata"]["uid"]}
    for pod in pods[:2]:
        metadata = pod["metadata"]
        suite.do(
            "PATCH",
            f"{PODS}/{metadata['name']}",
            {"metadata": {"ownerReferences": [*metadata["ownerReferences"], owner]}},
        )
    suite.do("DELETE", f"{CONTROLLERS}/rc1", {"propagationPolicy": "Foreground"})
    suite.wait(60)
    left = suite.do("GET", PODS)["items"]
    assert [pod["metadata"]["name"] for pod in left] == sorted(pod["metadata"]["name"] for pod in pods[:2])
    assert all("deletionTimestamp" not in pod["metadata"] for pod in left)


@conforms(f"{SIG} Garbage collector should not be blocked by dependency circle [Conformance]")
def test_a_circle_of_owners_does_not_hold(suite: Suite) -> None:
    made = {name: suite.do("POST", PODS, _pod(name)) for name in ("pod1", "pod2", "pod3")}
    for name, owner in (("pod1", "pod3"), ("pod2", "pod1"), ("pod3", "pod2")):
        uid = made[owner]["metadata"]["uid"]
        reference = {"apiVersion": "v1", "kind": "Pod", "name": owner, "uid": uid, "controller": True}
        suite.do(
            "PATCH", f"{PODS}/{name}", {"metadata": {"ownerReferences": [{**reference, "blockOwnerDeletion": True}]}}
        )
    suite.do("DELETE", f"{PODS}/pod1", {"propagationPolicy": "Foreground"})
    suite.wait(120)
    assert suite.do("GET", PODS)["items"] == []
