"""port-forward: bytes of a client's connection, given to a port of a pod, and what comes back.

Two ways in: SPDY streams in a WebSocket tunnel (kubectl since 1.31), and the channel protocol with two channels a port (client libraries).
Simulated servers speak HTTP/1.1 only in whole requests: each is read to its end and answered; a server that speaks something else takes the bytes and says nothing.
"""

from collections.abc import Awaitable, Callable

from gateway.backend import Backend, Forwarded
from gateway.requests import Receive, Scope, Send, repeated
from gateway.spdy import PING, SYN_STREAM, Frame, Framing, SpdyError

TUNNEL = "SPDY/3.1+portforward.k8s.io"
#: A request of more than this is no experiment.
_LONGEST = 1 << 20
_LONGEST_NUMBER = 10
_STATUS = {200: "OK", 204: "No Content", 301: "Moved Permanently", 302: "Found", 400: "Bad Request", 403: "Forbidden",
           404: "Not Found", 500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable"}  # fmt: skip

Reply = Callable[[bytes], Awaitable[None]]


class Connection:
    """One client's connection to one port of a pod."""

    def __init__(self, backend: Backend, namespace: str, pod: str, port: int) -> None:
        self._backend, self._namespace, self._pod, self._port = backend, namespace, pod, port
        self._buffer = b""

    async def take(self, data: bytes) -> tuple[bytes, str]:
        """What the server answers to these bytes by now, and why the connection fails, if it does."""
        self._buffer = (self._buffer + data)[-_LONGEST:]
        answer = b""
        while (request := self._whole_request()) is not None:
            method, path = request
            done = await self._backend.forward(self._namespace, self._pod, self._port, path)
            if done.error:
                return answer, done.error
            answer += _http(done, method) if done.status else b""
        return answer, ""

    async def probe(self) -> str:
        """Why nobody listens, or nothing."""
        return (await self._backend.forward(self._namespace, self._pod, self._port, "")).error

    def _whole_request(self) -> tuple[str, str] | None:
        """Method and path of the next request that is complete; it leaves the buffer."""
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return None
        lines = head.decode("latin-1").split("\r\n")
        lengths = [line.partition(":")[2].strip() for line in lines[1:] if line.lower().startswith("content-length:")]
        length = int(lengths[0]) if lengths and lengths[0].isdecimal() and len(lengths[0]) < _LONGEST_NUMBER else 0
        if len(rest) < length:
            return None
        self._buffer = rest[length:]
        words = lines[0].split(" ")
        return (words[0], words[1]) if len(words) == 3 else ("GET", "/")


def _http(done: Forwarded, method: str) -> bytes:
    body = done.body.encode()
    head = f"HTTP/1.1 {done.status} {_STATUS.get(done.status, '')}\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + (b"" if method == "HEAD" else body)


class Tunnel:
    """SPDY streams of one WebSocket: pairs of an error stream and a data stream for each connection."""

    def __init__(self, backend: Backend, namespace: str, pod: str, send: Send) -> None:
        self._backend, self._namespace, self._pod, self._send = backend, namespace, pod, send
        self._framing = Framing()
        self._errors: dict[str, int] = {}
        """Request id → its error stream."""
        self._open: dict[int, tuple[Connection, str]] = {}
        """Data stream → its connection and request id."""

    async def take(self, data: bytes) -> None:
        """Raises SpdyError."""
        for frame in self._framing.feed(data):
            if frame.kind == SYN_STREAM:
                await self._begin(frame)
            elif frame.kind == PING:
                await self._write(self._framing.ping(frame.stream))
            elif frame.kind == 0 and frame.stream in self._open:
                await self._data(frame)

    async def _begin(self, frame: Frame) -> None:
        await self._write(self._framing.reply(frame.stream))
        request, port = frame.headers.get("requestid", ""), frame.headers.get("port", "")
        if frame.headers.get("streamtype") == "error":
            self._errors[request] = frame.stream
        elif port.isdecimal() and len(port) < _LONGEST_NUMBER:
            connection = Connection(self._backend, self._namespace, self._pod, int(port))
            self._open[frame.stream] = (connection, request)
            if why := await connection.probe():
                await self._end(frame.stream, why)

    async def _data(self, frame: Frame) -> None:
        connection, _ = self._open[frame.stream]
        answer, why = await connection.take(frame.data)
        if answer:
            await self._write(self._framing.data(frame.stream, answer))
        if why or frame.is_last:
            await self._end(frame.stream, why)

    async def _end(self, stream: int, why: str) -> None:
        _, request = self._open.pop(stream)
        errors = self._errors.pop(request, 0)
        if errors:
            await self._write(self._framing.data(errors, why.encode(), last=True))
        await self._write(self._framing.data(stream, b"", last=True))

    async def _write(self, data: bytes) -> None:
        await self._send({"type": "websocket.send", "bytes": data})


async def serve_tunnel(receive: Receive, send: Send, backend: Backend, namespace: str, pod: str) -> None:
    """Until the client goes away."""
    tunnel = Tunnel(backend, namespace, pod, send)
    while (message := await receive())["type"] != "websocket.disconnect":
        try:
            await tunnel.take(message.get("bytes") or b"")
        except SpdyError:
            await send({"type": "websocket.close", "code": 1002})
            return


async def serve_channels(
    scope: Scope, receive: Receive, send: Send, backend: Backend, namespace: str, pod: str
) -> None:
    """`v4.channel.k8s.io`: for the n-th port, channel 2n carries data and 2n+1 errors; each begins with the port's number."""
    words = [word for value in repeated(scope, "ports") for word in value.split(",")]
    ports = [int(word) for word in words if word.isdecimal() and len(word) < 6 and 0 < int(word) < 1 << 16]
    connections = [Connection(backend, namespace, pod, port) for port in ports]
    for index, port in enumerate(ports):
        for channel in (2 * index, 2 * index + 1):
            await send({"type": "websocket.send", "bytes": bytes([channel]) + port.to_bytes(2, "little")})
    while (message := await receive())["type"] != "websocket.disconnect":
        data = message.get("bytes") or b""
        if not data or data[0] % 2 or data[0] // 2 >= len(connections):
            continue
        answer, why = await connections[data[0] // 2].take(data[1:])
        if answer:
            await send({"type": "websocket.send", "bytes": data[:1] + answer})
        if why:
            await send({"type": "websocket.send", "bytes": bytes([data[0] + 1]) + why.encode()})
