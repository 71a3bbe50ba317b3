"""exec, attach, logs and port-forward over WebSocket: what a client types goes to the cluster, what a container says comes back.

https://kubernetes.io/docs/reference/using-api/websockets/. `v5.channel.k8s.io` and `v4.channel.k8s.io`: the first byte of a frame names its channel: 0 stdin, 1 stdout,
2 stderr, 3 the closing Status, 4 the size of the terminal, 255 (v5) closes a channel. A shell is a session of lines (`keyboard.py`);
any other command gets its whole standard input at once. attach shows what the container writes from now on. Clients that ask for
SPDY itself (kubectl before 1.30) come through `spdy_upgrade.py`; the end of their stream of standard input is that close. A refusal carries its Status for them (`status` of `websocket.close`).
"""

import asyncio
import re
from base64 import b64encode
from collections.abc import AsyncGenerator, Mapping, Sequence

import msgspec

from gateway.backend import Backend, Executed, Shell
from gateway.errors import Unreachable, unavailable
from gateway.forwarding import TUNNEL, serve_channels, serve_tunnel
from gateway.input_habits import is_deaf, reads_archive, reads_to_the_end
from gateway.keyboard import Keyboard
from gateway.outcomes import failed, outcome, refused
from gateway.requests import Receive, Scope, Send, headers_of, query_of, repeated
from gateway.streams import followed_log
from simulator.apiserver.errors import StatusError, path_not_found
from simulator.apiserver.request import Request, Response

_LOG = re.compile(r"/api/v1/namespaces/[^/]+/pods/[^/]+/log/?")
_LOG_PROTOCOLS = ("binary.k8s.io", "base64.binary.k8s.io")
_PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io", "channel.k8s.io")
#: kubectl reads before it has made all of its streams, and drops frames of those that it does not know yet
#: (`client-go/tools/remotecommand/websocket.go`). A real container is never that quick.
_CLIENT_SETTLES_S = 0.2
#: How long a command that may not read its input at all waits for the first of it, and how long every piece is waited for where a client has
#: no way to say that its input has ended (WebSocket before `v5.channel.k8s.io`).
_INPUT_S = 0.3
#: How long `tar x` waits for the next piece of an archive that has not ended.
_ARCHIVE_S = 20.0
_END_OF_ARCHIVE = bytes(1024)
_LONGEST_INPUT = 4_000_000
_STDIN, _STDOUT, _STDERR, _ERROR, _CLOSE = 0, b"\x01", b"\x02", b"\x03", 255
_SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh"})


async def serve_socket(scope: Scope, receive: Receive, send: Send, backend: Backend | None, path: str) -> None:
    """One connection. Without a backend (an unknown key) it is refused like everything that is no stream of a pod."""
    await receive()
    offered = scope.get("subprotocols") or []
    if backend is not None and _LOG.fullmatch(path):
        await _serve_log(scope, receive, send, backend, path)
        return
    place = _place(path)
    known = (TUNNEL, *_PROTOCOLS) if place is not None and place[2] == "portforward" else _PROTOCOLS
    protocol = next((name for name in known if name in offered), "")
    if backend is None or place is None or (offered and not protocol):
        await send({"type": "websocket.close", "code": 4404, "status": path_not_found().status()})
        return
    namespace, pod, verb = place
    refusal = await may_begin(scope, backend, path)
    if not refusal.ok:
        await send({"type": "websocket.close", "code": 4404, "status": refusal.body})
        return
    await send({"type": "websocket.accept", "subprotocol": protocol or None})
    if protocol == TUNNEL:
        await serve_tunnel(receive, send, backend, namespace, pod)
    elif verb == "portforward":
        await serve_channels(scope, receive, send, backend, namespace, pod)
    else:
        says_end = protocol == _PROTOCOLS[0] or headers_of(scope).get("upgrade", "").lower() == "spdy/3.1"
        await _Streams(scope, receive, send, backend, says_end=says_end).serve(namespace, pod, verb)


