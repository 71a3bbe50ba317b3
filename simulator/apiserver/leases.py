"""Leases: who lives (kube-node-lease) and who leads (kube-system).

A renewal is computed when it is read, never simulated one by one (docs/decisions/0003): written are only the moments at which
somebody begins to renew and the last renewal of somebody who stopped.
(https://kubernetes.io/docs/concepts/architecture/leases/)
"""

from collections.abc import Callable
from typing import Protocol

from simulator.apiserver.heartbeats import ELECTION_RENEW_US, Heartbeats, election_lease, lease
from simulator.engine import Engine
from simulator.engine.plain import Obj
from simulator.machinery.store import Key, Store

RESOURCE = "leases.coordination.k8s.io"
_NODES, _SYSTEM = "kube-node-lease", "kube-system"


class Put(Protocol):
    """Commits an object: `commits.Commits`'s own."""

    def __call__(self, who: str, verb: str, resource: str, key: Key, obj: Obj) -> Obj: ...


class Leases:
    """Its state is dumped by the registry."""

    def __init__(self, engine: Engine, store: Store, put: Put, new_uid: Callable[[], str]) -> None:
        self.nodes = Heartbeats()
        """Kubelets that renew their Lease, by node."""
        self.leaders = Heartbeats(ELECTION_RENEW_US)
        """Leaders that renew their Lease in kube-system, by component."""
        self._engine = engine
        self._store = store
        self._put = put
        self._new_uid = new_uid

    def begin(self, node: str) -> None:
        """A kubelet begins to renew its Lease."""
        now = self._engine.now
        self.nodes.start(node, now)
        self._write_node(node, now)

    def cease(self, node: str) -> None:
        """A kubelet stops: its last renewal becomes a written fact."""
        renewed = self.nodes.stop(node, self._engine.now)
        if renewed is not None:
            self._write_node(node, renewed)

    def lead(self, component: str, holder: str) -> None:
        """An instance takes the Lease of its component, and renews it from now on."""
        now, old = self._engine.now, self._store.get(RESOURCE, (_SYSTEM, component))
        self.leaders.start(component, now)
        transitions = 0 if old is None else old["spec"]["leaseTransitions"] + 1
        stamp = self._engine.micro_timestamp(now)
        fresh = election_lease(component, holder, acquired=stamp, renewed=stamp, transitions=transitions)
        self._write(component, (_SYSTEM, component), fresh, old)

    def cease_to_lead(self, component: str) -> int:
        """It died: its last renewal becomes a written fact, and is returned."""
        renewed = self.leaders.stop(component, self._engine.now)
        old = self._store.get(RESOURCE, (_SYSTEM, component))
        if renewed is None or old is None:
            return self._engine.now
        spec = {**old["spec"], "renewTime": self._engine.micro_timestamp(renewed)}
        self._write(component, (_SYSTEM, component), {**old, "spec": spec}, old)
        return renewed

    def current(self, obj: Obj) -> Obj:
        """A Lease as whoever holds it has renewed it by now."""
        namespace, name = obj["metadata"].get("namespace"), obj["metadata"]["name"]
        beats = {_NODES: self.nodes, _SYSTEM: self.leaders}.get(namespace or "")
        renewed = beats.last(name, self._engine.now) if beats is not None else None
        if renewed is None:
            return obj
        return {**obj, "spec": {**obj["spec"], "renewTime": self._engine.micro_timestamp(renewed)}}

    def _write_node(self, node: str, renewed: int) -> None:
        owner = self._store.get("nodes", ("", node))
        key = (_NODES, node)
        fresh = lease(node, owner["metadata"]["uid"] if owner else "", self._engine.micro_timestamp(renewed))
        self._write(f"kubelet/{node}", key, fresh, self._store.get(RESOURCE, key))

    def _write(self, who: str, key: Key, fresh: Obj, old: Obj | None) -> None:
        if old is not None:
            fresh["metadata"] = old["metadata"]
        else:
            fresh["metadata"].update(uid=self._new_uid(), creationTimestamp=self._engine.timestamp())
        self._put(who, "update" if old else "create", RESOURCE, key, fresh)
