"""Says what may be said, in order: replies and frames leave through one queue, many in one trip.

Before a word leaves, the lease is looked at. A host that stood still longer than its lease asks the journal first which
clusters were taken from it meanwhile, and what those wanted to say is dropped.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable

import msgspec

from labs.bus import Bus, BusUnavailable, Directory
from labs.host.resident import Output
from labs.messages import Call, Reply, pack, refusal
from labs.messages import reply as decode_reply

logger = logging.getLogger(__name__)
AT_ONCE = 500
PARKED_MS = 10_000


class Lease:
    """The sign of life of one host: a hint to others, and to itself a reason to look again after standing still."""

    def __init__(self, host: str, directory: Directory, lease_s: float) -> None:
        self._host, self._directory, self.lease_s = host, directory, lease_s
        self._renewed = time.monotonic()

    @property
    def is_over(self) -> bool:
        return time.monotonic() - self._renewed > self.lease_s

    async def renew(self) -> None:
        """While the directory is away the lease runs out, and the journal is asked once a lease instead."""
        try:
            await self._directory.renew(self._host, int(self.lease_s * 1000))
        except BusUnavailable as error:
            logger.warning("host %s: lease not renewed: %s", self._host, error)
        else:
            self._renewed = time.monotonic()

    def confirm(self) -> None:
        """The journal has said which clusters are still ours."""
        self._renewed = time.monotonic()


class Voice:
    """One task a host. `look_again` returns the clusters that were taken over; see the module."""

    def __init__(
        self, host: str, bus: Bus, lease: Lease, *, message_bytes: int, look_again: Callable[[], Awaitable[set[str]]]
    ) -> None:
        self._host, self._bus, self._lease = host, bus, lease
        self._message_bytes, self._look_again = message_bytes, look_again
        self._outgoing: deque[Output] = deque()
        self._wake = asyncio.Event()

    def say(self, outputs: Iterable[Output]) -> None:
        """Queue what is committed."""
        self._outgoing.extend(outputs)
        if self._outgoing:
            self._wake.set()

    def refuse(self, call: Call, status: int, code: str, message: str) -> None:
        """Answer a call that no cluster can answer."""
        if call.reply_to:
            reply = Reply(call.call, call.cluster, self._host, 0, status, refusal(code, message))
            self.say([Output(0, call.cluster, f"reply:{call.reply_to}", pack(reply))])

    async def run(self) -> None:
        """Speak until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._outgoing:
                if self._lease.is_over:
                    taken = await self._look_again()
                    self._outgoing = deque(output for output in self._outgoing if output.cluster not in taken)
                await self._speak([self._outgoing.popleft() for _ in range(min(len(self._outgoing), AT_ONCE))])

    async def _speak(self, outputs: list[Output]) -> None:
        messages = [(output.topic, await self._light(output)) for output in outputs]
        try:
            await self._bus.publish_many(messages)
        except BusUnavailable as error:
            logger.warning("host %s: %d messages lost with the bus: %s", self._host, len(messages), error)

    async def _light(self, output: Output) -> bytes:
        """A large reply is parked; only its name travels as a message."""
        if len(output.message) <= self._message_bytes or not output.topic.startswith("reply:"):
            return output.message
        told = decode_reply.decode(output.message)
        key = f"text:{self._host}:{told.call}"
        try:
            await self._bus.park(key, told.text, PARKED_MS)
        except BusUnavailable as error:
            logger.warning("host %s: a large reply is lost with the bus: %s", self._host, error)
        return pack(msgspec.structs.replace(told, text=b"", parked=key))
