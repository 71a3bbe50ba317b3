"""Mode nftables, as `nft list table ip kube-proxy` prints its maps and chains.

Follows `pkg/proxy/nftables/proxier.go`, v1.33: one look-up in the map of service addresses instead of a list of rules, and one
random number for all endpoints of a service.
"""

from collections.abc import Sequence

from simulator.network.rule_text.names import Machine, ServicePort, endpoint, nft_base, nft_endpoint, service_ports
from simulator.network.service_rules import Backend, Rule

#: Sets and maps of the table, with what each holds.
_KEYS = {
    "cluster-ips": "Active ClusterIPs",
    "nodeport-ips": "IPs that accept NodePort traffic",
    "no-endpoint-services": "vmap to drop or reject packets to services with no endpoints",
    "no-endpoint-nodeports": "vmap to drop or reject packets to service nodeports with no endpoints",
    "firewall-ips": "destinations that are subject to LoadBalancerSourceRanges",
    "service-ips": "ClusterIP, ExternalIP and LoadBalancer IP traffic",
    "service-nodeports": "NodePort traffic",
}
_SETS = ("cluster-ips", "nodeport-ips")
#: Chains that hang from the kernel's hooks: (name, type and hook, priority as nft prints it, rules).
_HOOKED = (
    ("filter-prerouting", "filter hook prerouting", "dstnat - 10", ("ct state new jump firewall-check",)),
    (
        "filter-input",
        "filter hook input",
        "-110",
        ("ct state new jump nodeport-endpoints-check", "ct state new jump service-endpoints-check"),
    ),
    (
        "filter-forward",
        "filter hook forward",
        "-110",
        ("ct state new jump service-endpoints-check", "ct state new jump cluster-ips-check"),
    ),
    (
        "filter-output",
        "filter hook output",
        "-110",
        ("ct state new jump service-endpoints-check", "ct state new jump firewall-check"),
    ),
    ("filter-output-post-dnat", "filter hook output", "-90", ("ct state new jump cluster-ips-check",)),
    ("nat-prerouting", "nat hook prerouting", "dstnat", ("jump services",)),
    ("nat-output", "nat hook output", "-100", ("jump services",)),
    ("nat-postrouting", "nat hook postrouting", "srcnat", ("jump masquerading",)),
)


def lines(rules: Sequence[Rule], machine: Machine) -> list[str]:
    """One table for each address family that has services."""
    found: list[str] = []
    for family, table in (("IPv4", "ip"), ("IPv6", "ip6")):
        ports = service_ports(rule for rule in rules if rule.family == family)
        if ports:
            found += _table(table, ports, machine)
    return found


def _table(table: str, ports: list[ServicePort], machine: Machine) -> list[str]:
    maps: dict[str, list[str]] = {name: [] for name in _KEYS}
    family = ports[0].inside.family
    if (":" in machine.address) == (family == "IPv6"):
        maps["nodeport-ips"].append(machine.address)
    chains: list[str] = []
    for port in ports:
        for rule in port.rules:
            _enter(maps, port, rule)
        chains += _chains(port, table, machine.pods(family))
    found = [f"table {table} kube-proxy {{", '\tcomment "rules for kube-proxy"']
    for name, elements in maps.items():
        found += _collection(name, elements, "ipv6_addr" if table == "ip6" else "ipv4_addr")
    for port in ports:
        found += _affinity_sets(port, "ipv6_addr" if table == "ip6" else "ipv4_addr")
    return [*found, *_base_chains(table, machine.services(family)), *chains, "}"]


def _collection(name: str, elements: list[str], address: str) -> list[str]:
    keys = "inet_proto . inet_service" if name.endswith("nodeports") else f"{address} . inet_proto . inet_service"
    kind, typed = ("set", address) if name in _SETS else ("map", f"{keys} : verdict")
    held = [f"\t\telements = {{ {', '.join(dict.fromkeys(elements))} }}"] if elements else []
    return [f"\t{kind} {name} {{", f"\t\ttype {typed}", f'\t\tcomment "{_KEYS[name]}"', *held, "\t}"]


def _affinity_sets(port: ServicePort, address: str) -> list[str]:
    rule, found = port.inside, []
    for backend in port.reachable if rule.affinity_s else ():
        body = [f"type {address}", "flags dynamic,timeout", f"timeout {_lasting(rule.affinity_s)}"]
        found += [f"\tset {_affinity(rule, backend)} {{", *(f"\t\t{line}" for line in body), "\t}"]
    return found


def _lasting(seconds: int) -> str:
    """As nft prints spans of time: `3h`, `1m30s`."""
    parts = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
    shown = ""
    for size, unit in parts:
        count, seconds = divmod(seconds, size)
        shown += f"{count}{unit}" if count else ""
    return shown


