"""Brings a cluster back to life: the newest readable snapshot, then the journal's tail, in slices.

Promises the same state as the one the previous owner had after the last row. A digest that differs (the simulator
was changed between the two) is logged and answered with a fresh snapshot by the host, never hidden.
"""

import asyncio
import json
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Iterable

from labs.host.desk import play_step
from labs.host.engine import Birth, SimCluster, SimMaker
from labs.host.frozen import Contents, UnknownFormat, thaw
from labs.host.resident import REPLIES_KEPT, Resident
from labs.journal import Deed, Journal, Row
from labs.messages import encode_json

logger = logging.getLogger(__name__)
_SLICE_S = 0.002


async def recover(deed: Deed, journal: Journal, sims: SimMaker, *, wall_us: int, limits: dict[str, int]) -> Resident:
    """The resident cluster of `deed`, which this host has just adopted."""
    begin = time.perf_counter()
    sim, replies, after = await _start(deed, journal, sims, limits["objects"])
    rows = await journal.rows(deed.cluster, deed.timeline, after)
    diverged = await _replay(sim, rows, replies)
    if diverged:
        logger.warning("cluster %s: %d of %d rows gave another digest", deed.cluster, diverged, len(rows))
    resident = Resident.adopt(deed, sim, wall_us=wall_us, limits=limits)
    resident.replies = replies
    spent_ms = (time.perf_counter() - begin) * 1000 if rows else 0.0
    resident.replay_ms = math.inf if diverged else spent_ms  # a state of its own is kept at once
    return resident


Replies = OrderedDict[str, tuple[int, bytes]]


async def _start(deed: Deed, journal: Journal, sims: SimMaker, max_objects: int) -> tuple[SimCluster, Replies, int]:
    frozen = await journal.newest(deed.cluster, deed.timeline)
    contents = _readable(deed, frozen.state) if frozen else None
    if frozen is None or contents is None:
        return Birth.of(deed).make(sims, max_objects), OrderedDict(), 0
    replies = OrderedDict((rid, (status, text)) for rid, status, text in contents.replies)
    sim = sims.load(contents.sim)
    sim.max_objects = max_objects
    return sim, replies, frozen.seq


def _readable(deed: Deed, state: bytes) -> Contents | None:
    try:
        return thaw(state)
    except UnknownFormat as error:
        logger.warning("cluster %s: %s; replaying the whole journal instead", deed.cluster, error)
        return None


async def _replay(sim: SimCluster, rows: Iterable[Row], replies: Replies) -> int:
    """Repeat the inputs at their times; how many ended in another state than before."""
    diverged = 0
    for row in rows:
        body = json.loads(row.body)
        if sim.now < row.t_us:  # the rule of `Resident.advance`
            await _reach(sim, row.t_us)
        text = _repeat(sim, row, body)
        replies[row.rid] = (200, text)
        while len(replies) > REPLIES_KEPT:
            replies.popitem(last=False)
        diverged += bool(row.digest) and sim.digest != row.digest
    return diverged


def _repeat(sim: SimCluster, row: Row, body: dict[str, object]) -> bytes:
    if row.kind == "command":
        reply = sim.apply(body)
        return encode_json({"ok": True, "ev": sim.ev, "reply": reply})
    if body["op"] == "step":
        play_step(sim)
    return b'{"ok":true}'


async def _reach(sim: SimCluster, until_us: int) -> None:
    begin = time.perf_counter()
    while not sim.advance(until_us, max_events=200):
        if time.perf_counter() - begin > _SLICE_S:
            await asyncio.sleep(0)
            begin = time.perf_counter()
