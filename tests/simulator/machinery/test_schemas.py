"""The published schemas: every kind has one, and the editor and `explain` get what they need."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simulator.machinery import resources, schemas


def test_every_served_kind_has_a_schema() -> None:
    missing = [r.name for r in resources.SERVED if schemas.schema_for(r.api_version, r.kind) is None]
    assert missing == []
    assert len(resources.SERVED) == 61


def test_an_unknown_kind_has_none() -> None:
    assert schemas.schema_for("example.com/v1", "Thing") is None
    assert schemas.trimmed("example.com/v1", "Thing") is None
    assert schemas.explain("example.com/v1", "Thing") is None


def at(*path: str) -> schemas.Schema:
    deployment = schemas.schema_for("apps/v1", "Deployment")
    assert deployment is not None
    node = deployment.at(path)
    assert node is not None
    return node


def test_references_types_and_merge_keys_are_resolved() -> None:
    containers = at("spec", "template", "spec", "containers")
    assert (containers.type, containers.merge_key, containers.patch_strategy) == ("array", "name", ("merge",))
    assert at("spec", "strategy").patch_strategy == ("retainKeys",)
    assert at("spec", "strategy", "rollingUpdate", "maxSurge").type == "int-or-string"
    assert at("spec", "template", "spec", "containers", "resources", "limits").values is not None
    assert at("spec", "replicas").format == "int32"


def test_asking_twice_gives_the_same_node() -> None:
    assert at("spec", "template") is at("spec", "template")


def test_the_editors_schema_is_plain_json_without_status() -> None:
    tree = schemas.trimmed("apps/v1", "Deployment")
    assert tree is not None
    assert sorted(tree["properties"]) == ["apiVersion", "kind", "metadata", "spec"]
    assert tree["properties"]["kind"]["enum"] == ["Deployment"]
    container = descend(tree, "spec", "template", "spec", "containers", "[]")
    assert container["required"] == ["name"]
    assert container["properties"]["imagePullPolicy"]["enum"] == ["Always", "IfNotPresent", "Never"]
    assert descend(tree, "spec", "replicas")["default"] == 1
    assert "$ref" not in json.dumps(tree)


def descend(tree: dict[str, Any], *path: str) -> dict[str, Any]:
    for name in path:
        tree = tree["items"] if name == "[]" else tree["properties"][name]
    return tree


def test_a_recursive_kind_is_cut_instead_of_followed_for_ever() -> None:
    tree = schemas.trimmed("apiextensions.k8s.io/v1", "CustomResourceDefinition")
    assert tree is not None
    schema = descend(tree, "spec", "versions", "[]", "schema", "openAPIV3Schema")
    assert "properties" not in schema["properties"]["not"]


def test_explain_describes_a_field_and_what_is_below_it() -> None:
    explained = schemas.explain("v1", "Pod", ("spec", "containers", "ports"))
    assert explained is not None
    assert (explained.type, explained.required) == ("[]ContainerPort", False)
    assert [(field.name, field.type, field.required) for field in explained.fields] == [
        ("containerPort", "integer", True),
        ("hostIP", "string", False),
        ("hostPort", "integer", False),
        ("name", "string", False),
        ("protocol", "string", False),
    ]
    assert explained.fields[-1].enum == ("SCTP", "TCP", "UDP")


def test_explain_of_a_wrong_path_names_the_wrong_part() -> None:
    with pytest.raises(schemas.UnknownField, match=r'^field "contaners" does not exist$'):
        schemas.explain("v1", "Pod", ("spec", "contaners"))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (("metadata", "labels"), "map[string]string"),
        (("metadata", "creationTimestamp"), "string"),
        (("spec", "strategy", "rollingUpdate", "maxSurge"), "IntOrString"),
        (("spec", "template", "spec", "containers", "resources", "limits"), "map[string]Quantity"),
        (("spec", "selector"), "LabelSelector"),
    ],
)
def test_types_are_named_as_kubectl_explain_names_them(path: tuple[str, ...], name: str) -> None:
    assert schemas.type_name(at(*path)) == name
