"""What a registry keeps of an image (the OCI image specification: image-index.md, manifest.md)."""

import json

import pytest

from simulator.cluster import Cluster
from simulator.workloads.image_catalog import Image, catalog
from simulator.workloads.images import parse
from simulator.workloads.oci import CONFIG, INDEX, LAYER, MANIFEST, document, index, manifest


def image(name: str) -> Image:
    found = catalog().pull(parse(name))
    assert isinstance(found, Image)
    return found


def test_an_index_names_one_manifest_a_platform() -> None:
    found = index(image("nginx:1.27"))
    assert (found["schemaVersion"], found["mediaType"]) == (2, INDEX)
    assert [(one["mediaType"], one["platform"]) for one in found["manifests"]] == [
        (MANIFEST, {"architecture": "amd64", "os": "linux"}),
        (MANIFEST, {"architecture": "arm64", "os": "linux"}),
    ]
    assert len({one["digest"] for one in found["manifests"]}) == 2


@pytest.mark.parametrize("name", ["nginx:1.27", "busybox:1.36", "registry.k8s.io/pause:3.10", "postgres:16"])
def test_the_layers_add_up_to_the_size_of_the_image(name: str) -> None:
    found = manifest(image(name), "linux/amd64")
    assert found["config"]["mediaType"] == CONFIG
    assert {one["mediaType"] for one in found["layers"]} == {LAYER}
    assert sum(one["size"] for one in found["layers"]) == image(name).size
    assert all(one["size"] > 0 for one in found["layers"])


def test_a_digest_of_the_index_leads_to_its_manifest_and_no_other_does() -> None:
    entry = index(image("nginx:1.27"))["manifests"][1]
    assert document(catalog(), parse(f"nginx@{entry['digest']}")) == manifest(image("nginx:1.27"), "linux/arm64")
    assert document(catalog(), parse(f"httpd@{entry['digest']}")) is None


def test_docker_manifest_inspect_shows_both(lab: Cluster) -> None:
    def said(line: str) -> tuple[str, str, int]:
        reply = lab.apply({"kind": "shell", "line": line})
        return reply["stdout"], reply["stderr"], reply["exit"]

    shown = json.loads(said("docker manifest inspect nginx:1.27")[0])
    assert shown == index(image("nginx:1.27"))
    digest = shown["manifests"][0]["digest"]
    assert json.loads(said(f"docker manifest inspect nginx@{digest}")[0])["mediaType"] == MANIFEST
    assert said("docker manifest inspect nginx:9.99") == ("", "no such manifest: docker.io/library/nginx:9.99\n", 1)
    assert said("docker manifest inspect 'NGINX:1'") == ("", "invalid reference format\n", 1)


@pytest.fixture
def lab() -> Cluster:
    return Cluster.create({})
