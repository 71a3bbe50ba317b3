"""The fixtures `kube_cluster` and `kube_api`, as the tests of another project use them: in a pytest of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run_pytest(folder: Path, text: str, *options: str) -> str:
    """What pytest wrote about a project of one test file; every warning is an error."""
    (folder / "test_it.py").write_text(text)
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\nfilterwarnings = error\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:asyncio",
        "-p",
        "no:django",
        "-p",
        "no:drydock",
        "-p",
        "gateway.pytest_plugin",
    ]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "platform")))}
    environment.pop("PYTEST_ADDOPTS", None)
    done = subprocess.run(
        [*command, "-q", *options, "test_it.py"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stdout + done.stderr


def test_every_test_has_a_cluster_of_its_own(tmp_path: Path) -> None:
    text = """
import pytest

@pytest.mark.parametrize("turn", [1, 2])
def test_nothing_is_left_of_the_test_before(kube_cluster, turn):
    assert kube_cluster.now.total_seconds() == 0
    assert kube_cluster.kubectl("get deployments").stderr == "No resources found in default namespace.\\n"
    kube_cluster.kubectl("create deployment web --image=nginx")
    kube_cluster.advance("5m")
    assert kube_cluster.now.total_seconds() == 300
    assert kube_cluster.get("deployment", "web")["status"]["readyReplicas"] == 1

@pytest.mark.kube(config="kind: Cluster\\nname: marked\\nnodes: [{role: control-plane}, {role: worker}]", seed=7)
def test_the_mark_says_which_cluster(kube_cluster):
    names = [node["metadata"]["name"] for node in kube_cluster.list("nodes", "")]
    assert names == ["marked-control-plane", "marked-worker"]
"""
    assert "3 passed" in run_pytest(tmp_path, text)


def test_a_test_without_a_cluster_imports_no_simulator(tmp_path: Path) -> None:
    text = """
import sys

def test_it():
    assert not {"simulator", "daphne", "twisted"} & set(sys.modules)
"""
    assert "1 passed" in run_pytest(tmp_path, text)


@pytest.mark.processes
def test_the_api_serves_the_same_cluster_and_its_watches_hear_the_test(tmp_path: Path) -> None:
    text = """
import json
import urllib.request

import pytest
import yaml

def ask(api, path):
    return urllib.request.urlopen(api.url + path, timeout=10)

@pytest.mark.parametrize("turn", [1, 2])
def test_over_http(kube_cluster, kube_api, turn):
    assert yaml.safe_load(kube_api.kubeconfig.read_text())["clusters"][0]["cluster"]["server"] == kube_api.url
    with ask(kube_api, "/api/v1/namespaces/default/pods?watch=1") as pods:
        kube_cluster.kubectl("run web --image=nginx")
        first = json.loads(pods.readline())
        assert (first["type"], first["object"]["metadata"]["name"]) == ("ADDED", "web")
        kube_cluster.advance("1m")
        phases = [json.loads(pods.readline())["object"]["status"]["phase"] for _ in range(3)]
        assert phases[-1] == "Running"
    with ask(kube_api, "/api/v1/namespaces/default/pods") as pods:
        assert [pod["metadata"]["name"] for pod in json.load(pods)["items"]] == ["web"]
    assert kube_cluster.now.total_seconds() == 60

@pytest.mark.kube(speed=1000)
def test_with_a_speed_time_runs_by_itself(kube_cluster, kube_api):
    with ask(kube_api, "/api/v1/namespaces/default/pods?watch=1") as pods:
        kube_cluster.kubectl("run web --image=nginx")
        while json.loads(pods.readline())["object"]["status"].get("phase") != "Running":
            pass
    assert kube_cluster.now.total_seconds() > 0

def test_nobody_gets_in_without_the_key(kube_api):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(kube_api.url[:-1] + "/version", timeout=10)
    assert refused.value.code == 404
    refused.value.close()
"""
    assert "4 passed" in run_pytest(tmp_path, text)
