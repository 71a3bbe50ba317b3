"""A cluster host in this process, on the memory bus and a SQLite journal, with a fake simulation."""

import asyncio
import json
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from foundation.metrics import exposition
from labs.bus.memory import MemoryBus, MemoryDirectory, Switchboard
from labs.host.engine import sources_digest
from labs.host.frozen import thaw
from labs.host.host import ClusterHost
from labs.host.recovery import recover
from labs.host.resident import resume_at, wall_us
from labs.host.settings import HostSettings
from labs.journal import Anchor, Deed, Entry, JournalFull, JournalUnavailable, Row
from labs.journal.sqlite import SqliteJournal
from labs.messages import Call, Evict, Frame, pack
from labs.messages import frame as decode_frame
from labs.router import Router, Told
from tests.web.labs.conftest import insert_sqlite
from tests.web.labs.fake_cluster import FakeCluster

QUICK = HostSettings(
    limits={
        "commands_per_s": 10_000,
        "command_burst": 10_000,
        "speed_max": 20,
        "clusters": 3,
        "nodes": 50,
        "objects": 2_000,
        "cpu_ms_per_s": 100,
        "cpu_bucket_ms": 2_000,
    },
    lease_s=0.6,
    mark_s=0.05,
    tidy_s=0.02,
)


