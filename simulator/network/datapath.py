"""The way of one request through the cluster, hop by hop: name → DNS → virtual IP → rule → endpoint → container port.

Promises: a trace tells every step and, where the request ends early, why, in the words a client would see. A request draws
its backend from the engine's seeded stream, as iptables draws it, unless session affinity remembers one; `plan` draws nothing
and takes the first, for showing the way without going it.
"""

from dataclasses import dataclass, replace
from ipaddress import IPv4Address

from simulator.engine import Engine, Plain
from simulator.engine.plain import Obj
from simulator.network import dns
from simulator.network.objects import Answer, Objects, Place, Servers
from simulator.network.service_rules import Backend, Rule, rules

_SERVICES, _SLICES = "services", "endpointslices.discovery.k8s.io"
#: (low, high) microseconds: a hop between machines, and a connection nobody answers.
_HOP_US = (200, 900)
_TIMEOUT_US = 5_000_000
_DNS_TIMEOUT_US = 10_000_000

RESOLVE, TIMEOUT, REFUSED, RESET = (
    "could not resolve host",
    "connection timed out",
    "connection refused",
    "connection reset by peer",
)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a request starts: in a pod, on a node, or outside the cluster (both None)."""

    pod: Obj | None = None
    node: str = ""
    address: str = "172.18.0.1"


@dataclass(frozen=True, slots=True)
class Hop:
    kind: str
    """`resolv.conf`, `dns`, `virtual-ip`, `node-port`, `rule`, `endpoint`, `container`, `refused`."""
    say: str
    subject: str = ""
    """What the hop is about: a name, an address, a service or a pod."""
    ok: bool = True


@dataclass(frozen=True, slots=True)
class Trace:
    hops: tuple[Hop, ...]
    ok: bool
    status: int = 0
    body: str = ""
    error: str = ""
    """One of the constants above, or "" for an answer."""
    address: str = ""
    """The address the client connected to."""
    backend: str = ""
    """namespace/pod that answered."""
    took_us: int = 0


class Datapath:
    name = "datapath"

    def __init__(self, engine: Engine, objects: Objects, servers: Servers, *, dns_address: str = "10.96.0.10") -> None:
        self._engine = engine
        self._objects = objects
        self._servers = servers
        self._dns_address = dns_address
        self._sticky: dict[str, list[Plain]] = {}
        """`rule/client` → [backend address, until_us]: session affinity."""
        engine.register(self)

    def request(self, source: Source, host: str, port: int, path: str = "/", *, protocol: str = "TCP") -> Trace:
        """One request, made now: it may be logged by the server and uses the seeded choice."""
        return _Journey(self, source, live=True).go(host, port, path, protocol)

    def plan(self, source: Source, host: str, port: int, path: str = "/", *, protocol: str = "TCP") -> Trace:
        """The same way, only looked at: nothing changes, and of several backends the first is shown."""
        return _Journey(self, source, live=False).go(host, port, path, protocol)

    def resolve(self, source: Source, name: str) -> tuple[dns.Answer | None, dns.Resolver]:
        """What a lookup from here answers; None when the DNS server cannot be reached."""
        journey = _Journey(self, source, live=False)
        resolver = journey.resolver()
        if not journey.reaches_dns(resolver):
            return None, resolver
        return dns.resolve(name, resolver, self.service), resolver

    def rules(self, node: str) -> tuple[Rule, ...]:
        """kube-proxy's table on a node, as data."""
        return rules(self._objects.list(_SERVICES), self._objects.list(_SLICES), node)

    def service(self, namespace: str, name: str) -> tuple[Obj, list[Obj]] | None:
        for service in self._objects.list(_SERVICES, namespace):
            if service["metadata"]["name"] == name:
                return service, [one for one in self._objects.list(_SLICES, namespace) if dns.is_slice_of(one, name)]
        return None

    def is_machine_or_pod(self, address: str) -> bool:
        """Whether something with a network card of its own answers at this address; virtual IPs are only rules."""
        place = self._servers.place(address)
        return place is not None and self._servers.is_reachable(place.node)

    # What a journey needs

    @property
    def servers(self) -> Servers:
        return self._servers

    @property
    def dns_address(self) -> str:
        return self._dns_address

    def hop_us(self) -> int:
        return 0 if self._engine.profile.name == "instant" else self._engine.rng("datapath").between(*_HOP_US)

    def choose(self, rule: Rule, client: str, *, live: bool) -> Backend:
        key = f"{rule.name}/{rule.kind}/{client}"
        known = self._sticky.get(key) if rule.affinity_s else None
        if known is not None and known[1] > self._engine.now:
            for backend in rule.backends:
                if backend.address == known[0]:
                    return backend
        if not live:
            return rule.backends[0]
        chosen = self._engine.rng("datapath").choice(rule.backends)
        if rule.affinity_s:
            self._sticky[key] = [chosen.address, self._engine.now + rule.affinity_s * 1_000_000]
        return chosen

    # State

    def dump(self) -> Plain:
        return [[key, *value] for key, value in self._sticky.items()]

    def load(self, state: Plain) -> None:
        self._sticky = {key: [address, until] for key, address, until in state}


