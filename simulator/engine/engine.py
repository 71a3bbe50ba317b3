"""The event loop of one simulated cluster.

Promises: the same seed and the same calls give the same sequence of events; time never goes back; an event
that raises stops the run. The whole state (clock, heap, random streams, trail) is plain data, because a pending
event names a registered component, a method and plain arguments, and never holds a callable.

Leaves to others: what the components do, and how fast simulated time passes in front of a person.
"""

import heapq
from datetime import UTC, datetime, timedelta
from typing import Protocol

from simulator.engine.plain import Plain
from simulator.engine.profile import Profile, profile_named
from simulator.engine.rng import Rng
from simulator.engine.trail import Trail
from simulator.engine.trail_rows import TrailColumns


class Component(Protocol):
    """Something events can be addressed to. Its private state is what `dump` returns."""

    @property
    def name(self) -> str: ...

    def dump(self) -> Plain: ...

    def load(self, state: Plain) -> None: ...


#: So many seconds stay written out.
_STAMPS = 64
#: (due, ticket, target, method, args, cause)
Event = tuple[int, int, str, str, tuple[Plain, ...], int]


class Engine:
    def __init__(self, *, seed: int = 1, epoch_s: int = 0, profile: str = "lab", trail_limit: int = 20_000) -> None:
        self.seed = seed
        self.epoch_s = epoch_s
        """Unix seconds at simulated time 0; only timestamps depend on it."""
        self.profile: Profile = profile_named(profile)
        self.now = 0
        """Simulated microseconds since the cluster started."""
        self.prefix = ""
        """Before the names under which others know its components (`engine.shared`)."""
        self.born = 0
        """When its cluster began, on this clock."""
        self.cause = 0
        """The `ev` on whose account the present code runs."""
        self.trail = Trail(trail_limit)
        self._heap: list[Event] = []
        self._ticket = 0
        self._cancelled: dict[int, None] = {}
        self._streams: dict[str, Rng] = {}
        self._components: dict[str, Component] = {}
        self._stamps: dict[int, str] = {}
        """The seconds that were lately written out."""

    # Registration

    def register(self, component: Component, *, name: str = "") -> None:
        """`name`: what events call it, when that is not its own name."""
        name = name or component.name
        if name in self._components:
            raise ValueError(f"component {name!r} is registered already")
        self._components[name] = component

    def retire(self, prefix: str) -> None:
        """Takes away every component, pending event and random stream whose name begins so."""
        self._components = {name: one for name, one in self._components.items() if not name.startswith(prefix)}
        self._streams = {name: rng for name, rng in self._streams.items() if not name.startswith(prefix)}
        for _, ticket, target, *_ in self._heap:
            if target.startswith(prefix):
                self._cancelled[ticket] = None

    def component(self, name: str) -> Component:
        return self._components[name]

    def components(self) -> list[tuple[str, Component]]:
        """Every registered component, by name."""
        return sorted(self._components.items())

    @property
    def tickets(self) -> int:
        """How many events were ever scheduled."""
        return self._ticket

    def rng(self, stream: str) -> Rng:
        found = self._streams.get(stream)
        if found is None:
            found = self._streams[stream] = Rng.for_stream(self.seed, stream)
        return found

    # Time

    def timestamp(self, at: int | None = None) -> str:
        """RFC 3339 in whole seconds, as Kubernetes' `metav1.Time`."""
        second = (self.now if at is None else at) // 1_000_000
        known = self._stamps.get(second)
        if known is None:
            if len(self._stamps) >= _STAMPS:
                self._stamps.clear()
            moment = datetime.fromtimestamp(self.epoch_s + second, UTC)
            known = self._stamps[second] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        return known

    def micro_timestamp(self, at: int | None = None) -> str:
        """RFC 3339 in microseconds, as Kubernetes' `metav1.MicroTime` (Leases, events.k8s.io)."""
        micros = self.now if at is None else at
        moment = datetime.fromtimestamp(self.epoch_s, UTC) + timedelta(microseconds=micros)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def micros(self, timestamp: str) -> int:
        """Simulated microseconds of an RFC 3339 time; the inverse of `timestamp`."""
        moment = datetime.fromisoformat(timestamp)
        return round((moment.timestamp() - self.epoch_s) * 1_000_000)

    # Events

    def schedule(self, delay_us: int, target: str, method: str, *args: Plain) -> int:
        """Calls `method` of the component named `target` in `delay_us`. Returns a ticket for `cancel`."""
        if delay_us < 0:
            raise ValueError(f"schedule {target}.{method}: found a delay of {delay_us} us, wanted 0 or more")
        self._ticket = ticket = self._ticket + 1
        heapq.heappush(self._heap, (self.now + delay_us, ticket, target, method, args, self.cause))
        return ticket

    def cancel(self, ticket: int) -> None:
        """A ticket that has fired is ignored by whoever holds it; cancel only pending ones."""
        self._cancelled[ticket] = None

    def record(
        self,
        type: str,
        actor: str,
        *,
        verb: str = "",
        resource: str = "",
        namespace: str = "",
        name: str = "",
        uid: str = "",
        rev: int = 0,
        because: int | None = None,
        note: str = "",
    ) -> int:
        """Adds a row to the trail, by default on account of the present cause, and returns its `ev`."""
        return self.trail.append(
            at=self.now,
            type=type,
            actor=actor,
            verb=verb,
            resource=resource,
            namespace=namespace,
            name=name,
            uid=uid,
            rev=rev,
            because=self.cause if because is None else because,
            note=note,
        )

    def peek(self) -> int | None:
        """When the next event is due, or None when nothing is pending."""
        heap, cancelled = self._heap, self._cancelled
        while heap and heap[0][1] in cancelled:
            del cancelled[heapq.heappop(heap)[1]]
        return heap[0][0] if heap else None

    def step(self) -> bool:
        """Runs one event. False when nothing is pending."""
        due = self.peek()
        if due is None:
            return False
        self._fire(due)
        return True

    def _fire(self, due: int) -> None:
        """Runs the event that `peek` has found."""
        _, _, target, method, args, self.cause = heapq.heappop(self._heap)
        self.now = due
        getattr(self._components[target], method)(*args)
        self.cause = 0

    def run(self, until: int, max_events: int | None = None) -> bool:
        """Runs events due up to `until` and moves the clock there. False: stopped after `max_events`, call again."""
        if until < self.now:
            raise ValueError(f"run until {until} us: that is before now, {self.now} us")
        left = -1 if max_events is None else max_events
        heap, cancelled, components, pop = self._heap, self._cancelled, self._components, heapq.heappop
        while heap and heap[0][0] <= until:
            if heap[0][1] in cancelled:
                del cancelled[pop(heap)[1]]
                continue
            if left == 0:
                return False
            left -= 1
            self.now, _, target, method, args, self.cause = pop(heap)
            getattr(components[target], method)(*args)
            self.cause = 0
        self.now = until
        return True

    # State

    def dump(self) -> Plain:
        self.peek()
        return {
            "seed": self.seed,
            "epoch_s": self.epoch_s,
            "profile": self.profile.name,
            "now": self.now,
            "ticket": self._ticket,
            "heap": [list(event) for event in sorted(self._heap) if event[1] not in self._cancelled],
            "streams": {name: rng.state for name, rng in sorted(self._streams.items())},
            "trail": self.trail.dump(TrailColumns(self.epoch_s)),
        }

    def load(self, state: Plain) -> None:
        """Takes back what `dump` returned; components load their own state."""
        self.seed, self.epoch_s = state["seed"], state["epoch_s"]
        self.profile = profile_named(state["profile"])
        self.now, self._ticket = state["now"], state["ticket"]
        # A sorted list is a heap.
        self._heap = [
            (due, ticket, target, method, tuple(args), cause)
            for due, ticket, target, method, args, cause in state["heap"]
        ]
        self._cancelled = {}
        # In place: components may hold on to their stream.
        for name, rng in self._streams.items():
            rng.state = Rng.for_stream(self.seed, name).state
        for name, value in state["streams"].items():
            self.rng(name).state = value
        self.trail.load(state["trail"], TrailColumns(self.epoch_s))
