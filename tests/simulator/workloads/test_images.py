"""Image names as the reference grammar reads them."""

import pytest

from simulator.workloads.errors import InvalidImageName
from simulator.workloads.images import parse

_DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "full"),
    [
        pytest.param("nginx", "docker.io/library/nginx:latest", id="a short name"),
        pytest.param("nginx:1.27", "docker.io/library/nginx:1.27", id="with a tag"),
        pytest.param("shop/web:2.4", "docker.io/shop/web:2.4", id="with an owner"),
        pytest.param("registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.10", id="with a registry"),
        pytest.param("localhost:5000/web", "localhost:5000/web:latest", id="with a port"),
        pytest.param("localhost/web", "localhost/web:latest", id="on localhost"),
        pytest.param(f"nginx@{_DIGEST}", f"docker.io/library/nginx@{_DIGEST}", id="by digest"),
    ],
)
def test_a_name_is_completed(text: str, full: str) -> None:
    assert parse(text).full == full


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(
            "NGINX", "invalid reference format: repository name (library/NGINX) must be lowercase", id="capitals"
        ),
        pytest.param("nginx:", "invalid reference format", id="empty tag"),
        pytest.param("nginx:a b", "invalid reference format", id="space"),
        pytest.param("", "invalid reference format", id="nothing"),
        pytest.param("nginx@sha256:12", "invalid reference format", id="short digest"),
        pytest.param("http://nginx", "invalid reference format", id="an address"),
    ],
)
def test_what_is_no_name_is_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidImageName) as refused:
        parse(text)
    assert str(refused.value) == f'couldn\'t parse image name "{text}": {reason}'
