"""Clusters of tests behind HTTP: one thread with one server, any number of clusters that come and go.

    servant = Servant()
    servant.start()
    with servant.serving(kube_cluster, tmp_path / "kubeconfig") as api:
        api.url, api.kubeconfig
    servant.stop()

Promises: a cluster is used by one thread at a time (a lock is its guard), a watch hears at once what the test's own thread did,
and only this machine can reach the port. Twisted's reactor runs once in a process, so a stopped servant is not started again.
"""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.errors import Unreachable
from gateway.front import refused, send_response
from gateway.requests import Receive, Scope, Send
from gateway.standalone import LocalBackend, Serving
from simulator.apiserver.errors import path_not_found
from simulator.testing import KubeCluster

_START_S = 20.0
_NO_TIMEOUT = -1


@dataclass(frozen=True, slots=True)
class KubeApi:
    """Where a test's cluster is served."""

    url: str
    """The address of the API server. It holds the key: no other credential is needed."""
    kubeconfig: Path


class _Shared(LocalBackend):
    """A cluster that the test's own thread uses too."""

    def __init__(self, kube: KubeCluster, *, speed: float) -> None:
        super().__init__(kube.cluster, speed=speed)
        self._guard = kube.guard
        self.is_over = False

    async def ask(self, command: dict[str, Any], *, is_read: bool) -> dict[str, Any]:
        if self.is_over:
            raise Unreachable("the test has ended")
        with self._guard:
            return await super().ask(command, is_read=is_read)

    def _advance(self, target_us: int) -> bool:
        with self._guard:
            return super()._advance(target_us)

    def disturb(self) -> None:
        """Something outside this loop may have changed the cluster."""
        self._moves.tell()
        self._wanted.set()


class Servant:
    def __init__(self) -> None:
        self._port = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._doors: dict[str, Serving] = {}
        self._thread = threading.Thread(target=self._run, name="kube-api", daemon=True)

    def start(self) -> None:
        """Returns when the port answers. Raises RuntimeError."""
        self._port = _free_port()
        self._thread.start()
        if not self._ready.wait(_START_S):
            raise RuntimeError(f"kube_api: port {self._port} does not answer after {_START_S:g} s")

    def stop(self) -> None:
        from twisted.internet import reactor

        running: Any = reactor
        running.callFromThread(running.stop)
        self._thread.join(_START_S)

    @contextmanager
    def serving(self, kube: KubeCluster, kubeconfig: Path, *, speed: float = 0) -> Iterator[KubeApi]:
        """Serves `kube` until the end of the block. Its watches end with it."""
        kube.guard = threading.RLock()
        backend = _Shared(kube, speed=speed)
        door = Serving(kube.cluster, port=self._port, kubeconfig=kubeconfig, backend=backend)
        kube.on_change = lambda: self._later(backend.disturb)
        clock = asyncio.run_coroutine_threadsafe(backend.run(), self._the_loop) if speed else None
        self._doors[door.secret] = door
        door.write_kubeconfig()
        try:
            yield KubeApi(door.url, kubeconfig)
        finally:
            backend.is_over = True
            del self._doors[door.secret]
            if clock is not None:
                clock.cancel()
            self._later(backend.disturb)
            kube.on_change = lambda: None

    @property
    def _the_loop(self) -> asyncio.AbstractEventLoop:
        assert self._loop is not None, "the servant has not been started"
        return self._loop

    def _later(self, call: Any) -> None:
        self._the_loop.call_soon_threadsafe(call)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        door = self._doors.get(scope["path"].removeprefix("/k/").partition("/")[0])
        if door is not None:
            await door(scope, receive, send)
        elif scope["type"] == "http":
            await send_response(send, refused(path_not_found()))
        else:
            await send({"type": "websocket.close"})

    def _run(self) -> None:
        from gateway.patient_server import PatientServer
        from gateway.phrases import name_all_statuses

        name_all_statuses()

        def ready() -> None:
            self._loop = asyncio.get_event_loop()
            self._ready.set()

        PatientServer(
            application=self,
            endpoints=[f"tcp:port={self._port}:interface=127.0.0.1"],
            signal_handlers=False,
            ready_callable=ready,
            server_name="drydock",
            websocket_timeout=_NO_TIMEOUT,
            application_close_timeout=1,
            verbosity=0,
        ).run()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
