"""exec, attach and port-forward over WebSocket, spoken as kubectl and the client libraries speak them."""

import asyncio
import json
import struct
import zlib
from typing import Any

import pytest

from gateway.input_habits import is_deaf
from gateway.keyboard import Keyboard
from gateway.sockets import serve_socket
from gateway.spdy import DICTIONARY, Framing
from gateway.standalone import LocalBackend
from simulator import Cluster

V5 = "v5.channel.k8s.io"
TUNNEL = "SPDY/3.1+portforward.k8s.io"


class Socket:
    """The client's end of one connection."""

    def __init__(self, backend: LocalBackend, path: str, query: str, protocol: str) -> None:
        self._sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._sent.put_nowait({"type": "websocket.connect"})
        scope = {"type": "websocket", "query_string": query.encode(), "subprotocols": [protocol] if protocol else []}
        self._task = asyncio.create_task(serve_socket(scope, self._sent.get, self.received.put, backend, path))

    def send(self, data: bytes) -> None:
        self._sent.put_nowait({"type": "websocket.receive", "bytes": data})

    def leave(self) -> None:
        self._sent.put_nowait({"type": "websocket.disconnect", "code": 1000})

    async def next(self) -> dict[str, Any]:
        return await asyncio.wait_for(self.received.get(), 5)

    async def rest(self) -> dict[int, bytes]:
        """What came on each channel up to the end."""
        channels: dict[int, bytes] = {}
        while (message := await self.next())["type"] != "websocket.close":
            if message["type"] == "websocket.send":
                data = message["bytes"]
                channels[data[0]] = channels.get(data[0], b"") + data[1:]
        return channels

    async def end(self) -> None:
        self.leave()
        await asyncio.wait_for(self._task, 5)


@pytest.fixture
def cluster() -> Cluster:
    cluster = Cluster.create("kind: Cluster\nnodes: [{role: control-plane}, {role: worker}]", profile="instant")
    cluster.apply({"kind": "shell", "line": "kubectl run web --image=nginx:1.27"})
    cluster.advance(cluster.now + 10_000_000)
    return cluster


@pytest.fixture
async def backend(cluster: Cluster) -> LocalBackend:
    return LocalBackend(cluster, speed=0)


def pod(verb: str) -> str:
    return f"/api/v1/namespaces/default/pods/web/{verb}"


@pytest.mark.parametrize("command", ["command=cat", "command=sh&command=-c&command=cat"])
async def test_a_command_gets_what_was_typed_before_and_after_a_pause(backend: LocalBackend, command: str) -> None:
    socket = Socket(backend, pod("exec"), f"{command}&stdin=true&stdout=true", V5)
    socket.send(b"\x00one\n")
    await asyncio.sleep(0.7)
    socket.send(b"\x00two\n")
    socket.send(b"\xff\x00")
    channels = await socket.rest()
    assert channels[1] == b"one\ntwo\n"


async def test_who_reads_to_the_end_waits_for_the_first_of_it(backend: LocalBackend) -> None:
    socket = Socket(backend, pod("exec"), "command=wc&command=-l&stdin=true&stdout=true", V5)
    await asyncio.sleep(0.7)
    socket.send(b"\x00one\ntwo\n")
    socket.send(b"\xff\x00")
    assert (await socket.rest())[1].strip() == b"2"


@pytest.mark.parametrize(
    ("protocol", "command"), [(V5, "command=ls"), ("v4.channel.k8s.io", "command=cat")], ids=["no reader", "no end"]
)
async def test_nobody_waits_for_an_end_that_does_not_come(backend: LocalBackend, protocol: str, command: str) -> None:
    socket = Socket(backend, pod("exec"), f"{command}&stdin=true&stdout=true", protocol)
    channels = await socket.rest()
    assert json.loads(channels[3])["status"] == "Success"


@pytest.mark.parametrize(
    ("command", "deaf"),
    [
        (["ls", "-l"], True),
        (["cat", "/etc/hosts"], True),
        (["cat"], False),
        (["cat", "-"], False),
        (["head", "-n", "5"], False),
        (["grep", "a", "/etc/hosts"], True),
        (["grep", "a"], False),
        (["tar", "cf", "-", "/tmp"], True),
        (["tar", "-xmf", "-", "-C", "/tmp"], False),
        (["curl", "-s", "localhost"], True),
        (["curl", "-d", "@-", "localhost"], False),
        (["sh", "-c", "ls"], False),
        (["/usr/bin/env"], True),
        ([], False),
    ],
    ids=lambda value: " ".join(value) or "nothing" if isinstance(value, list) else "deaf" if value else "listens",
)
def test_who_never_looks_at_the_input_is_not_kept_waiting(command: list[str], deaf: bool) -> None:
    assert is_deaf(command) is deaf


