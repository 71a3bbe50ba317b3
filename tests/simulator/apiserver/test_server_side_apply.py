"""Field ownership and server-side apply, as https://kubernetes.io/docs/reference/using-api/server-side-apply/ tells it."""

from typing import Any

import pytest

from simulator.apiserver.ownership import Entry, refusal_of
from simulator.cluster import Cluster
from tests.proof.follows import follows

Obj = dict[str, Any]
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
CONFIGS = "/api/v1/namespaces/default/configmaps"
WEB = "/apis/apps/v1/namespaces/default/deployments/web"


class Api:
    def __init__(self) -> None:
        self.cluster = Cluster.create(profile="instant")

    def ask(self, method: str, path: str, body: object = None, kind: str = "application/json", **query: str) -> Obj:
        headers = {"content-type": kind, "user-agent": "tester/1.0 (linux/amd64)"}
        command = {"kind": "request", "method": method, "path": path, "query": query, "headers": headers, "body": body}
        return self.cluster.apply(command)

    def apply(self, path: str, body: Obj, manager: str = "bob", **query: str) -> Obj:
        return self.ask("PATCH", path, body, APPLY, fieldManager=manager, **query)

    def entries(self, path: str) -> list[Obj]:
        found: list[Obj] = self.ask("GET", path)["body"]["metadata"].get("managedFields", [])
        return found


@pytest.fixture
def api() -> Api:
    return Api()


def config(**data: str) -> Obj:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "conf"}, "data": data}


def deployment(**spec: object) -> Obj:
    containers = [{"name": "app", "image": "nginx"}]
    whole = {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}},
        **spec,
    }
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": whole}


def test_a_created_object_belongs_to_its_writer(api: Api) -> None:
    api.ask("POST", CONFIGS, config(x="1"), fieldManager="ann")
    assert api.entries(f"{CONFIGS}/conf") == [
        {
            "manager": "ann",
            "operation": "Update",
            "apiVersion": "v1",
            "time": "2025-10-09T08:53:20Z",
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:data": {".": {}, "f:x": {}}},
        }
    ]


def test_without_a_field_manager_the_user_agent_names_the_writer(api: Api) -> None:
    api.ask("POST", CONFIGS, config(x="1"))
    assert [entry["manager"] for entry in api.entries(f"{CONFIGS}/conf")] == ["tester"]


def test_a_deployment_has_the_fields_that_a_real_server_lists(api: Api) -> None:
    api.cluster.apply({"kind": "shell", "line": "kubectl create deployment web --image=nginx"})
    created = next(entry for entry in api.entries(WEB) if entry["manager"] == "kubectl-create")
    container = {
        ".": {},
        "f:image": {},
        "f:imagePullPolicy": {},
        "f:name": {},
        "f:resources": {},
        "f:terminationMessagePath": {},
        "f:terminationMessagePolicy": {},
    }
    template = {
        "f:containers": {'k:{"name":"nginx"}': container},
        "f:dnsPolicy": {},
        "f:restartPolicy": {},
        "f:schedulerName": {},
        "f:securityContext": {},
        "f:terminationGracePeriodSeconds": {},
    }
    assert created["fieldsV1"] == {
        "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
        "f:spec": {
            "f:progressDeadlineSeconds": {},
            "f:replicas": {},
            "f:revisionHistoryLimit": {},
            "f:selector": {},
            "f:strategy": {"f:rollingUpdate": {".": {}, "f:maxSurge": {}, "f:maxUnavailable": {}}, "f:type": {}},
            "f:template": {"f:metadata": {"f:labels": {".": {}, "f:app": {}}}, "f:spec": template},
        },
    }


def test_the_controller_owns_the_status_it_writes(api: Api) -> None:
    api.ask("POST", WEB.removesuffix("/web"), deployment(replicas=1))
    api.cluster.advance(5_000_000)
    status = next(entry for entry in api.entries(WEB) if entry.get("subresource") == "status")
    assert (status["manager"], status["operation"]) == ("kube-controller-manager", "Update")
    assert "f:availableReplicas" in status["fieldsV1"]["f:status"]


