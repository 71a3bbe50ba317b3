"""Statements of sig-node about WebSockets, through the door that serves them (`test/e2e/common/node/pods.go`)."""

import asyncio
from typing import Any
from urllib.parse import quote

from gateway.sockets import serve_socket
from gateway.standalone import LocalBackend
from tests.conformance.conftest import BUSYBOX, PODS, Suite
from tests.conformance.statements import conforms

NODE = "[NodeConformance] [Conformance]"


async def _received(suite: Suite, path: str, query: str, protocol: str) -> list[bytes]:
    """The frames of one connection, up to its end."""
    sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    sent.put_nowait({"type": "websocket.connect"})
    scope = {"type": "websocket", "query_string": query.encode(), "subprotocols": [protocol]}
    backend = LocalBackend(suite.cluster, speed=0)
    async with asyncio.timeout(10):
        await serve_socket(scope, sent.get, received.put, backend, path)
    messages = [received.get_nowait() for _ in range(received.qsize())]
    assert messages[0] == {"type": "websocket.accept", "subprotocol": protocol}
    assert messages[-1] == {"type": "websocket.close", "code": 1000}
    return [message["bytes"] for message in messages[1:-1]]


@conforms(f"[sig-node] Pods should support remote command execution over websockets {NODE}")
async def test_a_command_is_executed(suite: Suite) -> None:
    script = "echo container is alive; sleep 600"
    suite.pod("pod", {"name": "main", "image": BUSYBOX, "command": ["/bin/sh", "-c", script]})
    words = "".join(f"&command={quote(word)}" for word in ("echo", "remote execution test"))
    query = f"stderr=1&stdout=1&container=main{words}"
    frames = await _received(suite, f"{PODS}/pod/exec", query, "channel.k8s.io")
    assert b"".join(frame[1:] for frame in frames if frame[:1] == b"\x01") == b"remote execution test\n"
    assert [frame[:1] for frame in frames if frame[:1] not in (b"\x01", b"\x03")] == []


@conforms(f"[sig-node] Pods should support retrieving logs from the container over websockets {NODE}")
async def test_logs_are_read(suite: Suite) -> None:
    script = "echo container is alive; sleep 10000"
    suite.pod("pod", {"name": "main", "image": BUSYBOX, "command": ["/bin/sh", "-c", script]})
    frames = await _received(suite, f"{PODS}/pod/log", "container=main", "binary.k8s.io")
    assert b"".join(frames) == b"container is alive\n"
