"""Past moments of a cluster: the nearest snapshot before, then the journal up to that instant.

Promises the state that was recorded then, on this branch of history or an older one that is still kept; what is looked at is a copy, so
nothing that is asked of it reaches the living cluster. A few copies are kept, because who looks at a moment asks it several things.
"""

import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from labs.host.engine import Birth, SimCluster, SimMaker, reach
from labs.host.recovery import HistoryLost, Start, newest_readable, opens_branch, replay
from labs.journal import Deed, Journal, Row

KEPT = 6
"""Copies a host keeps: a lab of usual size takes some megabytes."""

Moment = tuple[str, int, int, int]
"""Cluster, branch of history, microseconds since its start, and the event after which commands of that very instant do not count
yet (a cluster that stands still has many); `AFTER_ALL` = they all count."""
AFTER_ALL = 2**62


@dataclass(frozen=True, slots=True)
class BadMoment(Exception):
    """What was found and what was wanted."""

    message: str


class Pasts:
    def __init__(self, journal: Journal, sims: SimMaker, limits: Mapping[str, int]) -> None:
        self._journal, self._sims, self._limits = journal, sims, limits
        self._kept: OrderedDict[Moment, SimCluster] = OrderedDict()

    async def at(self, moment: Moment) -> SimCluster:
        """Raises BadMoment, and HistoryLost when that part of the history is no longer kept."""
        sim = self._kept.pop(moment, None) or await self._made(*moment)
        self._kept[moment] = sim
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return sim

    def forget(self, moment: Moment) -> None:
        """Somebody changed the copy: it is that moment no more."""
        self._kept.pop(moment, None)

    async def _made(self, cluster: str, timeline: int, at_us: int, ev: int) -> SimCluster:
        present = await self._journal.look(cluster)
        if present is None or not 1 <= timeline <= present.timeline:
            raise BadMoment(f"gen: found {timeline}, wanted a branch of this cluster's history")
        deed = replace(present, timeline=timeline)
        found, _ = await newest_readable(deed, self._journal, self._sims, until_us=at_us, until_ev=ev)
        rows = await self._journal.rows(cluster, timeline, found.after if found else 0)
        start = found or await self._born(deed, rows)
        for row in rows:
            if row.t_us > at_us:
                break
            if start.sim.now < row.t_us:
                await reach(start.sim, row.t_us)
            if row.t_us == at_us and (start.sim.ev >= ev or (ev == AFTER_ALL and _is_step(row))):
                break
            if await replay(start, [row]):
                raise HistoryLost("it was computed by another version of Drydock, and does not repeat")
        if start.sim.now < at_us:
            await reach(start.sim, at_us)
        return start.sim

    async def _born(self, deed: Deed, rows: list[Row]) -> Start:
        is_whole = deed.timeline == 1 if not rows else rows[0].seq == 1 or opens_branch(rows[0])
        if not is_whole:
            raise HistoryLost("the beginning of this branch is no longer kept")
        return Start(await Birth.of(deed).make(self._sims, self._limits), OrderedDict(), 0)


def _is_step(row: Row) -> bool:
    """It led on from its moment, out of it."""
    return row.kind == "control" and json.loads(row.body).get("op") == "step"
