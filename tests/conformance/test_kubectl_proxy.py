"""Statements of sig-cli that need sockets of the machine: `kubectl proxy` with the real kubectl (`test/e2e/kubectl/kubectl.go`)."""

import http.client
import json
import os
import re
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.served import served
from tests.clients.terminals import find_kubectl
from tests.conformance.statements import conforms

SIG = "[sig-cli] Kubectl client Proxy server should support"
pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(find_kubectl() is None, reason="there is no kubectl 1.33 on this machine"),
]


class _ByFile(http.client.HTTPConnection):
    """HTTP over a socket of the file system."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(str(self._path))


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Iterator[Path]:
    with served(tmp_path) as kubeconfig:
        yield kubeconfig


def _versions(connection: http.client.HTTPConnection, path: str) -> list[str]:
    connection.request("GET", path, headers={"host": "localhost"})
    return list(json.loads(connection.getresponse().read())["versions"])


@conforms(f"{SIG} --unix-socket=/path [Conformance]", f"{SIG} proxy with --port 0 [Conformance]")
@pytest.mark.parametrize("way", ["socket", "port"])
def test_the_proxy_tells_the_versions_of_the_api(kubeconfig: Path, way: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "test"
        flags = [f"--unix-socket={file}"] if way == "socket" else ["-p", "0", "--disable-filter"]
        command = [str(find_kubectl()), "proxy", *flags]
        environment = {**os.environ, "KUBECONFIG": str(kubeconfig)}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
        try:
            assert process.stdout is not None
            line = process.stdout.readline().decode()
            if way == "socket":
                assert line == f"Starting to serve on {file}\n"
                connection: http.client.HTTPConnection = _ByFile(file)
            else:
                found = re.fullmatch(r"Starting to serve on 127\.0\.0\.1:(\d+)\n", line)
                assert found, line
                connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=30)
            assert _versions(connection, "/api") == ["v1"]
            connection.close()
        finally:
            process.terminate()
            process.communicate(timeout=10)
