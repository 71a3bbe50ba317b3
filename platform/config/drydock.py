"""The `drydock` command. `drydock up` is the whole product in one process; `drydock web` is one web process of a fleet;
`drydock serve` is one cluster in memory for real kubectl, without the site; `kubectl`, `apply`, `snapshot` and `restore` work with it.

`up` promises: everything is kept under `--data`, the URL is printed when the site answers, Ctrl-C (or SIGTERM) ends every
thread and leaves no process and no lock behind, and a killed process loses no acknowledged command.
"""

import argparse
import fcntl
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import IO, TYPE_CHECKING, Any, cast

from config import served_commands
from gateway.served import NotServed

if TYPE_CHECKING:
    from simulator.cluster import Cluster


class CannotStart(Exception):
    """Something outside prevents the start; the message says what and what to do."""


def main(arguments: list[str] | None = None) -> int:
    """Entry point of the `drydock` script."""
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["kubectl"]:  # its options are kubectl's
        return _kubectl(words[1:])
    options = _parser().parse_args(words)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    if options.data is not None:
        os.environ["DRYDOCK_DATA"] = str(Path(options.data).resolve())
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        options.run(options)
    except (CannotStart, NotServed) as error:
        print(f"drydock: {error}", file=sys.stderr)
        return 1
    except served_commands.Failed as failed:
        return failed.code
    except KeyboardInterrupt:  # before the server listens to signals itself, or while it ends
        _forget_interrupt()
        return 0
    return 0


def _kubectl(words: list[str]) -> int:
    try:
        return served_commands.run_words(words)
    except NotServed as error:
        print(f"drydock: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _interrupt(number: int, frame: FrameType | None) -> None:
    """SIGTERM ends the command as Ctrl-C does, also while it starts."""
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="drydock", description="Simulated Kubernetes clusters you can see.")
    commands = parser.add_subparsers(required=True, metavar="up | web | serve | kubectl | apply | snapshot | restore")
    for name, run, text in (
        ("up", _up, "site, clusters and jobs in one process"),
        ("web", _web, "one web process of a fleet; clusters run in Celery workers"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000))
        command.add_argument("--bind", default="127.0.0.1", metavar="ADDRESS")
        command.add_argument("--data", metavar="DIR", help="where everything is kept (default: var/)")
        command.set_defaults(run=run)
    _add_serve(commands)
    served_commands.add_to(commands)
    return parser


def _add_serve(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "one cluster in memory behind an API for kubectl, on this machine only"
    command = commands.add_parser("serve", help=text, description=text)
    served_commands.add_configuration(command, "of the cluster")
    command.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8001))
    command.add_argument("--speed", type=float, default=1.0, help="simulated seconds a second; 0 stops the clock")
    command.add_argument("--profile", choices=["lab", "instant"], default="lab", help="how long things take")
    command.add_argument("--seed", type=int, default=1)
    command.add_argument("--restore", type=Path, metavar="FILE", help="a snapshot to go on from")
    command.add_argument(
        "--kubeconfig", type=Path, metavar="FILE", help="where to write it (default: a temporary file)"
    )
    command.set_defaults(run=_serve_cluster, data=None)


def _serve_cluster(options: argparse.Namespace) -> None:
    from gateway.standalone import LocalBackend, Serving

    if options.speed < 0:
        raise CannotStart(f"--speed: found {options.speed:g}, wanted 0 (time stands still) or more")
    _require_free("127.0.0.1", options.port)
    kubeconfig = options.kubeconfig or Path(tempfile.gettempdir(), f"drydock-{options.port}.kubeconfig")
    cluster = _standalone_cluster(options)
    backend = LocalBackend(cluster, speed=options.speed)
    serving = Serving(cluster, port=options.port, backend=backend, kubeconfig=kubeconfig)
    serving.run(lambda path: print(f"Drydock serves one cluster: export KUBECONFIG={path}", flush=True))


def _standalone_cluster(options: argparse.Namespace) -> "Cluster":
    from simulator.cluster import Cluster
    from simulator.config_checks import ConfigError

    try:
        if options.restore is not None:
            return Cluster.load(options.restore.read_bytes())
        return Cluster.create(
            served_commands.configuration(options), seed=options.seed, profile=options.profile, epoch_s=int(time.time())
        )
    except (OSError, ValueError, ConfigError) as error:
        raise CannotStart(str(error)) from error


def _up(options: argparse.Namespace) -> None:
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


def _forget_interrupt() -> None:
    """Python notes an interrupt that passes through code made from a text, as dataclasses make it, and would still die of it
    at its end, although it was caught; the next text that runs takes the note away."""
    exec("")


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
    try:
        host.start()
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
    try:
        thread.start()
        yield
    finally:
        worker.stop()
        thread.join(3)


def _serve(address: str, port: int) -> None:
    """Answer requests in the main thread until told to stop."""
    from django.conf import settings

    from config.asgi import application
    from gateway.patient_server import PatientServer

    endpoint = f"tcp:port={port}:interface={address.replace(':', chr(92) + ':')}"
    server = PatientServer(
        application=application,
        endpoints=[endpoint],
        signal_handlers=True,
        ready_callable=_announcer(address, port),
        server_name="drydock",
        websocket_timeout=-1,
        ping_interval=settings.DRYDOCK_PING_S,
        ping_timeout=settings.DRYDOCK_PING_S * 3 // 2,
        application_close_timeout=3,
        verbosity=0,
    )
    server.run()


def _announcer(address: str, port: int) -> Callable[[], None]:
    shown = "127.0.0.1" if address in {"0.0.0.0", "::"} else address

    def announce() -> None:
        print(f"Drydock is ready: http://{shown}:{port}/", flush=True)

    def when_running() -> None:
        """The port may be open before the loop hears signals; a stop in between would be lost."""
        from twisted.internet import reactor

        cast(Any, reactor).callLater(0, announce)

    return when_running


if __name__ == "__main__":
    sys.exit(main())
