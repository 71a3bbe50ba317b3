"""The catalogue: well-formed, complete enough for the tutorials, strict about its own data."""

import pytest

from simulator.workloads.errors import CatalogError
from simulator.workloads.image_catalog import Image, PullError, catalog, read_catalog
from simulator.workloads.images import parse
from simulator.workloads.plans import plan


def test_every_image_of_the_catalogue_can_be_pulled_and_planned() -> None:
    seen = 0
    for path in catalog():
        for tag in catalog().tags(path):
            image = catalog().pull(parse(f"{path}:{tag}"))
            if path == "docker.io/drydock/popular":
                assert isinstance(image, PullError)
                continue
            assert isinstance(image, Image)
            assert image.size > 0
            if image.entrypoint or image.cmd:
                assert plan(image, (), (), env={}).refused == ""
            seen += 1
    assert seen > 200


@pytest.mark.parametrize(
    "name",
    [
        "nginx",
        "httpd",
        "redis",
        "postgres:16",
        "busybox:1.36",
        "drydock/web:2.0",
        "shop/api",
        "registry.k8s.io/etcd:3.5.21-0",
    ],
)
def test_what_lessons_use_is_there(name: str) -> None:
    assert isinstance(catalog().pull(parse(name)), Image)


def test_sizes_are_uneven_and_always_the_same() -> None:
    image = catalog().pull(parse("nginx:1.27"))
    assert isinstance(image, Image)
    assert image.size == 72_046_869


@pytest.mark.parametrize(
    ("name", "end"),
    [
        pytest.param(
            "ghcr.io/a/b:1",
            "https://ghcr.io/token?scope=repository%3Aa%2Fb%3Apull&service=ghcr.io: 403 Forbidden",
            id="ghcr.io",
        ),
        pytest.param(
            "quay.io/a/b:1", "HEAD request to https://quay.io/v2/a/b/manifests/1: 401 UNAUTHORIZED", id="quay.io"
        ),
        pytest.param("registry.k8s.io/nope:1", "registry.k8s.io/nope:1: not found", id="registry.k8s.io"),
    ],
)
def test_registries_refuse_in_their_own_ways(name: str, end: str) -> None:
    refused = catalog().pull(parse(name))
    assert isinstance(refused, PullError)
    assert refused.message.endswith(end)


def test_generic_images_need_an_owner() -> None:
    generous = catalog().allowing_generic(True)
    assert isinstance(generous.pull(parse("acme/shop:7")), Image)
    assert isinstance(generous.pull(parse("shop-without-owner")), PullError)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("- {name: a}", "t.yaml: a: tags: found None, wanted a mapping of tag to megabytes", id="no tags"),
        pytest.param(
            "- {name: a, tags: {x: 1}, shell: zsh}",
            "t.yaml: a: shell: found 'zsh', wanted none, busybox or full",
            id="unknown shell",
        ),
        pytest.param(
            "- {tags: {x: 1}}", "t.yaml: entry 1: found no name, wanted a mapping with name and tags", id="no name"
        ),
        pytest.param(
            "- {name: a, tags: {x: 1}, size: 3}",
            "t.yaml: a: found size, wanted only about, amd64_only, cmd, directory, entrypoint, files, name, platforms, private, programs, "
            "refusal, release, servers, shell, slow, tags, user",
            id="unknown key",
        ),
    ],
)
def test_bad_data_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(CatalogError) as refused:
        read_catalog("t.yaml", text)
    assert str(refused.value) == message


def test_the_catalogue_has_about_a_hundred_images() -> None:
    assert len(list(catalog())) >= 100


def test_a_popular_repository_is_rate_limited() -> None:
    found = catalog().pull(parse("drydock/popular:1.0"))
    assert isinstance(found, PullError)
    assert "429 Too Many Requests" in found.message
    assert found.message.endswith(
        "You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit"
    )
