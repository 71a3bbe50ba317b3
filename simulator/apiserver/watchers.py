"""Who watches, and is told of every change at once; how late a process takes note of it is its own business."""

from typing import Protocol

from simulator.machinery import resources
from simulator.machinery.store import Change

#: What a process that wants every custom resource, whichever there are, subscribes to.
ANY_CUSTOM = "*"


class Watcher(Protocol):
    """A process that watches (`client.Process`)."""

    @property
    def running(self) -> bool: ...

    @property
    def heard(self) -> int | None: ...

    def hear(self, change: Change) -> None: ...

    def resync(self) -> None: ...


class Watchers:
    def __init__(self) -> None:
        self._processes: list[Watcher] = []
        self._by_resource: dict[str, list[Watcher]] = {}

    def add(self, process: Watcher, resources: list[str]) -> None:
        self._processes.append(process)
        for resource in resources:
            self._by_resource.setdefault(resource, []).append(process)

    def tell(self, change: Change) -> None:
        listeners = self._by_resource.get(change.resource, ())
        for process in listeners:
            if process.running:
                process.hear(change)
        everywhere = self._by_resource.get(ANY_CUSTOM)
        if everywhere and resources.by_name(change.resource) is None:
            for process in everywhere:
                if process not in listeners:
                    process.hear(change)

    def resync(self) -> None:
        """Their watches had broken: each takes them up again by a list."""
        for process in self._processes:
            process.resync()

    def first_unheard(self) -> int | None:
        """The revision of the oldest change that somebody still waits to hear of; None when everybody has heard all."""
        heard = [process.heard for process in self._processes if process.heard is not None]
        return min(heard) if heard else None
