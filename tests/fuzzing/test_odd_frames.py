"""SPDY frames of exec and port-forward, from a client's own connection and through a WebSocket: cut short, changed, out of order, repeated."""

import asyncio
import struct
import zlib
from collections.abc import MutableMapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway import sockets
from gateway.forwarding import TUNNEL
from gateway.sockets import serve_socket
from gateway.spdy import DICTIONARY, SYN_STREAM, Framing, SpdyError
from gateway.spdy_upgrade import Bridge
from tests.fuzzing.door import Door, fuzzed

_NAMES = st.sampled_from(["stdin", "stdout", "stderr", "error", "resize", "data", "", "x", "streamtype"])
_STREAMS = st.sampled_from([0, 1, 3, 5, 7, 2**31 - 1])
_PORTS = st.sampled_from(["80", "0", "99999", "x", "9" * 5000, "-1", "٣", ""])
#: (kind of frame, stream, a name or a port, bytes)
_WORDS = st.lists(
    st.one_of(
        st.tuples(st.just("open"), _STREAMS, _NAMES, st.just(b"")),
        st.tuples(st.just("forward"), _STREAMS, _PORTS, st.just(b"")),
        st.tuples(st.just("data"), _STREAMS, st.just(""), st.binary(max_size=40)),
        st.tuples(st.just("data"), _STREAMS, st.just(""), st.sampled_from([b"GET / HTTP/1.1\r\n\r\n", b"ls\nexit\n", b'{"Width":-1}'])),
        st.tuples(st.just("last"), _STREAMS, st.just(""), st.just(b"")),
        st.tuples(st.just("control"), st.integers(0, 12), st.just(""), st.binary(max_size=24)),
        st.tuples(st.just("raw"), st.just(0), st.just(""), st.binary(max_size=24)),
    ),
    max_size=8,
)  # fmt: skip
_CHANGES = st.lists(st.tuples(st.sampled_from(["cut", "flip", "twice"]), st.integers(0, 600)), max_size=2)


def _headers(deflate: Any, **pairs: str) -> bytes:
    plain = struct.pack(">I", len(pairs))
    for name, value in pairs.items():
        plain += b"".join(struct.pack(">I", len(one.encode())) + one.encode() for one in (name, value))
    return bytes(deflate.compress(plain) + deflate.flush(zlib.Z_SYNC_FLUSH))


def _control(kind: int, body: bytes) -> bytes:
    return struct.pack(">HHI", 0x8003, kind, len(body)) + body


def _written(words: list[tuple[str, int, str, bytes]], changes: list[tuple[str, int]]) -> bytes:
    deflate, out = zlib.compressobj(zdict=DICTIONARY), b""
    for kind, stream, text, data in words:
        match kind:
            case "open":
                block = _headers(deflate, streamtype=text)
                out += _control(SYN_STREAM, struct.pack(">IIH", stream, 0, 0) + block)
            case "forward":
                block = _headers(deflate, streamtype="data", port=text, requestid="0")
                out += _control(SYN_STREAM, struct.pack(">IIH", stream, 0, 0) + block)
            case "data" | "last":
                out += Framing.data(stream, data, last=kind == "last")
            case "control":
                out += _control(stream, data)
            case _:
                out += data
    for change, place in changes:
        at = place % (len(out) or 1)
        match change:
            case "cut":
                out = out[:at]
            case "flip" if out:
                out = out[:at] + bytes([out[at] ^ 1 << place % 8]) + out[at + 1 :]
            case "twice":
                out += out[at:]
    return out


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "_CLIENT_SETTLES_S", 0.0)
    monkeypatch.setattr(sockets, "_INPUT_S", 0.0)
    monkeypatch.setattr(sockets, "_ARCHIVE_S", 0.0)


