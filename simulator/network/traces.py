"""What a request's way looks like as a value: hops, the end, and what was in the way."""

from dataclasses import dataclass, field

from simulator.engine.plain import Obj
from simulator.network.policies import Verdict
from simulator.network.service_rules import Rule

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
    """`resolv.conf`, `hosts`, `dns`, `load-balancer`, `virtual-ip`, `node-port`, `rule`, `policy`, `link`, `endpoint`, `container`, `reply`, `refused`; `mtls`
    between two proxies of a mesh; inside a proxy `listener`, `route`, `filter`, `service` and `proxy`."""
    say: str
    subject: str = ""
    """What the hop is about: a name, an address, a service or a pod."""
    ok: bool = True
    node: str = ""
    """The machine this happens on; "" for the world outside."""
    source: str = ""
    """The packet's source address at this hop."""
    target: str = ""
    """The packet's destination, `address:port`."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The link of the chain that did not hold, as data for a diagnosis."""

    link: str
    """`dns-name`, `dns-server`, `no-route`, `no-address`, `load-balancer`, `source-range`, `no-rule`, `unknown-port`, `no-endpoints`,
    `no-local-endpoints`, `egress`, `ingress`, `wire`, `machine`, `no-process`, `status`."""
    service: str = ""
    """namespace/name."""
    address: str = ""
    port: int = 0
    node: str = ""
    pod: str = ""
    name: str = ""
    """The DNS name that was asked for."""
    rule: Rule | None = None
    verdict: Verdict | None = None
    tried: tuple[str, ...] = ()
    wire: str = ""


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
    client: str = ""
    """The address the server saw."""
    endpoint: str = ""
    """The address the packet was delivered to, or would have been; "" when it never got that far."""
    endpoint_port: int = 0
    broken: Broken | None = field(default=None)
