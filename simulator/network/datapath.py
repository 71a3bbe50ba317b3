"""The way of requests through the cluster: the questions others ask, and the little that is remembered between two requests.

Promises: a trace tells every step and, where the request ends early, why, in the words a client would see. A request draws
its backend from the engine's seeded stream, as iptables draws it, unless session affinity remembers one; `plan` draws nothing
and takes the first, for showing the way without going it.
"""

from collections.abc import Iterable
from typing import Protocol

from simulator.engine import Engine, Plain
from simulator.engine.plain import Obj
from simulator.network import dns
from simulator.network.journey import Journey
from simulator.network.links import Links
from simulator.network.lookups import Lookups
from simulator.network.objects import ClusterNetwork, Servers
from simulator.network.packets import Standpoint
from simulator.network.proxy import KubeProxy
from simulator.network.service_rules import Backend, Rule
from simulator.network.traces import REFUSED, RESET, RESOLVE, TIMEOUT, Broken, Hop, Source, Trace
from simulator.network.zone import Reply

__all__ = ["REFUSED", "RESET", "RESOLVE", "TIMEOUT", "Broken", "Datapath", "Hop", "Source", "Trace"]

#: (low, high) microseconds: a hop between machines.
_HOP_US = (200, 900)
#: Looking at all ways of a request ends after this many.
_MAX_WAYS = 5_000


class Balancer(Protocol):
    """One load balancer outside the cluster as a packet meets it."""

    @property
    def name(self) -> str: ...
    @property
    def nodes(self) -> tuple[str, ...]:
        """The healthy ones."""

    @property
    def node_port(self) -> int:
        """Where it sends to; 0: the packet keeps its destination."""

    @property
    def serves(self) -> bool:
        """Whether the port is one of its own."""

    @property
    def ranges(self) -> tuple[str, ...]:
        """Sources it lets in; none: everybody."""


class LoadBalancers(Protocol):
    """The load balancers outside the cluster."""

    def find(self, address: str, port: int, protocol: str) -> Balancer | None:
        """None when no load balancer has this address."""

    def lookup(self, name: str) -> str:
        """The address a load balancer's public name has, "" when it is none."""


class NoLoadBalancers:
    def find(self, address: str, port: int, protocol: str) -> Balancer | None:
        return None

    def lookup(self, name: str) -> str:
        return ""


