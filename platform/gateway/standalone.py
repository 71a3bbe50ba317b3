"""One cluster in memory behind its own HTTP door: `drydock serve`.

    Serving(cluster, port=8001, backend=LocalBackend(cluster, speed=1.0), kubeconfig=file).run(print)

Promises: only this machine can reach it. The kubeconfig's address holds a secret path (kubectl sends no credentials over plain HTTP). Paths
without it are served too, as `kubectl proxy` serves them, because `kubectl get --raw` and `kubectl proxy` leave the path of the server's address
out; but never to pages of a browser. Time runs with the wall clock times `speed`; with speed 0 it stands still. Nothing is kept when it ends.
"""

import asyncio
import hmac
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from foundation.waiting import is_set_within
from gateway.attendant import attend
from gateway.backend import ATTENDANT, Moves
from gateway.command_backend import CommandBackend
from gateway.front import Front, refused, send_response
from gateway.kubeconfig import kubeconfig_text
from gateway.requests import Receive, Scope, Send, headers_of
from gateway.sockets import serve_socket
from simulator.apiserver.errors import path_not_found
from simulator.cluster import Cluster

_SLICE_EVENTS = 200
_LONGEST_NAP_S = 0.5
_NO_TIMEOUT = -1
_ROOT = "/k/"
#: `--accept-hosts` of `kubectl proxy`: a page from elsewhere that has made its name point here asks for another host.
_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})


class LocalBackend(CommandBackend):
    """The cluster of this process and its clock."""

    def __init__(self, cluster: Cluster, *, speed: float) -> None:
        self._cluster = cluster
        self._speed = speed
        self._moves = Moves()
        self._wanted = asyncio.Event()
        self._begin, self._start = time.monotonic(), cluster.now

    @property
    def cluster(self) -> Cluster:
        return self._cluster

    def take_back(self, cluster: Cluster) -> None:
        """Goes on with another cluster, from its own time. Revisions go on above those that were given out, so watches get 410."""
        cluster.renumber(max(cluster.revision, self._cluster.revision))
        self._cluster = cluster
        self._begin, self._start = time.monotonic(), cluster.now
        self._moves.tell()
        self._wanted.set()

    async def ask(self, command: dict[str, Any], *, is_read: bool) -> dict[str, Any]:
        before = self._cluster.ev
        reply = self._cluster.apply(command)
        if self._cluster.ev != before:
            self._moves.tell()
            self._wanted.set()
        return reply

    @property
    def moves(self) -> int:
        return self._moves.count

    async def changed(self, since: int, timeout_s: float) -> None:
        await self._moves.after(since, timeout_s)

    async def run(self) -> None:
        """Lets simulated time follow the wall clock. Behind it, time simply runs late."""
        self._begin, self._start = time.monotonic(), self._cluster.now
        while True:
            target = self._start + int((time.monotonic() - self._begin) * 1e6 * self._speed)
            before = self._cluster.ev
            reached = self._advance(target)
            if self._cluster.ev != before:
                self._moves.tell()
            if not reached:
                await asyncio.sleep(0)
                continue
            await self._nap()

    def _advance(self, target_us: int) -> bool:
        return self._cluster.advance(max(target_us, self._cluster.now), _SLICE_EVENTS)

    async def _nap(self) -> None:
        """Until the next event is due or somebody wrote."""
        self._wanted.clear()
        await is_set_within(self._wanted, self._until_next())

    def _until_next(self) -> float:
        due = self._cluster.next_due()
        if due is None or not self._speed:
            return _LONGEST_NAP_S
        return min(max((due - self._cluster.now) / 1e6 / self._speed, 0.001), _LONGEST_NAP_S)


class Member(CommandBackend):
    """One of the clusters that stand beside the first."""

    def __init__(self, home: LocalBackend, name: str) -> None:
        self._home, self._name = home, name

    async def ask(self, command: dict[str, Any], *, is_read: bool) -> dict[str, Any]:
        """Raises StatusError when there is no such cluster."""
        reply = await self._home.ask({**command, "cluster": self._name}, is_read=is_read)
        if "error" in reply and reply["error"]["thing"] == "cluster":
            raise path_not_found()
        return reply

    @property
    def moves(self) -> int:
        return self._home.moves

    async def changed(self, since: int, timeout_s: float) -> None:
        await self._home.changed(since, timeout_s)


def _is_local_tool(scope: Scope) -> bool:
    """No page of a browser: that would name its origin, or a host of its own."""
    headers = headers_of(scope)
    host = headers.get("host", "").rpartition(":")[0] or headers.get("host", "")
    return host in _HOSTS and not {"origin", "sec-fetch-site"} & headers.keys()


class Serving:
    """The ASGI application and the process around it."""

    def __init__(self, cluster: Cluster, *, port: int, backend: LocalBackend, kubeconfig: Path) -> None:
        self._cluster = cluster
        self._port = port
        self.secret = secrets.token_urlsafe(24)
        self._backend = backend
        self._front = Front(self._backend)
        self._kubeconfig = kubeconfig
        self._clock: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/k/{self.secret}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = self._path(scope)
        if path is not None and scope["type"] == "http" and path.startswith(ATTENDANT) and scope["path"] != path:
            await attend(scope, receive, send, path, self._backend)
            return
        backend, path = self._of(path)
        if scope["type"] == "websocket":
            await serve_socket(scope, receive, send, None if path is None else backend, path or "")
        elif scope["type"] == "http" and path is not None:
            front = self._front if backend is self._backend else Front(backend)
            await front(scope, receive, send, path)
        elif scope["type"] == "http":
            await send_response(send, refused(path_not_found()))

    def _of(self, path: str | None) -> tuple[CommandBackend, str | None]:
        """Which cluster of the lab is meant, and what is asked of it: `/~name/…` is another one than the first."""
        if path is None or not path.startswith("/~"):
            return self._backend, path
        name, _, rest = path.removeprefix("/~").partition("/")
        return Member(self._backend, name), f"/{rest}"

    def _path(self, scope: Scope) -> str | None:
        """What is asked of the cluster; None when nobody may ask so."""
        path: str = scope["path"]
        if not path.startswith(_ROOT):
            return path if _is_local_tool(scope) else None
        root, _, rest = path.removeprefix(_ROOT).partition("/")
        return f"/{rest}" if hmac.compare_digest(root.encode(), self.secret.encode()) else None

    def write_kubeconfig(self) -> None:
        """Readable by its owner only: it holds the key."""
        text = kubeconfig_text(self._cluster.config.name, self.url)
        file = os.open(self._kubeconfig, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(file, "w") as out:
            out.write(text)

    def run(self, announce: Callable[[str], None]) -> None:
        """Serves until told to stop."""
        from gateway.patient_server import PatientServer
        from gateway.phrases import name_all_statuses

        name_all_statuses()

        def ready() -> None:
            self._clock = asyncio.get_event_loop().create_task(self._backend.run())
            self.write_kubeconfig()
            announce(str(self._kubeconfig))

        server = PatientServer(
            application=self,
            endpoints=[f"tcp:port={self._port}:interface=127.0.0.1"],
            signal_handlers=True,
            ready_callable=ready,
            server_name="drydock",
            websocket_timeout=_NO_TIMEOUT,
            application_close_timeout=1,
            verbosity=0,
        )
        server.run()
