"""kube-proxy's view: every address and port it listens for, and where a packet for it goes.

Follows `pkg/proxy/topology.go` (which endpoints a node may use) and `pkg/proxy/iptables/proxier.go` (one rule a service port and
address, endpoints in the order of their addresses with the probability 1/(n-i), REJECT where a service has no endpoints, DROP where
only this node has none). Promises: a pure function of a Service, its EndpointSlices and the node.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from simulator.engine.plain import Obj

SERVICE_NAME = "kubernetes.io/service-name"
ZONE = "topology.kubernetes.io/zone"
#: kube-proxy's default when a Service names no timeout (`v1.DefaultClientIPServiceAffinitySeconds`).
_AFFINITY_S = 10_800


@dataclass(frozen=True, slots=True)
class Backend:
    address: str
    port: int
    node: str
    pod: str
    """The name of the target pod, "" for an address without one."""
    probability: float
    """That the rule matches when the chain comes to it, as iptables' statistic module writes it."""


@dataclass(frozen=True, slots=True)
class Rule:
    namespace: str
    service: str
    port_name: str
    protocol: str
    kind: str
    """`clusterIP`, `nodePort`, `externalIP` or `loadBalancer`."""
    address: str
    """"" for node ports: every address of the node."""
    port: int
    backends: tuple[Backend, ...]
    affinity_s: int
    """ClientIP session affinity for this long; 0: none."""
    refusal: str
    """`reject` (no endpoints), `drop` (none on this node under policy Local), or ""."""
    family: str = "IPv4"
    short_circuit: tuple[Backend, ...] | None = None
    """What pods and the node itself get from an external address under policy Local: all endpoints. None: the same as `backends`."""
    elsewhere: tuple[Backend, ...] = ()
    """The endpoints on other nodes, when policy Local leaves none here: mode ipvs takes those."""
    masquerades: bool = False
    """The packet leaves with the node's own address as its source."""
    policy: str = "Cluster"
    """`Cluster`, or `Local` where only this node's endpoints count."""
    source_ranges: tuple[str, ...] = ()
    """loadBalancerSourceRanges, which kube-proxy enforces for addresses it answers itself."""
    health_port: int = 0
    """healthCheckNodePort of a load balancer with policy Local."""

    @property
    def name(self) -> str:
        """`default/web:http`, as kube-proxy names service ports."""
        return f"{self.namespace}/{self.service}" + (f":{self.port_name}" if self.port_name else "")


@dataclass(frozen=True, slots=True)
class NodeView:
    """What kube-proxy knows of the machine it runs on. Without a name no policy or hint applies."""

    name: str = ""
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    address: str
    port: int
    node: str
    pod: str
    ready: bool = True
    serving: bool = True
    terminating: bool = False
    zones: tuple[str, ...] = ()
    """Zones this endpoint is meant for (`hints.forZones`)."""


def rules(services: Iterable[Obj], slices: Iterable[Obj], node: NodeView) -> tuple[Rule, ...]:
    """The rule table of one node, sorted by service, port and address."""
    by_service: dict[tuple[str, str], list[Obj]] = {}
    for one in slices:
        owner = (one["metadata"].get("labels") or {}).get(SERVICE_NAME)
        if owner:
            by_service.setdefault((one["metadata"]["namespace"], owner), []).append(one)
    table: list[Rule] = []
    for service in sorted(services, key=lambda one: (one["metadata"]["namespace"], one["metadata"]["name"])):
        key = (service["metadata"]["namespace"], service["metadata"]["name"])
        table += service_rules(service, by_service.get(key, []), node)
    return tuple(table)


def service_rules(service: Obj, slices: Iterable[Obj], node: NodeView) -> list[Rule]:
    """Nothing for headless services and ExternalNames: they live in DNS only."""
    spec = service["spec"]
    if spec.get("type") == "ExternalName" or spec.get("clusterIP") in (None, "", "None"):
        return []
    kept = list(slices)
    found: list[Rule] = []
    for address in spec.get("clusterIPs") or [spec["clusterIP"]]:
        family = family_of(address)
        ours = [one for one in kept if one.get("addressType", "IPv4") == family]
        for port in spec.get("ports") or ():
            found += _PortRules(service, port, family, endpoints(ours, port), node).all(address)
    return found


def family_of(address: str) -> str:
    return "IPv6" if ":" in address else "IPv4"


def endpoints(slices: Iterable[Obj], port: Obj) -> list[Endpoint]:
    """Everything that is listed for a service port, by address."""
    found: dict[str, Endpoint] = {}
    wanted = port.get("name") or "", port.get("protocol", "TCP")
    for one in slices:
        for offered in one.get("ports") or ():
            if (offered.get("name") or "", offered.get("protocol") or "TCP") == wanted and offered.get("port"):
                found.update((made.address, made) for made in _listed(one, offered["port"]))
    return [found[address] for address in sorted(found)]