async def test_a_command_that_reads_nothing_is_run_at_once(
    backend: LocalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.sockets._INPUT_S", 3_600)
    channels = await Socket(backend, pod("exec"), "command=ls&stdin=true&stdout=true", "v4.channel.k8s.io").rest()
    assert json.loads(channels[3])["status"] == "Success"


async def test_a_command_gets_its_standard_input(backend: LocalBackend) -> None:
    socket = Socket(backend, pod("exec"), "command=cat&stdin=true&stdout=true", V5)
    socket.send(b"\x00hello\n")
    socket.send(b"\xff\x00")
    channels = await socket.rest()
    assert channels[1] == b"hello\n"
    assert json.loads(channels[3])["status"] == "Success"


async def test_an_exit_code_is_a_cause(backend: LocalBackend) -> None:
    channels = await Socket(backend, pod("exec"), "command=sh&command=-c&command=exit+4&stdout=true", V5).rest()
    assert json.loads(channels[3])["details"] == {"causes": [{"reason": "ExitCode", "message": "4"}]}


async def test_a_shell_keeps_its_state_from_line_to_line(backend: LocalBackend) -> None:
    socket = Socket(backend, pod("exec"), "command=sh&stdin=true&stdout=true", V5)
    socket.send(b"\x00cd /etc\nA=1\npwd; echo $A\nexit 3\n")
    channels = await socket.rest()
    assert channels[1] == b"/etc\n1\n"
    assert json.loads(channels[3])["details"]["causes"][0]["message"] == "3"


async def test_a_terminal_echoes_keys_and_shows_a_prompt(backend: LocalBackend) -> None:
    socket = Socket(backend, pod("exec"), "command=sh&stdin=true&stdout=true&tty=true", V5)
    socket.send(b"\x00hostnamx\x7fe\r")
    socket.send(b"\x00\x04")
    shown = (await socket.rest())[1].decode()
    prompt = shown[: shown.index("hostnam")]
    assert shown == f"{prompt}hostnamx\b \be\r\nweb\r\n{prompt}"


async def test_attach_shows_what_is_written_from_now_on(backend: LocalBackend, cluster: Cluster) -> None:
    socket = Socket(backend, pod("attach"), "stdout=true", V5)
    assert (await socket.next())["type"] == "websocket.accept"
    await asyncio.sleep(0.4)
    await backend.forward("default", "web", 80, "/asked")
    message = await socket.next()
    assert message["bytes"][:1] == b"\x01"
    assert b"GET /asked" in message["bytes"]
    await socket.end()


async def test_an_unknown_pod_is_refused_before_the_upgrade(backend: LocalBackend) -> None:
    socket = Socket(backend, "/api/v1/namespaces/default/pods/gone/exec", "command=ls", V5)
    assert (await socket.next())["type"] == "websocket.close"


class Spdy:
    """kubectl's end of a tunnel."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._deflate = zlib.compressobj(zdict=DICTIONARY)
        self._framing = Framing()

    def open(self, stream: int, **headers: str) -> None:
        pairs = b"".join(struct.pack(">I", len(t)) + t.encode() for pair in headers.items() for t in pair)
        block = self._deflate.compress(struct.pack(">I", len(headers)) + pairs) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        body = struct.pack(">IIH", stream, 0, 0) + block
        self._socket.send(struct.pack(">HHI", 0x8003, 1, len(body)) + body)

    def write(self, stream: int, data: bytes) -> None:
        self._socket.send(Framing.data(stream, data))

    async def data(self, stream: int) -> bytes:
        """Everything the server writes to a stream, up to its end or the end of one HTTP answer."""
        found = b""
        while True:
            for frame in self._framing.feed((await self._socket.next()).get("bytes") or b""):
                if frame.kind == 0 and frame.stream == stream:
                    found += frame.data
                    if frame.is_last or found.endswith(b"</html>\n") or found.endswith(b"</html>"):
                        return found


async def test_a_port_is_forwarded_through_the_tunnel(backend: LocalBackend) -> None:
    socket = Socket(backend, pod("portforward"), "", TUNNEL)
    client = Spdy(socket)
    client.open(1, streamtype="error", port="80", requestid="0")
    client.open(3, streamtype="data", port="80", requestid="0")
    client.write(3, b"GET / HTTP/1.1\r\nHost: localhost\r\n")
    client.write(3, b"\r\n")
    answer = await client.data(3)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Welcome to nginx!" in answer
    await socket.end()


async def test_a_port_that_nobody_listens_on_says_so(backend: LocalBackend) -> None:
    socket = Socket(backend, pod("portforward"), "", TUNNEL)
    client = Spdy(socket)
    client.open(1, streamtype="error", port="81", requestid="0")
    client.open(3, streamtype="data", port="81", requestid="0")
    said = (await client.data(1)).decode()
    assert said.startswith("error forwarding port 81 to pod ")
    assert "dial tcp4 127.0.0.1:81: connect: connection refused" in said
    await socket.end()


async def test_client_libraries_forward_through_channels(backend: LocalBackend) -> None:
    socket = Socket(backend, pod("portforward"), "ports=80", "v4.channel.k8s.io")
    await socket.next()
    assert [(await socket.next())["bytes"] for _ in range(2)] == [b"\x00\x50\x00", b"\x01\x50\x00"]
    socket.send(b"\x00GET / HTTP/1.1\r\n\r\n")
    answer = (await socket.next())["bytes"]
    assert answer.startswith(b"\x00HTTP/1.1 200 OK\r\n")
    await socket.end()


async def test_what_is_no_spdy_ends_the_tunnel(backend: LocalBackend) -> None:
    socket = Socket(backend, pod("portforward"), "", TUNNEL)
    socket.send(b"\x80\x02\x00\x01\x00\x00\x00\x00")
    await socket.next()
    assert await socket.next() == {"type": "websocket.close", "code": 1002}


@pytest.mark.parametrize(
    ("keys", "lines"),
    [
        pytest.param(b"ls\r", ["ls"], id="a line"),
        pytest.param(b"lx\x7fs\r", ["ls"], id="erased"),
        pytest.param(b"\x1b[Als\r", ["ls"], id="an arrow"),
        pytest.param(b"oops\x03ls\r", ["", "ls"], id="interrupted"),
        pytest.param(b"\x04", [None], id="the end"),
    ],
)
def test_keys_become_lines(keys: bytes, lines: list[str | None]) -> None:
    assert Keyboard().press(keys)[1] == lines


def test_the_dictionary_is_that_of_the_draft() -> None:
    assert (len(DICTIONARY), zlib.adler32(DICTIONARY)) == (1_423, 0xE3C6A7C2)
