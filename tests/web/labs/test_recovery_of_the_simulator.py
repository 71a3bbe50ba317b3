"""The real simulator on a host: what a dead host had, the next one has, byte for byte."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from labs.bus.memory import MemoryBus, MemoryDirectory
from labs.host.host import ClusterHost
from labs.host.settings import HostSettings
from labs.messages import Evict, pack
from simulator.cluster import Cluster
from tests.web.labs.test_host import QUICK, Harbour


@pytest.fixture
async def harbour(sqlite_file: Path) -> AsyncIterator[Harbour]:
    made = Harbour(sqlite_file)
    await made.router.start()
    yield made
    await made.router.close()


class Ashore:
    """A host with the real simulator, that dies without a word at the end."""

    def __init__(self, harbour: Harbour, name: str, settings: HostSettings = QUICK) -> None:
        self.bus = MemoryBus(harbour.board)
        self.journal = harbour.journal()
        self.host = ClusterHost(
            host=name,
            bus=self.bus,
            directory=MemoryDirectory(harbour.board),
            journal=self.journal,
            sims=Cluster,
            settings=settings,
        )

    async def __aenter__(self) -> ClusterHost:
        started = asyncio.Event()
        self.task = asyncio.create_task(self.host.run(started.set))
        await started.wait()
        return self.host

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.bus.close()
        await self.journal.close()


async def shell(harbour: Harbour, cluster: str, rid: str, line: str) -> None:
    told = await harbour.router.call(cluster, "command", {"kind": "shell", "line": line}, rid=rid)
    assert told.is_ok, told.text


@pytest.mark.parametrize("replay_ms", [1e9, 0.0], ids=["from its journal", "from a snapshot and the rest"])
async def test_the_next_host_has_the_same_state(harbour: Harbour, replay_ms: float) -> None:
    cluster = harbour.cluster()
    async with Ashore(harbour, "h1", replace(QUICK, replay_ms=replay_ms)) as first:
        await harbour.clock(cluster, "fast", "speed", 20)
        await shell(harbour, cluster, "a", "kubectl create deployment web --image=nginx --replicas=4")
        await asyncio.sleep(0.3)
        await shell(harbour, cluster, "b", "kubectl scale deployment web --replicas=6")
        await asyncio.sleep(0.2)
        await harbour.clock(cluster, "stop", "pause")
        for number in range(3):
            await harbour.clock(cluster, f"step{number}", "step")
        await shell(harbour, cluster, "c", "kubectl delete deployment web")
        await harbour.clock(cluster, "last", "step")
        before = first.residents[cluster].sim.state_hash()
    async with Ashore(harbour, "h2") as second:
        await harbour.router.call(cluster, "view", {})
        assert second.residents[cluster].sim.state_hash() == before


SHOP = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: shop, image: nginx}]}
"""


async def pods(harbour: Harbour, cluster: str) -> str:
    told = await harbour.router.call(
        cluster, "query", {"kind": "shell", "line": "kubectl get pods -o wide --no-headers"}
    )
    lines = told.json()["reply"]["stdout"].splitlines()
    return "\n".join(" ".join([*line.split()[:4], *line.split()[5:7]]) for line in lines)  # without the age


async def test_a_reset_lab_is_as_its_lesson_began(harbour: Harbour) -> None:
    setup = json.dumps([{"kind": "apply-yaml", "text": SHOP}, {"kind": "settle", "seconds": 60}])
    cluster = harbour.cluster(setup=setup)
    async with Ashore(harbour, "h1"):
        began = await pods(harbour, cluster)
        assert began.count("Running") == 3
        await shell(harbour, cluster, "a", "kubectl delete deployment shop --wait=false")
        await shell(harbour, cluster, "b", "kubectl create deployment other --image=nginx")
        async with asyncio.timeout(20):
            while await pods(harbour, cluster) == began:
                await asyncio.sleep(0.02)
        harbour.reset(cluster)
        await harbour.router.bus.publish("inbox:h1", pack(Evict(cluster)))
        assert await pods(harbour, cluster) == began
