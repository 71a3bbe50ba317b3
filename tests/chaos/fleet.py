"""Real processes of both modes, and a client that behaves like a stubborn browser.

The simulation is `FakeCluster`, which keeps a log of every command it has applied: enough to count what was lost, doubled
or invented; or the real one, which also tells its state hash. The client sends the same `rid` again after any failure, as a page does.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import httpx
import websockets
import yaml

from tests.servers import Program, Server, free_port, running_postgresql, running_redis

ROOT = Path(__file__).parents[2]
CSRF = "c" * 32
PATIENCE_S = 30.0
FAKE = "fake_cluster.FakeCluster"
REAL = "hashed_cluster.HashedCluster"


@dataclass
class Person:
    """A signed-in person with clusters."""

    session: str
    user: str
    clusters: list[str]


@dataclass
class Fleet:
    """Running processes. `webs` answer; `workers` own the clusters (embedded: one process does both)."""

    environment: dict[str, str]
    ports: list[int]
    webs: list[Program]
    workers: list[Program]
    redis: Server | None = None
    postgresql: Server | None = None

    def mend(self) -> None:
        """Start what does not run."""
        servers = [server.program for server in (self.postgresql, self.redis) if server is not None]
        for program in [*servers, *self.workers, *self.webs]:
            if program.process is None or program.process.poll() is not None:
                program.start()

    def person(self, clusters: int) -> Person:
        """Somebody new, with clusters."""
        made = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("seed.py")), str(clusters)],
            env={**os.environ, **self.environment}, cwd=ROOT, check=True, capture_output=True, text=True,
        )  # fmt: skip
        return Person(**json.loads(made.stdout))


@contextmanager
def embedded(folder: Path, *, simulator: str = FAKE, **values: str) -> Iterator[Fleet]:
    """`drydock up`."""
    port = free_port()
    environment = surroundings(
        DRYDOCK_SIM=simulator, DRYDOCK_DATA=str(folder / "data"), REDIS_URL="", DATABASE_URL="", **values
    )
    program = _up(port, folder / "up.log", environment)
    program.start()
    try:
        yield Fleet(environment, [port], [program], [program])
    finally:
        program.end()


@contextmanager
def scaled(folder: Path, *, webs: int = 2, workers: int = 2, simulator: str = FAKE) -> Iterator[Fleet]:
    """Web processes, simulation workers, Redis and PostgreSQL."""
    with ExitStack() as stack:
        (folder / "redis").mkdir()
        (folder / "pg").mkdir()
        redis = stack.enter_context(running_redis(folder / "redis"))
        postgresql = stack.enter_context(running_postgresql(folder / "pg"))
        environment = surroundings(
            DRYDOCK_SIM=simulator,
            DRYDOCK_DATA=str(folder / "data"),
            REDIS_URL=redis.url,
            DATABASE_URL=postgresql.url,
            DRYDOCK_HOST="1",
        )
        _manage(environment, "migrate", "-v0")
        ports = [free_port() for _ in range(webs)]
        fleet = Fleet(
            environment,
            ports,
            [_web(port, folder / f"web-{port}.log", environment) for port in ports],
            [_worker(folder / f"worker-{number}.log", number, environment) for number in range(workers)],
            redis,
            postgresql,
        )
        for program in [*fleet.workers, *fleet.webs]:
            stack.callback(program.end)
            program.start()
        yield fleet


def surroundings(**values: str) -> dict[str, str]:
    fakes = (ROOT / "tests" / "web" / "labs", ROOT / "tests" / "chaos")
    return {
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "DJANGO_SECRET_KEY": "a key for tests only",
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "platform", *fakes))),
        **values,
    }


def composed(service: str) -> list[str]:
    """The command of a service in docker-compose.yml, so that what is shipped is what is killed here."""
    described = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    first, *rest = described["services"][service]["command"]
    assert first == "python"
    return [sys.executable, *rest]


def _up(port: int, log: Path, environment: dict[str, str]) -> Program:
    command = [sys.executable, "-m", "config.drydock", "up", "--port", str(port)]
    return Program(command, lambda: _is_well(port), log, environment)


def _web(port: int, log: Path, environment: dict[str, str]) -> Program:
    command = [*composed("web"), "--bind", "127.0.0.1", "--port", str(port)]
    return Program(command, lambda: _is_well(port), log, environment)


def _worker(log: Path, number: int, environment: dict[str, str]) -> Program:
    command = [*composed("sim"), "-n", f"sim{number}@test"]
    starts = 0

    def is_ready() -> bool:
        nonlocal starts
        seen = log.read_bytes().count(b" ready.")
        if seen <= starts:
            return False
        starts = seen
        return True

    return Program(command, is_ready, log, environment)


def _manage(environment: dict[str, str], *arguments: str) -> None:
    subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env={**os.environ, **environment}, check=True)


def _is_well(port: int) -> bool:
    asked = HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        asked.request("GET", "/healthz")
        return asked.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        asked.close()


@dataclass
class Ledger:
    """What was sent, what was acknowledged, and how long the slowest took."""

    sent: dict[str, set[str]] = field(default_factory=dict)
    acknowledged: dict[str, set[str]] = field(default_factory=dict)
    slowest_s: float = 0.0
    acknowledged_at: dict[str, float] = field(default_factory=dict)

    def note(self, cluster: str, rid: str, begin: float) -> None:
        now = time.monotonic()
        self.acknowledged.setdefault(cluster, set()).add(rid)
        self.acknowledged_at[cluster] = now
        self.slowest_s = max(self.slowest_s, now - begin)


class Client:
    """A person's page, or fifty of them."""

    def __init__(self, fleet: Fleet, person: Person) -> None:
        self.fleet, self.person = fleet, person
        self.ledger = Ledger()
        self.refusal = "nothing was refused"
        self._count = 0
        self._http = httpx.AsyncClient(
            cookies={"sessionid": person.session, "csrftoken": CSRF},
            headers={"x-csrftoken": CSRF},
            timeout=12.0,
            verify=False,
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def burst(self, count: int) -> None:
        """`count` commands at once, spread over all clusters; returns when each is acknowledged."""
        clusters = self.person.clusters
        calls = []
        for number in range(count):
            self._count += 1
            calls.append(self.add(clusters[number % len(clusters)], f"c{self._count}"))
        await asyncio.gather(*calls)

    async def add(self, cluster: str, rid: str) -> None:
        """One command, sent until it is acknowledged."""
        self.ledger.sent.setdefault(cluster, set()).add(rid)
        begin = time.monotonic()
        await self.send(cluster, rid, {"command": {"kind": "add", "name": "n", "tag": rid}})
        self.ledger.note(cluster, rid, begin)

    async def send(self, cluster: str, rid: str, body: dict[str, Any], *, what: str = "command") -> dict[str, Any]:
        """The answer to a call, sent until there is one."""
        begin = time.monotonic()
        attempt = 0
        while time.monotonic() - begin < PATIENCE_S:
            port = self.fleet.ports[attempt % len(self.fleet.ports)]
            answer = await self.answer(port, cluster, {"rid": rid, **body}, what=what)
            if answer is not None:
                return answer
            attempt += 1
            await asyncio.sleep(0.1)
        raise AssertionError(
            f"{rid} on {cluster} was not acknowledged within {PATIENCE_S:g} s of {attempt} attempts; last: {self.refusal}"
        )

    async def applied(self, cluster: str) -> Counter[str]:
        """Which commands the cluster says it has applied, and how often."""
        answer = await self.send(cluster, f"read-{time.monotonic_ns()}", {"command": {"kind": "read"}})
        return Counter(tag for _, tag in answer["reply"]["log"])

    async def check(self) -> None:
        """Acknowledged ≤ applied ≤ sent, and none twice."""
        for cluster in self.person.clusters:
            applied = await self.applied(cluster)
            twice = [rid for rid, times in applied.items() if times > 1]
            assert not twice, f"{cluster}: applied twice: {twice}"
            acknowledged = self.ledger.acknowledged.get(cluster, set())
            assert acknowledged <= set(applied), f"{cluster}: lost: {acknowledged - set(applied)}"
            assert set(applied) <= self.ledger.sent.get(cluster, set()), f"{cluster}: invented"

    async def answer(
        self, port: int, cluster: str, body: dict[str, Any], *, what: str = "command"
    ) -> dict[str, Any] | None:
        """The answer of one web process; None when it is worth asking again."""
        origin = f"http://127.0.0.1:{port}"
        try:
            answer = await self._http.post(
                f"{origin}/api/clusters/{cluster}/{what}", json=body, headers={"origin": origin}
            )
        except httpx.HTTPError as error:
            self.refusal = f"port {port}: {error!r}"
            return None
        if answer.status_code in (429, 500, 503):
            self.refusal = f"port {port}: {answer.status_code} {answer.text[:500]}"
            return None
        assert answer.status_code == 200, f"{answer.status_code}: {answer.text}"
        found: dict[str, Any] = answer.json()
        return found


class Page:
    """A page's socket that reconnects as the front end does, and fails on a gap or a step back."""

    def __init__(self, fleet: Fleet, person: Person, cluster: str) -> None:
        self.fleet, self.person, self.cluster = fleet, person, cluster
        self.gen: int | None = None
        self.ev: int | None = None
        self.connects = 0
        self.snapshots = 0
        self.last_frame = time.monotonic()
        self.longest_s = 0.0

    async def run(self) -> None:
        """Stay connected until cancelled."""
        while True:
            port = self.fleet.ports[self.connects % len(self.fleet.ports)]
            headers = {"cookie": f"sessionid={self.person.session}", "origin": f"http://127.0.0.1:{port}"}
            try:
                async with websockets.connect(
                    f"ws://127.0.0.1:{port}/ws/labs/{self.cluster}/", additional_headers=headers
                ) as socket:
                    self.connects += 1
                    await socket.send(json.dumps({"t": "hello", "gen": self.gen, "ev": self.ev}))
                    async for text in socket:
                        self._take(json.loads(text))
                        await socket.send(json.dumps({"t": "ack", "ev": self.ev or 0}))
            except (OSError, websockets.WebSocketException):
                self.connects += 1
            await asyncio.sleep(0.1)

    def _take(self, message: dict[str, Any]) -> None:
        if message["t"] == "snap":
            assert self.ev is None or message["ev"] >= self.ev, f"stepped back from {self.ev} to {message['ev']}"
            self.gen, self.ev = message["gen"], message["ev"]
            self.snapshots += 1
        elif message["t"] == "delta":
            assert message["from"] == self.ev, f"gap: at {self.ev}, got a delta from {message['from']}"
            assert len(message["items"]) == message["to"] - message["from"]
            self.ev = message["to"]
        if message["t"] in ("snap", "delta"):
            now = time.monotonic()
            self.longest_s = max(self.longest_s, now - self.last_frame)
            self.last_frame = now


@asynccontextmanager
async def client_of(fleet: Fleet, clusters: int) -> AsyncIterator[Client]:
    """A client with clusters that run already."""
    client = Client(fleet, fleet.person(clusters))
    try:
        await client.burst(clusters)
        client.ledger.slowest_s = 0.0
        yield client
    finally:
        await client.close()
