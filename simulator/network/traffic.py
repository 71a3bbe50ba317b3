"""Continuous traffic: somebody asks again and again, and a meter counts who answered, who did not, and how long it took.

Promises: between two changes of the network a flow costs nothing; how its requests end is looked at once and counted by arithmetic, request
by request the same however often somebody reads the meter. Leaves to others: what is in a request's way (`journey`).
"""

from copy import deepcopy
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import Any

from simulator.engine import Engine, Plain
from simulator.engine.plain import Obj
from simulator.network.datapath import Datapath, Trace
from simulator.network.sources import Sources

#: Requests are dealt to outcomes by a permutation of this many numbers (a prime), so that counts are exact for every part of it.
_PERIOD, _STRIDE = 997, 610
_MAX_FLOWS = 20
#: Looking at more ways than these is put off, so that a change of one endpoint of thousands is not looked at thousands of times.
_EASY_WAYS, _PER_WAY_US = 100, 100
#: Moments of change that a flow remembers.
_MAX_HISTORY = 200


@dataclass(slots=True)
class Outcome:
    """How some of a flow's requests end as things stand."""

    backend: str
    error: str
    """The client's error, or `HTTP 503`; "" for an answer below 400."""
    took_us: int
    address: str
    size: int = 0
    """Out of `_PERIOD`."""


@dataclass(slots=True)
class Flow:
    id: str
    source: Obj
    """`{"pod": "ns/name"}`, `{"node": name}` or `{}`: outside."""
    hosts: list[str]
    """Names or addresses, asked in turn."""
    port: int
    path: str
    protocol: str
    rate: int
    """Requests a second."""
    started_us: int
    counted: int = 0
    """Requests whose end is counted."""
    stopped_us: int = -1
    ok: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    backends: dict[str, int] = field(default_factory=dict)
    latency_us: int = 0
    """Sum over answered requests."""
    mix: list[Outcome] = field(default_factory=list)
    history: list[list[Plain]] = field(default_factory=list)
    """[at_us, requests, failed, addresses that answer] at each change."""

    @property
    def failed(self) -> int:
        return sum(self.errors.values())

    def due(self, now: int) -> int:
        """Requests that were sent up to now."""
        until = now if self.stopped_us < 0 else self.stopped_us
        return (until - self.started_us) * self.rate // 1_000_000

    def count(self, now: int) -> None:
        """Everything sent since the last count ended as the mix says."""
        first, last = self.counted, self.due(now)
        self.counted = max(first, last)
        if not self.mix:
            return
        for outcome, times in zip(self.mix, self._dealt(first, last), strict=True):
            if not times:
                continue
            if outcome.error:
                self.errors[outcome.error] = self.errors.get(outcome.error, 0) + times
            else:
                self.ok += times
                self.latency_us += times * outcome.took_us
            if outcome.backend:
                self.backends[outcome.backend] = self.backends.get(outcome.backend, 0) + times

    def _dealt(self, first: int, last: int) -> list[int]:
        """How many of the requests first ≤ i < last fall to each outcome."""
        whole, rest = divmod(last - first, _PERIOD)
        dealt = [whole * outcome.size for outcome in self.mix]
        offset = int.from_bytes(blake2b(self.id.encode(), digest_size=2).digest(), "big")
        for index in range(last - rest, last):
            slot = (index * _STRIDE + offset) % _PERIOD
            for at, outcome in enumerate(self.mix):
                slot -= outcome.size
                if slot < 0:
                    dealt[at] += 1
                    break
        return dealt

    def remember(self, now: int) -> None:
        answering = sorted({one.address for one in self.mix if one.address and not one.error})
        if not self.history or self.history[-1][3] != answering:
            self.history.append([now, self.counted, self.failed, answering])
            del self.history[:-_MAX_HISTORY]


