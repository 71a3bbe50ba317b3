"""One cluster in a host's memory: the simulation, its clock, what waits for a commit and what waits to be said.

Pure bookkeeping, no I/O. The order that makes crashes invisible is kept here: whatever is said after a command was
applied (replies, frames, answers to reads) waits in `unsent` until the journal row of that command is committed.
"""

import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field, replace
from typing import Any

from labs.host import frozen
from labs.host.engine import SimCluster
from labs.host.limits import TokenBucket
from labs.journal import Anchor, Deed, Entry, Frozen, Mark, Parting, Row
from labs.messages import Call, encode_json

REPLIES_KEPT = 128
RECENT = 8
BEHIND_US = 250_000
"""Lagging this much behind the wall, a cluster stops chasing it and shows that it lags."""
CATCH_UP_US = 10_000_000
"""Pacing never runs further than this beyond the last mark, so a takeover is never behind what was shown."""
SLICE_NS = 1_500_000


_STARTED_US = time.time_ns() // 1000 - time.monotonic_ns() // 1000


def wall_us() -> int:
    """Now, in microseconds since 1970, as this process has counted it since it started: somebody who sets the machine's
    clock moves no cluster's time."""
    return _STARTED_US + time.monotonic_ns() // 1000


@dataclass(frozen=True, slots=True)
class Output:
    """Something to say on a topic once row `after` is committed."""

    after: int
    cluster: str
    topic: str
    message: bytes
    call: Call | None = None
    """What it answers; asked again of the next owner if this one may not say it."""


