"""What all watchers of a cluster share: nothing is lost, nothing comes twice, and who lags costs no more than the bound."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import pytest

from gateway import watch_cache
from gateway.errors import Unreachable
from gateway.standalone import LocalBackend
from gateway.watch_cache import WatchCache, _next_bookmark
from simulator import Cluster
from simulator.apiserver.errors import StatusError, etcd_timeout, too_many_requests
from simulator.apiserver.request import Request, Response

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


class Counted(LocalBackend):
    """A cluster that counts how often it is asked for events."""

    def __init__(self) -> None:
        super().__init__(Cluster.create(), speed=0)
        self.questions = 0
        self.is_away = False
        self.refusals: list[StatusError] = []
        """What the next questions are refused with."""

    async def handle(self, request: Request) -> Response:
        if self.is_away:
            raise Unreachable("away")
        if self.refusals:
            error = self.refusals.pop(0)
            return Response(error.code, error.status())
        self.questions += request.query.get("watch") == "true"
        return await super().handle(request)

    async def write(self, name: str, **data: str) -> str:
        body = {"metadata": {"name": name}, "data": data}
        response = await self.handle(
            Request("POST", CONFIG_MAPS, headers={"content-type": "application/json"}, body=body)
        )
        assert response.status == 201, response.body
        return str(response.body["metadata"]["resourceVersion"])


class Watching:
    """A client that reads when told to."""

    def __init__(self, cache: WatchCache, **query: str) -> None:
        request = Request("GET", CONFIG_MAPS, query={"watch": "true", **query})
        self._parts: AsyncGenerator[bytes | Response, None] = cache.watched(request)
        self._text = b""

    async def event(self) -> tuple[str, str]:
        """(type, name) of the next event, or (ERROR, message)."""
        while b"\n" not in self._text:
            part = await asyncio.wait_for(anext(self._parts), 5)
            assert isinstance(part, bytes)
            self._text += part
        line, _, self._text = self._text.partition(b"\n")
        event: Any = msgspec.json.decode(line)
        if event["type"] == "ERROR":
            return "ERROR", event["object"]["message"]
        return event["type"], event["object"]["metadata"].get("name", "")

    async def events(self, count: int) -> list[str]:
        return [(await self.event())[1] for _ in range(count)]

    async def open(self) -> None:
        """Waits for the first, empty part that opens the stream."""
        assert await anext(self._parts) == b""

    async def close(self) -> None:
        await self._parts.aclose()


@pytest.fixture
async def backend() -> Counted:
    return Counted()


@pytest.fixture
async def watches(backend: Counted) -> AsyncIterator[WatchCache]:
    yield WatchCache(backend)
    left = [task for task in asyncio.all_tasks() if task.get_name().startswith("watch ") and not task.done()]
    await asyncio.sleep(0.01)
    assert all(task.done() for task in left), "somebody still asks for events that nobody reads"


async def _now(backend: Counted) -> str:
    response = await backend.handle(Request("GET", CONFIG_MAPS))
    return str(response.body["metadata"]["resourceVersion"])


async def _opened(watches: WatchCache, count: int, **query: str) -> list[Watching]:
    clients = [Watching(watches, **query) for _ in range(count)]
    for client in clients:
        await client.open()
    return clients


async def test_fifty_watchers_are_one_question(backend: Counted, watches: WatchCache) -> None:
    clients = await _opened(watches, 50, resourceVersion=await _now(backend))
    waiting = [asyncio.create_task(client.events(3)) for client in clients]
    await asyncio.sleep(0)
    backend.questions = 0
    for name in ("a", "b", "c"):
        await backend.write(name)
    assert await asyncio.gather(*waiting) == [["a", "b", "c"]] * 50
    assert backend.questions <= 3
    for client in clients:
        await client.close()


async def test_who_comes_later_gets_what_is_after_his_revision_and_no_more(
    backend: Counted, watches: WatchCache
) -> None:
    start = await _now(backend)
    early, late = Watching(watches, resourceVersion=start), Watching(watches, resourceVersion=start)
    await early.open()
    first = asyncio.create_task(early.event())
    await asyncio.sleep(0)
    await backend.write("a")
    assert await first == ("ADDED", "a")
    assert await late.event() == ("ADDED", "a")
    nexts = [asyncio.create_task(client.events(2)) for client in (early, late)]
    await asyncio.sleep(0)
    await backend.write("b")
    await asyncio.sleep(0.01)
    await backend.write("c")
    assert await asyncio.gather(*nexts) == [["b", "c"]] * 2
    await early.close()
    await late.close()


async def test_other_selectors_and_other_people_have_windows_of_their_own(
    backend: Counted, watches: WatchCache
) -> None:
    start = await _now(backend)
    every, some = (
        Watching(watches, resourceVersion=start),
        Watching(watches, resourceVersion=start, labelSelector="a=b"),
    )
    for client in (every, some):
        await client.open()
    waiting = asyncio.create_task(every.event())
    none = asyncio.create_task(some.event())
    await asyncio.sleep(0)
    await backend.write("a")
    assert await waiting == ("ADDED", "a")
    await asyncio.sleep(0.05)
    assert not none.done()
    none.cancel()
    await asyncio.gather(none, return_exceptions=True)
    await every.close()
    await some.close()


async def test_who_lags_too_far_is_told_410_while_others_go_on(
    backend: Counted, watches: WatchCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_cache, "KEPT_BYTES", 200_000)
    start = await _now(backend)
    quick, slow = await _opened(watches, 2, resourceVersion=start)
    greatest = 0
    for number in range(30):
        heard = asyncio.create_task(quick.event())
        if number == 0:
            first = asyncio.create_task(slow.event())
        await asyncio.sleep(0)
        await backend.write(f"c{number:02}", filler="x" * 50_000)
        assert await heard == ("ADDED", f"c{number:02}")
        greatest = max(greatest, watches.kept_bytes)
    assert await first == ("ADDED", "c00")
    assert greatest <= 200_000
    kind, message = await slow.event()
    assert (kind, message.startswith("too old resource version: ")) == ("ERROR", True)
    with pytest.raises(StopAsyncIteration):
        await slow.event()
    await quick.close()
    assert watches.kept_bytes == 0


async def test_a_window_keeps_nothing_that_all_have_taken(backend: Counted, watches: WatchCache) -> None:
    clients = await _opened(watches, 3, resourceVersion=await _now(backend))
    for name in ("a", "b"):
        waiting = [asyncio.create_task(client.event()) for client in clients]
        await asyncio.sleep(0)
        await backend.write(name)
        await asyncio.gather(*waiting)
    assert watches.kept_bytes == 0
    for client in clients:
        await client.close()


async def test_a_long_answer_comes_in_parts(backend: Counted, watches: WatchCache) -> None:
    for number in range(10):
        await backend.write(f"c{number}", filler="x" * 30_000)
    parts = watches.watched(Request("GET", CONFIG_MAPS, query={"watch": "true"}))
    first, second = await anext(parts), await anext(parts)
    assert isinstance(first, bytes)
    assert isinstance(second, bytes)
    assert 60_000 < len(first) < 100_000
    await parts.aclose()


async def test_a_cluster_that_cannot_be_asked_ends_the_watch(backend: Counted, watches: WatchCache) -> None:
    (client,) = await _opened(watches, 1, resourceVersion=await _now(backend))
    waiting = asyncio.create_task(client.event())
    await asyncio.sleep(0)
    backend.is_away = True
    backend._moves.tell()
    with pytest.raises(Unreachable):
        await waiting
    backend.is_away = False
    (again,) = await _opened(watches, 1, resourceVersion=await _now(backend))
    await again.close()


async def test_a_cluster_that_is_asked_too_much_makes_a_watch_wait(
    backend: Counted, watches: WatchCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asyncio, "sleep", _no_time(asyncio.sleep))
    clients = await _opened(watches, 2, resourceVersion=await _now(backend))
    waiting = [asyncio.create_task(client.event()) for client in clients]
    await asyncio.sleep(0)
    await backend.write("a")
    backend.refusals = [too_many_requests("Too many queries", retry_after_s=1) for _ in range(3)]
    assert await asyncio.gather(*waiting) == [("ADDED", "a")] * 2
    assert not backend.refusals
    for client in clients:
        await client.close()


async def test_one_who_has_begun_to_read_waits_too_until_he_has_caught_up(
    backend: Counted, watches: WatchCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others are further by then, so that he has to ask a second time."""
    monkeypatch.setattr(asyncio, "sleep", _no_time(asyncio.sleep))
    start = await _now(backend)
    await backend.write("a")
    (quick,) = await _opened(watches, 1, resourceVersion=await _now(backend))
    late = Watching(watches, resourceVersion=start)
    assert await late.event() == ("ADDED", "a")
    heard = asyncio.create_task(quick.event())
    await asyncio.sleep(0)
    await backend.write("b")
    assert await heard == ("ADDED", "b")
    backend.refusals = [too_many_requests("Too many queries", retry_after_s=1)]
    assert await late.event() == ("ADDED", "b")
    assert not backend.refusals
    await quick.close()
    await late.close()


