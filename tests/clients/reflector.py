"""Hundreds of clients that watch as client-go's reflector does, and writers that change what they watch.

A reflector lists, watches from the revision of the list, goes on from the last revision it saw when the connection breaks, and
lists again when it is told 410 Gone. Here it also writes down every event, so that afterwards one can say what was lost,
doubled or out of order. Who is told 429 comes again when it was told to. Raw HTTP/1.1 over asyncio, because the load must cost less than what it loads.
"""

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import msgspec


class _Metadata(msgspec.Struct):
    resourceVersion: str = ""
    name: str = ""


class _Object(msgspec.Struct):
    metadata: _Metadata | None = None
    code: int = 0
    message: str = ""


class _Event(msgspec.Struct):
    type: str
    object: _Object


class _Status(msgspec.Struct):
    code: int = 0


class _List(msgspec.Struct):
    metadata: _Metadata
    items: list[_Object]


_event = msgspec.json.Decoder(_Event)


class Connection:
    """One HTTP/1.1 connection; `receive_buffer` makes the kernel keep little for a client that does not read."""

    def __init__(self, url: str, *, receive_buffer: int = 0) -> None:
        self.place = urlsplit(url)
        self._receive_buffer = receive_buffer

    async def open(self) -> None:
        made = socket.socket()
        if self._receive_buffer:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer)
        made.setblocking(False)
        await asyncio.get_running_loop().sock_connect(made, (self.place.hostname, self.place.port))
        limit = {"limit": self._receive_buffer} if self._receive_buffer else {}
        self._reader, self._writer = await asyncio.open_connection(sock=made, **limit)

    async def ask(self, method: str, path: str, body: bytes = b"", kind: str = "application/json") -> int:
        """Sends a request; the status of the answer."""
        head = f"{method} {self.place.path}{path} HTTP/1.1\r\nHost: {self.place.netloc}\r\nContent-Type: {kind}\r\n"
        self._writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await self._writer.drain()
        status = int((await self._reader.readline()).split()[1])
        self._length, self.retry_after = -1, 0.0
        while (line := await self._reader.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                self._length = int(value)
            elif name.lower() == b"retry-after":
                self.retry_after = float(value)
        return status

    async def body(self) -> bytes:
        if self._length >= 0:
            return await self._reader.readexactly(self._length)
        return b"".join([part async for part in self.parts()])

    async def parts(self) -> AsyncIterator[bytes]:
        """The chunks of an answer that goes on, until it ends. A broken connection raises IncompleteReadError."""
        while True:
            line = await self._reader.readline()
            if not line:
                raise asyncio.IncompleteReadError(b"", None)
            size = int(line, 16)
            part = await self._reader.readexactly(size + 2)
            if not size:
                return
            yield part[:-2]

    async def close(self) -> None:
        self._writer.transport.abort()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


class _Later(Exception):
    """429 Too Many Requests."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


async def _granted(connection: Connection, path: str) -> None:
    """Asks for what has to be answered, now or later."""
    status = await connection.ask("GET", path)
    if status == 429:
        raise _Later(connection.retry_after)
    assert status == 200, f"{path}: {status} {await connection.body()!r}"


@dataclass
class Reflector:
    """One client. `events` are the revisions it was told of, in order; `objects` is its picture: name → revision."""

    url: str
    path: str
    hangs_up_every: int = 0
    """Breaks its own connection after so many events."""
    receive_buffer: int = 0
    query: str = ""
    events: list[int] = field(default_factory=list)
    heard_at: list[float] = field(default_factory=list)
    objects: dict[str, int] = field(default_factory=dict)
    lists: int = 0
    watches: int = 0
    gone: int = 0
    """How often it was told 410."""
    revision: int = 0
    may_read: asyncio.Event = field(default_factory=asyncio.Event)
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    failure: str = ""
    """Why it goes on no longer."""

    def __post_init__(self) -> None:
        self.may_read.set()

    async def run(self) -> None:
        """Until it is cancelled."""
        try:
            await self._follow()
        except Exception as error:
            self.failure = repr(error)
            raise

    async def _follow(self) -> None:
        while True:
            try:
                if not self.revision:
                    await self._list()
                await self._watch()
            except _Later as later:
                await asyncio.sleep(later.seconds)
            except (OSError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.05)

    async def _list(self) -> None:
        connection = Connection(self.url)
        await connection.open()
        try:
            await _granted(connection, self.path)
            told = msgspec.json.decode(await connection.body(), type=_List)
        finally:
            await connection.close()
        self.lists += 1
        self.objects = {}
        for item in told.items:
            assert item.metadata is not None
            self.objects[item.metadata.name] = int(item.metadata.resourceVersion)
        self.revision = int(told.metadata.resourceVersion)

    async def _watch(self) -> None:
        connection = Connection(self.url, receive_buffer=self.receive_buffer)
        await connection.open()
        self.watches += 1
        try:
            query = f"?watch=1&allowWatchBookmarks=true&resourceVersion={self.revision}{self.query}"
            await _granted(connection, self.path + query)
            self.ready.set()
            rest, left = b"", self.hangs_up_every
            async for part in connection.parts():
                *lines, rest = (rest + part).split(b"\n")
                now = time.monotonic()
                for line in lines:
                    if not self._take(_event.decode(line), now):
                        return
                    left -= 1
                    if not left:
                        return
                await self.may_read.wait()
        finally:
            await connection.close()

    def _take(self, event: _Event, now: float) -> bool:
        """False when the watch has to begin anew."""
        if event.type == "ERROR":
            assert event.object.code == 410, event
            self.gone += 1
            self.revision = 0
            return False
        assert event.object.metadata is not None
        revision = int(event.object.metadata.resourceVersion)
        self.revision = revision
        if event.type == "BOOKMARK":
            return True
        self.events.append(revision)
        self.heard_at.append(now)
        if event.type == "DELETED":
            del self.objects[event.object.metadata.name]
        else:
            self.objects[event.object.metadata.name] = revision
        return True


@dataclass
class Writer:
    """Changes objects at a steady rate; `written` is revision → the moment its request was sent."""

    url: str
    path: str
    names: list[str]
    filler: str = ""
    written: dict[int, float] = field(default_factory=dict)

    async def create(self) -> None:
        connection = await self._connected()
        for name in self.names:
            body = json.dumps({"metadata": {"name": name}, "data": {"n": "0"}}).encode()
            assert await connection.ask("POST", self.path, body) == 201
            await connection.body()
        await connection.close()

    async def change(self, count: int, rate: float) -> None:
        """`count` changes, at most `rate` a second."""
        connection = await self._connected()
        begin = time.monotonic()
        for number in range(count):
            await asyncio.sleep(max(0.0, begin + number / rate - time.monotonic()))
            body = json.dumps({"data": {"n": str(number + 1), "filler": self.filler}}).encode()
            sent = time.monotonic()
            place = f"{self.path}/{self.names[number % len(self.names)]}"
            assert await connection.ask("PATCH", place, body, "application/merge-patch+json") == 200
            told = msgspec.json.decode(await connection.body(), type=_Object)
            assert told.metadata is not None
            self.written[int(told.metadata.resourceVersion)] = sent
        await connection.close()

    async def _connected(self) -> Connection:
        connection = Connection(self.url)
        await connection.open()
        return connection


async def settled(reflectors: list[Reflector], revision: int, timeout_s: float = 30.0) -> None:
    """Returns when every reflector knows what happened up to a revision."""
    end = time.monotonic() + timeout_s
    while behind := [one for one in reflectors if one.revision < revision]:
        failed = [one.failure for one in reflectors if one.failure]
        assert not failed, f"{len(failed)} of {len(reflectors)} clients failed: {failed[0]}"
        assert time.monotonic() < end, f"{len(behind)} of {len(reflectors)} clients are behind {revision}: {behind[0]}"
        await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def watching(reflectors: list[Reflector]) -> AsyncIterator[None]:
    """All of them watch; one that fails raises at the end."""
    tasks = [asyncio.create_task(one.run()) for one in reflectors]
    try:
        for one, task in zip(reflectors, tasks, strict=True):
            ready = asyncio.create_task(one.ready.wait())
            await asyncio.wait({ready, task}, timeout=60, return_when=asyncio.FIRST_COMPLETED)
            assert one.ready.is_set(), task
        yield
    finally:
        for task in tasks:
            task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in done:
        if not isinstance(outcome, asyncio.CancelledError):
            raise AssertionError("a client failed") from outcome if isinstance(outcome, BaseException) else None


def delays(reflectors: list[Reflector], written: dict[int, float]) -> list[float]:
    """Seconds from the sending of a change to each client's hearing of it."""
    return [
        heard - written[revision]
        for one in reflectors
        for revision, heard in zip(one.events, one.heard_at, strict=True)
        if revision in written
    ]
