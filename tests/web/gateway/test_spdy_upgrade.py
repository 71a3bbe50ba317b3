"""Streams of clients that speak SPDY themselves: to the application they are a WebSocket, and a refusal is an HTTP answer."""

import asyncio
import json
import struct
import zlib
from collections.abc import MutableMapping
from typing import Any

import pytest

from gateway.sockets import serve_socket
from gateway.spdy import DICTIONARY, PING, Frame, Framing
from gateway.spdy_upgrade import Bridge
from gateway.standalone import LocalBackend
from simulator import Cluster


class Server:
    """What daphne is to a connection."""

    def __init__(self, backend: LocalBackend) -> None:
        self.connected: list[Bridge] = []
        self._backend = backend
        self.task: asyncio.Task[None] | None = None

    def protocol_connected(self, protocol: Bridge) -> None:
        self.connected.append(protocol)

    def protocol_disconnected(self, protocol: Bridge) -> None:
        self.connected.remove(protocol)

    def create_application(self, protocol: Bridge, scope: dict[str, Any]) -> Any:
        queue: asyncio.Queue[Any] = asyncio.Queue()

        async def send(message: MutableMapping[str, Any]) -> None:
            protocol.handle_reply(dict(message))

        self.task = asyncio.create_task(serve_socket(scope, queue.get, send, self._backend, scope["path"]))
        return queue


class Transport:
    def __init__(self) -> None:
        self.written = b""
        self.answered, self.closed = asyncio.Event(), asyncio.Event()

    def write(self, data: bytes) -> None:
        self.written += data
        self.answered.set()

    def loseConnection(self) -> None:
        self.closed.set()


class Kubectl:
    """The client's end of one connection."""

    def __init__(self, backend: LocalBackend, pod: str, query: str) -> None:
        scope = {
            "type": "websocket",
            "path": f"/api/v1/namespaces/default/pods/{pod}/exec",
            "query_string": query.encode(),
            "headers": [],
            "method": "POST",
            "subprotocols": ["v4.channel.k8s.io"],
        }
        self.server, self.transport = Server(backend), Transport()
        self.bridge = Bridge(self.server, scope)
        self._deflate, self._framing = zlib.compressobj(zdict=DICTIONARY), Framing()
        self.bridge.makeConnection(self.transport)

    async def accepted(self) -> None:
        """A client makes its streams when the server has switched protocols."""
        await asyncio.wait_for(self.transport.answered.wait(), 5)

    def open(self, stream: int, name: str) -> None:
        pairs = struct.pack(">I", 1) + b"".join(struct.pack(">I", len(t)) + t for t in (b"streamtype", name.encode()))
        block = self._deflate.compress(pairs) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        body = struct.pack(">IIH", stream, 0, 0) + block
        self.bridge.dataReceived(struct.pack(">HHI", 0x8003, 1, len(body)) + body)

    def write(self, stream: int, data: bytes, *, last: bool = False) -> None:
        self.bridge.dataReceived(Framing.data(stream, data, last=last))

    async def end(self) -> tuple[bytes, list[Frame]]:
        """The head of the answer, and every frame after it."""
        await asyncio.wait_for(self.transport.closed.wait(), 5)
        head, _, rest = self.transport.written.partition(b"\r\n\r\n")
        return head, self._framing.feed(rest) if head.startswith(b"HTTP/1.1 101") else [Frame(0, 0, data=rest)]


def said(frames: list[Frame], stream: int) -> bytes:
    assert any(frame.is_last for frame in frames if frame.stream == stream)
    return b"".join(frame.data for frame in frames if frame.kind == 0 and frame.stream == stream)


@pytest.fixture
def cluster() -> Cluster:
    cluster = Cluster.create("kind: Cluster\nnodes: [{role: control-plane}, {role: worker}]", profile="instant")
    cluster.apply({"kind": "shell", "line": "kubectl run web --image=nginx:1.27"})
    cluster.advance(cluster.now + 10_000_000)
    return cluster


@pytest.fixture
async def backend(cluster: Cluster) -> LocalBackend:
    return LocalBackend(cluster, speed=0)


async def test_streams_carry_what_channels_carry(backend: LocalBackend) -> None:
    client = Kubectl(
        backend, "web", "command=sh&command=-c&command=cat;echo+no+>%262;exit+4&stdin=true&stdout=true&stderr=true"
    )
    await client.accepted()
    for stream, name in ((1, "error"), (3, "stdin"), (5, "stdout"), (7, "stderr")):
        client.open(stream, name)
    client.write(3, b"\x00\xffhello\n")
    client.write(3, b"", last=True)
    head, frames = await client.end()
    assert head.split(b"\r\n") == [
        b"HTTP/1.1 101 Switching Protocols",
        b"connection: Upgrade",
        b"upgrade: SPDY/3.1",
        b"x-stream-protocol-version: v4.channel.k8s.io",
    ]
    assert (said(frames, 5), said(frames, 7)) == (b"\x00\xffhello\n", b"no\n")
    assert json.loads(said(frames, 1))["details"] == {"causes": [{"reason": "ExitCode", "message": "4"}]}


async def test_nothing_is_lost_that_comes_before_the_client_has_made_its_streams(backend: LocalBackend) -> None:
    client = Kubectl(backend, "web", "command=hostname&stdout=true")
    await client.accepted()
    client.open(1, "error")
    assert client.server.task is not None
    await client.server.task
    client.open(3, "stdout")
    _, frames = await client.end()
    assert said(frames, 3) == b"web\n"


async def test_pings_are_answered(backend: LocalBackend) -> None:
    client = Kubectl(backend, "web", "command=hostname&stdout=true")
    await client.accepted()
    client.open(1, "error")
    client.bridge.dataReceived(Framing.ping(5))
    client.open(3, "stdout")
    _, frames = await client.end()
    assert [frame.stream for frame in frames if frame.kind == PING] == [5]


async def test_a_refusal_is_an_http_answer_with_a_status(backend: LocalBackend) -> None:
    head, (body,) = await Kubectl(backend, "gone", "command=ls&stdout=true").end()
    assert head.startswith(b"HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\n")
    status = json.loads(body.data)
    assert (status["kind"], status["message"]) == ("Status", 'pods "gone" not found')


async def test_what_is_no_spdy_ends_the_connection(backend: LocalBackend) -> None:
    client = Kubectl(backend, "web", "command=hostname&stdout=true")
    client.bridge.dataReceived(b"\x80\x02\x00\x01\x00\x00\x00\x00")
    assert client.transport.closed.is_set()
    client.bridge.connectionLost()
    assert client.server.connected == []