class Harbour:
    """A switchboard, a database and as many hosts as a test starts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.board = Switchboard()
        self.router = Router(MemoryBus(self.board), MemoryDirectory(self.board))

    def cluster(self, **fields: str) -> str:
        return insert_sqlite(self.path, **fields)

    def journal(self) -> SqliteJournal:
        return SqliteJournal(str(self.path), "test")

    @asynccontextmanager
    async def host(
        self, name: str = "h1", settings: HostSettings = QUICK, journal: Any = None
    ) -> AsyncIterator[ClusterHost]:
        """A host that dies at the end without a word, as after kill -9."""
        bus = MemoryBus(self.board)
        journal = journal or self.journal()
        host = ClusterHost(
            host=name,
            bus=bus,
            directory=MemoryDirectory(self.board),
            journal=journal,
            sims=FakeCluster,
            settings=settings,
        )
        started = asyncio.Event()
        task = asyncio.create_task(host.run(started.set))
        await started.wait()
        try:
            yield host
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await bus.close()
            await journal.close()

    async def add(self, cluster: str, rid: str, **command: Any) -> Told:
        return await self.router.call(cluster, "command", {"kind": "add", **command}, rid=rid)

    async def read(self, cluster: str) -> dict[str, Any]:
        told = await self.router.call(cluster, "query", {"kind": "read"})
        reply: dict[str, Any] = told.json()["reply"]
        return reply

    async def clock(self, cluster: str, rid: str, op: str, value: float | None = None) -> Told:
        return await self.router.call(cluster, "clock", {"op": op, "value": value}, rid=rid)

    def reset(self, cluster: str) -> None:
        """What `cluster_reset` writes."""
        key = (cluster.replace("-", ""),)
        with sqlite3.connect(self.path) as database:
            database.execute(
                "UPDATE labs_cluster SET timeline = timeline + 1, head = head + 1, epoch = epoch + 1, "
                "status = 'hibernated', owner_host = '', wall0 = 0, sim0_us = 0, mark_us = 0 WHERE id = ?",
                key,
            )
            database.execute(
                "INSERT INTO labs_journal "
                "(cluster_id, timeline, seq, t_us, kind, rid, actor, body, digest, sim_version) "
                """SELECT id, timeline, head, 0, 'control', 'reset', '', '{"op":"reset"}', '', '' """
                "FROM labs_cluster WHERE id = ?",
                key,
            )

    def rows(self, cluster: str) -> list[tuple[int, str, str]]:
        with sqlite3.connect(self.path) as database:
            found = database.execute(
                "SELECT seq, kind, rid FROM labs_journal WHERE cluster_id = ? ORDER BY seq", (cluster.replace("-", ""),)
            )
            return list(found)

    def status(self, cluster: str) -> tuple[str, int, int]:
        with sqlite3.connect(self.path) as database:
            found: tuple[str, int, int] = database.execute(
                "SELECT status, epoch, sim0_us FROM labs_cluster WHERE id = ?", (cluster.replace("-", ""),)
            ).fetchone()
            return found


@pytest.fixture
async def harbour(sqlite_file: Path) -> AsyncIterator[Harbour]:
    made = Harbour(sqlite_file)
    await made.router.start()
    yield made
    await made.router.close()


async def eventually(is_true: Callable[[], Awaitable[bool] | bool], timeout_s: float = 5.0) -> None:
    """Wait for something another task does."""
    async with asyncio.timeout(timeout_s):
        while True:
            answer = is_true()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(0.005)


async def test_a_command_is_answered_and_journaled(harbour: Harbour) -> None:
    cluster = harbour.cluster()
    async with harbour.host():
        told = await harbour.add(cluster, "r1", name="x")
    assert (told.status, told.json()) == (200, {"ok": True, "ev": 1, "reply": {"changed": True, "value": 1}})
    assert harbour.rows(cluster) == [(1, "command", "r1")]


async def test_the_same_rid_takes_effect_once(harbour: Harbour) -> None:
    cluster = harbour.cluster()
    async with harbour.host():
        first = await harbour.add(cluster, "r1", name="x")
        again = await harbour.add(cluster, "r1", name="x")
        assert (await harbour.read(cluster))["counters"] == {"x": 1}
    assert first.text == again.text


async def test_a_refused_command_is_not_journaled(harbour: Harbour) -> None:
    cluster = harbour.cluster()
    async with harbour.host():
        told = await harbour.router.call(cluster, "command", {"kind": "nonsense"}, rid="r1")
    assert told.status == 400
    assert told.json()["error"]["code"] == "BadCommand"
    assert harbour.rows(cluster) == []


async def test_an_unknown_cluster_is_not_found(harbour: Harbour) -> None:
    async with harbour.host():
        told = await harbour.add("00000000-0000-4000-8000-000000000000", "r1")
    assert told.status == 404


async def test_without_a_host_the_answer_is_503(harbour: Harbour) -> None:
    told = await harbour.router.call(harbour.cluster(), "command", {"kind": "add"}, rid="r1", deadline_s=0.3)
    assert told.status == 503
    assert "retry_after" in told.json()["error"]


async def test_another_host_replays_what_a_dead_one_acknowledged(harbour: Harbour) -> None:
    cluster = harbour.cluster()
    async with harbour.host("h1"):
        told = [await harbour.add(cluster, f"r{number}", name="x", after_us=1000) for number in range(20)]
        assert all(each.is_ok for each in told)
        before = (await harbour.read(cluster))["log"]
    async with harbour.host("h2"):
        again = await harbour.add(cluster, "r7", name="x")
        after = await harbour.read(cluster)
    assert after["log"] == before
    assert again.text == told[7].text
    assert harbour.status(cluster)[1] == 2


async def test_commands_of_one_moment_share_a_commit_and_all_are_there(harbour: Harbour) -> None:
    clusters = [harbour.cluster() for _ in range(5)]
    async with harbour.host() as host:
        calls = [harbour.add(cluster, f"r{number}", name="x") for number in range(40) for cluster in clusters]
        assert all(told.is_ok for told in await asyncio.gather(*calls))
        assert host.describe()["commits"] < 200
        for cluster in clusters:
            assert (await harbour.read(cluster))["counters"]["x"] == 40
    assert [seq for seq, _, _ in harbour.rows(clusters[0])] == list(range(1, 41))


async def test_time_passes_at_the_clocks_speed(harbour: Harbour) -> None:
    cluster = harbour.cluster(config="beat_us:20000")
    async with harbour.host():
        await harbour.clock(cluster, "s", "speed", 10)
        await asyncio.sleep(0.3)
        reply = await harbour.read(cluster)
    assert 3_000_000 <= reply["now"] <= 6_000_000
    assert reply["counters"]["beat"] == reply["now"] // 20_000


async def test_a_paused_cluster_stands_still_until_stepped(harbour: Harbour) -> None:
    cluster = harbour.cluster(config="beat_us:100000")
    async with harbour.host():
        told = await harbour.clock(cluster, "p", "pause")
        at = told.json()["clock"]["at"]
        await asyncio.sleep(0.15)
        assert (await harbour.read(cluster))["now"] == at
        stepped = await harbour.clock(cluster, "s", "step")
        assert stepped.json()["clock"] == {"at": 100_000, "speed": 1.0, "paused": True, "lagging": False}
        assert (await harbour.read(cluster))["counters"] == {"beat": 1}


async def test_steps_between_events_of_one_instant_are_replayed(harbour: Harbour) -> None:
    cluster = harbour.cluster()
    async with harbour.host("h1"):
        await harbour.clock(cluster, "p", "pause")
        for name in "abc":
            await harbour.add(cluster, name, name=name, after_us=0)
        await harbour.clock(cluster, "s1", "step")
        await harbour.add(cluster, "d", name="d", after_us=0)
        await harbour.clock(cluster, "s2", "step")
        before = await harbour.read(cluster)
    async with harbour.host("h2"):
        assert await harbour.read(cluster) == before
    assert before["counters"] == {"a": 2, "b": 2, "c": 1, "d": 1}


async def test_a_wrong_speed_is_refused_by_name(harbour: Harbour) -> None:
    cluster = harbour.cluster()
    async with harbour.host():
        told = await harbour.clock(cluster, "s", "speed", 10_000)
    assert told.status == 400
    assert told.json()["error"]["message"] == "value: found 10000, wanted a speed from 0.01 to 20"


async def test_a_cluster_nobody_looks_at_is_hibernated_and_its_time_stops(harbour: Harbour) -> None:
    cluster = harbour.cluster(config="beat_us:10000")
    async with harbour.host(settings=replace(QUICK, idle_s=0.1, mark_s=10.0)) as host:
        await harbour.add(cluster, "r1", name="x")
        await eventually(lambda: cluster not in host.residents)
        status, _, stopped = harbour.status(cluster)
        assert status == "hibernated"
        await asyncio.sleep(0.2)
        reply = await harbour.read(cluster)
    assert stopped <= reply["now"] < stopped + 150_000
    assert reply["counters"]["x"] == 1


async def test_a_snapshot_shortens_the_replay(harbour: Harbour) -> None:
    cluster = harbour.cluster()
    async with harbour.host("h1", replace(QUICK, replay_ms=0.0)):
        for number in range(5):
            await harbour.add(cluster, f"r{number}", name="x")
        await eventually(lambda: _snapshots(harbour, cluster) > 0)
        await harbour.add(cluster, "last", name="x")
        before = await harbour.read(cluster)
    async with harbour.host("h2"):
        assert (await harbour.read(cluster))["log"] == before["log"]


def _snapshots(harbour: Harbour, cluster: str) -> int:
    with sqlite3.connect(harbour.path) as database:
        query = "SELECT count(*) FROM labs_snapshot WHERE cluster_id = ?"
        return int(database.execute(query, (cluster.replace("-", ""),)).fetchone()[0])


async def test_an_unreadable_snapshot_is_passed_over(harbour: Harbour) -> None:
    cluster = harbour.cluster()
    async with harbour.host("h1", replace(QUICK, replay_ms=0.0)):
        await harbour.add(cluster, "r1", name="x")
        await eventually(lambda: _snapshots(harbour, cluster) > 0)
    with sqlite3.connect(harbour.path) as database:
        database.execute("UPDATE labs_snapshot SET state = x'00'")
    async with harbour.host("h2"):
        assert (await harbour.read(cluster))["counters"]["x"] == 1


@pytest.fixture
def other_version(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The simulator refuses every snapshot that is noted here, as another version would."""
    refused: list[bytes] = []
    load = FakeCluster.load

    def choosy(dumped: bytes) -> FakeCluster:
        if dumped in refused:
            raise ValueError("snapshot: found format 2, wanted 1")
        return load(dumped)

    monkeypatch.setattr(FakeCluster, "load", choosy)
    return refused


