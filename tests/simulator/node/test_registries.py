"""Registries that ask for credentials, or take their time."""

import base64
import json
from typing import Any

import pytest


def secret(host: str, **login: str) -> dict[str, Any]:
    text = json.dumps({"auths": {host: login}})
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "regcred", "namespace": "default"},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": base64.b64encode(text.encode()).decode()},
    }


def private(machines: Any) -> None:
    machines.start(image="drydock/private:1.0", spec={"imagePullSecrets": [{"name": "regcred"}]})
    machines.run(1)


def test_a_private_repository_wants_credentials(machines: Any) -> None:
    machines.start(image="drydock/private:1.0")
    machines.run(1)
    assert machines.container()["state"]["waiting"]["reason"] in ("ErrImagePull", "ImagePullBackOff")
    assert machines.said("Failed")[0] == (
        'Failed to pull image "drydock/private:1.0": failed to pull and unpack image "docker.io/drydock/private:1.0": '
        'failed to resolve reference "docker.io/drydock/private:1.0": pull access denied, repository does not exist or may '
        "require authorization: server message: insufficient_scope: authorization failed"
    )


@pytest.mark.parametrize(
    ("host", "login", "runs"),
    [
        pytest.param(
            "https://index.docker.io/v1/", {"username": "ada", "password": "x"}, True, id="as kubectl writes it"
        ),
        pytest.param("docker.io", {"auth": "YWRhOng="}, True, id="as docker login writes it"),
        pytest.param("ghcr.io", {"username": "ada", "password": "x"}, False, id="of another registry"),
        pytest.param("docker.io", {"username": "ada"}, False, id="without a password"),
    ],
)
def test_a_pull_secret_opens_it(machines: Any, host: str, login: dict[str, str], runs: bool) -> None:
    machines.create("secrets", secret(host, **login))
    private(machines)
    assert (machines.status()["phase"] == "Running") == runs


def test_a_secret_that_is_not_there_is_told_and_the_pull_tried_all_the_same(machines: Any) -> None:
    private(machines)
    assert machines.said("FailedToRetrieveImagePullSecret") == [
        "Unable to retrieve some image pull secrets (regcred); attempting to pull the image may not succeed."
    ]
    machines.create("secrets", secret("docker.io", username="ada", password="x"))
    machines.run(60)
    assert machines.status()["phase"] == "Running"


def test_a_slow_line_takes_its_time(lab: Any) -> None:
    lab.start(image="drydock/huge:1.0")
    lab.run(120)
    assert lab.status()["phase"] == "Pending"
    lab.run(60)
    assert lab.status()["phase"] == "Running"
