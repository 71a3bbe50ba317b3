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
        self._listeners: dict[str, list[Watcher]] = {}
        """Who hears of a resource's changes, as it is asked for."""

    def add(self, process: Watcher, resources: list[str]) -> None:
        self._processes.append(process)
        for resource in resources:
            self._by_resource.setdefault(resource, []).append(process)
        self._listeners.clear()

    def tell(self, change: Change) -> None:
        listeners = self._listeners.get(change.resource)
        if listeners is None:
            listeners = self._listeners[change.resource] = self._who_hears_of(change.resource)
        for process in listeners:
            if process.running:
                process.hear(change)

    def _who_hears_of(self, resource: str) -> list[Watcher]:
        by_name = self._by_resource.get(resource, [])
        if resources.by_name(resource) is not None:
            return by_name
        return [*by_name, *(one for one in self._by_resource.get(ANY_CUSTOM, ()) if one not in by_name)]

    def resync(self) -> None:
        """Their watches had broken: each takes them up again by a list."""
        for process in self._processes:
            process.resync()

    def first_unheard(self) -> int | None:
        """The revision of the oldest change that somebody still waits to hear of; None when everybody has heard all."""
        heard = [process.heard for process in self._processes if process.heard is not None]
        return min(heard) if heard else None