async def _three_snapshots(harbour: Harbour, cluster: str) -> dict[str, Any]:
    async with harbour.host("h1", replace(QUICK, replay_ms=0.0)):
        for number in range(1, 4):
            await harbour.add(cluster, f"r{number}", name="x", after_us=1000)
            await eventually(lambda number=number: _snapshots(harbour, cluster) >= number)  # type: ignore[misc]
        await harbour.add(cluster, "last", name="x")
        return await harbour.read(cluster)


def _states(harbour: Harbour) -> list[bytes]:
    """What the simulator wrote into each snapshot, oldest first."""
    with sqlite3.connect(harbour.path) as database:
        found = database.execute("SELECT state FROM labs_snapshot ORDER BY seq, id").fetchall()
    return [thaw(state).sim for (state,) in found]


@pytest.mark.parametrize("readable", [1, 0], ids=["an older one is taken", "all: the whole journal is replayed"])
async def test_snapshots_of_another_version_are_passed_over(
    harbour: Harbour, other_version: list[bytes], readable: int
) -> None:
    cluster = harbour.cluster()
    before = await _three_snapshots(harbour, cluster)
    other_version += _states(harbour)[readable:]
    kept = _snapshots(harbour, cluster)
    async with harbour.host("h2"):
        assert (await harbour.read(cluster))["log"] == before["log"]
        await eventually(lambda: _snapshots(harbour, cluster) > kept)  # one that this version can read


