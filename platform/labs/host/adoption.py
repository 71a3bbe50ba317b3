"""How a cluster gets an owner: its calls are forwarded to a living one, or this host adopts and replays it.

Promises: one adoption a cluster at a time, and no call is left behind: each is forwarded, refused, asked again, or handed
to the cluster that arrived. Safety is the journal's: adopting raises the epoch, whoever was faster wins.
"""

import asyncio
import contextlib
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from foundation.metrics import Histogram
from labs.bus import Bus, BusUnavailable, Directory, Owner
from labs.host.engine import SimMaker
from labs.host.recovery import HistoryLost, recover
from labs.host.resident import Resident, wall_us
from labs.host.settings import HostSettings
from labs.host.voice import Voice
from labs.journal import Deed, Journal, JournalUnavailable
from labs.messages import Call, pack, refusal

logger = logging.getLogger(__name__)
MOST_FORWARDS = 3
WAKE_S = 10.0
PATIENCE_S = 0.4
HOPELESS_S = 30.0
HOPELESS_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a cluster answers nothing."""

    status: int
    code: str
    message: str


NOT_FOUND = Refusal(404, "NotFound", "There is no such cluster.")
BROKEN = Refusal(
    500, "Broken", "This cluster cannot be brought to life; the failure is logged. Reset the lab to begin again."
)
LOST = Refusal(
    409,
    "HistoryLost",
    "This cluster was kept by another version of Drydock, and what was done in it can no longer be repeated. "
    "Reset the lab to begin again.",
)


@dataclass
class Hopeless:
    """Branches of history that could not be brought to life a moment ago; a page asks again every few seconds."""

    _known: OrderedDict[tuple[str, int], tuple[float, Refusal]] = field(default_factory=OrderedDict)

    def note(self, cluster: str, timeline: int, refusal: Refusal) -> Refusal:
        self._known[cluster, timeline] = (time.monotonic() + HOPELESS_S, refusal)
        if len(self._known) > HOPELESS_KEPT:
            self._known.popitem(last=False)
        return refusal

    def of(self, deed: Deed) -> Refusal | None:
        """None for a branch worth a try, as a reset one is."""
        until, refusal = self._known.get((deed.cluster, deed.timeline), (0.0, None))
        return refusal if until > time.monotonic() else None


ADOPTIONS = Histogram("drydock_adoption_seconds", "Bringing a cluster to life: snapshot and replay.")


class Adoptions:
    """`arrived` gets the new resident and the calls that waited for it; `spawn` runs a coroutine beside."""

    def __init__(
        self,
        host: str,
        *,
        bus: Bus,
        directory: Directory,
        journal: Journal,
        sims: SimMaker,
        settings: HostSettings,
        voice: Voice,
        residents: dict[str, Resident],
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        arrived: Callable[[Resident, list[Call]], None],
    ) -> None:
        self._host = host
        self._bus, self._directory, self._journal, self._sims = bus, directory, journal, sims
        self._settings, self._voice, self._residents = settings, voice, residents
        self._spawn, self._arrived = spawn, arrived
        self._waiting: dict[str, list[Call]] = {}
        self._suspects: dict[str, list[str]] = {}
        self._hopeless = Hopeless()
        self._patient_until = float("-inf")
        self.is_closed = False

    def begin(self, call: Call) -> None:
        """See that `call` reaches an owner of its cluster."""
        waiting = self._waiting.get(call.cluster)
        if waiting is not None:
            waiting.append(call)
        elif self.is_closed:
            self._spawn(self._pass_on(call))
        else:
            self._waiting[call.cluster] = [call]
            self._spawn(self._adopt(call.cluster))

    def wake(self, cluster: str) -> None:
        """Somebody wants `cluster` to run."""
        self.begin(Call(call="", cluster=cluster, ask="wake", reply_to="", deadline=time.time() + WAKE_S))

    def suspect(self, cluster: str, rids: list[str]) -> None:
        """One of these commands was journaled long ago; whichever it is will be refused after the next recovery."""
        self._suspects[cluster] = rids

    def give_up(self, cluster: str, timeline: int) -> None:
        """This branch breaks the simulation whenever it runs: refuse it for a while."""
        self._hopeless.note(cluster, timeline, BROKEN)

    def be_patient(self) -> None:
        """The bus has just come back: every other owner needs a moment to say so again."""
        self._patient_until = time.monotonic() + PATIENCE_S

    async def _adopt(self, cluster: str) -> None:
        """The door of an adoption."""
        resident = None
        try:
            while (leaving := self._residents.get(cluster)) is not None and leaving.leaving:
                await asyncio.sleep(0.005)
            resident = self._residents.get(cluster) or await self._adopted(cluster)
        except (JournalUnavailable, BusUnavailable) as error:
            logger.warning("cluster %s cannot be adopted now: %s", cluster, error)
            await asyncio.sleep(0.1)
            self._ask_again(cluster)
        except Exception:
            logger.exception("cluster %s cannot be brought to life", cluster)
            self._refuse(cluster, BROKEN)
        calls = self._waiting.pop(cluster, [])
        if resident is not None:
            self._arrived(resident, calls)

    async def _adopted(self, cluster: str) -> Resident | None:
        """The cluster, now ours; None when its calls were passed on or refused."""
        deed = await self._journal.look(cluster)
        if deed is None:
            self._refuse(cluster, NOT_FOUND)
            return None
        if await self._forwarded(deed):
            return None
        if refusal := self._hopeless.of(deed):
            self._refuse(cluster, refusal)
            return None
        adopted = await self._journal.adopt(cluster, self._host, deed.epoch)
        if adopted is None:  # somebody was faster: ask again, which finds the new owner
            self._ask_again(cluster)
            return None
        try:
            return await self._recovered(replace(adopted, status=deed.status))
        except HistoryLost as error:
            if await self._is_overtaken(adopted):
                self._ask_again(cluster)
                return None
            logger.error("cluster %s cannot be brought to life: %s", cluster, error)
            self._refuse(cluster, self._hopeless.note(cluster, deed.timeline, LOST))
        return None

    async def _is_overtaken(self, adopted: Deed) -> bool:
        """Whether somebody adopted after us: what we read may be half theirs."""
        newest = await self._journal.look(adopted.cluster)
        return newest is None or newest.epoch != adopted.epoch

    async def _recovered(self, deed: Deed) -> Resident:
        begin = time.monotonic()
        resident = await recover(deed, self._journal, self._sims, wall_us=wall_us(), limits=self._settings.limits)
        ADOPTIONS.observe(time.monotonic() - begin)
        suspects = self._suspects.pop(deed.cluster, [])
        for rid in await self._journal.known(deed.cluster, suspects) if suspects else ():
            if rid not in resident.replies:
                resident.remember(rid, 409, refusal("AlreadyDone", "This command was carried out before."))
        await self._journal.mark([resident.mark(wall_us())])
        with contextlib.suppress(BusUnavailable):  # only a routing hint
            await self._directory.claim(deed.cluster, Owner(self._host, deed.epoch))
        return resident

    async def _forwarded(self, deed: Deed) -> bool:
        """Pass the calls to a living owner elsewhere instead of stealing its cluster."""
        owner = await self._directory.owner(deed.cluster)
        host = owner.host if owner is not None else deed.owner_host
        if host in ("", self._host) or not await self._lives(host):
            return False
        calls = self._waiting[deed.cluster]
        while calls and calls[0].forwards < MOST_FORWARDS:
            onward = msgspec.structs.replace(calls[0], forwards=calls[0].forwards + 1)
            if not await self._bus.publish(f"inbox:{host}", pack(onward)):
                return False
            calls.pop(0)
        return not calls

    async def _lives(self, host: str) -> bool:
        """A directory that does not know this host either has lost its memory: others come back as we do."""
        while not await self._directory.alive(host):
            if time.monotonic() > self._patient_until and await self._directory.alive(self._host):
                return False
            await asyncio.sleep(0.02)
        return True

    def _refuse(self, cluster: str, refusal: Refusal) -> None:
        calls, self._waiting[cluster] = self._waiting.get(cluster, []), []
        for call in calls:
            self._voice.refuse(call, refusal.status, refusal.code, refusal.message)

    def _ask_again(self, cluster: str) -> None:
        """Ask again for what is still in time; the journal may be back then, here or elsewhere."""
        for call in self._waiting.pop(cluster, []):
            if not call.is_late:
                self._spawn(self._pass_on(call))

    async def _pass_on(self, call: Call) -> None:
        with contextlib.suppress(BusUnavailable):  # the asker sends it again
            await self._bus.push("adopt", pack(call))
