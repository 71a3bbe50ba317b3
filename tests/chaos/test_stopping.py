"""Ctrl-C and SIGTERM end `drydock up` quietly, at whatever moment they come, and leave nothing behind."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.chaos.fleet import ROOT, surroundings
from tests.servers import free_port, hear_ctrl_c

pytestmark = pytest.mark.processes
READY = "Drydock is ready"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
@pytest.mark.parametrize("moment", ["join code", READY, "a moment later"])
def test_the_embedded_product_ends_quietly(number: signal.Signals, moment: str) -> None:
    with tempfile.TemporaryDirectory(prefix="dd-") as folder:
        process = _up(Path(folder))
        told = _until(process, READY if moment == "a moment later" else moment)
        if moment == "a moment later":
            time.sleep(0.3)
        process.send_signal(number)
        rest, _ = process.communicate(timeout=15)
        left = sorted(path.name for path in Path(folder).iterdir())
    assert process.returncode == 0
    assert "Traceback" not in told + rest
    assert "Error" not in rest
    assert set(left) <= {"drydock.sqlite3", "lock"}


def _up(folder: Path) -> "subprocess.Popen[str]":
    values = surroundings(DRYDOCK_DATA=str(folder), REDIS_URL="", DATABASE_URL="")
    command = [sys.executable, "-m", "config.drydock", "up", "--port", str(free_port())]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **values},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=hear_ctrl_c,
    )


def _until(process: "subprocess.Popen[str]", words: str) -> str:
    assert process.stdout is not None
    told = ""
    while words not in told:
        line = process.stdout.readline()
        assert line, f"ended before {words!r}: {told}"
        told += line
    return told


def test_an_interrupt_inside_generated_code_ends_quietly_too(tmp_path: Path) -> None:
    """As when it comes while modules with dataclasses are loaded."""
    (tmp_path / "interrupted.py").write_text(
        "import sys\nfrom config import drydock\n"
        "drydock._web = lambda options: exec('raise KeyboardInterrupt')\nsys.exit(drydock.main(['web']))\n"
    )
    values = surroundings()
    environment = {**os.environ, **values, "PYTHONPATH": os.pathsep.join([str(tmp_path), values["PYTHONPATH"]])}
    done = subprocess.run([sys.executable, "-m", "interrupted"], cwd=ROOT, env=environment, timeout=60)
    assert done.returncode == 0
