"""`drydock kubectl | apply | snapshot | restore`, in this process and as processes, against a cluster that `drydock serve` holds."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.drydock import main
from tests.clients.served import ROOT, served

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("command")]

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "IMAGE"}]}
"""


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("command")
    config = folder / "kind.yaml"
    config.write_text("kind: Cluster\nname: lab\nnodes: [{role: control-plane}, {role: worker}]\n")
    with served(folder, "--config", str(config), "--profile", "instant", "--seed", "7") as file:
        yield file


@pytest.fixture
def found(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The served cluster is found by the environment."""
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    return kubeconfig


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No cluster is served anywhere."""
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))


def test_kubectl_reads_and_writes_the_served_cluster(
    found: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "web.yaml").write_text(WEB.replace("IMAGE", "nginx:1.27"))
    assert main(["kubectl", "apply", "-f", str(tmp_path / "web.yaml")]) == 0
    assert main(["kubectl", "rollout", "status", "deployment/web"]) == 0
    assert main(["kubectl", "get", "nodes", "-o", "name"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("deployment.apps/web created\n")
    assert said.endswith('deployment "web" successfully rolled out\nnode/lab-control-plane\nnode/lab-worker\n')
    assert main(["kubectl", "exec", "deploy/web", "--", "printenv", "KUBERNETES_SERVICE_PORT"]) == 0
    assert capsys.readouterr().out == "443\n"
    assert main(["kubectl", "get", "deployment", "web", "-o", "yaml"]) == 0
    assert "managedFields" not in capsys.readouterr().out
    assert main(["kubectl", "get", "pods", "--as", "ann"]) == 1
    assert capsys.readouterr().err.startswith('Error from server (Forbidden): pods is forbidden: User "ann" ')
    assert main(["kubectl", "get", "none"]) == 1
    assert capsys.readouterr().err == 'error: the server doesn\'t have a resource type "none"\n'


def test_an_object_is_edited_in_an_editor_of_this_machine(
    found: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["kubectl", "create", "configmap", "edited", "--from-literal=k=v"]) == 0
    monkeypatch.setenv("KUBE_EDITOR", "sed -i s/k:.v$/k:\\ w/")
    assert main(["kubectl", "edit", "configmap", "edited"]) == 0
    assert main(["kubectl", "get", "configmap", "edited", "-o", "jsonpath={.data}"]) == 0
    assert capfd.readouterr().out == 'configmap/edited created\nconfigmap/edited edited\n{"k":"w"}'
    monkeypatch.setenv("KUBE_EDITOR", "no-such-editor")
    assert main(["kubectl", "edit", "configmap", "edited"]) == 1
    assert capfd.readouterr().err == 'error: unable to launch the editor "no-such-editor"\n'


def test_a_snapshot_brings_the_served_cluster_back(
    found: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "before"
    assert main(["snapshot", str(file)]) == 0
    assert main(["kubectl", "create", "configmap", "after"]) == 0
    assert main(["restore", str(file)]) == 0
    assert capsys.readouterr().out == (
        f"{file}: {file.stat().st_size} bytes\nconfigmap/after created\nThe cluster lab goes on from {file}.\n"
    )
    assert main(["kubectl", "get", "configmap", "after"]) == 1
    assert capsys.readouterr().err == 'Error from server (NotFound): configmaps "after" not found\n'


def test_a_file_that_is_no_snapshot_changes_nothing(found: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["restore", __file__]) == 1
    assert capsys.readouterr().err.startswith("drydock: snapshot of ")
    assert main(["restore", "no-such-file"]) == 1
    assert capsys.readouterr().err == "drydock: no-such-file: No such file or directory\n"
    assert main(["kubectl", "get", "nodes"]) == 0


def test_apply_uses_the_served_cluster_and_a_fresh_one_when_asked(
    found: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "map.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: applied}\n")
    for said in ("created", "unchanged"):
        assert main(["apply", "-f", str(tmp_path / "map.yaml")]) == 0
        assert capsys.readouterr().out == f"configmap/applied {said}\n"
    assert main(["apply", "--fresh", "-f", str(tmp_path / "map.yaml")]) == 0
    assert capsys.readouterr().out == ("configmap/applied created\n\nEverything is ready after 2m of simulated time.\n")


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize(
    ("image", "more", "code", "out", "err"),
    [
        ("nginx:1.27", [], 0, "Everything is ready after 1m of simulated time.\n", ""),
        (
            "nginx:no-such-tag",
            [],
            1,
            "Error: ImagePullBackOff",
            "drydock: not ready after 1m of simulated time: default/web-",
        ),
        (
            "acme/shop:7",
            [],
            1,
            "Error: ImagePullBackOff",
            "drydock: not ready after 1m of simulated time: default/web-",
        ),
        ("acme/shop:7", ["--unknown-images"], 0, "Everything is ready after 1m of simulated time.\n", ""),
    ],
)
def test_manifests_are_tried_in_memory_when_nothing_is_served(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], image: str, more: list[str], code: int, out: str, err: str
) -> None:
    (tmp_path / "web.yaml").write_text(WEB.replace("IMAGE", image))
    assert main(["apply", "-f", str(tmp_path / "web.yaml"), "--wait", "1m", *more]) == code
    said = capsys.readouterr()
    assert said.out.startswith("deployment.apps/web created\n\nNAMESPACE ")
    assert out in said.out
    assert said.err.startswith(err)


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["kubectl", "get", "pods"],
            "no served cluster was found. Start one with `drydock serve`, or set KUBECONFIG to its file",
        ),
        (
            ["snapshot", "x"],
            "no served cluster was found. Start one with `drydock serve`, or set KUBECONFIG to its file",
        ),
        (["kubectl", "get", "pods", "--kubeconfig", "none"], "none: No such file or directory"),
        (["apply", "-f", "x", "--kubeconfig", "none"], "none: No such file or directory"),
        (["apply", "-f", "missing.yaml"], None),
        (["serve", "--speed", "-1"], "--speed: found -1, wanted 0 (time stands still) or more"),
        (["serve", "--config", "none"], "[Errno 2] No such file or directory: 'none'"),
    ],
)
def test_what_cannot_be_done_is_said_plainly(
    capsys: pytest.CaptureFixture[str], words: list[str], said: str | None
) -> None:
    assert main(words) == 1
    expected = f"drydock: {said}\n" if said else 'error: the path "missing.yaml" does not exist\n'
    assert capsys.readouterr().err == expected


