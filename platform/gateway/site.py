"""The API of every learner's cluster at `/k/<cluster>/<key>/…`: any web process can serve any cluster.

The key in the path is the credential, because kubectl sends none over plain HTTP; behind TLS it travels encrypted. A key
that is revoked or has expired opens nothing more, and its streams end (`keyring.py`). An unknown cluster, a wrong key and an
expired one look the same from outside. `/~name` behind the key is another cluster of the same lab.
"""

import asyncio
import re
import secrets
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from gateway.backend import Moves
from gateway.command_backend import CommandBackend
from gateway.errors import Unreachable
from gateway.front import Front, is_follow, is_watch, refused, send_response
from gateway.keyring import current_keyring
from gateway.phrases import name_all_statuses
from gateway.requests import Receive, Scope, Send
from gateway.sockets import serve_socket
from gateway.watch_cache import WatchCache
from labs.router import Router, Told, current_router
from live.hub import Hub, current_hub
from simulator.apiserver.authorization.tokens import unauthorized
from simulator.apiserver.errors import path_not_found, too_many_requests

name_all_statuses()
ROOT = "/k/"
PATIENCE_S = 5.0
"""A question that finds the cluster busy is asked again for this long; a command is left to the client."""
_PATH = re.compile(
    r"/k/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/([A-Za-z0-9_-]{32})(?:/~([a-z0-9.-]{1,63}))?(/.*)?"
)
_KEY_ENDED = 4401


@dataclass(frozen=True, slots=True)
class Place:
    """Which API server is meant: that of a lab's first cluster, or of one that its terminal has made (`member`)."""

    lab: str
    member: str = ""


class SiteBackend(CommandBackend):
    """One connection's way to a cluster's owner, wherever that is. `close` it at the end."""

    def __init__(self, place: Place, *, router: Router, hub: Hub, actor: str) -> None:
        self.place, self.router, self.hub = place, router, hub
        self._actor = actor
        self._moves = Moves()
        self._is_listening = False

    async def ask(self, command: dict[str, Any], *, is_read: bool) -> dict[str, Any]:
        if self.place.member:
            command = {**command, "cluster": self.place.member}
        if not is_read:
            rid = secrets.token_hex(8)
            return _reply(await self.router.call(self.place.lab, "command", command, rid=rid, actor=self._actor))
        end = time.monotonic() + PATIENCE_S
        while True:
            told = await self.router.call(self.place.lab, "query", command)
            if told.status != 429 or time.monotonic() > end:
                return _reply(told)
            await asyncio.sleep(float(told.json()["error"].get("retry_after", 0.2)))

    @property
    def moves(self) -> int:
        return self._moves.count

    async def changed(self, since: int, timeout_s: float) -> None:
        if not self._is_listening:  # what happened before is found by looking once more
            self._is_listening = True
            await self.hub.join(f"v:{self.place.lab}", self._hear)
            self._moves.tell()
            return
        await self._moves.after(since, timeout_s)

    def _hear(self, frame: object) -> None:
        self._moves.tell()

    async def close(self) -> None:
        if self._is_listening:
            await self.hub.leave(f"v:{self.place.lab}", self._hear)


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
        if error.get("thing") == "cluster":
            raise path_not_found()
        return {"error": error}
    raise Unreachable(str(error.get("message", "")))


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application below `/k/`."""
    found = _PATH.fullmatch(scope["path"])
    router, hub = await current_router(), await current_hub()
    keyring = await current_keyring(hub)
    person = await keyring.person(found[1], found[2]) if found else None
    if found is None or person is None:
        await _turn_away(scope, receive, send)
        return
    place = Place(found[1], found[3] or "")
    serving = _serve(scope, receive, send, SiteBackend(place, router=router, hub=hub, actor=person), found[4] or "/")
    if scope["type"] == "websocket" or is_watch(scope) or is_follow(scope, scope["path"]):
        await _while_open(serving, keyring.closed(found[1], found[2]), scope, send)
    else:
        await serving


async def _serve(scope: Scope, receive: Receive, send: Send, backend: "SiteBackend", path: str) -> None:
    try:
        if scope["type"] == "websocket":
            await serve_socket(scope, receive, send, backend, path)
        elif is_watch(scope):
            async with _shared_watches(backend) as watches:
                await Front(backend, watches)(scope, receive, send, path)
        else:
            await Front(backend)(scope, receive, send, path)
    finally:
        await backend.close()


async def _while_open(
    serving: Coroutine[Any, Any, None], closed: Coroutine[Any, Any, None], scope: Scope, send: Send
) -> None:
    """A stream ends when its key does: as if the connection had broken, and coming back is refused."""
    tasks = [asyncio.create_task(serving), asyncio.create_task(closed)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        is_served = tasks[0].done()
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    if is_served and isinstance(ends[0], Exception):
        raise ends[0]
    if not is_served and scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": _KEY_ENDED})
    elif not is_served:
        await send({"type": "http.response.body", "body": b""})


@dataclass(slots=True)
class _Shared:
    watches: WatchCache
    backend: SiteBackend
    users: int = 0


_shared: dict[tuple[Hub, Place], _Shared] = {}


@asynccontextmanager
async def _shared_watches(one: SiteBackend) -> AsyncIterator[WatchCache]:
    """One cache a cluster, while somebody watches it here. Reading is nobody's act, so it asks for nobody."""
    known = (one.hub, one.place)
    shared = _shared.get(known)
    if shared is None:
        backend = SiteBackend(one.place, router=one.router, hub=one.hub, actor="")
        shared = _shared[known] = _Shared(WatchCache(backend), backend)
    shared.users += 1
    try:
        yield shared.watches
    finally:
        shared.users -= 1
        if not shared.users:
            del _shared[known]
            await shared.backend.close()


async def _turn_away(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await serve_socket(scope, receive, send, None, "")
        return
    await send_response(send, refused(unauthorized()))
