"""The real simulator under `kill -9`: what was acknowledged is there once, and the state is the same to the last byte."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.fleet import REAL, Client, Fleet, embedded, scaled

pytestmark = pytest.mark.processes
CLUSTERS = 6
NOTES = 12


@pytest.fixture(params=[embedded, scaled], ids=["embedded", "scaled"])
def fleet(request: pytest.FixtureRequest) -> Iterator[Fleet]:
    folder = Path(tempfile.mkdtemp(prefix="dd-"))
    with request.param(folder, simulator=REAL) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)


async def test_a_killed_owner_leaves_the_same_cluster_behind(fleet: Fleet) -> None:
    client = Client(fleet, fleet.person(CLUSTERS))
    clusters = client.person.clusters
    try:
        await asyncio.gather(*(_shop(client, cluster) for cluster in clusters))
        writing = [
            client.send(cluster, f"note-{number}", _shell(f"kubectl create configmap note-{number} --from-literal=a=b"))
            for number in range(NOTES)
            for cluster in clusters
        ]
        burst = asyncio.gather(*writing)
        await asyncio.sleep(0.1)
        await asyncio.to_thread(_kill_owners, fleet)
        created = await burst
        assert [each["reply"]["exit"] for each in created] == [0] * len(created)
        await asyncio.gather(*(client.send(cluster, "hold", {"op": "pause"}, what="clock") for cluster in clusters))
        before = [await _look(client, cluster) for cluster in clusters]
        await asyncio.to_thread(_kill_owners, fleet)
        after = [await _look(client, cluster) for cluster in clusters]
    finally:
        await client.close()
    assert after == before
    for seen in before:
        notes = [line for line in seen["configmaps"].split() if "/note-" in line]
        assert sorted(notes) == sorted(f"configmap/note-{number}" for number in range(NOTES))
        assert seen["pods"].count("web-") == 4


async def _shop(client: Client, cluster: str) -> None:
    await client.send(cluster, "fast", {"op": "speed", "value": 20}, what="clock")
    await client.send(cluster, "web", _shell("kubectl create deployment web --image=nginx --replicas=3"))
    await client.send(cluster, "more", _shell("kubectl scale deployment web --replicas=4"))


def _kill_owners(fleet: Fleet) -> None:
    for worker in fleet.workers:
        worker.kill()
    for worker in fleet.workers:
        worker.start()


async def _look(client: Client, cluster: str) -> dict[str, Any]:
    """What a learner sees, and everything else."""
    asked = {
        "pods": _shell("kubectl get pods -o wide"),
        "configmaps": _shell("kubectl get configmaps -o name"),
        "hash": {"command": {"kind": "state-hash"}},
    }
    seen = {
        name: (await client.send(cluster, f"{name}-{time.monotonic_ns()}", body))["reply"]
        for name, body in asked.items()
    }
    return {"pods": seen["pods"]["stdout"], "configmaps": seen["configmaps"]["stdout"], "hash": seen["hash"]["hash"]}


def _shell(line: str) -> dict[str, Any]:
    return {"command": {"kind": "shell", "line": line}}
