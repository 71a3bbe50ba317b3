"""Custom kinds: served at once like built-in ones, with the words of apiextensions-apiserver (1.33)."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.proof.follows import follows
from tests.simulator.extension.conftest import BOOKS, Lab, Obj, book

BOOK = "apiVersion: example.com/v1\nkind: Bk\nmetadata: {name: ai}\nspec: {title: AI Explained}\n"
PATH = "/apis/example.com/v1/namespaces/default/bks"


def test_a_kind_is_unknown_before_its_definition_and_served_after_it(lab: Lab) -> None:
    assert lab.refusal("kubectl get bk") == 'error: the server doesn\'t have a resource type "bk"\n'
    assert 'no matches for kind "Bk" in version "example.com/v1"\nensure CRDs are installed first' in lab.refusal(
        "kubectl apply -f -", BOOK
    )
    assert lab.apply(BOOKS) == "customresourcedefinition.apiextensions.k8s.io/bks.example.com created\n"
    assert lab.run("kubectl wait --for=condition=established crd/bks.example.com").endswith("condition met\n")
    assert lab.run("kubectl apply -f -", BOOK) == "bk.example.com/ai created\n"
    assert lab.run("kubectl get b") == (
        "NAME   TITLE          READY   AGE\n"
        "ai     AI Explained           0s\n"
    )  # fmt: skip
    assert "bk.example.com/ai   AI Explained" in lab.run("kubectl get all")
    assert lab.run("kubectl get bks -o wide").splitlines()[0] == "NAME   TITLE   READY   PAGES   AGE".replace(
        "TITLE   ", "TITLE          "
    )


def test_names_are_accepted_then_the_kind_is_established(library: Lab) -> None:
    status = library.object("customresourcedefinitions.apiextensions.k8s.io", "bks.example.com", "")["status"]
    assert [(c["type"], c["status"], c["reason"], c["message"]) for c in status["conditions"]] == [
        ("NamesAccepted", "True", "NoConflicts", "no conflicts found"),
        ("Established", "True", "InitialNamesAccepted", "the initial names have been accepted"),
    ]
    assert status["storedVersions"] == ["v1"]
    assert status["acceptedNames"]["listKind"] == "BkList"


def test_a_name_that_is_taken_keeps_a_kind_from_being_served_until_it_is_free(library: Lab) -> None:
    other = (
        BOOKS.replace("bks", "books").replace("singular: bk,", "singular: book,").replace("kind: Bk,", "kind: Book,")
    )
    library.apply(other)
    crd = "crd books.example.com"
    assert library.value(crd, '{.status.conditions[?(@.type=="NamesAccepted")].reason}') == "ShortNamesConflict"
    assert library.value(crd, '{.status.conditions[?(@.type=="NamesAccepted")].message}') == '"b" is already in use'
    assert library.value(crd, '{.status.conditions[?(@.type=="Established")].reason}') == "NotAccepted"
    assert "doesn't have a resource type" in library.refusal("kubectl get books")
    library.run("kubectl delete crd bks.example.com")
    library.wait(5)
    assert library.run("kubectl get books").startswith("")
    assert library.value(crd, '{.status.conditions[?(@.type=="Established")].status}') == "True"


NOT_CHECKED = (
    '<nil>: Invalid value: "null": some validation rules were not checked because the object was invalid; '
    "correct the existing errors to complete validation"
)


@follows(
    "Custom resources",
    "staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/validation/validation.go",
    "staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype/validation_test.go",
    "staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go",
)
@pytest.mark.parametrize(
    ("spec", "says"),
    [
        pytest.param({"title": "A"}, 'spec.title: Invalid value: "A": spec.title in body should be at least 2 chars long', id="min-length"),
        pytest.param({"title": "A" * 21}, f"[spec.title: Too long: may not be more than 20 bytes, {NOT_CHECKED}]", id="max-length"),
        pytest.param({"pages": 0}, "spec.pages: Invalid value: 0: spec.pages in body should be greater than or equal to 1", id="minimum"),
        pytest.param({"pages": 3000}, '[spec.pages: Invalid value: 3000: spec.pages in body should be less than or equal to 2000, spec: Invalid value: "object": too long a book]', id="maximum"),
        pytest.param({"pages": "ten"}, f'[spec.pages: Invalid value: "string": spec.pages in body must be of type integer: "string", {NOT_CHECKED}]', id="type"),
        pytest.param({"size": "XL"}, f'[spec.size: Unsupported value: "XL": supported values: "S", "M", {NOT_CHECKED}]', id="enum"),
        pytest.param({"tags": ["a", "b", "a"]}, 'spec.tags[2]: Duplicate value: "a"', id="set"),
        pytest.param({"tags": ["a", "b", "c", "d"]}, f"[spec.tags: Too many: 4: must have at most 3 items, {NOT_CHECKED}]", id="max-items"),
        pytest.param(
            {"parts": [{"name": "one"}, {"name": "one", "pages": 3}]},
            'spec.parts[1]: Duplicate value: map[string]interface {}{"name":"one"}', id="list-map",
        ),
        pytest.param({"parts": [{"pages": 3}]}, f"[spec.parts[0].name: Required value, {NOT_CHECKED}]", id="required-in-a-list"),
        pytest.param({"pages": 1500}, 'spec: Invalid value: "object": too long a book', id="rule"),
        pytest.param({"size": "S", "pages": 1}, 'spec: Invalid value: "object": only 1 page', id="message-expression"),
    ],
)  # fmt: skip
def test_an_object_is_held_to_its_schema(refused: Callable[[Obj], str], spec: Any, says: str) -> None:
    assert refused(book(**spec)) == f'Bk.example.com "ai" is invalid: {says}'


def test_defaults_nulls_and_unknown_fields_follow_the_schema(library: Lab) -> None:
    given = book(port="http", note=None, size=None, free={"any": {"thing": 1}}, colour="blue")
    reply = library.request("POST", PATH, given)
    assert reply["status"] == 201
    assert reply["headers"]["warning"] == ['unknown field "spec.colour"']
    assert reply["body"]["spec"] == {
        "title": "AI Explained", "port": "http", "note": None, "free": {"any": {"thing": 1}}, "pages": 10,
    }  # fmt: skip
    assert reply["body"]["metadata"]["generation"] == 1
    strict = library.refusal("kubectl apply -f -", BOOK + "typo: 1\n")
    assert (
        strict
        == (
            'Error from server (BadRequest): error when creating "STDIN": Bk in version "v1" cannot be handled as a Bk: '
            'strict decoding error: unknown field "typo"\n'
        )
        or "unknown field" in strict
    )


def test_a_transition_rule_looks_at_the_old_object_and_old_mistakes_are_forgiven(library: Lab) -> None:
    library.run("kubectl apply -f -", BOOK)
    assert library.refusal('kubectl patch bk ai --type=merge -p \'{"spec":{"title":"Other"}}\'') == (
        'The Bk "ai" is invalid: spec.title: Forbidden: title is immutable\n'
    )
    tightened = BOOKS.replace("maxLength: 20", "maxLength: 5")
    library.apply(tightened)
    assert library.run("kubectl label bk ai shelf=top") == "bk.example.com/ai labeled\n"
    assert library.run('kubectl patch bk ai --type=merge -p \'{"spec":{"pages":20}}\'') == "bk.example.com/ai patched\n"


def test_status_and_scale_are_subresources(library: Lab) -> None:
    library.request("POST", PATH, {**book(replicas=1), "status": {"mine": True}})
    assert "status" not in library.object("bks.example.com", "ai")
    stored = library.object("bks.example.com", "ai")
    changed = {
        **stored,
        "spec": {"title": "no"},
        "status": {"replicas": 1, "conditions": [{"type": "Ready", "status": "True"}]},
    }
    reply = library.request("PUT", f"{PATH}/ai/status", changed)
    assert reply["body"]["spec"]["title"] == "AI Explained"
    assert reply["body"]["metadata"]["generation"] == 1
    assert library.run("kubectl get bk ai --no-headers").split()[3] == "True"
    assert library.run("kubectl scale bk ai --replicas=3") == "bk.example.com/ai scaled\n"
    assert library.object("bks.example.com", "ai")["metadata"]["generation"] == 2
    assert library.request("GET", f"{PATH}/ai/scale")["body"]["spec"] == {"replicas": 3}


def test_a_strategic_patch_is_refused(library: Lab) -> None:
    library.run("kubectl apply -f -", BOOK)
    assert library.refusal('kubectl patch bk ai -p \'{"spec":{"pages":5}}\'') == (
        "Error from server (UnsupportedMediaType): the body of the request was in an unknown format - accepted media types "
        "include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml\n"
    )
    assert library.run("kubectl apply -f -", BOOK + "  \n").endswith("unchanged\n")
    assert library.run("kubectl apply -f -", BOOK.replace("Explained}", "Explained, pages: 7}")).endswith(
        "configured\n"
    )


def test_only_listed_fields_can_be_selected(library: Lab) -> None:
    library.run("kubectl apply -f -", BOOK)
    assert library.run("kubectl get bk --field-selector 'spec.title=AI Explained' -o name") == "bk.example.com/ai\n"
    assert "field label not supported: spec.pages" in library.refusal("kubectl get bk --field-selector spec.pages=10")


def test_discovery_openapi_and_explain_know_the_kind(library: Lab) -> None:
    assert library.run("kubectl api-resources --api-group=example.com") == (
        "NAME   SHORTNAMES   APIVERSION       NAMESPACED   KIND\n"
        "bks    b            example.com/v1   true         Bk\n"
    )  # fmt: skip
    assert "example.com/v1" in library.run("kubectl api-versions")
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    groups = library.request("GET", "/apis", accept=accept)["body"]["items"]
    assert groups[-1]["versions"][0]["resources"][0]["responseKind"]["kind"] == "Bk"
    index = library.request("GET", "/openapi/v3")["body"]["paths"]
    assert "apis/example.com/v1" in index
    explained = library.run("kubectl explain bk.spec.title")
    assert "FIELD: title <string>" in explained
    assert "What stands on the cover." in explained
    assert "  spec\t<Object>" in library.run("kubectl explain bk")


def test_roles_speak_of_custom_kinds(library: Lab) -> None:
    library.run("kubectl create role reader --verb=get,list --resource=bks.example.com")
    library.run("kubectl create rolebinding reader --role=reader --user=ada")
    assert library.run("kubectl auth can-i list bks --as ada") == "yes\n"
    assert library.reply("kubectl auth can-i delete bks --as ada")["stdout"] == "no\n"
    assert library.run("kubectl get bk --as ada") == ""
    assert 'cannot list resource "bks" in API group "example.com"' in library.refusal("kubectl get bk -A --as ada")


def test_a_quota_counts_custom_objects(library: Lab) -> None:
    library.run("kubectl create quota few --hard=count/bks.example.com=1")
    library.wait(1)
    library.run("kubectl apply -f -", BOOK)
    assert library.refusal("kubectl apply -f -", BOOK.replace("name: ai", "name: two")).endswith(
        "exceeded quota: few, requested: count/bks.example.com=1, used: count/bks.example.com=1, "
        "limited: count/bks.example.com=1\n"
    )
    library.run("kubectl delete bk ai")
    library.wait(2)
    assert library.value("quota few", "{.status.used}") == '{"count/bks.example.com":"0"}'


def test_the_garbage_collector_follows_owners_of_custom_kinds(library: Lab) -> None:
    library.run("kubectl apply -f -", BOOK)
    owner = library.object("bks.example.com", "ai")["metadata"]
    reference = {"apiVersion": "example.com/v1", "kind": "Bk", "name": "ai", "uid": owner["uid"], "controller": True}
    child = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cover", "ownerReferences": [reference]}}
    library.request("POST", "/api/v1/namespaces/default/configmaps", child)
    library.wait(1)
    library.run("kubectl delete bk ai")
    library.wait(2)
    assert "NotFound" in library.refusal("kubectl get configmap cover")


def test_a_namespace_takes_its_custom_objects_with_it(library: Lab) -> None:
    library.run("kubectl create namespace shop")
    library.run("kubectl apply -n shop -f -", BOOK)
    library.run("kubectl delete namespace shop --wait=false")
    library.wait(20)
    assert "NotFound" in library.refusal("kubectl get namespace shop")
    assert library.cluster.registry.list("test", "bks.example.com") == []


def test_a_deleted_definition_takes_its_objects_with_it(library: Lab) -> None:
    library.run("kubectl apply -f -", BOOK)
    library.run("kubectl delete crd bks.example.com --wait=false")
    library.wait(8)
    assert "doesn't have a resource type" in library.refusal("kubectl get bk")
    assert library.cluster.registry.objects("bks.example.com") == []


def test_an_object_with_a_finalizer_holds_up_its_definition(library: Lab) -> None:
    library.run("kubectl apply -f -", BOOK.replace("{name: ai}", "{name: ai, finalizers: [example.com/hold]}"))
    library.run("kubectl delete crd bks.example.com --wait=false")
    library.wait(3)
    assert library.refusal("kubectl apply -f -", BOOK.replace("name: ai", "name: two")).endswith(
        "create not allowed while custom resource definition is terminating\n"
    )
    condition = '{.status.conditions[?(@.type=="Terminating")].reason}'
    assert library.value("crd bks.example.com", condition) == "InstanceDeletionInProgress"
    library.wait(70)
    assert library.value("crd bks.example.com", condition) == "InstanceDeletionCheck"
    library.request(
        "PATCH",
        f"{PATH}/ai",
        [{"op": "remove", "path": "/metadata/finalizers"}],
        content_type="application/json-patch+json",
    )
    library.wait(400)
    assert "NotFound" in library.refusal("kubectl get crd bks.example.com")


def test_versions_differ_in_name_only_and_the_old_one_warns(lab: Lab) -> None:
    two = BOOKS + (
        "  - {name: v1beta1, served: true, storage: false, deprecated: true,"
        " schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}\n"
    )
    lab.apply(two)
    reply = lab.reply("kubectl apply -f -", BOOK.replace("example.com/v1", "example.com/v1beta1"))
    assert reply["stderr"] == "Warning: example.com/v1beta1 Bk is deprecated; use example.com/v1 Bk\n"
    assert lab.object("bks.example.com", "ai")["apiVersion"] == "example.com/v1"
    shown = lab.request("GET", PATH.replace("v1", "v1beta1") + "/ai")["body"]
    assert shown["apiVersion"] == "example.com/v1beta1"


@follows(
    "Custom resources",
    "staging/src/k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation/validation_test.go: TestValidateCustomResourceDefinition",
)
@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        pytest.param("name: bks.example.com", "name: books.example.com", 'metadata.name: Invalid value: "books.example.com": must be spec.names.plural+"."+spec.group', id="name"),
        pytest.param("scope: Namespaced", "scope: Village", 'spec.scope: Unsupported value: "Village": supported values: "Cluster", "Namespaced"', id="scope"),
        pytest.param("title: {type: string,", "title: {", "spec.validation.openAPIV3Schema.properties[spec].properties[title].type: Required value: must not be empty for specified object fields", id="not-structural"),
        pytest.param("default: 10", "default: ten", 'spec.validation.openAPIV3Schema.properties[spec].properties[pages].default: Invalid value: "string":  in body must be of type integer: "string"', id="default"),
        pytest.param("required: [name], properties: {name:", "properties: {name:", "spec.validation.openAPIV3Schema.properties[spec].properties[parts].items.properties[name].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property", id="list-map-key"),
        pytest.param("storage: true", "storage: false", '* spec.versions: Invalid value: []apiextensions.CustomResourceDefinitionVersion{…}: must have exactly one version marked as storage version\n* status.storedVersions: Invalid value: []string(nil): must have at least one stored version\n', id="storage"),
        pytest.param("jsonPath: .spec.title, description", "", "", id="unchanged"),
    ],
)  # fmt: skip
def test_a_definition_that_makes_no_sense_is_refused(lab: Lab, before: str, after: str, says: str) -> None:
    if not says:
        assert lab.run("kubectl apply -f -", BOOKS).endswith("created\n")
        return
    refusal = lab.refusal("kubectl apply -f -", BOOKS.replace(before, after))
    assert says in refusal
    assert refusal.startswith("The CustomResourceDefinition ")


def test_groups_of_the_community_need_an_approval(lab: Lab) -> None:
    text = BOOKS.replace("example.com", "gateway.networking.k8s.io")
    assert (
        "metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "
        '"api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111'
    ) in lab.refusal("kubectl apply -f -", text)


def test_a_restored_cluster_serves_the_same_kinds(library: Lab) -> None:
    library.run("kubectl apply -f -", BOOK)
    restored = library.restored()
    assert restored.run("kubectl get bk -o name") == "bk.example.com/ai\n"
    for lab in (library, restored):
        lab.run("kubectl delete crd bks.example.com --wait=false")
        lab.wait(30)
    assert restored.cluster.state_hash() == library.cluster.state_hash()


def test_every_group_and_version_has_an_api_service(lab: Lab) -> None:
    assert lab.run("kubectl get apiservice v1.apps --no-headers").split()[:3] == ["v1.apps", "Local", "True"]
    assert lab.value("apiservice v2.autoscaling", "{.spec.groupPriorityMinimum} {.spec.versionPriority}") == "17500 30"
    lab.apply(BOOKS)
    assert lab.run("kubectl get apiservice v1.example.com --no-headers").split()[:3] == [
        "v1.example.com",
        "Local",
        "True",
    ]
    says = "{.status.conditions[0].reason}: {.status.conditions[0].message}"
    assert lab.value("apiservice v1.example.com", says) == "Local: Local APIServices are always available"
    lab.run("kubectl delete crd bks.example.com")
    lab.wait(10)
    assert "NotFound" in lab.refusal("kubectl get apiservice v1.example.com")
