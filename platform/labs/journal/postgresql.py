"""The journal of the scaled mode: PostgreSQL through two connections of the host's own.

One carries the appends, so that a long read never delays a commit. A connection that breaks is replaced at the next
call. Whether an append whose answer was lost had been committed is read from the cluster's own newest row.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

import psycopg

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
Connection = psycopg.AsyncConnection[tuple[Any, ...]]

_COLUMNS = """id, owner_id, config, setup, seed, floor(extract(epoch FROM created))::bigint, status, owner_host, epoch,
       head, timeline, away_s, wall0, sim0_us, speed_ppm, paused, mark_us"""
_DEED = f"SELECT {_COLUMNS} FROM labs_cluster WHERE id = %s"
_ADOPT = f"""
UPDATE labs_cluster SET epoch = epoch + 1, owner_host = %s, status = 'resident'
WHERE id = %s AND epoch = %s RETURNING {_COLUMNS}"""
_APPEND = """
WITH entry AS (
  SELECT * FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::bigint[],
                       %s::bigint[], %s::bigint[], %s::bigint[], %s::bool[])
    AS e(cluster, epoch, head, new_head, wall0, sim0_us, speed_ppm, paused)
), fenced AS (
  SELECT c.id FROM labs_cluster c JOIN entry e ON c.id = e.cluster AND c.epoch = e.epoch AND c.head = e.head
  ORDER BY c.id FOR UPDATE OF c
), moved AS (
  UPDATE labs_cluster c
  SET head = e.new_head, wall0 = coalesce(e.wall0, c.wall0), sim0_us = coalesce(e.sim0_us, c.sim0_us),
      speed_ppm = coalesce(e.speed_ppm, c.speed_ppm), paused = coalesce(e.paused, c.paused)
  FROM entry e JOIN fenced f ON f.id = e.cluster
  WHERE c.id = e.cluster RETURNING c.id
), written AS (
  INSERT INTO labs_journal (cluster_id, timeline, seq, t_us, kind, rid, actor, body, digest, sim_version)
  SELECT r.* FROM unnest(%s::uuid[], %s::int[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[],
                         %s::text[], %s::text[], %s::text[])
    AS r(cluster, timeline, seq, t_us, kind, rid, actor, body, digest, sim_version)
  JOIN moved ON moved.id = r.cluster
)
SELECT id FROM moved"""
_EPOCHS = "SELECT id, epoch FROM labs_cluster WHERE id = ANY(%s)"
_NEWEST_ROWS = """
SELECT c.id, c.epoch, j.seq, j.rid FROM labs_cluster c
JOIN labs_journal j ON j.cluster_id = c.id AND j.timeline = c.timeline AND j.seq = c.head
WHERE c.id = ANY(%s)"""
_KEEP = """
INSERT INTO labs_snapshot (cluster_id, timeline, seq, t_us, ev, rv, sim_version, state)
SELECT id, %s, %s, %s, %s, %s, %s, %s FROM labs_cluster WHERE id = %s AND epoch = %s"""
_MARK = """
UPDATE labs_cluster c SET mark_us = m.mark_us, card = m.card::jsonb, wall0 = m.wall0, sim0_us = m.sim0_us,
       speed_ppm = m.speed_ppm, paused = m.paused
FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bool[])
  AS m(cluster, epoch, mark_us, card, wall0, sim0_us, speed_ppm, paused)
WHERE c.id = m.cluster AND c.epoch = m.epoch"""
_PART = """
UPDATE labs_cluster SET status = 'hibernated', owner_host = '', wall0 = %s, sim0_us = %s, speed_ppm = %s, paused = %s,
       mark_us = %s, card = %s::jsonb, wake_at = %s WHERE id = %s AND epoch = %s"""
_DUE = """
UPDATE labs_cluster SET wake_at = NULL WHERE id IN (
  SELECT id FROM labs_cluster WHERE wake_at <= %s AND status = 'hibernated'
  ORDER BY wake_at LIMIT %s FOR UPDATE SKIP LOCKED)
