"""The journal of the embedded mode: the site's SQLite file through one connection of its own, on one thread.

A commit is durable (`synchronous=FULL`). The file is shared with Django's connections; the write lock is taken
at BEGIN, so a transaction waits rather than fails half-way.
"""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from uuid import UUID

from labs.journal.ports import (
    NO_SEQ,
    Anchor,
    Deed,
    Entry,
    Frozen,
    JournalFull,
    JournalUnavailable,
    Mark,
    Outcome,
    Parting,
    Row,
)

T = TypeVar("T")
_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE})

_DEED = """
SELECT id, owner_id, config, setup, seed, CAST(strftime('%s', created) AS INTEGER), status, owner_host, epoch, head,
       timeline, away_s, wall0, sim0_us, speed_ppm, paused, mark_us
FROM labs_cluster WHERE id = ?"""
_ADOPT = "UPDATE labs_cluster SET epoch = epoch + 1, owner_host = ?, status = 'resident' WHERE id = ? AND epoch = ?"
_MOVE = "UPDATE labs_cluster SET head = ? WHERE id = ? AND epoch = ? AND head = ?"
_ANCHOR = "UPDATE labs_cluster SET wall0 = ?, sim0_us = ?, speed_ppm = ?, paused = ? WHERE id = ?"
_INSERT = """
INSERT INTO labs_journal (cluster_id, timeline, seq, t_us, kind, rid, actor, body, digest, sim_version)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_KEEP = """
INSERT INTO labs_snapshot (cluster_id, timeline, seq, t_us, ev, rv, sim_version, state)
SELECT id, ?, ?, ?, ?, ?, ?, ? FROM labs_cluster WHERE id = ? AND epoch = ?"""
_MARK = """
UPDATE labs_cluster SET wall0 = ?, sim0_us = ?, speed_ppm = ?, paused = ?, mark_us = ?, card = ?
WHERE id = ? AND epoch = ?"""
_PART = """
UPDATE labs_cluster SET status = 'hibernated', owner_host = '', wall0 = ?, sim0_us = ?, speed_ppm = ?, paused = ?,
       mark_us = ?, card = ?, wake_at = ? WHERE id = ? AND epoch = ?"""
_DUE = """
UPDATE labs_cluster SET wake_at = NULL WHERE id IN (
  SELECT id FROM labs_cluster WHERE wake_at <= ? AND status = 'hibernated' ORDER BY wake_at LIMIT ?)