def _no_time(sleep: Callable[[float], Awaitable[None]]) -> Callable[[float], Awaitable[None]]:
    async def at_once(seconds: float) -> None:
        await sleep(min(seconds, 0.01))

    return at_once


async def test_what_the_cluster_refuses_later_reaches_all_who_watch(backend: Counted, watches: WatchCache) -> None:
    clients = await _opened(watches, 2, resourceVersion=await _now(backend))
    waiting = [asyncio.create_task(client.event()) for client in clients]
    await asyncio.sleep(0)
    backend.refusals = [etcd_timeout()]
    backend._moves.tell()
    assert await asyncio.gather(*waiting) == [("ERROR", "etcdserver: request timed out")] * 2


async def test_a_watch_ends_when_its_time_is_over(backend: Counted, watches: WatchCache) -> None:
    start = await _now(backend)
    client = Watching(watches, resourceVersion=start, timeoutSeconds="1")
    await client.open()
    with pytest.raises(StopAsyncIteration):
        await client.event()


async def test_a_revision_that_is_no_longer_known_is_told_and_ends_the_watch(
    backend: Counted, watches: WatchCache
) -> None:
    backend._cluster.registry.store.compacted = 10
    client = Watching(watches, resourceVersion="1")
    kind, message = await client.event()
    assert kind == "ERROR"
    assert message.startswith("too old resource version: 1 (")


async def test_something_that_cannot_be_watched_is_answered_plainly(backend: Counted, watches: WatchCache) -> None:
    parts = watches.watched(Request("GET", "/version", query={"watch": "true"}))
    answer = await anext(parts)
    assert isinstance(answer, Response)
    assert answer.status == 200
    await parts.aclose()


@pytest.mark.parametrize(
    ("told", "end", "due"),
    [(0, 1_800, 60), (60, 1_800, 120), (0, 10, 8), (50, 100, 98), (8, 10, 10), (0, 1, 1)],
    ids=["each-minute", "again", "two-seconds-before-the-end", "the-end-comes-first", "only-once", "no-time"],
)
def test_bookmarks_come_each_minute_and_before_the_end(told: float, end: float, due: float) -> None:
    assert _next_bookmark(told, end) == due