async def _serve_log(scope: Scope, receive: Receive, send: Send, backend: Backend, path: str) -> None:
    """A container's log, each frame a piece of it (`apimachinery/pkg/util/httpstream/wsstream/stream.go`)."""
    offered = scope.get("subprotocols") or []
    protocol = next((name for name in _LOG_PROTOCOLS if name in offered), "")
    request = Request("GET", path, query_of(scope), headers_of(scope))
    parts = _log_parts(backend, request)
    try:
        first = await anext(parts, b"")
    except Unreachable:
        error = unavailable()
        first = Response(error.code, error.status())
    if isinstance(first, Response) or (offered and not protocol):
        status = first.body if isinstance(first, Response) else path_not_found().status()
        await send({"type": "websocket.close", "code": 4404, "status": status})
        return
    await send({"type": "websocket.accept", "subprotocol": protocol or None})
    showing = asyncio.create_task(_send_log(first, parts, send, is_text=protocol.startswith("base64")))
    leaving = asyncio.create_task(_until_gone(receive))
    await asyncio.wait({showing, leaving}, return_when=asyncio.FIRST_COMPLETED)
    has_left = leaving.done()
    for task in (showing, leaving):
        task.cancel()
    await asyncio.gather(showing, leaving, return_exceptions=True)
    if not has_left:
        await send({"type": "websocket.close", "code": 1000})


async def _log_parts(backend: Backend, request: Request) -> AsyncGenerator[bytes | Response, None]:
    if request.query.get("follow") == "true":
        async for part in followed_log(backend, request):
            yield part
        return
    answer = await backend.handle(request)
    yield str(answer.body).encode() if answer.ok else answer


async def _send_log(first: bytes, rest: AsyncGenerator[bytes | Response, None], send: Send, *, is_text: bool) -> None:
    part: bytes | Response = first
    while isinstance(part, bytes):
        if part and is_text:
            await send({"type": "websocket.send", "text": b64encode(part).decode()})
        elif part:
            await send({"type": "websocket.send", "bytes": part})
        part = await anext(rest, Response(204, ""))


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "websocket.disconnect":
        pass


def _place(path: str) -> tuple[str, str, str] | None:
    """(namespace, pod, subresource) of a URL that streams."""
    match path.strip("/").split("/"):
        case ["api", "v1", "namespaces", namespace, "pods", pod, "exec" | "attach" | "portforward" as verb]:
            return namespace, pod, verb
    return None


async def may_begin(scope: Scope, backend: Backend, path: str) -> Response:
    """What the API server says to whoever wants this stream: 101, or a refusal."""
    headers, query = {**headers_of(scope), "upgrade": "yes"}, query_of(scope)
    if "command" in query:
        query["command"] = "\0".join(repeated(scope, "command"))
    try:
        return await backend.handle(Request(scope.get("method", "GET"), path, query, headers))
    except Unreachable:
        error = unavailable()
        return Response(error.code, error.status())


