"""The real simulator on a host: what a dead host had, the next one has, byte for byte."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from labs.bus.memory import MemoryBus, MemoryDirectory
from labs.host.host import ClusterHost
from labs.host.settings import HostSettings
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