def test_a_kubeconfig_of_another_server_is_told_so(
    kubeconfig: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    text = kubeconfig.read_text()
    server = text.partition("server: ")[2].partition("\n")[0]
    other.write_text(text.replace(server, server[:-4] + "xxxx"))
    monkeypatch.setenv("KUBECONFIG", str(other))
    assert main(["kubectl", "get", "pods"]) == 1
    assert "is no cluster of `drydock serve` for this kubeconfig: use kubectl itself there" in capsys.readouterr().err


def test_it_works_as_a_process_with_a_pipe(kubeconfig: Path) -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "platform"))),
        "KUBECONFIG": str(kubeconfig),
    }

    def run(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "config.drydock", *words]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, env=environment, timeout=60)

    piped = run("kubectl", "apply", "-f", "-", stdin="apiVersion: v1\nkind: ConfigMap\nmetadata: {name: piped}\n")
    assert (piped.returncode, piped.stdout, piped.stderr) == (0, "configmap/piped created\n", "")
    assert run("kubectl", "delete", "configmap", "piped").stdout == 'configmap "piped" deleted\n'
    assert run("kubectl", "get", "cm", "piped").returncode == 1
    usage = run("nonsense")
    assert usage.returncode == 2
    assert "invalid choice: 'nonsense'" in usage.stderr
