"""What the running product costs: commands and changes through real processes, embedded and scaled, with the real simulator.

Load comes from this process, on the same machine, so the figures are an upper bound. PostgreSQL and Redis are started for
the run; without them the scaled figures are left out with a word.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path

import psutil
import pytest
import websockets

from benchmarks.report import Report, percentile
from tests.chaos.fleet import REAL, Client, Fleet, embedded, scaled

_CLUSTERS = (1, 50, 500)
_RATE = 100
"""Commands a second offered to 50 clusters and more; a single one gets what one person may send."""
_ONE_RATE = 15
_SECONDS = 6
_ARRIVING = 8
"""How many clusters are started at a time."""


def run(report: Report) -> None:
    """Both modes, one after the other."""
    for mode, start in (("embedded", embedded), ("scaled", scaled)):
        try:
            _mode(report, mode, start)
        except pytest.skip.Exception as missing:
            sys.stderr.write(f"bench: {mode} left out: {missing}\n")


def _mode(report: Report, mode: str, start: Callable[..., AbstractContextManager[Fleet]]) -> None:
    for count in _CLUSTERS:
        begin = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="dd-") as folder, start(Path(folder), simulator=REAL) as fleet:
            if count == 1:
                report.add(f"{mode}_ready_s", time.perf_counter() - begin, "s")
            asyncio.run(_measure(report, mode, fleet, count))


async def _measure(report: Report, mode: str, fleet: Fleet, count: int) -> None:
    client = Client(fleet, fleet.person(count))
    before = _memory_mb(fleet)
    if count == 1:
        report.add(
            f"first_diagram_ms_{mode}", await _first_picture(client) * 1e3, "ms", "a new cluster, socket to snap"
        )
    begin = time.perf_counter()
    await _prepare(client)
    if count > 1:
        report.add(
            f"prepare_{mode}_{count}_s", time.perf_counter() - begin, "s", "every cluster started, with a deployment"
        )
    await asyncio.sleep(5)
    if count > 1:
        report.add(f"lab_cluster_mb_{mode}_{count}", (_memory_mb(fleet) - before) / count, "MB")
    rate = _RATE if count > 1 else _ONE_RATE
    took = await _offer(client, rate)
    answered = f"{len(took)} of {rate * _SECONDS} answered, {rate} offered a second"
    report.add(f"command_p50_ms_{mode}_{count}", percentile(took, 0.5) * 1e3, "ms", answered)
    report.add(f"command_p99_ms_{mode}_{count}", percentile(took, 0.99) * 1e3, "ms", answered)
    if count == 1:
        seen = await _changes(client, client.person.clusters[0])
        report.add(f"change_to_browser_p99_ms_{mode}", percentile(seen, 0.99) * 1e3, "ms")
    await client.close()


async def _prepare(client: Client) -> None:
    """Starts every cluster and gives it something to run; a few at a time, as people arrive."""
    waiting = list(reversed(client.person.clusters))

    async def some() -> None:
        while waiting:
            await _shell(client, waiting.pop(), "kubectl create deployment web --image=nginx --replicas=3")

    await asyncio.gather(*(some() for _ in range(_ARRIVING)))


async def _offer(client: Client, rate: int) -> list[float]:
    """`rate` commands a second for a while, whatever the answers take."""
    clusters, took = client.person.clusters, []

    async def one(number: int) -> None:
        begin = time.perf_counter()
        line = f"kubectl scale deployment web --replicas={2 + number % 3}"
        if await _shell(client, clusters[number % len(clusters)], line):
            took.append(time.perf_counter() - begin)

    tasks = []
    for number in range(rate * _SECONDS):
        tasks.append(asyncio.create_task(one(number)))
        await asyncio.sleep(1 / rate)
    await asyncio.gather(*tasks)
    return took


async def _first_picture(client: Client) -> float:
    """From opening the socket of a cluster that was never started to its whole picture."""
    begin = time.perf_counter()
    async with _page(client, client.person.clusters[0]) as socket:
        while '"end":true' not in str(await socket.recv()):
            pass
    return time.perf_counter() - begin


@asynccontextmanager
async def _page(client: Client, cluster: str) -> AsyncIterator[websockets.ClientConnection]:
    """A page's socket that has said hello."""
    port = client.fleet.ports[0]
    headers = {"cookie": f"sessionid={client.person.session}", "origin": f"http://127.0.0.1:{port}"}
    async with websockets.connect(f"ws://127.0.0.1:{port}/ws/labs/{cluster}/", additional_headers=headers) as socket:
        await socket.send('{"t":"hello","gen":null,"ev":null}')
        yield socket


async def _changes(client: Client, cluster: str) -> list[float]:
    """From sending a command to the browser having the change it made."""
    seen = []
    async with _page(client, cluster) as socket:
        for number in range(40):
            await asyncio.sleep(0.1)
            name = f"note-{number}"
            begin = time.perf_counter()
            sending = asyncio.create_task(
                _shell(client, cluster, f"kubectl create configmap {name} --from-literal=a=b")
            )
            while name not in str(await socket.recv()):
                pass
            seen.append(time.perf_counter() - begin)
            await sending
    return seen


async def _shell(client: Client, cluster: str, line: str) -> bool:
    body = {"rid": f"b{time.monotonic_ns()}", "command": {"kind": "shell", "line": line}}
    return await client.answer(client.fleet.ports[0], cluster, body) is not None


def _memory_mb(fleet: Fleet) -> float:
    """Of all processes that own clusters."""
    owners = [program.process for program in fleet.workers if program.process is not None]
    return sum(psutil.Process(owner.pid).memory_info().rss for owner in owners) / 1e6
