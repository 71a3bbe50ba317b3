"""One operating-system process of the cluster: a watch, a cache, and the parts that live in it.

A process hears of a change one watch latency after the commit, together with everything else committed by
then, in order. Stopped, it hears nothing; started again, it lists afresh, and each handler is called with
`(None, object)` for everything it watches, as an informer does after a restart.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from simulator.client import crashes
from simulator.client.cache import Cache
from simulator.client.gate import Gate
from simulator.client.routes import EVERYTHING, Interest, Routes
from simulator.engine import Engine, Plain
from simulator.engine.plain import Obj
from simulator.machinery.resources import by_name
from simulator.machinery.store import Change

#: Called with (resource, old, new) for objects of every custom kind, whichever there are.
AnyHandler = Callable[[str, Obj | None, Obj | None], None]
#: The key of `watches` that means every custom resource.
ANY_CUSTOM = "*"
_NOT_CHOOSY: Mapping[str, Interest] = {}


class Source(Protocol):
    """Where changes come from: the API server."""

    def subscribe(self, process: "Process", resources: list[str]) -> None: ...

    def objects(self, resource: str) -> list[Obj]: ...

    def custom_resources(self) -> list[str]:
        """Resources that hold objects of custom kinds, sorted."""

    def is_serving(self) -> bool: ...


class Part(Protocol):
    """A controller or other component inside a process."""

    @property
    def name(self) -> str: ...

    @property
    def watches(self) -> Mapping[str, str]: ...

    def on_start(self) -> None: ...

    def on_stop(self) -> None: ...


class Process:
    """`name` as in `kube-controller-manager`, `kube-scheduler`, `kubelet`. An engine component."""

    def __init__(self, name: str, engine: Engine, source: Source) -> None:
        self.name = name
        self.engine = engine
        self.source = source
        self.cache = Cache()
        self.gate = Gate.of(engine)
        self.running = False
        self._parts: list[Part] = []
        self._routes: dict[str, Routes] = {}
        self._any: list[AnyHandler] = []
        self._pending: list[Change] = []
        self._due = False
        engine.register(self)

    def add(self, part: Part, interests: Mapping[str, Interest] = _NOT_CHOOSY) -> None:
        """Before `start`. Parts hear of a change in the order in which they were added.

        `interests`: the resources of which not every change matters to the part.
        """
        self._parts.append(part)
        for resource, method in part.watches.items():
            if resource == ANY_CUSTOM:
                self._any.append(getattr(part, method))
                continue
            routes = self._routes.get(resource)
            if routes is None:
                routes = self._routes[resource] = Routes(is_custom=by_name(resource) is None)
            routes.add(getattr(part, method), interests.get(resource, EVERYTHING))

    @property
    def is_shown(self) -> bool:
        """Whether its loops are a part of the cluster that people look at."""
        return True

    @property
    def parts(self) -> list[Part]:
        return list(self._parts)

    @property
    def resources(self) -> list[str]:
        """What is watched by name."""
        return sorted(self._routes)

    def _watched(self) -> list[str]:
        """What is watched now, custom kinds that nobody names included."""
        if not self._any:
            return self.resources
        there = [*self.source.custom_resources(), *(name for name in self.cache.resources() if by_name(name) is None)]
        return sorted(dict.fromkeys([*self._routes, *there]))

    def wire(self) -> None:
        """Asks the API server for changes of everything the parts watch; once, at assembly."""
        self.source.subscribe(self, [*self.resources, *([ANY_CUSTOM] if self._any else [])])

    # Running

    def start(self) -> None:
        if self.running:
            return
        self.running = True
        self._relist()

    def stop(self) -> None:
        """Like kill -9: what it knew and planned is gone."""
        self.running = False
        self._pending.clear()
        self.cache.clear()
        for part in self._parts:
            part.on_stop()

    def resync(self) -> None:
        """The watch broke (the API server was away): list again and tell the handlers of every difference."""
        if not self.running:
            return
        self._pending.clear()
        for resource in self._watched():
            known = {(_key(obj)): obj for obj in self.cache.list(resource)}
            for obj in self.source.objects(resource):
                old = known.pop(_key(obj), None)
                # Not by identity: what was delivered after a restore is another copy of what is stored.
                if old is None or old["metadata"]["resourceVersion"] != obj["metadata"]["resourceVersion"]:
                    self._tell(resource, old, obj)
            for key in sorted(known):
                self._tell(resource, known[key], None)

    def hear(self, change: Change) -> None:
        """The API server's hub: a change was committed. Delivered one watch latency later."""
        if not self.running:
            return
        self._pending.append(change)
        if not self._due:
            self._due = True
            low, high = self.engine.profile.watch
            self.engine.schedule(self.engine.rng(f"watch/{self.name}").between(low, high), self.name, "deliver")

    def deliver(self) -> None:
        """Event: everything committed so far reaches the cache and the handlers."""
        self._due = False
        if not self.running or not self._pending or not self.source.is_serving():
            return
        changes, self._pending = self._pending, []
        engine, cache = self.engine, self.cache
        for change in changes:
            engine.cause = change.ev
            old, new = (change.new, None) if change.type == "DELETED" else (change.old, change.new)
            cache.apply(change.resource, change.key, new)
            self._call(change.resource, old, new)

    def _call(self, resource: str, old: Obj | None, new: Obj | None) -> None:
        routes = self._routes.get(resource)
        if routes is not None:
            for handler in routes.of(old, new):
                try:
                    handler(old, new)
                except Exception as error:
                    if crashes.are_raised:
                        raise
                    crashes.note(self.engine, self.name, resource, error)
        if self._any and (routes is None or routes.is_custom):
            for listener in self._any:
                listener(resource, old, new)

    def _relist(self) -> None:
        self.cache.clear()
        self._pending.clear()
        for resource in self._watched():
            self.cache.fill(resource, [(_key(obj), obj) for obj in self.source.objects(resource)])
        for part in self._parts:
            part.on_start()
        for resource in self._watched():
            for obj in self.cache.list(resource):
                self._call(resource, None, obj)

    def _tell(self, resource: str, old: Obj | None, new: Obj | None) -> None:
        about = new if new is not None else old
        assert about is not None
        self.cache.apply(resource, _key(about), new)
        self._call(resource, old, new)

    # State

    @property
    def heard(self) -> int | None:
        """The revision of the oldest change not yet delivered; None when it is up to date."""
        return self._pending[0].rev if self._pending else None

    def dump(self) -> Plain:
        return {"running": self.running, "due": self._due, "pending": [change.rev for change in self._pending]}

    def load(self, state: Plain) -> None:
        self.running, self._due = state["running"], state["due"]

    def renumber(self, moved: Mapping[int, Change]) -> None:
        """The store's revisions were moved on: what is not delivered yet has new numbers."""
        self._pending = [moved[change.rev] for change in self._pending]

    def restore(self, state: Plain, changes: Mapping[int, Change]) -> None:
        """After the store is loaded: the cache as it was, which is the store less what is not delivered yet."""
        self.cache.clear()
        self._pending = [changes[rev] for rev in state["pending"]]
        if not self.running:
            return
        for resource in self._watched():
            self.cache.fill(resource, [(_key(obj), obj) for obj in self.source.objects(resource)])
        for change in reversed(self._pending):
            self.cache.apply(change.resource, change.key, change.old)


def _key(obj: Obj) -> tuple[str, str]:
    metadata = obj["metadata"]
    return metadata.get("namespace", ""), metadata["name"]
