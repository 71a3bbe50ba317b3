"""The three places where a pod without a node waits: active, backing off, unschedulable.

https://kubernetes.io/docs/concepts/scheduling-eviction/scheduler-perf-tuning/ and upstream's scheduling_queue.go:
pods leave the active queue by priority, then by arrival. A pod that failed is unschedulable until something happens
that may help it; if that happens soon after the attempt it backs off first (1 s doubling to 10 s). As of v1.33 backing
off gives way: when no pod is active, the one nearest to its end is taken at once.
"""

from dataclasses import dataclass
from heapq import heappop, heappush

from simulator.engine import Plain
from simulator.machinery.store import Key

_BACKOFF_US = 1_000_000
_MAX_BACKOFF_US = 10_000_000

ACTIVE, BACKING_OFF, UNSCHEDULABLE, IN_FLIGHT = "active", "backoff", "unschedulable", "in-flight"


@dataclass(slots=True)
class Waiting:
    """A pod in the queue."""

    uid: str
    key: Key
    priority: int
    cause: int
    """The `ev` that last put it into the active queue."""
    place: str = ACTIVE
    attempts: int = 0
    tried_at: int = 0
    plugins: tuple[str, ...] = ()
    """Who turned nodes down at the last attempt; only they decide whether a change may help."""
    ticket: int = 0
    """Which entry of a heap is valid: older ones are left behind by moves and skipped."""


class SchedulingQueue:
    def __init__(self) -> None:
        self.pods: dict[str, Waiting] = {}
        """By uid, in order of arrival."""
        self._unschedulable: dict[str, Waiting] = {}
        """Those of them that wait for a change, in order of their last failure."""
        self._in_flight: set[str] = set()
        """Those that are being tried, or held."""
        self._active: list[tuple[int, int, str]] = []
        """(-priority, ticket, uid)"""
        self._backoff: list[tuple[int, int, int, str]] = []
        """(end in whole seconds, -priority, ticket, uid)"""
        self._ticket = 0

    @property
    def is_idle(self) -> bool:
        self._skip_stale()
        return not self._active and not self._backoff

    @property
    def active(self) -> int:
        """How many pods wait to be tried now."""
        return len(self.pods) - len(self._unschedulable) - len(self._in_flight)

    @property
    def waits_for_change(self) -> bool:
        """Whether any pod is unschedulable, so that a change may matter."""
        return bool(self._unschedulable)

    def add(self, pod: Waiting) -> None:
        """A new pod; one already here is made active."""
        known = self.pods.setdefault(pod.uid, pod)
        known.key, known.priority = pod.key, pod.priority
        self._unschedulable.pop(pod.uid, None)
        if known.place != IN_FLIGHT:
            self._activate(known, pod.cause)

    def remove(self, uid: str) -> None:
        self.pods.pop(uid, None)
        self._unschedulable.pop(uid, None)
        self._in_flight.discard(uid)

    def pop(self, now: int) -> Waiting | None:
        """The next pod to try; it stays known as in flight until `fail` or `remove`."""
        self._skip_stale()
        while self._backoff and self._backoff[0][0] * 1_000_000 <= now:
            pod = self.pods[heappop(self._backoff)[3]]
            self._activate(pod, pod.cause)
            self._skip_stale()
        if self._active:
            uid = heappop(self._active)[2]
        elif self._backoff:
            uid = heappop(self._backoff)[3]
        else:
            return None
        pod = self.pods[uid]
        pod.place = IN_FLIGHT
        self._in_flight.add(uid)
        pod.attempts += 1
        return pod

    def fail(self, pod: Waiting, plugins: tuple[str, ...], now: int) -> None:
        """No node fits. The pod waits for a change that concerns one of these plugins."""
        pod.tried_at, pod.plugins, pod.place = now, plugins, UNSCHEDULABLE
        self._unschedulable[pod.uid] = pod
        self._in_flight.discard(pod.uid)

    def wake(self, pod: Waiting, now: int, cause: int) -> None:
        """Something happened that may help the pod."""
        if pod.place != UNSCHEDULABLE:
            return
        del self._unschedulable[pod.uid]
        pod.cause = cause
        if now >= (end := self.backoff_end(pod)):
            self._activate(pod, cause)
            return
        pod.place, pod.ticket = BACKING_OFF, self._next()
        heappush(self._backoff, (-(-end // 1_000_000), -pod.priority, pod.ticket, pod.uid))

    def backoff_end(self, pod: Waiting) -> int:
        return pod.tried_at + min(_BACKOFF_US << min(max(pod.attempts - 1, 0), 8), _MAX_BACKOFF_US)

    def hold(self, pod: Waiting) -> None:
        """Somebody stopped the scheduler before this pod: not tried, and in none of the three places until `let_go`."""
        pod.attempts -= 1

    def let_go(self, uid: str, cause: int) -> None:
        """A held pod is active again, unless it has gone."""
        pod = self.pods.get(uid)
        if pod is not None and pod.place == IN_FLIGHT:
            self._activate(pod, cause)

    def unschedulable(self) -> list[Waiting]:
        """In the order in which they failed last."""
        return list(self._unschedulable.values())

    def clear(self) -> None:
        self.pods.clear()
        self._unschedulable.clear()
        self._in_flight.clear()
        self._active.clear()
        self._backoff.clear()

    def _activate(self, pod: Waiting, cause: int) -> None:
        self._in_flight.discard(pod.uid)
        pod.place, pod.cause, pod.ticket = ACTIVE, cause, self._next()
        heappush(self._active, (-pod.priority, pod.ticket, pod.uid))

    def _next(self) -> int:
        self._ticket += 1
        return self._ticket

    def _skip_stale(self) -> None:
        """Drops entries of pods that have moved on or gone."""
        while self._active and not self._is_at(self._active[0][2], self._active[0][1], ACTIVE):
            heappop(self._active)
        while self._backoff and not self._is_at(self._backoff[0][3], self._backoff[0][2], BACKING_OFF):
            heappop(self._backoff)

    def _is_at(self, uid: str, ticket: int, place: str) -> bool:
        pod = self.pods.get(uid)
        return pod is not None and pod.place == place and pod.ticket == ticket

    # State

    def dump(self) -> Plain:
        return {
            "ticket": self._ticket,
            "unschedulable": list(self._unschedulable),
            "pods": [
                [p.uid, *p.key, p.priority, p.cause, p.place, p.attempts, p.tried_at, list(p.plugins), p.ticket]
                for p in self.pods.values()
            ],
        }

    def load(self, state: Plain) -> None:
        self.clear()
        self._ticket = state["ticket"]
        for uid, namespace, name, priority, cause, place, attempts, tried_at, plugins, ticket in state["pods"]:
            pod = self.pods[uid] = Waiting(
                uid, (namespace, name), priority, cause, place, attempts, tried_at, tuple(plugins), ticket
            )
            if place == ACTIVE:
                heappush(self._active, (-priority, ticket, uid))
            elif place == BACKING_OFF:
                heappush(self._backoff, (-(-self.backoff_end(pod) // 1_000_000), -priority, ticket, uid))
        self._unschedulable = {uid: self.pods[uid] for uid in state["unschedulable"]}
        self._in_flight = {uid for uid, pod in self.pods.items() if pod.place == IN_FLIGHT}