async def test_a_cluster_whose_history_is_lost_says_so_until_it_is_reset(
    harbour: Harbour, other_version: list[bytes]
) -> None:
    cluster = harbour.cluster()
    await _three_snapshots(harbour, cluster)
    other_version += _states(harbour)
    key = (cluster.replace("-", ""),)
    with sqlite3.connect(harbour.path) as database:
        database.execute("DELETE FROM labs_journal WHERE cluster_id = ? AND seq < 3", key)
    async with harbour.host("h2"):
        for ask in ("view", "query"):
            told = await harbour.router.call(cluster, ask, {"kind": "read"})  # type: ignore[arg-type]
            assert (told.status, told.json()["error"]["code"]) == (409, "HistoryLost")
            assert told.json()["error"]["message"].endswith("Reset the lab to begin again.")
        harbour.reset(cluster)
        assert (await harbour.add(cluster, "anew", name="x")).json()["reply"]["value"] == 1


async def test_an_overtaken_owner_reads_no_more_than_there_was_when_it_adopted(harbour: Harbour) -> None:
    cluster, journal = harbour.cluster(), harbour.journal()
    async with harbour.host("h1", replace(QUICK, replay_ms=0.0)):
        await harbour.add(cluster, "r1", name="x")
        deed = await journal.look(cluster)
        assert deed is not None
        assert deed.head == 1
        await harbour.add(cluster, "r2", name="x", after_us=1000)
        await eventually(lambda: _snapshots(harbour, cluster) >= 2)
    resident = await recover(deed, journal, FakeCluster, wall_us=wall_us(), limits=QUICK.limits)
    assert resident.sim.apply({"kind": "read"})["counters"] == {"x": 1}
    await journal.close()


@pytest.mark.parametrize(
    ("written_by", "is_warned"), [("test", True), ("another", False)], ids=["of this simulator", "of another one"]
)
async def test_only_this_simulators_own_divergence_is_a_warning(
    harbour: Harbour, caplog: pytest.LogCaptureFixture, written_by: str, is_warned: bool
) -> None:
    cluster = harbour.cluster()
    async with harbour.host("h1"):
        await harbour.add(cluster, "r1", name="x")
    with sqlite3.connect(harbour.path) as database:
        database.execute("UPDATE labs_journal SET digest = 'other', sim_version = ?", (written_by,))
    async with harbour.host("h2"):
        assert (await harbour.read(cluster))["counters"]["x"] == 1
        await eventually(lambda: _snapshots(harbour, cluster) > 0)
    warned = [
        record for record in caplog.records if record.levelname == "WARNING" and "did not repeat" in record.message
    ]
    assert bool(warned) is is_warned


def test_changed_sources_are_another_version(tmp_path: Path) -> None:
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "one.py").write_text("a = 1\n")
    before = sources_digest(tmp_path)
    (tmp_path / "part" / "one.pyc").write_bytes(b"compiled")
    assert sources_digest(tmp_path) == before
    (tmp_path / "part" / "one.py").write_text("a = 2\n")
    assert sources_digest(tmp_path) != before
    assert len(sources_digest(tmp_path)) <= 40  # the column


