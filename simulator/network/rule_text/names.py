"""The names of kube-proxy's chains and sets: hashes of what they stand for, so that every cluster has the same ones.

Follows `pkg/proxy/iptables/proxier.go` (portProtoHash) and `pkg/proxy/nftables/proxier.go` (hashAndTruncate).
"""

from base64 import b32encode
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from simulator.network.service_rules import Backend, Rule


@dataclass(frozen=True, slots=True)
class Machine:
    """What kube-proxy knows of the machine it writes for."""

    address: str
    pod_cidrs: tuple[str, ...]
    service_cidrs: tuple[str, ...] = ()
    name: str = ""

    def pods(self, family: str) -> str:
        """The range that counts as pods of this cluster (`--cluster-cidr`); "" in a family without pods."""
        return next((one for one in self.pod_cidrs if (":" in one) == (family == "IPv6")), "")

    def services(self, family: str) -> tuple[str, ...]:
        return tuple(one for one in self.service_cidrs if (":" in one) == (family == "IPv6"))


#: A chain name of nftables, less its prefix.
_NFT_MAX = 240


def chain(prefix: str, name: str, protocol: str) -> str:
    """`KUBE-SVC-TCOU7JCQXEZGVUNU`: `name` is `kube-system/kube-dns:dns`."""
    return f"{prefix}-{_hash(name + protocol)[:16]}"


def endpoint_chain(name: str, protocol: str, endpoint: str) -> str:
    return f"KUBE-SEP-{_hash(name + protocol + endpoint)[:16]}"


def nft_base(rule: Rule) -> str:
    """`ULMVA6XW-ns1/svc1/tcp/p80`."""
    return _truncated(f"{rule.namespace}/{rule.service}/{rule.protocol.lower()}/{rule.port_name}")


def nft_endpoint(rule: Rule, backend: Backend) -> str:
    address = backend.address.replace(":", ".")
    where = f"{rule.namespace}/{rule.service}/{rule.protocol.lower()}/{rule.port_name}__{address}/{backend.port}"
    return f"endpoint-{_truncated(where)}"


def endpoint(backend: Backend) -> str:
    return f"[{backend.address}]:{backend.port}" if ":" in backend.address else f"{backend.address}:{backend.port}"


def _truncated(name: str) -> str:
    named = f"{_hash(name)[:8]}-{name}"
    return named if len(named) <= _NFT_MAX else f"{named[: _NFT_MAX - 3]}..."


def _hash(text: str) -> str:
    return b32encode(sha256(text.encode()).digest()).decode()


@dataclass(frozen=True, slots=True)
class ServicePort:
    """The rules of one service port in one address family."""

    inside: Rule
    outside: tuple[Rule, ...]

    @property
    def rules(self) -> tuple[Rule, ...]:
        return (self.inside, *self.outside)

    @property
    def any(self) -> bool:
        """Whether there is an endpoint anywhere."""
        return all(rule.refusal != "reject" for rule in self.rules)

    @property
    def cluster(self) -> tuple[Backend, ...]:
        """Endpoints of the chain for policy Cluster; none when nothing uses that policy."""
        if self.inside.policy == "Cluster":
            return self.inside.backends
        return next((rule.backends for rule in self.outside if rule.policy == "Cluster"), ())

    @property
    def local(self) -> tuple[Backend, ...]:
        return next((rule.backends for rule in self.rules if rule.policy == "Local"), ())

    @property
    def reachable(self) -> tuple[Backend, ...]:
        """Every endpoint that has a chain of its own on this node."""
        found = {(one.address, one.port): one for one in (*self.cluster, *self.local)}
        return tuple(found[key] for key in sorted(found))

    @property
    def is_outside_local(self) -> bool:
        return any(rule.policy == "Local" for rule in self.outside)


def service_ports(rules: Iterable[Rule]) -> list[ServicePort]:
    """One entry a service port and family, sorted by name as kube-proxy goes through them."""
    groups: dict[tuple[str, str, str, str, str], list[Rule]] = {}
    for rule in rules:
        key = (rule.namespace, rule.service, rule.port_name, rule.protocol, rule.family)
        groups.setdefault(key, []).append(rule)
    found = []
    for key in sorted(groups):
        inside = next(rule for rule in groups[key] if rule.kind == "clusterIP")
        found.append(ServicePort(inside, tuple(rule for rule in groups[key] if rule.kind != "clusterIP")))
    return found
