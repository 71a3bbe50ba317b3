"""Mode ipvs, as `ipvsadm -Ln`, `ip address` and `ipset list` print it: a virtual server an address and port, a real server an endpoint.

Follows `pkg/proxy/ipvs/proxier.go` and `ipset.go`, v1.33: round robin, virtual addresses bound to the dummy interface kube-ipvs0, sets for
masquerading, firewalls and loops, in each family those of its own. Shown are sets with members, less their sizes and counters.
"""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from simulator.network.rule_text.names import Machine, ServicePort, endpoint, service_ports
from simulator.network.service_rules import Rule

_HEAD = (
    "IP Virtual Server version 1.2.1 (size=4096)",
    "Prot LocalAddress:Port Scheduler Flags",
    "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn",
)
#: Set → type, in the order in which they are made (`ipsetInfo`).
_TYPES = {
    "LOOP-BACK": "hash:ip,port,ip",
    "CLUSTER-IP": "hash:ip,port",
    "EXTERNAL-IP": "hash:ip,port",
    "EXTERNAL-IP-LOCAL": "hash:ip,port",
    "LOAD-BALANCER": "hash:ip,port",
    "LOAD-BALANCER-LOCAL": "hash:ip,port",
    "LOAD-BALANCER-FW": "hash:ip,port",
    "LOAD-BALANCER-SOURCE-IP": "hash:ip,port,ip",
    "LOAD-BALANCER-SOURCE-CIDR": "hash:ip,port,net",
    "NODE-PORT-TCP": "bitmap:port",
    "NODE-PORT-LOCAL-TCP": "bitmap:port",
    "NODE-PORT-UDP": "bitmap:port",
    "NODE-PORT-LOCAL-UDP": "bitmap:port",
    "NODE-PORT-SCTP-HASH": "hash:ip,port",
    "NODE-PORT-LOCAL-SCTP-HASH": "hash:ip,port",
    "HEALTH-CHECK-NODE-PORT": "bitmap:port",
    "IPVS-IPS": "hash:ip",
}


class _Sets:
    """The members of the sets, by set and family."""

    def __init__(self) -> None:
        self._members: dict[tuple[str, str], dict[str, None]] = {}

    def add(self, name: str, family: str, member: str) -> None:
        self._members.setdefault((family, name), {})[member] = None

    def lines(self) -> list[str]:
        found: list[str] = []
        for family, prefix in (("IPv4", "KUBE-"), ("IPv6", "KUBE-6-")):
            for name, type in _TYPES.items():
                if members := self._members.get((family, name)):
                    found += [f"Name: {prefix}{name}", f"Type: {type}", "Members:", *members]
        return found


def lines(rules: Sequence[Rule], machine: Machine) -> list[str]:
    """The virtual servers, the addresses of kube-ipvs0, the sets."""
    servers: list[str] = []
    bound: dict[str, None] = {}
    sets = _Sets()
    for port in service_ports(rules):
        _add_loops(sets, port, machine)
        for rule in port.rules:
            servers += _server(rule, machine.address)
            _add_members(sets, rule, machine)
            if rule.address and rule.address != machine.address:
                bound[rule.address] = None
                sets.add("IPVS-IPS", rule.family, rule.address)
            if rule.health_port:
                sets.add("HEALTH-CHECK-NODE-PORT", rule.family, str(rule.health_port))
    interface = [f"kube-ipvs0 inet{_six(one)} {one}/{128 if ':' in one else 32}" for one in bound]
    return [*_HEAD, *servers, *interface, *sets.lines()]


def _six(address: str) -> str:
    return "6" if ":" in address else ""


def _server(rule: Rule, node_address: str) -> list[str]:
    """Without an endpoint here, policy Local leaves those of other nodes (`syncEndpoint`)."""
    address = rule.address or node_address
    shown = f"[{address}]" if ":" in address else address
    sticky = f" persistent {rule.affinity_s}" if rule.affinity_s else ""
    real = [f"  -> {endpoint(one):<28} Masq    1      0          0         " for one in rule.backends or rule.elsewhere]
    return [f"{rule.protocol:<4} {shown}:{rule.port} rr{sticky}", *real]


def _add_loops(sets: _Sets, port: ServicePort, machine: Machine) -> None:
    """A pod of this machine that reaches itself through the service is masqueraded."""
    protocol = port.inside.protocol.lower()
    known = {(one.address, one.port): one for rule in port.rules for one in (*rule.backends, *rule.elsewhere)}
    for (address, number), one in sorted(known.items()):
        if one.node == machine.name:
            sets.add("LOOP-BACK", port.inside.family, f"{address},{protocol}:{number},{address}")


def _add_members(sets: _Sets, rule: Rule, machine: Machine) -> None:
    protocol, is_local = rule.protocol.lower(), rule.policy == "Local"
    member = f"{rule.address},{protocol}:{rule.port}"
    if rule.kind == "clusterIP":
        sets.add("CLUSTER-IP", rule.family, member)
    elif rule.kind == "externalIP":
        sets.add("EXTERNAL-IP-LOCAL" if is_local else "EXTERNAL-IP", rule.family, member)
    elif rule.kind == "loadBalancer":
        sets.add("LOAD-BALANCER", rule.family, member)
        if is_local:
            sets.add("LOAD-BALANCER-LOCAL", rule.family, member)
        _add_firewall(sets, rule, machine, member)
    else:
        end = "SCTP-HASH" if rule.protocol == "SCTP" else rule.protocol
        node_port = f"{machine.address},{protocol}:{rule.port}" if rule.protocol == "SCTP" else str(rule.port)
        sets.add(f"NODE-PORT-{end}", rule.family, node_port)
        if is_local:
            sets.add(f"NODE-PORT-LOCAL-{end}", rule.family, node_port)


def _add_firewall(sets: _Sets, rule: Rule, machine: Machine, member: str) -> None:
    """`loadBalancerSourceRanges`: who may come, and whether the node itself is among them."""
    if not rule.source_ranges:
        return
    sets.add("LOAD-BALANCER-FW", rule.family, member)
    for one in rule.source_ranges:
        sets.add("LOAD-BALANCER-SOURCE-CIDR", rule.family, f"{member},{one}")
        if ip_address(machine.address) in ip_network(one, strict=False):
            sets.add("LOAD-BALANCER-SOURCE-IP", rule.family, f"{member},{rule.address}")
