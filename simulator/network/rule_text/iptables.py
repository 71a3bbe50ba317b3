"""Mode iptables, as `iptables-save` prints it (IPv6 as `ip6tables-save`).

Follows syncProxyRules of `pkg/proxy/iptables/proxier.go`, v1.33: KUBE-SERVICES and KUBE-NODEPORTS lead to KUBE-SVC-, KUBE-SVL- and KUBE-EXT-
chains, those to one KUBE-SEP- chain an endpoint; what has no endpoints is rejected or dropped in the filter table.
"""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from simulator.network.rule_text.names import Machine, ServicePort, chain, endpoint, endpoint_chain, service_ports
from simulator.network.service_rules import Backend, Rule

_KINDS = {"clusterIP": "cluster IP", "externalIP": "external IP", "loadBalancer": "loadbalancer IP"}
_REJECT = {"IPv4": "icmp-port-unreachable", "IPv6": "icmp6-port-unreachable"}
#: The same in every cluster: bit 14 of the mark means that the packet is to be masqueraded.
_FILTER = (
    '-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" '
    "-m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP",
    "-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP",
    '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT',
    '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" '
    "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
)
_NAT = (
    "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000",
    "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN",
    "-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0",
    '-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully',
)
_LAST = "kubernetes service nodeports; NOTE: this must be the last rule in this chain"


def lines(rules: Sequence[Rule], machine: Machine) -> list[str]:
    """Filter rules, then nat rules, each table as it would be restored; what every cluster has comes after what its services need."""
    filters, entries, chains = [], [], []
    for port in service_ports(rules):
        written = _Port(port, machine)
        filters += written.filters()
        entries += written.entries()
        chains += written.chains()
    tail = f'-A KUBE-SERVICES -m comment --comment "{_LAST}" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS'
    return ["*filter", *filters, *_FILTER, "COMMIT", "*nat", *entries, tail, *_NAT, *chains, "COMMIT"]


