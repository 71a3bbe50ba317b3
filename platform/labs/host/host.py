"""The cluster host: one event loop that owns many clusters, runs them, and answers for them.

Tasks: the inbox and *adopt* bring calls in; *work* advances clusters in slices of 1-2 ms and answers their calls, or
has a thread answer what may take longer; the committer makes inputs durable; the voice says what may be said; *pace*,
*tick*, *lease*, *mark* and *tidy* keep time.

Promises: a command is answered only after its row is committed under this host's epoch; what a cluster says leaves in
the order in which it happened; a host whose lease ran out says nothing until it has looked at its epochs again.
Leaves to others: who may ask (web), which process runs the loop (`labs.host.thread`), how a cluster behaves (simulator).
"""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import msgspec

from foundation.metrics import Counter, Gauge, Histogram
from foundation.waiting import is_set_within
from labs.bus import Bus, BusUnavailable, Directory, Owner
from labs.host.adoption import Adoptions
from labs.host.aside import Aside, is_heavy
from labs.host.committer import Committer
from labs.host.desk import Answer, Desk
from labs.host.engine import SimMaker
from labs.host.frozen import compress
from labs.host.historian import Historian
from labs.host.pacer import Pacer
from labs.host.past import Pasts
from labs.host.resident import Resident, wall_us
from labs.host.settings import HostSettings
from labs.host.voice import Lease, Voice
from labs.journal import Journal, JournalUnavailable, Outcome
from labs.messages import Call, CardFrame, Drain, Evict, Touch, inbound, pack, refusal

logger = logging.getLogger(__name__)


BROKEN = "The simulation failed at this command. The cluster was put back to before it; the failure is logged."


READ_ONLY = "The server has no room left to keep what you do. Looking works; try again when somebody has made room."


HEARD_KEPT = 5_000
CALLS = Histogram("drydock_call_seconds", "From hearing a call to its answer, before its commit.", label="ask")
FENCED = Counter("drydock_fenced_total", "Appends that another owner refused.")


