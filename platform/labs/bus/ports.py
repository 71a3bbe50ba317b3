"""The two interfaces every process speaks through. See `labs.bus` for the promise they share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


class BusUnavailable(Exception):
    """The bus or the directory did not answer; what was said may or may not have been heard."""


Handler = Callable[[bytes], None]


class Bus(Protocol):
    """Messages to whoever listens now. Nothing is kept, except a list's items until popped and a parked text's life.

    Every method raises `BusUnavailable` and nothing else.
    """

    async def publish(self, topic: str, message: bytes) -> int:
        """Hand `message` to every subscriber; how many there were. 0 means: nobody heard it."""

    async def publish_many(self, messages: list[tuple[str, bytes]]) -> None:
        """Hand over several messages in order, in one trip."""

    async def subscribe(self, topic: str, handler: Handler) -> None:
        """Returns once the subscription is confirmed: what is published afterwards is heard. One handler a topic."""

    async def unsubscribe(self, topic: str) -> None: ...

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        """`callback` runs whenever messages may have been missed."""

    async def listeners(self, topic: str) -> int:
        """How many processes would hear a message now."""

    async def push(self, queue: str, message: bytes) -> None:
        """Append to a list that any process may pop from."""

    async def pop(self, queue: str, timeout_s: float) -> bytes | None:
        """Take the oldest item, waiting up to `timeout_s`."""

    async def park(self, key: str, text: bytes, ttl_ms: int) -> None:
        """Keep a large text for `ttl_ms`, out of the way of the messages."""

    async def collect(self, key: str) -> bytes | None:
        """The parked text, or None when its time is over."""

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Owner:
    """The host that owns a cluster, and the epoch it owns it under."""

    host: str
    epoch: int


class Directory(Protocol):
    """Who owns which cluster (a routing cache) and which hosts live (leases). Raises only `BusUnavailable`."""

    async def owner(self, cluster: str) -> Owner | None: ...

    async def claim(self, cluster: str, owner: Owner) -> None:
        """Note the owner; an entry with a higher epoch stays."""

    async def release(self, cluster: str, owner: Owner) -> None:
        """Remove the entry if it still says `owner`."""

    async def renew(self, host: str, ttl_ms: int) -> None:
        """The host lives for another `ttl_ms`."""

    async def resign(self, host: str) -> None:
        """The host is gone, on purpose."""

    async def alive(self, host: str) -> bool: ...

    async def close(self) -> None: ...