def test_a_pod_of_a_controller_shows_who_made_it_and_who_reports(api: Api) -> None:
    api.ask("POST", WEB.removesuffix("/web"), deployment(replicas=1))
    api.cluster.advance(5_000_000)
    pod = api.ask("GET", "/api/v1/namespaces/default/pods")["body"]["items"][0]
    made, reported = pod["metadata"]["managedFields"]
    assert (made["manager"], reported["manager"], reported["subresource"]) == (
        "kube-controller-manager",
        "kubelet",
        "status",
    )
    assert "f:nodeName" not in made["fieldsV1"]["f:spec"]
    stored = api.cluster.registry.get("", "pods", "default", pod["metadata"]["name"])
    assert "managedFields" not in stored["metadata"]


def test_apply_creates_what_is_not_there(api: Api) -> None:
    reply = api.apply(f"{CONFIGS}/conf", config(x="1"))
    assert reply["status"] == 201
    assert [(e["manager"], e["operation"], e["fieldsV1"]) for e in api.entries(f"{CONFIGS}/conf")] == [
        ("bob", "Apply", {"f:data": {"f:x": {}}})
    ]


def test_a_field_of_another_manager_is_a_conflict_until_forced(api: Api) -> None:
    api.ask("POST", WEB.removesuffix("/web"), deployment(replicas=2), fieldManager="ann")
    wanted = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 5}}
    refused = api.apply(WEB, wanted)
    assert (refused["status"], refused["body"]["message"]) == (
        409,
        'Apply failed with 1 conflict: conflict with "ann" using apps/v1: .spec.replicas',
    )
    assert refused["body"]["details"] == {
        "causes": [
            {
                "reason": "FieldManagerConflict",
                "message": 'conflict with "ann" using apps/v1',
                "field": ".spec.replicas",
            }
        ]
    }
    forced = api.apply(WEB, wanted, force="true")
    assert forced["body"]["spec"]["replicas"] == 5
    owners = [e["manager"] for e in api.entries(WEB) if "f:replicas" in e["fieldsV1"].get("f:spec", {})]
    assert owners == ["bob"]


def test_several_conflicts_are_listed_by_manager(api: Api) -> None:
    api.apply(f"{CONFIGS}/conf", config(x="1"), "ann")
    api.ask("PATCH", f"{CONFIGS}/conf", {"data": {"y": "1"}}, MERGE, fieldManager="cat")
    refused = api.apply(f"{CONFIGS}/conf", config(x="2", y="2"))
    assert refused["body"]["message"] == (
        'Apply failed with 2 conflicts: conflicts with "ann":\n- .data.x\nconflicts with "cat" using v1:\n- .data.y'
    )


def test_equal_values_are_owned_together(api: Api) -> None:
    api.apply(f"{CONFIGS}/conf", config(x="1"), "ann")
    assert api.apply(f"{CONFIGS}/conf", config(x="1"))["status"] == 200
    assert [entry["manager"] for entry in api.entries(f"{CONFIGS}/conf")] == ["ann", "bob"]


def test_what_an_applier_leaves_out_goes_unless_somebody_else_owns_it(api: Api) -> None:
    api.apply(f"{CONFIGS}/conf", config(shared="1", mine="1"), "ann")
    api.apply(f"{CONFIGS}/conf", config(shared="1"))
    left = api.apply(f"{CONFIGS}/conf", config(), "ann")
    assert left["body"]["data"] == {"shared": "1"}


def test_a_container_left_out_goes_and_others_keep_their_place(api: Api) -> None:
    containers = [{"name": name, "image": "nginx"} for name in ("a", "b", "c")]
    body = deployment()
    body["spec"]["template"]["spec"]["containers"] = containers
    api.apply(WEB, body)
    del containers[1]
    found = api.apply(WEB, body)["body"]["spec"]["template"]["spec"]["containers"]
    assert [container["name"] for container in found] == ["a", "c"]


