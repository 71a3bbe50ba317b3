"""The web side of a call: finds a cluster's owner, asks, and asks again until there is an answer or the deadline passes.

Promises: a command sent twice takes effect once (the owner knows its `rid`); an answer from a fenced owner is dropped;
without an answer in time the caller gets 503, and the same `rid` may be used again. One router an event loop.
"""

import asyncio
import contextlib
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import msgspec

from labs.bus import Bus, BusUnavailable, Directory, open_bus, open_directory
from labs.messages import Ask, Call, Reply, Touch, pack, refusal
from labs.messages import reply as decode_reply

logger = logging.getLogger(__name__)

DEADLINE_S = 10.0
LOOK_S = 0.1
"""No answer after this: is the owner still there?"""
AGAIN_S = 1.0
"""No answer after this: ask whoever is there."""
ROUTES_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Told:
    """An answer: HTTP status and JSON text."""

    status: int
    text: bytes
    epoch: int = 0

    @property
    def is_ok(self) -> bool:
        return self.status == 200

    def json(self) -> Any:
        return msgspec.json.decode(self.text)


@dataclass(slots=True)
class _Question:
    call: Call
    future: "asyncio.Future[Reply]"
    asked: str = ""
    """The host it was sent to; empty: to whoever adopts."""
    nudge: asyncio.Event = field(default_factory=asyncio.Event)


class Router:
    """See the module. `start` it before the first call."""

    def __init__(self, bus: Bus, directory: Directory) -> None:
        self.bus = bus
        self.web = secrets.token_hex(6)
        self._directory = directory
        self._questions: dict[str, _Question] = {}
        self._routes: dict[str, str] = {}
        self._epochs: OrderedDict[str, int] = OrderedDict()

    async def start(self) -> None:
        await self.bus.subscribe(f"reply:{self.web}", self._hear)
        self.bus.on_reconnect(self._ask_all_again)

    async def close(self) -> None:
        await self.bus.close()
        await self._directory.close()

    async def call(
        self,
        cluster: str,
        ask: Ask,
        body: dict[str, Any],
        *,
        rid: str = "",
        actor: str = "",
        deadline_s: float = DEADLINE_S,
    ) -> Told:
        """Ask `cluster`'s owner; 503 when nobody answered in time."""
        call = Call(
            call=secrets.token_hex(8), cluster=cluster, ask=ask, reply_to=self.web, deadline=time.time() + deadline_s,
            rid=rid, actor=actor, body=body,
        )  # fmt: skip
        question = _Question(call, asyncio.get_running_loop().create_future())
        self._questions[call.call] = question
        try:
            async with asyncio.timeout(deadline_s):
                return await self._text(await self._ask_until_answered(question))
        except (TimeoutError, BusUnavailable):
            message = "The cluster did not answer in time. The same request may be sent again."
            return Told(503, refusal("Unavailable", message, retry_after=1))
        finally:
            del self._questions[call.call]

    async def touch(self, views: Iterable[str], cards: Iterable[str]) -> None:
        """Tell the owners what is still open here. A viewed cluster without a living owner is woken."""
        hosts: dict[str, tuple[list[str], list[str]]] = {}
        for kind, clusters in enumerate((views, cards)):
            for cluster in clusters:
                host = await self._owner(cluster)
                if host:
                    hosts.setdefault(host, ([], []))[kind].append(cluster)
                elif kind == 0:
                    await self._wake(cluster)
        for host, (viewed, carded) in hosts.items():
            heard = await self.bus.publish(f"inbox:{host}", pack(Touch(self.web, viewed, carded)))
            if not heard:
                for cluster in (*viewed, *carded):
                    self._routes.pop(cluster, None)
                for cluster in viewed:
                    await self._wake(cluster)

    def note(self, cluster: str, host: str, epoch: int) -> bool:
        """Learn an owner and its epoch (`host` may be unknown); False when it is an older one than we know."""
        known = self._epochs.get(cluster, 0)
        if epoch < known:
            return False
        if epoch > known:
            self._routes.pop(cluster, None)
            self._epochs[cluster] = epoch
            if len(self._epochs) > ROUTES_KEPT:
                self._routes.pop(self._epochs.popitem(last=False)[0], None)
        if host:
            self._routes[cluster] = host
        return True

    async def _ask_until_answered(self, question: _Question) -> Reply:
        await self._ask(question)
        begin = last = time.monotonic()
        while True:
            done, _ = await asyncio.wait({question.future}, timeout=LOOK_S)
            if done:
                return question.future.result()
            now = time.monotonic()
            if now - last > AGAIN_S:
                self._routes.pop(question.call.cluster, None)
                await self._ask_anybody(question)
                last = now
            elif (question.nudge.is_set() and now - begin > LOOK_S) or await self._is_gone(question.asked):
                question.nudge.clear()
                self._routes.pop(question.call.cluster, None)
                await self._ask_anybody(question)
                last = now

    async def _ask(self, question: _Question) -> None:
        host = await self._owner(question.call.cluster)
        with contextlib.suppress(BusUnavailable):  # looked at again in a moment
            if host and await self.bus.publish(f"inbox:{host}", pack(question.call)):
                question.asked = host
                return
        await self._ask_anybody(question)

    async def _ask_anybody(self, question: _Question) -> None:
        question.asked = ""
        try:
            await self.bus.push("adopt", pack(question.call))
        except BusUnavailable:
            question.nudge.set()

    async def _is_gone(self, host: str) -> bool:
        if not host:
            return False
        try:
            return await self.bus.listeners(f"inbox:{host}") == 0
        except BusUnavailable:
            return False

    async def _owner(self, cluster: str) -> str:
        if cluster in self._routes:
            return self._routes[cluster]
        try:
            owner = await self._directory.owner(cluster)
        except BusUnavailable:
            return ""
        return owner.host if owner is not None else ""

    async def _wake(self, cluster: str) -> None:
        call = Call(call="", cluster=cluster, ask="wake", reply_to="", deadline=time.time() + DEADLINE_S)
        await self.bus.push("adopt", pack(call))

    def _hear(self, message: bytes) -> None:
        told = decode_reply.decode(message)
        if told.epoch and not self.note(told.cluster, told.host, told.epoch):
            return
        question = self._questions.get(told.call)
        if question is not None and not question.future.done():
            question.future.set_result(told)

    async def _text(self, told: Reply) -> Told:
        if not told.parked:
            return Told(told.status, told.text, told.epoch)
        text = await self.bus.collect(told.parked)
        if text is None:
            raise TimeoutError(f"the answer {told.parked} was no longer there")
        return Told(told.status, text, told.epoch)

    def _ask_all_again(self) -> None:
        """The bus was away: answers may be lost."""
        for question in self._questions.values():
            question.nudge.set()


_routers: "WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Task[Router]]" = WeakKeyDictionary()


async def current_router() -> Router:
    """The router of the running event loop, started at first use."""
    loop = asyncio.get_running_loop()
    starting = _routers.get(loop)
    if starting is None or (starting.done() and starting.exception() is not None):
        starting = _routers[loop] = loop.create_task(_start())
    return await asyncio.shield(starting)


async def _start() -> Router:
    router = Router(open_bus(), open_directory())
    await router.start()
    return router
