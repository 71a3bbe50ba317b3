"""Group commit: everything queued since the last commit becomes one append, then its answers may leave.

While the database has no room the last batch is tried again and again; that is also how room is noticed.

An append whose fate is unknown is repeated, unchanged, until the journal answers; meanwhile new rows gather for the
next one. Fenced and repeated clusters are handed back to the host, which forgets them.
"""

import asyncio
import logging
from collections.abc import Callable

from labs.host.resident import Resident
from labs.journal import Entry, Journal, JournalFull, JournalUnavailable, Outcome

logger = logging.getLogger(__name__)


class Committer:
    """One task a host. `committed` and `lost` are called on the host's loop, a cluster at a time."""

    def __init__(
        self, journal: Journal, *, committed: Callable[[Resident], None], lost: Callable[[Resident, Outcome], None]
    ) -> None:
        self._journal = journal
        self._committed = committed
        self._lost = lost
        self._waiting: dict[str, Resident] = {}
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.is_full = False
        """The journal has no room: what waits goes on waiting, and new commands are better refused."""
        self.batches = 0
        self.rows = 0

    def want(self, resident: Resident) -> None:
        """`resident` has rows to commit."""
        self._waiting[resident.cluster] = resident
        self._idle.clear()
        self._wake.set()

    def forget(self, cluster: str) -> None:
        """The cluster left memory; its uncommitted rows are void."""
        self._waiting.pop(cluster, None)

    async def drained(self) -> None:
        """Wait until nothing is left to commit."""
        await self._idle.wait()

    async def run(self) -> None:
        """Commit until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            residents, self._waiting = [*self._waiting.values()], {}
            if residents:
                await self._commit([(resident, resident.entry()) for resident in residents])
            if not self._waiting:
                self._idle.set()

    async def _commit(self, batch: list[tuple[Resident, Entry]]) -> None:
        outcomes = await self._append([entry for _, entry in batch])
        self.batches += 1
        self.rows += sum(len(entry.rows) for _, entry in batch)
        for (resident, entry), outcome in zip(batch, outcomes, strict=True):
            if outcome is Outcome.COMMITTED:
                resident.committed = entry.new_head
                self._committed(resident)
            else:
                self._lost(resident, outcome)

    async def _append(self, entries: list[Entry]) -> list[Outcome]:
        pause_s = 0.02
        while True:
            try:
                outcomes = await self._journal.append(entries)
            except JournalUnavailable as error:
                self.is_full = isinstance(error, JournalFull)
                logger.warning("the journal is away, %d entries wait: %s", len(entries), error)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, 0.5)
            else:
                self.is_full = False
                return outcomes
