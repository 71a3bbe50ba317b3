"""Kill things while commands arrive. Acknowledged ≤ applied ≤ sent, none twice, and life goes on within three seconds.

`DRYDOCK_CHAOS_ROUNDS` says how often each is repeated. How long each strike was felt is written to `build/chaos.jsonl`.
"""

import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
import websockets

from tests.chaos.fleet import ROOT, Client, Fleet, Page, client_of, embedded, scaled
from tests.servers import Program

pytestmark = [pytest.mark.processes, pytest.mark.alone]

ROUNDS = int(os.environ.get("DRYDOCK_CHAOS_ROUNDS", "2"))
FIGURES = ROOT / "build" / "chaos.jsonl"
CLUSTERS = 50
BURST = 80
GOES_ON_S = 3.0


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short, because unix sockets live in it."""
    made = Path(tempfile.mkdtemp(prefix="dd-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def one_process(folder: Path) -> Iterator[Fleet]:
    with embedded(folder) as fleet:
        yield fleet


@pytest.fixture(scope="module")
def scaled_fleet() -> Iterator[Fleet]:
    folder = Path(tempfile.mkdtemp(prefix="dd-"))
    with scaled(folder) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def fleet(scaled_fleet: Fleet) -> Fleet:
    """Everything runs, whatever the test before did."""
    scaled_fleet.mend()
    return scaled_fleet


async def rounds(client: Client, strike: Callable[[int], float]) -> list[float]:
    """Strike in the middle of a burst, again and again; how long each burst took to be acknowledged after the strike.

    `strike` gets the number of the round and returns when (monotonic) the system was able to go on.
    """
    took = []
    for number in range(ROUNDS):
        burst = asyncio.create_task(client.burst(BURST))
        await asyncio.sleep(random.Random(number).uniform(0.0, 0.15))
        able = await asyncio.to_thread(strike, number)
        await burst
        took.append(time.monotonic() - able)
        await client.check()
    return took


def felt(what: str, took: list[float]) -> float:
    """The longest time any client waited after a strike; all of them are written down."""
    FIGURES.parent.mkdir(exist_ok=True)
    row = {"name": what, "strikes": len(took), "median_s": statistics.median(took), "longest_s": max(took)}
    with FIGURES.open("a") as file:
        file.write(json.dumps(row) + "\n")
    return max(took)


async def test_the_embedded_process_is_killed(one_process: Fleet) -> None:
    program = one_process.workers[0]

    def strike(number: int) -> float:
        program.kill()
        program.start()
        return time.monotonic()

    async with client_of(one_process, CLUSTERS) as client:
        took = await rounds(client, strike)
    assert felt("embedded process, kill -9", took) < GOES_ON_S


async def test_a_worker_is_killed(fleet: Fleet) -> None:
    def strike(number: int) -> float:
        struck = time.monotonic()
        fleet.workers[number % 2].kill()
        return struck

    async with client_of(fleet, CLUSTERS) as client:
        took = []
        for number in range(ROUNDS):
            took += await _one(client, strike, number)
            await asyncio.to_thread(fleet.workers[number % 2].start)
    assert felt("worker, kill -9", took) < GOES_ON_S


async def _one(client: Client, strike: Callable[[int], float], number: int) -> list[float]:
    burst = asyncio.create_task(client.burst(BURST))
    await asyncio.sleep(random.Random(number).uniform(0.0, 0.15))
    struck = await asyncio.to_thread(strike, number)
    await burst
    took = time.monotonic() - struck
    await client.check()
    return [took]


async def test_a_web_process_is_killed(fleet: Fleet) -> None:
    def strike(number: int) -> float:
        struck = time.monotonic()
        fleet.webs[number % 2].kill()
        return struck

    async with client_of(fleet, CLUSTERS) as client:
        page = Page(fleet, client.person, client.person.clusters[0])
        watching = asyncio.create_task(page.run())
        took = []
        for number in range(ROUNDS):
            took += await _one(client, strike, number)
            await asyncio.to_thread(fleet.webs[number % 2].start)
        await _still_live(page, watching)
    assert felt("web process, kill -9", took) < GOES_ON_S


async def test_a_page_sees_no_gap_while_workers_die(fleet: Fleet) -> None:
    async with client_of(fleet, 5) as client:
        page = Page(fleet, client.person, client.person.clusters[0])
        watching = asyncio.create_task(page.run())
        for number in range(ROUNDS):
            await asyncio.sleep(1.2)
            page.longest_s = 0.0
            await asyncio.to_thread(fleet.workers[number % 2].kill)
            await asyncio.sleep(GOES_ON_S + 0.5)
            assert page.longest_s < GOES_ON_S + 1.0  # the fake beats once a second
            await asyncio.to_thread(fleet.workers[number % 2].start)
        await _still_live(page, watching)


async def _still_live(page: Page, watching: "asyncio.Task[None]") -> None:
    before = page.ev
    await asyncio.sleep(2.5)
    if watching.done():
        watching.result()
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)  # its socket is closed by the loop that opened it
    assert page.ev is not None
    assert before is not None
    assert page.ev > before


async def test_a_worker_stands_still_and_comes_back(fleet: Fleet) -> None:
    async with client_of(fleet, CLUSTERS) as client:
        for number in range(min(ROUNDS, 5)):
            worker = fleet.workers[number % 2]
            burst = asyncio.create_task(client.burst(BURST))
            await asyncio.sleep(0.05)
            worker.pause(signal.SIGSTOP)
            await asyncio.sleep(5)
            worker.pause(signal.SIGCONT)
            await burst
            await client.burst(BURST)
            await client.check()


async def test_redis_is_killed(fleet: Fleet) -> None:
    assert fleet.redis is not None
    program = fleet.redis.program

    def strike(number: int) -> float:
        program.kill()
        time.sleep(0.7)
        program.start()
        return time.monotonic()

    async with client_of(fleet, CLUSTERS) as client:
        page = Page(fleet, client.person, client.person.clusters[0])
        watching = asyncio.create_task(page.run())
        took = await rounds(client, strike)
        await _still_live(page, watching)
    assert felt("Redis, kill -9 and away 0.7 s", took) < GOES_ON_S


async def test_redis_loses_every_key(fleet: Fleet) -> None:
    """Leases, owners, the queue of what is to be adopted: all gone at once, with every connection still standing."""
    assert fleet.redis is not None
    memory = redis.Redis.from_url(fleet.redis.url)

    def strike(number: int) -> float:
        memory.flushall()
        return time.monotonic()

    async with client_of(fleet, CLUSTERS) as client:
        page = Page(fleet, client.person, client.person.clusters[0])
        watching = asyncio.create_task(page.run())
        took = await rounds(client, strike)
        await _still_live(page, watching)
    memory.close()
    assert felt("Redis, every key lost", took) < GOES_ON_S


async def test_a_worker_is_drained_under_load(fleet: Fleet) -> None:
    """SIGTERM, as an orchestrator sends it: what it owns moves to the other, and nobody is refused."""

    def strike(number: int) -> float:
        struck = time.monotonic()
        fleet.workers[number % 2].pause(signal.SIGTERM)
        return struck

    async with client_of(fleet, CLUSTERS) as client:
        page = Page(fleet, client.person, client.person.clusters[0])
        watching = asyncio.create_task(page.run())
        took = []
        for number in range(ROUNDS):
            took += await _one(client, strike, number)
            await asyncio.to_thread(_ended, fleet.workers[number % 2])
            await asyncio.to_thread(fleet.workers[number % 2].start)
        await _still_live(page, watching)
    assert felt("worker, drained under load", took) < 2 * GOES_ON_S


def _ended(program: Program) -> None:
    assert program.process is not None
    assert program.process.wait(20) == 0


async def test_a_slow_browser_costs_its_server_no_memory(one_process: Fleet) -> None:
    """A page that reads nothing more: the server stops telling it, and tells it everything when it is back."""
    async with client_of(one_process, 1) as client:
        (cluster,) = client.person.clusters
        port = one_process.ports[0]
        headers = {"cookie": f"sessionid={client.person.session}", "origin": f"http://127.0.0.1:{port}"}
        address = f"ws://127.0.0.1:{port}/ws/labs/{cluster}/"
        async with websockets.connect(address, additional_headers=headers, max_queue=1, ping_interval=None) as slow:
            await slow.send(json.dumps({"t": "hello", "gen": None, "ev": None}))
            before = _memory_mb(one_process)
            for _ in range(15):
                await client.burst(10)
            assert _memory_mb(one_process) - before < 30
            seen: set[str] = set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(10):
                    while "delta" not in seen:
                        message = json.loads(await slow.recv())
                        seen.add(message["t"])
            assert "delta" in seen, f"not within 10 s; heard {seen}"
        await client.check()


def _memory_mb(fleet: Fleet) -> float:
    process = fleet.workers[0].process
    assert process is not None
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def test_a_half_open_connection_ends_by_itself(folder: Path) -> None:
    """The other side is gone without a word (a laptop that was closed): no answer to a ping, so the socket is closed."""
    with embedded(folder, DRYDOCK_PING_S="1") as fleet:
        async with client_of(fleet, 1) as client:
            port, (cluster,) = fleet.ports[0], client.person.clusters
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            lines = [
                f"GET /ws/labs/{cluster}/ HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket", "Connection: Upgrade",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
                f"Origin: http://127.0.0.1:{port}", f"Cookie: sessionid={client.person.session}", "", "",
            ]  # fmt: skip
            writer.write("\r\n".join(lines).encode())
            assert b"101" in await reader.readline()
            with contextlib.suppress(ConnectionResetError):
                async with asyncio.timeout(15):
                    while await reader.read(4096):
                        continue
            writer.close()
            await client.check()


async def test_postgresql_crashes_and_recovers(fleet: Fleet) -> None:
    assert fleet.postgresql is not None
    program = fleet.postgresql.program

    def strike(number: int) -> float:
        program.kill(signal.SIGQUIT)  # immediate: no checkpoint, recovery at the next start
        program.start()
        return time.monotonic()

    async with client_of(fleet, CLUSTERS) as client:
        took = await rounds(client, strike)
    assert felt("PostgreSQL, crash and recovery", took) < GOES_ON_S


async def test_stopping_leaves_nothing_behind(one_process: Fleet, folder: Path) -> None:
    program = one_process.workers[0]
    async with client_of(one_process, 3) as client:
        begin = time.monotonic()
        await asyncio.to_thread(program.kill, signal.SIGINT)
        assert program.process is not None
        assert program.process.returncode == 0
        assert time.monotonic() - begin < 8
        left = sorted(path.name for path in (folder / "data").iterdir())
        assert left == ["drydock.sqlite3", "lock"]
        await asyncio.to_thread(program.start)
        await client.check()
