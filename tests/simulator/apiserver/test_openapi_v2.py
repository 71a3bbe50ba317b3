"""OpenAPI v2: one document of everything that is served, as JSON and as the protobuf that kubectl asks for."""

import json
import re
from typing import Any

import pytest

from simulator import KubeCluster

PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
ANSWERED = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
BOATS = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.sea.example}
spec:
  group: sea.example
  names: {kind: Boat, plural: boats, singular: boat}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              length: {type: integer, minimum: 1, description: Over all}
              berth: {x-kubernetes-int-or-string: true}
              crew: {type: array, nullable: true, items: {type: string}}
              cargo: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {weight: {type: integer}}}
"""


def get(cluster: KubeCluster, accept: str = "", **headers: str) -> dict[str, Any]:
    headers = {**({"accept": accept} if accept else {}), **headers}
    return cluster.cluster.apply({"kind": "request", "method": "GET", "path": "/openapi/v2", "headers": headers})


@pytest.fixture(scope="module")
def cluster() -> KubeCluster:
    cluster = KubeCluster.create()
    cluster.apply(BOATS)
    cluster.advance("10s")
    return cluster


@pytest.fixture(scope="module")
def document(cluster: KubeCluster) -> Any:
    return json.loads(get(cluster)["body"])


def fields(message: bytes) -> dict[int, list[Any]]:
    """Numbers and values of a protobuf message, read without knowing it."""
    found: dict[int, list[Any]] = {}
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return value

    while at < len(message):
        key = varint()
        if key & 7 == 0:
            found.setdefault(key >> 3, []).append(varint())
        else:
            length = varint() if key & 7 == 2 else 8
            found.setdefault(key >> 3, []).append(message[at : at + length])
            at += length
    return found


def named(part: bytes, number: int) -> dict[str, bytes]:
    """A map as gnostic writes it: a list of names with values."""
    pairs = (fields(one) for one in fields(part).get(number, ()))
    return {pair[1][0].decode(): pair[2][0] for pair in pairs}


def test_every_reference_leads_to_a_definition(document: Any) -> None:
    assert document["swagger"] == "2.0"
    wanted = set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(document)))
    assert {one.removeprefix("#/definitions/") for one in wanted} <= set(document["definitions"])
    assert "io.k8s.api.apps.v1.DeploymentSpec" in document["definitions"]
    assert not re.search(r'"(oneOf|anyOf|nullable)": (\[|true)', json.dumps(document))


def test_a_reference_stands_beside_its_description(document: Any) -> None:
    spec = document["definitions"]["io.k8s.api.core.v1.Pod"]["properties"]["spec"]
    assert set(spec) == {"description", "$ref"}
    assert spec["$ref"] == "#/definitions/io.k8s.api.core.v1.PodSpec"


def test_a_port_by_name_or_number_is_one_type(document: Any) -> None:
    node = document["definitions"]["io.k8s.apimachinery.pkg.util.intstr.IntOrString"]
    assert (node["type"], node["format"]) == ("string", "int-or-string")


def test_merge_keys_are_told(document: Any) -> None:
    containers = document["definitions"]["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"]
    assert containers["x-kubernetes-patch-merge-key"] == "name"
    assert containers["items"] == {"$ref": "#/definitions/io.k8s.api.core.v1.Container"}


def test_a_custom_kind_loses_what_v2_readers_trip_over(document: Any) -> None:
    boat = document["definitions"]["example.sea.v1.Boat"]
    assert boat["properties"]["spec"]["properties"] == {
        "length": {"type": "integer", "minimum": 1, "description": "Over all"},
        "berth": {"x-kubernetes-int-or-string": True},
        "crew": {},
        "cargo": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    }
    assert boat["x-kubernetes-group-version-kind"] == [{"group": "sea.example", "version": "v1", "kind": "Boat"}]


def test_both_forms_name_the_same(cluster: KubeCluster, document: Any) -> None:
    found = get(cluster, PROTOBUF)
    assert found["headers"]["content-type"] == ANSWERED
    whole = fields(found["body"])
    definitions = {name for part in whole[9] for name in named(part, 1)}
    paths = {place for part in whole[8] for place in named(part, 2)}
    assert (whole[1], definitions, paths) == ([b"2.0"], set(document["definitions"]), set(document["paths"]))


def test_protobuf_says_what_json_says(cluster: KubeCluster) -> None:
    whole = fields(get(cluster, PROTOBUF)["body"])
    pod_spec = named(whole[9][0], 1)["io.k8s.api.core.v1.PodSpec"]
    schema = fields(pod_spec)
    assert (schema[19], fields(schema[22][0])) == ([b"containers"], {1: [b"object"]})
    containers = fields(named(schema[25][0], 1)["containers"])
    assert fields(fields(containers[23][0])[1][0])[1] == [b"#/definitions/io.k8s.api.core.v1.Container"]
    extensions = {name: fields(value)[2][0] for name, value in _pairs(containers[31])}
    assert extensions["x-kubernetes-patch-merge-key"] == b'"name"'


def _pairs(extensions: list[bytes]) -> list[tuple[str, bytes]]:
    return [(fields(one)[1][0].decode(), fields(one)[2][0]) for one in extensions]


def test_a_client_sees_that_writing_is_validated(cluster: KubeCluster) -> None:
    """kubectl looks for the query parameter `fieldValidation` of a kind's PATCH before it sends."""
    whole = fields(get(cluster, PROTOBUF)["body"])
    item = fields(named(whole[8][0], 2)["/api/v1/namespaces/{namespace}/pods/{name}"])
    patch = fields(item[8][0])
    asked = [fields(fields(fields(one)[1][0])[2][0])[3][0] for one in patch[8]]
    assert [fields(one)[4][0] for one in asked] == [b"dryRun", b"fieldManager", b"fieldValidation", b"force"]
    extensions = dict(_pairs(patch[13]))
    assert json.loads(fields(extensions["x-kubernetes-group-version-kind"])[2][0]) == {
        "group": "",
        "version": "v1",
        "kind": "Pod",
    }


def test_forms_that_nobody_knows_are_refused(cluster: KubeCluster) -> None:
    found = get(cluster, "text/html")
    assert (found["status"], found["body"]["reason"]) == (406, "NotAcceptable")


def test_a_client_that_has_it_gets_nothing(cluster: KubeCluster) -> None:
    etag = get(cluster, PROTOBUF)["headers"]["etag"]
    again = get(cluster, PROTOBUF, **{"if-none-match": etag})
    assert (again["status"], again["body"], again["headers"]["etag"]) == (304, "", etag)
