"""The examples for authors of operators and clients do what they say."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes
ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
NEEDS = {
    "test_in_process.py": "pytest",
    "test_kopf_operator.py": "kopf",
    "test_kr8s.py": "kr8s",
    "test_lightkube.py": "lightkube",
    "test_official_client.py": "kubernetes",
}


def test_every_example_is_known_here_and_named_in_the_guide() -> None:
    files = sorted(file.name for file in EXAMPLES.glob("test_*.py"))
    guide = (EXAMPLES / "README.md").read_text()
    assert files == sorted(NEEDS)
    assert [file for file in files if f"`{file}`" not in guide] == []


@pytest.mark.parametrize("name", sorted(NEEDS))
def test_an_example_passes(name: str, tmp_path: Path) -> None:
    if find_spec(NEEDS[name]) is None:
        pytest.skip(f"{NEEDS[name]} is not installed")
    settings = tmp_path / "pytest.ini"
    settings.write_text("[pytest]\naddopts = --strict-markers --import-mode=importlib\n")
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
    path = os.pathsep.join((str(ROOT), str(ROOT / "platform")))
    environment = {**os.environ, "PYTHONPATH": path, "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [
            *command,
            "-q",
            "-c",
            str(settings),
            "--rootdir",
            str(tmp_path),
            "-p",
            "no:cacheprovider",
            str(EXAMPLES / name),
        ],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
