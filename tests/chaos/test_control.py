"""Celery's side of the hosts: residency is shown, and a drained host gives its clusters to another."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.fleet import ROOT, Fleet, client_of, scaled

pytestmark = pytest.mark.processes


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    folder = Path(tempfile.mkdtemp(prefix="dd-"))
    with scaled(folder, webs=1) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)


def celery(fleet: Fleet, *arguments: str) -> Any:
    """The answer of all workers, by name."""
    told = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "config", *arguments, "--json", "--timeout", "5"],
        env={**os.environ, **fleet.environment, "DRYDOCK_HOST": ""},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(told.stdout)


async def test_residency_is_shown_and_draining_moves_every_cluster(fleet: Fleet) -> None:
    async with client_of(fleet, 6) as client:
        before = celery(fleet, "inspect", "clusters")
        owned = {name: set(host["clusters"]) for name, host in before.items()}
        assert set().union(*owned.values()) == set(client.person.clusters)
        drained = max(owned, key=lambda name: len(owned[name]))
        celery(fleet, "control", "drain", "--destination", drained)
        await client.burst(12)
        await client.check()
        after = celery(fleet, "inspect", "clusters")
        assert after[drained]["clusters"] == {}
        (other,) = set(after) - {drained}
        assert set(after[other]["clusters"]) == set(client.person.clusters)
