"""Controllers that live in pods: a process runs while a Deployment with its image has a ready pod, and stops with the last one.

Promises: scaling such a Deployment to 0, a crash of its pod or the loss of its node stops the controller as it would in life; what it has
already written stays. Leaves to others: what each controller does.
"""

from collections.abc import Mapping
from typing import ClassVar

from simulator.client import Client, Controller, Process
from simulator.client.process import Source
from simulator.engine import Engine
from simulator.engine.plain import Obj
from simulator.machinery.store import Change

DEPLOYMENTS = "deployments.apps"
SUPERVISOR = "add-ons"


def repository(image: str) -> str:
    """An image's name without its tag or digest."""
    head, _, tail = image.partition("@")[0].rpartition("/")
    name = tail.partition(":")[0]
    return f"{head}/{name}" if head else name


def images(deployment: Obj) -> list[str]:
    spec = deployment["spec"]["template"]["spec"]
    return [repository(container.get("image", "")) for container in spec.get("containers") or ()]


class AddOnProcess(Process):
    """The process of one add-on; its controllers are shown only while it runs."""

    @property
    def is_shown(self) -> bool:
        return self.running


class SupervisorProcess(Process):
    """Hears only of Deployments that run an add-on's image: other clusters pay one comparison a Deployment."""

    def __init__(self, engine: Engine, source: Source, known: Mapping[str, Process]) -> None:
        super().__init__(SUPERVISOR, engine, source)
        self._known = known

    @property
    def is_shown(self) -> bool:
        """It stands for the operating system."""
        return False

    def hear(self, change: Change) -> None:
        about = change.new if change.new is not None else change.old
        if about is not None and any(image in self._known for image in images(about)):
            super().hear(change)


class Supervisor(Controller):
    """Starts and stops the processes of add-ons with their pods. Stands for the operating system, not for a controller."""

    name: ClassVar[str] = "add-on-supervisor"
    watches = {DEPLOYMENTS: "on_deployment"}

    def __init__(self, process: Process, client: Client, known: Mapping[str, Process]) -> None:
        self._known = known
        super().__init__(process, client)

    def on_deployment(self, old: Obj | None, new: Obj | None) -> None:
        for about in (old, new):
            for image in images(about) if about is not None else ():
                if image in self._known:
                    self.enqueue(image)

    def reconcile(self, key: str) -> None:
        is_up = any(
            (one.get("status") or {}).get("readyReplicas", 0) > 0
            for one in self.cache.list(DEPLOYMENTS)
            if key in images(one)
        )
        process = self._known[key]
        if is_up and not process.running:
            process.start()
        elif not is_up and process.running:
            process.stop()
