"""The contract of bus and directory, held against memory and a real Redis alike."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from labs.bus import Bus, Directory, Owner
from labs.bus.memory import MemoryBus, MemoryDirectory, Switchboard
from labs.bus.redis import RedisBus, RedisDirectory
from tests.servers import Server

VERSIONS = ["memory", pytest.param("redis", marks=[pytest.mark.processes, pytest.mark.xdist_group("redis")])]


@pytest.fixture(params=VERSIONS)
async def buses(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Bus, Bus]]:
    """Two processes' buses."""
    if request.param == "memory":
        board = Switchboard()
        pair: tuple[Bus, Bus] = (MemoryBus(board), MemoryBus(board))
    else:
        url = request.getfixturevalue("redis_server").url
        pair = (RedisBus(url), RedisBus(url))
    yield pair
    for bus in pair:
        await bus.close()


@pytest.fixture(params=VERSIONS)
async def directory(request: pytest.FixtureRequest) -> AsyncIterator[Directory]:
    if request.param == "memory":
        found: Directory = MemoryDirectory(Switchboard())
    else:
        found = RedisDirectory(request.getfixturevalue("redis_server").url)
    yield found
    await found.close()


class Heard:
    """A handler that collects, and a way to wait for `count` messages."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self._more = asyncio.Event()

    def __call__(self, message: bytes) -> None:
        self.messages.append(message)
        self._more.set()

    async def until(self, count: int) -> list[bytes]:
        try:
            async with asyncio.timeout(5):
                while len(self.messages) < count:
                    self._more.clear()
                    await self._more.wait()
        except TimeoutError:
            raise AssertionError(f"{count} messages: not within 5 s; heard {self.messages}") from None
        return self.messages


async def test_what_is_published_after_subscribing_is_heard(buses: tuple[Bus, Bus]) -> None:
    here, there = buses
    heard = Heard()
    await here.subscribe("heard", heard)
    assert await there.publish("heard", b"one") == 1
    assert await heard.until(1) == [b"one"]


async def test_messages_of_one_publisher_keep_their_order(buses: tuple[Bus, Bus]) -> None:
    here, there = buses
    heard = Heard()
    await here.subscribe("order", heard)
    await there.publish_many([("order", str(number).encode()) for number in range(200)])
    assert await heard.until(200) == [str(number).encode() for number in range(200)]


async def test_both_subscribers_hear_and_are_counted(buses: tuple[Bus, Bus]) -> None:
    here, there = buses
    mine, theirs = Heard(), Heard()
    await here.subscribe("both", mine)
    await there.subscribe("both", theirs)
    assert await here.listeners("both") == 2
    assert await here.publish("both", b"x") == 2
    assert (await mine.until(1), await theirs.until(1)) == ([b"x"], [b"x"])


async def test_nobody_hears_after_unsubscribing(buses: tuple[Bus, Bus]) -> None:
    here, there = buses
    await here.subscribe("gone", Heard())
    await here.subscribe("kept", Heard())
    await here.unsubscribe("gone")
    for _ in range(100):
        if await there.publish("gone", b"x") == 0:
            break
        await asyncio.sleep(0.01)
    assert await there.publish("gone", b"x") == 0
    assert await there.publish("kept", b"x") == 1


async def test_a_list_gives_each_item_to_one_popper(buses: tuple[Bus, Bus]) -> None:
    here, there = buses
    for number in range(6):
        await here.push("work", str(number).encode())
    popped = [await bus.pop("work", 1.0) for _ in range(3) for bus in (here, there)]
    assert popped == [b"0", b"1", b"2", b"3", b"4", b"5"]


async def test_a_waiting_popper_gets_what_is_pushed_later(buses: tuple[Bus, Bus]) -> None:
    here, there = buses
    waiting = asyncio.create_task(here.pop("later", 5.0))
    await asyncio.sleep(0)
    await there.push("later", b"x")
    assert await waiting == b"x"


async def test_popping_an_empty_list_ends(buses: tuple[Bus, Bus]) -> None:
    here, _ = buses
    assert await here.pop("empty", 0.1) is None


async def test_a_large_text_is_parked_and_collected(buses: tuple[Bus, Bus]) -> None:
    here, there = buses
    await here.park("text", b"x" * 1_000_000, 10_000)
    assert await there.collect("text") == b"x" * 1_000_000
    assert await there.collect("another") is None


@pytest.mark.processes
async def test_a_redis_bus_listens_again_after_a_restart(redis_server: Server) -> None:
    here, there = RedisBus(redis_server.url), RedisBus(redis_server.url)
    heard, missed = Heard(), asyncio.Event()
    here.on_reconnect(missed.set)
    await here.subscribe("back", heard)
    redis_server.program.kill()
    redis_server.program.start()
    async with asyncio.timeout(5):
        await missed.wait()
    assert await there.publish("back", b"again") == 1
    assert await heard.until(1) == [b"again"]
    await here.close()
    await there.close()


async def test_the_owner_with_the_highest_epoch_stays(directory: Directory) -> None:
    await directory.claim("c1", Owner("h2", 5))
    await directory.claim("c1", Owner("h1", 4))
    assert await directory.owner("c1") == Owner("h2", 5)
    await directory.claim("c1", Owner("h3", 6))
    assert await directory.owner("c1") == Owner("h3", 6)


async def test_only_the_present_owner_releases(directory: Directory) -> None:
    await directory.claim("c2", Owner("h1", 1))
    await directory.release("c2", Owner("h1", 0))
    assert await directory.owner("c2") == Owner("h1", 1)
    await directory.release("c2", Owner("h1", 1))
    assert await directory.owner("c2") is None


async def test_a_lease_ends(directory: Directory) -> None:
    await directory.renew("h1", 5_000)
    await directory.renew("h2", 1)
    await asyncio.sleep(0.01)
    assert (await directory.alive("h1"), await directory.alive("h2")) == (True, False)
    await directory.resign("h1")
    assert not await directory.alive("h1")