RETURNING id"""


class SqliteJournal:
    """`Journal` over the SQLite file at `path`, whose tables exist."""

    def __init__(self, path: str, sim_version: str) -> None:
        self.sim_version = sim_version
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._connection: sqlite3.Connection | None = None

    async def look(self, cluster: str) -> Deed | None:
        return await self._run(lambda db: _deed(db, cluster))

    async def adopt(self, cluster: str, host: str, epoch: int) -> Deed | None:
        def work(db: sqlite3.Connection) -> Deed | None:
            if db.execute(_ADOPT, (host, _key(cluster), epoch)).rowcount != 1:
                return None
            return _deed(db, cluster)

        return await self._run(work)

    async def append(self, entries: list[Entry]) -> list[Outcome]:
        return await self._run(lambda db: [self._append_one(db, entry) for entry in entries])

    async def rows(self, cluster: str, timeline: int, after: int) -> list[Row]:
        def work(db: sqlite3.Connection) -> list[Row]:
            found = db.execute(
                "SELECT seq, t_us, kind, rid, actor, body, digest, sim_version FROM labs_journal "
                "WHERE cluster_id = ? AND timeline = ? AND seq > ? ORDER BY seq",
                (_key(cluster), timeline, after),
            )
            return [Row(*values) for values in found]

        return await self._run(work)

    async def known(self, cluster: str, rids: list[str]) -> set[str]:
        def work(db: sqlite3.Connection) -> set[str]:
            found = db.execute(
                "SELECT rid FROM labs_journal WHERE cluster_id = ? AND rid IN (SELECT value FROM json_each(?))",
                (_key(cluster), json.dumps(rids)),
            )
            return {rid for (rid,) in found}

        return await self._run(work)

    async def newest(self, cluster: str, timeline: int, *, below: int | None = None) -> Frozen | None:
        def work(db: sqlite3.Connection) -> Frozen | None:
            found = db.execute(
                "SELECT timeline, seq, t_us, ev, rv, state FROM labs_snapshot "
                "WHERE cluster_id = ? AND timeline = ? AND seq < ? ORDER BY seq DESC, id DESC LIMIT 1",
                (_key(cluster), timeline, NO_SEQ if below is None else below),
            ).fetchone()
            return None if found is None else Frozen(*found)

        return await self._run(work)

    async def keep(self, cluster: str, epoch: int, frozen: Frozen) -> bool:
        values = (frozen.timeline, frozen.seq, frozen.t_us, frozen.ev, frozen.rv, self.sim_version, frozen.state)
        return await self._run(lambda db: db.execute(_KEEP, (*values, _key(cluster), epoch)).rowcount == 1)

    async def mark(self, marks: list[Mark]) -> None:
        rows = [
            (*_anchor(mark.anchor), mark.mark_us, mark.card.decode(), _key(mark.cluster), mark.epoch) for mark in marks
        ]

        def work(db: sqlite3.Connection) -> None:
            db.executemany(_MARK, rows)  # the cursor must not leave this thread: it would end in another one

        await self._run(work)

    async def part(self, parting: Parting) -> bool:
        mark = parting.mark
        times = (*_anchor(mark.anchor), mark.mark_us)
        values = (*times, mark.card.decode(), parting.wake_at, _key(mark.cluster), mark.epoch)
        return await self._run(lambda db: db.execute(_PART, values).rowcount == 1)

    async def epochs(self, clusters: list[str]) -> dict[str, int]:
        def work(db: sqlite3.Connection) -> dict[str, int]:
            keys = json.dumps([_key(cluster) for cluster in clusters])
            found = db.execute(
                "SELECT id, epoch FROM labs_cluster WHERE id IN (SELECT value FROM json_each(?))", (keys,)
            )
            return {str(UUID(key)): epoch for key, epoch in found}

        return await self._run(work)

    async def due(self, wall_us: int, limit: int) -> list[str]:
        return await self._run(lambda db: [str(UUID(key)) for (key,) in db.execute(_DUE, (wall_us, limit)).fetchall()])

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown()

    def _append_one(self, db: sqlite3.Connection, entry: Entry) -> Outcome:
        key = _key(entry.cluster)
        db.execute("SAVEPOINT entry")
        try:
            if db.execute(_MOVE, (entry.new_head, key, entry.epoch, entry.head)).rowcount != 1:
                return Outcome.FENCED
            db.executemany(_INSERT, self._values(key, entry))
            if entry.anchor is not None:
                db.execute(_ANCHOR, (*_anchor(entry.anchor), key))
        except sqlite3.IntegrityError:
            db.execute("ROLLBACK TO entry")
            return Outcome.REPEATED
        finally:
            if db.in_transaction:  # a full disk has undone the whole of it already
                db.execute("RELEASE entry")
        return Outcome.COMMITTED

    def _values(self, key: str, entry: Entry) -> Iterable[tuple[Any, ...]]:
        for row in entry.rows:
            yield (
                key, entry.timeline, row.seq, row.t_us, row.kind, row.rid, row.actor, row.body, row.digest,
                self.sim_version,
            )  # fmt: skip

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._transaction, work)

    def _transaction(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            db = self._connect()
            db.execute("BEGIN IMMEDIATE")
            try:
                answer = work(db)
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
            return answer
        except sqlite3.OperationalError as error:
            kind = JournalFull if error.sqlite_errorcode in _FULL else JournalUnavailable
            raise kind(str(error)) from error

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = sqlite3.connect(self._path, timeout=10, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _key(cluster: str) -> str:
    """Django keeps UUIDs in SQLite without dashes."""
    return UUID(cluster).hex


def _anchor(anchor: Anchor) -> tuple[int, int, int, bool]:
    return anchor.wall0, anchor.sim0_us, anchor.speed_ppm, anchor.paused


def _deed(db: sqlite3.Connection, cluster: str) -> Deed | None:
    found = db.execute(_DEED, (_key(cluster),)).fetchone()
    if found is None:
        return None
    key, owner, config, setup, seed, epoch_s, status, host, epoch, head, timeline, away_s, *times = found
    wall0, sim0, speed, paused, mark = times
    return Deed(
        cluster=str(UUID(key)),
        owner_user=str(owner),
        config=config,
        setup=tuple(json.loads(setup)),
        seed=seed,
        epoch_s=epoch_s,
        status=status,
        owner_host=host,
        epoch=epoch,
        head=head,
        timeline=timeline,
        anchor=Anchor(wall0, sim0, speed, bool(paused)),
        mark_us=mark,
        away_s=away_s,
    )
