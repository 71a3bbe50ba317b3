"""The journal's interface and the values that cross it. See `labs.journal` for its promise."""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, Protocol

ONE = 1_000_000
NO_SEQ = 2**62
"""Beyond every row."""


class JournalUnavailable(Exception):
    """The database did not answer; nothing is known about the call. Every call may be repeated."""


class JournalFull(JournalUnavailable):
    """The database has no room left: it can be read, and nothing can be written until somebody makes room."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """Ties simulated time to the wall: at `wall0` it was `sim0_us`, since then it runs at `speed_ppm` unless paused."""

    wall0: int = 0
    sim0_us: int = 0
    speed_ppm: int = ONE
    paused: bool = False

    def at(self, wall_us: int) -> int:
        """Simulated time at `wall_us`; never before `sim0_us`."""
        if self.paused:
            return self.sim0_us
        return self.sim0_us + max(0, wall_us - self.wall0) * self.speed_ppm // ONE

    def wall(self, sim_us: int) -> int:
        """When, on the wall, simulated time reaches `sim_us`. Meaningless while paused."""
        return self.wall0 + -(-(sim_us - self.sim0_us) * ONE // self.speed_ppm)


@dataclass(frozen=True, slots=True)
class Deed:
    """A cluster's row: all a host needs to bring it to life."""

    cluster: str
    owner_user: str
    config: str
    setup: tuple[dict[str, Any], ...]
    seed: int
    epoch_s: int
    status: Literal["hibernated", "resident"]
    owner_host: str
    epoch: int
    head: int
    timeline: int
    anchor: Anchor
    mark_us: int
    away_s: int = 0
    """So many wall seconds pass in it at most while nobody looks."""


@dataclass(frozen=True, slots=True)
class Row:
    """One input: a learner's command, or a control of the clock."""

    seq: int
    t_us: int
    kind: Literal["command", "control"]
    rid: str
    actor: str
    body: str
    digest: str
    sim_version: str = ""
    """Which simulator computed the digest; told when read, written by the journal itself."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Rows to append to one cluster on top of `head`, and its new anchor when a control changed it."""

    cluster: str
    timeline: int
    epoch: int
    head: int
    rows: tuple[Row, ...]
    anchor: Anchor | None = None

    @property
    def new_head(self) -> int:
        return self.rows[-1].seq


class Outcome(Enum):
    """What became of an `Entry`."""

    COMMITTED = "committed"
    FENCED = "fenced"
    """Another owner, or the rows are gone: drop the cluster, say nothing."""
    REPEATED = "repeated"
    """A `rid` in it was journaled before: the state in memory is one command too far."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """A snapshot: the state after row `seq`, encoded."""

    timeline: int
    seq: int
    t_us: int
    ev: int
    rv: int
    state: bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """Simulated time that `cluster` has reached and shown, the anchor it runs by, and its card (JSON)."""

    cluster: str
    epoch: int
    mark_us: int
    anchor: Anchor
    card: bytes


@dataclass(frozen=True, slots=True)
class Parting:
    """An owner gives a cluster up: where its time stops, and when it wants to be woken."""

    mark: Mark
    wake_at: int | None = None


class Journal(Protocol):
    """Raises `JournalUnavailable` and nothing else; every method may be called again after that."""

    sim_version: str

    async def look(self, cluster: str) -> Deed | None: ...

    async def adopt(self, cluster: str, host: str, epoch: int) -> Deed | None:
        """Become the owner if the epoch still is `epoch`; None when somebody else was faster."""

    async def append(self, entries: list[Entry]) -> list[Outcome]:
        """Commit all entries in one transaction, each under its own fence; one outcome an entry, in order.

        An answer lost on the way is found out, so that no entry is appended twice.
        """

    async def rows(self, cluster: str, timeline: int, after: int) -> list[Row]:
        """The rows of a branch beyond `after`, in order."""

    async def known(self, cluster: str, rids: list[str]) -> set[str]:
        """Those of `rids` that the journal has seen."""

    async def newest(self, cluster: str, timeline: int, *, below: int | None = None) -> Frozen | None:
        """The newest snapshot of a branch, or the newest of those taken before row `below`."""

    async def keep(self, cluster: str, epoch: int, frozen: Frozen) -> bool:
        """Store a snapshot, unless fenced."""

    async def mark(self, marks: list[Mark]) -> None:
        """Note how far clusters have come; silently passes over those that are owned by another."""

    async def part(self, parting: Parting) -> bool:
        """The cluster becomes hibernated, unless fenced."""

    async def epochs(self, clusters: list[str]) -> dict[str, int]:
        """The present epoch of each cluster that exists."""

    async def due(self, wall_us: int, limit: int) -> list[str]:
        """Takes up to `limit` hibernated clusters whose `wake_at` has come; each is given to one caller only."""

    async def close(self) -> None: ...