async def test_a_fenced_host_says_nothing_and_the_command_is_done_once(harbour: Harbour) -> None:
    cluster = harbour.cluster()
    async with harbour.host("h1"), harbour.host("h2"):
        await harbour.add(cluster, "r1", name="x")
        with sqlite3.connect(harbour.path) as database:  # somebody else took it over behind the owner's back
            database.execute("UPDATE labs_cluster SET epoch = epoch + 5")
        told = await harbour.add(cluster, "r2", name="x")
        reply = await harbour.read(cluster)
    assert told.is_ok
    assert reply["counters"]["x"] == 2
    assert harbour.status(cluster)[1] == 7


async def test_what_a_fenced_host_could_not_say_is_asked_again_at_once(harbour: Harbour) -> None:
    cluster = harbour.cluster()
    async with harbour.host("h1"):
        await harbour.add(cluster, "r1", name="x")
        with sqlite3.connect(harbour.path) as database:
            database.execute("UPDATE labs_cluster SET epoch = epoch + 5")
        begin = time.monotonic()
        assert (await harbour.add(cluster, "r2", name="x")).is_ok
        assert time.monotonic() - begin < 1.0  # the router would ask again after two seconds


async def test_a_directory_without_memory_does_not_cost_owners_their_clusters(harbour: Harbour) -> None:
    cluster = harbour.cluster()
    async with harbour.host("h1"):
        await harbour.add(cluster, "r1", name="x")
        async with harbour.host("h2"):
            harbour.board.owners.clear()
            harbour.board.leases.clear()
            call = Call("", cluster, "wake", "", time.time() + 5)
            await harbour.router.bus.publish("inbox:h2", pack(call))
            await asyncio.sleep(0.5)  # both leases are renewed meanwhile
            assert harbour.status(cluster)[1] == 1