def _base_chains(table: str, service_cidrs: Sequence[str]) -> list[str]:
    check = [f'{table} daddr @cluster-ips reject comment "Reject traffic to invalid ports of ClusterIPs"']
    if service_cidrs:
        check.append(f'{table} daddr {_one_of(service_cidrs)} drop comment "Drop traffic to unallocated ClusterIPs"')
    ports = "meta l4proto . th dport vmap"
    mark = "0x00004000"
    plain = {
        "services": [
            f"{table} daddr . {ports} @service-ips",
            f"{table} daddr @nodeport-ips {ports} @service-nodeports",
        ],
        "nodeport-endpoints-check": [f"{table} daddr @nodeport-ips {ports} @no-endpoint-nodeports"],
        "service-endpoints-check": [f"{table} daddr . {ports} @no-endpoint-services"],
        "firewall-check": [f"{table} daddr . {ports} @firewall-ips"],
        "masquerading": [
            f"meta mark & {mark} == 0x00000000 return",
            f"meta mark set meta mark ^ {mark}",
            "masquerade fully-random",
        ],
        "cluster-ips-check": check,
        "mark-for-masquerade": [f"meta mark set meta mark | {mark}"],
        "reject-chain": ['comment "helper for @no-endpoint-services / @no-endpoint-nodeports"', "reject"],
    }
    found: list[str] = []
    for name, hook, priority, rules in _HOOKED:
        found += _chain(name, [f"type {hook} priority {priority}; policy accept;", *rules])
    for name, said in plain.items():
        found += _chain(name, said)
    return found


def _one_of(values: Sequence[str]) -> str:
    """As nft prints a set without a name: one value stands alone."""
    return values[0] if len(values) == 1 else f"{{ {', '.join(values)} }}"


def _enter(maps: dict[str, list[str]], port: ServicePort, rule: Rule) -> None:
    protocol, base = rule.protocol.lower(), nft_base(rule)
    key = f"{rule.address} . {protocol} . {rule.port}" if rule.address else f"{protocol} . {rule.port}"
    suffix = "services" if rule.address else "nodeports"
    if rule.kind == "clusterIP":
        maps["cluster-ips"].append(rule.address)
        if rule.backends:
            chain = f"{'local' if rule.policy == 'Local' else 'service'}-{base}"
            maps["service-ips"].append(f"{key} : goto {chain}")
    elif port.any:
        maps["service-ips" if rule.address else "service-nodeports"].append(f"{key} : goto external-{base}")
        if rule.source_ranges:
            maps["firewall-ips"].append(f"{key} : goto firewall-{base}")
    if rule.refusal:
        verdict = "goto reject-chain" if rule.refusal == "reject" else "drop"
        maps[f"no-endpoint-{suffix}"].append(f'{key} comment "{rule.name}" : {verdict}')


def _chains(port: ServicePort, table: str, pod_cidr: str) -> list[str]:
    base, rule = nft_base(port.inside), port.inside
    found: list[str] = []
    if port.outside and port.any:
        found += _chain(f"external-{base}", _external(port, base, table, pod_cidr))
        found += _firewall(port, base, table)
    for kind, name, backends in (("Cluster", f"service-{base}", port.cluster), ("Local", f"local-{base}", port.local)):
        if backends:
            masked = _masquerading(rule, table, pod_cidr) if rule.policy == kind and pod_cidr else []
            found += _chain(name, [*masked, *_balancing(rule, backends, table)])
    for backend in port.reachable:
        found += _chain(nft_endpoint(rule, backend), _endpoint(rule, backend, table))
    return found


def _masquerading(rule: Rule, table: str, pod_cidr: str) -> list[str]:
    """Who is no pod of this cluster gets the answer by way of this node."""
    where = f"{table} daddr {rule.address} {rule.protocol.lower()} dport {rule.port}"
    return [f"{where} {table} saddr != {pod_cidr} jump mark-for-masquerade"]


def _firewall(port: ServicePort, base: str, table: str) -> list[str]:
    ranged = next((rule for rule in port.outside if rule.source_ranges), None)
    if ranged is None:
        return []
    return _chain(f"firewall-{base}", [f"{table} saddr != {_one_of(ranged.source_ranges)} drop"])


def _external(port: ServicePort, base: str, table: str, pod_cidr: str) -> list[str]:
    if not port.is_outside_local:
        return ["jump mark-for-masquerade", *([f"goto service-{base}"] if port.cluster else [])]
    pods = [f'{table} saddr {pod_cidr} goto service-{base} comment "short-circuit pod traffic"'] if pod_cidr else []
    return [
        *pods,
        'fib saddr type local jump mark-for-masquerade comment "masquerade local traffic"',
        f'fib saddr type local goto service-{base} comment "short-circuit local traffic"',
        *([f"goto local-{base}"] if port.local else []),
    ]


def _balancing(rule: Rule, backends: tuple[Backend, ...], table: str) -> list[str]:
    sticky = []
    if rule.affinity_s:
        sticky = [f"{table} saddr @{_affinity(rule, one)} goto {nft_endpoint(rule, one)}" for one in backends]
    elements = ", ".join(f"{index} : goto {nft_endpoint(rule, one)}" for index, one in enumerate(backends))
    return [*sticky, f"numgen random mod {len(backends)} vmap {{ {elements} }}"]


def _endpoint(rule: Rule, backend: Backend, table: str) -> list[str]:
    update = [f"update @{_affinity(rule, backend)} {{ {table} saddr }}"] if rule.affinity_s else []
    dnat = f"meta l4proto {rule.protocol.lower()} dnat to {endpoint(backend)}"
    return [f"{table} saddr {backend.address} jump mark-for-masquerade", *update, dnat]


def _affinity(rule: Rule, backend: Backend) -> str:
    return nft_endpoint(rule, backend).replace("endpoint-", "affinity-", 1)


def _chain(name: str, rules: list[str]) -> list[str]:
    return [f"\tchain {name} {{", *(f"\t\t{rule}" for rule in rules), "\t}"]