def test_a_removed_field_gets_its_default_again(api: Api) -> None:
    api.apply(WEB, deployment(replicas=4))
    assert api.apply(WEB, deployment())["body"]["spec"]["replicas"] == 1


def test_the_same_apply_twice_writes_once(api: Api) -> None:
    first = api.apply(f"{CONFIGS}/conf", config(x="1"))["body"]["metadata"]["resourceVersion"]
    assert api.apply(f"{CONFIGS}/conf", config(x="1"))["body"]["metadata"]["resourceVersion"] == first


def test_dry_run_stores_nothing(api: Api) -> None:
    assert api.apply(f"{CONFIGS}/conf", config(x="1"), dryRun="All")["status"] == 201
    assert api.ask("GET", f"{CONFIGS}/conf")["status"] == 404


def test_scale_owns_the_replicas_through_its_subresource(api: Api) -> None:
    api.apply(WEB, deployment(replicas=1))
    api.ask("PATCH", f"{WEB}/scale", {"spec": {"replicas": 3}}, MERGE, fieldManager="scaler")
    scaled = next(entry for entry in api.entries(WEB) if entry["manager"] == "scaler")
    assert (scaled["subresource"], scaled["fieldsV1"]) == ("scale", {"f:spec": {"f:replicas": {}}})
    refused = api.apply(WEB, deployment(replicas=1))
    assert refused["body"]["message"] == (
        'Apply failed with 1 conflict: conflict with "scaler" with subresource "scale" using apps/v1: .spec.replicas'
    )


def test_wiped_ownership_is_kept_under_a_name_of_its_own(api: Api) -> None:
    api.ask("POST", CONFIGS, config(x="1"), fieldManager="ann")
    api.ask("PATCH", f"{CONFIGS}/conf", {"metadata": {"managedFields": [{}]}}, MERGE, fieldManager="ann")
    assert api.entries(f"{CONFIGS}/conf") == []
    api.apply(f"{CONFIGS}/conf", config(y="1"))
    assert [entry["manager"] for entry in api.entries(f"{CONFIGS}/conf")] == ["bob", "before-first-apply"]


def test_the_oldest_of_more_than_ten_updaters_become_one(api: Api) -> None:
    api.ask("POST", CONFIGS, config(x="1"), fieldManager="m00")
    for number in range(1, 12):
        body = {"data": {f"k{number:02}": "1"}}
        api.ask("PATCH", f"{CONFIGS}/conf", body, MERGE, fieldManager=f"m{number:02}")
        api.cluster.advance(api.cluster.now + 1_000_000)
    found = [entry["manager"] for entry in api.entries(f"{CONFIGS}/conf")]
    assert found == ["ancient-changes", *(f"m{number:02}" for number in range(3, 12))]


@pytest.mark.parametrize(
    ("body", "query", "status", "says"),
    [
        pytest.param(
            config(),
            {},
            422,
            'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
            id="no manager",
        ),
        pytest.param(
            {**config(), "spec": {"a": 1}},
            {"fieldManager": "bob"},
            500,
            "failed to create typed patch object (default/conf; /v1, Kind=ConfigMap): .spec: field not declared in schema",
            id="unknown field",
        ),
        pytest.param(
            {**config(), "metadata": {"name": "conf", "managedFields": []}},
            {"fieldManager": "bob"},
            400,
            "metadata.managedFields must be nil",
            id="managed fields",
        ),
        pytest.param(
            {**config(), "apiVersion": "v2"},
            {"fieldManager": "bob"},
            400,
            "Incorrect version specified in apply patch. Specified patch version: v2, expected: v1",
            id="version",
        ),
    ],
)
def test_a_wrong_apply_is_refused(api: Api, body: Obj, query: dict[str, str], status: int, says: str) -> None:
    refused = api.ask("PATCH", f"{CONFIGS}/conf", body, APPLY, **query)
    assert (refused["status"], refused["body"]["message"]) == (status, says)


