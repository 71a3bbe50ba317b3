"""Runs a cluster host in a thread of its own, beside a web server or inside a Celery worker."""

import asyncio
import gc
import logging
import os
import secrets
import socket
import sys
import threading
import time

from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.utils.module_loading import import_string
from kombu.exceptions import OperationalError

from foundation import metrics
from labs.bus import open_bus, open_directory
from labs.host.engine import maker, sim_version
from labs.host.host import ClusterHost
from labs.host.settings import HostSettings
from labs.journal import open_journal

logger = logging.getLogger(__name__)


SWITCH_INTERVAL_S = 0.0005
"""The loop, the threads beside it and perhaps a web server share one interpreter: short turns keep answers quick."""


def host_name() -> str:
    """Unique for every start of every process, so that a restarted host is not taken for its former self."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


class HostThread:
    """`start` returns when the host hears calls; `stop` drains it. Safe to call from any other thread."""

    def __init__(self, settings: HostSettings | None = None) -> None:
        self._settings = settings or HostSettings()
        self._started = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._host: ClusterHost | None = None
        self._thread = threading.Thread(target=self._main, name="cluster host", daemon=True)

    def start(self, timeout_s: float = 30.0) -> None:
        """Start the thread; raises what kept the host from starting."""
        self._thread.start()
        if not self._started.wait(timeout_s):
            raise TimeoutError(f"the cluster host did not start within {timeout_s:g} s")
        if self._failure is not None:
            raise RuntimeError(f"the cluster host did not start: {self._failure}") from self._failure

    def drain(self) -> None:
        """Begin giving every cluster up; the thread ends afterwards."""
        if self._loop is not None and self._host is not None and self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._host.drain(), self._loop)

    def stop(self, timeout_s: float = 8.0) -> bool:
        """Drain and wait; False when it took longer than `timeout_s` (nothing is lost: the journal has it all)."""
        if self._thread.ident is None:
            return True
        self._started.wait(timeout_s)
        self.drain()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def describe(self) -> dict[str, object]:
        """Residency, for `celery inspect clusters` and readiness."""
        return self._host.describe() if self._host is not None else {}

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive() and self._host is not None

    def _main(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as error:
            logger.exception("the cluster host ended")
            self._failure = error
        finally:
            self._started.set()

    async def _run(self) -> None:
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        bus, directory, journal = open_bus(), open_directory(), open_journal(sim_version())
        self._loop = asyncio.get_running_loop()
        self._host = ClusterHost(
            host=host_name(),
            bus=bus,
            directory=directory,
            journal=journal,
            sims=maker(),
            settings=self._settings,
            chores=Chores(),
        )
        _prepare_memory()
        if settings.DRYDOCK_METRICS_PORT:
            metrics.serve(settings.DRYDOCK_METRICS_PORT)
        try:
            await self._host.run(self._started.set)
        finally:
            await journal.close()
            await directory.close()
            await bus.close()


class Chores:
    """What the site owes (setting `DRYDOCK_CHORES`), each when its time has come. A database that is away is met again."""

    def __init__(self) -> None:
        self._done: dict[str, float] = {}

    def __call__(self) -> None:
        close_old_connections()
        try:
            for name, every_s in settings.DRYDOCK_CHORES.items():
                if time.monotonic() - self._done.get(name, float("-inf")) >= every_s:
                    import_string(name)()
                    self._done[name] = time.monotonic()
        except (DatabaseError, OperationalError) as error:
            logger.warning("chores are done later: %s", error)
        finally:
            close_old_connections()


def _prepare_memory() -> None:
    """What is loaded now stays: keep the collector from walking it, and from walking clusters often."""
    maker().create()  # loads schemas and tables once, so that the first learner does not wait for them
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 1_000)
