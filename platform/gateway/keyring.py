"""Which keys open which clusters, as one web process knows it.

Promises: what a key opens is remembered for a second, so that a client's many requests do not each ask the database. A key that is revoked
opens nothing as soon as the notice of it is heard, which also ends the streams it holds; without that notice (the bus is away), or when it
expires, it ends with the memory: after `REMEMBERED_S` at the latest.
"""

import asyncio
import time
from collections import OrderedDict
from typing import Any
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async

from foundation.waiting import is_set_within
from gateway.selectors import key_person
from gateway.services import REVOKED
from live.hub import Hub

REMEMBERED_S = 1.0
REMEMBERED = 10_000


class Keyring:
    """One an event loop: see `current_keyring`."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], tuple[float, str | None]] = OrderedDict()
        self._notices: dict[str, asyncio.Event] = {}
        self._is_listening = False

    async def listen(self, hub: Hub) -> None:
        """Hear of revocations from now on."""
        if not self._is_listening:
            self._is_listening = True
            await hub.join(REVOKED, self._hear)

    async def person(self, cluster: str, key: str) -> str | None:
        """Whom a key speaks for; None for one that opens nothing."""
        known = self._known.get((cluster, key))
        if known is not None and known[0] > time.monotonic():
            return known[1]
        found: str | None = await database_sync_to_async(key_person)(cluster=cluster, key=key)
        self._known[cluster, key] = (time.monotonic() + REMEMBERED_S, found)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return found

    async def closed(self, cluster: str, key: str) -> None:
        """Returns when the key no longer opens anything."""
        while await self.person(cluster, key) is not None:
            await is_set_within(self._notices.setdefault(cluster, asyncio.Event()), REMEMBERED_S)

    def _hear(self, notice: Any) -> None:
        cluster = str(notice.get("cluster"))
        for known in [known for known in self._known if known[0] == cluster]:
            del self._known[known]
        if (event := self._notices.pop(cluster, None)) is not None:
            event.set()


_keyrings: "WeakKeyDictionary[asyncio.AbstractEventLoop, Keyring]" = WeakKeyDictionary()


async def current_keyring(hub: Hub) -> Keyring:
    """The keyring of the running event loop."""
    keyring = _keyrings.setdefault(asyncio.get_running_loop(), Keyring())
    await keyring.listen(hub)
    return keyring
