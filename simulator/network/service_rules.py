"""kube-proxy's view: every address and port it listens for, and where a packet for it goes.

Follows `pkg/proxy/iptables/proxier.go`: one rule a service port and address, its endpoints tried in order with the probability
1/(n-i), a REJECT rule where a service has none; terminating endpoints serve when no ready one is left; `Local` traffic
policies keep to the node. Promises: a pure function of Services, EndpointSlices and the node.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from simulator.engine.plain import Obj

SERVICE_NAME = "kubernetes.io/service-name"


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

    @property
    def name(self) -> str:
        """`default/web:http`, as kube-proxy names service ports."""
        return f"{self.namespace}/{self.service}" + (f":{self.port_name}" if self.port_name else "")


def rules(services: Iterable[Obj], slices: Iterable[Obj], node: str) -> tuple[Rule, ...]:
    """The rule table of one node, sorted by service and port. `node` "" takes no traffic policy into account."""
    by_service: dict[tuple[str, str], list[Obj]] = {}
    for one in slices:
        metadata = one["metadata"]
        owner = (metadata.get("labels") or {}).get(SERVICE_NAME)
        if owner:
            by_service.setdefault((metadata["namespace"], owner), []).append(one)
    table: list[Rule] = []
    for service in sorted(services, key=lambda one: (one["metadata"]["namespace"], one["metadata"]["name"])):
        key = (service["metadata"]["namespace"], service["metadata"]["name"])
        table += service_rules(service, by_service.get(key, []), node)
    return tuple(table)


def service_rules(service: Obj, slices: Iterable[Obj], node: str) -> list[Rule]:
    spec = service["spec"]
    cluster_ip = spec.get("clusterIP")
    if not cluster_ip or cluster_ip == "None" or spec.get("type") == "ExternalName":
        return []
    found: list[Rule] = []
    kept = list(slices)
    for port in spec.get("ports") or ():
        everyone = endpoints(kept, port)
        inside = _policy(everyone, spec.get("internalTrafficPolicy"), node)
        found.append(_rule(service, port, "clusterIP", cluster_ip, port["port"], inside, everyone))
        outside = _policy(everyone, spec.get("externalTrafficPolicy"), node)
        if port.get("nodePort"):
            found.append(_rule(service, port, "nodePort", "", port["nodePort"], outside, everyone))
        for address in spec.get("externalIPs") or ():
            found.append(_rule(service, port, "externalIP", address, port["port"], outside, everyone))
        for ingress in ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ():
            if ingress.get("ip"):
                found.append(_rule(service, port, "loadBalancer", ingress["ip"], port["port"], outside, everyone))
    return found


@dataclass(frozen=True, slots=True)
class Endpoint:
    address: str
    port: int
    node: str
    pod: str


def endpoints(slices: Iterable[Obj], port: Obj) -> list[Endpoint]:
    """Addresses that may serve a service port: the ready ones, or else those that still serve while they terminate."""
    ready: dict[str, Endpoint] = {}
    leaving: dict[str, Endpoint] = {}
    for one in slices:
        number = next(
            (p.get("port") for p in one.get("ports") or () if (p.get("name") or "") == (port.get("name") or "")), None
        )
        if number is None:
            continue
        for endpoint in one.get("endpoints") or ():
            conditions = endpoint.get("conditions") or {}
            target = endpoint.get("targetRef") or {}
            made = Endpoint(endpoint["addresses"][0], number, endpoint.get("nodeName", ""), target.get("name", ""))
            if conditions.get("ready", True) is not False:
                ready[made.address] = made
            elif conditions.get("serving") and conditions.get("terminating"):
                leaving[made.address] = made
    return [found for _, found in sorted((ready or leaving).items())]


def _policy(everyone: list[Endpoint], policy: str | None, node: str) -> list[Endpoint]:
    return [one for one in everyone if one.node == node] if policy == "Local" and node else everyone


def _rule(
    service: Obj, port: Obj, kind: str, address: str, number: int, chosen: list[Endpoint], everyone: list[Endpoint]
) -> Rule:
    count = len(chosen)
    backends = tuple(
        Backend(one.address, one.port, one.node, one.pod, probability=round(1 / (count - index), 5))
        for index, one in enumerate(chosen)
    )
    spec = service["spec"]
    affinity = 0
    if spec.get("sessionAffinity") == "ClientIP":
        affinity = int(((spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}).get("timeoutSeconds", 10_800))
    return Rule(
        namespace=service["metadata"]["namespace"],
        service=service["metadata"]["name"],
        port_name=port.get("name") or "",
        protocol=port.get("protocol", "TCP"),
        kind=kind,
        address=address,
        port=number,
        backends=backends,
        affinity_s=affinity,
        refusal="" if backends else "drop" if everyone else "reject",
    )
