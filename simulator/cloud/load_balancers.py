"""Load balancers outside the cluster: an address of their own, ports, the nodes they send to, and what they think of those nodes' health.

They send to nodes, not to pods (https://kubernetes.io/docs/concepts/services-networking/service/#loadbalancer). Promises: making one takes the
provider's time and its quota; a node that fails its check is left out after two checks, and taken back after two. Costs nothing while
nothing changes: a check is made when its answer may have changed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import NamedTuple, Protocol

from simulator.cloud.ledger import Ledger
from simulator.engine import Engine, Plain
from simulator.engine.plain import Obj

SECOND = 1_000_000
#: A check every ten seconds; two in a row change the verdict.
_CHECK_S = (10, 20)


@dataclass(frozen=True, slots=True)
class BalancerKind:
    """What one provider's load balancers are like."""

    name: str
    first_address: str
    """The first of the addresses it gives out, one after the other."""
    domain: str = ""
    """Below it each gets a name instead of an address in the Service's status."""
    create_s: tuple[int, int] = (10, 30)
    delete_s: tuple[int, int] = (5, 15)


#: Addresses for documentation (RFC 5737); kind's are those of its Docker network.
KINDS = {
    "aws": BalancerKind("aws", "192.0.2.10", domain="elb.cloud.example"),
    "google": BalancerKind("google", "203.0.113.10"),
    "linode": BalancerKind("linode", "198.51.100.10"),
    "cloud-provider-kind": BalancerKind("cloud-provider-kind", "172.18.255.10", create_s=(2, 5), delete_s=(1, 2)),
}


class Health(Protocol):
    """How a node answers a health check from outside."""

    def is_healthy(self, node: str, service: str, *, local: bool) -> bool:
        """`local`: whether the node has a ready pod of the service (healthCheckNodePort), not only a kube-proxy."""


class Balancer(NamedTuple):
    """One load balancer as a packet meets it."""

    name: str
    nodes: tuple[str, ...]
    """The healthy ones."""
    node_port: int
    """Where it sends to; 0: the packet keeps its destination."""
    serves: bool
    """Whether the port is one of its own."""
    ranges: tuple[str, ...]