def test_force_belongs_to_apply_only(api: Api) -> None:
    refused = api.ask("PATCH", f"{CONFIGS}/conf", {}, MERGE, force="true")
    assert refused["body"]["message"] == (
        'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch'
    )


def test_an_unknown_patch_type_is_refused_with_those_that_are_known(api: Api) -> None:
    api.ask("POST", CONFIGS, config(x="1"))
    refused = api.ask("PATCH", f"{CONFIGS}/conf", {}, "application/fancy-patch+json")
    assert refused["status"] == 415
    assert "application/apply-patch+yaml" in refused["body"]["message"]


def test_custom_kinds_are_merged_by_their_own_schema(api: Api) -> None:
    step = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "run": {"type": "string"}},
        "required": ["name"],
    }
    steps = {"type": "array", "items": step, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}
    spec = {"type": "object", "properties": {"steps": steps, "retries": {"type": "integer", "default": 3}}}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "plans.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "plans", "singular": "plan", "kind": "Plan"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }
    made = api.ask("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)
    assert made["status"] == 201, made["body"]
    api.cluster.advance(api.cluster.now + 1_000_000)
    path = "/apis/example.com/v1/namespaces/default/plans/one"
    plan = {"apiVersion": "example.com/v1", "kind": "Plan", "metadata": {"name": "one"}}
    first = api.apply(path, {**plan, "spec": {"steps": [{"name": "a", "run": "x"}]}}, "ann")
    assert first["status"] == 201, first["body"]
    both = api.apply(path, {**plan, "spec": {"steps": [{"name": "b", "run": "y"}]}})["body"]
    assert both["spec"] == {"steps": [{"name": "a", "run": "x"}, {"name": "b", "run": "y"}], "retries": 3}
    refused = api.apply(path, {**plan, "spec": {"steps": [{"name": "a", "run": "z"}]}})
    assert refused["body"]["message"] == (
        'Apply failed with 1 conflict: conflict with "ann": .spec.steps[name="a"].run'
    )


def owner(manager: str, *, operation: str = "Update", version: str = "v1", subresource: str = "") -> Entry:
    return Entry(manager, operation, version, subresource, "2025-10-09T08:53:20Z", {})


SPEC, NAME = ("f:spec",), ("f:spec", "f:name")


@follows(
    "Server-side apply",
    "staging/src/k8s.io/apimachinery/pkg/util/managedfields/internal/conflict_test.go: TestNewConflictError",
)
@pytest.mark.parametrize(
    ("found", "says"),
    [
        pytest.param([(owner("Bob"), NAME)], 'Apply failed with 1 conflict: conflict with "Bob" using v1: .spec.name', id="one that updated"),
        pytest.param([(owner("Bob", operation="Apply"), NAME)], 'Apply failed with 1 conflict: conflict with "Bob": .spec.name', id="one that applied"),
        pytest.param([(owner("Bob", subresource="scale"), NAME)], 'Apply failed with 1 conflict: conflict with "Bob" with subresource "scale" using v1: .spec.name', id="one below the object"),
        pytest.param(
            [(owner("Bob"), NAME), (owner("Alice"), SPEC), (owner("Bob"), SPEC)],
            'Apply failed with 3 conflicts: conflicts with "Alice" using v1:\n- .spec\nconflicts with "Bob" using v1:\n- .spec.name\n- .spec',
            id="several, by their managers",
        ),
        pytest.param(
            [(owner("Bob", version="v2"), SPEC), (owner("Bob"), NAME)],
            'Apply failed with 2 conflicts: conflicts with "Bob" using v1:\n- .spec.name\nconflicts with "Bob" using v2:\n- .spec',
            id="one manager in two versions",
        ),
    ],
)  # fmt: skip
def test_what_a_conflict_says(found: list[tuple[Entry, tuple[str, ...]]], says: str) -> None:
    error = refusal_of(found)
    assert (error.code, error.reason, error.message) == (409, "Conflict", says)
    assert [cause["reason"] for cause in error.details["causes"]] == ["FieldManagerConflict"] * len(found)