@fuzzed(500)
@given(words=_WORDS, changes=_CHANGES, sizes=st.lists(st.integers(1, 50), max_size=8))
@example([("raw", 0, "", b"\x80\x03\x00\x01\x00\xff\xff\xff")], [], [])
def test_frames_are_read_or_refused_however_they_are_cut(
    words: list[tuple[str, int, str, bytes]], changes: list[tuple[str, int]], sizes: list[int]
) -> None:
    data = _written(words, changes)

    def frames(parts: list[bytes]) -> list[object]:
        framing, found = Framing(), []
        try:
            for part in parts:
                found += framing.feed(part)
        except SpdyError:
            found.append(SpdyError)
        return found

    parts, at = [], 0
    for size in sizes:
        parts.append(data[at : at + size])
        at += size
    whole, cut = frames([data]), frames([*parts, data[at:]])
    if SpdyError in whole:
        assert cut[-1] is SpdyError
    else:
        assert cut == whole


def test_headers_that_grow_without_end_are_refused() -> None:
    deflate = zlib.compressobj(zdict=DICTIONARY)
    block = deflate.compress(bytes(50_000_000)) + deflate.flush(zlib.Z_SYNC_FLUSH)
    with pytest.raises(SpdyError, match="headers of more than"):
        Framing().feed(_control(SYN_STREAM, bytes(10) + block))


class _Connection:
    """What daphne is to a connection, and what carries its bytes."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self.task: asyncio.Task[None] | None = None
        self.is_closed = False

    def protocol_connected(self, protocol: Bridge) -> None:
        pass

    protocol_disconnected = protocol_connected

    def create_application(self, protocol: Bridge, scope: dict[str, Any]) -> Any:
        queue: asyncio.Queue[Any] = asyncio.Queue()

        async def send(message: MutableMapping[str, Any]) -> None:
            protocol.handle_reply(dict(message))

        self.task = asyncio.create_task(serve_socket(scope, queue.get, send, self._backend, scope["path"]))
        return queue

    def write(self, data: bytes) -> None:
        pass

    def loseConnection(self) -> None:
        self.is_closed = True


@fuzzed(150)
@given(
    verb=st.sampled_from(["exec", "attach", "portforward"]),
    query=st.sampled_from([b"command=cat&stdin=1&stdout=1", b"command=sh&stdin=1&stdout=1&tty=1", b"command=ls&stdout=1", b"ports=80"]),
    words=_WORDS,
    changes=_CHANGES,
)  # fmt: skip
def test_a_connection_that_speaks_spdy_ends_with_its_client(
    door: Door, verb: str, query: bytes, words: list[tuple[str, int, str, bytes]], changes: list[tuple[str, int]]
) -> None:
    data = _written(words, changes)

    async def talk() -> None:
        connection = _Connection(door.backend)
        scope = {
            "type": "websocket",
            "path": f"/api/v1/namespaces/default/pods/one/{verb}",
            "query_string": query,
            "headers": [(b"upgrade", b"SPDY/3.1")],
            "method": "POST",
            "subprotocols": [TUNNEL] if verb == "portforward" else ["v4.channel.k8s.io"],
        }
        bridge = Bridge(connection, scope)
        bridge.makeConnection(connection)
        await asyncio.sleep(0)
        bridge.dataReceived(data)
        await asyncio.sleep(0)
        bridge.connectionLost()
        assert connection.task is not None
        await asyncio.wait_for(connection.task, 10)

    door.run(talk())
    door.check(f"SPDY {verb} {query!r} {data[:300]!r}")


@fuzzed(100)
@given(words=_WORDS, changes=_CHANGES)
def test_a_tunnel_through_a_websocket_ends_with_its_client(
    door: Door, words: list[tuple[str, int, str, bytes]], changes: list[tuple[str, int]]
) -> None:
    data = _written(words, changes)
    said = [{"type": "websocket.receive", "bytes": data[:7]}, {"type": "websocket.receive", "bytes": data[7:]}]
    sent = door.talk("/api/v1/namespaces/default/pods/one/portforward", b"ports=80", [TUNNEL], said)
    assert sent[0] == {"type": "websocket.accept", "subprotocol": TUNNEL}
