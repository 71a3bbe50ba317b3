"""kube-proxy on every node: what the kernel of each machine holds, and who keeps it up to date.

https://kubernetes.io/docs/reference/networking/virtual-ips/. One watch stands for the watches of all kube-proxies. A node's rules follow
that watch as long as its kube-proxy runs; when it stops they stay as they were, and after a reboot there are none until it runs again.
Rules are compiled when somebody asks, for one service at a time, and kept until the service or its slices change.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from simulator.client import Process
from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.network.service_rules import (
    SERVICE_NAME,
    ZONE,
    Backend,
    NodeView,
    Rule,
    load_balancer_addresses,
    service_rules,
)

SERVICES, SLICES = "services", "endpointslices.discovery.k8s.io"
MODES = ("iptables", "ipvs", "nftables", "none")
Key = tuple[str, str]


class KubeProxy:
    name = "proxier"
    watches: Mapping[str, str] = {SERVICES: "on_service", SLICES: "on_slice", "nodes": "on_node"}

    def __init__(self, process: Process, *, mode: str = "iptables") -> None:
        self.mode = mode
        self._process = process
        self._cache = process.cache
        self._running: dict[str, None] = {}
        """Nodes whose kube-proxy runs."""
        self._halted: dict[str, None] = {}
        """Nodes on which somebody has stopped the process for good."""
        self._left: dict[str, tuple[Rule, ...]] = {}
        """Node → the rules that a kube-proxy which runs no more has left in the kernel."""
        self._checks: dict[int, dict[Key, None]] = {}
        """healthCheckNodePort → the service."""
        self._is_indexed = False
        self._slices: dict[Key, dict[str, None]] = {}
        """Service → names of its slices."""
        self._addresses: dict[str, dict[Key, None]] = {}
        """Virtual address → services that have it."""
        self._node_ports: dict[int, dict[Key, None]] = {}
        self._compiled: dict[Key, dict[str, list[Rule]]] = {}
        """Service → node ("" for all alike) → its rules there."""
        process.engine.register(self)
        process.add(self)

    # Questions

    def is_running(self, node: str) -> bool:
        return node in self._running

    def find(self, node: str, address: str, port: int, protocol: str, *, is_machine: bool) -> Rule | None:
        """The rule of this node that takes a packet for this destination; node ports only where the address is a machine's."""
        for rule in self._candidates(node, address, port, is_machine=is_machine):
            is_here = rule.address == address or (rule.kind == "nodePort" and is_machine)
            if is_here and (rule.port, rule.protocol) == (port, protocol):
                return rule
        return None

    def owner(self, node: str, address: str) -> Rule | None:
        """Any rule of this node for a virtual address, whatever its port."""
        return next(
            (rule for rule in self._candidates(node, address, 0, is_machine=False) if rule.address == address), None
        )

    def rules(self, node: str) -> tuple[Rule, ...]:
        """The whole table of a node, sorted by service; `node` "" is every node's view without policies."""
        if node and node not in self._running:
            return self._left.get(node, ())
        return self._table(node)

    def slices_of(self, namespace: str, service: str) -> list[Obj]:
        """A service's EndpointSlices as the watch has told, by name."""
        self._index_if_needed()
        found = (
            self._cache.get(SLICES, namespace, name) for name in sorted(self._slices.get((namespace, service), ()))
        )
        return [one for one in found if one is not None]

    def service(self, namespace: str, name: str) -> Obj | None:
        return self._cache.get(SERVICES, namespace, name)

    def services(self, namespace: str | None = None) -> Iterable[Obj]:
        return self._cache.list(SERVICES, namespace)

    def owners(self, address: str) -> list[Obj]:
        """Services that have this virtual address, whatever any node knows of it."""
        self._index_if_needed()
        found = (self._cache.get(SERVICES, *key) for key in sorted(self._addresses.get(address, ())))
        return [one for one in found if one is not None]

    def node_port_owners(self, port: int) -> list[Obj]:
        self._index_if_needed()
        found = (self._cache.get(SERVICES, *key) for key in sorted(self._node_ports.get(port, ())))
        return [one for one in found if one is not None]

    def local_endpoints(self, node: str, namespace: str, service: str) -> int:
        """Ready endpoints of a service on this node: what the healthCheckNodePort answers."""
        return sum(
            1
            for one in self.slices_of(namespace, service)
            for endpoint in one.get("endpoints") or ()
            if endpoint.get("nodeName") == node and (endpoint.get("conditions") or {}).get("ready", True) is not False
        )

    def health_check(self, node: str, port: int) -> Obj | None:
        """The Service whose healthCheckNodePort this is, if kube-proxy runs here to answer it."""
        if node not in self._running:
            return None
        self._index_if_needed()
        for key in sorted(self._checks.get(port, ())):
            return self._cache.get(SERVICES, *key)
        return None

    def view(self, node: str) -> NodeView:
        known = self._cache.get("nodes", "", node) if node else None
        labels = (known["metadata"].get("labels") or {}) if known is not None else {}
        return NodeView(node, labels.get(ZONE, ""))

    # The process on a node

    def started(self, node: str) -> None:
        """kube-proxy on this node has come up and writes all rules anew."""
        if node not in self._halted and self.mode != "none":
            self._running[node] = None
            self._left.pop(node, None)

    def stopped(self, node: str) -> None:
        """It ended; it does not take its rules along."""
        if node in self._running:
            self._left[node] = self._table(node)
            del self._running[node]

    def rebooted(self, node: str) -> None:
        """The kernel's tables went with the machine's memory."""
        self._running.pop(node, None)
        self._left.pop(node, None)

    def halt(self, node: str) -> None:
        self.stopped(node)
        self._halted[node] = None

    def resume(self, node: str, *, has_pod: bool) -> None:
        self._halted.pop(node, None)
        if has_pod:
            self.started(node)

    def is_halted(self, node: str) -> bool:
        return node in self._halted

    # What the watch tells

    def on_start(self) -> None:
        self._forget()

    def on_stop(self) -> None:
        self._forget()

    def on_service(self, old: Obj | None, new: Obj | None) -> None:
        self._index_if_needed()
        for obj, adds in ((old, False), (new, True)):
            if obj is not None:
                self._note_service(obj, adds=adds)

    def on_slice(self, old: Obj | None, new: Obj | None) -> None:
        self._index_if_needed()
        for obj, adds in ((old, False), (new, True)):
            if obj is not None:
                self._note_slice(obj, adds=adds)

    def on_node(self, old: Obj | None, new: Obj | None) -> None:
        """Hints are read with the node's zone."""
        if old is not None and new is not None and _zone(old) != _zone(new):
            self._compiled.clear()

    # Inside

    def _candidates(self, node: str, address: str, port: int, *, is_machine: bool) -> Iterable[Rule]:
        if node and node not in self._running:
            return self._left.get(node, ())
        self._index_if_needed()
        keys = dict(self._addresses.get(address, {}))
        if is_machine:
            keys.update(self._node_ports.get(port, {}))
        return [rule for key in sorted(keys) for rule in self._rules_of(key, node)]

    def _table(self, node: str) -> tuple[Rule, ...]:
        self._index_if_needed()
        keys = [(one["metadata"]["namespace"], one["metadata"]["name"]) for one in self._cache.list(SERVICES)]
        return tuple(rule for key in keys for rule in self._rules_of(key, node))

    def _rules_of(self, key: Key, node: str) -> list[Rule]:
        service = self._cache.get(SERVICES, *key)
        if service is None:
            return []
        slices = self.slices_of(*key)
        place = node if _differs_by_node(service, slices) else ""
        by_place = self._compiled.setdefault(key, {})
        if place not in by_place:
            by_place[place] = service_rules(service, slices, self.view(place))
        return by_place[place]

    def _index_if_needed(self) -> None:
        """After a restore the cache says what there is."""
        if not self._is_indexed:
            self._is_indexed = True
            for one in self._cache.list(SERVICES):
                self._note_service(one, adds=True)
            for one in self._cache.list(SLICES):
                self._note_slice(one, adds=True)

    def _note_service(self, service: Obj, *, adds: bool) -> None:
        key = (service["metadata"]["namespace"], service["metadata"]["name"])
        self._compiled.pop(key, None)
        for address in virtual_addresses(service):
            _put(self._addresses, address, key, adds=adds)
        for port in service["spec"].get("ports") or ():
            if port.get("nodePort"):
                _put(self._node_ports, port["nodePort"], key, adds=adds)
        if check := service["spec"].get("healthCheckNodePort"):
            _put(self._checks, check, key, adds=adds)

    def _note_slice(self, slice_: Obj, *, adds: bool) -> None:
        metadata = slice_["metadata"]
        owner = (metadata.get("labels") or {}).get(SERVICE_NAME)
        if owner:
            self._compiled.pop((metadata["namespace"], owner), None)
            _put(self._slices, (metadata["namespace"], owner), metadata["name"], adds=adds)

    def _forget(self) -> None:
        self._is_indexed = False
        self._slices.clear()
        self._addresses.clear()
        self._node_ports.clear()
        self._checks.clear()
        self._compiled.clear()

    # State

    def dump(self) -> Plain:
        return {
            "running": list(self._running),
            "halted": list(self._halted),
            "left": [[node, [asdict(rule) for rule in rules]] for node, rules in self._left.items()],
        }

    def load(self, state: Plain) -> None:
        self._forget()
        self._running = dict.fromkeys(state["running"])
        self._halted = dict.fromkeys(state["halted"])
        self._left = {node: tuple(_rule(rule) for rule in rules) for node, rules in state["left"]}


