"""Fans what hosts say out to the pages of this process: one subscription a topic, however many pages listen.

Promises: what is published after `join` returned is heard; frames of a fenced owner are dropped; when the bus lost its
connection every listener of a diagram is told (`None`), because something was missed. While a page listens to a
cluster, its owner is touched every two seconds, which also wakes a cluster whose owner died.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import msgspec

from labs.bus import Bus, BusUnavailable
from labs.messages import CardFrame, Frame, card_frame
from labs.messages import frame as decode_frame
from labs.router import Router, current_router

logger = logging.getLogger(__name__)
TOUCH_S = 2.0
Listener = Callable[[Any], None]


class Shown:
    """A frame with the JSON text that all pages share."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame

    @cached_property
    def delta(self) -> str:
        frame = self.frame
        return delta_text(frame.gen, frame.since, frame.upto, frame.at, frame.items)


def delta_text(gen: int, since: int, upto: int, at: int, items: bytes) -> str:
    """The wire's `delta`; `items` is the inside of a JSON array."""
    head = f'{{"t":"delta","gen":{gen},"from":{since},"to":{upto},"at":{at},"items":['
    return head + items.decode() + "]}"


@dataclass
class _Topic:
    listeners: list[Listener] = field(default_factory=list)
    subscribed: asyncio.Lock = field(default_factory=asyncio.Lock)
    is_on: bool = False


class Hub:
    """One an event loop: see `current_hub`."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._bus: Bus = router.bus
        self._topics: dict[str, _Topic] = {}
        self._toucher: asyncio.Task[None] | None = None
        self._bus.on_reconnect(self._missed)

    async def join(self, topic: str, listener: Listener) -> None:
        """Hear `topic`: `Shown` or None on `v:…`, `CardFrame` on `s:…`, a dict on `n:…`."""
        self._start_touching()
        entry = self._topics.setdefault(topic, _Topic())
        entry.listeners.append(listener)
        async with entry.subscribed:
            if not entry.is_on:
                await self._bus.subscribe(topic, lambda message: self._hear(topic, message))
                entry.is_on = True

    async def leave(self, topic: str, listener: Listener) -> None:
        """Stop hearing `topic`; the last one out ends the subscription."""
        entry = self._topics.get(topic)
        if entry is None or listener not in entry.listeners:
            return
        entry.listeners.remove(listener)
        async with entry.subscribed:
            if not entry.listeners and self._topics.get(topic) is entry:
                del self._topics[topic]
                await self._bus.unsubscribe(topic)

    async def tell(self, topic: str, payload: dict[str, Any]) -> None:
        """Publish a notice (`n:…`) to every process."""
        try:
            await self._bus.publish(topic, msgspec.json.encode(payload))
        except BusUnavailable:
            logger.warning("a notice on %s is lost with the bus", topic)

    def _start_touching(self) -> None:
        if self._toucher is None or self._toucher.done():
            self._toucher = asyncio.create_task(self._touch_forever(), name="hub touch")

    async def _touch_forever(self) -> None:
        while self._topics:
            try:
                await self._router.touch(self._open("v:"), self._open("s:"))
            except BusUnavailable:
                logger.warning("open clusters could not be touched: the bus is away")
            await asyncio.sleep(TOUCH_S)
        self._toucher = None

    def _open(self, prefix: str) -> list[str]:
        return [topic[len(prefix) :] for topic in self._topics if topic.startswith(prefix)]

    def _hear(self, topic: str, message: bytes) -> None:
        entry = self._topics.get(topic)
        told = self._decode(topic, message) if entry is not None else None
        if entry is None or told is None:
            return
        for listener in [*entry.listeners]:
            listener(told)

    def _decode(self, topic: str, message: bytes) -> Shown | CardFrame | dict[str, Any] | None:
        try:
            if topic.startswith("v:"):
                frame = decode_frame.decode(message)
                return Shown(frame) if self._router.note(topic[2:], "", frame.epoch) else None
            if topic.startswith("s:"):
                card = card_frame.decode(message)
                return card if self._router.note(card.cluster, "", card.epoch) else None
            return msgspec.json.decode(message, type=dict[str, Any])
        except msgspec.DecodeError as error:
            logger.warning("unreadable message on %s: %s", topic, error)
            return None

    def _missed(self) -> None:
        for topic, entry in self._topics.items():
            if topic.startswith("v:"):
                for listener in [*entry.listeners]:
                    listener(None)


_hubs: "WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = WeakKeyDictionary()


async def current_hub() -> Hub:
    """The hub of the running event loop."""
    loop = asyncio.get_running_loop()
    router = await current_router()
    if loop not in _hubs:
        _hubs[loop] = Hub(router)
    return _hubs[loop]