class _Port:
    def __init__(self, port: ServicePort, machine: Machine) -> None:
        rule = port.inside
        self._port = port
        self._name = rule.name
        self._node = machine.address
        self._pod_cidr = machine.pods(rule.family)
        self._protocol = rule.protocol.lower()
        self._bits = 128 if rule.family == "IPv6" else 32
        self._cluster = chain("KUBE-SVC", self._name, self._protocol)
        self._local = chain("KUBE-SVL", self._name, self._protocol)
        self._external = chain("KUBE-EXT", self._name, self._protocol)
        self._firewall = chain("KUBE-FW", self._name, self._protocol)

    def filters(self) -> list[str]:
        found = []
        if health := self._port.inside.health_port:
            said = f'-m comment --comment "{self._name} health check node port" -m tcp --dport {health}'
            found.append(f"-A KUBE-NODEPORTS -p tcp {said} -j ACCEPT")
        for rule in self._port.rules:
            if rule.refusal:
                why = "has no endpoints" if rule.refusal == "reject" else "has no local endpoints"
                verdict = f"REJECT --reject-with {_REJECT[rule.family]}" if rule.refusal == "reject" else "DROP"
                table = "KUBE-SERVICES" if rule.kind == "clusterIP" else "KUBE-EXTERNAL-SERVICES"
                where = self._match(rule, f"{self._name} {why}")
                local = "-m addrtype --dst-type LOCAL " if rule.kind == "nodePort" else ""
                found.append(
                    f"-A {table} {where.replace('-m ' + self._protocol, local + '-m ' + self._protocol, 1)} -j {verdict}"
                )
            if rule.source_ranges and self._port.any:
                where = self._match(rule, f"{self._name} traffic not accepted by {self._firewall}")
                found.append(f"-A KUBE-PROXY-FIREWALL {where} -j DROP")
        return found

    def entries(self) -> list[str]:
        found = []
        for rule in self._port.rules:
            if rule.kind == "clusterIP":
                if rule.backends:
                    target = self._local if rule.policy == "Local" else self._cluster
                    found.append(f"-A KUBE-SERVICES {self._match(rule, f'{self._name} cluster IP')} -j {target}")
            elif self._port.any and rule.kind == "nodePort":
                found.append(f"-A KUBE-NODEPORTS {self._match(rule, self._name)} -j {self._external}")
            elif self._port.any:
                target = self._firewall if rule.source_ranges else self._external
                found.append(f"-A KUBE-SERVICES {self._match(rule, f'{self._name} {_KINDS[rule.kind]}')} -j {target}")
        return found

    def chains(self) -> list[str]:
        found = self._external_chain() if self._port.outside and self._port.any else []
        found += self._firewall_chain()
        for name, backends in ((self._cluster, self._port.cluster), (self._local, self._port.local)):
            if backends:
                found += self._balancing(name, backends)
        for backend in self._port.reachable:
            found += self._endpoint(backend)
        return found

    def _external_chain(self) -> list[str]:
        head = f"-A {self._external}"
        if not self._port.is_outside_local:
            masked = f'{head} -m comment --comment "masquerade traffic for {self._name} external destinations" -j KUBE-MARK-MASQ'
            return [masked, *([f"{head} -j {self._cluster}"] if self._port.cluster else [])]
        found = []
        for words, match, target in (
            ("pod traffic for", f"-s {self._pod_cidr} ", self._cluster),
            ("masquerade LOCAL traffic for", "", "KUBE-MARK-MASQ"),
            ("route LOCAL traffic for", "", self._cluster),
        ):
            if words.startswith("pod") and not self._pod_cidr:
                continue
            local = "" if match else "-m addrtype --src-type LOCAL "
            found.append(
                f'{head} {match}-m comment --comment "{words} {self._name} external destinations" {local}-j {target}'
            )
        return [*found, *([f"{head} -j {self._local}"] if self._port.local else [])]

    def _firewall_chain(self) -> list[str]:
        ranged = next((rule for rule in self._port.outside if rule.source_ranges), None)
        if ranged is None or not self._port.any:
            return []
        comment = f'-m comment --comment "{self._name} loadbalancer IP"'
        allowed = [*ranged.source_ranges]
        if any(ip_address(self._node) in ip_network(one, strict=False) for one in ranged.source_ranges):
            # The node itself may come, and then looks like the load balancer.
            allowed += [f"{one.address}/{self._bits}" for one in self._port.outside if one.source_ranges]
        found = [f"-A {self._firewall} -s {one} {comment} -j {self._external}" for one in allowed]
        rest = f"other traffic to {self._name} will be dropped by KUBE-PROXY-FIREWALL"
        return [*found, f'-A {self._firewall} -m comment --comment "{rest}"']

    def _balancing(self, name: str, backends: tuple[Backend, ...]) -> list[str]:
        affinity = self._port.inside.affinity_s
        found = []
        inside = self._port.inside
        if name == (self._local if inside.policy == "Local" else self._cluster) and self._pod_cidr:
            where = self._match(inside, f"{self._name} cluster IP")
            found.append(f"-A {name} ! -s {self._pod_cidr} {where} -j KUBE-MARK-MASQ")
        for backend in backends if affinity else ():
            sep = endpoint_chain(self._name, self._protocol, endpoint(backend))
            recent = f"-m recent --rcheck --seconds {affinity} --reap --name {sep} --mask 255.255.255.255 --rsource"
            found.append(f"-A {name} {self._to(backend)} {recent} -j {sep}")
        for index, backend in enumerate(backends):
            sep = endpoint_chain(self._name, self._protocol, endpoint(backend))
            odds = ""
            if index < len(backends) - 1:
                odds = f"-m statistic --mode random --probability {_probability(backend.probability)} "
            found.append(f"-A {name} {self._to(backend)} {odds}-j {sep}")
        return found

    def _endpoint(self, backend: Backend) -> list[str]:
        sep = endpoint_chain(self._name, self._protocol, endpoint(backend))
        comment = f'-m comment --comment "{self._name}"'
        recent = ""
        if self._port.inside.affinity_s:
            recent = f"-m recent --set --name {sep} --mask 255.255.255.255 --rsource "
        masked = f"-A {sep} -s {backend.address}/{self._bits} {comment} -j KUBE-MARK-MASQ"
        dnat = f"-A {sep} -p {self._protocol} {comment} {recent}-m {self._protocol} -j DNAT --to-destination {endpoint(backend)}"
        return [masked, dnat]

    def _to(self, backend: Backend) -> str:
        return f'-m comment --comment "{self._name} -> {endpoint(backend)}"'

    def _match(self, rule: Rule, comment: str) -> str:
        where = f"-d {rule.address}/{self._bits} " if rule.address else ""
        return f'{where}-p {self._protocol} -m comment --comment "{comment}" -m {self._protocol} --dport {rule.port}'


def _probability(value: float) -> str:
    """The kernel keeps 31 bits of it, and that is what is printed back."""
    return f"{round(value * 2**31) / 2**31:.11f}"