class Traffic:
    name = "traffic"

    def __init__(self, engine: Engine, datapath: Datapath, sources: Sources) -> None:
        self._engine = engine
        self._path = datapath
        self._sources = sources
        self._flows: dict[str, Flow] = {}
        self._is_waiting = False
        """A look is due at this very moment."""
        self._next = 0
        """Ticket of the next look that is known ahead; 0: none."""
        self._made = 0
        engine.register(self)

    # What people do

    @property
    def is_full(self) -> bool:
        return sum(1 for flow in self._flows.values() if flow.stopped_us < 0) >= _MAX_FLOWS

    def is_known(self, id: str) -> bool:
        return id in self._flows

    def start(self, source: Obj, hosts: list[str], port: int, path: str, protocol: str, rate: int) -> Flow:
        self._made += 1
        flow = Flow(str(self._made), source, hosts, port, path, protocol, rate, self._engine.now)
        self._flows[flow.id] = flow
        self._look_at(flow)
        self._plan_next()
        return flow

    def stop(self, id: str) -> None:
        """What it has counted can still be read."""
        flow = self._flows[id]
        if flow.stopped_us < 0:
            flow.count(self._engine.now)
            flow.stopped_us = self._engine.now

    def forget(self, id: str) -> None:
        del self._flows[id]

    def meters(self, zero: int) -> list[dict[str, Any]]:
        """Every flow up to now, moments counted from `zero`; reading changes nothing."""
        return [self._meter(flow, zero) for flow in self._flows.values()]

    def _meter(self, flow: Flow, zero: int) -> dict[str, Any]:
        shown = _flow(asdict(flow))
        if shown.stopped_us < 0:
            shown.count(self._engine.now)
        average = shown.latency_us // shown.ok if shown.ok else 0
        errors, backends = (dict(sorted(table.items())) for table in (shown.errors, shown.backends))
        return {
            "id": shown.id,
            "from": shown.source or "outside",
            "hosts": shown.hosts,
            "port": shown.port,
            "path": shown.path,
            "rate": shown.rate,
            "running": shown.stopped_us < 0 and bool(shown.mix),
            "sent": shown.ok + shown.failed,
            "ok": shown.ok,
            "failed": shown.failed,
            "errors": errors,
            "backends": backends,
            "latency_us": average,
            "history": [[at - zero, *rest] for at, *rest in shown.history],
        }

    # Changes

    def disturb(self) -> None:
        """Something of the network is different now."""
        if self._flows and not self._is_waiting:
            self._is_waiting = True
            ways = max(len(flow.mix) for flow in self._flows.values())
            self._engine.schedule(max(ways - _EASY_WAYS, 0) * _PER_WAY_US, self.name, "look")

    def look(self) -> None:
        """Event: count what was, and see how requests end from now on."""
        self._is_waiting = False
        for flow in self._flows.values():
            if flow.stopped_us < 0:
                self._look_at(flow)
        self._plan_next()

    def turn(self) -> None:
        """Event: a moment that was known ahead, such as a process that opens its socket."""
        self._next = 0
        self.look()

    def _look_at(self, flow: Flow) -> None:
        flow.count(self._engine.now)
        source = self._sources.find(flow.source or "outside")
        if source is None:
            flow.stopped_us = self._engine.now
            return
        if source.pod is not None and not self._path.servers.runs(source.pod):
            # A client that does not run asks nothing; it may come back.
            flow.mix = []
            return
        flow.mix = _mix(
            [self._path.plans(source, host, flow.port, flow.path, protocol=flow.protocol) for host in flow.hosts]
        )
        flow.remember(self._engine.now)

    def _plan_next(self) -> None:
        if self._next:
            self._engine.cancel(self._next)
            self._next = 0
        moments = [
            at
            for flow in self._flows.values()
            if flow.stopped_us < 0
            for one in flow.mix
            if one.address and (at := self._path.servers.next_change(one.address)) is not None
        ]
        if moments:
            self._next = self._engine.schedule(max(min(moments), 1), self.name, "turn")

    # State

    def dump(self) -> Plain:
        return {
            "flows": [asdict(flow) for flow in self._flows.values()],
            "waiting": self._is_waiting,
            "next": self._next,
            "made": self._made,
        }

    def load(self, state: Plain) -> None:
        self._flows = {flow["id"]: _flow(flow) for flow in state["flows"]}
        self._is_waiting, self._next, self._made = state["waiting"], state["next"], state["made"]


def _flow(state: Plain) -> Flow:
    """A flow of its own from what `asdict` made, whose tables may be somebody else's."""
    fresh: dict[str, Any] = {key: deepcopy(value) for key, value in state.items()}
    fresh["mix"] = [Outcome(**one) for one in fresh["mix"]]
    return Flow(**fresh)


def _mix(by_host: list[list[tuple[float, Trace]]]) -> list[Outcome]:
    """Equal shares for the hosts, and of those for each host's ways by their odds; together one period."""
    found: list[Outcome] = []
    shares: list[float] = []
    for traces in by_host:
        for share, trace in traces:
            shares.append(share / len(by_host))
            error = trace.error or (f"HTTP {trace.status}" if trace.status >= 400 else "")
            found.append(Outcome(trace.backend, error, trace.took_us, trace.endpoint))
    total = sum(shares)
    edge, before = 0.0, 0
    for outcome, share in zip(found, shares, strict=True):
        edge += share / total
        until = round(edge * _PERIOD)
        outcome.size, before = until - before, until
    return found
