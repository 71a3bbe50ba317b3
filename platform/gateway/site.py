"""The API of every learner's cluster at `/k/<cluster>/<key>/…`: any web process can serve any cluster.

The key in the path is the credential, because kubectl sends none over plain HTTP; behind TLS it travels encrypted. What a
key opens is remembered for a few seconds, so a revoked one stops working after that at the latest. An unknown cluster,
a wrong key and an expired one look the same from outside.
"""

import asyncio
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from channels.db import database_sync_to_async

from gateway.backend import Moves
from gateway.command_backend import CommandBackend
from gateway.errors import Unreachable
from gateway.front import Front, is_watch, refused, send_response
from gateway.phrases import name_all_statuses
from gateway.requests import Receive, Scope, Send
from gateway.selectors import key_person
from gateway.sockets import serve_socket
from gateway.watch_cache import WatchCache
from labs.router import Router, Told, current_router
from live.hub import Hub, current_hub
from simulator.apiserver.errors import StatusError, too_many_requests

name_all_statuses()
ROOT = "/k/"
REMEMBERED_S = 5.0
REMEMBERED = 10_000
PATIENCE_S = 5.0
"""A question that finds the cluster busy is asked again for this long; a command is left to the client."""
_PATH = re.compile(r"/k/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/([A-Za-z0-9_-]{32})(/.*)?")
_remembered: "OrderedDict[tuple[str, str], tuple[float, str | None]]" = OrderedDict()


class SiteBackend(CommandBackend):
    """One connection's way to a cluster's owner, wherever that is. `close` it at the end."""

    def __init__(self, cluster: str, *, router: Router, hub: Hub, actor: str) -> None:
        self._cluster, self._router, self._hub, self._actor = cluster, router, hub, actor
        self._moves = Moves()
        self._is_listening = False

    async def ask(self, command: dict[str, Any], *, is_read: bool) -> dict[str, Any]:
        if not is_read:
            rid = secrets.token_hex(8)
            return _reply(await self._router.call(self._cluster, "command", command, rid=rid, actor=self._actor))
        end = time.monotonic() + PATIENCE_S
        while True:
            told = await self._router.call(self._cluster, "query", command)
            if told.status != 429 or time.monotonic() > end:
                return _reply(told)
            await asyncio.sleep(float(told.json()["error"].get("retry_after", 0.2)))

    @property
    def moves(self) -> int:
        return self._moves.count

    async def changed(self, since: int, timeout_s: float) -> None:
        if not self._is_listening:  # what happened before is found by looking once more
            self._is_listening = True
            await self._hub.join(f"v:{self._cluster}", self._hear)
            self._moves.tell()
            return
        await self._moves.after(since, timeout_s)

    def _hear(self, frame: object) -> None:
        self._moves.tell()

    async def close(self) -> None:
        if self._is_listening:
            await self._hub.leave(f"v:{self._cluster}", self._hear)


def _reply(told: Told) -> dict[str, Any]:
    """Raises Unreachable, and StatusError when the cluster is asked too much."""
    answer = told.json()
    if told.is_ok:
        reply: dict[str, Any] = answer["reply"]
        return reply
    error = answer["error"]
    if told.status == 429:
        raise too_many_requests(str(error["message"]), retry_after_s=1)
    if told.status == 400:
        return {"error": error}
    raise Unreachable(str(error.get("message", "")))


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application below `/k/`."""
    found = _PATH.fullmatch(scope["path"])
    cluster, key, path = (found[1], found[2], found[3] or "/") if found else ("", "", "/")
    person = await _person(cluster, key) if found else None
    if person is None:
        await _turn_away(scope, receive, send)
        return
    router, hub = await current_router(), await current_hub()
    backend = SiteBackend(cluster, router=router, hub=hub, actor=person)
    try:
        if scope["type"] == "websocket":
            await serve_socket(scope, receive, send, backend, path)
        elif is_watch(scope):
            async with _shared_watches(cluster, router, hub) as watches:
                await Front(backend, watches)(scope, receive, send, path)
        else:
            await Front(backend)(scope, receive, send, path)
    finally:
        await backend.close()


@dataclass(slots=True)
class _Shared:
    watches: WatchCache
    backend: SiteBackend
    users: int = 0


_shared: dict[tuple[Hub, str], _Shared] = {}


@asynccontextmanager
async def _shared_watches(cluster: str, router: Router, hub: Hub) -> AsyncIterator[WatchCache]:
    """One cache a cluster, while somebody watches it here. Reading is nobody's act, so it asks for nobody."""
    shared = _shared.get((hub, cluster))
    if shared is None:
        backend = SiteBackend(cluster, router=router, hub=hub, actor="")
        shared = _shared[hub, cluster] = _Shared(WatchCache(backend), backend)
    shared.users += 1
    try:
        yield shared.watches
    finally:
        shared.users -= 1
        if not shared.users:
            del _shared[hub, cluster]
            await shared.backend.close()


async def _turn_away(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await serve_socket(scope, receive, send, None, "")
        return
    await send_response(send, refused(StatusError(401, "Unauthorized", "Unauthorized")))


async def _person(cluster: str, key: str) -> str | None:
    known = _remembered.get((cluster, key))
    if known is not None and known[0] > time.monotonic():
        return known[1]
    person: str | None = await database_sync_to_async(key_person)(cluster=cluster, key=key)
    _remembered[cluster, key] = (time.monotonic() + REMEMBERED_S, person)
    if len(_remembered) > REMEMBERED:
        _remembered.popitem(last=False)
    return person
