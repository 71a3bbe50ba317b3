"""Registries that ask for credentials, or take their time."""

import base64
import json
from typing import Any

import pytest

from simulator.cluster import Cluster
from simulator.config import read_config
from simulator.config_checks import ConfigError


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


OWN = """
kind: Cluster
nodes: [{role: control-plane}, {role: worker}]
images:
- name: registry.example.com/class/greeter
  tags: {"1.0": 12}
  cmd: [greeter]
  servers:
    greeter: {listens: [{port: 8080, protocol: http}], ready_ms: 100, stop_ms: 50, memory_mb: 5, routes: [{path: /, body: hello}]}
"""


def test_a_class_may_bring_its_own_images() -> None:
    cluster = Cluster.create(OWN)
    for each in (cluster, Cluster.load(cluster.dump())):
        each.apply({"kind": "shell", "line": "kubectl run a --image=registry.example.com/class/greeter:1.0"})
        each.advance(each.now + 30_000_000)
        reply = each.apply({"kind": "shell", "line": "kubectl get pod a --no-headers"})
        assert reply["stdout"].split()[1:3] == ["1/1", "Running"]


@pytest.mark.parametrize(
    ("images", "said"),
    [
        pytest.param("[{name: a}]", "tags: found None, wanted a mapping of tag to megabytes", id="no tags"),
        pytest.param("[{name: a, tags: {x: 1}, nonsense: 1}]", "found nonsense, wanted only", id="an unknown key"),
        pytest.param("[{name: a, tags: {x: much}}]", "found ValueError", id="no number"),
        pytest.param("[{name: a, tags: {x: 1}, servers: {a: {listens: [1]}}}]", "found TypeError", id="no socket"),
        pytest.param("[{name: 'A B', tags: {x: 1}}]", "couldn't parse image name", id="no name"),
        pytest.param("{}", "", id="nothing"),
    ],
)
def test_images_that_make_no_sense_are_refused_with_their_place(images: str, said: str) -> None:
    if not said:
        assert read_config(f"kind: Cluster\nimages: {images}\n").images == ()
        return
    with pytest.raises(ConfigError, match="images") as refused:
        read_config(f"kind: Cluster\nimages: {images}\n")
    assert said in str(refused.value) or said in refused.value.found
