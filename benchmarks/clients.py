"""What a real client waits for: `kubectl get pods` against us, and the same kubectl against a server that answers constant bytes.

The stub has recorded our own answers, so both runs of kubectl do the same work; what is left is what we take to make them. The two are
asked in turn, each with a warm discovery cache of its own, and the quieter half of each is compared: the machine is shared.
"""

import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import yaml

from benchmarks.report import Report
from tests.clients.served import served
from tests.clients.terminals import MINOR, find_kubectl

_ROUNDS = 30
_PODS = 50
_HOP_BY_HOP = frozenset({"transfer-encoding", "connection", "date", "server"})


def run(report: Report) -> None:
    """Left out with a word where there is no kubectl."""
    kubectl = find_kubectl() or find_kubectl("1.32")
    if kubectl is None:
        sys.stderr.write(f"bench: clients left out: no kubectl {MINOR} on this machine\n")
        return
    with tempfile.TemporaryDirectory(prefix="dd-") as place:
        folder = Path(place)
        with served(folder, "--speed", "20") as kubeconfig:
            _prepare(_server_of(kubeconfig))
            _compare(report, kubectl, kubeconfig, folder)


def _prepare(server: str) -> None:
    """A Deployment of fifty pods, all running."""
    container = {"name": "web", "image": "nginx:1.27"}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
    spec = {"replicas": _PODS, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    deployments = f"{server}/apis/apps/v1/namespaces/default/deployments"
    httpx.post(deployments, json=body, timeout=30).raise_for_status()
    end = time.monotonic() + 60
    while httpx.get(f"{deployments}/web", timeout=30).json()["status"].get("readyReplicas") != _PODS:
        if time.monotonic() > end:
            raise TimeoutError(f"{_PODS} pods were not ready after a minute")
        time.sleep(0.2)


def _compare(report: Report, kubectl: Path, kubeconfig: Path, folder: Path) -> None:
    stub = _Stub(_server_of(kubeconfig))
    stub_config = folder / "stub.kubeconfig"
    stub_config.write_text(kubeconfig.read_text().replace(_server_of(kubeconfig), stub.url))
    ours, constant = _Kubectl(kubectl, kubeconfig, folder / "ours"), _Kubectl(kubectl, stub_config, folder / "constant")
    try:
        for client in (ours, constant):  # fills the discovery caches; the stub learns
            client.get_pods()
        stub.is_recording = False
        times = [(ours.get_pods(), constant.get_pods()) for _ in range(_ROUNDS)]
    finally:
        stub.close()
    ours_ms, constant_ms = (_quiet_half([pair[side] for pair in times]) * 1e3 for side in (0, 1))
    note = f"{_PODS} pods, the quieter half of {_ROUNDS} runs"
    report.add("kubectl_get_pods_ms", ours_ms, "ms", note)
    report.add("kubectl_get_pods_constant_ms", constant_ms, "ms", "the same bytes from a stub")
    report.ratio("kubectl_get_pods_ratio", "kubectl_get_pods_ms", "kubectl_get_pods_constant_ms")


def _quiet_half(values: list[float]) -> float:
    return statistics.mean(sorted(values)[: len(values) // 2])


def _server_of(kubeconfig: Path) -> str:
    return str(yaml.safe_load(kubeconfig.read_text())["clusters"][0]["cluster"]["server"])


class _Kubectl:
    """kubectl with a home of its own."""

    def __init__(self, program: Path, kubeconfig: Path, home: Path) -> None:
        home.mkdir()
        self._program = program
        self._environment = {"PATH": os.environ["PATH"], "HOME": str(home), "KUBECONFIG": str(kubeconfig)}

    def get_pods(self) -> float:
        """Seconds until the table of all pods is there."""
        begin = time.perf_counter()
        done = subprocess.run(
            [self._program, "get", "pods"], capture_output=True, text=True, env=self._environment, check=True
        )
        spent = time.perf_counter() - begin
        if done.stdout.count("\n") != _PODS + 1:
            raise ValueError(f"kubectl get pods: found {done.stdout.count(chr(10))} lines, wanted {_PODS + 1}")
        return spent


class _Stub:
    """Answers what it has once heard from the real server, byte for byte."""

    def __init__(self, upstream: str) -> None:
        self.is_recording = True
        self._upstream = urlsplit(upstream)
        self._known: dict[str, tuple[int, list[tuple[str, str]], bytes]] = {}
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                status, headers, body = stub.answer(self.path, dict(self.headers))
                self.send_response_only(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *words: Any) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}{self._upstream.path}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self, path: str, headers: dict[str, str]) -> tuple[int, list[tuple[str, str]], bytes]:
        key = json.dumps([path, headers.get("Accept", "")])
        if key not in self._known:
            if not self.is_recording:
                raise KeyError(f"the stub was never asked {path}")
            self._known[key] = self._learned(path, headers)
        return self._known[key]

    def _learned(self, path: str, headers: dict[str, str]) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(self._upstream.hostname or "", self._upstream.port, timeout=30)
        try:
            connection.request("GET", path, headers={"Accept": headers.get("Accept", "*/*")})
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOP_BY_HOP]
        if not any(name.lower() == "content-length" for name, _ in kept):
            kept.append(("content-length", str(len(body))))
        return answer.status, kept, body

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