RETURNING id"""


class PostgresqlJournal:
    """`Journal` over the database described by `conninfo`, whose tables exist."""

    def __init__(self, conninfo: str, sim_version: str) -> None:
        self.sim_version = sim_version
        self._writer = _Line(conninfo)
        self._reader = _Line(conninfo)

    async def look(self, cluster: str) -> Deed | None:
        return _deed(await self._one(_DEED, UUID(cluster)))

    async def adopt(self, cluster: str, host: str, epoch: int) -> Deed | None:
        return _deed(await self._one(_ADOPT, host, UUID(cluster), epoch))

    async def append(self, entries: list[Entry]) -> list[Outcome]:
        try:
            return await self._writer.run(lambda db: self._append(db, entries))
        except psycopg.errors.UniqueViolation:
            return [await self._append_alone(entry) for entry in entries]

    async def rows(self, cluster: str, timeline: int, after: int) -> list[Row]:
        found = await self._all(
            "SELECT seq, t_us, kind, rid, actor, body, digest, sim_version FROM labs_journal "
            "WHERE cluster_id = %s AND timeline = %s AND seq > %s ORDER BY seq",
            UUID(cluster), timeline, after,
        )  # fmt: skip
        return [Row(*values) for values in found]

    async def known(self, cluster: str, rids: list[str]) -> set[str]:
        found = await self._all(
            "SELECT rid FROM labs_journal WHERE cluster_id = %s AND rid = ANY(%s)", UUID(cluster), rids
        )
        return {rid for (rid,) in found}

    async def newest(self, cluster: str, timeline: int, *, below: int | None = None) -> Frozen | None:
        found = await self._one(
            "SELECT timeline, seq, t_us, ev, rv, state FROM labs_snapshot "
            "WHERE cluster_id = %s AND timeline = %s AND seq < %s ORDER BY seq DESC, id DESC LIMIT 1",
            UUID(cluster), timeline, NO_SEQ if below is None else below,
        )  # fmt: skip
        return None if found is None else Frozen(*found)

    async def keep(self, cluster: str, epoch: int, frozen: Frozen) -> bool:
        return await self._changes(
            _KEEP, frozen.timeline, frozen.seq, frozen.t_us, frozen.ev, frozen.rv, self.sim_version, frozen.state,
            UUID(cluster), epoch,
        )  # fmt: skip

    async def mark(self, marks: list[Mark]) -> None:
        await self._changes(
            _MARK,
            [UUID(mark.cluster) for mark in marks],
            [mark.epoch for mark in marks],
            [mark.mark_us for mark in marks],
            [mark.card.decode() for mark in marks],
            [mark.anchor.wall0 for mark in marks],
            [mark.anchor.sim0_us for mark in marks],
            [mark.anchor.speed_ppm for mark in marks],
            [mark.anchor.paused for mark in marks],
        )

    async def part(self, parting: Parting) -> bool:
        mark, anchor = parting.mark, parting.mark.anchor
        return await self._changes(
            _PART, anchor.wall0, anchor.sim0_us, anchor.speed_ppm, anchor.paused, mark.mark_us, mark.card.decode(),
            parting.wake_at, UUID(mark.cluster), mark.epoch,
        )  # fmt: skip

    async def epochs(self, clusters: list[str]) -> dict[str, int]:
        found = await self._all(_EPOCHS, [UUID(cluster) for cluster in clusters])
        return {str(cluster): epoch for cluster, epoch in found}

    async def due(self, wall_us: int, limit: int) -> list[str]:
        return [str(cluster) for (cluster,) in await self._all(_DUE, wall_us, limit)]

    async def close(self) -> None:
        await self._writer.close()
        await self._reader.close()

    async def _append(self, db: Connection, entries: Sequence[Entry]) -> list[Outcome]:
        cursor = await db.execute(_APPEND, self._values(entries))
        moved = {cluster for (cluster,) in await cursor.fetchall()}
        if len(moved) == len(entries):
            return [Outcome.COMMITTED] * len(entries)
        return await self._examine(db, entries, moved)

    async def _examine(self, db: Connection, entries: Sequence[Entry], moved: set[UUID]) -> list[Outcome]:
        """Tell those that were fenced from those an earlier try, whose answer was lost, had committed."""
        cursor = await db.execute(_NEWEST_ROWS, ([UUID(entry.cluster) for entry in entries],))
        newest = {cluster: (epoch, seq, rid) for cluster, epoch, seq, rid in await cursor.fetchall()}

        def outcome(entry: Entry) -> Outcome:
            key = UUID(entry.cluster)
            ours = key in moved or newest.get(key) == (entry.epoch, entry.new_head, entry.rows[-1].rid)
            return Outcome.COMMITTED if ours else Outcome.FENCED

        return [outcome(entry) for entry in entries]

    async def _append_alone(self, entry: Entry) -> Outcome:
        try:
            return (await self._writer.run(lambda db: self._append(db, [entry])))[0]
        except psycopg.errors.UniqueViolation:
            return Outcome.REPEATED

    def _values(self, entries: Sequence[Entry]) -> list[list[Any]]:
        anchors = [entry.anchor for entry in entries]
        rows = [(entry, row) for entry in entries for row in entry.rows]
        return [
            [UUID(entry.cluster) for entry in entries],
            [entry.epoch for entry in entries],
            [entry.head for entry in entries],
            [entry.new_head for entry in entries],
            [anchor and anchor.wall0 for anchor in anchors],
            [anchor and anchor.sim0_us for anchor in anchors],
            [anchor and anchor.speed_ppm for anchor in anchors],
            [anchor and anchor.paused for anchor in anchors],
            [UUID(entry.cluster) for entry, _ in rows],
            [entry.timeline for entry, _ in rows],
            [row.seq for _, row in rows],
            [row.t_us for _, row in rows],
            [row.kind for _, row in rows],
            [row.rid for _, row in rows],
            [row.actor for _, row in rows],
            [row.body for _, row in rows],
            [row.digest for _, row in rows],
            [self.sim_version for _ in rows],
        ]

    async def _one(self, statement: str, *values: Any) -> tuple[Any, ...] | None:
        async def work(db: Connection) -> tuple[Any, ...] | None:
            return await (await db.execute(statement, values)).fetchone()

        return await self._reader.run(work)

    async def _all(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        async def work(db: Connection) -> list[tuple[Any, ...]]:
            return await (await db.execute(statement, values)).fetchall()

        return await self._reader.run(work)

    async def _changes(self, statement: str, *values: Any) -> bool:
        async def work(db: Connection) -> bool:
            return (await db.execute(statement, values)).rowcount > 0

        return await self._reader.run(work)


class _Line:
    """One connection, used by one call at a time and replaced when it breaks."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: Connection | None = None
        self._turn = asyncio.Lock()

    async def run(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        async with self._turn:
            try:
                return await work(await self._connected())
            except psycopg.errors.DiskFull as error:
                raise JournalFull(str(error)) from error
            except psycopg.OperationalError as error:
                await self._drop()
                raise JournalUnavailable(str(error)) from error

    async def close(self) -> None:
        async with self._turn:
            await self._drop()

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True, connect_timeout=3)
        return self._connection

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


def _deed(found: tuple[Any, ...] | None) -> Deed | None:
    if found is None:
        return None
    key, owner, config, setup, seed, epoch_s, status, host, epoch, head, timeline, away_s, *times = found
    wall0, sim0, speed, paused, mark = times
    return Deed(
        cluster=str(key),
        owner_user=str(owner),
        config=config,
        setup=tuple(setup if isinstance(setup, list) else json.loads(setup)),
        seed=seed,
        epoch_s=epoch_s,
        status=status,
        owner_host=host,
        epoch=epoch,
        head=head,
        timeline=timeline,
        anchor=Anchor(wall0, sim0, speed, paused),
        mark_us=mark,
        away_s=away_s,
    )
