"""The socket of a class wall: every learner's card, live, for the instructor. docs/architecture.md, section 2.4.

The database knows the learners, their steps and requests; the hosts know the clusters; the learners' pages know that
they are open. All three arrive as changes to cards and leave together, at most ten times a second.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable
from typing import Any, cast

import msgspec
from channels.db import database_sync_to_async
from django.conf import settings
from django.utils.module_loading import import_string

from accounts.models import User
from foundation.errors import ApplicationError
from labs.bus import BusUnavailable
from labs.messages import CardFrame
from labs.router import Router, current_router
from labs.selectors import cards_of, clusters_of
from live import sockets
from live.hub import Hub, current_hub
from live.sockets import BadMessage, PageSocket

logger = logging.getLogger(__name__)
FLUSH_S = 0.1
ROLL_S = 10.0
ANSWER_S = 2.0
"""So long learners' pages have to answer the roll call."""
STUCK_LOOK_S = 1.0
PLACE = ("stepSince", "finished", "stuck")
"""What decides whether somebody is stuck."""


class WallConsumer(PageSocket):
    """`/ws/wall/<class>/`: the instructor's page."""

    router: Router
    hub: Hub

    async def opened(self) -> None:
        self.group = str(self.scope["url_route"]["kwargs"]["group"])
        self.members: dict[str, str] = {}
        self.connected: dict[str, bool] = {}
        self.seen: set[str] = set()
        self.pending: dict[str, dict[str, Any]] = {}
        self.wake = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []
        self.viewed: dict[str, Callable[[CardFrame], None]] = {}
        self.is_stale = False
        self.class_state: dict[str, Any] | None = None
        self.places: dict[str, dict[str, Any]] = {}
        user: User = self.scope["user"]
        if not await self._seam(settings.DRYDOCK_CAN_TEACH, user, self.group):
            await self.refuse()
            return
        self.router, self.hub = await current_router(), await current_hub()
        await self.accept()
        await self.hub.join(f"n:class:{self.group}", self.on_class_notice)
        cards = await self._cards()
        await self.say(
            {"t": "wall", "class": await self._seam(settings.DRYDOCK_WALL_CLASS, self.group), "cards": cards}
        )
        self.tasks = [
            asyncio.create_task(self._flush_forever(), name=f"wall of {self.group}"),
            asyncio.create_task(self._roll_forever(), name=f"roll of {self.group}"),
            asyncio.create_task(self._notice_stuck_forever(), name=f"stuck of {self.group}"),
        ]

    async def closed(self) -> None:
        if not hasattr(self, "hub"):
            return
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.hub.leave(f"n:class:{self.group}", self.on_class_notice)
        await self._look_at([])

    # What the page says

    async def on_view(self, message: dict[str, Any]) -> None:
        ids = message.get("ids")
        if not isinstance(ids, list) or len(ids) > 500:
            raise BadMessage("ids: wanted a list of at most 500 cards")
        await self._look_at([str(each) for each in ids])

    async def on_hint(self, message: dict[str, Any]) -> None:
        await self._do(settings.DRYDOCK_HINT_SEND, sockets.text(message, "id", 64), sockets.text(message, "text"))

    async def on_answered(self, message: dict[str, Any]) -> None:
        await self._do(settings.DRYDOCK_HELP_ANSWER, sockets.text(message, "id", 64))

    async def on_points(self, message: dict[str, Any]) -> None:
        """Which steps there is a way to. Finding out plays the lesson's solution once, in a thread of its own."""
        find = database_sync_to_async(import_string(settings.DRYDOCK_CLASS_POINTS), thread_sensitive=False)
        await self.say({"t": "points", "steps": await find(self.scope["user"], self.group)})

    async def on_own(self, message: dict[str, Any]) -> None:
        """The instructor's own clusters, which may be presented."""
        own = await database_sync_to_async(lambda user: [*clusters_of(user=user)])(self.scope["user"])
        await self.say({"t": "own", "clusters": [{"id": str(each.pk), "name": each.name} for each in own]})

    async def on_pause(self, message: dict[str, Any]) -> None:
        on = message.get("on")
        if not isinstance(on, bool):
            raise BadMessage(f"on: found {on!r}, wanted true or false")
        clusters = await self._do(settings.DRYDOCK_CLASS_PAUSE, self.group, on)
        turn = {"op": "pause" if on else "resume"}
        turned = [
            self.router.call(cluster, "clock", turn, rid=secrets.token_hex(8), actor=self.person)
            for cluster in clusters or ()
        ]
        missed = [told for told in await asyncio.gather(*turned) if not told.is_ok]
        if missed:
            await self.say({"t": "said", "text": f"{len(missed)} of {len(turned)} clusters did not answer."})

    async def on_bring(self, message: dict[str, Any]) -> None:
        member = message.get("id")
        if member is not None and not isinstance(member, str):
            raise BadMessage(f"id: found {member!r}, wanted a card or null")
        step = sockets.text(message, "step", 40)
        count = await self._do(settings.DRYDOCK_CLASS_BRING, self.group, step, member)
        if count is not None:
            await self.say({"t": "said", "text": f"{count} {'learner is' if count == 1 else 'learners are'} there."})

    async def on_present(self, message: dict[str, Any]) -> None:
        cluster = None if message.get("cluster") is None else sockets.text(message, "cluster", 64)
        await self._do(settings.DRYDOCK_CLASS_PRESENT, self.group, cluster)

    async def _do(self, service: str, *arguments: Any) -> Any:
        """What the class's service answers; a refusal is told to the page, and nothing is answered."""
        try:
            return await self._seam(service, self.scope["user"], *arguments)
        except ApplicationError as refused:
            await self.say({"t": "problem", "code": refused.code, "message": refused.message})
            return None

    # What the bus says

    def on_class_notice(self, notice: dict[str, Any]) -> None:
        """Somebody joined, a card changed, or a learner's page says that it is open."""
        kind = notice.get("t")
        if kind == "cards":
            self.is_stale = True
            self.wake.set()
        elif kind == "card":
            self._change(notice["card"]["id"], notice["card"])
        elif kind == "class":
            self.class_state = notice["class"]
            self.wake.set()
        elif kind == "here":
            self._place(notice["lab"], bool(notice["connected"]))

    def _on_card(self, card: CardFrame) -> None:
        for member in [member for member, lab in self.members.items() if lab == card.cluster]:
            self._change(member, msgspec.json.decode(card.text))

    # Inside

    async def _seam(self, name: str, *arguments: Any) -> Any:
        return await database_sync_to_async(import_string(name))(*arguments)

    async def _cards(self) -> list[dict[str, Any]]:
        """All cards: what the class knows, the last picture of each cluster, and who is connected."""
        cards = cast(list[dict[str, Any]], await self._seam(settings.DRYDOCK_WALL_CARDS, self.group))
        self.members = {card["id"]: card["lab"] for card in cards if card["lab"]}
        self.places = {card["id"]: {key: card[key] for key in PLACE} for card in cards}
        pictures = await database_sync_to_async(cards_of)(self.members.values())
        return [
            {**card, **pictures.get(card["lab"], {}), "connected": self.connected.get(card["id"], False)}
            for card in cards
        ]

    def _change(self, member: str, fields: dict[str, Any]) -> None:
        if member in self.places:
            self.places[member].update({key: fields[key] for key in PLACE if key in fields})
        self.pending.setdefault(member, {"id": member}).update(fields)
        self.wake.set()

    def _place(self, lab: str, connected: bool) -> None:
        for member in [member for member, own in self.members.items() if own == lab]:
            if connected:
                self.seen.add(member)
            if self.connected.get(member, False) != connected:
                self.connected[member] = connected
                self._change(member, {"connected": connected})

    async def _look_at(self, members: list[str]) -> None:
        """Keep the cards in view live, and only those."""
        wanted = {self.members[member] for member in members if member in self.members}
        for lab in sorted(set(self.viewed) - wanted):
            await self.hub.leave(f"s:{lab}", self.viewed.pop(lab))
        fresh = sorted(wanted - set(self.viewed))
        for lab in fresh:
            self.viewed[lab] = self._on_card
            await self.hub.join(f"s:{lab}", self._on_card)
        try:
            await self.router.touch([], fresh)
        except BusUnavailable:
            logger.warning("wall of %s: the bus is away, cards follow", self.group)

    async def _flush_forever(self) -> None:
        while True:
            await self.wake.wait()
            self.wake.clear()
            if self.is_stale:
                self.is_stale = False
                for card in await self._cards():
                    self.pending[card["id"]] = card
            if self.class_state is not None:
                state, self.class_state = self.class_state, None
                await self.say({"t": "class", "class": state})
            pending, self.pending = self.pending, {}
            if pending:
                await self.say({"t": "cards", "cards": [*pending.values()]})
            await asyncio.sleep(FLUSH_S)

    async def _notice_stuck_forever(self) -> None:
        """Nothing is said about who does nothing: they become stuck as time passes."""
        is_stuck = import_string(settings.DRYDOCK_IS_STUCK)
        while True:
            await asyncio.sleep(STUCK_LOOK_S)
            for member, place in self.places.items():
                if not place["stuck"] and is_stuck(place):
                    self._change(member, {"stuck": True})

    async def _roll_forever(self) -> None:
        """Who does not answer the roll call is gone: a page may close, or its server die, without a word."""
        while True:
            self.seen.clear()
            await self.hub.tell(f"n:class:{self.group}", {"t": "roll"})
            await asyncio.sleep(ANSWER_S)
            for member in [member for member, on in self.connected.items() if on and member not in self.seen]:
                self._place(self.members.get(member, ""), False)
            await asyncio.sleep(ROLL_S)
