"""Brings a cluster back to life: the newest readable snapshot, then the journal's tail, in slices.

Promises the same state as the one the previous owner had after the last row. A snapshot this version cannot take back is
passed over for an older one, at last for the cluster's birth and its whole journal; when the rows for that are gone,
`HistoryLost` says so. A state that differs from the journaled digest is answered with a fresh snapshot by the host.
"""

import asyncio
import json
import logging
import math
import time
from collections import OrderedDict
from dataclasses import dataclass

from labs.host.aside import is_heavy
from labs.host.engine import Birth, SimCluster, SimMaker, play_step, reach, restrict
from labs.host.frozen import thaw
from labs.host.resident import REPLIES_KEPT, Resident, resume_at
from labs.journal import Deed, Journal, Row
from labs.journal.ports import NO_SEQ
from labs.messages import encode_json

logger = logging.getLogger(__name__)
Replies = OrderedDict[str, tuple[int, bytes]]
LARGE_DUMP = 500_000
"""Bytes; a state that size takes longer than a slice to be read and is read in a thread."""


class HistoryLost(Exception):
    """No snapshot can be read, and the inputs that would lead to the same state again are no longer kept."""


@dataclass(frozen=True, slots=True)
class Start:
    """A state to replay upon: the one after row `after`."""

    sim: SimCluster
    replies: Replies
    after: int


async def recover(deed: Deed, journal: Journal, sims: SimMaker, *, wall_us: int, limits: dict[str, int]) -> Resident:
    """The resident cluster of `deed`, which this host has just adopted. Raises `HistoryLost`."""
    begin = time.perf_counter()
    found, passed_over = await newest_readable(deed, journal, sims)
    rows = await journal.rows(deed.cluster, deed.timeline, found.after if found else 0)
    rows = [row for row in rows if row.seq <= deed.head]  # a faster owner may write on already
    if not _is_whole(rows, found.after if found else None, deed.head):
        kept = f"{len(rows)} of the inputs up to number {deed.head} are kept"
        raise HistoryLost(f"{passed_over} snapshots cannot be read, {kept}")
    start = found or Start(await Birth.of(deed).make(sims, limits), OrderedDict(), 0)
    restrict(start.sim, limits)
    diverged = await replay(start, rows)
    if deed.away_s and deed.status == "hibernated":  # what happened while nobody looked happens now
        await reach(start.sim, max(start.sim.now, resume_at(deed, wall_us)))
    _log(deed, diverged, journal.sim_version)
    resident = Resident.adopt(deed, start.sim, wall_us=wall_us, limits=limits)
    resident.replies = start.replies
    spent_ms = (time.perf_counter() - begin) * 1000 if rows else 0.0
    resident.replay_ms = math.inf if diverged or passed_over else spent_ms  # a state of its own is kept at once
    return resident


async def newest_readable(
    deed: Deed, journal: Journal, sims: SimMaker, *, until_us: int = NO_SEQ, until_ev: int = NO_SEQ
) -> tuple[Start | None, int]:
    """The newest snapshot (not beyond these) that can be taken back, and how many newer ones cannot."""
    passed_over = 0
    frozen = await journal.newest(deed.cluster, deed.timeline, below=deed.head + 1)
    while frozen is not None:
        if frozen.t_us > until_us or frozen.ev > until_ev:
            frozen = await journal.newest(deed.cluster, deed.timeline, below=frozen.seq)
            continue
        try:
            contents = thaw(frozen.state)
            is_large = len(contents.sim) > LARGE_DUMP
            sim = await asyncio.to_thread(sims.load, contents.sim) if is_large else sims.load(contents.sim)
        except ValueError as error:
            logger.warning("cluster %s: the snapshot after row %d is passed over: %s", deed.cluster, frozen.seq, error)
            passed_over += 1
            frozen = await journal.newest(deed.cluster, deed.timeline, below=frozen.seq)
        else:
            replies = OrderedDict((rid, (status, text)) for rid, status, text in contents.replies)
            return Start(sim, replies, frozen.seq), passed_over
    return None, passed_over


def _is_whole(rows: list[Row], after: int | None, head: int) -> bool:
    """True when no row is missing between the start (None: the birth of the branch) and the head."""
    if not rows:
        return head == (after or 0)
    first, last = rows[0], rows[-1]
    is_first = first.seq == after + 1 if after is not None else first.seq == 1 or opens_branch(first)
    return is_first and last.seq == head and len(rows) == head - first.seq + 1


def opens_branch(row: Row) -> bool:
    return row.kind == "control" and json.loads(row.body).get("op") == "reset"


async def replay(start: Start, rows: list[Row]) -> list[Row]:
    """Repeat the inputs at their times; the rows that ended in another state than before."""
    sim, replies, diverged = start.sim, start.replies, []
    for row in rows:
        body = json.loads(row.body)
        if sim.now < row.t_us:  # the rule of `Resident.advance`
            await reach(sim, row.t_us)
        if row.kind == "command" and is_heavy("command", body, sim.weight):
            text = await asyncio.to_thread(_repeat, sim, row, body)
        else:
            text = _repeat(sim, row, body)
        replies[row.rid] = (200, text)
        while len(replies) > REPLIES_KEPT:
            replies.popitem(last=False)
        if row.digest and sim.digest != row.digest:
            diverged.append(row)
    return diverged


def _repeat(sim: SimCluster, row: Row, body: dict[str, object]) -> bytes:
    if row.kind == "command":
        reply = sim.apply(body)
        return encode_json({"ok": True, "ev": sim.ev, "reply": reply})
    if body["op"] == "step":
        play_step(sim)
    return b'{"ok":true}'


def _log(deed: Deed, diverged: list[Row], sim_version: str) -> None:
    """Another simulator may come to another state; the same one must not."""
    same = [row for row in diverged if row.sim_version == sim_version]
    if same:
        logger.warning("cluster %s: row %d and %d more did not repeat", deed.cluster, same[0].seq, len(same) - 1)
    elif diverged:
        logger.info("cluster %s: row %d was another simulator's", deed.cluster, diverged[0].seq)
