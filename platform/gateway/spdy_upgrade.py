"""SPDY/3.1 itself, for clients that know no WebSocket streams: exec of kubectl up to 1.29, port-forward up to 1.30.

ASGI has no such upgrade, so the bridge stands below it, in daphne: to the application the connection is a WebSocket. The streams of an exec or attach
become its channels (`client-go/tools/remotecommand/v4.go`), those of a port-forward are SPDY there too (`forwarding.Tunnel`). Promises: a
refusal is an HTTP answer with a Status, as without the bridge. Leaves to others: who may connect, and what flows (`sockets.py`).
"""

import json
import re
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from daphne.http_protocol import WebRequest
from twisted.protocols.policies import ProtocolWrapper

from gateway.forwarding import TUNNEL
from gateway.requests import query_of
from gateway.spdy import GOAWAY, PING, SYN_STREAM, Frame, Framing, SpdyError

_SPDY = b"spdy/3.1"
#: What Kubernetes streams over SPDY.
_STREAMS = re.compile(rb"/pods/[^/]+/(exec|attach|portforward)/?$")
_VERSION = "x-stream-protocol-version"
_PORT_FORWARD = "portforward.k8s.io"
#: Names of streams, and the channel that each is for the application.
_CHANNELS = {"stdin": 0, "stdout": 1, "stderr": 2, "error": 3, "resize": 4}
_STDIN, _CLOSE, _ERROR = 0, 255, 3


class UpgradingRequest(WebRequest):  # type: ignore[misc]
    """A request that may leave HTTP for SPDY, and whose connection breaks when its application does after it has begun to answer: daphne
    would begin a second answer, which ends its own watch over all connections."""

    def handle_exception(self, exception: BaseException) -> None:
        if not self._response_started:
            super().handle_exception(exception)
        elif self.channel is not None:
            self.channel.transport.abortConnection()

    def process(self) -> Any:
        asked = self.requestHeaders.getRawHeaders(b"upgrade") or [b""]
        if asked[0].lower() != _SPDY or not _STREAMS.search(self.path):
            return super().process()
        self.content.seek(0)
        bridge: Any = Bridge(self.server, _scope(self))
        transport, self.transport = self._taken(), None
        if isinstance(transport, ProtocolWrapper):
            transport.wrappedProtocol = bridge
        else:
            transport.protocol = bridge
        bridge.makeConnection(transport)
        self.server.protocol_disconnected(self)
        self.channel._networkProducer.resumeProducing()
        return None

    def _taken(self) -> Any:
        """What carries this connection, whoever speaks over it."""
        return getattr(self, "transport")  # noqa: B009 - Twisted tells no type of it


def _scope(request: WebRequest) -> dict[str, Any]:
    """As of a WebSocket that offers what the client offers."""
    headers = [(name.lower(), value) for name, values in request.requestHeaders.getAllRawHeaders() for value in values]
    offered = [
        one.strip()
        for name, value in headers
        if name == _VERSION.encode()
        for one in value.decode("latin-1").split(",")
    ]
    raw_path, _, query = request.uri.partition(b"?")
    path = unquote(raw_path.decode("latin-1"))
    is_forwarding = path.rstrip("/").endswith("/portforward")
    return {
        "type": "websocket",
        "path": path,
        "raw_path": raw_path,
        "query_string": query,
        "headers": headers,
        "method": request.method.decode("latin-1"),
        "subprotocols": [TUNNEL] if is_forwarding else offered,
        "http_version": "1.1",
        "scheme": "ws",
        "root_path": "",
        "client": None,
        "server": None,
    }


