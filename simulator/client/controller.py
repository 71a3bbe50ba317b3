"""The one shape of every controller: watch → queue a key → reconcile(key).

A subclass says what it watches and how a change maps to keys, and reconciles one key at a time: read the cache,
compute what is wanted, write the difference. Nothing about the change reaches `reconcile`, so it cannot be written
edge-triggered. Raise to be called again with backoff. Before each key stands the gate (`gate.py`), where a learner may stop it.
"""

from collections.abc import Mapping
from typing import ClassVar

from simulator.apiserver.errors import ApiUnavailable, StatusError
from simulator.client import crashes
from simulator.client.client import Client
from simulator.client.gate import About, Held
from simulator.client.process import Process
from simulator.client.routes import Interest
from simulator.client.workqueue import WorkQueue
from simulator.engine import Plain

#: Keys that need no write are worked through in one go up to this many, then the clock gets its turn.
_QUIET_KEYS = 64


class Controller:
    name: ClassVar[str]
    """`replicaset-controller`: the engine component, and the writer's name in the trail."""
    watches: ClassVar[Mapping[str, str]]
    """Resource → name of the method that gets (old, new)."""
    interests: ClassVar[Mapping[str, Interest]] = {}
    """Resource → the changes of it that matter; every change of those not named here."""
    writes: ClassVar[tuple[str, ...]] = ()
    """Every resource it ever writes; `*` is any."""
    subject: ClassVar[str] = ""
    """The resource that its keys name; the first one watched unless said here."""

    def __init__(self, process: Process, client: Client) -> None:
        self.engine = process.engine
        self.cache = process.cache
        self.process = process
        self.client = client
        self.queue = WorkQueue(process.engine, self.name)
        self.synced: tuple[int, str, int] = (0, "", 0)
        """When the last reconcile was, of which key, and how many there were since the cluster began."""
        self._working = False
        process.engine.register(self)
        process.add(self, self.interests)
        process.gate.add(self.name, self)

    def reconcile(self, key: str) -> None:
        """Brings the world one step nearer to what the object named by `key` wants."""
        raise AssertionError(f"{type(self).__name__} must define reconcile")

    def enqueue(self, key: str, after_us: int = 0) -> None:
        if after_us > 0:
            self.queue.add_after(key, after_us)
            return
        self.queue.add(key)
        self._wake()

    def on_start(self) -> None:
        """The process started with a fresh cache; handlers follow with (None, obj) for everything."""

    def on_stop(self) -> None:
        """The process died: forget plans. Subclasses with expectations clear them here too."""
        self.queue.clear()
        self.process.gate.forget(self.name)

    # The gate

    def about(self, key: str) -> About:
        """The object that a key names."""
        rest, _, name = key.rpartition("/")
        return About(self.subject or next(iter(self.watches)), rest.rpartition("/")[2], name)

    def is_held(self, key: str) -> bool:
        """Whether the learner wants to look before this key is acted on."""
        gate = self.process.gate
        return gate.watches and gate.stops(self.name, key, self.about(key), self.engine.cause)

    def go_on(self, held: Held) -> None:
        """What was held goes first, on account of what woke it then."""
        self.queue.put_first(held.key, held.cause)
        self._wake()

    def turned_on(self) -> None:
        self._wake()

    def refresh(self) -> None:
        """After a restore: works out again what follows from the cache, before anybody counts what is read."""

    @property
    def depth(self) -> int:
        """How much waits to be acted on now."""
        return len(self.queue)

    # Events

    def work(self) -> None:
        """Event: reconcile waiting keys until one of them wrote; its API calls keep the worker busy for a while."""
        busy_us = self._work() if self.process.running and not self.process.gate.is_off(self.name) else 0
        self._working = False
        self._wake(busy_us)

    def _work(self) -> int:
        for _ in range(_QUIET_KEYS):
            if not len(self.queue):
                return 0
            key, self.engine.cause = self.queue.take()
            if self.is_held(key):
                continue
            calls = self.client.writes
            self._reconcile(key)
            if (written := self.client.writes - calls) > 0:
                return self.client.latency(written)
            if self.process.gate.took_pass():
                return 0
        return 0

    def delayed(self, key: str) -> None:
        """Event: a key added for later is due."""
        if self.process.running:
            self.queue.arrive(key)
            self._wake()

    def _reconcile(self, key: str) -> None:
        self.synced = (self.engine.now, key, self.synced[2] + 1)
        try:
            self.reconcile(key)
        except (StatusError, ApiUnavailable):
            self.queue.retry(key)
        except Exception as error:
            if crashes.are_raised:
                raise
            crashes.note(self.engine, self.name, key, error)
            self.queue.retry(key)
        else:
            self.queue.forget(key)

    def _wake(self, after_us: int = 0) -> None:
        if not self._working and len(self.queue) and not self.process.gate.is_off(self.name):
            self._working = True
            self.engine.schedule(after_us, self.name, "work")

    # State

    def dump(self) -> Plain:
        return {
            "queue": self.queue.dump(),
            "working": self._working,
            "synced": list(self.synced),
            "private": self.dump_private(),
        }

    def load(self, state: Plain) -> None:
        self.queue.load(state["queue"])
        self._working = state["working"]
        at, key, count = state["synced"]
        self.synced = (at, key, count)
        self.load_private(state["private"])

    def dump_private(self) -> Plain:
        """Expectations and the like; None when the controller remembers nothing but its queue."""
        return None

    def load_private(self, state: Plain) -> None:
        """Takes back what `dump_private` returned."""
