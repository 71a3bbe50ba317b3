"""Visiting a cluster's past on its host: looking, asking, comparing, and preparing a branch. With the real simulator."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from labs.bus.memory import MemoryBus, MemoryDirectory, Switchboard
from labs.host.host import ClusterHost
from labs.journal.sqlite import SqliteJournal
from labs.router import Router
from simulator.cluster import Cluster
from tests.web.labs.conftest import insert_sqlite
from tests.web.labs.test_host import QUICK

SECOND = 1_000_000


class Visitor:
    """One cluster on one host, and somebody who asks it things."""

    def __init__(self, path: Path) -> None:
        self.path, self.board = path, Switchboard()
        self.router = Router(MemoryBus(self.board), MemoryDirectory(self.board))
        self.cluster, self._deeds = insert_sqlite(path), 0

    @asynccontextmanager
    async def host(self) -> AsyncIterator[None]:
        bus, journal = MemoryBus(self.board), SqliteJournal(str(self.path), "test")
        host = ClusterHost(
            host="h", bus=bus, directory=MemoryDirectory(self.board), journal=journal, sims=Cluster, settings=QUICK
        )
        started = asyncio.Event()
        await self.router.start()
        task = asyncio.create_task(host.run(started.set))
        await started.wait()
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self.router.close()
            await bus.close()
            await journal.close()

    async def run(self, line: str) -> int:
        """Pauses first, so that every moment is known; answers when it was done."""
        self._deeds += 1
        told = await self.router.call(self.cluster, "command", {"kind": "shell", "line": line}, rid=f"r{self._deeds}")
        assert told.json()["reply"]["exit"] == 0
        return await self.now()

    async def clock(self, op: str, value: float | None = None) -> None:
        self._deeds += 1
        assert (await self.router.call(self.cluster, "clock", {"op": op, "value": value}, rid=f"r{self._deeds}")).is_ok

    async def ev(self) -> int:
        return int((await self.router.call(self.cluster, "view", {})).json()["ev"])

    async def now(self) -> int:
        return int((await self.router.call(self.cluster, "view", {})).json()["clock"]["at"])

    async def past(self, **body: Any) -> tuple[int, dict[str, Any]]:
        told = await self.router.call(self.cluster, "past", body)
        return told.status, told.json()

    async def play(self, steps: int) -> int:
        for _ in range(steps):
            await self.clock("step")
        return await self.now()


@pytest.fixture
async def visitor(sqlite_file: Path) -> Visitor:
    return Visitor(sqlite_file)


def names(answer: dict[str, Any], kind: str, namespace: str = "default") -> list[str]:
    table = answer["tables"].get(kind, {"cols": ["name", "ns"], "rows": []})
    rows = [dict(zip(table["cols"], row, strict=True)) for row in table["rows"]]
    return [row["name"] for row in rows if row["ns"] == namespace]


async def test_a_past_moment_can_be_looked_at_and_asked_while_the_cluster_stays(visitor: Visitor) -> None:
    async with visitor.host():
        await visitor.clock("pause")
        await visitor.run("kubectl create deployment web --image=nginx:1.27")
        then, ev = await visitor.play(6), await visitor.ev()
        await visitor.run("kubectl create deployment late --image=nginx:1.27")
        later = await visitor.play(3)
        assert later > then
        status, looked = await visitor.past(op="look", at=then, ev=ev)
        assert status == 200
        assert names(looked, "Deployment") == ["web"]
        _, asked = await visitor.past(
            op="ask", at=then, ev=ev, command={"kind": "shell", "line": "kubectl get deploy -o name"}
        )
        assert asked["reply"]["stdout"] == "deployment.apps/web\n"
        status, refused = await visitor.past(
            op="ask", at=then, ev=ev, command={"kind": "shell", "line": "kubectl delete deploy web"}
        )
        assert (status, refused["error"]["code"]) == (409, "ReadOnly")
        _, asked = await visitor.past(
            op="ask", at=then, ev=ev, command={"kind": "shell", "line": "kubectl get deploy -o name"}
        )
        assert asked["reply"]["stdout"] == "deployment.apps/web\n"
        assert await visitor.now() == later


async def test_two_moments_are_compared_by_what_differs(visitor: Visitor) -> None:
    async with visitor.host():
        await visitor.clock("pause")
        before = await visitor.now()
        await visitor.run("kubectl create configmap c --from-literal=a=1")
        status, found = await visitor.past(op="compare", at=before)
        assert status == 200
        assert found["same"] is True, "at the very instant of a command it is done already"
        after, ev = await visitor.play(1), await visitor.ev()
        await visitor.run("kubectl create configmap d --from-literal=a=1")
        await visitor.play(1)
        _, found = await visitor.past(op="compare", at=after, ev=ev, **{"with": None})
        assert ("added", "ConfigMap", "d") in [(row["how"], row["kind"], row["name"]) for row in found["objects"]]


async def test_a_branch_is_kept_under_the_next_number_above_every_revision(visitor: Visitor) -> None:
    async with visitor.host():
        await visitor.clock("pause")
        await visitor.run("kubectl create deployment web --image=nginx:1.27")
        then = await visitor.play(3)
        await visitor.run("kubectl create deployment late --image=nginx:1.27")
        now = await visitor.play(5)
        status, told = await visitor.past(op="branch", at=then)
        assert status == 200
        assert told == {"ok": True, "gen": 2, "seq": told["seq"], "from": 1, "at": then, "left": now}
        revision = (await visitor.router.call(visitor.cluster, "view", {})).json()["tables"]["Cluster"]
        with sqlite3.connect(visitor.path) as database:
            row = database.execute("SELECT timeline, seq, t_us, rv FROM labs_snapshot WHERE timeline = 2").fetchone()
        assert row[:3] == (2, told["seq"], then)
        assert row[3] >= dict(zip(revision["cols"], revision["rows"][0], strict=True))["revision"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"op": "fly"}, 400, "BadBody"),
        ({"op": "look", "at": -1}, 400, "BadMoment"),
        ({"op": "look", "at": 10**15}, 400, "BadMoment"),
        ({"op": "look", "at": 5, "gen": 7}, 400, "BadMoment"),
        ({"op": "look", "at": "noon"}, 400, "BadMoment"),
    ],
)
async def test_a_moment_that_never_was_is_refused(
    visitor: Visitor, body: dict[str, Any], status: int, code: str
) -> None:
    async with visitor.host():
        found, answer = await visitor.past(**body)
        assert (found, answer["error"]["code"]) == (status, code)
