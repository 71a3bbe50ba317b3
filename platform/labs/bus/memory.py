"""Bus and directory of the embedded mode: one process, several event loops in several threads.

Handlers run on the loop that subscribed them, in the order of publishing. `publish_now` serves code that has no
event loop (views, services). Everything is guarded by one lock that is never held while a handler runs.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from labs.bus.ports import Handler, Owner


@dataclass
class Switchboard:
    """What the buses and directories of one process share."""

    lock: Lock = field(default_factory=Lock)
    topics: dict[str, list[tuple["MemoryBus", Handler]]] = field(default_factory=dict)
    queues: dict[str, deque[bytes]] = field(default_factory=dict)
    poppers: dict[str, deque[tuple[asyncio.AbstractEventLoop, asyncio.Future[bytes | None]]]] = field(
        default_factory=dict
    )
    parked: dict[str, tuple[float, bytes]] = field(default_factory=dict)
    owners: dict[str, Owner] = field(default_factory=dict)
    leases: dict[str, float] = field(default_factory=dict)

    def publish_now(self, topic: str, message: bytes) -> int:
        """Hand `message` to every subscriber, from any thread."""
        with self.lock:
            listeners = [*self.topics.get(topic, ())]
        return sum(bus.deliver(handler, message) for bus, handler in listeners)

    def push_now(self, queue: str, message: bytes) -> None:
        """Append to `queue`, from any thread."""
        with self.lock:
            waiting = self.poppers.get(queue)
            while waiting:
                loop, future = waiting.popleft()
                if not loop.is_closed():
                    loop.call_soon_threadsafe(self._hand_over, queue, future, message)
                    return
            self.queues.setdefault(queue, deque()).append(message)

    def _hand_over(self, queue: str, future: "asyncio.Future[bytes | None]", message: bytes) -> None:
        if future.done():  # gave up waiting in the same moment: somebody else shall have it
            self.push_now(queue, message)
        else:
            future.set_result(message)


class MemoryBus:
    """A `Bus` for one event loop on the process's switchboard."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._loop = asyncio.get_running_loop()
        self._own: dict[str, Handler] = {}

    def deliver(self, handler: Handler, message: bytes) -> bool:
        """Run `handler` on this bus's loop; False when that loop is gone."""
        try:
            self._loop.call_soon_threadsafe(handler, message)
        except RuntimeError:  # the loop closed between the look and the call
            return False
        return True

    async def publish(self, topic: str, message: bytes) -> int:
        return self._board.publish_now(topic, message)

    async def publish_many(self, messages: list[tuple[str, bytes]]) -> None:
        for topic, message in messages:
            self._board.publish_now(topic, message)

    async def subscribe(self, topic: str, handler: Handler) -> None:
        await self.unsubscribe(topic)
        self._own[topic] = handler
        with self._board.lock:
            self._board.topics.setdefault(topic, []).append((self, handler))

    async def unsubscribe(self, topic: str) -> None:
        if self._own.pop(topic, None) is None:
            return
        with self._board.lock:
            left = [entry for entry in self._board.topics[topic] if entry[0] is not self]
            if left:
                self._board.topics[topic] = left
            else:
                del self._board.topics[topic]

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        """Nothing is ever missed in memory, so `callback` never runs."""

    async def listeners(self, topic: str) -> int:
        with self._board.lock:
            return len(self._board.topics.get(topic, ()))

    async def push(self, queue: str, message: bytes) -> None:
        self._board.push_now(queue, message)

    async def pop(self, queue: str, timeout_s: float) -> bytes | None:
        future: asyncio.Future[bytes | None] = self._loop.create_future()
        with self._board.lock:
            items = self._board.queues.get(queue)
            if items:
                return items.popleft()
            self._board.poppers.setdefault(queue, deque()).append((self._loop, future))
        timer = self._loop.call_later(timeout_s, _give_up, future)
        try:
            return await future
        finally:
            timer.cancel()

    async def park(self, key: str, text: bytes, ttl_ms: int) -> None:
        now = time.monotonic()
        with self._board.lock:
            for stale in [name for name, (end, _) in self._board.parked.items() if end < now]:
                del self._board.parked[stale]
            self._board.parked[key] = (now + ttl_ms / 1000, text)

    async def collect(self, key: str) -> bytes | None:
        with self._board.lock:
            end, text = self._board.parked.get(key, (0.0, b""))
        return text if end >= time.monotonic() else None

    async def close(self) -> None:
        for topic in [*self._own]:
            await self.unsubscribe(topic)


def _give_up(future: "asyncio.Future[bytes | None]") -> None:
    if not future.done():
        future.set_result(None)


class MemoryDirectory:
    """A `Directory` on the process's switchboard."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board

    async def owner(self, cluster: str) -> Owner | None:
        with self._board.lock:
            return self._board.owners.get(cluster)

    async def claim(self, cluster: str, owner: Owner) -> None:
        with self._board.lock:
            known = self._board.owners.get(cluster)
            if known is None or known.epoch <= owner.epoch:
                self._board.owners[cluster] = owner

    async def release(self, cluster: str, owner: Owner) -> None:
        with self._board.lock:
            if self._board.owners.get(cluster) == owner:
                del self._board.owners[cluster]

    async def renew(self, host: str, ttl_ms: int) -> None:
        with self._board.lock:
            self._board.leases[host] = time.monotonic() + ttl_ms / 1000

    async def resign(self, host: str) -> None:
        with self._board.lock:
            self._board.leases.pop(host, None)

    async def alive(self, host: str) -> bool:
        with self._board.lock:
            return self._board.leases.get(host, 0.0) > time.monotonic()

    async def close(self) -> None:
        """Nothing to close."""