def _listed(slice_: Obj, port: int) -> Iterable[Endpoint]:
    for endpoint in slice_.get("endpoints") or ():
        conditions = endpoint.get("conditions") or {}
        ready = conditions.get("ready", True) is not False
        serving = conditions.get("serving")
        hints = (endpoint.get("hints") or {}).get("forZones") or ()
        yield Endpoint(
            address=endpoint["addresses"][0],
            port=port,
            node=endpoint.get("nodeName") or "",
            pod=(endpoint.get("targetRef") or {}).get("name", ""),
            ready=ready,
            serving=ready if serving is None else bool(serving),
            terminating=bool(conditions.get("terminating")),
            zones=tuple(hint["name"] for hint in hints),
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """What a node may use of a service port's endpoints (`CategorizeEndpoints`)."""

    everywhere: list[Endpoint] = field(default_factory=list)
    here: list[Endpoint] = field(default_factory=list)
    any: bool = False
    """Whether the service has a usable endpoint anywhere."""


def choose(listed: list[Endpoint], node: NodeView) -> Choice:
    """Ready endpoints, by zone where hints say so; where none is ready, those that still serve while they terminate."""
    ready = [one for one in listed if one.ready]
    leaving = [one for one in listed if one.serving and one.terminating and not one.ready]
    here = [one for one in ready if one.node == node.name] or [one for one in leaving if one.node == node.name]
    return Choice(_near(ready, node) or leaving, here, bool(ready or leaving))


def _near(ready: list[Endpoint], node: NodeView) -> list[Endpoint]:
    if node.zone and ready and all(one.zones for one in ready):
        hinted = [one for one in ready if node.zone in one.zones]
        return hinted or ready
    return ready


class _PortRules:
    """The rules of one service port in one address family on one node."""

    def __init__(self, service: Obj, port: Obj, family: str, listed: list[Endpoint], node: NodeView) -> None:
        self._service = service
        self._port = port
        self._family = family
        self._node = node
        self._choice = choose(listed, node)

    def all(self, cluster_ip: str) -> list[Rule]:
        spec, port = self._service["spec"], self._port
        found = [self._rule("clusterIP", cluster_ip, port["port"], spec.get("internalTrafficPolicy"))]
        outside = spec.get("externalTrafficPolicy")
        if port.get("nodePort"):
            found.append(self._rule("nodePort", "", port["nodePort"], outside))
        for address in spec.get("externalIPs") or ():
            if family_of(address) == self._family:
                found.append(self._rule("externalIP", address, port["port"], outside))
        for address in load_balancer_addresses(self._service):
            if family_of(address) == self._family:
                found.append(self._rule("loadBalancer", address, port["port"], outside))
        return found

    def _rule(self, kind: str, address: str, number: int, policy: str | None) -> Rule:
        spec, metadata = self._service["spec"], self._service["metadata"]
        choice = self._choice
        is_local = policy == "Local" and bool(self._node.name)
        chosen = choice.here if is_local else choice.everywhere
        external = kind != "clusterIP"
        affinity = 0
        if spec.get("sessionAffinity") == "ClientIP":
            config = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
            affinity = int(config.get("timeoutSeconds") or _AFFINITY_S)
        return Rule(
            namespace=metadata["namespace"],
            service=metadata["name"],
            port_name=self._port.get("name") or "",
            protocol=self._port.get("protocol", "TCP"),
            kind=kind,
            address=address,
            port=number,
            backends=_backends(chosen),
            affinity_s=affinity,
            refusal="" if chosen else "drop" if choice.any else "reject",
            family=self._family,
            short_circuit=_backends(choice.everywhere) if external and is_local else None,
            elsewhere=_backends(choice.everywhere) if is_local and not chosen else (),
            masquerades=external and not is_local,
            policy="Local" if is_local else "Cluster",
            source_ranges=_ranges(spec, self._family) if kind == "loadBalancer" else (),
            health_port=_health_port(spec),
        )


def _ranges(spec: Obj, family: str) -> tuple[str, ...]:
    ranges = [one.strip() for one in spec.get("loadBalancerSourceRanges") or ()]
    return tuple(one for one in ranges if family_of(one) == family)


def _health_port(spec: Obj) -> int:
    """`NeedsHealthCheck` of `pkg/api/v1/service/util.go`."""
    needs_it = spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"
    return int(spec.get("healthCheckNodePort") or 0) if needs_it else 0


def load_balancer_addresses(service: Obj) -> list[str]:
    """Addresses kube-proxy answers itself: with `ipMode: Proxy` the packet has to go through the load balancer."""
    status = (service.get("status") or {}).get("loadBalancer") or {}
    return [one["ip"] for one in status.get("ingress") or () if one.get("ip") and one.get("ipMode", "VIP") == "VIP"]


def _backends(chosen: list[Endpoint]) -> tuple[Backend, ...]:
    count = len(chosen)
    return tuple(
        Backend(one.address, one.port, one.node, one.pod, probability=round(1 / (count - index), 10))
        for index, one in enumerate(chosen)
    )