class ClusterHost:
    """One host. `run` returns after `drain` or when cancelled."""

    def __init__(
        self,
        *,
        host: str,
        bus: Bus,
        directory: Directory,
        journal: Journal,
        sims: SimMaker,
        settings: HostSettings,
        chores: Callable[[], object] | None = None,
    ) -> None:
        """`chores` is called now and then in a thread: work of the site that needs somebody to do it."""
        self.host = host
        self.residents: dict[str, Resident] = {}
        self._bus, self._directory, self._journal = bus, directory, journal
        self._settings = settings
        self._chores = chores
        self._desk = Desk(host, settings.limits)
        self._pacer = Pacer()
        self._aside = Aside()
        self._committer = Committer(journal, committed=self._collect, lost=self._on_lost)
        self._lease = Lease(host, directory, settings.lease_s)
        self._voice = Voice(host, bus, self._lease, message_bytes=settings.message_bytes, look_again=self._look_again)
        self._adoptions = Adoptions(
            host, bus=bus, directory=directory, journal=journal, sims=sims, settings=settings, voice=self._voice,
            residents=self.residents, spawn=self._spawn, arrived=self._arrived,
        )  # fmt: skip
        self._historian = Historian(journal, Pasts(journal, sims, settings.limits))
        self._ready: deque[Resident] = deque()
        self._over_budget: deque[Resident] = deque()
        self._dirty: dict[str, Resident] = {}
        self._background: set[asyncio.Task[None]] = set()
        self._work_wake, self._pace_wake, self._drained = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._late_us = 0
        self._heard: dict[str, float] = {}
        self._gauges()

    # Life

    async def run(self, started: Callable[[], None] | None = None) -> None:
        """Own clusters until drained. `started` is called once calls are heard."""
        await self._lease.renew()
        await self._bus.subscribe(f"inbox:{self.host}", self._hear)
        self._bus.on_reconnect(lambda: self._spawn(self._introduce_again()))
        tasks = [
            asyncio.create_task(self._guard(task), name=f"{self.host} {task.__name__}")
            for task in (
                self._adopt_forever, self._work_forever, self._committer.run, self._voice.run, self._pace_forever,
                self._tick_forever, self._lease_forever, self._mark_forever, self._tidy_forever, self._chores_forever,
            )
        ]  # fmt: skip
        if started is not None:
            started()
        try:
            await self._drained.wait()
        finally:
            for task in [*tasks, *self._background]:
                task.cancel()
            await asyncio.gather(*tasks, *self._background, return_exceptions=True)
            self._aside.close()
            await self._bus.unsubscribe(f"inbox:{self.host}")

    async def drain(self) -> None:
        """Give every cluster up, orderly, and end `run`."""
        self._adoptions.is_closed = True
        for resident in [*self.residents.values()]:
            await self._let_go(resident)
        with contextlib.suppress(BusUnavailable):  # the lease runs out by itself when the bus is away
            await self._directory.resign(self.host)
        self._drained.set()

    def describe(self) -> dict[str, Any]:
        """What `celery inspect clusters` shows."""
        return {
            "host": self.host,
            "draining": self._adoptions.is_closed,
            "resident": len(self.residents),
            "lagging": sum(resident.lagging for resident in self.residents.values()),
            "commits": self._committer.batches,
            "rows": self._committer.rows,
            "latest_wake_us": self._late_us,
            "clusters": {
                name: {"epoch": one.epoch, "seq": one.applied, "at_us": one.sim.now, "ev": one.sim.ev}
                for name, one in self.residents.items()
            },
        }

    def _gauges(self) -> None:
        """What a look at this host's metrics reads."""
        everybody = self.residents.values
        Gauge("drydock_clusters_resident", "Clusters in this host's memory.", lambda: len(self.residents))
        Gauge(
            "drydock_clusters_lagging", "Clusters behind their clocks.", lambda: sum(one.lagging for one in everybody())
        )
        Gauge(
            "drydock_clusters_aside",
            "Clusters lent to a thread.",
            lambda: sum(one.lent is not None for one in everybody()),
        )
        Gauge("drydock_commits_total", "Group commits.", lambda: self._committer.batches)
        Gauge("drydock_rows_total", "Journal rows committed.", lambda: self._committer.rows)
        Gauge("drydock_journal_full", "1 while the journal has no room.", lambda: int(self._committer.is_full))
        Gauge("drydock_wake_late_seconds", "How late the last due cluster was run.", lambda: self._late_us / 1e6)

    async def _guard(self, task: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """The door of a task: an unforeseen error is logged with its cause, and the task goes on."""
        while True:
            try:
                await task()
            except Exception:
                logger.exception("host %s: %s failed and is started again", self.host, task.__name__)
                await asyncio.sleep(0.2)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    # What comes in

    def _hear(self, message: bytes) -> None:
        try:
            heard = inbound.decode(message)
        except msgspec.DecodeError as error:
            logger.warning("host %s: unreadable message: %s", self.host, error)
            return
        if isinstance(heard, Call):
            self._take(heard)
        elif isinstance(heard, Touch):
            self._touch(heard)
        elif isinstance(heard, Evict):
            self._forget(heard.cluster)
        elif isinstance(heard, Drain):
            self._spawn(self.drain())

    def _take(self, call: Call) -> None:
        if call.is_late:
            return
        resident = self.residents.get(call.cluster)
        if resident is None or resident.leaving:
            self._adoptions.begin(call)
            return
        resident.used = self._heard[call.call] = time.monotonic()
        if len(self._heard) > HEARD_KEPT:  # of calls that were dropped nothing is measured
            self._heard.pop(next(iter(self._heard)))
        if call.ask in ("view", "wake"):
            self._show_interest(resident, views=True)
        resident.calls.append(call)
        self._enqueue(resident, first=True)

    def _touch(self, touch: Touch) -> None:
        for cluster in touch.views:
            resident = self.residents.get(cluster)
            if resident is not None:
                self._show_interest(resident, views=True)
                if not resident.anchor.paused:
                    # Pages run on by themselves only a little way past the last word.
                    self._tell_clock(resident)
            else:
                self._adoptions.wake(cluster)
        for cluster in touch.cards:
            if cluster in self.residents:
                self._show_interest(self.residents[cluster], views=False)

    def _show_interest(self, resident: Resident, *, views: bool) -> None:
        now = time.monotonic()
        if views:
            resident.viewed = now
        else:
            if now - resident.carded > self._settings.interest_s:
                resident.carded_ev = -1
            resident.carded = now
        self._dirty[resident.cluster] = resident

    # Adoption

    async def _adopt_forever(self) -> None:
        while not self._adoptions.is_closed:
            if len(self.residents) >= self._settings.capacity:
                await asyncio.sleep(0.05)
                continue
            try:
                message = await self._bus.pop("adopt", 1.0)
            except BusUnavailable:
                await asyncio.sleep(0.1)
                continue
            if message is not None:
                self._hear(message)
        await asyncio.Event().wait()

    def _arrived(self, resident: Resident, calls: list[Call]) -> None:
        self.residents[resident.cluster] = resident
        resident.calls.extend(calls)
        self._show_interest(resident, views=True)
        self._tell_clock(resident)
        self._enqueue(resident, first=True)

    # Work

    def _enqueue(self, resident: Resident, *, first: bool = False) -> None:
        if resident.queued and not first:
            return
        if first:
            self._ready.appendleft(resident)
        elif resident.cpu.in_debt(time.monotonic()):
            self._over_budget.append(resident)
        else:
            self._ready.append(resident)
        resident.queued = True
        self._work_wake.set()

    async def _work_forever(self) -> None:
        """Slices, round robin; a cluster over its CPU budget runs only while nobody else wants to."""
        while True:
            while self._ready or self._over_budget:
                resident = (self._ready or self._over_budget).popleft()
                resident.queued = False
                if self.residents.get(resident.cluster) is resident and not resident.leaving and not resident.lent:
                    self._slice(resident)
                await asyncio.sleep(0)
            self._work_wake.clear()
            await self._work_wake.wait()

    def _slice(self, resident: Resident) -> None:
        now = wall_us()
        try:
            reached = resident.advance(now)
            if reached:
                self._after_reaching(resident, now)
            else:
                self._lag(resident, now)
        except Exception:
            logger.exception("cluster %s broke while running; only a reset helps", resident.cluster)
            self._adoptions.give_up(resident.cluster, resident.timeline)
            self._forget(resident.cluster)
            return
        if resident.sim.ev != resident.shown_ev or resident.sim.ev != resident.carded_ev:
            self._dirty[resident.cluster] = resident
        if resident.lent is not None:
            return
        if not reached or resident.calls:
            self._enqueue(resident)
        elif self._pacer.set(resident.cluster, resident.due()):
            self._pace_wake.set()

    def _after_reaching(self, resident: Resident, now: int) -> None:
        if resident.settle_at is not None:
            resident.reanchor(now)
        resident.waiting_since = None
        if resident.lagging and time.monotonic() - resident.lagged_at > self._settings.lag_shown_s:
            resident.lagging = False
            self._tell_clock(resident)
        begin = time.perf_counter()
        while resident.calls and time.perf_counter() - begin < 0.002 and resident.lent is None:
            call = resident.calls.popleft()
            if call.ask == "past":
                self._spawn(self._answer_past(resident, call))
            elif is_heavy(call.ask, call.body, resident.sim.weight):
                self._lend(resident, call, now)
            else:
                self._answer(resident, call, now)

    def _lag(self, resident: Resident, now: int) -> None:
        """Not caught up: be patient with the simulation, then answer at the present instant or slow its clock."""
        if resident.calls:
            resident.waiting_since = resident.waiting_since or now
            if now - resident.waiting_since > self._settings.patience_s * 1e6:
                resident.settle()
        if not resident.is_behind(now):
            return
        if not resident.calls:
            resident.reanchor(now)
        resident.lagged_at = time.monotonic()
        if not resident.lagging:
            resident.lagging = True
            self._tell_clock(resident)

    def _answer(self, resident: Resident, call: Call, now: int) -> None:
        if not self._begin_answer(resident, call, now):
            return
        try:
            answer = self._desk.answer(resident, call, now)
        except Exception:
            self._on_broken(resident, call)
            return
        self._give(resident, call, answer)

    def _begin_answer(self, resident: Resident, call: Call, now: int) -> bool:
        if call.is_late:
            return False
        if call.ask in ("command", "clock") and self._committer.is_full:
            self._voice.refuse(call, 503, "ReadOnly", READ_ONLY)
            return False
        if call.ask == "view":  # live frames must start where this picture ends
            self._tell(resident, self._desk.frame(resident, now, flush=True))
        return True

    def _lend(self, resident: Resident, call: Call, now: int) -> None:
        """Give the cluster to a thread for the time of one call that may take long."""
        if not self._begin_answer(resident, call, now):
            return
        if early := self._desk.admit(resident, call):
            self._give(resident, call, early)
            return
        resident.lent = call
        self._spawn(self._answer_aside(resident, call))

    async def _answer_aside(self, resident: Resident, call: Call) -> None:
        """The door of a thread's work."""
        in_debt = resident.cpu.in_debt(time.monotonic())
        try:
            done = await self._aside.run(lambda: self._desk.carry_out(resident, call), is_last=in_debt)
        except Exception:
            resident.lent = None
            self._on_broken(resident, call)
            return
        resident.lent = None
        if self.residents.get(resident.cluster) is not resident:
            return  # forgotten meanwhile; the call was asked afresh
        self._give(resident, call, self._desk.conclude(resident, call, done, wall_us()))
        self._dirty[resident.cluster] = resident
        if not resident.anchor.paused:
            self._tell_clock(resident)
        self._enqueue(resident)

    async def _answer_past(self, resident: Resident, call: Call) -> None:
        """The door of what is asked of the past: beside the living cluster, whose answers do not wait for it."""
        if early := self._desk.admit(resident, call):
            self._give(resident, call, early)
            return
        begin = time.thread_time_ns()
        try:
            status, text = await self._historian.answer(resident, call.body)
        except JournalUnavailable as error:
            status, text = 503, refusal("Unavailable", f"The history cannot be read now: {error}")
        except Exception:
            logger.exception("cluster %s: its past cannot be visited", resident.cluster)
            status, text = 500, refusal("Broken", "This moment cannot be visited; the failure is logged.")
        if self.residents.get(resident.cluster) is resident:
            resident.charge(time.thread_time_ns() - begin)
            self._give(resident, call, Answer(status, text))

    def _on_broken(self, resident: Resident, call: Call) -> None:
        about = {"cluster": resident.cluster, "rid": call.rid, "epoch": resident.epoch, "seq": resident.applied}
        logger.exception(
            "cluster %s broke at %s %s",
            resident.cluster,
            call.ask,
            call.body.get("kind"),
            extra={**about, "host": self.host},
        )
        if self.residents.get(resident.cluster) is resident:
            self._voice.refuse(call, 500, "Broken", BROKEN)
            self._forget(resident.cluster)

    def _give(self, resident: Resident, call: Call, answer: Answer) -> None:
        CALLS.observe(max(0.0, time.monotonic() - self._heard.pop(call.call, time.monotonic())), call.ask)
        if call.ask == "clock" and answer.status == 200:
            self._tell_clock(resident)
        if call.reply_to:
            resident.say(f"reply:{call.reply_to}", self._desk.reply(resident, call, answer), call)
        if resident.rows:
            self._committer.want(resident)
        self._collect(resident)

    # What goes out

    def _tell(self, resident: Resident, frame: bytes | None) -> None:
        if frame is not None:
            resident.say(f"v:{resident.cluster}", frame)
            self._collect(resident)

    def _tell_clock(self, resident: Resident) -> None:
        if resident.lent is None:
            self._tell(resident, self._desk.frame(resident, wall_us(), clock=True))

    def _collect(self, resident: Resident) -> None:
        """Queue what may be said. Replies and frames of one cluster stay in order."""
        self._voice.say(resident.sayable())

    def _on_lost(self, resident: Resident, outcome: Outcome) -> None:
        FENCED.add()
        logger.warning("cluster %s at epoch %d: %s", resident.cluster, resident.epoch, outcome.value)
        if outcome is Outcome.REPEATED:
            self._adoptions.suspect(resident.cluster, [*resident.replies])
        if self.residents.get(resident.cluster) is resident:
            self._forget(resident.cluster)

    def _forget(self, cluster: str) -> None:
        """Drop a cluster from memory and everything it still wanted to say; its open calls are asked afresh."""
        resident = self.residents.pop(cluster, None)
        if resident is None:
            return
        resident.leaving = True
        self._pacer.set(cluster, None)
        self._committer.forget(cluster)
        self._dirty.pop(cluster, None)
        for call in resident.unanswered():
            if not call.is_late:
                self._adoptions.begin(call)

    # Time

    async def _pace_forever(self) -> None:
        while True:
            self._pace_wake.clear()
            now = wall_us()
            for cluster in self._pacer.pop_due(now):
                if cluster in self.residents:
                    self._enqueue(self.residents[cluster])
            upcoming = self._pacer.next()
            wait_s = None if upcoming is None else max(self._settings.tick_s, (upcoming - now) / 1e6)
            await is_set_within(self._pace_wake, wait_s)
            if upcoming is not None:
                self._late_us = max(0, wall_us() - upcoming)

    async def _tick_forever(self) -> None:
        """Frames and cards of the clusters that changed, if anybody looks."""
        while True:
            await asyncio.sleep(self._settings.tick_s)
            dirty, self._dirty = self._dirty, {}
            for resident in dirty.values():
                self._show(resident)

    def _show(self, resident: Resident) -> None:
        now = time.monotonic()
        if self.residents.get(resident.cluster) is not resident or resident.lent is not None:
            return
        if now - resident.viewed < self._settings.interest_s:
            self._tell(resident, self._desk.frame(resident, wall_us()))
        if now - resident.carded < self._settings.interest_s and resident.carded_ev != resident.sim.ev:
            if now - resident.card_at < self._settings.card_s:
                self._dirty[resident.cluster] = resident
                return
            resident.card_at, resident.carded_ev = now, resident.sim.ev
            told = CardFrame(resident.epoch, resident.cluster, resident.card())
            resident.say(f"s:{resident.cluster}", pack(told))
            self._collect(resident)

    async def _lease_forever(self) -> None:
        while True:
            await asyncio.sleep(self._lease.lease_s / 3)
            if self._lease.is_over:
                await self._look_again()
            else:
                await self._lease.renew()

    async def _look_again(self) -> set[str]:
        """The host stood still longer than its lease: forget what others took over, before saying another word."""
        while True:
            try:
                epochs = await self._journal.epochs([*self.residents])
                break
            except JournalUnavailable:
                await asyncio.sleep(0.1)
        taken = {name for name, one in self.residents.items() if epochs.get(name) != one.epoch}
        for cluster in sorted(taken):
            logger.warning("host %s: cluster %s was taken over while this host stood still", self.host, cluster)
            self._forget(cluster)
        self._lease.confirm()
        await self._lease.renew()
        return taken

    async def _introduce_again(self) -> None:
        """The bus was away and may have forgotten who owns what: say it before others adopt our clusters."""
        self._adoptions.be_patient()
        await self._lease.renew()
        for resident in [*self.residents.values()]:
            with contextlib.suppress(BusUnavailable):  # a hint that will be missed, not needed
                await self._directory.claim(resident.cluster, Owner(self.host, resident.epoch))

    async def _mark_forever(self) -> None:
        while True:
            await asyncio.sleep(self._settings.mark_s)
            running = [one for one in self.residents.values() if not one.anchor.paused]
            for start in range(0, len(running), 100):
                await self._mark([one for one in running[start : start + 100] if one.is_settled and one.lent is None])

    async def _mark(self, residents: list[Resident]) -> None:
        marks = [resident.mark(wall_us()) for resident in residents]
        try:
            await self._journal.mark(marks)
        except JournalUnavailable as error:
            logger.warning("host %s: time stands still soon, marks are not kept: %s", self.host, error)
            return
        for resident, mark in zip(residents, marks, strict=True):
            resident.mark_us = mark.mark_us

    async def _tidy_forever(self) -> None:
        """Snapshots that shorten the next replay, clusters nobody looks at, clusters that want to be woken."""
        while True:
            await asyncio.sleep(self._settings.tidy_s)
            try:
                await self._tidy()
            except JournalUnavailable as error:
                logger.warning("host %s: tidying waits for the journal: %s", self.host, error)

    async def _tidy(self) -> None:
        now = time.monotonic()
        for resident in [one for one in self.residents.values() if one.lent is None]:
            if now - max(resident.viewed, resident.used) > self._settings.idle_s and not resident.calls:
                await self._let_go(resident)
            elif resident.replay_ms > self._settings.replay_ms and resident.is_settled:
                await self._keep(resident)
            await asyncio.sleep(0)
        for cluster in await self._journal.due(wall_us(), 20):
            self._adoptions.wake(cluster)

    async def _keep(self, resident: Resident) -> None:
        taken = resident.freeze()
        taken = replace(taken, state=await asyncio.to_thread(compress, taken.state))
        await self._journal.keep(resident.cluster, resident.epoch, taken)

    async def _chores_forever(self) -> None:
        while self._chores is not None:
            await asyncio.sleep(self._settings.chores_s)
            await asyncio.to_thread(self._chores)
        await asyncio.Event().wait()

    async def _let_go(self, resident: Resident) -> None:
        """Flush, snapshot, give up. Calls that arrive meanwhile wait for the next owner."""
        resident.leaving = True
        try:
            await self._part(resident)
        except JournalUnavailable:
            resident.leaving = False  # it stays, and is let go another time
            self._enqueue(resident)
            raise

    async def _part(self, resident: Resident) -> None:
        while resident.lent is not None:
            await asyncio.sleep(0.005)
        while not resident.is_settled and self.residents.get(resident.cluster) is resident:
            await self._committer.drained()
        if self.residents.get(resident.cluster) is not resident:
            return
        self._collect(resident)
        await self._keep(resident)
        await self._journal.part(resident.parting(wall_us()))
        with contextlib.suppress(BusUnavailable):  # a stale entry only costs a forward
            await self._directory.release(resident.cluster, Owner(self.host, resident.epoch))
        self._forget(resident.cluster)
