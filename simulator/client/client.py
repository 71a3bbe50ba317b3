"""How a component writes: every call goes to the API server under the component's own name.

Each call counts; `latency` says how long that many calls keep the caller busy. Refusals are `StatusError`;
`ApiUnavailable` means that nobody answered.
"""

from typing import Protocol

from simulator.apiserver.event_index import Identity
from simulator.client.events import EventRecorder
from simulator.engine import Engine
from simulator.engine.plain import Obj, Plain
from simulator.machinery.kinds import Kinds

#: `list[Obj]`, under a name that the methods called `list` do not hide.
Objects = list[Obj]


class ApiServer(Protocol):
    """The part of the registry that in-cluster clients use. `who` becomes the writer in the trail."""

    engine: Engine
    kinds: Kinds

    def get(self, who: str, resource: str, namespace: str, name: str) -> Obj: ...

    def find(self, who: str, resource: str, namespace: str, name: str) -> Obj | None: ...

    def list(self, who: str, resource: str, namespace: str | None) -> Objects: ...

    def told_event(self, identity: Identity) -> Obj | None: ...

    def add_event(self, who: str, event: Obj, identity: Identity) -> None: ...

    def create(self, who: str, resource: str, obj: Obj) -> Obj: ...

    def update(self, who: str, resource: str, obj: Obj, subresource: str = "") -> Obj: ...

    def merge(self, who: str, resource: str, namespace: str, name: str, patch: Obj, subresource: str = "") -> Obj: ...

    def delete(self, who: str, resource: str, namespace: str, name: str, options: Plain) -> Obj | None: ...

    def bind(self, who: str, namespace: str, name: str, node: str) -> None: ...

    def finalize_namespace(self, who: str, obj: Obj) -> Obj: ...

    def token(self, who: str, namespace: str, name: str, request: Obj, at_s: int) -> str: ...


class Client:
    def __init__(self, api: ApiServer, actor: str) -> None:
        self.actor = actor
        self.writes = 0
        """Calls that changed something, ever; the difference between two moments is what `latency` wants."""
        self._api = api
        self._events = EventRecorder(api)

    def latency(self, calls: int) -> int:
        """Microseconds that `calls` calls in a row take."""
        engine = self._api.engine
        low, high = engine.profile.api_call
        return engine.rng("api").between(low * calls, high * calls)

    @property
    def kinds(self) -> Kinds:
        """What the API server serves: the client's discovery."""
        return self._api.kinds

    def as_actor(self, actor: str) -> "Client":
        """The same connection under another name (`kubelet/node-3`)."""
        return Client(self._api, actor)

    def get(self, resource: str, namespace: str, name: str) -> Obj:
        return self._api.get(self.actor, resource, namespace, name)

    def token(self, namespace: str, account: str, request: Obj, *, at_s: int) -> str:
        """The token of a ServiceAccount that this client has had since `at_s` (seconds of the epoch)."""
        return self._api.token(self.actor, namespace, account, request, at_s)

    def list(self, resource: str, namespace: str | None = None) -> Objects:
        return self._api.list(self.actor, resource, namespace)

    def create(self, resource: str, obj: Obj) -> Obj:
        """`obj.metadata` carries namespace and name or generateName."""
        self.writes += 1
        return self._api.create(self.actor, resource, obj)

    def update(self, resource: str, obj: Obj) -> Obj:
        """Conflict (409) when `obj.metadata.resourceVersion` is not the stored one."""
        self.writes += 1
        return self._api.update(self.actor, resource, obj)

    def update_status(self, resource: str, obj: Obj) -> Obj:
        self.writes += 1
        return self._api.update(self.actor, resource, obj, "status")

    def patch(self, resource: str, namespace: str, name: str, patch: Obj, *, subresource: str = "") -> Obj:
        """JSON merge patch (RFC 7396)."""
        self.writes += 1
        return self._api.merge(self.actor, resource, namespace, name, patch, subresource)

    def delete(
        self,
        resource: str,
        namespace: str,
        name: str,
        *,
        propagation: str = "Background",
        grace_s: int | None = None,
        uid: str | None = None,
    ) -> None:
        """`uid`: only if the object still has it (precondition)."""
        self.writes += 1
        options: Obj = {"propagationPolicy": propagation}
        if grace_s is not None:
            options["gracePeriodSeconds"] = grace_s
        if uid is not None:
            options["preconditions"] = {"uid": uid}
        self._api.delete(self.actor, resource, namespace, name, options)

    def finalize(self, namespace: Obj) -> Obj:
        """`PUT …/namespaces/x/finalize`: replaces spec.finalizers."""
        self.writes += 1
        return self._api.finalize_namespace(self.actor, namespace)

    def bind(self, namespace: str, name: str, node: str) -> None:
        self.writes += 1
        self._api.bind(self.actor, namespace, name, node)

    def event(
        self, about: Obj, type: str, reason: str, message: str, *, source: str, host: str = "", field_path: str = ""
    ) -> None:
        """An Event (core/v1) about an object: `type` is Normal or Warning. Repeats are counted, not added."""
        self._events.record(
            self.actor,
            about,
            type=type,
            reason=reason,
            message=message,
            source=source,
            host=host,
            field_path=field_path,
        )
