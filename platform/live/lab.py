"""The socket of a lab page. docs/architecture.md, section 2, is its contract.

A page joins the stream first, then asks for the picture, then gets what happened since: nothing can fall between.
"""

import asyncio
import contextlib
import logging
import secrets
from typing import Any

from channels.db import database_sync_to_async
from django.conf import settings
from django.utils.module_loading import import_string

from accounts.models import User
from foundation.errors import ApplicationError
from labs.models import Cluster
from labs.permissions import Access, clock_held, cluster_for_reading
from labs.router import Router, current_router
from live import sockets
from live.follow import Follower
from live.hub import Hub, Shown, current_hub
from live.lesson import LessonWatch
from live.sockets import BadMessage, PageSocket
from live.stream import Next, Stream, backlog_text, snapshot_texts

logger = logging.getLogger(__name__)
FASTEST_HZ = 50.0
HOPELESS = frozenset({409, 500})
"""What a cluster answers that cannot be brought to life."""
HOPELESS_PAUSE_S = 2.0


class LabConsumer(PageSocket):
    """`/ws/labs/<cluster>/`: one page looking at one cluster, its owner's or a watcher's."""

    cluster: Cluster
    access: Access
    router: Router
    hub: Hub

    async def opened(self) -> None:
        self.stream = Stream()
        self.hz = FASTEST_HZ
        self.followers: dict[str, Follower] = {}
        self.lesson: LessonWatch | None = None
        self.watchers: dict[str, str] = {}
        self.pump: asyncio.Task[None] | None = None
        self.syncing: asyncio.Task[None] | None = None
        self.wake = asyncio.Event()
        self.problem = ""
        user: User = self.scope["user"]
        try:
            found = await database_sync_to_async(cluster_for_reading)(
                user, self.scope["url_route"]["kwargs"]["cluster"]
            )
        except ApplicationError:
            await self.refuse()
            return
        self.cluster, self.access = found
        self.name = str(self.cluster.pk)
        group = await database_sync_to_async(import_string(settings.DRYDOCK_CLASS_OF))(self.cluster.pk)
        self.class_topic = f"n:class:{group}" if group else ""
        self.is_held = bool(group and self.access.write and await database_sync_to_async(clock_held)(self.cluster.pk))
        self.router, self.hub = await current_router(), await current_hub()
        await self.accept()

    async def closed(self) -> None:
        if not hasattr(self, "hub"):
            return
        for follower in self.followers.values():
            await follower.close()
        if self.lesson is not None:
            await self.lesson.close()
        for task in (self.pump, self.syncing):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        await self.hub.leave(f"v:{self.name}", self.on_frame)
        await self.hub.leave(f"n:{self.name}", self.on_notice)
        if self.class_topic:
            await self.hub.leave(self.class_topic, self.on_class_notice)
        await self._announce(False)

    # What the page says

    async def on_hello(self, message: dict[str, Any]) -> None:
        """Join everything, then bring the page up to date."""
        if self.pump is not None:
            raise BadMessage("hello: found a second one, wanted one a connection")
        self.pump = asyncio.create_task(self._pump(), name=f"pump of {self.name}")
        await self.hub.join(f"n:{self.name}", self.on_notice)
        await self.hub.join(f"v:{self.name}", self.on_frame)
        if self.access.write and self.class_topic:
            await self.hub.join(self.class_topic, self.on_class_notice)
        await self._announce(True)
        if self.cluster.lesson and self.access.write:
            self.lesson = LessonWatch(
                user=self.scope["user"],
                cluster=self.name,
                lesson=self.cluster.lesson,
                router=self.router,
                tell=self.say,
            )
        self._resync(sockets.integer_or_none(message, "gen"), sockets.integer_or_none(message, "ev"), hello=True)

    async def on_resync(self, message: dict[str, Any]) -> None:
        self._resync(sockets.integer_or_none(message, "gen"), sockets.integer_or_none(message, "ev"))

    async def on_ack(self, message: dict[str, Any]) -> None:
        if self.stream.acked(sockets.integer_or_none(message, "ev") or 0) is Next.RESYNC:
            self._catch_up()

    async def on_rate(self, message: dict[str, Any]) -> None:
        hz = message.get("hz")
        if isinstance(hz, bool) or not isinstance(hz, int | float) or not hz > 0:
            raise BadMessage(f"hz: found {hz!r}, wanted a number above 0")
        self.hz = min(float(hz), FASTEST_HZ)

    async def on_lesson(self, message: dict[str, Any]) -> None:
        step = sockets.text(message, "step", 100)
        if self.lesson is not None:
            self.lesson.show(step)

    async def on_follow(self, message: dict[str, Any]) -> None:
        name, token = sockets.text(message, "id", 64), message.get("token")
        if not isinstance(token, dict) or len(self.followers) >= 8:
            raise BadMessage("follow: wanted a token, and at most 8 followed commands at once")
        if name not in self.followers:
            self.followers[name] = Follower(name, token, cluster=self.name, router=self.router, tell=self.say)

    async def on_unfollow(self, message: dict[str, Any]) -> None:
        follower = self.followers.pop(sockets.text(message, "id", 64), None)
        if follower is not None:
            await follower.close()

    # What the bus says

    def on_frame(self, shown: Shown | None) -> None:
        """A frame of the cluster, or None when some were missed."""
        answer = self.stream.take(shown)
        if answer is Next.RESYNC:
            self._catch_up()
        elif answer is Next.SEND:
            self.wake.set()

    def on_notice(self, notice: dict[str, Any]) -> None:
        """A hint, the state of a help request, a goodbye, or who watches."""
        kind = notice.get("t")
        if kind in ("hint", "help", "brought", "held", "present"):
            self._later(self.say(notice))
        elif kind == "bye":
            self._later(self._dismissed(notice))
        elif kind == "watching":
            self._later(self._watching(notice))
        elif kind == "who" and not self.access.write:
            self._later(self._announce(True))

    def on_class_notice(self, notice: dict[str, Any]) -> None:
        """A wall calls the roll; or another page of the same learner closed, and this one is still here."""
        kind = notice.get("t")
        left = kind == "here" and notice.get("lab") == self.name and not notice.get("connected")
        if kind == "roll" or left:
            self._later(self._here(True))

    # Inside

    def _later(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks = {each for each in getattr(self, "_tasks", set()) if not each.done()} | {task}

    def _catch_up(self) -> None:
        """Bring the page up to date from what was sent to it."""
        if self._is_settled():
            self.stream.begin_sync()
            self._begin_sync(self.stream.gen, self.stream.ev)

    def _resync(self, gen: int | None, ev: int | None, *, hello: bool = False) -> None:
        """Bring the page up to date from what it says it has."""
        if self._is_settled():
            self.stream.begin_sync()
            self._begin_sync(gen, ev, hello=hello)

    def _is_settled(self) -> bool:
        return self.syncing is None or self.syncing.done()

    def _begin_sync(self, gen: int | None, ev: int | None, *, hello: bool = False) -> None:
        self.syncing = asyncio.create_task(self._bring_up_to_date(gen, ev, hello=hello), name=f"sync of {self.name}")

    async def _bring_up_to_date(self, gen: int | None, ev: int | None, *, hello: bool = False) -> None:
        """Ask the owner for what the page lacks, and send it. Until then live frames are held."""
        while True:
            told = await self.router.call(self.name, "view", {"gen": gen, "ev": ev})
            if told.is_ok:
                break
            if told.status == 404:
                await self._dismissed({"t": "bye", "reason": "deleted"})
                return
            if told.status in HOPELESS:
                await self._say_problem(told.json()["error"])
            await asyncio.sleep(HOPELESS_PAUSE_S if told.status in HOPELESS else 0.5)
        self.problem = ""
        view = told.json()
        if hello and self.is_held and not view["clock"]["paused"]:  # who comes late finds the class paused
            await self.router.call(self.name, "clock", {"op": "pause"}, rid=secrets.token_hex(8))
        if hello:
            await self._say_hello(view)
        await self._say_view(view, known=gen)
        if self.stream.synced(view["gen"], view["ev"], view["clock"]["at"]) is Next.RESYNC:
            self.syncing = None
            self._resync(view["gen"], view["ev"])
        self.wake.set()
        if self.lesson is not None:
            self.lesson.changed()

    async def _say_problem(self, error: dict[str, Any]) -> None:
        """Once: the cluster cannot be shown. A reset is met at the next try."""
        if error["message"] != self.problem:
            self.problem = error["message"]
            await self.say({"t": "problem", "code": error["code"], "message": self.problem})

    async def _say_hello(self, view: dict[str, Any]) -> None:
        user: User = self.scope["user"]
        me = {"id": str(user.pk), "name": user.name, "role": self.access.role}
        watchers = sorted(self.watchers.values())
        head = {"gen": view["gen"], "ev": view["ev"], "clock": view["clock"]}
        await self.say({"t": "hello", **head, "me": me, "watchers": watchers})

    async def _say_view(self, view: dict[str, Any], *, known: int | None) -> None:
        if "items" in view:
            texts = [backlog_text(view)] if view["since"] < view["ev"] else []
        else:
            if known is not None and known != view["gen"]:
                await self.say({"t": "reset", "gen": view["gen"]})
            texts = [*snapshot_texts(view)]
        self.stream.gen, self.stream.ev = view["gen"], view["ev"]
        for text in texts:
            await self._send(text)
        await self.say({"t": "clock", "clock": view["clock"]})

    async def _send(self, text: str) -> None:
        self.stream.sent(len(text))
        await self.send(text_data=text)

    async def _pump(self) -> None:
        """Send what waits, at most `hz` times a second."""
        while True:
            await self.wake.wait()
            self.wake.clear()
            for text in self.stream.texts():
                await self._send(text)
            if self.lesson is not None and not self.stream.is_syncing:
                self.lesson.changed()
            for name in [name for name, follower in self.followers.items() if follower.is_done]:
                await self.followers.pop(name).close()
            await asyncio.sleep(1 / self.hz)

    async def _announce(self, on: bool) -> None:
        """A watcher tells the owner's pages; an owner's page asks who is there, and tells the class it is here."""
        user: User = self.scope["user"]
        if self.access.write:
            if on:
                await self.hub.tell(f"n:{self.name}", {"t": "who"})
            await self._here(on)
        else:
            key = f"{user.pk}/{self.channel_name or id(self)}"
            await self.hub.tell(f"n:{self.name}", {"t": "watching", "id": key, "name": user.name, "on": on})

    async def _here(self, on: bool) -> None:
        if self.class_topic:
            await self.hub.tell(self.class_topic, {"t": "here", "lab": self.name, "connected": on})

    async def _watching(self, notice: dict[str, Any]) -> None:
        before = sorted(set(self.watchers.values()))
        if notice["on"]:
            self.watchers[notice["id"]] = notice["name"]
        else:
            self.watchers.pop(notice["id"], None)
        names = sorted(set(self.watchers.values()))
        if names != before:
            await self.say({"t": "watchers", "names": names})

    async def _dismissed(self, notice: dict[str, Any]) -> None:
        """The class or the presentation is over, or the cluster is gone: watchers leave, owners only in the last case."""
        if notice.get("reason") in ("class-closed", "presentation-over") and self.access.write:
            return
        await self.say({"t": "bye", "reason": notice.get("reason", "")})
        with contextlib.suppress(RuntimeError):  # the page may be gone already
            await self.close()
