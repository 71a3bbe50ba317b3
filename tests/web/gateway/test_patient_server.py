"""daphne as Drydock runs it: an application that breaks after it has begun to answer breaks its connection, and nobody else's;
a WebSocket that is closed stays until the other side has seen why."""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.clients.terminals import free_port

pytestmark = pytest.mark.processes
ROOT = Path(__file__).parents[3]
SERVER = """
import sys
from gateway.patient_server import PatientServer

async def application(scope, receive, send):
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 4403})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"begun", "more_body": scope["path"] == "/breaks"})
    if scope["path"] == "/breaks":
        raise RuntimeError("broken in the middle")

PatientServer(application=application, endpoints=[f"tcp:port={sys.argv[1]}:interface=127.0.0.1"], verbosity=0).run()
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    port = free_port()
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}"}
    with (tmp_path / "errors").open("wb") as errors:
        process = subprocess.Popen([sys.executable, "-c", SERVER, str(port)], env=environment, stderr=errors)
    try:
        _until_it_listens(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


def _until_it_listens(port: int) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < end, f"nobody listens on {port}"
            time.sleep(0.05)


def test_an_answer_that_breaks_in_the_middle_breaks_its_connection(server: str) -> None:
    """More than once: what looks after all connections goes on."""
    for _ in range(2):
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            httpx.get(server + "/breaks", timeout=20)
    assert httpx.get(server + "/works", timeout=20).text == "begun"


def test_a_browser_that_is_slow_to_close_still_hears_why_it_was_closed(server: str) -> None:
    port = int(server.rpartition(":")[2])
    lines = [
        "GET / HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", "", "",
    ]  # fmt: skip
    with socket.create_connection(("127.0.0.1", port), timeout=20) as slow:
        slow.sendall("\r\n".join(lines).encode())
        heard = b""
        while b"\r\n\r\n" not in heard:
            heard += slow.recv(4096)
        frame = heard.partition(b"\r\n\r\n")[2] or slow.recv(4096)
        assert frame == b"\x88\x02" + (4403).to_bytes(2, "big")
        slow.settimeout(2.0)
        with pytest.raises(TimeoutError):
            slow.recv(1)
        slow.sendall(b"\x88\x82" + bytes(4) + (4403).to_bytes(2, "big"))
        slow.settimeout(5)
        with contextlib.suppress(ConnectionResetError):
            assert slow.recv(1) == b"", "closed on both sides, so the connection ends"
