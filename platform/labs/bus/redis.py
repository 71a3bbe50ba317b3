"""Bus and directory of the scaled mode, on Redis 7 or Valkey. Nothing durable: Redis may lose every key.

One connection listens for the whole process; a topic is confirmed before `subscribe` returns. When the
connection comes back after a loss, every topic is subscribed again and the reconnect callbacks run, because
messages in between were missed.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import RedisError

from labs.bus.ports import BusUnavailable, Handler, Owner

logger = logging.getLogger(__name__)
_RECONNECT_PAUSE_S = 0.05
_GATHER_S = 0.01
"""Topics confirmed again within this are one return of the bus."""
_CONFIRM_S = 5.0


def connect(url: str) -> Redis:
    """A client that tries again for about two seconds, ten times a second, before a call fails."""
    return Redis.from_url(url, retry=Retry(ExponentialBackoff(cap=0.1, base=0.02), 22))


@contextmanager
def _answering() -> Iterator[None]:
    """What redis-py and the network throw, in our own word."""
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise BusUnavailable(str(error)) from error


class RedisBus:
    """A `Bus` on Redis pub/sub and lists. Start it inside the event loop that will use it."""

    def __init__(self, url: str) -> None:
        self._redis = connect(url)
        self._pubsub = self._redis.pubsub()
        self._handlers: dict[bytes, Handler] = {}
        self._confirmed: dict[bytes, asyncio.Event] = {}
        self._listening = asyncio.Event()
        self._callbacks: list[Callable[[], None]] = []
        self._returning: asyncio.TimerHandle | None = None
        self._listener = asyncio.create_task(self._listen(), name="redis bus")

    async def publish(self, topic: str, message: bytes) -> int:
        with _answering():
            return int(await self._redis.publish(topic, message))

    async def publish_many(self, messages: list[tuple[str, bytes]]) -> None:
        pipeline = self._redis.pipeline(transaction=False)
        for topic, message in messages:
            pipeline.publish(topic, message)
        with _answering():
            await pipeline.execute()

    async def subscribe(self, topic: str, handler: Handler) -> None:
        name = topic.encode()
        self._handlers[name] = handler
        confirmed = self._confirmed[name] = asyncio.Event()
        try:
            await self._pubsub.subscribe(topic)
        except (RedisError, OSError):
            logger.warning("subscribing %s waits for the connection", topic)
        self._listening.set()
        with _answering():
            async with asyncio.timeout(_CONFIRM_S):
                await confirmed.wait()

    async def unsubscribe(self, topic: str) -> None:
        self._handlers.pop(topic.encode(), None)
        self._confirmed.pop(topic.encode(), None)
        try:
            await self._pubsub.unsubscribe(topic)
        except (RedisError, OSError):
            logger.debug("unsubscribing %s without a connection", topic)

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)

    async def listeners(self, topic: str) -> int:
        with _answering():
            counts = await self._redis.pubsub_numsub(topic)
        return int(counts[0][1])

    async def push(self, queue: str, message: bytes) -> None:
        with _answering():
            await self._redis.rpush(queue, message)

    async def pop(self, queue: str, timeout_s: float) -> bytes | None:
        with _answering():
            item = await cast(Awaitable[Any], self._redis.blpop([queue], timeout=timeout_s))
        return None if item is None else cast(bytes, item[1])

    async def park(self, key: str, text: bytes, ttl_ms: int) -> None:
        with _answering():
            await self._redis.set(key, text, px=ttl_ms)

    async def collect(self, key: str) -> bytes | None:
        with _answering():
            return cast("bytes | None", await self._redis.get(key))

    async def close(self) -> None:
        self._listener.cancel()
        if self._returning is not None:
            self._returning.cancel()
        await asyncio.gather(self._listener, return_exceptions=True)
        await self._pubsub.aclose()  # type: ignore[no-untyped-call]
        await self._redis.aclose()

    async def _listen(self) -> None:
        await self._listening.wait()  # without a subscription there is no connection to read from
        while True:
            try:
                message = await self._pubsub.get_message(ignore_subscribe_messages=False, timeout=30.0)
            except (RedisError, OSError) as error:
                logger.warning("the bus lost its connection: %s", error)
                await asyncio.sleep(_RECONNECT_PAUSE_S)
                await self._restore()
                continue
            if message is not None:
                self._take(message)
            elif not self._handlers:
                await asyncio.sleep(_RECONNECT_PAUSE_S)

    def _take(self, message: dict[str, Any]) -> None:
        topic = message["channel"]
        if message["type"] == "subscribe":
            self._confirm(topic)
        elif message["type"] == "message" and topic in self._handlers:
            self._handlers[topic](message["data"])

    def _confirm(self, topic: bytes) -> None:
        confirmed = self._confirmed.get(topic)
        if confirmed is None:
            return
        if not confirmed.is_set():
            confirmed.set()
            return
        if self._returning is None:  # confirmed twice: the connection was new, so something was missed
            self._returning = asyncio.get_running_loop().call_later(_GATHER_S, self._returned)

    def _returned(self) -> None:
        self._returning = None
        for callback in self._callbacks:
            callback()

    async def _restore(self) -> None:
        """redis-py subscribes again by itself when it reconnects; topics asked for while it was away need us."""
        if not self._handlers:
            return
        try:
            await self._pubsub.subscribe(*self._handlers)
        except (RedisError, OSError):
            logger.debug("the bus is still away")


_CLAIM = """
local known = redis.call('HGET', KEYS[1], 'epoch')
if not known or tonumber(known) <= tonumber(ARGV[2]) then
  redis.call('HSET', KEYS[1], 'host', ARGV[1], 'epoch', ARGV[2])
  redis.call('EXPIRE', KEYS[1], 86400)
end
"""
_RELEASE = """
if redis.call('HGET', KEYS[1], 'host') == ARGV[1] and redis.call('HGET', KEYS[1], 'epoch') == ARGV[2] then
  redis.call('DEL', KEYS[1])
end
"""


class RedisDirectory:
    """A `Directory` in Redis hashes `own:{cluster}` and keys `host:{id}`."""

    def __init__(self, url: str) -> None:
        self._redis = connect(url)
        self._claim = self._redis.register_script(_CLAIM)
        self._release = self._redis.register_script(_RELEASE)

    async def owner(self, cluster: str) -> Owner | None:
        with _answering():
            found = await cast(Awaitable[list[bytes | None]], self._redis.hmget(f"own:{cluster}", ["host", "epoch"]))
        host, epoch = found
        return None if host is None or epoch is None else Owner(host.decode(), int(epoch))

    async def claim(self, cluster: str, owner: Owner) -> None:
        with _answering():
            await self._claim(keys=[f"own:{cluster}"], args=[owner.host, owner.epoch])

    async def release(self, cluster: str, owner: Owner) -> None:
        with _answering():
            await self._release(keys=[f"own:{cluster}"], args=[owner.host, owner.epoch])

    async def renew(self, host: str, ttl_ms: int) -> None:
        with _answering():
            await self._redis.set(f"host:{host}", b"1", px=ttl_ms)

    async def resign(self, host: str) -> None:
        with _answering():
            await self._redis.delete(f"host:{host}")

    async def alive(self, host: str) -> bool:
        with _answering():
            return bool(await self._redis.exists(f"host:{host}"))

    async def close(self) -> None:
        await self._redis.aclose()
