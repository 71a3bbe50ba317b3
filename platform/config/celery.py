"""The Celery application. `DRYDOCK_HOST=1 celery -A config worker -P threads -Q sim` is a simulation worker.

Such a worker carries a cluster host in a thread of its own; commands and changes never pass through a Celery queue. The
host starts with the worker and drains when the worker stops. Never with prefork: it would fork under a running thread.
"""

import os
from typing import Any

from celery import Celery, bootsteps
from celery.worker.control import control_command, inspect_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

app = Celery("drydock")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


class HostStep(bootsteps.StartStopStep):  # type: ignore[misc]
    """Starts a cluster host beside the worker when `DRYDOCK_HOST=1`."""

    def __init__(self, worker: Any, **options: Any) -> None:
        self.host: Any = None
        worker.cluster_host = None
        super().__init__(worker, **options)

    def include_if(self, worker: Any) -> bool:
        return os.environ.get("DRYDOCK_HOST") == "1"

    def start(self, worker: Any) -> None:
        from labs.host.thread import HostThread  # only a worker that hosts needs the simulator

        self.host = worker.cluster_host = HostThread()
        self.host.start()

    def stop(self, worker: Any) -> None:
        if self.host is not None:
            self.host.stop()

    terminate = stop


app.steps["worker"].add(HostStep)


@inspect_command()  # type: ignore[untyped-decorator]
def clusters(state: Any) -> dict[str, Any]:
    """`celery -A config inspect clusters`: what each host has in memory."""
    host = getattr(state.consumer.controller, "cluster_host", None)
    return host.describe() if host is not None else {}


@control_command()  # type: ignore[untyped-decorator]
def drain(state: Any) -> dict[str, str]:
    """`celery -A config control drain`: give every cluster up and take no more."""
    host = getattr(state.consumer.controller, "cluster_host", None)
    if host is None:
        return {"ok": "no host here"}
    host.drain()
    return {"ok": "draining"}