class _Journey:
    """One request under way: collects its hops."""

    def __init__(self, datapath: Datapath, source: Source, *, live: bool) -> None:
        self._path = datapath
        self._source = source
        self._live = live
        self._hops: list[Hop] = []
        self._took_us = 0

    def go(self, host: str, port: int, path: str, protocol: str) -> Trace:
        address = "127.0.0.1" if host == "localhost" else host if _is_address(host) else self._look_up(host)
        if not address:
            return self._end(Trace((), False, error=RESOLVE))
        if address.startswith("127."):
            address = self._client()
        rule = self._rule(address, port, protocol)
        if rule is None:
            return replace(self._deliver(address, port, path, protocol), address=address)
        return replace(self._through(rule, address, port, path, protocol), address=address)

    # Names

    def resolver(self) -> dns.Resolver:
        if self._source.pod is None:
            return dns.Resolver("172.18.0.1", (), 1)
        return dns.resolver_of(self._source.pod, self._path.dns_address)

    def reaches_dns(self, resolver: dns.Resolver) -> bool:
        """The cluster's DNS server is a Service like any other."""
        if resolver.nameserver != self._path.dns_address:
            return True
        rule = self._rule(resolver.nameserver, 53, "UDP")
        return rule is not None and any(self._serves_dns(backend) for backend in rule.backends)

    def _serves_dns(self, backend: Backend) -> bool:
        return (
            self._path.servers.is_reachable(backend.node)
            and not self._path.servers.connect(backend.address, backend.port, "UDP", "", "").error
        )

    def _look_up(self, host: str) -> str:
        resolver = self.resolver()
        self._hop(
            "resolv.conf",
            f"ask {resolver.nameserver}, search {' '.join(resolver.search) or 'nothing'}",
            resolver.nameserver,
        )
        if not self.reaches_dns(resolver):
            self._took_us += _DNS_TIMEOUT_US
            self._hop("dns", f"the DNS server {resolver.nameserver} does not answer", host, ok=False)
            return ""
        answer = dns.resolve(host, resolver, self._path.service)
        if not answer.addresses:
            self._hop("dns", f"{', '.join(answer.tried)}: no such name", host, ok=False)
            return ""
        self._hop("dns", f"{answer.name} is {', '.join(answer.addresses)}", answer.name)
        self._took_us += self._path.hop_us()
        return answer.addresses[0]

    # Rules

    def _node(self) -> str:
        pod = self._source.pod
        return pod["spec"].get("nodeName", "") if pod is not None else self._source.node

    def _client(self) -> str:
        return self._path.servers.address_of(self._source.pod) if self._source.pod is not None else self._source.address

    def _rule(self, address: str, port: int, protocol: str) -> Rule | None:
        """The rule of the node the packet comes to first that matches its destination."""
        place = self._path.servers.place(address)
        is_machine = place is not None and not place.pod
        node = place.node if is_machine and place is not None else self._node()
        table = self._path.rules(node)
        for rule in table:
            if rule.port != port or rule.protocol != protocol:
                continue
            if rule.address == address or (rule.kind == "nodePort" and is_machine):
                return rule
        refused = next((rule for rule in table if rule.address == address), None)
        # A virtual IP answers nothing but the service's own ports.
        return replace(refused, backends=(), refusal="drop", port=port, port_name="") if refused is not None else None

    def _through(self, rule: Rule, address: str, port: int, path: str, protocol: str) -> Trace:
        if rule.kind == "nodePort":
            place = self._path.servers.place(address)
            if place is not None and not self._path.servers.is_reachable(place.node):
                return self._lost(f"{place.node} ({address}) does not answer", place.node)
            self._hop(
                "node-port",
                f"port {port} of {place.node if place else address} belongs to service {rule.name}",
                rule.name,
            )
        else:
            self._hop("virtual-ip", f"{address}:{port} is service {rule.name}", rule.name)
        if rule.refusal == "reject":
            return self._refuse(f"service {rule.name} has no endpoints", rule.name)
        if rule.refusal == "drop":
            return self._lost(f"service {rule.name} has nothing for port {port} here", rule.name)
        backend = self._path.choose(rule, self._client(), live=self._live)
        self._hop("rule", f"1 of {len(rule.backends)} endpoints: {backend.address}:{backend.port}", rule.name)
        return self._deliver(backend.address, backend.port, path, protocol)

    # Sockets

    def _deliver(self, address: str, port: int, path: str, protocol: str) -> Trace:
        place = self._path.servers.place(address)
        if place is None:
            return self._lost(f"nobody has the address {address}", address)
        if not self._path.servers.is_reachable(place.node):
            return self._lost(f"{place.node}, where {address} was, does not answer", place.node)
        self._took_us += self._path.hop_us()
        who = f"{place.namespace}/{place.pod}" if place.pod else place.node
        self._hop("endpoint", f"{address}:{port} is {_what(place)}", who)
        answer = self._path.servers.connect(
            address, port, protocol, path if self._live else "", self._client() if self._live else ""
        )
        return self._answered(answer, who, port)

    def _answered(self, answer: Answer, who: str, port: int) -> Trace:
        if answer.error:
            return self._refuse(f"no process in {who} listens on port {port}", who)
        said = f"container {answer.container} answers" + (f" {answer.status}" if answer.status else "")
        self._hop("container", said, who, ok=answer.status < 400)
        return self._end(Trace((), True, answer.status, answer.body, backend=who))

    # Ends

    def _refuse(self, why: str, subject: str) -> Trace:
        self._hop("refused", why, subject, ok=False)
        return self._end(Trace((), False, error=REFUSED))

    def _lost(self, why: str, subject: str) -> Trace:
        self._hop("refused", why, subject, ok=False)
        self._took_us += _TIMEOUT_US
        return self._end(Trace((), False, error=TIMEOUT))

    def _hop(self, kind: str, say: str, subject: str, *, ok: bool = True) -> None:
        self._hops.append(Hop(kind, say, subject, ok))

    def _end(self, trace: Trace) -> Trace:
        return replace(trace, hops=tuple(self._hops), took_us=self._took_us)


def _what(place: Place) -> str:
    return f"pod {place.pod} on {place.node}" if place.pod else f"machine {place.node}"


def _is_address(host: str) -> bool:
    try:
        IPv4Address(host)
    except ValueError:
        return False
    return True