async def test_a_simulation_that_cannot_go_on_is_told_until_it_is_reset(
    harbour: Harbour, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = harbour.cluster(config="beat_us:10000")
    async with harbour.host() as host:
        await harbour.add(cluster, "r1", name="x")
        monkeypatch.setattr(FakeCluster, "_plan", _stumble)
        await eventually(lambda: cluster not in host.residents)
        told = await harbour.add(cluster, "r2", name="x")
    assert (told.status, told.json()["error"]["code"]) == (500, "Broken")


def _stumble(*_: object) -> None:
    raise RuntimeError("the fake was told to stumble")


async def test_an_evicted_cluster_is_read_again_from_its_rows(harbour: Harbour) -> None:
    cluster = harbour.cluster()
    async with harbour.host() as host:
        await harbour.add(cluster, "r1", name="x")
        await harbour.router.bus.publish("inbox:h1", pack(Evict(cluster)))
        await eventually(lambda: cluster not in host.residents)
        assert (await harbour.read(cluster))["counters"]["x"] == 1


async def test_a_rid_known_only_to_the_journal_is_refused_not_repeated(harbour: Harbour) -> None:
    cluster = harbour.cluster()
    async with harbour.host():
        await harbour.add(cluster, "old", name="x")
        for number in range(130):  # push it out of memory
            await harbour.add(cluster, f"r{number}", name="y")
        told = await harbour.add(cluster, "old", name="x")
        assert (told.status, told.json()["error"]["code"]) == (409, "AlreadyDone")
        counters = (await harbour.read(cluster))["counters"]
    assert (counters["x"], counters["y"]) == (1, 130)


async def test_a_command_that_breaks_the_simulation_is_told_and_undone(harbour: Harbour) -> None:
    cluster = harbour.cluster()
    async with harbour.host():
        await harbour.add(cluster, "r1", name="x")
        told = await harbour.router.call(cluster, "command", {"kind": "crash"}, rid="bad")
        assert (told.status, told.json()["error"]["code"]) == (500, "Broken")
        assert (await harbour.read(cluster))["counters"]["x"] == 1


async def test_a_cluster_that_cannot_be_made_is_told(harbour: Harbour) -> None:
    async with harbour.host():
        told = await harbour.add(harbour.cluster(config="broken"), "r1")
    assert told.status == 500


async def test_setup_is_done_before_the_first_command(harbour: Harbour) -> None:
    setup = '[{"kind":"add","name":"start","after_us":5000},{"kind":"settle","seconds":3}]'
    async with harbour.host():
        reply = await harbour.read(harbour.cluster(setup=setup))
    assert reply["counters"] == {"start": 2, "beat": 3}
    assert reply["now"] >= 3_000_000


async def test_a_large_answer_arrives_whole(harbour: Harbour) -> None:
    cluster = harbour.cluster()
    async with harbour.host():
        told = await harbour.router.call(cluster, "query", {"kind": "large", "bytes": 3_000_000})
    assert len(told.json()["reply"]["text"]) == 3_000_000


async def test_too_many_commands_are_refused_with_a_time_to_wait(harbour: Harbour) -> None:
    cluster = harbour.cluster()
    limits = {**QUICK.limits, "commands_per_s": 20, "command_burst": 60}
    async with harbour.host(settings=replace(QUICK, limits=limits)):
        told = await asyncio.gather(*(harbour.add(cluster, f"r{number}", name="x") for number in range(80)))
        refused = [each for each in told if each.status == 429]
        assert 15 <= len(refused) <= 20
        assert refused[0].json()["error"]["retry_after"] > 0
        assert (await harbour.read(cluster))["counters"]["x"] == 80 - len(refused)


async def test_frames_follow_each_other_without_a_gap(harbour: Harbour) -> None:
    cluster = harbour.cluster(config="beat_us:5000")
    frames: list[Frame] = []
    await harbour.router.bus.subscribe(f"v:{cluster}", lambda message: frames.append(decode_frame.decode(message)))
    async with harbour.host():
        view = (await harbour.router.call(cluster, "view", {})).json()
        for number in range(10):
            await harbour.add(cluster, f"r{number}", name="x")
        await eventually(lambda: bool(frames) and frames[-1].upto >= view["ev"] + 30)
    live = [frame for frame in frames if frame.upto > view["ev"]]
    assert live[0].since == view["ev"]
    assert [frame.since for frame in live[1:]] == [frame.upto for frame in live[:-1]]
    items = [item for frame in live for item in msgspec.json.decode(b"[" + frame.items + b"]")]
    assert len(items) == live[-1].upto - view["ev"]


async def test_a_view_gives_the_backlog_when_it_can(harbour: Harbour) -> None:
    cluster = harbour.cluster()
    async with harbour.host():
        for number in range(3):
            await harbour.add(cluster, f"r{number}", name="x")
        view = (await harbour.router.call(cluster, "view", {"gen": 1, "ev": 1})).json()
        other = (await harbour.router.call(cluster, "view", {"gen": 9, "ev": 1})).json()
    assert view["items"] == [["set", "x", {"value": 2}], ["set", "x", {"value": 3}]]
    assert "items" not in other
    assert other["tables"]["Counter"]["rows"] == [["x", "x", 3]]


async def test_nothing_is_answered_before_it_is_committed(harbour: Harbour) -> None:
    class Hesitant(SqliteJournal):
        gate = asyncio.Event()
        refusals = 3

        async def append(self, entries: Any) -> Any:
            await self.gate.wait()
            if self.refusals:
                self.refusals -= 1
                raise JournalUnavailable("not now")
            return await super().append(entries)

    cluster = harbour.cluster()
    journal = Hesitant(str(harbour.path), "test")
    async with harbour.host(journal=journal):
        adding = asyncio.create_task(harbour.add(cluster, "r1", name="x"))
        await asyncio.sleep(0.05)
        reading = asyncio.create_task(harbour.read(cluster))
        await asyncio.sleep(0.1)
        assert not adding.done()
        assert not reading.done()
        journal.gate.set()
        assert (await adding).is_ok
        assert (await reading)["counters"]["x"] == 1
    assert len(harbour.rows(cluster)) == 1


async def test_a_full_disk_refuses_commands_and_leaves_looking(harbour: Harbour) -> None:
    class Full(SqliteJournal):
        has_room = True

        async def append(self, entries: Any) -> Any:
            if not self.has_room:
                raise JournalFull("database or disk is full")
            return await super().append(entries)

    unlucky, other = harbour.cluster(), harbour.cluster()
    journal = Full(str(harbour.path), "test")
    async with harbour.host(journal=journal) as host:
        await harbour.add(unlucky, "a", name="x")
        await harbour.add(other, "a", name="x")
        journal.has_room = False
        pending = asyncio.create_task(harbour.add(unlucky, "b", name="x"))
        await eventually(lambda: host._committer.is_full)
        refused = await harbour.add(other, "c", name="x")
        assert (refused.status, refused.json()["error"]["code"]) == (503, "ReadOnly")
        assert (await harbour.clock(other, "p", "pause")).status == 503
        assert (await harbour.read(other))["counters"]["x"] == 1
        assert not pending.done()
        journal.has_room = True
        assert (await pending).is_ok
        assert (await harbour.add(other, "c", name="x")).is_ok
        assert (await harbour.read(unlucky))["counters"]["x"] == 2


async def test_sqlite_without_room_says_so(harbour: Harbour) -> None:
    cluster = harbour.cluster()
    journal = harbour.journal()
    deed = await journal.adopt(cluster, "h1", 0)
    assert deed is not None
    connection = journal._connection
    assert connection is not None

    def fill() -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    await asyncio.get_running_loop().run_in_executor(journal._thread, fill)
    rows = (Row(1, 0, "command", "r1", "", json.dumps({"text": "x" * 200_000}), ""),)
    with pytest.raises(JournalFull):
        await journal.append([Entry(cluster, 1, deed.epoch, 0, rows)])
    await journal.close()


@pytest.mark.parametrize("jump_s", [3600, -3600])
async def test_setting_the_machines_clock_moves_no_cluster(
    harbour: Harbour, monkeypatch: pytest.MonkeyPatch, jump_s: int
) -> None:
    cluster = harbour.cluster()
    async with harbour.host():
        await harbour.add(cluster, "a")
        before = (await harbour.read(cluster))["now"]
        real, real_ns = time.time, time.time_ns
        monkeypatch.setattr(time, "time", lambda: real() + jump_s)
        monkeypatch.setattr(time, "time_ns", lambda: real_ns() + jump_s * 1_000_000_000)
        assert (await harbour.add(cluster, "b")).is_ok
        assert 0 <= (await harbour.read(cluster))["now"] - before < 5_000_000


@pytest.mark.parametrize(("away_s", "passed_s"), [(0, 0), (600, 600), (7_200, 3_600)])
def test_while_nobody_looks_time_passes_as_far_as_wished(away_s: int, passed_s: int) -> None:
    anchor = Anchor(wall0=10_000_000_000, sim0_us=1_000_000)
    deed = Deed("c", "u", "", (), 1, 0, "hibernated", "", 1, 0, 1, anchor, 1_000_000, away_s)
    assert resume_at(deed, 13_600_000_000) == 1_000_000 + passed_s * 1_000_000
    assert resume_at(replace(deed, anchor=replace(anchor, paused=True)), 13_600_000_000) == 1_000_000


async def test_a_cluster_that_runs_on_has_had_its_time_when_somebody_comes_back(harbour: Harbour) -> None:
    cluster = harbour.cluster()
    async with harbour.host() as host:
        await harbour.add(cluster, "a", name="x")
        await host.drain()
    with sqlite3.connect(harbour.path) as database:
        database.execute("UPDATE labs_cluster SET away_s = 1800, wall0 = wall0 - 600000000")
    async with harbour.host("h2"):
        seen = await harbour.read(cluster)
    assert 600_000_000 <= seen["now"] < 605_000_000
    assert seen["counters"]["beat"] >= 600


async def test_what_a_host_does_is_counted(harbour: Harbour) -> None:
    cluster = harbour.cluster()
    async with harbour.host():
        await harbour.add(cluster, "a")
        await harbour.read(cluster)
        figures = exposition()
    assert "drydock_clusters_resident 1\n" in figures
    assert 'drydock_call_seconds_count{ask="query"}' in figures
    assert "drydock_adoption_seconds_count" in figures
    assert "drydock_journal_full 0\n" in figures


async def test_a_deadline_of_another_clock_says_nothing() -> None:
    def call(deadline: float) -> Call:
        return Call(call="c", cluster="x", ask="query", reply_to="", deadline=deadline)

    now = time.time()
    assert [call(now + apart).is_late for apart in (5, -5, -3600, 3600)] == [False, True, False, False]


@pytest.mark.parametrize("set_back_us", [3_600_000_000, 0, -3_600_000_000])
def test_after_a_crash_nothing_that_was_shown_is_undone(set_back_us: int) -> None:
    anchor = Anchor(wall0=10_000_000_000, sim0_us=1_000_000)
    deed = Deed("c", "u", "", (), 1, 0, "resident", "h", 1, 0, 1, anchor, 61_000_000)
    resumed = resume_at(deed, 10_060_000_000 - set_back_us)
    assert 61_000_000 <= resumed <= 71_000_000


async def test_a_busy_cluster_does_not_delay_another(harbour: Harbour) -> None:
    busy, calm = harbour.cluster(), harbour.cluster()
    async with harbour.host():
        await harbour.read(calm)
        burning = asyncio.create_task(
            harbour.router.call(busy, "command", {"kind": "burn", "events": 30_000}, rid="burn")
        )
        await asyncio.sleep(0.05)
        loop = asyncio.get_running_loop()
        begin = loop.time()
        await harbour.add(calm, "r1", name="x")
        assert loop.time() - begin < (0.25 if os.getloadavg()[0] < 2 else 1.0)
        await burning


def _think(harbour: Harbour, cluster: str, cpu_s: float = 0.4, rid: str = "") -> "asyncio.Task[Told]":
    """A command that brings much along and takes long."""
    thought = {"kind": "think", "cpu_s": cpu_s, "about": "x" * 10_000}
    return asyncio.create_task(harbour.router.call(cluster, "command", thought, rid=rid or f"think-{cluster}"))


async def test_a_neighbour_is_answered_while_a_long_command_runs(harbour: Harbour) -> None:
    thinker, neighbour = harbour.cluster(), harbour.cluster()
    async with harbour.host():
        await harbour.add(thinker, "first")
        await harbour.add(neighbour, "first")
        long = _think(harbour, thinker, 0.9)
        await asyncio.sleep(0)
        for number in range(10):
            await harbour.add(neighbour, f"n{number}")
        assert not long.done()
        assert (await long).json()["reply"]["thought"] == 10_000


async def test_commands_of_one_cluster_keep_their_order_behind_a_long_one(harbour: Harbour) -> None:
    cluster = harbour.cluster()
    async with harbour.host():
        await harbour.add(cluster, "a", tag="a")
        long = _think(harbour, cluster, 0.1)
        await asyncio.sleep(0.02)
        behind = [asyncio.create_task(harbour.add(cluster, tag, tag=tag)) for tag in ("b", "c")]
        await asyncio.gather(*behind)
        assert long.done()
        assert [tag for _, tag in (await harbour.read(cluster))["log"]] == ["a", "b", "c"]


async def test_a_cluster_evicted_during_a_long_command_answers_it_anew(harbour: Harbour) -> None:
    cluster = harbour.cluster()
    async with harbour.host() as host:
        await harbour.add(cluster, "a")
        long = _think(harbour, cluster, 0.2)
        await eventually(lambda: host.residents[cluster].lent is not None)
        harbour.reset(cluster)
        await harbour.router.bus.publish("inbox:h1", pack(Evict(cluster)))
        assert (await long).json()["reply"]["thought"] == 10_000
        assert "n" not in (await harbour.read(cluster))["counters"]


async def test_draining_waits_for_a_long_command(harbour: Harbour) -> None:
    cluster = harbour.cluster()
    async with harbour.host() as host:
        await harbour.add(cluster, "a")
        long = _think(harbour, cluster, 0.1)
        await eventually(lambda: host.residents[cluster].lent is not None)
        await host.drain()
        assert harbour.status(cluster)[0] == "hibernated"
        assert (await long).status == 200


async def test_draining_gives_everything_up(harbour: Harbour) -> None:
    cluster = harbour.cluster()
    async with harbour.host("h1") as first:
        await harbour.add(cluster, "r1", name="x")
        await first.drain()
        assert harbour.status(cluster)[0] == "hibernated"
        async with harbour.host("h2"):
            assert (await harbour.read(cluster))["counters"]["x"] == 1


def test_an_anchor_is_exact() -> None:
    anchor = Anchor(wall0=1_000, sim0_us=50, speed_ppm=2_500_000)
    assert anchor.at(1_000) == 50
    assert anchor.at(1_010) == 75
    assert anchor.at(anchor.wall(76)) >= 76
    assert anchor.at(900) == 50
    assert replace(anchor, paused=True).at(5_000) == 50