class Datapath:
    name = "datapath"

    def __init__(
        self,
        engine: Engine,
        proxy: KubeProxy,
        network: ClusterNetwork,
        servers: Servers,
        links: Links,
        *,
        dns_address: str = "10.96.0.10",
        load_balancers: LoadBalancers | None = None,
    ) -> None:
        self.proxy = proxy
        self.network = network
        self.servers = servers
        self.links = links
        self.dns_address = dns_address
        self.load_balancers: LoadBalancers = load_balancers or NoLoadBalancers()
        self._engine = engine
        self._sticky: dict[str, list[Plain]] = {}
        """`node/rule/protocol/client` → [backend address, until_us]: session affinity."""
        engine.register(self)

    def request(self, source: Source, host: str, port: int, path: str = "/", *, protocol: str = "TCP") -> Trace:
        """One request, made now: it may be logged by the server and uses the seeded choice."""
        return Journey(self, source, live=True).go(host, port, path, protocol)

    def plan(self, source: Source, host: str, port: int, path: str = "/", *, protocol: str = "TCP") -> Trace:
        """The same way, only looked at: nothing changes, and of several backends the first is shown."""
        return Journey(self, source, live=False).go(host, port, path, protocol)

    def plans(
        self, source: Source, host: str, port: int, path: str = "/", *, protocol: str = "TCP"
    ) -> list[tuple[float, Trace]]:
        """Every way that chance may choose, with how probable it is."""
        found: list[tuple[float, Trace]] = []
        turns: list[int] | None = []
        while turns is not None and len(found) < _MAX_WAYS:
            journey = Journey(self, source, live=False, turns=turns)
            trace = journey.go(host, port, path, protocol)
            found.append((journey.share, trace))
            turns = journey.next_turns()
        return found

    def resolver(self, source: Source) -> dns.Resolver:
        return self._lookups(source).resolver()

    def resolve(
        self, source: Source, name: str, *, types: tuple[str, ...] = ("A", "AAAA")
    ) -> tuple[dns.Answer | None, dns.Resolver]:
        """What a lookup from here answers; None when the DNS server cannot be reached."""
        lookups = self._lookups(source)
        resolver = lookups.resolver()
        if lookups.broken(resolver.nameserver) is not None:
            return None, resolver
        return dns.resolve(name, resolver, lookups.ask, types=types), resolver

    def ask(self, source: Source, name: str, type: str, server: str = "") -> Reply | None:
        """One question to a name server as `dig` sends it; None when nobody answers."""
        lookups = self._lookups(source)
        return lookups.ask_at(server or lookups.resolver().nameserver, name, type)

    def _lookups(self, source: Source) -> Lookups:
        return Lookups(self, Standpoint(self, source))

    def timestamp(self) -> str:
        return self._engine.timestamp()

    def rules(self, node: str) -> tuple[Rule, ...]:
        """kube-proxy's table on a node, as data."""
        return self.proxy.rules(node)

    def service(self, namespace: str, name: str) -> tuple[Obj, list[Obj]] | None:
        found = self.proxy.service(namespace, name)
        return None if found is None else (found, self.proxy.slices_of(namespace, name))

    def services(self) -> Iterable[Obj]:
        return self.proxy.services()

    def is_machine_or_pod(self, address: str) -> bool:
        """Whether something with a network card of its own answers at this address; virtual IPs are only rules."""
        place = self.servers.place(address)
        return place is not None and self.servers.is_reachable(place.node)

    # What a journey needs

    def is_healthy(self, node: str, service: str, *, local: bool) -> bool:
        """How a node answers a load balancer's check: kube-proxy's own (port 10256), or the Service's healthCheckNodePort."""
        if not self.servers.is_reachable(node) or not self.proxy.is_running(node):
            return False
        if self.links.broken_between(self.ends(node), ("outside",)):
            return False
        return not local or self.proxy.local_endpoints(node, *service.split("/", 1)) > 0

    def any_of(self, names: tuple[str, ...], *, live: bool) -> str:
        """One of several that are as good as each other."""
        return self._engine.rng("datapath").choice(names) if live and len(names) > 1 else names[0]

    def ends(self, node: str) -> tuple[str, ...]:
        """The names a machine goes by on the wires."""
        if not node:
            return ("outside",)
        zone = self.proxy.view(node).zone
        return (node, f"zone:{zone}") if zone else (node,)

    def hop_us(self, *, live: bool) -> int:
        if self._engine.profile.name == "instant":
            return 0
        return self._engine.rng("datapath").between(*_HOP_US) if live else sum(_HOP_US) // 2

    def choose(self, rule: Rule, backends: tuple[Backend, ...], node: str, client: str, *, live: bool) -> Backend:
        key = f"{node}/{rule.name}/{rule.protocol}/{client}"
        known = self._sticky.get(key) if rule.affinity_s else None
        if known is not None and known[1] > self._engine.now:
            for backend in backends:
                if backend.address == known[0]:
                    if live:
                        known[1] = self._engine.now + rule.affinity_s * 1_000_000
                    return backend
        if not live:
            return backends[0]
        chosen = self._engine.rng("datapath").choice(backends)
        if rule.affinity_s:
            self._sticky[key] = [chosen.address, self._engine.now + rule.affinity_s * 1_000_000]
        return chosen

    # State

    def dump(self) -> Plain:
        return [[key, *value] for key, value in self._sticky.items()]

    def load(self, state: Plain) -> None:
        self._sticky = {key: [address, until] for key, address, until in state}
