"""Mode ipvs, as `ipvsadm -Ln` and `ipset list` print it: a virtual server an address and port, a real server an endpoint.

Follows `pkg/proxy/ipvs/proxier.go`, v1.33: round robin, virtual addresses bound to the dummy interface kube-ipvs0, sets for masquerading.
"""

from collections.abc import Sequence

from simulator.network.rule_text.names import Machine, endpoint, service_ports
from simulator.network.service_rules import Rule

_SETS = {
    "clusterIP": "KUBE-CLUSTER-IP",
    "externalIP": "KUBE-EXTERNAL-IP",
    "loadBalancer": "KUBE-LOAD-BALANCER",
}


def lines(rules: Sequence[Rule], machine: Machine) -> list[str]:
    """The virtual servers, the addresses of kube-ipvs0, the sets."""
    head = ["IP Virtual Server version 1.2.1 (size=4096)", "Prot LocalAddress:Port Scheduler Flags"]
    head.append("  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn")
    servers: list[str] = []
    bound: dict[str, None] = {}
    sets: dict[str, list[str]] = {}
    for port in service_ports(rules):
        for rule in port.rules:
            servers += _server(rule, machine.address)
            if rule.address:
                bound[rule.address] = None
                sets.setdefault(_SETS[rule.kind], []).append(f"{rule.address},{rule.protocol.lower()}:{rule.port}")
            else:
                local = "-LOCAL" if rule.policy == "Local" else ""
                sets.setdefault(f"KUBE-NODE-PORT{local}-{rule.protocol}", []).append(str(rule.port))
        loops = [f"{one.address},{port.inside.protocol.lower()}:{one.port},{one.address}" for one in port.reachable]
        if loops:
            sets.setdefault("KUBE-LOOP-BACK", []).extend(loops)
    interface = [f"kube-ipvs0 inet {address}/{128 if ':' in address else 32}" for address in bound]
    shown = [line for name in sorted(sets) for line in (f"Name: {name}", "Members:", *sets[name])]
    return [*head, *servers, *interface, *shown]


def _server(rule: Rule, node_address: str) -> list[str]:
    address = rule.address or node_address
    shown = f"[{address}]" if ":" in address else address
    sticky = f" persistent {rule.affinity_s}" if rule.affinity_s else ""
    real = [f"  -> {endpoint(one):<28} Masq    1      0          0         " for one in rule.backends]
    return [f"{rule.protocol}  {shown}:{rule.port} rr{sticky}", *real]
