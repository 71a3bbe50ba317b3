"""Starts `drydock serve` for tests that drive it with real clients."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clients.terminals import MINOR, RealTerminal, find_kubectl, free_port

ROOT = Path(__file__).parents[2]
Serve = Callable[..., RealTerminal]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts `drydock serve` with the given options and gives the terminal that talks to it."""
    running: list[subprocess.Popen[bytes]] = []

    def start(*options: str, minor: str = MINOR) -> RealTerminal:
        kubectl = find_kubectl(minor)
        if kubectl is None:
            pytest.skip(f"there is no kubectl {minor} on this machine")
        kubeconfig = tmp_path / f"kubeconfig-{len(running)}"
        command = [
            sys.executable,
            "-m",
            "config.drydock",
            "serve",
            "--port",
            str(free_port()),
            "--kubeconfig",
            str(kubeconfig),
        ]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "platform"))),
            "HOME": str(tmp_path),
        }
        running.append(subprocess.Popen([*command, *options], stdout=subprocess.PIPE, env=environment, cwd=ROOT))
        _wait_for(kubeconfig, running[-1])
        return RealTerminal(kubectl, tmp_path / f"real-{len(running)}", kubeconfig)

    yield start
    for process in running:
        process.terminate()
        process.communicate(timeout=10)


def _wait_for(file: Path, process: "subprocess.Popen[bytes]") -> None:
    assert process.stdout is not None
    assert b"Drydock serves" in process.stdout.readline(), f"the server ended with {process.poll()} and wrote no {file}"