class LoadBalancers:
    name = "load-balancers"

    def __init__(self, engine: Engine, ledger: Ledger, kind: BalancerKind) -> None:
        self.kind = kind
        self.observers: list[Callable[[str], None]] = []
        """Called with `namespace/name` when a load balancer has been made or is gone; wired at assembly."""
        self.changed: list[Callable[[], None]] = []
        """Called when packets may go another way now."""
        self._engine = engine
        self.ledger = ledger
        """What is rented, with its quota and its outages."""
        self._health: Health | None = None
        self._given = 0
        """How many addresses were given out."""
        self._is_waiting = False
        engine.register(self)

    def connect(self, health: Health) -> None:
        self._health = health

    def rows(self) -> list[Obj]:
        return self.ledger.rows()

    # The controller's side

    def get(self, service: Obj) -> Obj | None:
        return self.ledger.get(name_of(service))

    def ensure(self, service: Obj, nodes: list[str]) -> list[Obj] | None:
        """`status.loadBalancer.ingress`, or None while it is being made. Raises CloudRefused."""
        id, facts = name_of(service), _facts(service, nodes)
        known = self.ledger.get(id)
        if known is None:
            self.ledger.open(id, {**facts, "state": "creating", "address": "", "healthy": {}, "turning": {}})
            self._schedule(self.kind.create_s, "made", id)
            return None
        if known["state"] != "active":
            return None
        if any(known[key] != value for key, value in facts.items()):
            self.ledger.change(id, facts)
            self._judge_anew(id)
        return self._ingress(known)

    def update(self, service: Obj, nodes: list[str]) -> None:
        """Another set of nodes. Raises CloudRefused."""
        id = name_of(service)
        if self.ledger.get(id) is not None:
            self.ledger.change(id, {"nodes": nodes})
            self._judge_anew(id)

    def delete(self, service: Obj) -> bool:
        """True when it is gone. Raises CloudRefused."""
        id = name_of(service)
        known = self.ledger.get(id)
        if known is None:
            return True
        if known["state"] != "deleting":
            self.ledger.change(id, {"state": "deleting"})
            self._schedule(self.kind.delete_s, "gone", id)
            self._tell()
        return False

    # Time

    def made(self, id: str) -> None:
        """Event: it has its address and begins to send."""
        known = self.ledger.get(id)
        if known is None or known["state"] != "creating":
            return
        address = str(IPv4Address(self.kind.first_address) + self._given)
        self._given += 1
        self._change(id, {"state": "active", "address": address})
        self._judge_anew(id)
        self._note(id, f"load balancer {id} has the address {address}")
        for observer in self.observers:
            observer(known["service"])

    def gone(self, id: str) -> None:
        """Event: it exists no more."""
        known = self.ledger.get(id)
        if known is not None:
            self._note(id, f"load balancer {id} is deleted")
            self.ledger.drop(id)
            for observer in self.observers:
                observer(known["service"])

    # Health

    def disturb(self) -> None:
        """Something that health checks may notice has happened."""
        if not self._is_waiting and self.ledger.rows():
            self._is_waiting = True
            self._engine.schedule(0, self.name, "look")

    def look(self) -> None:
        """Event: plan a new verdict for each node whose checks answer otherwise than the last ones."""
        self._is_waiting = False
        for row in self.ledger.rows():
            turning: dict[str, int] = {}
            for node in row["nodes"] if row["state"] == "active" else ():
                if node not in row["turning"] and self._passes(row, node) != row["healthy"].get(node, False):
                    turning[node] = self._engine.now
                    self._schedule(_CHECK_S, "checked", row["id"], node)
            if turning:
                self._change(row["id"], {"turning": {**row["turning"], **turning}})

    def checked(self, id: str, node: str) -> None:
        """Event: the second check in a row."""
        row = self.ledger.get(id)
        if row is None or node not in row["turning"]:
            return
        turning = {name: at for name, at in row["turning"].items() if name != node}
        passes = node in row["nodes"] and self._passes(row, node)
        if passes != row["healthy"].get(node, False):
            self._note(id, f"load balancer {id} finds {node} {'healthy' if passes else 'unhealthy'}")
        self._change(id, {"turning": turning, "healthy": {**row["healthy"], node: passes}})
        self._tell()

    def _judge_anew(self, id: str) -> None:
        """New targets are judged by their first check; what is known of others stays until their next two."""
        row = self.ledger.get(id)
        assert row is not None, "a load balancer that is judged exists"
        known = row["healthy"]
        healthy = {node: known[node] if node in known else self._passes(row, node) for node in row["nodes"]}
        self._change(id, {"healthy": healthy})
        self.disturb()
        self._tell()

    def _passes(self, row: Obj, node: str) -> bool:
        return self._health is not None and self._health.is_healthy(node, row["service"], local=row["local"])

    # The packet's side

    def find(self, address: str, port: int, protocol: str) -> Balancer | None:
        for row in self.ledger.rows():
            if row["state"] == "active" and row["address"] == address:
                offered = next((one for one in row["ports"] if (one[0], one[1]) == (protocol, port)), None)
                nodes = tuple(node for node in row["nodes"] if row["healthy"].get(node))
                return Balancer(
                    row["id"], nodes, offered[2] if offered else 0, offered is not None, tuple(row["ranges"])
                )
        return None

    def lookup(self, name: str) -> str:
        """The address of a load balancer's public name, "" when it is none."""
        if not self.kind.domain:
            return ""
        return next((row["address"] for row in self.ledger.rows() if self._hostname(row["id"]) == name), "")

    def _ingress(self, row: Obj) -> list[Obj]:
        if self.kind.domain:
            return [{"hostname": self._hostname(row["id"])}]
        return [{"ip": row["address"], "ipMode": "VIP"}]

    def _hostname(self, id: str) -> str:
        return f"{id}.{self.kind.domain}"

    # Inside

    def _change(self, id: str, facts: Obj) -> None:
        """What the load balancer itself finds out needs no working provider."""
        self.ledger.note(id, facts)

    def _schedule(self, seconds: tuple[int, int], method: str, *args: Plain) -> None:
        low, high = seconds
        instant = self._engine.profile.name == "instant"
        delay = 0 if instant else self._engine.rng("load-balancers").between(low * SECOND, high * SECOND)
        self._engine.schedule(delay, self.name, method, *args)

    def _note(self, id: str, text: str) -> None:
        self._engine.cause = self._engine.record("timer", "cloud", verb="load-balancer", name=id, note=text)

    def _tell(self) -> None:
        for listener in self.changed:
            listener()

    def dump(self) -> Plain:
        return {"given": self._given, "waiting": self._is_waiting, "ledger": self.ledger.dump()}

    def load(self, state: Plain) -> None:
        self._given, self._is_waiting = state["given"], state["waiting"]
        self.ledger.load(state["ledger"])


def name_of(service: Obj) -> str:
    """`a` and the uid without dashes, at most 32 letters (`cloudprovider.DefaultLoadBalancerName`)."""
    return f"a{service['metadata']['uid'].replace('-', '')}"[:32]


def _facts(service: Obj, nodes: list[str]) -> Obj:
    spec, metadata = service["spec"], service["metadata"]
    return {
        "service": f"{metadata['namespace']}/{metadata['name']}",
        "ports": [[one.get("protocol", "TCP"), one["port"], one.get("nodePort", 0)] for one in spec["ports"]],
        "nodes": nodes,
        "local": spec.get("externalTrafficPolicy") == "Local",
        "ranges": list(spec.get("loadBalancerSourceRanges") or ()),
    }
