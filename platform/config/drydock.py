"""The `drydock` command. `drydock up` is the whole product in one process; `drydock web` is one web process of a fleet.

`up` promises: everything is kept under `--data`, the URL is printed when the site answers, Ctrl-C (or SIGTERM) ends every
thread and leaves no process and no lock behind, and a killed process loses no acknowledged command.
"""

import argparse
import fcntl
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

SWITCH_INTERVAL_S = 0.0005
"""Simulating and serving share one interpreter: a short turn keeps answers quick."""


class CannotStart(Exception):
    """Something outside prevents the start; the message says what and what to do."""


def main(arguments: list[str] | None = None) -> int:
    """Entry point of the `drydock` script."""
    options = _parser().parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    if options.data is not None:
        os.environ["DRYDOCK_DATA"] = str(Path(options.data).resolve())
    try:
        options.run(options)
    except CannotStart as error:
        print(f"drydock: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="drydock", description="Simulated Kubernetes clusters you can see.")
    commands = parser.add_subparsers(required=True, metavar="up | web")
    for name, run, text in (
        ("up", _up, "site, clusters and jobs in one process"),
        ("web", _web, "one web process of a fleet; clusters run in Celery workers"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000))
        command.add_argument("--bind", default="127.0.0.1", metavar="ADDRESS")
        command.add_argument("--data", metavar="DIR", help="where everything is kept (default: var/)")
        command.set_defaults(run=run)
    return parser


def _up(options: argparse.Namespace) -> None:
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    with ExitStack() as stack:
        _require_free(options.bind, options.port)
        _set_up_django()
        stack.enter_context(_data_lock())
        _prepare_data()
        stack.enter_context(_cluster_host())
        stack.enter_context(_job_worker())
        _serve(options.bind, options.port)


def _web(options: argparse.Namespace) -> None:
    _require_free(options.bind, options.port)
    _set_up_django()
    _serve(options.bind, options.port)


def _set_up_django() -> None:
    import django

    django.setup()


def _require_free(address: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise CannotStart(f"{address}:{port} cannot be used ({error.strerror}). Try another one: --port") from error


@contextmanager
def _data_lock() -> Iterator[None]:
    """One running copy a data folder. The lock ends with the process, however that ends."""
    from django.conf import settings

    folder = Path(settings.DATA_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as file:
        _lock(file, folder)
        yield


def _lock(file: IO[str], folder: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise CannotStart(f"another copy already runs on {folder}. Stop it, or use another folder: --data") from error


def _prepare_data() -> None:
    from django.core.management import CommandError, call_command

    call_command("migrate", verbosity=0, interactive=False)
    try:
        call_command("demo")
    except CommandError as error:  # the site is worth having without its demonstration
        print(f"drydock: no demonstration class: {error}", file=sys.stderr)


@contextmanager
def _cluster_host() -> Iterator[None]:
    from labs.host.thread import HostThread

    host = HostThread()
    host.start()
    try:
        yield
    finally:
        host.stop()


@contextmanager
def _job_worker() -> Iterator[None]:
    """Celery's worker for background jobs, in a thread, on the in-memory broker."""
    from config.celery import app

    worker = app.WorkController(
        pool_cls="solo", concurrency=1, queues=["jobs", "sim"], without_gossip=True, without_mingle=True,
        without_heartbeat=True, loglevel="WARNING",
    )  # fmt: skip
    thread = threading.Thread(target=worker.start, name="jobs", daemon=True)
    thread.start()
    try:
        yield
    finally:
        worker.stop()
        thread.join(3)


def _serve(address: str, port: int) -> None:
    """Answer requests in the main thread until told to stop."""
    from daphne.server import Server

    from config.asgi import application

    endpoint = f"tcp:port={port}:interface={address.replace(':', chr(92) + ':')}"
    server = Server(
        application=application,
        endpoints=[endpoint],
        signal_handlers=True,
        ready_callable=_announcer(address, port),
        server_name="drydock",
        websocket_timeout=-1,
        ping_interval=20,
        ping_timeout=30,
        application_close_timeout=3,
        verbosity=0,
    )
    server.run()


def _announcer(address: str, port: int) -> Callable[[], None]:
    shown = "127.0.0.1" if address in {"0.0.0.0", "::"} else address

    def announce() -> None:
        print(f"Drydock is ready: http://{shown}:{port}/", flush=True)

    return announce


if __name__ == "__main__":
    sys.exit(main())