class Bridge:
    """One connection: bytes on this side (Twisted's `IProtocol`), messages of a WebSocket on the other."""

    def __init__(self, server: Any, scope: dict[str, Any]) -> None:
        self._server, self._scope = server, scope
        self._transport: Any = None
        self._framing = Framing()
        self._queue: Any = None
        self._streams: dict[int, int] = {}
        """Channel → stream."""
        self._channels: dict[int, int] = {}
        """Stream → channel."""
        self._wanted = _wanted(scope)
        self._waiting: list[bytes] = []
        """Frames for streams that the client has not made yet."""
        self._is_accepted = self._is_over = False

    # From the client

    def makeConnection(self, transport: Any) -> None:
        self._transport = transport
        self._server.protocol_connected(self)
        self._queue = self._server.create_application(self, self._scope)
        self._tell({"type": "websocket.connect"})

    def dataReceived(self, data: bytes) -> None:
        if self._is_forwarding:
            self._tell({"type": "websocket.receive", "bytes": data})
            return
        try:
            for frame in self._framing.feed(data):
                self._hear(frame)
        except SpdyError:
            self._transport.loseConnection()

    def connectionLost(self, reason: Any = None) -> None:
        self._tell({"type": "websocket.disconnect", "code": 1006})
        self._server.protocol_disconnected(self)

    def _hear(self, frame: Frame) -> None:
        if frame.kind == SYN_STREAM:
            self._open(frame)
        elif frame.kind == PING:
            self._transport.write(self._framing.ping(frame.stream))
        elif frame.kind == GOAWAY:
            self._transport.loseConnection()
        elif frame.kind == 0 and frame.stream in self._channels:
            channel = self._channels[frame.stream]
            if frame.data:
                self._tell({"type": "websocket.receive", "bytes": bytes([channel]) + frame.data})
            if frame.is_last and channel == _STDIN:
                self._tell({"type": "websocket.receive", "bytes": bytes([_CLOSE, _STDIN])})

    def _open(self, frame: Frame) -> None:
        self._transport.write(self._framing.reply(frame.stream))
        channel = _CHANNELS.get(frame.headers.get("streamtype", ""))
        if channel is None:
            return
        self._streams[channel], self._channels[frame.stream] = frame.stream, channel
        if self._is_complete:
            waiting, self._waiting = self._waiting, []
            for message in waiting:
                self._write(message)
            if self._is_over:
                self._end()

    def _tell(self, message: dict[str, Any]) -> None:
        if self._queue is not None:
            self._queue.put_nowait(message)

    # From the application

    def handle_reply(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "websocket.accept":
                protocol = _PORT_FORWARD if self._is_forwarding else message.get("subprotocol") or ""
                self._head(
                    "101 Switching Protocols", {"connection": "Upgrade", "upgrade": "SPDY/3.1", _VERSION: protocol}
                )
                self._is_accepted = True
            case "websocket.send" if self._is_forwarding or self._is_complete:
                self._write(message["bytes"])
            case "websocket.send":
                self._waiting.append(message["bytes"])
            case "websocket.close" if not self._is_accepted:
                self._refuse(message.get("status") or {})
            case "websocket.close":
                self._is_over = True
                if self._is_forwarding or self._is_complete:
                    self._end()

    def handle_exception(self, exception: BaseException) -> None:
        self._transport.loseConnection()

    def check_timeouts(self) -> None:
        """A stream may be silent for as long as it likes."""

    def _write(self, data: bytes) -> None:
        if self._is_forwarding:
            self._transport.write(data)
        elif data[0] in self._streams:
            self._transport.write(self._framing.data(self._streams[data[0]], data[1:]))

    def _end(self) -> None:
        for channel, stream in self._streams.items():
            if channel != _STDIN:
                self._transport.write(self._framing.data(stream, b"", last=True))
        self._transport.loseConnection()

    def _refuse(self, status: dict[str, Any]) -> None:
        body = json.dumps(status).encode()
        headers = {"content-type": "application/json", "content-length": str(len(body)), "connection": "close"}
        code = HTTPStatus(status.get("code", HTTPStatus.NOT_FOUND))
        self._head(f"{code.value} {code.phrase}", headers)
        self._transport.write(body)
        self._transport.loseConnection()

    def _head(self, status: str, headers: dict[str, str]) -> None:
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        self._transport.write("\r\n".join(lines).encode("latin-1"))

    @property
    def _is_forwarding(self) -> bool:
        return TUNNEL in self._scope["subprotocols"]

    @property
    def _is_complete(self) -> bool:
        """Whether the client has made every stream that it has asked for."""
        return self._wanted <= self._streams.keys()

    # The server keeps connections in a dictionary.

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


def _wanted(scope: dict[str, Any]) -> set[int]:
    """Channels of an exec or attach: those asked for, and the one for errors."""
    query = query_of(scope)
    return {_ERROR, *(_CHANNELS[name] for name in ("stdin", "stdout", "stderr") if query.get(name) == "true")}
