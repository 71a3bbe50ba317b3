"""Mode nftables, as `nft list table ip kube-proxy` prints its maps and chains.

Follows `pkg/proxy/nftables/proxier.go`, v1.33: one look-up in the map of service addresses instead of a list of rules, and one
random number for all endpoints of a service.
"""

from collections.abc import Sequence

from simulator.network.rule_text.names import ServicePort, endpoint, nft_base, nft_endpoint, service_ports
from simulator.network.service_rules import Backend, Rule


def lines(rules: Sequence[Rule], node_address: str, pod_cidr: str) -> list[str]:
    """One table for each address family that has services."""
    found: list[str] = []
    for family, table in (("IPv4", "ip"), ("IPv6", "ip6")):
        ports = service_ports(rule for rule in rules if rule.family == family)
        if ports:
            found += _table(table, ports, pod_cidr)
    return found


def _table(table: str, ports: list[ServicePort], pod_cidr: str) -> list[str]:
    maps: dict[str, list[str]] = {
        "cluster-ips": [],
        "service-ips": [],
        "service-nodeports": [],
        "no-endpoint-services": [],
        "no-endpoint-nodeports": [],
    }
    chains: list[str] = []
    for port in ports:
        for rule in port.rules:
            _enter(maps, port, rule)
        chains += _chains(port, table, pod_cidr)
    kinds = {"cluster-ips": "set"}
    found = [f"table {table} kube-proxy {{"]
    for name, elements in maps.items():
        found += [
            f"\t{kinds.get(name, 'map')} {name} {{",
            f"\t\telements = {{ {', '.join(dict.fromkeys(elements))} }}",
            "\t}",
        ]
    return [*found, *chains, "}"]


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
    if rule.refusal:
        verdict = "goto reject-chain" if rule.refusal == "reject" else "drop"
        maps[f"no-endpoint-{suffix}"].append(f'{key} comment "{rule.name}" : {verdict}')


def _chains(port: ServicePort, table: str, pod_cidr: str) -> list[str]:
    base, rule = nft_base(port.inside), port.inside
    found: list[str] = []
    if port.outside and port.any:
        found += _chain(f"external-{base}", _external(port, base, pod_cidr))
    for name, backends in ((f"service-{base}", port.cluster), (f"local-{base}", port.local)):
        if backends:
            found += _chain(name, _balancing(rule, backends, table))
    for backend in port.reachable:
        found += _chain(nft_endpoint(rule, backend), _endpoint(rule, backend, table))
    return found


def _external(port: ServicePort, base: str, pod_cidr: str) -> list[str]:
    if not port.is_outside_local:
        return ["jump mark-for-masquerade", *([f"goto service-{base}"] if port.cluster else [])]
    return [
        f'ip saddr {pod_cidr} goto service-{base} comment "short-circuit pod traffic"',
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