class _Streams:
    """The channels of one exec or attach."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, backend: Backend, *, says_end: bool) -> None:
        """`says_end`: whether the client can tell that its input has ended."""
        self._says_end = says_end
        self._receive, self._send, self._backend = receive, send, backend
        query = query_of(scope)
        self._container = query.get("container", "")
        self._command = repeated(scope, "command")
        self._has_input = _is_set(query, "stdin")
        self._is_terminal = _is_set(query, "tty")

    async def serve(self, namespace: str, pod: str, verb: str) -> None:
        await asyncio.sleep(_CLIENT_SETTLES_S)
        try:
            if verb == "attach":
                await self._attach(namespace, pod)
            elif self._has_input and _is_shell(self._command):
                await self._shell(namespace, pod)
            else:
                await self._run(namespace, pod)
        except StatusError as error:
            await self._frame(_ERROR, msgspec.json.encode(error.status()))
        except Unreachable:
            await self._frame(_ERROR, msgspec.json.encode(failed("the cluster does not answer")))
        except _Gone:
            return
        await self._send({"type": "websocket.close", "code": 1000})

    # A command

    async def _run(self, namespace: str, pod: str) -> None:
        is_read = self._has_input and not self._is_terminal and not is_deaf(self._command)
        stdin = await self._input() if is_read else b""
        await self._tell(await self._backend.execute(namespace, pod, self._container, self._command, stdin))

    async def _input(self) -> bytes:
        """Everything up to the end of the input; without any, what a command gets that has not waited for it."""
        data = b""
        while len(data) <= _LONGEST_INPUT:
            try:
                async with asyncio.timeout(self._patience(data)):
                    part = await self._typed()
            except TimeoutError:
                break
            if part is None:
                break
            data += part
        return data

    def _patience(self, data: bytes) -> float | None:
        """Seconds until the next piece of input is no longer waited for; None: for ever."""
        if self._says_end and (data or reads_to_the_end(self._command)):
            return None
        if reads_archive(self._command) and not data.endswith(_END_OF_ARCHIVE):
            return _ARCHIVE_S
        return _INPUT_S

    async def _typed(self) -> bytes | None:
        """The next piece of standard input; None at its end. Raises _Gone when the client has left."""
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                raise _Gone
            data = message.get("bytes") or (message.get("text") or "").encode()
            if data[:1] == bytes([_STDIN]):
                return bytes(data[1:])
            if data[:2] == bytes([_CLOSE, _STDIN]):
                return None

    # A shell

    async def _shell(self, namespace: str, pod: str) -> None:
        opened = await self._backend.open_shell(namespace, pod, self._container, self._command)
        if isinstance(opened, Executed):
            await self._tell(opened)
            return
        if self._is_terminal:
            await self._frame(_STDOUT, opened.prompt.encode())
            await self._at_terminal(opened)
        else:
            await self._from_pipe(opened)

    async def _at_terminal(self, shell: Shell) -> None:
        keyboard = Keyboard()
        while True:
            part = await self._typed()
            echo, lines = keyboard.press(part) if part is not None else (b"", [None])
            if echo:
                await self._frame(_STDOUT, echo)
            for line in lines:
                if await self._line(shell, "exit" if line is None else line):
                    return

    async def _from_pipe(self, shell: Shell) -> None:
        """A script on standard input: a line at a time, `exit` at its end."""
        rest = b""
        while True:
            part = await self._typed()
            rest += part if part is not None else b"\nexit\n"
            *lines, rest = rest.split(b"\n")
            for line in lines:
                if await self._line(shell, line.decode(errors="replace")):
                    return

    async def _line(self, shell: Shell, line: str) -> bool:
        """Hands one line over and shows what it did. Whether the shell has ended."""
        done = await self._backend.shell_line(shell, line)
        out, err = self._shown(done.stdout), self._shown(done.stderr)
        if out:
            await self._frame(_STDOUT, out)
        if err:
            await self._frame(_STDOUT if self._is_terminal else _STDERR, err)
        if done.ended is not None:
            await self._frame(_ERROR, msgspec.json.encode(outcome(done.ended)))
            return True
        if self._is_terminal:
            await self._frame(_STDOUT, done.prompt.encode())
        return False

    def _shown(self, data: bytes) -> bytes:
        return data.replace(b"\n", b"\r\n") if self._is_terminal else data

    # attach

    async def _attach(self, namespace: str, pod: str) -> None:
        """What the container writes from now on, until it ends or the client leaves."""
        query = {"container": self._container} if self._container else {}
        request = Request("GET", f"/api/v1/namespaces/{namespace}/pods/{pod}/log", query)
        showing = asyncio.create_task(self._show_log(request))
        leaving = asyncio.create_task(_until_gone(self._receive))
        await asyncio.wait({showing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        for task in (showing, leaving):
            task.cancel()
        await asyncio.gather(showing, leaving, return_exceptions=True)
        await self._frame(_ERROR, msgspec.json.encode(outcome(0)))

    async def _show_log(self, request: Request) -> None:
        is_past = True
        async for part in followed_log(self._backend, request):
            if isinstance(part, Response):
                return
            if part and not is_past:
                await self._frame(_STDOUT, self._shown(part))
            is_past = False

    # Frames

    async def _tell(self, done: Executed) -> None:
        if done.refused:
            await self._frame(_ERROR, msgspec.json.encode(refused(done.refused)))
            return
        for fd, data in done.written:
            await self._frame(_STDOUT if fd == 1 or self._is_terminal else _STDERR, self._shown(data))
        await self._frame(_ERROR, msgspec.json.encode(outcome(done.status)))

    async def _frame(self, channel: bytes, data: bytes) -> None:
        await self._send({"type": "websocket.send", "bytes": channel + data})


def _is_set(query: Mapping[str, str], name: str) -> bool:
    """How the API server reads a flag of a URL: whatever is there and does not say no (`conversion/queryparams`)."""
    return query.get(name, "false") not in ("false", "0")


class _Gone(Exception):
    """The client has left."""


def _is_shell(command: Sequence[str]) -> bool:
    """A shell that will wait for what is typed."""
    program = command[0].rsplit("/", 1)[-1] if command else ""
    return program in _SHELLS and all(word in ("-i", "-l", "--login", "-il") for word in command[1:])
