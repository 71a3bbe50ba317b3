"""Several clusters in one engine: one clock, one heap, one trail, and for each of the others names of its own.

    engine = Engine(seed=7)
    second = SharedEngine(engine, number=2, born=engine.now)

Promises: to its cluster a shared engine is an engine like any other; components, pending events and random streams of two clusters never
meet, while time, causes and the counter of events are common, so that what is seen of them stays in one order. `retire` leaves
nothing of the cluster behind but its rows in the trail.
"""

from hashlib import blake2b

from simulator.engine.engine import Component, Engine
from simulator.engine.plain import Plain
from simulator.engine.profile import Profile
from simulator.engine.rng import Rng


class SharedEngine(Engine):
    """The engine as one more cluster sees it. It keeps nothing itself: everything is in the engine that is shared."""

    def __init__(self, base: Engine, *, number: int, born: int) -> None:
        """`number`: the how-manieth cluster of this engine, never given twice; `born`: when it began."""
        self._base = base
        self.born = born
        self.prefix = f"{number}/"
        digest = blake2b(f"{base.seed}/cluster/{number}".encode(), digest_size=6).digest()
        self.seed = int.from_bytes(digest)
        self.trail = base.trail

    @property
    def now(self) -> int:
        return self._base.now

    @now.setter
    def now(self, value: int) -> None:
        self._base.now = value

    @property
    def cause(self) -> int:
        return self._base.cause

    @cause.setter
    def cause(self, value: int) -> None:
        self._base.cause = value

    @property
    def epoch_s(self) -> int:
        return self._base.epoch_s

    @epoch_s.setter
    def epoch_s(self, value: int) -> None:
        self._base.epoch_s = value

    @property
    def profile(self) -> Profile:
        return self._base.profile

    @profile.setter
    def profile(self, value: Profile) -> None:
        self._base.profile = value

    @property
    def tickets(self) -> int:
        return self._base.tickets

    def register(self, component: Component, *, name: str = "") -> None:
        self._base.register(component, name=self.prefix + (name or component.name))

    def component(self, name: str) -> Component:
        return self._base.component(self.prefix + name)

    def components(self) -> list[tuple[str, Component]]:
        """Those of this cluster, by the names they have in it."""
        mine = self.prefix
        return [(name.removeprefix(mine), one) for name, one in self._base.components() if name.startswith(mine)]

    def rng(self, stream: str) -> Rng:
        return self._base.rng(self.prefix + stream)

    def timestamp(self, at: int | None = None) -> str:
        return self._base.timestamp(at)

    def schedule(self, delay_us: int, target: str, method: str, *args: Plain) -> int:
        return self._base.schedule(delay_us, self.prefix + target, method, *args)

    def cancel(self, ticket: int) -> None:
        self._base.cancel(ticket)

    def peek(self) -> int | None:
        return self._base.peek()

    def step(self) -> bool:
        return self._base.step()

    def run(self, until: int, max_events: int | None = None) -> bool:
        return self._base.run(until, max_events)

    def retire(self, prefix: str = "") -> None:
        """The cluster is no more."""
        self._base.retire(self.prefix + prefix)

    def dump(self) -> Plain:
        """Nothing: the engine that is shared knows it all."""
        return None

    def load(self, state: Plain) -> None:
        """Nothing, as `dump` said."""
