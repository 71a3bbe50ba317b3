"""sig-api-machinery: what the server says of fields that are unknown or written twice."""

import json
from typing import Any

import pytest

from tests.conformance.conftest import Suite
from tests.conformance.statements import conforms

Obj = dict[str, Any]
SIG = "[sig-api-machinery] FieldValidation"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
APPLY = "application/apply-patch+yaml"
STRICT = {"fieldManager": "field_validation_mgr", "fieldValidation": "Strict"}
CRON = r"^(\d+|\*)(/\d+)?(\s+(\d+|\*)(/\d+)?){4}$"
PORT = {
    "type": "object",
    "required": ["containerPort", "protocol"],
    "properties": {
        "containerPort": {"type": "integer", "format": "int32"},
        "hostIP": {"type": "string"},
        "hostPort": {"type": "integer", "format": "int32"},
        "name": {"type": "string"},
        "protocol": {"type": "string"},
    },
}
SPEC: Obj = {
    "type": "object",
    "properties": {
        "foo": {"type": "string"},
        "cronSpec": {"type": "string", "pattern": CRON},
        "ports": {
            "type": "array",
            "x-kubernetes-list-map-keys": ["containerPort", "protocol"],
            "x-kubernetes-list-type": "map",
            "items": PORT,
        },
    },
}
EMBEDDED: Obj = {
    "type": "object",
    "x-kubernetes-embedded-resource": True,
    "properties": {
        "metadata": {"type": "object", "properties": {"name": {"type": "string"}}},
        "spec": {"type": "object"},
    },
}


def schema(spec: Obj) -> Obj:
    return {"type": "object", "properties": {"spec": spec}}


def deployment(*, meta: str = "", spec: str = "") -> str:
    return f"""{{
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {{"name": "my-dep", {meta} "labels": {{"app": "nginx"}}}},
        "spec": {{
            {spec}
            "selector": {{"matchLabels": {{"app": "nginx"}}}},
            "template": {{
                "metadata": {{"labels": {{"app": "nginx"}}}},
                "spec": {{"containers": [{{"name": "nginx", "image": "nginx:latest"}}]}}
            }}
        }}
    }}"""


@conforms(
    f"{SIG} should detect unknown and duplicate fields of a typed object [Conformance]",
    f"{SIG} should detect unknown metadata fields of a typed object [Conformance]",
)
@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(
            deployment(spec='"unknownField": "foo", "replicas": 2, "replicas": 3,'),
            'strict decoding error: unknown field "spec.unknownField", duplicate field "spec.replicas"',
            id="unknown and duplicate",
        ),
        pytest.param(
            deployment(meta='"unknownMeta": "foo",'),
            'strict decoding error: unknown field "metadata.unknownMeta"',
            id="unknown metadata",
        ),
    ],
)
def test_a_typed_object_is_read_strictly(suite: Suite, text: str, says: str) -> None:
    refused = suite.send("POST", DEPLOYMENTS, text, **STRICT)
    assert refused["status"] == 400
    assert says in refused["body"]["message"]


def test_what_would_be_refused_is_a_warning_by_default_and_nothing_to_who_ignores_it(suite: Suite) -> None:
    text = deployment(spec='"unknownField": "foo", "replicas": 2, "replicas": 3,')
    made = suite.send("POST", DEPLOYMENTS, text)
    assert (made["status"], made["body"]["spec"]["replicas"]) == (201, 3)
    assert made["headers"]["warning"] == ['unknown field "spec.unknownField"', 'duplicate field "spec.replicas"']
    text = text.replace("my-dep", "other")
    assert suite.send("POST", DEPLOYMENTS, text, fieldValidation="Ignore")["headers"]["warning"] == []


def defined(suite: Suite, form: Obj) -> None:
    names = {"plural": "noxus", "singular": "noxu", "kind": "Noxu", "listKind": "NoxuList"}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": form}}
    spec = {"group": "mygroup.example.com", "scope": "Cluster", "names": names, "versions": [version]}
    body = {"metadata": {"name": "noxus.mygroup.example.com"}, "spec": spec}
    suite.do("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", body)
    suite.wait()


def applied(suite: Suite, *, meta: str = "", root: str = "", spec: str = "") -> Obj:
    text = f"""
apiVersion: mygroup.example.com/v1
kind: Noxu
metadata:
  name: mytest
{meta}  finalizers:
  - test-finalizer
{root}spec:
{spec}  cronSpec: "* * * * */5"
  ports:
  - name: x
    containerPort: 80
    protocol: TCP
"""
    return suite.send("PATCH", "/apis/mygroup.example.com/v1/noxus/mytest", text, kind=APPLY, **STRICT)


@conforms(f"{SIG} should create/apply a valid CR for CRD with validation schema [Conformance]")
def test_a_valid_custom_object_is_applied(suite: Suite) -> None:
    defined(suite, schema(SPEC))
    assert applied(suite, spec="  foo: foo1\n")["status"] == 201


