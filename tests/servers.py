"""Real servers for tests, each in a folder of its own, on unix sockets or free ports, ended with the test.

Skips with a reason where a program is missing. PostgreSQL refuses to run as root, so as root it runs as `nobody`.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

START_S = 20.0


def program(name: str) -> str:
    """Where `name` is; PostgreSQL's programs are often not on the path."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    found = shutil.which(name) or next(map(str, versions), None)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(
    is_true: Callable[[], bool], what: str, timeout_s: float = START_S, *, saw: Callable[[], str] = str
) -> None:
    """Return as soon as `is_true`; who waited in vain is told what `saw` says then."""
    end = time.monotonic() + timeout_s
    while not is_true():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {timeout_s:g} s\n{saw()}")
        time.sleep(0.02)


def hear_ctrl_c() -> None:
    """As in a terminal: a shell that runs the tests in the background leaves SIGINT ignored to everything below it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass
class Program:
    """A program that can be killed and started again."""

    command: list[str]
    is_ready: Callable[[], bool]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env={**os.environ, **self.environment},
                stdout=log,
                stderr=log,
                user=self.user,
                group="nogroup" if self.user else None,
                extra_groups=[] if self.user else None,
                start_new_session=True,
                preexec_fn=hear_ctrl_c,
            )
        wait_until(lambda: self._has_ended() or self.is_ready(), " ".join(self.command), saw=self.told)
        if self._has_ended():
            raise RuntimeError(f"{self.command[0]} ended at once:\n{self.told()}")

    def told(self) -> str:
        """The last that it wrote."""
        return self.log.read_text(errors="replace")[-2000:]

    def kill(self, number: int = signal.SIGKILL) -> None:
        """`kill -9`, unless another signal is given; returns when the process is gone."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(20)

    def pause(self, number: int) -> None:
        """Send SIGSTOP or SIGCONT."""
        if self.process is not None:
            self.process.send_signal(number)

    def end(self) -> None:
        """Leave nothing of its group behind."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)

    def _has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None


@dataclass
class Server:
    """A running server: where it is, and the program."""

    url: str
    program: Program


@contextmanager
def running_redis(folder: Path) -> Iterator[Server]:
    """Redis on a unix socket, keeping nothing."""
    path = folder / "redis.sock"
    command = [
        program("redis-server"), "--port", "0", "--unixsocket", str(path), "--save", "", "--appendonly", "no",
        "--dir", str(folder), "--client-output-buffer-limit", "pubsub 64mb 16mb 60",
    ]  # fmt: skip
    server = Program(command, lambda: _answers(path), folder / "redis.log")
    server.start()
    try:
        yield Server(f"unix://{path}?db=0", server)
    finally:
        server.end()


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False


@contextmanager
def running_postgresql(folder: Path) -> Iterator[Server]:
    """A new PostgreSQL on a unix socket in `folder`."""
    user = "nobody" if os.geteuid() == 0 else None
    data, sockets = folder / "data", folder
    _own(folder, user)
    subprocess.run(
        [program("initdb"), "-D", str(data), "-U", "drydock", "-A", "trust", "-E", "UTF8", "--no-instructions", "-N"],
        check=True, capture_output=True, user=user, group="nogroup" if user else None, extra_groups=[] if user else None,
        cwd=folder,
    )  # fmt: skip
    command = [
        program("postgres"), "-D", str(data), "-k", str(sockets), "-c", "listen_addresses=", "-c", "max_connections=60",
    ]  # fmt: skip
    ready = program("pg_isready")
    server = Program(
        command, lambda: subprocess.run([ready, "-q", "-h", str(sockets), "-U", "drydock"]).returncode == 0,
        folder / "postgres.log", user=user,
    )  # fmt: skip
    server.start()
    try:
        yield Server(f"postgresql://drydock@/postgres?host={sockets}", server)
    finally:
        server.kill(signal.SIGINT)
        server.end()


def _own(folder: Path, user: str | None) -> None:
    """Let `user` work in `folder`, which pytest made for us alone."""
    if user is None:
        return
    shutil.chown(folder, user, "nogroup")
    for parent in folder.parents:
        if parent.owner() == "root" and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o001)