@dataclass
class Resident:
    """See the module. `applied` is the seq of the newest command in memory, `committed` in the journal."""

    cluster: str
    owner_user: str
    epoch: int
    timeline: int
    sim: SimCluster
    anchor: Anchor
    applied: int
    committed: int
    mark_us: int
    commands: TokenBucket
    queries: TokenBucket
    cpu: TokenBucket
    replies: OrderedDict[str, tuple[int, bytes]] = field(default_factory=OrderedDict)
    calls: deque[Call] = field(default_factory=deque)
    rows: list[Row] = field(default_factory=list)
    moved_anchor: Anchor | None = None
    unsent: deque[Output] = field(default_factory=deque)
    shown_ev: int = 0
    carded_ev: int = -1
    viewed: float = float("-inf")
    carded: float = float("-inf")
    used: float = 0.0
    card_at: float = float("-inf")
    lagging: bool = False
    lagged_at: float = float("-inf")
    waiting_since: int | None = None
    settle_at: int | None = None
    leaving: bool = False
    lent: Call | None = None
    """The call a thread is busy with; until it is done nothing else may touch `sim`."""
    queued: bool = False
    last: str = ""
    recent: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=RECENT))
    """The newest commands with what came of them, for the wall."""
    replay_ms: float = 0.0
    stride: int = 32

    @classmethod
    def adopt(cls, deed: Deed, sim: SimCluster, *, wall_us: int, limits: dict[str, int]) -> "Resident":
        """Bring a replayed cluster back to its place in time: see `resume_at`."""
        now = time.monotonic()
        start = max(sim.now, resume_at(deed, wall_us))
        cpu_burst = limits["cpu_bucket_ms"]
        return cls(
            cluster=deed.cluster,
            owner_user=deed.owner_user,
            epoch=deed.epoch,
            timeline=deed.timeline,
            sim=sim,
            anchor=replace(deed.anchor, wall0=wall_us, sim0_us=start),
            applied=deed.head,
            committed=deed.head,
            mark_us=start,
            used=now,
            commands=TokenBucket.full(limits["commands_per_s"], limits["command_burst"], now),
            queries=TokenBucket.full(3 * limits["commands_per_s"], 3 * limits["command_burst"], now),
            cpu=TokenBucket.full(limits["cpu_ms_per_s"], cpu_burst, now),
            shown_ev=sim.ev,
        )

    # Time

    def target(self, wall_us: int) -> int:
        """How far the simulation should be now."""
        if self.settle_at is not None:
            return self.settle_at
        ceiling = self.mark_us + CATCH_UP_US * max(self.anchor.speed_ppm, 1_000_000) // 1_000_000
        return max(self.sim.now, min(self.anchor.at(wall_us), ceiling))

    def advance(self, wall_us: int) -> bool:
        """Run one slice towards `target`; True when it is reached, so that commands may be applied.

        Standing on the target already, nothing runs, not even what else is due at this instant: the replay
        follows the same rule (`labs.host.recovery`), and a paused cluster stays between two steps.
        """
        target, begin = self.target(wall_us), time.perf_counter_ns()
        if self.sim.now >= target:
            return True
        while True:
            reached = self.sim.advance(target, max_events=self.stride)
            spent = time.perf_counter_ns() - begin
            if spent > 2 * SLICE_NS:
                self.stride = max(1, self.stride // 2)
            elif not reached and spent < SLICE_NS // 2:
                self.stride = min(2_000, self.stride * 2)
            if reached or spent >= SLICE_NS:
                break
        self.charge(spent)
        return reached

    def charge(self, spent_ns: int) -> None:
        """Account CPU time to the cluster."""
        self.cpu.spend(spent_ns / 1e6, time.monotonic())
        self.replay_ms += spent_ns / 1e6

    def is_behind(self, wall_us: int) -> bool:
        """True when the simulation cannot keep its speed."""
        return not self.anchor.paused and self.anchor.wall(self.sim.now) < wall_us - BEHIND_US

    def settle(self) -> None:
        """Stop chasing the wall and finish the present instant, so that a waiting command can be applied.

        One microsecond on, because a replay can only find a moment that is later than the previous command's.
        """
        if self.settle_at is None:
            self.settle_at = self.sim.now + 1

    def reanchor(self, wall_us: int, **changes: Any) -> None:
        """Time goes on from where the simulation is."""
        self.settle_at = self.waiting_since = None
        self.anchor = replace(self.anchor, wall0=wall_us, sim0_us=self.sim.now, **changes)

    def due(self) -> int | None:
        """When, on the wall, the next event happens."""
        upcoming = None if self.anchor.paused else self.sim.next_due()
        return None if upcoming is None else self.anchor.wall(upcoming)

    def clock(self, wall_us: int) -> bytes:
        """The clock as the wire tells it."""
        return encode_json(
            {
                "at": self.target(wall_us),
                "speed": self.anchor.speed_ppm / 1_000_000,
                "paused": self.anchor.paused,
                "lagging": self.lagging,
            }
        )

    # What was done

    def journal(self, call: Call, *, kind: str, t_us: int, text: bytes, moved: bool = False) -> None:
        """Note a command or control that took effect; `text` becomes its remembered reply."""
        self.applied += 1
        body = encode_json(call.body).decode()
        digest = self.sim.digest
        self.rows.append(Row(self.applied, t_us, kind, call.rid, call.actor, body, digest))  # type: ignore[arg-type]
        if moved:
            self.moved_anchor = self.anchor
        self.remember(call.rid, 200, text)

    def remember(self, rid: str, status: int, text: bytes) -> None:
        """Keep a reply for a command that is sent again."""
        self.replies[rid] = (status, text)
        while len(self.replies) > REPLIES_KEPT:
            self.replies.popitem(last=False)

    def entry(self) -> Entry:
        """Everything that waits for a commit; the caller commits it or drops the cluster."""
        rows, self.rows = tuple(self.rows), []
        anchor, self.moved_anchor = self.moved_anchor, None
        return Entry(self.cluster, self.timeline, self.epoch, rows[0].seq - 1, rows, anchor)

    # What is to be said

    def say(self, topic: str, message: bytes, call: Call | None = None) -> None:
        self.unsent.append(Output(self.applied, self.cluster, topic, message, call))

    def unanswered(self) -> list[Call]:
        """Every call that came here and whose answer has not left."""
        waiting = [output.call for output in self.unsent if output.call is not None]
        return [*waiting, *([self.lent] if self.lent else []), *self.calls]

    def sayable(self) -> list[Output]:
        """Take the outputs whose rows are committed."""
        ready = []
        while self.unsent and self.unsent[0].after <= self.committed:
            ready.append(self.unsent.popleft())
        return ready

    @property
    def is_settled(self) -> bool:
        """True when memory holds nothing that the journal does not."""
        return self.applied == self.committed

    # What is kept

    def freeze(self) -> Frozen:
        """A snapshot of this moment, not yet compressed. Only when settled."""
        replies = [(rid, status, text) for rid, (status, text) in self.replies.items()]
        state = frozen.freeze(self.sim.dump(), replies)
        self.replay_ms = 0.0
        return Frozen(self.timeline, self.applied, self.sim.now, self.sim.ev, self.sim.revision, state)

    def mark(self, wall_us: int) -> Mark:
        """How far the cluster has come, as far as readers can tell."""
        reached = max(self.sim.now, self.target(wall_us))
        return Mark(self.cluster, self.epoch, reached, self.anchor, self.card())

    def card(self) -> bytes:
        """What a wall shows of the cluster (JSON): its picture and what was done last."""
        return encode_json({"picture": self.sim.summary(), "last": self.last, "recent": [*self.recent]})

    def parting(self, wall_us: int) -> Parting:
        """Time stops here until somebody comes back."""
        mark = self.mark(wall_us)
        return Parting(replace(mark, anchor=replace(self.anchor, wall0=wall_us, sim0_us=mark.mark_us)))


def resume_at(deed: Deed, wall_us: int) -> int:
    """Simulated time at which a cluster goes on. One that nobody looked at stood still, or went on for as long as its owner
    wished. After a crash it goes on where it would be
    now, but at most ten wall seconds beyond its last mark: never behind what was shown, never a long catch-up."""
    if deed.anchor.paused:
        return deed.anchor.sim0_us
    if deed.status == "hibernated":
        return deed.anchor.at(min(wall_us, deed.anchor.wall0 + deed.away_s * 1_000_000))
    ahead = CATCH_UP_US * max(deed.anchor.speed_ppm, 1_000_000) // 1_000_000
    shown = max(deed.mark_us, deed.anchor.sim0_us)  # the clock may have been set back since
    return max(shown, min(deed.anchor.at(wall_us), shown + ahead))