@conforms(f"{SIG} should create/apply a CR with unknown fields for CRD with no validation schema [Conformance]")
def test_without_a_schema_no_field_is_unknown(suite: Suite) -> None:
    defined(suite, {"type": "object", "x-kubernetes-preserve-unknown-fields": True})
    assert applied(suite, spec="  unknown: uk1\n")["status"] == 201


@conforms(f"{SIG} should create/apply an invalid CR with extra properties for CRD with validation schema [Conformance]")
def test_a_field_that_the_schema_does_not_know_is_not_applied(suite: Suite) -> None:
    defined(suite, schema(SPEC))
    refused = applied(suite, root="unknownField: unknown\n", spec="  foo: foo1\n")
    assert ".unknownField: field not declared in schema" in refused["body"]["message"]


@conforms(
    f"{SIG} should detect unknown metadata fields in both the root and embedded object of a CR [Conformance]",
)
def test_unknown_metadata_is_not_applied_at_the_root_nor_inside(suite: Suite) -> None:
    fields = {**SPEC["properties"], "template": EMBEDDED}
    defined(suite, schema({**SPEC, "x-kubernetes-preserve-unknown-fields": True, "properties": fields}))
    inner = "apiversion: foo/v1, kind: Sub, metadata: {unknownSubMeta: unknown, name: subobject, namespace: default}"
    refused = applied(suite, meta="  unknownMeta: unknown\n", spec=f"  template: {{{inner}}}\n  foo: foo1\n")
    assert ".spec.template.metadata.unknownSubMeta: field not declared in schema" in refused["body"]["message"]
    assert ".metadata.unknownMeta: field not declared in schema" in refused["body"]["message"]


@conforms(f"{SIG} should detect duplicates in a CR when preserving unknown fields [Conformance]")
def test_a_field_that_is_written_twice_is_not_applied(suite: Suite) -> None:
    defined(suite, schema({**SPEC, "x-kubernetes-preserve-unknown-fields": True}))
    refused = applied(suite, spec="  unknown: uk1\n  foo: foo1\n  foo: foo2\n")
    assert refused["status"] == 400
    assert refused["body"]["message"] == (
        'error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 11: key "foo" already set in map'
    )


def test_a_custom_object_names_duplicates_before_what_is_unknown(suite: Suite) -> None:
    defined(suite, schema(SPEC))
    head = '"apiVersion": "mygroup.example.com/v1", "kind": "Noxu", "metadata": {"name": "x"}'
    text = f'{{{head}, "spec": {{"bar": 1, "foo": "a", "foo": "b"}}}}'
    refused = suite.send("POST", "/apis/mygroup.example.com/v1/noxus", text, fieldValidation="Strict")
    assert refused["body"]["message"].endswith(
        'strict decoding error: duplicate field "spec.foo", unknown field "spec.bar"'
    )


@pytest.mark.parametrize(
    ("kind", "patch", "says"),
    [
        pytest.param(
            "application/strategic-merge-patch+json",
            {"spec": {"replicas": 2, "foo": {"b": [1, True, None], "a": "x"}}},
            '"map[spec:map[foo:map[a:x b:[1 true <nil>]] replicas:2]]": strict decoding error: unknown field "spec.foo"',
            id="strategic: the patch as a map",
        ),
        pytest.param(
            "application/strategic-merge-patch+json",
            {"spec": {"replicas": "two"}},
            '"map[spec:map[replicas:two]]": unrecognized type: int32',
            id="strategic: a wrong type",
        ),
    ],
)
def test_a_patch_that_leads_nowhere_is_invalid(suite: Suite, kind: str, patch: Obj, says: str) -> None:
    suite.send("POST", DEPLOYMENTS, deployment())
    refused = suite.send("PATCH", f"{DEPLOYMENTS}/my-dep", json.dumps(patch), kind=kind, fieldValidation="Strict")
    assert (refused["status"], refused["body"]["reason"]) == (422, "Invalid")
    assert refused["body"]["message"] == f' "" is invalid: patch: Invalid value: {says}'
    assert refused["body"]["details"]["causes"][0]["field"] == "patch"


def test_a_merge_patch_shows_the_object_that_it_made(suite: Suite) -> None:
    suite.send("POST", DEPLOYMENTS, deployment())
    path, kind = f"{DEPLOYMENTS}/my-dep", "application/merge-patch+json"
    refused = suite.send("PATCH", path, '{"spec": {"foo": 1, "foo": 2}}', kind=kind, fieldValidation="Strict")
    message = refused["body"]["message"]
    assert message.startswith(' "" is invalid: patch: Invalid value: "{\\"apiVersion\\":\\"apps/v1\\",\\"kind\\":')
    assert message.endswith('strict decoding error: duplicate field "spec.foo", unknown field "spec.foo"')
