"""Two terminals with one behaviour: real kubectl in a folder of its own, and ours inside the simulator."""

import re
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from simulator import Cluster

MINOR = "1.33"
CONFIG = "kind: Cluster\nname: lab\nnodes: [{role: control-plane}, {role: worker}, {role: worker}]"
#: Ages between ten minutes and three hours are told in minutes, so a test has time before they change.
AGE_S = 2_390
_START_S = 30


@dataclass(frozen=True, slots=True)
class Outcome:
    stdout: str
    stderr: str
    exit: int

    def at(self, server: str, name: str) -> "Outcome":
        """The same with another address of the server."""
        return Outcome(self.stdout.replace(server, name), self.stderr.replace(server, name), self.exit)

    def logged(self) -> "Outcome":
        """The same without the time and the process in lines of the client's own log, and without made-up names of files."""
        stderr = re.sub(r"^([EFIW])\d{4} [\d:.]+ +\d+ ", r"\1 ", self.stderr, flags=re.M)
        return Outcome(self.stdout, re.sub(r"(/kubectl-edit-)\d+", r"\1NUMBER", stderr), self.exit)


def find_kubectl(minor: str = MINOR) -> Path | None:
    """The client of this minor: by name beside whatever `kubectl` is on PATH, or that one itself if it fits."""
    found = shutil.which("kubectl")
    if found is None:
        return None
    beside = Path(found).resolve().parent / f"kubectl.{minor}"
    if beside.exists():
        return beside
    said = subprocess.run([found, "version", "--client"], capture_output=True, text=True, check=False).stdout
    return Path(found) if f"v{minor}." in said else None


class RealTerminal:
    """A folder, a kubectl in its PATH and a kubeconfig: what a learner has at home."""

    def __init__(self, kubectl: Path, folder: Path, kubeconfig: Path) -> None:
        self.folder = folder
        (folder / "bin").mkdir(parents=True)
        (folder / "home").mkdir()
        (folder / "bin" / "kubectl").symlink_to(kubectl)
        self._environment = {
            "PATH": f"{folder / 'bin'}:/usr/bin:/bin",
            "HOME": str(folder / "home"),
            "KUBECONFIG": str(kubeconfig),
            "TZ": "UTC",
        }

    def write_file(self, path: str, text: str) -> None:
        (self.folder / "home" / path).write_text(text)

    def run(self, line: str, *, timeout_s: float = 30, **environment: str) -> Outcome:
        done = subprocess.run(
            ["bash", "-c", line],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder / "home",
            env={**self._environment, **environment},
            timeout=timeout_s,
        )
        return Outcome(done.stdout, done.stderr, done.returncode)

    def start(self, line: str) -> "subprocess.Popen[str]":
        """A command that goes on; whoever started it ends it."""
        return subprocess.Popen(
            line.split(), stdout=subprocess.PIPE, text=True, cwd=self.folder / "home", env=self._environment
        )

    @property
    def server(self) -> str:
        line = "kubectl config view -o jsonpath={.clusters[0].cluster.server}"
        return self.run(line).stdout


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def age_began() -> int:
    """When a cluster of the usual age began, in seconds since 1970."""
    return int(time.time()) - AGE_S - _START_S


def aged_cluster(*lines: str, manifest: str = "", epoch_s: int | None = None) -> Cluster:
    """A cluster on which `lines` were typed about forty minutes ago, by its own clock and by the wall's.

    `epoch_s`: when it began, if not just so that it is that old now.
    """
    cluster = Cluster.create(CONFIG, epoch_s=age_began() if epoch_s is None else epoch_s)
    if manifest:
        reply = cluster.apply({"kind": "apply-yaml", "text": manifest})
        assert not reply["problems"], reply["problems"]
    for line in lines:
        reply = cluster.apply({"kind": "shell", "line": line})
        assert reply["exit"] == 0, f"{line}: {reply['stderr']}"
    end = (AGE_S + _START_S) * 1_000_000
    while not cluster.advance(end):
        pass
    return cluster


class OurTerminal:
    """The workstation of a cluster in memory."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def write_file(self, path: str, text: str) -> None:
        self._cluster.apply({"kind": "write-file", "path": path, "text": text})

    def run(self, line: str) -> Outcome:
        reply = self._cluster.apply({"kind": "shell", "line": line})
        return Outcome(reply["stdout"], reply["stderr"], reply["exit"])
