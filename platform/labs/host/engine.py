"""What a host needs from a simulated cluster, and where it gets one.

The host knows nothing else of the simulator; tests bring a fake with the same face. The simulator's promises that the
host relies on: equal inputs at equal times give equal states, and `load(dump())` has the same future.
"""

import asyncio
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string

from labs.journal import Deed

_SLICE_S = 0.002
STEP_EVENTS = 500


class SimCluster(Protocol):
    """One lab's simulated cluster, with those that its terminal makes beside it. Times are microseconds since its start. Above
    `max_objects` creating is refused (0: never)."""

    max_objects: int

    @property
    def now(self) -> int: ...
    @property
    def ev(self) -> int: ...
    @property
    def revision(self) -> int: ...
    @property
    def digest(self) -> str: ...
    @property
    def weight(self) -> int:
        """About how many things one command may have to walk over."""

    @property
    def writes(self) -> int:
        """Grows with every write to a store."""

    def limit(self, *, clusters: int, nodes: int) -> None:
        """How many clusters and machines `kind create cluster` may make of it."""

    def apply(self, command: dict[str, Any]) -> dict[str, Any]: ...
    def advance(self, until_us: int, max_events: int = ...) -> bool: ...
    def step(self) -> bool: ...
    def next_due(self) -> int | None: ...
    def dump(self) -> bytes: ...
    def state_hash(self) -> str: ...
    def picture(self) -> dict[str, Any]: ...
    def changes(self, since_ev: int) -> list[Any] | None: ...
    def summary(self) -> dict[str, Any]: ...
    def compare(self, other: Any) -> dict[str, Any]: ...
    def renumber(self, revision: int) -> None: ...


class SimMaker(Protocol):
    """Makes new clusters and restores dumped ones; `simulator.cluster.Cluster` is one."""

    def create(self, config: str | None = ..., *, seed: int = ..., epoch_s: int = ...) -> SimCluster: ...

    def load(self, dumped: bytes) -> SimCluster:
        """Raises ValueError for bytes this version cannot take back."""


def maker() -> SimMaker:
    """The simulator named by the settings."""
    return cast(SimMaker, import_string(settings.DRYDOCK_SIM))


@cache
def sim_version() -> str:
    """Names that simulator's code, stored beside everything it has computed: another source is another version."""
    package, _, _ = import_string(settings.DRYDOCK_SIM).__module__.partition(".")
    source = Path(sys.modules[package].__file__ or "")
    return sources_digest(source.parent) if source.name == "__init__.py" else sources_digest(source)


def sources_digest(where: Path) -> str:
    """A fingerprint of a module, or of everything a package consists of."""
    files = [where] if where.is_file() else sorted(path for path in where.rglob("*") if path.is_file())
    digest = blake2b(digest_size=10)
    for path in files:
        if path.suffix != ".pyc":
            digest.update(f"{path.relative_to(where.parent)}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Birth:
    """A cluster before the learner's first command: its configuration, then the set-up its lesson asks for."""

    config: str
    seed: int
    epoch_s: int
    setup: tuple[dict[str, Any], ...]

    @classmethod
    def of(cls, deed: Deed) -> "Birth":
        return cls(deed.config, deed.seed, deed.epoch_s, deed.setup)

    async def make(self, sims: SimMaker, limits: Mapping[str, int]) -> SimCluster:
        """`{"kind": "settle", "seconds": n}` lets time pass; `{"kind": "at", "us": n, "command": {…}}` repeats what somebody did at that
        time (`labs.worlds`); every other set-up command is applied as it stands."""
        sim = sims.create(self.config or None, seed=self.seed, epoch_s=self.epoch_s)
        restrict(sim, limits)
        for command in self.setup:
            if command.get("kind") == "settle":
                await reach(sim, sim.now + int(command["seconds"]) * 1_000_000)
            elif command.get("kind") == "at":
                await self._repeat(sim, command["us"], command["command"])
            else:
                await reach(sim, sim.now)
                sim.apply(command)
        return sim

    async def _repeat(self, sim: SimCluster, at_us: int, command: dict[str, Any]) -> None:
        """By the rule of a replay: nothing runs at an instant that is reached already."""
        if sim.now < at_us:
            await reach(sim, at_us)
        if command.get("kind") == "step":
            play_step(sim)
        elif command.get("kind") == "renumber":
            sim.renumber(max(sim.revision, int(command["revision"])))
        else:
            sim.apply(command)


def restrict(sim: SimCluster, limits: Mapping[str, int]) -> None:
    """The quotas of a learner that only the simulation can watch over."""
    sim.max_objects = limits["objects"]
    sim.limit(clusters=limits["clusters"], nodes=limits["nodes"])


async def reach(sim: SimCluster, until_us: int) -> None:
    """Let every event up to and including `until_us` happen, however long that takes, giving way to others."""
    begin = time.perf_counter()
    while not sim.advance(until_us, max_events=200):
        if time.perf_counter() - begin > _SLICE_S:
            await asyncio.sleep(0)
            begin = time.perf_counter()


def play_step(sim: SimCluster) -> None:
    """Play events one by one until the store changes: the smallest thing a learner can see."""
    writes = sim.writes
    for _ in range(STEP_EVENTS):
        if not sim.step() or sim.writes != writes:
            return
