"""Streams the output of a followed command (`kubectl logs -f`, `kubectl get -w`) to one page by asking again.

The simulator answers a `follow` query with what is new and a token for the next question, so nothing is kept here but
that token, and a reconnecting page simply follows again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from labs.router import Router

POLL_S = 0.25
WORTH_ASKING_AGAIN = frozenset({429, 503})
ABSENT: dict[str, Any] = {"stdout": "", "exit": None, "then": None, "clear": False}


class Follower:
    """One followed command; `is_done` once the command has ended."""

    def __init__(
        self,
        name: str,
        token: dict[str, Any],
        *,
        cluster: str,
        router: Router,
        tell: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        self._name, self._token = name, token
        self._cluster, self._router, self._tell = cluster, router, tell
        self._task = asyncio.create_task(self._run(), name=f"follow {name} on {cluster}")

    @property
    def is_done(self) -> bool:
        return self._task.done()

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            told = await self._router.call(self._cluster, "query", {"kind": "follow", "token": self._token})
            if told.status not in WORTH_ASKING_AGAIN and not told.is_ok:
                error = told.json()["error"]
                await self._say({"stdout": f"{error.get('message', '')}\n", "exit": 1}, done=True)
                return
            if told.is_ok and await self._passed_on(told.json()["reply"]):
                return
            await asyncio.sleep(POLL_S)

    async def _passed_on(self, reply: dict[str, Any]) -> bool:
        """Send what is new; True when the command has ended."""
        self._token = reply.get("token") or self._token
        done = bool(reply.get("done"))
        if reply.get("stdout") or reply.get("clear") or done:
            await self._say(reply, done=done)
        return done

    async def _say(self, reply: dict[str, Any], *, done: bool) -> None:
        shown = {name: reply.get(name, absent) for name, absent in ABSENT.items()}
        await self._tell({"t": "follow", "id": self._name, "done": done, **shown})
