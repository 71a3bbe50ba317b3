"""kr8s, lightkube and a kopf operator from PyPI, unmodified, over HTTP."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import kr8s
import pytest
from kr8s.objects import ConfigMap, Deployment, Pod, new_class
from lightkube import ApiError, Client, KubeConfig, codecs
from lightkube.generic_resource import create_namespaced_resource
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.apps_v1 import Deployment as LightDeployment
from lightkube.resources.core_v1 import ConfigMap as LightConfigMap
from lightkube.types import PatchType

from tests.clients.served import served
from tests.clients.test_official_client import config_map, definition, deployment, eventually

pytestmark = [
    pytest.mark.processes,
    pytest.mark.xdist_group("others"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
OPERATOR = Path(__file__).with_name("operator_of_boats.py")


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with served(tmp_path_factory.mktemp("others")) as file:
        yield file


def test_kr8s_creates_waits_scales_and_deletes(kubeconfig: Path) -> None:
    api = kr8s.api(kubeconfig=str(kubeconfig))
    web = Deployment(deployment("kr8s-web", 2), api=api, namespace="default")
    web.create()
    web.wait("condition=Available", timeout=20)
    web.scale(3)
    eventually(lambda: len(list(kr8s.get("pods", label_selector="app=kr8s-web", api=api))) == 3)
    web.delete(propagation_policy="Background")
    eventually(lambda: not web.exists())


def test_kr8s_runs_a_command_reads_logs_and_watches(kubeconfig: Path) -> None:
    api = kr8s.api(kubeconfig=str(kubeconfig))
    container = {"name": "box", "image": "busybox:1.36", "command": ["sh", "-c", "echo hello; sleep 3600"]}
    box = Pod({"metadata": {"name": "kr8s-box"}, "spec": {"containers": [container]}}, api=api, namespace="default")
    box.create()
    box.wait("condition=Ready", timeout=20)
    assert list(box.logs()) == ["hello"]
    done = box.exec(["hostname"])
    assert (done.stdout, done.returncode) == (b"kr8s-box\n", 0)
    note = ConfigMap(config_map("kr8s-note", a="1"), api=api, namespace="default")
    note.create()
    note.patch({"data": {"a": "2"}})
    note.refresh()
    assert dict(note.data) == {"a": "2"}


def light(kubeconfig: Path) -> Client:
    return Client(KubeConfig.from_file(kubeconfig).get(), namespace="default", field_manager="lightkube-test")


def test_lightkube_applies_lists_watches_and_meets_a_conflict(kubeconfig: Path) -> None:
    client = light(kubeconfig)
    made = client.apply(codecs.from_dict(deployment("light-web", 2)))
    assert isinstance(made, LightDeployment)
    client.wait(LightDeployment, "light-web", for_conditions=["Available"])
    metadata = ObjectMeta(name="light-note", namespace="default")
    first = client.create(LightConfigMap(metadata=metadata, data={"a": "1"}))
    assert first.metadata is not None
    version = first.metadata.resourceVersion
    client.patch(LightConfigMap, "light-note", {"data": {"a": "2"}})
    verb, seen = next(iter(client.watch(LightConfigMap, resource_version=version)))
    assert (verb, seen.data) == ("MODIFIED", {"a": "2"})
    with pytest.raises(ApiError) as refused:
        client.replace(first)
    assert (refused.value.status.code, refused.value.status.reason) == (409, "Conflict")


def test_an_operator_of_kopf_looks_after_custom_resources(kubeconfig: Path, tmp_path: Path) -> None:
    client = light(kubeconfig)
    client.create(codecs.from_dict(definition("ferries", "Ferry")))
    ferry = create_namespaced_resource("example.com", "v1", "Ferry", "ferries")
    eventually(lambda: _is_served(client, ferry))
    log = tmp_path / "operator.log"
    with log.open("wb") as out:
        command = [sys.executable, "-m", "kopf", "run", "--standalone", "--namespace", "default", str(OPERATOR)]
        environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "PYTHONWARNINGS": "ignore"}
        operator = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment)
    try:
        client.create(ferry(metadata=ObjectMeta(name="blue"), spec={"size": 3}))
        cargo = _eventually(lambda: client.get(LightConfigMap, "blue-cargo"), log)
        assert cargo.data == {"size": "3"}
        _eventually(lambda: (client.get(ferry, "blue").status or {}).get("loaded"), log)
        held = client.get(ferry, "blue")
        assert held.metadata is not None
        assert held.metadata.finalizers == ["kopf.zalando.org/KopfFinalizerMarker"]
        client.patch(ferry, "blue", {"spec": {"size": 5}}, patch_type=PatchType.MERGE)
        _eventually(lambda: client.get(LightConfigMap, "blue-cargo").data == {"size": "5"}, log)
        client.delete(ferry, "blue")
        _eventually(lambda: _is_gone(client, ferry, "blue") and _is_gone(client, LightConfigMap, "blue-cargo"), log)
    finally:
        operator.terminate()
        operator.wait(timeout=15)


def _eventually(found: Callable[[], Any], log: Path) -> Any:
    """As `eventually`, past errors of things that are not there yet; shows what the operator said when it fails."""
    until = time.monotonic() + 25
    while time.monotonic() < until:
        try:
            if value := found():
                return value
        except ApiError as error:
            if error.status.code != 404:
                raise
        time.sleep(0.1)
    raise AssertionError(log.read_text()[-3000:])


def _is_served(client: Client, kind: Any) -> bool:
    try:
        return list(client.list(kind)) == []
    except ApiError as error:
        if error.status.code != 404:
            raise
        return False


def _is_gone(client: Client, kind: Any, name: str) -> bool:
    try:
        client.get(kind, name)
    except ApiError as error:
        return error.status.code == 404
    return False


def test_kr8s_knows_a_kind_that_was_defined_a_moment_ago(kubeconfig: Path) -> None:
    light(kubeconfig).create(codecs.from_dict(definition("buoys", "Buoy")))
    api = kr8s.api(kubeconfig=str(kubeconfig))
    kind = new_class("Buoy", version="example.com/v1", plural="buoys")
    made = kind({"metadata": {"name": "red"}, "spec": {"size": 1}}, api=api, namespace="default")
    made.create()
    assert [found.name for found in kr8s.get("buoys.example.com", api=api)] == ["red"]
