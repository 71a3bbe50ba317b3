"""Two hundred clients on one cluster: nothing is lost, nothing comes twice, all is in order; who does not read costs no memory.

`benchmarks/watches.py` does the same for longer and prints figures.
"""

import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec
import psutil
import pytest
import yaml

from tests.clients.reflector import Connection, Reflector, Writer, settled, watching
from tests.clients.terminals import free_port

# Hundreds of clients that are cancelled leave sockets to the garbage collector, as in `make test`.
pytestmark = [pytest.mark.processes, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]
ROOT = Path(__file__).parents[2]
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
MB = 1_000_000
#: A machine that does much else is slow; what it owes is counted, not timed (`benchmarks/watches.py` has the figures).
PATIENCE_S = 180.0


@dataclass
class Served:
    url: str
    process: psutil.Process

    def memory_mb(self) -> float:
        everybody = [self.process, *self.process.children(recursive=True)]
        return sum(one.memory_info().rss for one in everybody) / MB


@contextmanager
def started(folder: Path, *words: str, says: bytes) -> Iterator[psutil.Process]:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "platform"))),
        "HOME": str(folder),
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
    }
    command = [sys.executable, "-m", "config.drydock", *words]
    with (folder / "errors").open("wb") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=environment, cwd=ROOT)
    try:
        assert process.stdout is not None
        assert any(says in line for line in iter(process.stdout.readline, b"")), (folder / "errors").read_text()
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.communicate(timeout=20)


@contextmanager
def serve(folder: Path) -> Iterator[Served]:
    """`drydock serve`: one cluster in memory."""
    kubeconfig = folder / "kubeconfig"
    words = ("serve", "--port", str(free_port()), "--kubeconfig", str(kubeconfig), "--speed", "1")
    with started(folder, *words, says=b"Drydock serves") as process:
        yield Served(_server(kubeconfig.read_text()), process)


@contextmanager
def site(folder: Path) -> Iterator[Served]:
    """`drydock up`, and a guest's own cluster behind the site's gateway."""
    port = free_port()
    with started(
        folder, "up", "--port", str(port), "--data", str(folder / "data"), says=b"Drydock is ready"
    ) as process:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as browser:
            place = _post(browser, "/", "/try/").headers["location"]
            cluster = re.findall(r"[0-9a-f-]{36}", place)[0]
            answer = _post(browser, "/clusters/", f"/clusters/{cluster}/kubeconfig/")
        yield Served(_server(answer.text), process)


def _post(browser: httpx.Client, page: str, path: str) -> httpx.Response:
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', browser.get(page).text)
    assert token is not None
    return browser.post(path, data={"csrfmiddlewaretoken": token[1]})


def _server(kubeconfig: str) -> str:
    return str(yaml.safe_load(kubeconfig)["clusters"][0]["cluster"]["server"])


async def history(url: str, path: str, since: int) -> list[int]:
    """The revisions after one, as the cluster itself remembers them."""
    connection = Connection(url)
    await connection.open()
    assert await connection.ask("GET", f"{path}?watch=1&timeoutSeconds=1&resourceVersion={since}") == 200
    lines = (await connection.body()).splitlines()
    await connection.close()
    return [int(msgspec.json.decode(line)["object"]["metadata"]["resourceVersion"]) for line in lines]


def check(clients: list[Reflector], happened: list[int]) -> None:
    """Each client heard all that happened, each once, in order."""
    for number, one in enumerate(clients):
        assert one.lists == 1, f"client {number} had to list again"
        assert one.events == happened, f"client {number}: {len(one.events)} events of {len(happened)}"


def test_200_clients_hear_100_changes_a_second_once_and_in_order(tmp_path: Path) -> None:
    """Half of the clients hang up again and again, and go on where they were."""
    with serve(tmp_path) as served:
        clients = [Reflector(served.url, CONFIG_MAPS, hangs_up_every=(7 + n) * (n % 2)) for n in range(200)]
        writers = [Writer(served.url, CONFIG_MAPS, [f"w{n}-{k}" for k in range(5)]) for n in range(4)]

        async def load() -> tuple[float, float]:
            for writer in writers:
                await writer.create()
            async with watching(clients):
                before = served.memory_mb()
                await asyncio.gather(*(writer.change(200, 25.0) for writer in writers))
                await settled(clients, max(max(writer.written) for writer in writers), PATIENCE_S)
                return before, served.memory_mb()

        before, after = asyncio.run(load())
    happened = sorted(revision for writer in writers for revision in writer.written)
    assert len(happened) == 800
    check(clients, happened)
    assert all(one.watches > 3 for one in clients[1::2])
    assert after - before < 60, f"the server grew from {before:.0f} to {after:.0f} MB"


def test_clients_that_do_not_read_are_told_410_list_again_and_cost_no_memory(tmp_path: Path) -> None:
    with serve(tmp_path) as served:
        quick = [Reflector(served.url, CONFIG_MAPS) for _ in range(3)]
        slow = [Reflector(served.url, CONFIG_MAPS, receive_buffer=200_000) for _ in range(10)]
        writer = Writer(served.url, CONFIG_MAPS, ["big-1", "big-2"], filler="x" * 300_000)

        async def load() -> tuple[float, float]:
            await writer.create()
            async with watching([*quick, *slow]):
                await writer.change(1, 100)
                before = served.memory_mb()
                for one in slow:
                    one.may_read.clear()
                await writer.change(80, 50)
                greatest = served.memory_mb()
                for one in slow:
                    one.may_read.set()
                await settled([*quick, *slow], max(writer.written), PATIENCE_S)
                return before, greatest

        before, greatest = asyncio.run(load())
    assert 80 * 0.3 * len(slow) == 240, "megabytes that the server would have to keep"
    assert greatest - before < 80, f"the server grew from {before:.0f} to {greatest:.0f} MB"
    check(quick, sorted(writer.written))
    for one in slow:
        assert one.gone >= 1
        assert one.lists == one.gone + 1
        assert one.events == sorted(set(one.events)), "in order, none twice"
        assert one.objects == quick[0].objects


def test_200_clients_of_a_learners_cluster_see_the_same_history(tmp_path: Path) -> None:
    """Behind the site's gateway, where the cluster runs elsewhere and its own controllers make the changes."""
    with site(tmp_path) as served:
        clients = [Reflector(served.url, PODS, hangs_up_every=(11 * (n + 1)) * (n % 2)) for n in range(200)]

        async def load() -> list[int]:
            async with watching(clients):
                since = min(one.revision for one in clients)
                connection = Connection(served.url)
                await connection.open()
                for replicas in (12, 2):
                    for name in ("a", "b", "c"):
                        await _apply(connection, name, replicas)
                    await asyncio.sleep(1.5)
                await connection.close()
                end, happened = time.monotonic() + PATIENCE_S, [since]
                while time.monotonic() < end:
                    told = await history(served.url, PODS, since)
                    if told == happened:
                        break
                    happened = told
                await settled(clients, happened[-1], PATIENCE_S)
                return happened

        happened = asyncio.run(load())
    assert len(happened) > 100
    check(clients, happened)


async def _apply(connection: Connection, name: str, replicas: int) -> None:
    pod = {"containers": [{"name": "web", "image": "nginx:1.27"}], "terminationGracePeriodSeconds": 1}
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}}, "spec": pod},
    }
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}
    place = f"/apis/apps/v1/namespaces/default/deployments/{name}?fieldManager=load&force=true"
    status = await connection.ask("PATCH", place, msgspec.json.encode(body), "application/apply-patch+yaml")
    assert status in (200, 201), await connection.body()
    await connection.body()
