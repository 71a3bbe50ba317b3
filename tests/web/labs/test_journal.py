"""The journal's contract, held against SQLite and PostgreSQL alike."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from labs.journal import Anchor, Deed, Entry, Frozen, Journal, Mark, Outcome, Parting, Row
from labs.journal.postgresql import PostgresqlJournal
from labs.journal.sqlite import SqliteJournal
from tests.web.labs.conftest import MakeCluster, insert_postgresql, insert_sqlite


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.processes, pytest.mark.xdist_group("postgresql")])]
)
async def shelf(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Journal, MakeCluster]]:
    """A journal and a way to make clusters in its database."""
    if request.param == "sqlite":
        path: Path = request.getfixturevalue("sqlite_file")
        journal: Journal = SqliteJournal(str(path), "test")
        yield journal, lambda **fields: insert_sqlite(path, **fields)
    else:
        url: str = request.getfixturevalue("postgresql_server").url
        journal = PostgresqlJournal(url, "test")
        yield journal, lambda **fields: insert_postgresql(url, **fields)
    await journal.close()


def row(seq: int, rid: str = "", **fields: object) -> Row:
    made = Row(
        seq=seq,
        t_us=seq * 10,
        kind="command",
        rid=rid or f"r{seq}",
        actor="ann",
        body='{"n":1}',
        digest="d",
        sim_version="test",
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def entry(deed: Deed, *rows: Row, anchor: Anchor | None = None) -> Entry:
    return Entry(deed.cluster, deed.timeline, deed.epoch, rows[0].seq - 1, rows, anchor)


async def adopted(journal: Journal, cluster: str, host: str = "h1") -> Deed:
    deed = await journal.look(cluster)
    assert deed is not None
    taken = await journal.adopt(cluster, host, deed.epoch)
    assert taken is not None
    return taken


async def test_a_deed_tells_everything_a_host_needs(shelf: tuple[Journal, MakeCluster]) -> None:
    journal, make = shelf
    deed = await journal.look(make(config="kind: Cluster", setup='[{"kind":"settle","seconds":3}]'))
    assert deed is not None
    assert (deed.config, deed.setup, deed.seed) == ("kind: Cluster", ({"kind": "settle", "seconds": 3},), 7)
    assert (deed.status, deed.epoch, deed.head, deed.timeline) == ("hibernated", 0, 0, 1)
    assert deed.epoch_s == 1767323045


async def test_an_unknown_cluster_has_no_deed(shelf: tuple[Journal, MakeCluster]) -> None:
    journal, _ = shelf
    assert await journal.look("00000000-0000-4000-8000-000000000000") is None


async def test_only_one_of_two_hosts_adopts(shelf: tuple[Journal, MakeCluster]) -> None:
    journal, make = shelf
    cluster = make()
    first = await journal.adopt(cluster, "h1", 0)
    assert first is not None
    assert (first.epoch, first.owner_host, first.status) == (1, "h1", "resident")
    assert await journal.adopt(cluster, "h2", 0) is None


async def test_rows_come_back_in_order(shelf: tuple[Journal, MakeCluster]) -> None:
    journal, make = shelf
    deed = await adopted(journal, make())
    assert await journal.append([entry(deed, row(1), row(2)), ]) == [Outcome.COMMITTED]  # fmt: skip
    assert await journal.append([entry(deed, row(3, kind="control"))]) == [Outcome.COMMITTED]
    assert await journal.rows(deed.cluster, 1, 0) == [row(1), row(2), row(3, kind="control")]
    assert [each.seq for each in await journal.rows(deed.cluster, 1, 2)] == [3]
    assert await journal.rows(deed.cluster, 2, 0) == []


async def test_many_clusters_commit_at_once_each_under_its_own_fence(shelf: tuple[Journal, MakeCluster]) -> None:
    journal, make = shelf
    mine, theirs = await adopted(journal, make()), await adopted(journal, make())
    await journal.adopt(theirs.cluster, "h2", theirs.epoch)
    outcomes = await journal.append([entry(theirs, row(1)), entry(mine, row(1), row(2))])
    assert outcomes == [Outcome.FENCED, Outcome.COMMITTED]
    assert await journal.rows(theirs.cluster, 1, 0) == []
    assert len(await journal.rows(mine.cluster, 1, 0)) == 2


async def test_an_append_on_an_old_head_is_fenced(shelf: tuple[Journal, MakeCluster]) -> None:
    journal, make = shelf
    deed = await adopted(journal, make())
    await journal.append([entry(deed, row(1), row(2))])
    assert await journal.append([entry(deed, row(2, rid="other"))]) == [Outcome.FENCED]


async def test_a_repeated_rid_refuses_its_cluster_and_no_other(shelf: tuple[Journal, MakeCluster]) -> None:
    journal, make = shelf
    one, two = await adopted(journal, make()), await adopted(journal, make())
    await journal.append([entry(one, row(1, rid="again"))])
    outcomes = await journal.append([entry(one, row(2, rid="again")), entry(two, row(1, rid="again"))])
    assert outcomes == [Outcome.REPEATED, Outcome.COMMITTED]
    assert len(await journal.rows(one.cluster, 1, 0)) == 1
    assert await journal.known(one.cluster, ["again", "new"]) == {"again"}


async def test_an_anchor_moves_with_its_control(shelf: tuple[Journal, MakeCluster]) -> None:
    journal, make = shelf
    deed = await adopted(journal, make())
    anchor = Anchor(wall0=5, sim0_us=6, speed_ppm=2_000_000, paused=True)
    await journal.append([entry(deed, row(1, kind="control"), anchor=anchor)])
    await journal.append([entry(deed, row(2))])
    found = await journal.look(deed.cluster)
    assert found is not None
    assert (found.anchor, found.head) == (anchor, 2)


async def test_the_newest_snapshot_of_a_branch_is_found(shelf: tuple[Journal, MakeCluster]) -> None:
    journal, make = shelf
    deed = await adopted(journal, make())
    old, new = Frozen(1, 1, 10, 3, 4, b"\x00old"), Frozen(1, 5, 50, 9, 8, b"\x00new")
    assert await journal.keep(deed.cluster, deed.epoch, old)
    assert await journal.keep(deed.cluster, deed.epoch, new)
    assert await journal.newest(deed.cluster, 1) == new
    assert await journal.newest(deed.cluster, 2) is None


async def test_a_fenced_owner_keeps_no_snapshot_and_leaves_no_mark(shelf: tuple[Journal, MakeCluster]) -> None:
    journal, make = shelf
    deed = await adopted(journal, make())
    await journal.adopt(deed.cluster, "h2", deed.epoch)
    late = Mark(deed.cluster, deed.epoch, 99, Anchor(sim0_us=99), b"{}")
    await journal.mark([late])
    assert not await journal.keep(deed.cluster, deed.epoch, Frozen(1, 1, 1, 1, 1, b"x"))
    assert not await journal.part(Parting(late))
    found = await journal.look(deed.cluster)
    assert found is not None
    assert (found.mark_us, found.status) == (0, "resident")


async def test_parting_stops_time_and_frees_the_cluster(shelf: tuple[Journal, MakeCluster]) -> None:
    journal, make = shelf
    deed = await adopted(journal, make())
    stop = Anchor(wall0=3, sim0_us=77)
    assert await journal.part(Parting(Mark(deed.cluster, deed.epoch, 77, stop, b'{"last":"x"}'), wake_at=1000))
    found = await journal.look(deed.cluster)
    assert found is not None
    assert (found.status, found.owner_host, found.anchor, found.mark_us) == ("hibernated", "", stop, 77)


async def test_a_cluster_that_wants_to_be_woken_is_given_out_once(shelf: tuple[Journal, MakeCluster]) -> None:
    journal, make = shelf
    deed = await adopted(journal, make())
    await journal.part(Parting(Mark(deed.cluster, deed.epoch, 1, Anchor(), b"{}"), wake_at=500))
    assert await journal.due(499, 10) == []
    assert await journal.due(500, 10) == [deed.cluster]
    assert await journal.due(500, 10) == []


async def test_epochs_of_those_that_exist(shelf: tuple[Journal, MakeCluster]) -> None:
    journal, make = shelf
    deed = await adopted(journal, make())
    assert await journal.epochs([deed.cluster, "00000000-0000-4000-8000-000000000000"]) == {deed.cluster: 1}


@pytest.mark.processes
async def test_an_append_whose_answer_was_lost_is_not_repeated(postgresql_server: object) -> None:
    url: str = postgresql_server.url  # type: ignore[attr-defined]
    journal = PostgresqlJournal(url, "test")
    deed = await adopted(journal, insert_postgresql(url))
    assert await journal.append([entry(deed, row(1))]) == [Outcome.COMMITTED]
    assert await journal.append([entry(deed, row(1))]) == [Outcome.COMMITTED]
    assert await journal.rows(deed.cluster, 1, 0) == [row(1)]
    await journal.close()
