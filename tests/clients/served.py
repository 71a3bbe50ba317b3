"""`drydock serve` as a process, for the published Python clients."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.clients.terminals import free_port

ROOT = Path(__file__).parents[2]


@contextmanager
def served(folder: Path, *options: str) -> Iterator[Path]:
    """The kubeconfig of a fresh cluster whose time follows the wall clock, twenty times as fast unless told otherwise."""
    kubeconfig = folder / "kubeconfig"
    speed = () if "--speed" in options else ("--speed", "20")
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
        "HOME": str(folder),
    }
    process = subprocess.Popen([*command, *speed, *options], stdout=subprocess.PIPE, env=environment, cwd=ROOT)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert b"Drydock serves" in line, f"the server wrote {line!r} and ended with {process.poll()}"
        yield kubeconfig
    finally:
        process.terminate()
        process.communicate(timeout=10)