def virtual_addresses(service: Obj) -> list[str]:
    """Addresses that no machine has: cluster IPs, external IPs, those of a load balancer that the nodes answer themselves."""
    spec = service["spec"]
    cluster = [one for one in spec.get("clusterIPs") or [spec.get("clusterIP") or "None"] if one != "None"]
    return [*cluster, *(spec.get("externalIPs") or ()), *load_balancer_addresses(service)]


def _differs_by_node(service: Obj, slices: list[Obj]) -> bool:
    spec = service["spec"]
    if "Local" in (spec.get("internalTrafficPolicy"), spec.get("externalTrafficPolicy")):
        return True
    return any("hints" in endpoint for one in slices for endpoint in one.get("endpoints") or ())


def _zone(node: Obj) -> str:
    return str((node["metadata"].get("labels") or {}).get(ZONE, ""))


def _put(index: dict[Any, dict[Any, None]], at: Any, key: Any, *, adds: bool) -> None:
    bucket = index.setdefault(at, {})
    if adds:
        bucket[key] = None
        return
    bucket.pop(key, None)
    if not bucket:
        del index[at]


def _rule(state: dict[str, Any]) -> Rule:
    circuit = state["short_circuit"]
    return Rule(
        **{
            **state,
            "backends": tuple(Backend(**one) for one in state["backends"]),
            "short_circuit": None if circuit is None else tuple(Backend(**one) for one in circuit),
            "elsewhere": tuple(Backend(**one) for one in state["elsewhere"]),
            "source_ranges": tuple(state["source_ranges"]),
        }
    )
